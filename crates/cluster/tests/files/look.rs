//! Problems as text: with and without colour, with and without signs beyond ASCII.

use bbws_cluster::{Look, show};

use crate::support::{edited, load_with, shipped};

fn shown(unicode: bool, color: bool) -> String {
    let problems = load_with("dev", &edited(shipped("dev"), &[("ecs", "task_cpu = 300")])).expect_err("a wrong size");
    show(&problems, Look { unicode, color, width: 100 })
}

#[test]
fn colour_and_signs_come_only_where_they_are_asked_for() {
    for unicode in [true, false] {
        assert!(shown(unicode, true).contains('\u{1b}'));
        assert!(!shown(unicode, false).contains('\u{1b}'));
    }
    assert!(shown(true, false).contains('─'));
    assert!(shown(false, false).is_ascii() && shown(false, true).is_ascii());
}

#[test]
fn the_plain_look_has_place_excerpt_reason_and_way_out() {
    insta::assert_snapshot!(shown(false, false));
}

#[test]
fn where_nothing_is_wrong_nothing_is_shown() {
    let warnings = load_with("dev", shipped("dev")).unwrap().warnings;
    assert_eq!(show(&warnings, Look { unicode: true, color: true, width: 100 }), "");
    assert_eq!(warnings.to_string(), "dev.toml: nothing wrong");
}
