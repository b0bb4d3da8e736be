//! Database and file system.

use bbws_kinds::{TakesEffect, ValueFault, mysql_parameters, takes_effect, value_fault};

use super::{Fault, Judge};
use crate::decode::closest;
use crate::{Environment, Rds, RuleId, Throughput};

pub(super) fn check(env: &Environment, judge: &mut Judge<'_>) {
    let rds = &env.rds;
    shape(rds, judge);
    storage(rds, judge);
    windows(rds, judge);
    parameters(rds, judge);
    files(env, judge);
}

fn shape(rds: &Rds, judge: &mut Judge<'_>) {
    let parts: Vec<&str> = rds.class.split('.').collect();
    let word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !matches!(parts.as_slice(), ["db", family, size] if word(family) && word(size)) {
        judge.raise(Fault::new(
            RuleId::RdsClass,
            "rds.class",
            format!("`{}` is not an instance class", rds.class),
            "write one such as `db.t3.micro` or `db.r5.large`",
        ));
    } else if let ["db", family, size] = parts[..] {
        class(family, size, judge);
    }
    let version: Vec<&str> = rds.engine_version.split('.').collect();
    let digits = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    if !matches!(version.as_slice(), ["8", "0" | "4", rest @ ..] if rest.len() < 2 && rest.iter().all(digits)) {
        judge.raise(Fault::new(
            RuleId::RdsVersion,
            "rds.engine_version",
            format!("RDS has no MySQL `{}` that bbws knows", rds.engine_version),
            "write `8.0` or `8.4`, or one exactly: `8.4.3`",
        ));
    }
    let user = &rds.username;
    let reserved = ["admin_user", "rdsadmin", "root", "mysql", "sys", "user"];
    let fits = user.len() <= 16
        && user.starts_with(|c: char| c.is_ascii_alphabetic())
        && user.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !fits || reserved.contains(&user.to_lowercase().as_str()) {
        judge.raise(Fault::new(
            RuleId::RdsUser,
            "rds.username",
            format!("RDS does not take `{user}` for the master user"),
            "use up to 16 letters, digits and `_`, a letter first, and no name that MySQL keeps: `admin`",
        ));
    }
    if rds.performance_insights && ["db.t3.micro", "db.t3.small", "db.t4g.micro", "db.t4g.small"].contains(&rds.class.as_str()) {
        judge.raise(
            Fault::new(
                RuleId::RdsInsights,
                "rds.performance_insights",
                format!("`{}` has no Performance Insights", rds.class),
                "write `false`, or take `db.t3.medium` or larger",
            )
            .beside("rds.class", "the class"),
        );
    }
}

/// Families of instances that RDS has had for MySQL.
const FAMILIES: &str = "c6gd m3 m4 m5 m5d m6g m6gd m6i m6id m6in m7g m7i m8g m8gd r3 r4 r5 r5b r5d r6g r6gd r6i r6id r6in r7g r7i r8g r8gd \
    t2 t3 t4g x1 x1e x2g x2idn x2iedn x2iezn z1d";
/// Sizes of instances.
const SIZES: &str = "micro small medium large xlarge 2xlarge 3xlarge 4xlarge 6xlarge 8xlarge 9xlarge 10xlarge 12xlarge 16xlarge 18xlarge \
    24xlarge 32xlarge 48xlarge metal";

/// A class of a family or a size that bbws does not know may be one of tomorrow.
fn class(family: &str, size: &str, judge: &mut Judge<'_>) {
    let meant = |word: &str, all: &'static str| {
        let known = || all.split_ascii_whitespace();
        (!known().any(|one| one == word)).then(|| closest(word, known()))
    };
    let (families, sizes) = (meant(family, FAMILIES), meant(size, SIZES));
    if families.is_none() && sizes.is_none() {
        return;
    }
    let right =
        |found: Option<Option<&'static str>>, word: &str| found.map_or_else(|| Some(word.to_owned()), |near| near.map(str::to_owned));
    let fix = match (right(families, family), right(sizes, size)) {
        (Some(family), Some(size)) => format!("did you mean `db.{family}.{size}`?"),
        _ => "write one such as `db.t3.micro` or `db.r5.large`".to_owned(),
    };
    let told = format!("bbws does not know the instance class `db.{family}.{size}`: if RDS does not either, the apply fails");
    judge.raise(Fault::new(RuleId::RdsClass, "rds.class", told, fix).warning());
}

