//! What a cluster is there for: that its load balancer and its distribution answer. It is looked at after an apply, from here,
//! as a visitor would; what cannot be reached from here is told and is no failure.

use std::time::Duration;

use bbws_engine::{Clock, Drivers, Picture, Reading};
use bbws_model::{Address, State};
use serde_json::{Value, json};

use crate::cloud::{Fetched, Link};

/// So often an address is tried: a name that was just made is not known everywhere at once.
const TRIES: usize = 5;
/// The time between two tries.
const BETWEEN: Duration = Duration::from_secs(5);

/// One address to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Door {
    /// What answers there.
    pub(crate) address: Address,
    /// Where.
    pub(crate) url: String,
    /// What a listener says by itself; of a distribution that is for those behind it to say.
    expects: Option<Fetched>,
}

/// The addresses that a state promises: listeners that answer by themselves in plain HTTP on public load balancers (no
/// certificate is for a load balancer's own name), and distributions.
pub(crate) fn doors(state: &State) -> Vec<Door> {
    let text = |value: &Value, field: &str| value[field].as_str().map(str::to_owned);
    let listener = |address: &Address| {
        let spec = &state.entries[address].spec;
        let balancer = text(spec, "load_balancer")?;
        let on = state.entries.iter().find(|(at, entry)| at.kind() == "load-balancer" && entry.id.as_str() == balancer)?.1;
        let action = &spec["default_action"];
        if !spec["tls"].is_null() || on.spec["internal"] == true || action["type"] != "fixed-response" {
            return None;
        }
        let expects = Fetched {
            status: u16::try_from(action["status"].as_u64()?).ok()?,
            body: action["body"].as_str().unwrap_or_default().to_owned(),
        };
        let url = format!("http://{}:{}/", text(&on.outputs, "dns_name")?, spec["port"].as_u64()?);
        Some(Door { address: address.clone(), url, expects: Some(expects) })
    };
    let distribution = |address: &Address| {
        let entry = &state.entries[address];
        let url = format!("https://{}/", text(&entry.outputs, "domain_name")?);
        (entry.spec["enabled"] != false).then(|| Door { address: address.clone(), url, expects: None })
    };
    let door = |address: &Address| match address.kind() {
        "listener" => listener(address),
        "distribution" => distribution(address),
        _ => None,
    };
    state.entries.keys().filter_map(door).collect()
}

/// How an address answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answered {
    /// As it was promised.
    Well(u16),
    /// Otherwise, where tenants have rules: it may be theirs.
    MaybeTheirs(u16),
    /// Otherwise, and nobody but the listener itself can have said it.
    Wrong(u16),
    /// Nothing: it cannot be reached from here.
    Unreached(String),
}

/// An address that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looked {
    pub(crate) door: Door,
    pub(crate) answered: Answered,
}

impl Looked {
    /// What people are told.
    pub(crate) fn text(&self) -> String {
        let Door { address, url, expects } = &self.door;
        match &self.answered {
            Answered::Well(status) => format!("{address} answers {status} at {url}"),
            Answered::MaybeTheirs(status) => {
                format!("{address} answers {status} at {url}, not as its file says: rules of tenants stand before its own answer")
            }
            Answered::Wrong(status) => {
                let expected = expects.as_ref().map_or_else(String::new, |e| format!(", not {} with the text of its file", e.status));
                format!("{address} answers {status} at {url}{expected}")
            }
            Answered::Unreached(why) => format!("{address} could not be reached from here at {url} ({why})"),
        }
    }

    /// The same for machines.
    pub(crate) fn json(&self) -> Value {
        let (status, reached, why) = match &self.answered {
            Answered::Well(status) | Answered::MaybeTheirs(status) | Answered::Wrong(status) => (Some(*status), true, None),
            Answered::Unreached(why) => (None, false, Some(why)),
        };
        let well = matches!(self.answered, Answered::Well(_));
        json!({ "address": self.door.address, "url": self.door.url, "reached": reached, "as_wanted": well, "status": status, "why": why })
    }
}

/// Looks at every address, all at once. None where nobody could answer: the world is simulated.
pub(crate) async fn look<L: Link>(link: &L, state: &State, picture: &Picture) -> Option<Vec<Looked>> {
    let clock = link.clock();
    let drivers = link.drivers();
    let one = |door: Door| {
        let (clock, drivers) = (clock.clone(), drivers.clone());
        async move {
            let fetched = patient(link, &door, clock.as_ref()).await?;
            let answered = match fetched {
                Err(why) => Answered::Unreached(why),
                Ok(fetched) => match &door.expects {
                    Some(expects) if *expects != fetched => {
                        let alone = nobody_elses(&drivers, &door.address, picture).await;
                        if alone { Answered::Wrong(fetched.status) } else { Answered::MaybeTheirs(fetched.status) }
                    }
                    Some(_) | None => Answered::Well(fetched.status),
                },
            };
            Some(Looked { door, answered })
        }
    };
    futures::future::join_all(doors(state).into_iter().map(one)).await.into_iter().collect()
}

