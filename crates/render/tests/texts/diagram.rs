//! Diagrams of the shipped environments and of odd ones.

use std::collections::BTreeMap;

use bbws_cluster::{Context, Published, Sibling, addresses, blueprint, load};
use bbws_engine::Picture;
use bbws_model::{Desired, Mode, State, Wanted};
use bbws_render::{Detail, Diagram};
use serde_json::json;

use crate::support::{PLAIN, address, applied, cluster, kinds, planned};

const SHIPPED: [(&str, &str); 3] = [
    ("dev", include_str!("../../../../environments/dev.toml")),
    ("sit", include_str!("../../../../environments/sit.toml")),
    ("prod", include_str!("../../../../environments/prod.toml")),
];

/// What a shipped environment wants.
fn shipped(name: &str) -> Desired {
    edited(name, |text| text.to_owned())
}

/// What a shipped environment wants after an edit of its file.
fn edited(name: &str, edit: impl Fn(&str) -> String) -> Desired {
    let siblings: Vec<Sibling> = SHIPPED.iter().map(|(name, text)| Sibling::read(name, text)).collect();
    let text = edit(SHIPPED.iter().find(|(known, _)| *known == name).unwrap().1);
    let context = Context { kinds: &kinds(), blueprint: &addresses, today: "2026-11-24".parse().unwrap(), siblings: &siblings };
    let servers = |label: &str| {
        let servers: Vec<String> = (1..5).map(|n| format!("ns-{n}.awsdns-{n:02}.org")).collect();
        BTreeMap::from([(format!("route53_{label}_nameservers"), json!(servers))])
    };
    let published = Published(BTreeMap::from([("dev".to_owned(), servers("wpdev")), ("sit".to_owned(), servers("wpsit"))]));
    blueprint(&load(name, &text, &context).unwrap().environment, &kinds(), &published).unwrap()
}

fn small() -> Desired {
    Desired { resources: cluster(), outputs: BTreeMap::new() }
}

#[test]
fn a_small_cluster_for_other_programs() {
    let diagram = Diagram::of_desired(&small());
    insta::assert_snapshot!("dot", diagram.dot(&kinds()));
    insta::assert_snapshot!("mermaid", diagram.mermaid(&kinds()));
}

#[test]
fn a_small_cluster_as_a_picture() {
    insta::assert_snapshot!(Diagram::of_desired(&small()).svg("wp-dev", &kinds()));
}

/// What is recorded is drawn like what is wanted, with the ids: the links are found again in the resolved specs.
#[test]
fn a_state_is_drawn_like_what_made_it() {
    let (state, _) = applied(&cluster());
    let (wanted, recorded) = (Diagram::of_desired(&small()).svg("t", &kinds()), Diagram::of_state(&state).svg("t", &kinds()));
    for (mark, what) in [("<rect", "boxes"), ("<polyline", "arrows")] {
        assert_eq!(wanted.matches(mark).count(), recorded.matches(mark).count(), "{what}");
    }
    let nat = state.entries[&address("nat-gateway.a")].id.to_string();
    assert!(recorded.contains(&nat) && !wanted.contains(&nat));
}

/// Every resource of a shipped environment is in its picture: at its place, or in the list beside it.
#[test]
fn nothing_is_missing_in_the_pictures_of_the_shipped_environments() {
    for (name, _) in SHIPPED {
        let desired = shipped(name);
        let svg = Diagram::of_desired(&desired).svg(name, &kinds());
        let rules = ["security-group-rule", "route", "route-table-association", "elastic-ip", "listener", "db-subnet-group"];
        let drawn = [
            "vpc",
            "internet-gateway",
            "nat-gateway",
            "load-balancer",
            "ecs-cluster",
            "db-instance",
            "distribution",
            "hosted-zone",
            "certificate",
            "mount-target",
        ];
        for of in desired.resources.keys().filter(|of| !rules.contains(&of.kind()) && !drawn.contains(&of.kind())) {
            assert!(svg.contains(of.name()), "{name}: {of}");
        }
        let count = |mark: &str| svg.matches(mark).count();
        assert!(
            count("internet gateway") == 1 && count("RDS database") == 1 && count(">CloudFront<") == 1 && count(">Route 53<") == 1,
            "{name}"
        );
        assert_eq!(count(">NAT gateway<"), desired.resources.keys().filter(|of| of.kind() == "nat-gateway").count(), "{name}");
        assert_eq!(count(">EFS mount target<"), desired.resources.keys().filter(|of| of.kind() == "mount-target").count(), "{name}");
        assert_eq!(count(">load balancer<"), 2, "{name}: one in each zone");
    }
}

