//! The parameters of MySQL that RDS has, as far as the sandbox knows them: what they are when nobody sets them, whether they
//! take effect at once, and what they take.

use crate::fate::Answer;

use super::rds::wrong;

/// One parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// What it is when nobody sets it. None: what MySQL itself has.
    pub(crate) default: Option<&'static str>,
    pub(crate) dynamic: bool,
    /// What it takes: a list of words, or `from-to`. Empty: anything.
    pub(crate) allowed: &'static str,
    pub(crate) modifiable: bool,
}

const fn dynamic(name: &'static str, default: Option<&'static str>, allowed: &'static str) -> Parameter {
    Parameter { name, default, dynamic: true, allowed, modifiable: true }
}

const fn fixed(name: &'static str, default: Option<&'static str>, allowed: &'static str) -> Parameter {
    Parameter { name, default, dynamic: false, allowed, modifiable: true }
}

const SETS: &str = "big5,cp1251,latin1,latin2,utf8,utf8mb3,utf8mb4,utf16,ascii,binary";

/// All that the sandbox knows, by name.
pub(crate) const PARAMETERS: &[Parameter] = &[
    dynamic("binlog_format", None, "ROW,STATEMENT,MIXED"),
    dynamic("character_set_client", None, SETS),
    dynamic("character_set_connection", None, SETS),
    dynamic("character_set_database", None, SETS),
    dynamic("character_set_results", None, SETS),
    dynamic("character_set_server", None, SETS),
    dynamic("collation_connection", None, ""),
    dynamic("collation_server", None, ""),
    Parameter { name: "datadir", default: Some("/rdsdbdata/db/"), dynamic: false, allowed: "", modifiable: false },
    fixed("enforce_gtid_consistency", Some("OFF"), "OFF,WARN,ON"),
    dynamic("event_scheduler", Some("ON"), "ON,OFF"),
    dynamic("general_log", None, "0,1"),
    fixed("gtid-mode", Some("OFF_PERMISSIVE"), "OFF,OFF_PERMISSIVE,ON_PERMISSIVE,ON"),
    dynamic("innodb_buffer_pool_size", Some("{DBInstanceClassMemory*3/4}"), "5242880-9223372036854775807"),
    dynamic("innodb_flush_log_at_trx_commit", Some("1"), "0-2"),
    dynamic("innodb_lock_wait_timeout", None, "1-1073741824"),
    fixed("innodb_log_file_size", Some("134217728"), "4194304-1099511627776"),
    dynamic("interactive_timeout", None, "1-31536000"),
    dynamic("join_buffer_size", None, "128-18446744073709547520"),
    dynamic("log_bin_trust_function_creators", None, "0,1"),
    dynamic("log_output", Some("TABLE"), "TABLE,FILE,NONE"),
    dynamic("long_query_time", None, "0-31536000"),
    fixed("lower_case_table_names", None, "0,1"),
    dynamic("max_allowed_packet", None, "1024-1073741824"),
    dynamic("max_connections", Some("{DBInstanceClassMemory/12582880}"), "1-100000"),
    dynamic("max_heap_table_size", None, "16384-1844674407370954752"),
    dynamic("net_read_timeout", None, "1-31536000"),
    dynamic("net_write_timeout", None, "1-31536000"),
    fixed("performance_schema", Some("0"), "0,1"),
    fixed("port", Some("{EndPointPort}"), "1150-65535"),
    dynamic("require_secure_transport", None, "0,1"),
    fixed("skip_name_resolve", None, "0,1"),
    dynamic("slow_query_log", None, "0,1"),
    dynamic("sort_buffer_size", None, "32768-18446744073709551615"),
    dynamic("sql_mode", None, ""),
    dynamic("table_open_cache", None, "1-524288"),
    dynamic("thread_cache_size", None, "0-16384"),
    dynamic("time_zone", None, ""),
    dynamic("tls_version", None, "TLSv1.2,TLSv1.3"),
    dynamic("tmp_table_size", None, "1024-18446744073709551615"),
    dynamic("transaction_isolation", None, "READ-UNCOMMITTED,READ-COMMITTED,REPEATABLE-READ,SERIALIZABLE"),
    dynamic("wait_timeout", None, "1-31536000"),
];

/// The parameter of this name, in any case.
pub(crate) fn the(name: &str) -> Answer<&'static Parameter> {
    let found = PARAMETERS.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| wrong(format!("Could not find parameter with name: {name}")))
}

impl Parameter {
    /// Refuses a value that it does not take.
    pub(crate) fn takes(&self, value: &str) -> Answer<()> {
        let refused = || wrong(format!("Invalid parameter value: {value} for: {} allowed values are: {}", self.name, self.allowed));
        let fits = match self.allowed.split_once('-').map(|(from, to)| (from.parse::<f64>(), to.parse::<f64>())) {
            // What RDS works out from what the instance has.
            Some((Ok(_), Ok(_))) if FORMULAS.iter().any(|word| value.starts_with(word)) => true,
            Some((Ok(from), Ok(to))) => {
                let whole = self.name == "long_query_time" || value.parse::<i128>().is_ok();
                whole && value.parse::<f64>().is_ok_and(|value| (from..=to).contains(&value))
            }
            _ => {
                self.allowed.is_empty()
                    || self.allowed.split(',').any(|word| value.split(',').all(|part| part == word) || part_of(self, value))
            }
        };
        if fits { Ok(()) } else { Err(refused()) }
    }
}

/// With what a value begins that is a formula.
const FORMULAS: [&str; 4] = ["{", "LEAST(", "GREATEST(", "SUM("];

/// Some take several words at once.
fn part_of(parameter: &Parameter, value: &str) -> bool {
    parameter.name == "tls_version" && value.split(',').all(|part| parameter.allowed.split(',').any(|word| word == part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_kinds::{TakesEffect, takes_effect};

    #[test]
    fn what_a_plan_says_of_each_is_what_happens() {
        for parameter in PARAMETERS.iter().filter(|parameter| parameter.modifiable) {
            let when = if parameter.dynamic { TakesEffect::AtOnce } else { TakesEffect::AtStart };
            assert_eq!(takes_effect(parameter.name), when, "{}", parameter.name);
        }
    }

    #[test]
    fn values_are_checked() {
        for (name, value, takes) in [
            ("slow_query_log", "1", true),
            ("slow_query_log", "yes", false),
            ("long_query_time", "2", true),
            ("long_query_time", "two", false),
            ("max_connections", "{DBInstanceClassMemory/12582880}", true),
            ("max_connections", "60", true),
            ("max_connections", "abc", false),
            ("max_connections", "60.5", false),
            ("max_connections", "0", false),
            ("wait_timeout", "{DBInstanceClassMemory/12582880}", true),
            ("tls_version", "TLSv1.2,TLSv1.3", true),
            ("transaction_isolation", "READ-COMMITTED", true),
        ] {
            assert_eq!(the(name).unwrap().takes(value).is_ok(), takes, "{name}={value}");
        }
        assert!(the("no_such").is_err());
    }
}
