//! Whatever the text is, judging it ends with a result and not with a panic, and its problems can be shown.

use bbws_cluster::{Look, load, show};
use proptest::prelude::*;

use crate::support::{load_with, render, shipped};

/// Judges and shows; every problem stands within the text, on character boundaries.
fn survives(text: &str) {
    let judged = load_with("dev", text);
    if let Ok(loaded) = &judged {
        assert_eq!(
            load_with("dev", text).map(|again| again.environment).ok().as_ref(),
            Some(&loaded.environment),
            "it is read twice as two"
        );
    }
    let problems = judged.map_or_else(|problems| problems, |loaded| loaded.warnings);
    for problem in &problems.list {
        assert!(text.get(problem.span.start..problem.span.end).is_some(), "{:?} of {text:?}", problem.span);
    }
    let shown = render(&problems);
    assert_eq!(shown.is_empty(), problems.list.is_empty());
    let _ = show(&problems, Look { unicode: false, color: true, width: 40 });
}

/// One change of a text at a place given by a number: lines swapped, cut, doubled; pieces of TOML put in.
fn changed(text: &str, at: usize, what: u8, piece: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return piece.to_owned();
    }
    let at = at % lines.len();
    match what % 6 {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, piece.to_owned()),
        2 => lines[at] = piece.to_owned(),
        3 => lines.insert(at, lines[at].clone()),
        4 => {
            let middle = lines[at].char_indices().nth(lines[at].chars().count() / 2).map_or(0, |(middle, _)| middle);
            lines[at].insert_str(middle, piece);
        }
        _ => {
            let other = (at * 7 + 3) % lines.len();
            lines.swap(at, other);
        }
    }
    lines.join("\n")
}

proptest! {
    #[test]
    fn any_text(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn anything_like_toml(text in "([a-z.]{1,6} ?= ?[\\[\\]{}\"'0-9a-z,.é-]{0,9}\n|\\[{1,2}[a-z.]{0,8}\\]{0,2}\n){0,12}") {
        survives(&text);
    }

    #[test]
    fn the_shipped_file_changed(
        changes in proptest::collection::vec((any::<usize>(), any::<u8>(), "[\\[\\]{}\"'=#0-9a-z,./é ${}-]{0,8}|\"\"\"|true|-1|99999999999999999999|1979-05-27|\\[\\[rule\\]\\]|\\[rds\\]|\\$\\{vpc\\.main\\.id\\}"), 1..6),
        base in 0usize..3,
    ) {
        let mut text = shipped(["dev", "sit", "prod"][base]).to_owned();
        for (at, what, piece) in &changes {
            text = changed(&text, *at, *what, piece);
        }
        survives(&text);
    }
}

#[test]
fn a_file_that_is_deep_or_long_is_judged_too() {
    survives(&format!("a = {}{}", "[".repeat(2000), "]".repeat(2000)));
    survives(&"x = ".repeat(5000));
    let rules: String = (0..2000)
        .map(|at| format!("[[rule]]\nname = \"r{at}\"\ngroup = \"alb\"\nport = {}\ncidr = \"10.0.0.0/8\"\ndescription = \"x\"\n", at + 1))
        .collect();
    let text = format!("{}{rules}", shipped("dev"));
    assert_eq!(load_with("dev", &text).unwrap().environment.rules.len(), 2000);
}

#[test]
fn a_name_beside_the_three_is_fine() {
    let kinds = bbws_model::Kinds::new();
    let none = |_: &bbws_cluster::Environment| std::collections::BTreeSet::new();
    let context = bbws_cluster::Context { kinds: &kinds, blueprint: &none, today: "2026-11-24".parse().unwrap(), siblings: &[] };
    assert_eq!(load("poc", shipped("dev"), &context).unwrap().environment.names.alb, "wp-poc-alb");
}
