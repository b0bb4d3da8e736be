//! What MySQL's parameters take, as far as it is written down here: numbers, by the reference of MySQL 8.0 and 8.4. RDS may take less
//! of a range than MySQL does, never another sort of value.

use std::ops::RangeInclusive;

/// What is wrong with the value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueFault {
    /// A number is wanted.
    NoNumber {
        /// Those that MySQL takes.
        takes: RangeInclusive<u64>,
    },
    /// It is a number that MySQL does not take.
    Outside {
        /// Those that it takes.
        takes: RangeInclusive<u64>,
    },
}

/// What is wrong with a value of this parameter, as far as that is known. RDS writes some names with `-`.
#[must_use]
pub fn value_fault(parameter: &str, value: &str) -> Option<ValueFault> {
    let name = parameter.to_lowercase().replace('-', "_");
    let (_, from, to) = NUMBERS.iter().find(|(known, ..)| *known == name)?;
    if is_formula(value) {
        return None;
    }
    let takes = *from..=*to;
    let number = if FRACTIONS.contains(&name.as_str()) {
        // A number of seconds or a share: how it compares is all that counts.
        value.parse::<f64>().ok().filter(|number| number.is_finite() && !value.contains(['e', 'E']))
    } else {
        #[expect(clippy::cast_precision_loss, reason = "no limit is so close to another number that it counts")]
        value.parse::<i128>().ok().map(|number| number as f64)
    };
    #[expect(clippy::cast_precision_loss, reason = "no limit is so close to another number that it counts")]
    match number {
        None => Some(ValueFault::NoNumber { takes }),
        Some(number) if number < *from as f64 || number > *to as f64 => Some(ValueFault::Outside { takes }),
        Some(_) => None,
    }
}

/// Whether RDS works the value out from what the instance has: `{DBInstanceClassMemory/12582880}`, `GREATEST({…},1000)`.
fn is_formula(value: &str) -> bool {
    value.starts_with('{') || ["LEAST(", "GREATEST(", "SUM("].iter().any(|word| value.to_ascii_uppercase().starts_with(word))
}

/// Those of the numbers that need not be whole.
const FRACTIONS: [&str; 3] = ["innodb_max_dirty_pages_pct", "innodb_max_dirty_pages_pct_lwm", "long_query_time"];

/// The largest number of MySQL: it takes as much as the machine has.
const MOST: u64 = u64::MAX;