/// Tries until it answers as promised, a few times.
async fn patient<L: Link>(link: &L, door: &Door, clock: &dyn Clock) -> Option<Result<Fetched, String>> {
    let mut last = link.fetch(&door.url).await?;
    for _ in 1..TRIES {
        let well = last.as_ref().is_ok_and(|fetched| door.expects.as_ref().is_none_or(|expects| expects == fetched));
        if well {
            break;
        }
        clock.sleep(BETWEEN).await;
        last = link.fetch(&door.url).await?;
    }
    Some(last)
}

/// Whether nobody has hung rules on a listener. Where that cannot be told, somebody may have.
async fn nobody_elses(drivers: &Drivers, address: &Address, picture: &Picture) -> bool {
    let seen = picture.recorded.get(address).and_then(|found| found.as_ref().ok()).and_then(Option::as_ref);
    let (Some(seen), Ok(carrier)) = (seen, drivers.carrier(address.kind())) else { return false };
    carrier.hung_on(seen, &Reading::new()).await.is_ok_and(|hanging| hanging.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use bbws_engine::{Carrier, Hanging, Lease};
    use bbws_kinds::Listener;
    use bbws_model::{CloudError, Entry, Observed, Phase, Seen, Signature, World};
    use bbws_operate::preflight::{Answer, Question};
    use bbws_testkit::sample;

    use crate::cloud::{Caller, Referral, Sent, SessionLife};

    fn state(action: Value, internal: bool) -> State {
        let mut state = State::empty("L");
        let mut put = |address: &str, id: &str, spec: Value, outputs: Value| {
            let entry = Entry { outputs, ..sample::entry(id, spec) };
            state.entries.insert(address.parse().unwrap(), entry);
        };
        put("load-balancer.main", "arn:lb", json!({"internal": internal}), json!({"dns_name": "dev-1.elb.amazonaws.com"}));
        put("listener.http", "arn:l", json!({"load_balancer": "arn:lb", "port": 80, "tls": null, "default_action": action}), json!({}));
        put("listener.https", "arn:s", json!({"load_balancer": "arn:lb", "port": 443, "tls": {}, "default_action": action}), json!({}));
        put("distribution.main", "E1", json!({"enabled": true}), json!({"domain_name": "d1.cloudfront.net"}));
        put("distribution.off", "E2", json!({"enabled": false}), json!({"domain_name": "d2.cloudfront.net"}));
        state
    }

    #[test]
    fn a_cluster_promises_what_can_be_looked_at() {
        let urls = |state: &State| doors(state).into_iter().map(|door| door.url).collect::<Vec<_>>();
        let fixed = json!({"type": "fixed-response", "status": 200, "body": "ok"});
        let public = state(fixed.clone(), false);
        assert_eq!(urls(&public), ["https://d1.cloudfront.net/", "http://dev-1.elb.amazonaws.com:80/"]);
        assert_eq!(doors(&public)[1].expects, Some(Fetched { status: 200, body: "ok".into() }));
        assert_eq!(urls(&state(fixed, true)), ["https://d1.cloudfront.net/"], "an internal one cannot be reached");
        let redirect = json!({"type": "redirect", "protocol": "HTTPS", "port": "443"});
        assert_eq!(urls(&state(redirect, false)), ["https://d1.cloudfront.net/"]);
    }

    /// A way to a world in which an address answers in turn what is given; the last for ever.
    struct Played(RefCell<Vec<Option<Result<Fetched, String>>>>, &'static [&'static str]);

    /// A clock whose time passes at once.
    struct Instant;

    impl Clock for Instant {
        fn now(&self) -> jiff::Timestamp {
            jiff::Timestamp::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }

        fn sleep(&self, _: Duration) -> bbws_engine::Boxed<'static, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    /// What tenants have hung on listeners.
    struct Rules(&'static [&'static str]);

    impl Carrier<Listener> for Rules {
        async fn hung_on(&self, _: &Observed<Listener>, _: &Reading) -> Result<Vec<Hanging>, CloudError> {
            Ok(self
                .0
                .iter()
                .map(|rule| Hanging { what: "listener rule", id: (*rule).into(), name: String::new(), owner: None, adds: None })
                .collect())
        }
    }

    impl Link for Played {
        fn world(&self) -> World {
            World::Aws
        }

        async fn whoami(&self) -> Result<Caller, CloudError> {
            unreachable!()
        }

        async fn inquire(&self, _: &Caller, _: &Question) -> Option<Result<Answer, CloudError>> {
            None
        }

        async fn referral(&self, _: &str) -> Referral {
            unreachable!()
        }

        fn session(&self) -> Option<SessionLife> {
            None
        }

        fn credentials_have_run_out(&self, _: &CloudError) -> bool {
            false
        }

        fn renew_credentials(&self) {}

        async fn time(&self, _: &str) -> Option<Result<jiff::Timestamp, String>> {
            None
        }

        fn open_gate(&self, _: Lease) {
            unreachable!()
        }

        fn audit(&self, _: &str, _: &str) -> Arc<dyn crate::cloud::Audit> {
            unreachable!("no run begins here")
        }

        async fn sign(&self, _: &str, _: &[u8; 32]) -> Result<Signature, CloudError> {
            unreachable!()
        }

        async fn verifies(&self, _: &str, _: &Signature, _: &[u8; 32]) -> Result<bool, CloudError> {
            unreachable!()
        }

        fn drivers(&self) -> Arc<Drivers> {
            Arc::new(Drivers::new().carrying::<Listener>(Rules(self.1)))
        }

        fn clock(&self) -> Arc<dyn Clock> {
            Arc::new(Instant)
        }

        async fn fetch(&self, _: &str) -> Option<Result<Fetched, String>> {
            let mut answers = self.0.borrow_mut();
            if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
        }

        async fn products(&self, _: &str, _: &[(&'static str, String)]) -> Result<Vec<String>, CloudError> {
            Ok(vec![])
        }

        fn listen(&self, _: crate::cloud::Hearing) {}

        async fn try_assumption(&self, id: &str) -> Option<Result<(Option<bool>, String), CloudError>> {
            unreachable!("nobody tries {id} here")
        }

        fn sent(&self) -> Vec<Sent> {
            vec![]
        }
    }

    /// What is told of the listener, for people and for machines, and how many answers were left over.
    fn verdict(answers: Vec<Option<Result<Fetched, String>>>, rules: &'static [&'static str]) -> (Option<(String, Value)>, usize) {
        let mut state = state(json!({"type": "fixed-response", "status": 200, "body": "ok"}), false);
        state.entries.retain(|address, _| address.kind() != "distribution");
        let address: Address = "listener.http".parse().unwrap();
        let entry = &state.entries[&address];
        let outputs = json!({"arn": "arn:l"});
        let seen = Seen { id: entry.id.clone(), spec: entry.spec.clone(), outputs, phase: Phase::Ready, owner: None };
        let picture =
            Picture { recorded: [(address, Ok(Some(seen)))].into(), deposed: BTreeMap::new(), unrecorded: BTreeMap::new(), calls: 0 };
        let link = Played(RefCell::new(answers), rules);
        let looked = futures::executor::block_on(look(&link, &state, &picture));
        let told = looked.map(|mut looked| looked.remove(0)).map(|looked| (looked.text(), looked.json()));
        let left = link.0.borrow().len();
        (told, left)
    }

    fn page(status: u16, body: &str) -> Option<Result<Fetched, String>> {
        Some(Ok(Fetched { status, body: body.into() }))
    }

    #[test]
    fn what_answers_is_told_as_what_it_is() {
        let unreached = || Some(Err("no route to host".to_owned()));
        let well = verdict(vec![unreached(), page(503, ""), page(200, "ok"), page(500, "")], &[]);
        let (text, json) = well.0.unwrap();
        assert_eq!(
            (text.as_str(), well.1),
            ("listener.http answers 200 at http://dev-1.elb.amazonaws.com:80/", 1),
            "it is tried again, and no more"
        );
        assert_eq!((&json["reached"], &json["as_wanted"], &json["status"]), (&json!(true), &json!(true), &json!(200)));

        for (status, body) in [(404, "ok"), (200, "theirs")] {
            let (text, json) = verdict(vec![page(status, body)], &[]).0.unwrap();
            assert!(text.contains(&format!("answers {status}")) && text.contains("not 200 with the text of its file"), "{text}");
            assert_eq!((&json["reached"], &json["as_wanted"], &json["status"]), (&json!(true), &json!(false), &json!(status)));
            let (text, json) = verdict(vec![page(status, body)], &["rule-1"]).0.unwrap();
            assert!(text.contains("rules of tenants stand before its own answer"), "{text}");
            assert_eq!(json["as_wanted"], json!(false));
        }

        let (text, json) = verdict(vec![unreached()], &[]).0.unwrap();
        assert_eq!(text, "listener.http could not be reached from here at http://dev-1.elb.amazonaws.com:80/ (no route to host)");
        assert_eq!((&json["reached"], &json["status"], &json["why"]), (&json!(false), &Value::Null, &json!("no route to host")));
        assert_eq!(verdict(vec![None], &[]).0, None, "nobody can answer in a simulated world");
    }
}
