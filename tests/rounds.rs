//! How long a look at an unchanged cluster takes, where each call takes a second and nothing else takes any time: as many
//! seconds as there are rounds of calls that had to wait for the answers of the round before.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bbws_aws::{Aws, drivers};
use bbws_engine::{read_formula, refresh};
use bbws_model::{Desired, wire};
use bbws_sandbox::{CloudFile, Fate, Sandbox};

use crate::support::Place;

#[test]
fn a_look_at_dev_takes_at_most_seventy_calls_in_four_rounds() {
    let place = Place::new();
    place.bbws("apply dev --sandbox --yes").exits(0);
    let state = wire::state::read(&std::fs::read(place.path("state/sandbox/dev/state.json")).unwrap()).unwrap();
    let kinds = bbws_kinds::all();
    let formula = read_formula(&kinds, &state).unwrap().total();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (rounds, picture) = runtime.block_on(async {
        let file = CloudFile::new(place.path("state/sandbox"));
        let sandbox = Sandbox::in_file("536580886816", file, SystemTime::now(), 1.0).unwrap();
        let aws = Aws::new(Arc::new(sandbox.clone()), "af-south-1");
        sandbox.sim().set_weather(|_| Fate { there: Duration::from_secs(1), ..Fate::default() });
        let began = tokio::time::Instant::now();
        let picture = refresh(&Arc::new(drivers(&aws)), &kinds, &Desired::default(), &state).await;
        (began.elapsed().as_secs_f64(), picture)
    });
    assert!(picture.recorded.values().all(|found| matches!(found, Ok(Some(_)))), "all of it was found");
    assert_eq!(picture.recorded.len(), state.entries.len());
    assert_eq!(picture.calls, formula);
    assert!(formula <= 70, "{formula} calls");
    assert!((1.0..=4.1).contains(&rounds), "{rounds} rounds");
    println!("{formula} calls in {rounds} rounds");
}