fn storage(rds: &Rds, judge: &mut Judge<'_>) {
    if let Some(max) = rds.max_storage.filter(|max| u64::from(*max) * 10 < u64::from(rds.storage) * 11) {
        judge.raise(
            Fault::new(
                RuleId::RdsStorage,
                "rds.max_storage",
                format!("{max} GiB leave no room to grow from {} GiB: AWS wants a tenth more at least", rds.storage),
                format!("write {} or more, or leave it out", (rds.storage * 11).div_ceil(10)),
            )
            .beside("rds.storage", "the storage"),
        );
    }
    if let Some(iops) = rds.iops {
        if rds.storage < 400 {
            judge.raise(
                Fault::new(
                    RuleId::RdsIops,
                    "rds.iops",
                    format!("gp3 has fixed 3000 operations a second below 400 GiB: AWS refuses another number with {} GiB", rds.storage),
                    "leave `iops` out, or take 400 GiB or more",
                )
                .beside("rds.storage", "the storage"),
            );
        } else if iops < 12_000 || u64::from(iops) > u64::from(rds.storage) * 500 {
            judge.raise(
                Fault::new(
                    RuleId::RdsIops,
                    "rds.iops",
                    format!("gp3 of {} GiB takes no {iops} operations a second", rds.storage),
                    format!("give 12000 to {}", (u64::from(rds.storage) * 500).min(64_000)),
                )
                .beside("rds.storage", "the storage"),
            );
        }
    }
}

/// Minutes since midnight.
fn clock(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |part: &str| (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<u32>().ok()).flatten();
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

const DAY: u32 = 24 * 60;

/// Start of a span of the day and its length, in minutes; it may pass midnight.
fn backup_window(text: &str) -> Option<(u32, u32)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (clock(from)?, clock(to)?);
    Some((from, (to + DAY - from) % DAY))
}

/// Start of a span of the week and its length, in minutes.
fn maintenance_window(text: &str) -> Option<(u32, u32)> {
    let at = |text: &str| {
        let (day, time) = text.split_once(':')?;
        let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().position(|known| *known == day)?;
        Some(u32::try_from(day).ok()? * DAY + clock(time)?)
    };
    let (from, to) = text.split_once('-')?;
    let (from, to) = (at(from)?, at(to)?);
    Some((from, (to + 7 * DAY - from) % (7 * DAY)))
}

fn windows(rds: &Rds, judge: &mut Judge<'_>) {
    let backup = backup_window(&rds.backup_window).filter(|(_, length)| *length >= 30);
    let maintenance = maintenance_window(&rds.maintenance_window).filter(|(_, length)| (30..DAY).contains(length));
    if backup.is_none() {
        judge.raise(Fault::new(
            RuleId::RdsWindow,
            "rds.backup_window",
            format!("`{}` is not a span of the day of half an hour or more", rds.backup_window),
            "write it in UTC: `01:00-02:00`",
        ));
    }
    if maintenance.is_none() {
        judge.raise(Fault::new(
            RuleId::RdsWindow,
            "rds.maintenance_window",
            format!("`{}` is not a span of the week between half an hour and a day", rds.maintenance_window),
            "write it in UTC, days as mon to sun: `sun:03:00-sun:04:00`",
        ));
    }
    if let (Some((from, length)), Some((weekly, weekly_length))) = (backup, maintenance) {
        let at = weekly % DAY;
        let meets = (at + DAY - from) % DAY < length || (from + DAY - at) % DAY < weekly_length;
        if meets {
            judge.raise(
                Fault::new(
                    RuleId::RdsWindow,
                    "rds.maintenance_window",
                    format!(
                        "maintenance in `{}` would meet the backup in `{}`: AWS refuses that",
                        rds.maintenance_window, rds.backup_window
                    ),
                    "let one begin after the other has ended",
                )
                .beside("rds.backup_window", "the backup"),
            );
        }
    }
}

fn parameters(rds: &Rds, judge: &mut Judge<'_>) {
    for (name, value) in &rds.parameters {
        let path = format!("rds.parameters.{name}");
        if name == "require_secure_transport" && !["1", "on"].contains(&value.to_lowercase().as_str()) {
            judge.raise(Fault::new(
                RuleId::TlsOff,
                path,
                "the database speaks with its clients over TLS only: that cannot be switched off",
                "remove the line",
            ));
        } else if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            judge.raise(
                Fault::new(
                    RuleId::RdsParameter,
                    path,
                    format!("`{name}` is not the name of a MySQL parameter"),
                    "use MySQL's own name: `max_connections`",
                )
                .of_key(),
            );
        } else if value.is_empty() {
            judge.raise(Fault::new(
                RuleId::RdsParameter,
                path,
                format!("`{name}` has no value"),
                "give one, or remove the line to have RDS's own",
            ));
        } else {
            number(&path, name, value, judge);
            unknown(path, name, judge);
        }
    }
}