/// Parameters that are numbers, with the least and the most.
const NUMBERS: &[(&str, u64, u64)] = &[
    ("auto_increment_increment", 1, 65_535),
    ("auto_increment_offset", 1, 65_535),
    ("back_log", 1, 65_535),
    ("binlog_cache_size", 4096, MOST),
    ("connect_timeout", 2, 31_536_000),
    ("default_week_format", 0, 7),
    ("div_precision_increment", 0, 30),
    ("eq_range_index_dive_limit", 0, 4_294_967_295),
    ("ft_max_word_len", 10, 84),
    ("ft_min_word_len", 1, 82),
    ("group_concat_max_len", 4, MOST),
    ("innodb_autoextend_increment", 1, 1000),
    ("innodb_autoinc_lock_mode", 0, 2),
    ("innodb_buffer_pool_chunk_size", 1_048_576, MOST),
    ("innodb_buffer_pool_dump_pct", 1, 100),
    ("innodb_buffer_pool_instances", 1, 64),
    ("innodb_buffer_pool_size", 5_242_880, MOST),
    ("innodb_concurrency_tickets", 1, 4_294_967_295),
    ("innodb_flush_log_at_timeout", 0, 2700),
    ("innodb_flush_log_at_trx_commit", 0, 2),
    ("innodb_flush_neighbors", 0, 2),
    ("innodb_ft_max_token_size", 10, 84),
    ("innodb_ft_min_token_size", 0, 16),
    ("innodb_io_capacity", 100, MOST),
    ("innodb_io_capacity_max", 100, MOST),
    ("innodb_lock_wait_timeout", 1, 1_073_741_824),
    ("innodb_log_buffer_size", 262_144, 4_294_967_295),
    ("innodb_log_file_size", 4_194_304, MOST),
    ("innodb_lru_scan_depth", 100, MOST),
    ("innodb_max_dirty_pages_pct", 0, 99),
    ("innodb_max_dirty_pages_pct_lwm", 0, 99),
    ("innodb_max_undo_log_size", 10_485_760, MOST),
    ("innodb_old_blocks_pct", 5, 95),
    ("innodb_old_blocks_time", 0, 4_294_967_295),
    ("innodb_online_alter_log_max_size", 65_536, MOST),
    ("innodb_open_files", 0, 2_147_483_647),
    ("innodb_page_cleaners", 1, 64),
    ("innodb_parallel_read_threads", 1, 256),
    ("innodb_purge_batch_size", 1, 5000),
    ("innodb_purge_threads", 1, 32),
    ("innodb_read_io_threads", 1, 64),
    ("innodb_redo_log_capacity", 8_388_608, 549_755_813_888),
    ("innodb_rollback_segments", 1, 128),
    ("innodb_sort_buffer_size", 65_536, 67_108_864),
    ("innodb_stats_persistent_sample_pages", 1, MOST),
    ("innodb_sync_array_size", 1, 1024),
    ("innodb_thread_concurrency", 0, 1000),
    ("innodb_write_io_threads", 1, 64),
    ("interactive_timeout", 1, 31_536_000),
    ("join_buffer_size", 128, MOST),
    ("key_buffer_size", 0, MOST),
    ("lock_wait_timeout", 1, 31_536_000),
    ("log_error_verbosity", 1, 3),
    ("log_throttle_queries_not_using_indexes", 0, 4_294_967_295),
    ("long_query_time", 0, 31_536_000),
    ("max_allowed_packet", 1024, 1_073_741_824),
    ("max_binlog_size", 4096, 1_073_741_824),
    ("max_connect_errors", 1, MOST),
    ("max_connections", 1, 100_000),
    ("max_error_count", 0, 65_535),
    ("max_execution_time", 0, 4_294_967_295),
    ("max_heap_table_size", 16_384, MOST),
    ("max_length_for_sort_data", 4, 8_388_608),
    ("max_prepared_stmt_count", 0, 4_194_304),
    ("max_sort_length", 4, 8_388_608),
    ("max_user_connections", 0, 4_294_967_295),
    ("min_examined_row_limit", 0, MOST),
    ("net_buffer_length", 1024, 1_048_576),
    ("net_read_timeout", 1, 31_536_000),
    ("net_retry_count", 1, MOST),
    ("net_write_timeout", 1, 31_536_000),
    ("open_files_limit", 0, 4_294_967_295),
    ("optimizer_search_depth", 0, 62),
    ("port", 0, 65_535),
    ("query_alloc_block_size", 1024, 4_294_967_295),
    ("read_buffer_size", 8192, 2_147_479_552),
    ("read_rnd_buffer_size", 1, 2_147_483_647),
    ("slow_launch_time", 0, 31_536_000),
    ("sort_buffer_size", 32_768, MOST),
    ("sync_binlog", 0, 4_294_967_295),
    ("table_open_cache", 1, 524_288),
    ("table_open_cache_instances", 1, 64),
    ("tmp_table_size", 1024, MOST),
    ("wait_timeout", 1, 31_536_000),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mysql_parameter::{TakesEffect, takes_effect};

    #[test]
    fn what_is_no_number_and_what_no_such_number_is_told_apart() {
        let fault = |name: &str, value: &str| match value_fault(name, value) {
            None => "",
            Some(ValueFault::NoNumber { .. }) => "no number",
            Some(ValueFault::Outside { .. }) => "outside",
        };
        for (name, value, told) in [
            ("max_connections", "60", ""),
            ("max_connections", "abc", "no number"),
            ("max_connections", "6O", "no number"),
            ("max_connections", "60.5", "no number"),
            ("Max-Connections", "0", "outside"),
            ("max_connections", "-1", "outside"),
            ("max_connections", "{DBInstanceClassMemory/12582880}", ""),
            ("table_open_cache", "LEAST({DBInstanceClassMemory/1179121},6000)", ""),
            ("max_allowed_packet", "64M", "no number"),
            ("long_query_time", "0.5", ""),
            ("long_query_time", "inf", "no number"),
            ("innodb_buffer_pool_size", "18446744073709551615", ""),
            ("sql_mode", "TRADITIONAL", ""),
            ("some_plugin_setting", "abc", ""),
        ] {
            assert_eq!(fault(name, value), told, "{name} = {value}");
        }
    }

    #[test]
    fn each_is_a_parameter_in_its_place() {
        assert!(NUMBERS.is_sorted());
        for (name, from, to) in NUMBERS {
            assert!(from < to && takes_effect(name) != TakesEffect::Unknown, "{name}");
        }
        assert!(FRACTIONS.iter().all(|name| NUMBERS.iter().any(|(known, ..)| known == name)));
    }
}
