//! When MySQL takes in a parameter: at once, or only as it starts. By the reference of MySQL 8.0 and 8.4 ("Dynamic: No"), which RDS
//! follows; where RDS is known to be stricter, by RDS. It tells people what to expect: what is done rests on what RDS itself says.

/// When a change of a parameter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakesEffect {
    /// At once.
    AtOnce,
    /// When MySQL starts.
    AtStart,
    /// Nobody has written down here when.
    Unknown,
}

/// When a change of this parameter counts. RDS writes some names with `-`.
#[must_use]
pub fn takes_effect(parameter: &str) -> TakesEffect {
    let name = parameter.to_lowercase().replace('-', "_");
    let among = |all: &str| all.split_ascii_whitespace().any(|one| one == name);
    if among(AT_START) {
        TakesEffect::AtStart
    } else if among(AT_ONCE) {
        TakesEffect::AtOnce
    } else {
        TakesEffect::Unknown
    }
}

/// All the parameters that are written down here, by MySQL's own names.
pub fn mysql_parameters() -> impl Iterator<Item = &'static str> {
    AT_START.split_ascii_whitespace().chain(AT_ONCE.split_ascii_whitespace())
}

/// Those that MySQL reads only when it starts.
const AT_START: &str = "\
    admin_address admin_port admin_ssl_ca auto_generate_certs back_log binlog_gtid_simple_recovery \
    binlog_rotate_encryption_master_key_at_startup binlog_row_event_max_size caching_sha2_password_auto_generate_rsa_keys \
    caching_sha2_password_digest_rounds core_file create_admin_listener_thread default_authentication_plugin \
    disabled_storage_engines enforce_gtid_consistency ft_max_word_len ft_min_word_len ft_query_expansion_limit \
    ft_stopword_file gtid_mode innodb_adaptive_hash_index_parts innodb_autoinc_lock_mode innodb_buffer_pool_chunk_size \
    innodb_buffer_pool_instances innodb_buffer_pool_load_at_startup innodb_data_file_path innodb_data_home_dir \
    innodb_dedicated_server innodb_directories innodb_doublewrite_batch_size innodb_doublewrite_dir \
    innodb_doublewrite_files innodb_doublewrite_pages innodb_flush_method innodb_force_load_corrupted \
    innodb_force_recovery innodb_ft_cache_size innodb_ft_max_token_size innodb_ft_min_token_size \
    innodb_ft_sort_pll_degree innodb_ft_total_cache_size innodb_log_file_size innodb_log_files_in_group \
    innodb_log_group_home_dir innodb_numa_interleave innodb_page_cleaners innodb_page_size innodb_purge_threads \
    innodb_read_io_threads innodb_read_only innodb_rollback_on_timeout innodb_sort_buffer_size innodb_sync_array_size \
    innodb_temp_data_file_path innodb_temp_tablespaces_dir innodb_undo_directory innodb_use_native_aio \
    innodb_validate_tablespace_paths innodb_write_io_threads large_pages log_bin log_error log_replica_updates \
    log_slave_updates lower_case_table_names max_digest_length metadata_locks_cache_size metadata_locks_hash_instances \
    myisam_mmap_size myisam_recover_options mysqlx_port ngram_token_size old open_files_limit performance_schema \
    performance_schema_accounts_size performance_schema_digests_size performance_schema_error_size \
    performance_schema_events_stages_history_long_size performance_schema_events_stages_history_size \
    performance_schema_events_statements_history_long_size performance_schema_events_statements_history_size \
    performance_schema_events_transactions_history_long_size performance_schema_events_transactions_history_size \
    performance_schema_events_waits_history_long_size performance_schema_events_waits_history_size \
    performance_schema_hosts_size performance_schema_max_cond_classes performance_schema_max_cond_instances \
    performance_schema_max_digest_length performance_schema_max_file_classes performance_schema_max_file_handles \
    performance_schema_max_file_instances performance_schema_max_index_stat performance_schema_max_memory_classes \
    performance_schema_max_metadata_locks performance_schema_max_meter_classes performance_schema_max_metric_classes \
    performance_schema_max_mutex_classes performance_schema_max_mutex_instances \
    performance_schema_max_prepared_statements_instances performance_schema_max_program_instances \
    performance_schema_max_rwlock_classes performance_schema_max_rwlock_instances performance_schema_max_socket_classes \
    performance_schema_max_socket_instances performance_schema_max_sql_text_length performance_schema_max_stage_classes \
    performance_schema_max_statement_classes performance_schema_max_statement_stack performance_schema_max_table_handles \
    performance_schema_max_table_instances performance_schema_max_table_lock_stat performance_schema_max_thread_classes \
    performance_schema_max_thread_instances performance_schema_session_connect_attrs_size \
    performance_schema_setup_actors_size performance_schema_setup_objects_size performance_schema_users_size \
    persisted_globals_load plugin_dir port relay_log relay_log_index relay_log_info_file relay_log_recovery \
    relay_log_space_limit replica_load_tmpdir replica_skip_errors report_host report_password report_port report_user \
    secure_file_priv server_id_bits sha256_password_auto_generate_rsa_keys skip_external_locking skip_name_resolve \
    skip_networking skip_replica_start skip_show_database skip_slave_start slave_load_tmpdir slave_skip_errors \
    table_open_cache_instances tc_heuristic_recover thread_handling thread_stack tls_certificates_enforced_validation \
    tmpdir";