/// A value that RDS takes for no number, where it wants one; or a number that MySQL does not take.
fn number(path: &str, name: &str, value: &str, judge: &mut Judge<'_>) {
    let range = |takes: &std::ops::RangeInclusive<u64>| match takes.end() {
        &u64::MAX => format!("from {} up", takes.start()),
        end => format!("from {} to {end}", takes.start()),
    };
    match value_fault(name, value) {
        Some(ValueFault::NoNumber { takes }) => judge.raise(Fault::new(
            RuleId::RdsParameter,
            path,
            format!("`{name}` is a number: RDS refuses `{value}`"),
            format!("give one {}, or a formula of RDS: `{{DBInstanceClassMemory/12582880}}`", range(&takes)),
        )),
        Some(ValueFault::Outside { takes }) => judge.raise(
            Fault::new(
                RuleId::RdsParameter,
                path,
                format!("MySQL does not take {value} for `{name}`: RDS will refuse it"),
                format!("give a number {}", range(&takes)),
            )
            .warning(),
        ),
        None => {}
    }
}

/// A name that bbws does not know may be one of RDS's own, or of a later MySQL.
fn unknown(path: String, name: &str, judge: &mut Judge<'_>) {
    if takes_effect(name) != TakesEffect::Unknown {
        return;
    }
    let fix = closest(name, mysql_parameters()).map_or_else(
        || "look it up in the reference of MySQL, or of RDS".to_owned(),
        |near| format!("did you mean `{near}`? if RDS has a `{name}`, all is well"),
    );
    let told = format!("bbws does not know a MySQL parameter `{name}`: if RDS does not either, the apply fails");
    judge.raise(Fault::new(RuleId::RdsParameter, path, told, fix).warning().of_key());
}

fn files(env: &Environment, judge: &mut Judge<'_>) {
    let efs = &env.efs;
    let known = [1, 7, 14, 30, 60, 90, 180, 270, 365];
    let mut days_known = true;
    for (key, days) in [("infrequent_access_days", efs.infrequent_access_days), ("archive_days", efs.archive_days)] {
        if days != 0 && !known.contains(&days) {
            days_known = false;
            judge.raise(Fault::new(
                RuleId::EfsDays,
                format!("efs.{key}"),
                format!("EFS does not know {days} days"),
                format!("write 0 for never, or one of {}", known.map(|d| d.to_string()).join(", ")),
            ));
        }
    }
    if !days_known || efs.archive_days == 0 {
        return;
    }
    if efs.throughput != Throughput::Elastic {
        judge.raise(
            Fault::new(
                RuleId::EfsArchive,
                "efs.archive_days",
                "EFS has an archive with elastic throughput only",
                "write `throughput = \"elastic\"`, or leave `archive_days` out",
            )
            .beside("efs.throughput", "not elastic"),
        );
    } else if efs.archive_days <= efs.infrequent_access_days || efs.infrequent_access_days == 0 {
        judge.raise(
            Fault::new(
                RuleId::EfsArchive,
                "efs.archive_days",
                "a file is archived after it has been in Infrequent Access",
                "give more days than `infrequent_access_days`, which must not be 0",
            )
            .beside("efs.infrequent_access_days", "before that"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_as_minutes() {
        assert_eq!(backup_window("01:00-02:00"), Some((60, 60)));
        assert_eq!(backup_window("23:30-00:30"), Some((1410, 60)));
        assert_eq!(maintenance_window("mon:00:00-mon:00:30"), Some((0, 30)));
        assert_eq!(maintenance_window("sun:23:30-mon:00:30"), Some((6 * DAY + 1410, 60)));
        for wrong in ["1:00-2:00", "25:00-26:00", "01:00", "01:60-02:00", "+1:00-02:00"] {
            assert_eq!(backup_window(wrong), None, "{wrong}");
        }
        assert_eq!(maintenance_window("Sunday:03:00-sun:04:00"), None);
    }
}