/// The page has the picture and each resource, and each link leads to one that is there. It runs nothing and asks nobody.
#[test]
fn a_page_of_a_cluster_has_everything_in_one_file() {
    let (state, _) = applied(&cluster());
    let recorded = Diagram::of_state(&state).html("wp-dev", &kinds());
    assert!(recorded.contains(state.entries[&address("vpc.main")].id.as_str()), "ids stand in it");
    for (name, _) in SHIPPED {
        let desired = shipped(name);
        let page = Diagram::of_desired(&desired).html(name, &kinds());
        assert_eq!((page.matches("<svg").count(), page.matches("<details>").count()), (1, desired.resources.len()), "{name}");
        for address in desired.resources.keys() {
            assert_eq!(page.matches(&format!("id=\"r-{address}\"")).count(), 1, "{name}: {address}");
        }
        let links: Vec<&str> = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(links.len() > desired.resources.len() / 2, "{name}: {}", links.len());
        assert!(links.iter().all(|to| page.contains(&format!("id=\"{to}\""))), "{name}: {links:?}");
        // The name of the SVG language itself is no address that is asked.
        let apart = page.replace("http://www.w3.org/2000/svg", "");
        for part in ["<script", "http://", "https://d", "javascript:", "@import", "url(h", " src="] {
            assert!(!apart.contains(part), "{name}: {part}");
        }
        assert!(page.starts_with("<!doctype html>") && page.contains("default-src 'none'"), "{name}");
    }
}

#[test]
fn odd_clusters_are_drawn_too() {
    let empty = Diagram::of_state(&State::empty("L"));
    assert!(empty.svg("nothing", &kinds()).ends_with("</svg>\n"));
    assert_eq!(empty.dot(&kinds()).lines().count(), 4);
    // No VPC, a name that could break out of the picture, a reference to what is not there.
    let mut resources = BTreeMap::from([(address("bucket.a"), Wanted::new(json!({"name": "<script>\"&"})))]);
    resources.insert(address("subnet.lone"), Wanted::new(json!({"vpc": {"$ref": "vpc.gone", "output": "id"}, "zone": "a", "cidr": "<&>"})));
    resources.insert(address("vpc.main"), Wanted::new(json!({"cidr": "</svg>"})));
    let diagram = Diagram::of_desired(&Desired { resources, outputs: BTreeMap::new() });
    let svg = diagram.svg("<title>", &kinds());
    assert_eq!((svg.matches("</svg>").count(), svg.matches("<title>").count()), (1, 1));
    assert!(svg.contains("subnet: lone"), "what has no place is listed");
    let page = diagram.html("<title>", &kinds());
    assert!(!page.contains("<script>") && page.matches("</svg>").count() == 1 && page.contains("refers to vpc.gone"), "{page}");
    assert!(!diagram.mermaid(&kinds()).contains("-->"));
}

/// A third zone, a spare subnet on each side, a file that somebody would write.
fn wide() -> Desired {
    edited("dev", |text| {
        let public = "b = { cidr = \"10.0.2.0/24\", zone = \"af-south-1b\" }";
        let private = "b = { cidr = \"10.0.12.0/24\", zone = \"af-south-1b\" }";
        let more = |third: u8, spare: u8| {
            format!(
                "\nc = {{ cidr = \"10.0.{third}.0/24\", zone = \"af-south-1c\" }}\nx = {{ cidr = \"10.0.{spare}.0/24\", zone = \"af-south-1a\", spare = true }}"
            )
        };
        assert!(text.contains(public) && text.contains(private));
        text.replacen(public, &format!("{public}{}", more(3, 4)), 1).replacen(private, &format!("{private}{}", more(13, 14)), 1)
    })
}

