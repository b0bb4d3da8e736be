//! Versions of MySQL as RDS counts them, and how the wish for one is met.

/// What the wish for a version means for a database that has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionStep {
    /// It is met.
    Met,
    /// A later version of the same line: `8.0.40` to `8.0.42`.
    Minor,
    /// Another line: `8.0` to `8.4`.
    Major,
    /// An older version, to which RDS never goes back.
    Back,
}

/// The numbers of a version; none where it is no such thing.
fn numbers(version: &str) -> Option<Vec<u32>> {
    version.split('.').map(|part| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()).collect()
}

/// Whether this names a version of MySQL: `8.0`, or one exactly, `8.0.40`.
pub(crate) fn is_mysql_version(version: &str) -> bool {
    numbers(version).is_some_and(|numbers| matches!(numbers.len(), 2 | 3) && numbers[0] >= 5)
}

/// What has to happen to a database of version `have` for the wish `want` to be met. `8.0` is met by any `8.0.x`; where AWS
/// installs minor versions by itself, `8.0.40` is met by `8.0.42`.
pub(crate) fn version_step(have: &str, want: &str, minors_by_themselves: bool) -> VersionStep {
    let (Some(have), Some(want)) = (numbers(have), numbers(want)) else {
        return if have == want { VersionStep::Met } else { VersionStep::Major };
    };
    let same_line = have.iter().take(2).eq(want.iter().take(2));
    if have.starts_with(&want) || (minors_by_themselves && same_line && have > want) {
        VersionStep::Met
    } else if have > want {
        VersionStep::Back
    } else if same_line {
        VersionStep::Minor
    } else {
        VersionStep::Major
    }
}

/// How many virtual processors an instance class has: `db.r5.2xlarge` has 8.
pub(crate) fn processors(class: &str) -> f64 {
    let mut parts = class.split('.').skip(1);
    let (family, size) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match size {
        "micro" | "small" if family == "t2" => 1.0,
        "xlarge" => 4.0,
        other => other.strip_suffix("xlarge").and_then(|n| n.parse::<f64>().ok()).map_or(2.0, |n| 4.0 * n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_met_by_what_begins_with_it() {
        let table = [
            ("8.0.40", "8.0", false, VersionStep::Met),
            ("8.0.40", "8.0.40", false, VersionStep::Met),
            ("8.0.42", "8.0.40", true, VersionStep::Met),
            ("8.0.42", "8.0.40", false, VersionStep::Back),
            ("8.0.40", "8.0.42", true, VersionStep::Minor),
            ("8.0.40", "8.0.4", false, VersionStep::Back),
            ("8.0.4", "8.0.40", false, VersionStep::Minor),
            ("8.0.40", "8.4", true, VersionStep::Major),
            ("8.4.3", "8.0", true, VersionStep::Back),
            ("8.0.40", "8.4.3", false, VersionStep::Major),
        ];
        for (have, want, by_themselves, step) in table {
            assert_eq!(version_step(have, want, by_themselves), step, "{have} to {want}");
        }
    }

    #[test]
    fn versions_have_two_or_three_numbers() {
        assert!(is_mysql_version("8.0") && is_mysql_version("8.4.3"));
        for wrong in ["8", "8.0.40.1", "8.x", "", "8.", "v8.0"] {
            assert!(!is_mysql_version(wrong), "{wrong}");
        }
    }

    #[test]
    fn processors_follow_from_the_size() {
        let of: Vec<f64> = ["db.t3.micro", "db.r5.large", "db.r5.xlarge", "db.m6g.12xlarge", "db.t2.small"].map(processors).into();
        assert_eq!(of, [2.0, 2.0, 4.0, 48.0, 1.0]);
    }
}
