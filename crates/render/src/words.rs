//! Numbers and times in words.

use std::time::Duration;

/// `1 step`, `3 steps`.
pub fn count(number: usize, what: &str) -> String {
    let many = if let Some(stem) = what.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
        format!("{stem}ies")
    } else {
        format!("{what}s")
    };
    format!("{number} {}", if number == 1 { what } else { &many })
}

/// `350ms`, `4s`, `2m 05s`, `1h 02m`.
pub(crate) fn span(time: Duration) -> String {
    let (millis, secs) = (time.as_millis(), time.as_secs());
    match secs {
        0 => format!("{millis}ms"),
        1..60 => format!("{secs}s"),
        60..3600 => format!("{}m {:02}s", secs / 60, secs % 60),
        _ => format!("{}h {:02}m", secs / 3600, secs % 3600 / 60),
    }
}

/// `0:04`, `12:31`, `1:02:09`: a clock that stands in a column.
pub(crate) fn clock(time: Duration) -> String {
    let secs = time.as_secs();
    if secs < 3600 {
        format!("{}:{:02}", secs / 60, secs % 60)
    } else {
        format!("{}:{:02}:{:02}", secs / 3600, secs % 3600 / 60, secs % 60)
    }
}

/// `2026-11-26 08:00:00Z`.
pub(crate) fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => format!("{} and {}", first.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "), last.as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_agree_with_their_words() {
        assert_eq!((count(1, "step").as_str(), count(0, "step").as_str()), ("1 step", "0 steps"));
        assert_eq!((count(2, "copy").as_str(), count(2, "day").as_str()), ("2 copies", "2 days"));
    }

    #[test]
    fn times_are_as_long_as_they_need_to_be() {
        let told: Vec<String> = [350, 4_000, 125_000, 3_720_000].map(|ms| span(Duration::from_millis(ms))).into();
        assert_eq!(told, ["350ms", "4s", "2m 05s", "1h 02m"]);
        assert_eq!((clock(Duration::from_secs(64)).as_str(), clock(Duration::from_secs(3729)).as_str()), ("1:04", "1:02:09"));
    }

    #[test]
    fn lists_read_like_a_sentence() {
        assert_eq!((listed(&["a"]).as_str(), listed(&["a", "b", "c"]).as_str()), ("a", "a, b and c"));
    }
}
