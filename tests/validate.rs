//! `validate`.

use crate::support::Place;

#[test]
fn the_shipped_environments_are_right() {
    let place = Place::new();
    for (name, account) in [("dev", "536580886816"), ("sit", "815856636111"), ("prod", "093646564004")] {
        let ran = place.bbws(&format!("validate {name}")).exits(0);
        assert!(ran.out.contains(&format!("{name}.toml is right")) && ran.out.contains(account), "{}", ran.out);
        let json = place.bbws(&format!("validate {name} --json")).exits(0).json();
        assert_eq!((json["environment"].as_str(), json["valid"].as_bool()), (Some(name), Some(true)));
    }
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let place = Place::new();
    place.edit("dev", "vpc_cidr  = \"10.0.0.0/16\"", "vpc_cdir  = \"10.0.0.0/16\"");
    place.edit("dev", "region  = \"af-south-1\"", "region  = 7");
    let ran = place.bbws("validate dev").exits(1);
    for part in ["vpc_cdir", "vpc_cidr", "dev.toml:7", "2 errors"] {
        assert!(ran.out.contains(part), "{part} in\n{}", ran.out);
    }
    assert!(!ran.out.contains('\x1b'), "no colours where there is no terminal");
    let json = place.bbws("validate dev --json").exits(1).json();
    let problems = json["problems"].as_array().unwrap();
    assert_eq!((json["valid"].as_bool(), problems.len()), (Some(false), 2));
    assert_eq!((problems[0]["line"].as_u64(), problems[0]["column"].as_u64()), (Some(7), Some(11)));
    assert_eq!(problems[0]["text"], "7");
}

#[test]
fn a_file_that_is_no_text_is_an_error_and_no_panic() {
    let place = Place::new();
    std::fs::write(place.path("environments/dev.toml"), [0xff, 0xfe, 0x00]).unwrap();
    let ran = place.bbws("validate dev").exits(1);
    assert!(ran.err.contains("cannot be read") && ran.err.contains("UTF-8"), "{}", ran.err);
}
