//! The spans of time in which RDS may back a database up and maintain it.

const DAY: u32 = 24 * 60;

/// Minutes since midnight.
fn clock(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |part: &str| (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<u32>().ok()).flatten();
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// Start and length, in minutes, of a span of the day such as `01:00-02:00`; it may pass midnight.
fn of_the_day(text: &str) -> Option<(u32, u32)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (clock(from)?, clock(to)?);
    Some((from, (to + DAY - from) % DAY))
}

/// Start and length, in minutes, of a span of the week such as `sun:03:00-sun:04:00`.
fn of_the_week(text: &str) -> Option<(u32, u32)> {
    let at = |text: &str| {
        let (day, time) = text.split_once(':')?;
        let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().position(|known| *known == day)?;
        Some(u32::try_from(day).ok()? * DAY + clock(time)?)
    };
    let (from, to) = text.split_once('-')?;
    let (from, to) = (at(from)?, at(to)?);
    Some((from, (to + 7 * DAY - from) % (7 * DAY)))
}

/// Whether RDS takes this as the time of backups.
pub(crate) fn is_backup_window(text: &str) -> bool {
    of_the_day(text).is_some_and(|(_, length)| length >= 30)
}

/// Whether RDS takes this as the time of maintenance.
pub(crate) fn is_maintenance_window(text: &str) -> bool {
    of_the_week(text).is_some_and(|(_, length)| (30..DAY).contains(&length))
}

/// Whether the two meet, which RDS refuses.
pub(crate) fn windows_meet(backup: &str, maintenance: &str) -> bool {
    let (Some((daily, daily_length)), Some((weekly, weekly_length))) = (of_the_day(backup), of_the_week(maintenance)) else { return false };
    let at = weekly % DAY;
    (at + DAY - daily) % DAY < daily_length || (daily + DAY - at) % DAY < weekly_length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_half_an_hour_or_more() {
        assert!(is_backup_window("01:00-02:00") && is_backup_window("23:45-00:15"));
        assert!(is_maintenance_window("sun:03:00-sun:04:00") && is_maintenance_window("sun:23:45-mon:00:15"));
        for wrong in ["01:00-01:29", "1:00-2:00", "25:00-26:00", "01:00", "01:60-02:30", "sun:01:00-sun:02:00"] {
            assert!(!is_backup_window(wrong), "{wrong}");
        }
        for wrong in ["sun:03:00-sun:03:10", "sun:03:00-tue:03:00", "Sun:03:00-Sun:04:00", "03:00-04:00"] {
            assert!(!is_maintenance_window(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_backup_during_maintenance_is_seen() {
        assert!(windows_meet("01:00-02:00", "sun:01:30-sun:02:30"));
        assert!(windows_meet("23:30-00:30", "mon:00:00-mon:00:30"));
        assert!(windows_meet("01:00-02:00", "sat:23:00-sun:01:30"));
        assert!(!windows_meet("01:00-02:00", "sun:02:00-sun:03:00"));
    }
}
