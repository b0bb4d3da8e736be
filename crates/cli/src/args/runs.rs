//! The arguments of `runs`.

use clap::Args;

use super::Where;

/// `runs`.
#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// Which environment.
    #[command(flatten)]
    pub place: Where,
    /// The run: its id, or how that begins; all of them if left out
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// List only the last N
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = some, conflicts_with = "replay")]
    pub last: usize,
    /// Play the run again as it was seen: drawn in place on a terminal, line by line elsewhere
    #[arg(long)]
    pub replay: bool,
    /// How many times faster than it went
    #[arg(long, value_name = "N", default_value_t = 60.0, value_parser = faster, requires = "replay")]
    pub speed: f64,
}

fn some(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "write a number from 1 up".to_owned())
}

fn faster(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(times) if (0.1..=100_000.0).contains(&times) => Ok(times),
        _ => Err("write a number from 0.1 to 100000: 60 plays a minute in a second".to_owned()),
    }
}
