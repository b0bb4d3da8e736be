//! The blueprints of the shipped files: their addresses and specs, and what holds for each of them.

use std::collections::{BTreeMap, BTreeSet};

use bbws_cluster::{Context, Environment, Loaded, Published, Sibling, addresses, blueprint, delegation_block, load};
use bbws_kinds::NameServers;
use bbws_model::{Address, Desired, Kinds, pointers};
use serde_json::{Value, json};

use crate::support::{SHIPPED, edited, render, shipped};

/// Judges a text with all kinds, beside the true blueprint.
pub(crate) fn environment(name: &str, text: &str) -> Environment {
    let kinds = bbws_kinds::all();
    let siblings: Vec<Sibling> = SHIPPED.iter().map(|(name, text)| Sibling::read(name, text)).collect();
    let context = Context { kinds: &kinds, blueprint: &addresses, today: "2026-11-24".parse().expect("a day"), siblings: &siblings };
    let Loaded { environment, .. } = load(name, text, &context).unwrap_or_else(|problems| panic!("{}", render(&problems)));
    environment
}

/// What dev and sit would have published.
pub(crate) fn published() -> Published {
    let of = |label: &str, from: u32| {
        let servers: Vec<String> = (from..from + 4).map(|n| format!("ns-{n}.awsdns-{n:02}.org")).collect();
        BTreeMap::from([(format!("route53_{label}_nameservers"), json!(servers))])
    };
    Published(BTreeMap::from([("dev".to_owned(), of("wpdev", 10)), ("sit".to_owned(), of("wpsit", 20))]))
}

pub(crate) fn desired(name: &str, edits: &[(&str, &str)]) -> Desired {
    let environment = environment(name, &edited(shipped(name), edits));
    blueprint(&environment, &bbws_kinds::all(), &published()).expect("what was published is enough")
}

/// All that is wrong with a blueprint: specs that their kinds refuse or would write otherwise, references that lead
/// nowhere, circles.
pub(crate) fn faults(desired: &Desired, kinds: &Kinds) -> Vec<String> {
    let mut faults = vec![];
    let outputs = |address: &Address| -> Vec<&str> {
        let kind = desired.resources.contains_key(address).then(|| kinds.get(address.kind())).flatten();
        kind.map(|kind| kind.outputs().iter().map(|output| output.name).collect()).unwrap_or_default()
    };
    let mut lead = |from: &str, document: &Value| {
        for pointer in pointers(document) {
            if !outputs(&pointer.to).contains(&pointer.output.as_str()) {
                faults.push(format!("{from}: {pointer} leads nowhere"));
            }
        }
    };
    desired.resources.iter().for_each(|(address, wanted)| lead(&address.to_string(), &wanted.spec));
    desired.outputs.iter().for_each(|(name, value)| lead(name, value));
    for (address, wanted) in &desired.resources {
        let kind = kinds.get(address.kind()).expect("a kind of the list");
        faults.extend(kind.check(&wanted.spec).into_iter().map(|problem| format!("{address}: {}: {}", problem.field, problem.message)));
        if kind.normal(&wanted.spec).is_ok_and(|normal| normal != wanted.spec) {
            faults.push(format!("{address}: defaults are not filled in"));
        }
    }
    let mut left: BTreeMap<&Address, BTreeSet<Address>> =
        desired.resources.iter().map(|(address, wanted)| (address, pointers(&wanted.spec).into_iter().map(|p| p.to).collect())).collect();
    while let Some(free) = left.iter().find(|(_, needs)| needs.iter().all(|need| !left.contains_key(need))).map(|(address, _)| *address) {
        left.remove(free);
    }
    faults.extend(left.into_keys().map(|address| format!("{address} is part of a circle, or waits for one")));
    faults
}

#[test]
fn the_addresses_of_the_three() {
    for (name, _) in SHIPPED {
        let addresses: Vec<String> = desired(name, &[]).resources.keys().map(ToString::to_string).collect();
        insta::assert_snapshot!(format!("addresses_{name}"), addresses.join("\n"));
    }
}

#[test]
fn the_specs_and_outputs_of_dev() {
    let desired = desired("dev", &[]);
    let specs: BTreeMap<String, &Value> = desired.resources.iter().map(|(address, wanted)| (address.to_string(), &wanted.spec)).collect();
    insta::assert_snapshot!("specs_dev", serde_json::to_string_pretty(&specs).unwrap());
    insta::assert_snapshot!("outputs_dev", serde_json::to_string_pretty(&desired.outputs).unwrap());
}