/// The boxes of these looks, as left, top, right, bottom.
fn boxes(svg: &str, looks: &[&str]) -> Vec<(String, [f64; 4])> {
    let number = |line: &str, field: &str| -> f64 {
        line.split_once(&format!(" {field}=\"")).and_then(|(_, rest)| rest.split_once('"')).unwrap().0.parse().unwrap()
    };
    let lines = svg.lines().filter(|line| looks.iter().any(|look| line.starts_with(&format!("<rect class=\"{look}\""))));
    lines
        .map(|line| {
            let [x, y, w, h] = ["x", "y", "width", "height"].map(|field| number(line, field));
            (line.to_owned(), [x, y, x + w, y + h])
        })
        .collect()
}

#[test]
fn no_box_lies_on_another_and_each_is_within_the_picture() {
    let mut all: Vec<(String, Desired)> = SHIPPED.iter().map(|(name, _)| ((*name).to_owned(), shipped(name))).collect();
    // As after an apply that failed early: one zone only.
    let mut half = shipped("dev");
    half.resources.retain(|of, _| !of.name().ends_with("-b"));
    all.extend([("small".to_owned(), small()), ("wide".to_owned(), wide()), ("half".to_owned(), half)]);
    for (name, desired) in all {
        let svg = Diagram::of_desired(&desired).svg(&name, &kinds());
        if let Some(folder) = std::env::var_os("BBWS_PICTURES") {
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.svg")), &svg).unwrap();
        }
        let size: Vec<f64> = svg.split_once("viewBox=\"0 0 ").unwrap().1.split(['"', ' ']).take(2).map(|n| n.parse().unwrap()).collect();
        // Things lie within subnets, subnets within zones: no two of one layer touch.
        for layer in [&["edge", "network", "data", "tenant"][..], &["public", "private"], &["zone"], &["outside", "vpc", "panel"]] {
            let found = boxes(&svg, layer);
            for (place, (line, [left, top, right, bottom])) in found.iter().enumerate() {
                assert!(*left >= 0.0 && *top >= 0.0 && *right <= size[0] && *bottom <= size[1], "{name}: {line}");
                for (other, [l, t, r, b]) in &found[place + 1..] {
                    let visitors = line.contains("outside") && other.contains("panel") && b <= bottom;
                    assert!(visitors || left >= r || l >= right || top >= b || t >= bottom, "{name}: {line}\n{other}");
                }
            }
        }
    }
}

#[test]
fn a_third_zone_and_spare_subnets_get_their_places() {
    let svg = Diagram::of_desired(&wide()).svg("wide", &kinds());
    assert_eq!((boxes(&svg, &["zone"]).len(), svg.matches(">public-x<").count(), svg.matches(">private-x<").count()), (3, 1, 1));
    // The legend has one box of each side too.
    assert_eq!((boxes(&svg, &["public"]).len(), boxes(&svg, &["private"]).len()), (5, 5));
}

/// The plan of each shipped environment is told whole: one line of its own for each resource, none wider than the screen.
#[test]
fn the_plans_of_the_shipped_environments_fit_the_screen() {
    for (name, _) in SHIPPED {
        let mut desired = shipped(name);
        desired.resources.retain(|_, wanted| !wanted.existing);
        let missing = |pointer: &bbws_model::Pointer| !desired.resources.contains_key(&pointer.to);
        let lost: Vec<_> =
            desired.resources.iter().filter(|(_, w)| bbws_model::pointers(&w.spec).iter().any(missing)).map(|(a, _)| a.clone()).collect();
        lost.iter().for_each(|of| drop(desired.resources.remove(of)));
        let plan = planned(desired.resources.clone(), &(State::empty("3f2a9c41"), Picture::default()), Mode::Apply);
        let text = bbws_render::plan(&plan, &kinds(), PLAIN, Detail::Telling);
        for of in desired.resources.keys() {
            let lines =
                text.lines().filter(|line| line.starts_with("  +   create") && line.split_whitespace().nth(2) == Some(&of.to_string()));
            assert_eq!(lines.count(), 1, "{name}: {of}");
        }
        if let Some(folder) = std::env::var_os("BBWS_PICTURES") {
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.txt")), &text).unwrap();
        }
        for line in text.lines() {
            assert!(line.chars().count() <= PLAIN.width, "{name}: {line}");
        }
    }
}
