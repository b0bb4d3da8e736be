//! What AWS takes the order for and then fails to make.

use serde_json::{Value, json};

use crate::support::{Place, steps};

const NAT: &str = "nat-gateway.a";

/// The next NAT gateway of dev comes up failed.
fn fail_the_next_nat_gateway(place: &Place) {
    let here = json!({"next_nat_fails": ["InternalError", "Network interface could not be created."]});
    place.change_cloud(|cloud| {
        let account = &mut cloud["accounts"]["536580886816"];
        if account.is_null() {
            *account = json!({"ids": 0, "regions": {"af-south-1": here}});
        } else {
            account["regions"]["af-south-1"]["next_nat_fails"] = here["next_nat_fails"].clone();
        }
    });
}

/// The NAT gateways that are there, those that failed among them, and the addresses of the account.
fn there(place: &Place) -> (Vec<String>, Vec<String>) {
    let cloud = place.cloud();
    let here = &cloud["accounts"]["536580886816"]["regions"]["af-south-1"];
    let table = |name: &str| here[name].as_object().expect("a table").clone();
    let nats = table("nat_gateways").into_iter().filter(|(_, row)| row["gone_ms"].is_null()).map(|(id, _)| id).collect();
    (nats, table("elastic_ips").into_iter().map(|(id, _)| id).collect())
}

fn id(state: &Value, address: &str) -> String {
    state["entries"][address]["id"].as_str().unwrap_or_else(|| panic!("{address} is not recorded")).to_owned()
}

#[test]
fn a_nat_gateway_that_comes_up_failed_is_replaced_and_leaves_nothing_behind() {
    let place = Place::new();
    place.tamper(|_| ());
    fail_the_next_nat_gateway(&place);
    let run = place.bbws("apply dev --sandbox --yes").exits(1);
    let told = format!("{}{}", run.out, run.err);
    for part in [NAT, "InternalError", "Network interface could not be created", "route.private"] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    // All that does not stand on it was made; what does was skipped; it is recorded, so that nothing is lost.
    let state = place.state("dev");
    let (failed, address) = (id(&state, NAT), id(&state, "elastic-ip.nat-a"));
    id(&state, "db-instance.main");
    assert!(state["entries"]["route.private"].is_null(), "nothing can go through it");
    assert_eq!(there(&place), (vec![failed.clone()], vec![address.clone()]));

    let plan = place.bbws("plan dev --sandbox --detailed-exitcode --json").exits(2).json();
    let planned = steps(&plan);
    assert!(planned.contains(&format!("±{NAT}")) && planned.contains(&"+route.private".to_owned()), "{planned:?}");
    let text = place.bbws("plan dev --sandbox").exits(0).out;
    assert!(text.contains("its state") && text.contains("InternalError"), "{text}");

    // It fails once more: the failed one goes, its successor is the one that is recorded, and the address is still ours.
    fail_the_next_nat_gateway(&place);
    place.bbws("apply dev --sandbox --yes").exits(1);
    let again = id(&place.state("dev"), NAT);
    assert_ne!(again, failed);
    assert_eq!(there(&place), (vec![again.clone()], vec![address.clone()]), "the first one is gone");

    place.bbws("apply dev --sandbox --yes").exits(0);
    let state = place.state("dev");
    let made = id(&state, NAT);
    assert!(made != again && made != failed);
    assert_eq!(id(&state, "elastic-ip.nat-a"), address, "the address is the same");
    assert_eq!(state["entries"]["route.private"]["spec"]["nat_gateway"], made.as_str());
    assert!(state["entries"][NAT]["deposed"].as_array().is_none_or(Vec::is_empty), "no former object is left: {state}");
    assert_eq!(there(&place), (vec![made], vec![address]), "and no orphan");
    place.bbws("plan dev --sandbox --detailed-exitcode").exits(0);

    let gone = place.bbws("destroy dev --sandbox --confirm wp-dev-cluster").exits(0).out;
    assert!(gone.contains("each of it was seen to be gone") && !gone.contains("(0 calls)"), "{gone}");
    assert_eq!(there(&place), (vec![], vec![]));
}