#[test]
fn every_spec_is_right_and_every_reference_leads_somewhere() {
    for (name, _) in SHIPPED {
        assert_eq!(faults(&desired(name, &[]), &bbws_kinds::all()), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_judge_of_blueprints_sees_what_is_wrong() {
    let kinds = bbws_kinds::all();
    let mut wrong = desired("dev", &[]);
    let vpc: Address = "vpc.main".parse().unwrap();
    wrong.resources.get_mut(&vpc).unwrap().spec["cidr"] = json!("10.0.0.0/8");
    wrong.outputs.insert("x".to_owned(), json!({ "$ref": "vpc.main", "output": "password" }));
    let gateway: Address = "internet-gateway.main".parse().unwrap();
    wrong.resources.get_mut(&gateway).unwrap().spec["vpc"] = json!({ "$ref": "vpc.other", "output": "id" });
    let table: Address = "route-table.public".parse().unwrap();
    wrong.resources.get_mut(&table).unwrap().spec.as_object_mut().unwrap().remove("tags");
    let faults = faults(&wrong, &kinds).join("\n");
    for part in ["a /8", "${vpc.main.password}", "${vpc.other.id}", "route-table.public: defaults"] {
        assert!(faults.contains(part), "{part}: {faults}");
    }
}

#[test]
fn whatever_takes_tags_has_all_of_them() {
    for (name, _) in SHIPPED {
        let Desired { resources, .. } = desired(name, &[]);
        let tagged = resources.iter().filter(|(_, wanted)| wanted.spec.get("tags").is_some() && !wanted.existing);
        for (address, wanted) in tagged {
            let tags = &wanted.spec["tags"];
            assert_eq!(
                (&tags["Environment"], &tags["Project"], &tags["ManagedBy"]),
                (&json!(name), &json!("wp"), &json!("bbws")),
                "{address}"
            );
            assert!(tags["Name"].as_str().is_some_and(|name| !name.is_empty()), "{address}");
        }
    }
}

#[test]
fn names_begin_with_the_prefix_unless_the_file_says_otherwise() {
    let names = |edits| -> BTreeMap<String, String> {
        let Desired { resources, .. } = desired("dev", edits);
        let of = |(address, wanted): (&Address, &bbws_model::Wanted)| Some((address.to_string(), wanted.spec["name"].as_str()?.to_owned()));
        resources.iter().filter_map(of).filter(|(address, _)| !address.starts_with("dns") && !address.starts_with("hosted")).collect()
    };
    let inner = |address: &str| address.starts_with("role-policy.");
    for (address, name) in names(&[]).iter().filter(|(address, _)| !inner(address)) {
        assert!(name.contains("wp-dev") || name == "/ecs/dev", "{address}: {name}");
    }
    let poc = names(&[("names", "prefix = \"poc\"\nalb = \"front\"")]);
    for (address, name) in poc.iter().filter(|(address, _)| !inner(address)) {
        assert!(name.contains("poc") || ["/ecs/dev", "front"].contains(&name.as_str()), "{address}: {name}");
    }
    assert_eq!((poc["load-balancer.main"].as_str(), poc["ecs-cluster.main"].as_str()), ("front", "poc-cluster"));
}

#[test]
fn the_addresses_need_nothing_from_elsewhere() {
    for (name, text) in SHIPPED {
        let environment = environment(name, text);
        let all: BTreeSet<Address> = desired(name, &[]).resources.into_keys().collect();
        assert_eq!(addresses(&environment), all, "{name}");
    }
}

/// What dev prints fits into the production file, and does there what reading dev's outputs does.
#[test]
fn the_block_for_the_parent_is_one_that_its_file_takes() {
    let dev = environment("dev", &edited(shipped("dev"), &[("dns", "delegated = false")]));
    let servers = NameServers::new((10..14).map(|n| format!("ns-{n}.awsdns-{n}.org")));
    let block = delegation_block(&dev, &servers);
    insta::assert_snapshot!(block, @r#"
    [dns.delegations.wpdev]
    zone         = "wpdev.kimmyai.io"
    name_servers = ["ns-10.awsdns-10.org", "ns-11.awsdns-11.org", "ns-12.awsdns-12.org", "ns-13.awsdns-13.org"]
    "#);
    let without =
        shipped("prod").replace("[dns.delegations.wpdev]\nzone             = \"wpdev.kimmyai.io\"\nfrom_environment = \"dev\"\n", &block);
    assert!(without.contains("awsdns"), "the shipped block was found");
    let prod = blueprint(&environment("prod", &without), &bbws_kinds::all(), &published()).expect("all name servers are there");
    assert_eq!(prod, desired("prod", &[]));
}

#[test]
fn name_servers_come_from_the_file_or_from_what_was_published() {
    let prod = environment("prod", shipped("prod"));
    assert_eq!(Published::wanted(&prod), BTreeSet::from(["dev", "sit"]));
    let ns = |desired: &Desired| {
        let address: Address = "dns-record.delegation-wpdev".parse().unwrap();
        desired.resources[&address].spec["name_servers"].clone()
    };
    let read = desired("prod", &[]);
    assert_eq!(ns(&read), json!(["ns-10.awsdns-10.org", "ns-11.awsdns-11.org", "ns-12.awsdns-12.org", "ns-13.awsdns-13.org"]));
    assert_eq!(read.outputs["wpdev_delegation_ns_records"], ns(&read));

    let own =
        [("dns.delegations.wpdev", "-from_environment"), ("dns.delegations.wpdev", "name_servers = [\"ns-1.a.org\", \"ns-2.a.org\"]")];
    let written = desired("prod", &own);
    assert_eq!(ns(&written), json!(["ns-1.a.org", "ns-2.a.org"]));
    assert_eq!(Published::wanted(&environment("prod", &edited(shipped("prod"), &own))), BTreeSet::from(["sit"]));

    let nothing = blueprint(&prod, &bbws_kinds::all(), &Published::default()).unwrap_err();
    insta::assert_snapshot!(nothing, @r"
    the name servers of `wpdev.kimmyai.io` are not known: `dev` has published nothing yet; run `bbws apply dev` first, or give them as `name_servers` in `[dns.delegations.wpdev]`
    the name servers of `wpsit.kimmyai.io` are not known: `sit` has published nothing yet; run `bbws apply sit` first, or give them as `name_servers` in `[dns.delegations.wpsit]`
    ");
    let mut other = published();
    other.0.insert("dev".to_owned(), BTreeMap::from([("route53_wpqa_nameservers".to_owned(), json!(["ns-1.a.org"]))]));
    let unfit = blueprint(&prod, &bbws_kinds::all(), &other).unwrap_err();
    insta::assert_snapshot!(unfit, @"the name servers of `wpdev.kimmyai.io` are not known: `dev` has published none for this zone; look at `bbws output dev`, or give them as `name_servers` in `[dns.delegations.wpdev]`");
}
