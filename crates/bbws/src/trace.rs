//! The trace: what `RUST_LOG` asks for, on the error output.

use std::io::{self, Write};

use bbws_model::net;
use tracing_subscriber::filter::{EnvFilter, FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};
use tracing_subscriber::util::SubscriberInitExt;

/// Begins to trace, where `RUST_LOG` asks for it.
pub fn begin() {
    if let Some(wanted) = std::env::var("RUST_LOG").ok().filter(|wanted| !wanted.is_empty()) {
        // Only a second one in the same process would fail.
        let _ = Registry::default().with(layer(&wanted, io::stderr)).try_init();
    }
}

/// Only we are traced as finely as is asked for. The SDK and all below it write requests with headers and bodies into their
/// traces, even those that they call sensitive where `LOG_SENSITIVE_BODIES` is set: of them warnings are told, and nothing
/// below.
fn layer<S, W>(wanted: &str, to: fn() -> W) -> impl Layer<S> + Send + Sync
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: Write + 'static,
{
    let ours = filter_fn(|about| *about.level() <= LevelFilter::WARN || about.target().starts_with("bbws"));
    let wanted = EnvFilter::builder().parse_lossy(wanted);
    tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Net(to)).with_filter(wanted.and(ours))
}

/// Writers that no known secret passes.
struct Net<W>(fn() -> W);

impl<W: Write> MakeWriter<'_> for Net<W> {
    type Writer = Caught<W>;

    fn make_writer(&self) -> Caught<W> {
        Caught((self.0)())
    }
}

/// Takes one line of the trace at a time, whole.
struct Caught<W>(W);

impl<W: Write> Write for Caught<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(net::catch_words(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// One for the test: writers are made where the trace is written.
    static WRITTEN: Mutex<Vec<u8>> = Mutex::new(vec![]);

    struct Test;

    impl Write for Test {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            WRITTEN.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_sdk_is_capped_and_no_known_secret_is_traced() {
        net::remember("trace-canary/7");
        let subscriber = Registry::default().with(layer("trace,aws_smithy_runtime=trace", || Test));
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!(target: "aws_smithy_runtime::client::orchestrator", "a body nobody knows");
            tracing::debug!(target: "hyper_util::client", "a header nobody knows");
            tracing::info!(target: "rustls::client", "a key nobody knows");
            tracing::warn!(target: "aws_config::profile", "a warning with trace-canary/7");
            tracing::trace!(target: "bbws_aws::guard", said = "trace-canary%2F7", "an answer: trace-canary/7");
        });
        let written = String::from_utf8(WRITTEN.lock().unwrap().clone()).unwrap();
        assert!(!written.contains("nobody knows") && !written.contains("canary"), "{written}");
        assert!(written.contains("a warning with <secret>") && written.contains("an answer: <secret>"), "{written}");
        assert_eq!((written.lines().count(), written.matches("<secret>").count()), (2, 3), "{written}");
    }
}
