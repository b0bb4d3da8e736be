//! Tags that every service takes.

use super::{Fault, Judge};
use crate::{Environment, RuleId};

/// AWS takes 50 tags; Environment, Name and Project, and bbws's three, are set beside the file's.
const MOST: usize = 50 - 6;

pub(super) fn check(env: &Environment, judge: &mut Judge<'_>) {
    let tags = &env.tags.0;
    if tags.len() > MOST {
        judge.raise(Fault::new(
            RuleId::TagCount,
            "tags",
            format!("{} tags are too many: AWS takes 50, and bbws sets 6 of them", tags.len()),
            format!("keep {MOST} or fewer"),
        ));
    }
    for (key, value) in tags {
        let path = format!("tags.{key}");
        let lower = key.to_lowercase();
        if let Some(owner) = ["aws:", "bbws:"].into_iter().find(|prefix| lower.starts_with(prefix)) {
            judge.raise(
                Fault::new(
                    RuleId::TagReserved,
                    path,
                    format!(
                        "tags beginning with `{owner}` are not yours to set: {}",
                        if owner == "aws:" { "AWS keeps them for itself" } else { "bbws marks with them what it owns" }
                    ),
                    "choose another key",
                )
                .of_key(),
            );
        } else if ["Environment", "Name", "Project"].contains(&key.as_str()) {
            judge.raise(
                Fault::new(
                    RuleId::TagOwn,
                    path,
                    format!("`{key}` is set by bbws on every resource"),
                    "remove the line; `project`, the file's name and `[names]` set these tags",
                )
                .of_key(),
            );
        } else if let Some(why) = trouble(key, value) {
            judge.raise(Fault::new(
                RuleId::TagCharacters,
                path,
                why,
                "use letters, digits, spaces and _ . : / = + - @; up to 128 for the key, 256 for the value",
            ));
        }
    }
}

fn trouble(key: &str, value: &str) -> Option<String> {
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    if key.is_empty() || key.chars().count() > 128 {
        return Some(format!("the key has {} characters", key.chars().count()));
    }
    if value.chars().count() > 256 {
        return Some(format!("the value has {} characters", value.chars().count()));
    }
    key.chars()
        .chain(value.chars())
        .find(|c| !allowed(*c))
        .map(|c| format!("the character `{}` is not taken by every service", c.escape_debug()))
}
