//! The cloud of toys itself: what it does late, twice, unseen or not at all.

use std::time::Duration;

use bbws_engine::{Attempt, Created, Driver, Reading};
use bbws_model::{Class, CloudError, IntentId, Locate, Observed, Ownership, PhysicalId, Ready};
use bbws_testkit::{FakeCloud, Fault, Sort, Tag, Token, Toy, ToySpec, Trouble, Weather};
use tokio::time::sleep;

fn attempt(token: &str) -> Attempt {
    let owner = Ownership { lineage: "ours".into(), address: "tag.a".parse().unwrap(), intent: IntentId(token.into()) };
    Attempt { owner, token: token.into() }
}

fn want(colour: &str) -> ToySpec<Ready> {
    ToySpec { name: "n".into(), needs: vec![], colour: colour.into(), shape: String::new(), tags: bbws_model::Tags::default() }
}

async fn create<S: Sort>(cloud: &FakeCloud, token: &str, colour: &str) -> Result<Created, CloudError> {
    Driver::<Toy<S>>::create(cloud, &want(colour), &attempt(token)).await
}

async fn look(cloud: &FakeCloud, id: &PhysicalId) -> Option<Observed<Toy<Tag>>> {
    let address = "tag.a".parse().unwrap();
    let place = Locate { address, id: Some(id.clone()), spec: want(""), lineage: "ours".into(), intent: None };
    cloud.observe(&[place], &Reading::new()).await.pop().unwrap().unwrap()
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_late_request_takes_effect_though_its_sender_has_given_it_up() {
    let cloud = FakeCloud::new(Duration::ZERO);
    cloud.fault(0, Fault::Late(secs(200)));
    assert_eq!(create::<Tag>(&cloud, "a", "").await.unwrap_err().class, Class::Ambiguous);
    assert!(cloud.objects().is_empty() && !cloud.is_still());
    sleep(secs(169)).await;
    assert!(cloud.objects().is_empty());
    sleep(secs(2)).await;
    assert_eq!((cloud.objects().len(), cloud.is_still()), (1, true));
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_signature_is_too_old_is_refused() {
    let cloud = FakeCloud::new(Duration::ZERO);
    cloud.fault(0, Fault::Late(secs(421)));
    assert!(create::<Tag>(&cloud, "a", "").await.is_err());
    sleep(secs(1000)).await;
    assert!(cloud.objects().is_empty() && cloud.is_still());
}

#[tokio::test(start_paused = true)]
async fn the_bytes_of_a_dead_process_arrive_soon_and_those_of_others_when_they_would() {
    let cloud = FakeCloud::new(Duration::ZERO);
    for (call, sender) in [(0, 1), (1, 2)] {
        cloud.fault(call, Fault::Late(secs(300)));
        assert!(create::<Tag>(&cloud.seen_by(sender), "a", "").await.is_err());
    }
    cloud.died(1, secs(45));
    sleep(secs(46)).await;
    assert_eq!(cloud.objects().len(), 1);
    sleep(secs(300)).await;
    assert_eq!(cloud.objects().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_known_for_its_time_and_for_one_request() {
    let cloud = FakeCloud::new(Duration::ZERO);
    let first = create::<Token>(&cloud, "a", "red").await.unwrap();
    assert_eq!(create::<Token>(&cloud, "a", "red").await.unwrap(), first);
    assert_eq!(create::<Token>(&cloud, "a", "blue").await.unwrap_err().class, Class::Exists);
    sleep(secs(3600)).await;
    assert_ne!(create::<Token>(&cloud, "a", "red").await.unwrap(), first);
}

#[tokio::test(start_paused = true)]
async fn reads_lag_behind_what_is_made_changed_and_removed() {
    let cloud = FakeCloud::new(Duration::ZERO);
    cloud.weather(5, Weather { lag: secs(60), bare: 1.0, ..Weather::default() }, Trouble::default());
    let made = create::<Tag>(&cloud, "a", "").await.unwrap();
    let (mut unseen, mut bare) = (0, 0);
    for _ in 0..130 {
        match look(&cloud, &made.id).await {
            None => unseen += 1,
            Some(seen) if seen.owner.is_none() => bare += 1,
            Some(_) => {}
        }
        sleep(secs(1)).await;
    }
    assert!(unseen > 0 && bare > 0, "{unseen} looks without it, {bare} without its tags");
    let seen = look(&cloud, &made.id).await.unwrap();
    cloud.update(&seen, &want("red"), &attempt("b")).await.unwrap();
    assert_eq!(cloud.objects()[&made.id].spec.colour, "red");
    Driver::<Toy<Tag>>::delete(&cloud, &seen, &attempt("c")).await.unwrap();
    assert!(cloud.objects().is_empty());
    assert_eq!(look(&cloud, &made.id).await.unwrap().spec.colour, "", "neither is seen yet");
    sleep(secs(200)).await;
    assert!(look(&cloud, &made.id).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_same_weather_strikes_the_same_calls() {
    let storm = |seed| async move {
        let cloud = FakeCloud::new(Duration::ZERO);
        cloud.weather(
            seed,
            Weather { refused: 0.3, answer_lost: 0.2, request_lost: 0.2, late: 0.2, latest: secs(420), ..Weather::default() },
            Trouble::default(),
        );
        let mut told = vec![];
        for _ in 0..40 {
            told.push(create::<Tag>(&cloud, "a", "").await.map_err(|e| e.class));
        }
        cloud.calm();
        assert!(create::<Tag>(&cloud, "a", "").await.is_ok());
        told
    };
    assert_eq!(storm(1).await, storm(1).await);
    assert_ne!(storm(1).await, storm(2).await);
}