/// Those that it takes in while it runs.
const AT_ONCE: &str = "\
    activate_all_roles_on_login auto_increment_increment auto_increment_offset autocommit automatic_sp_privileges \
    big_tables binlog_cache_size binlog_checksum binlog_direct_non_transactional_updates binlog_error_action \
    binlog_expire_logs_auto_purge binlog_expire_logs_seconds binlog_format binlog_group_commit_sync_delay \
    binlog_group_commit_sync_no_delay_count binlog_max_flush_queue_time binlog_order_commits binlog_row_image \
    binlog_row_metadata binlog_row_value_options binlog_rows_query_log_events binlog_stmt_cache_size \
    binlog_transaction_compression binlog_transaction_compression_level_zstd binlog_transaction_dependency_history_size \
    binlog_transaction_dependency_tracking block_encryption_mode bulk_insert_buffer_size character_set_client \
    character_set_connection character_set_database character_set_filesystem character_set_results character_set_server \
    check_proxy_users collation_connection collation_database collation_server completion_type concurrent_insert \
    connect_timeout connection_control_failed_connections_threshold connection_memory_chunk_size connection_memory_limit \
    cte_max_recursion_depth default_collation_for_utf8mb4 default_password_lifetime default_storage_engine \
    default_table_encryption default_tmp_storage_engine default_week_format delay_key_write delayed_insert_limit \
    delayed_insert_timeout delayed_queue_size div_precision_increment end_markers_in_json eq_range_index_dive_limit \
    event_scheduler expire_logs_days explain_format explicit_defaults_for_timestamp flush flush_time foreign_key_checks \
    ft_boolean_syntax general_log generated_random_password_length global_connection_memory_limit \
    global_connection_memory_tracking group_concat_max_len gtid_executed_compression_period \
    histogram_generation_max_mem_size host_cache_size information_schema_stats_expiry init_connect init_replica \
    init_slave innodb_adaptive_flushing innodb_adaptive_flushing_lwm innodb_adaptive_hash_index \
    innodb_adaptive_max_sleep_delay innodb_api_bk_commit_interval innodb_autoextend_increment \
    innodb_buffer_pool_dump_at_shutdown innodb_buffer_pool_dump_now innodb_buffer_pool_dump_pct \
    innodb_buffer_pool_filename innodb_buffer_pool_in_core_file innodb_buffer_pool_load_abort innodb_buffer_pool_load_now \
    innodb_buffer_pool_size innodb_change_buffer_max_size innodb_change_buffering innodb_checksum_algorithm \
    innodb_cmp_per_index_enabled innodb_commit_concurrency innodb_compression_failure_threshold_pct \
    innodb_compression_level innodb_compression_pad_pct_max innodb_concurrency_tickets innodb_ddl_buffer_size \
    innodb_ddl_threads innodb_deadlock_detect innodb_default_row_format innodb_disable_sort_file_cache \
    innodb_extend_and_initialize innodb_fast_shutdown innodb_fill_factor innodb_flush_log_at_timeout \
    innodb_flush_log_at_trx_commit innodb_flush_neighbors innodb_flush_sync innodb_flushing_avg_loops \
    innodb_fsync_threshold innodb_ft_aux_table innodb_ft_enable_diag_print innodb_ft_enable_stopword \
    innodb_ft_num_word_optimize innodb_ft_result_cache_limit innodb_ft_server_stopword_table \
    innodb_ft_user_stopword_table innodb_idle_flush_pct innodb_io_capacity innodb_io_capacity_max \
    innodb_lock_wait_timeout innodb_log_buffer_size innodb_log_checksums innodb_log_compressed_pages \
    innodb_log_spin_cpu_abs_lwm innodb_log_spin_cpu_pct_hwm innodb_log_wait_for_flush_spin_hwm \
    innodb_log_write_ahead_size innodb_log_writer_threads innodb_lru_scan_depth innodb_max_dirty_pages_pct \
    innodb_max_dirty_pages_pct_lwm innodb_max_purge_lag innodb_max_purge_lag_delay innodb_max_undo_log_size \
    innodb_monitor_disable innodb_monitor_enable innodb_monitor_reset innodb_monitor_reset_all innodb_old_blocks_pct \
    innodb_old_blocks_time innodb_online_alter_log_max_size innodb_open_files innodb_optimize_fulltext_only \
    innodb_parallel_read_threads innodb_print_all_deadlocks innodb_print_ddl_logs innodb_purge_batch_size \
    innodb_purge_rseg_truncate_frequency innodb_random_read_ahead innodb_read_ahead_threshold \
    innodb_redo_log_archive_dirs innodb_redo_log_capacity innodb_redo_log_encrypt innodb_replication_delay \
    innodb_rollback_segments innodb_segment_reserve_factor innodb_spin_wait_delay innodb_spin_wait_pause_multiplier \
    innodb_stats_auto_recalc innodb_stats_include_delete_marked innodb_stats_method innodb_stats_on_metadata \
    innodb_stats_persistent innodb_stats_persistent_sample_pages innodb_stats_transient_sample_pages innodb_status_output \
    innodb_status_output_locks innodb_strict_mode innodb_sync_spin_loops innodb_table_locks innodb_thread_concurrency \
    innodb_thread_sleep_delay innodb_tmpdir innodb_undo_log_encrypt innodb_undo_log_truncate innodb_undo_tablespaces \
    innodb_use_fdatasync interactive_timeout internal_tmp_mem_storage_engine join_buffer_size keep_files_on_create \
    key_buffer_size key_cache_age_threshold key_cache_block_size key_cache_division_limit lc_time_names local_infile \
    lock_wait_timeout log_bin_trust_function_creators log_error_suppression_list log_error_verbosity log_output \
    log_queries_not_using_indexes log_raw log_slow_admin_statements log_slow_extra log_slow_replica_statements \
    log_slow_slave_statements log_statements_unsafe_for_binlog log_throttle_queries_not_using_indexes log_timestamps \
    long_query_time low_priority_updates mandatory_roles master_verify_checksum max_allowed_packet max_binlog_cache_size \
    max_binlog_size max_binlog_stmt_cache_size max_connect_errors max_connections max_delayed_threads max_error_count \
    max_execution_time max_heap_table_size max_insert_delayed_threads max_join_size max_length_for_sort_data \
    max_points_in_geometry max_prepared_stmt_count max_relay_log_size max_seeks_for_key max_sort_length \
    max_sp_recursion_depth max_user_connections max_write_lock_count min_examined_row_limit myisam_data_pointer_size \
    myisam_max_sort_file_size myisam_sort_buffer_size myisam_stats_method myisam_use_mmap net_buffer_length \
    net_read_timeout net_retry_count net_write_timeout old_alter_table optimizer_prune_level optimizer_search_depth \
    optimizer_switch optimizer_trace optimizer_trace_features optimizer_trace_limit optimizer_trace_max_mem_size \
    optimizer_trace_offset parser_max_mem_size partial_revokes password_history password_require_current \
    password_reuse_interval performance_schema_show_processlist preload_buffer_size print_identified_with_as_hex \
    profiling_history_size query_alloc_block_size query_prealloc_size range_alloc_block_size range_optimizer_max_mem_size \
    read_buffer_size read_only read_rnd_buffer_size regexp_stack_limit regexp_time_limit relay_log_purge \
    replica_allow_batching replica_checkpoint_group replica_checkpoint_period replica_compressed_protocol \
    replica_exec_mode replica_max_allowed_packet replica_net_timeout replica_parallel_type replica_parallel_workers \
    replica_pending_jobs_size_max replica_preserve_commit_order replica_sql_verify_checksum replica_transaction_retries \
    replica_type_conversions require_row_format require_secure_transport restrict_fk_on_non_standard_key rpl_read_size \
    rpl_stop_replica_timeout rpl_stop_slave_timeout schema_definition_cache secondary_engine_cost_threshold \
    select_into_buffer_size select_into_disk_sync select_into_disk_sync_delay session_track_gtids session_track_schema \
    session_track_state_change session_track_system_variables session_track_transaction_info \
    show_create_table_skip_secondary_engine show_create_table_verbosity show_old_temporals slave_allow_batching \
    slave_checkpoint_group slave_checkpoint_period slave_compressed_protocol slave_exec_mode slave_max_allowed_packet \
    slave_net_timeout slave_parallel_type slave_parallel_workers slave_pending_jobs_size_max slave_preserve_commit_order \
    slave_sql_verify_checksum slave_transaction_retries slave_type_conversions slow_launch_time slow_query_log \
    sort_buffer_size source_verify_checksum sql_auto_is_null sql_big_selects sql_buffer_result \
    sql_generate_invisible_primary_key sql_mode sql_notes sql_quote_show_create sql_replica_skip_counter \
    sql_require_primary_key sql_safe_updates sql_select_limit sql_slave_skip_counter sql_warnings ssl_cipher \
    stored_program_cache stored_program_definition_cache super_read_only sync_binlog sync_master_info sync_relay_log \
    sync_relay_log_info sync_source_info table_definition_cache table_encryption_privilege_check table_open_cache \
    tablespace_definition_cache temptable_max_mmap temptable_max_ram temptable_use_mmap thread_cache_size time_zone \
    tls_ciphersuites tls_version tmp_table_size transaction_alloc_block_size transaction_isolation \
    transaction_prealloc_size transaction_read_only unique_checks updatable_views_with_limit wait_timeout \
    windowing_use_high_precision xa_detach_on_prepare";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_of_one_sort_and_in_its_place() {
        let of = |all: &'static str| all.split_ascii_whitespace().collect::<Vec<_>>();
        let (start, once) = (of(AT_START), of(AT_ONCE));
        for all in [&start, &once] {
            assert!(all.is_sorted() && all.len() > 100, "{}", all.len());
        }
        assert!(start.iter().all(|one| !once.contains(one)));
        for (name, when) in [
            ("innodb_buffer_pool_instances", TakesEffect::AtStart),
            ("gtid-mode", TakesEffect::AtStart),
            ("Max_Connections", TakesEffect::AtOnce),
            ("slow_query_log", TakesEffect::AtOnce),
            ("some_plugin_setting", TakesEffect::Unknown),
        ] {
            assert_eq!(takes_effect(name), when, "{name}");
        }
    }
}
