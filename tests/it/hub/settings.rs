//! Every setting has a test in which changing it changes behaviour: the table, and a check that it has no gap.
//! Knows names only.

use dondo::config::{Setting, Settings};

use crate::tidy::tests_by_name;

/// A setting, and the test that changes it.
const SETTINGS: [(&str, &str); 93] = [
    (
        "container",
        "the_image_listens_where_a_file_says_and_else_everywhere",
    ),
    (
        "dev",
        "a_room_is_crashed_by_its_password_under_dev_and_nowhere_else",
    ),
    ("listen", "it_listens_where_it_is_told_and_says_so"),
    ("namespaces", "namespaces_are_those_configured"),
    ("path", "the_endpoint_stands_where_the_path_says"),
    (
        "chat-hub",
        "the_chat_hub_stands_where_it_is_told_or_nowhere",
    ),
    (
        "origins",
        "origins_say_which_pages_may_connect_and_refuse_an_upgrade_with_400",
    ),
    (
        "client-dist",
        "the_browser_client_comes_from_the_folder_that_is_given",
    ),
    (
        "static-files",
        "a_folder_is_served_in_place_of_the_hubs_pages_and_never_of_its_endpoints",
    ),
    (
        "access-log",
        "each_request_is_a_line_once_it_is_answered_and_a_websocket_once_it_has_ended",
    ),
    ("workers", "it_has_as_many_workers_as_it_is_told"),
    ("room-threads", "it_has_as_many_room_threads_as_it_is_told"),
    (
        "grace",
        "a_shutdown_takes_of_its_grace_what_it_needs_to_close_connections_one_by_one",
    ),
    (
        "tls.certificate-file",
        "sighup_takes_a_new_certificate_and_keeps_the_old_one_where_the_new_is_broken",
    ),
    (
        "tls.key-file",
        "sighup_takes_a_new_certificate_and_keeps_the_old_one_where_the_new_is_broken",
    ),
    (
        "endpoints.websocket",
        "the_other_endpoints_stand_where_their_paths_say_or_nowhere",
    ),
    (
        "endpoints.events",
        "the_other_endpoints_stand_where_their_paths_say_or_nowhere",
    ),
    (
        "endpoints.echo",
        "the_other_endpoints_stand_where_their_paths_say_or_nowhere",
    ),
    (
        "engine.ping-interval",
        "the_ping_interval_says_when_pings_come",
    ),
    (
        "engine.ping-timeout",
        "the_ping_timeout_ends_a_connection_without_pong",
    ),
    (
        "engine.upgrade-timeout",
        "an_upgrade_that_does_not_come_to_an_end_is_given_up_after_its_timeout",
    ),
    (
        "engine.connect-timeout",
        "a_connection_that_joins_no_namespace_in_time_is_closed",
    ),
    (
        "engine.http-compression",
        "a_long_poll_is_compressed_for_who_asks_for_it",
    ),
    ("engine.max-payload", "a_message_may_have_so_many_bytes"),
    (
        "engine.subprotocols",
        "a_subprotocol_is_answered_with_the_clients_first",
    ),
    (
        "engine.packet-bytes-max",
        "a_packet_may_have_so_many_bytes_with_its_attachments",
    ),
    (
        "engine.attachments-max",
        "a_packet_may_have_so_many_attachments",
    ),
    (
        "engine.attachments-timeout",
        "attachments_that_stay_away_too_long_end_the_connection",
    ),
    (
        "limits.inbound-max",
        "a_session_may_have_so_many_messages_in_handling",
    ),
    (
        "delivery.outbox-bytes-max",
        "a_reader_owes_at_most_so_many_bytes",
    ),
    (
        "delivery.outbox-count-max",
        "a_reader_owes_at_most_so_many_letters",
    ),
    (
        "memory-max",
        "above_what_the_process_may_hold_the_one_who_holds_most_and_reads_nothing_is_closed",
    ),
    (
        "delivery.stall-timeout",
        "a_reader_that_takes_nothing_for_so_long_is_closed",
    ),
    (
        "delivery.courier-window",
        "a_worker_may_owe_so_many_deliveries_before_rooms_wait_for_it",
    ),
    (
        "delivery.courier-stall",
        "rooms_wait_so_long_for_a_worker_before_they_go_on_without_it",
    ),
    (
        "history.count",
        "a_room_keeps_as_many_letters_as_it_is_told_and_says_when_there_were_more",
    ),
    ("history.age", "letters_are_kept_as_long_as_is_said"),
    (
        "history.bytes",
        "all_rooms_together_keep_as_many_bytes_as_is_said",
    ),
    (
        "hub.echo",
        "without_echo_messages_skip_their_sender_and_join_events_do_not",
    ),
    ("hub.name-bytes-max", "the_longest_name_is_a_setting"),
    ("hub.channels-max", "the_channels_of_one_client_are_limited"),
    ("hub.rooms-max", "the_rooms_of_one_client_are_limited"),
    (
        "hub.room-scope",
        "with_a_strict_scope_a_room_needs_a_channel",
    ),
    (
        "insecure.keep-client-id",
        "kept_client_ids_are_the_clients_word",
    ),
    (
        "hub.strict-targets",
        "strict_targets_refuse_a_request_that_names_two",
    ),
    (
        "hub.require-join-to-send",
        "where_a_join_is_required_strangers_may_not_send",
    ),
    (
        "hub.require-channel-for-room",
        "where_a_channel_is_required_its_members_alone_join_its_rooms",
    ),
    (
        "hub.rooms-default-access",
        "rooms_can_be_by_invitation_unless_their_maker_says_otherwise",
    ),
    (
        "presence.interval",
        "a_longer_interval_keeps_presence_events_back",
    ),
    (
        "presence.deliveries-per-s",
        "the_interval_grows_where_presence_would_be_too_many_deliveries",
    ),
    (
        "presence.online-users",
        "online_users_can_go_to_the_changed_channel_only",
    ),
    (
        "presence.join-events-up-to",
        "above_the_limit_of_join_events_only_the_newcomer_is_told_and_presence_informs_the_rest",
    ),
    (
        "admin-listen",
        "numbers_are_for_operators_and_health_for_both",
    ),
    ("hosts", "a_rebound_name_opens_nothing"),
    (
        "trusted-proxies",
        "behind_a_trusted_proxy_the_clients_address_counts",
    ),
    (
        "log-format",
        "as_json_every_line_is_one_object_with_its_fields_apart",
    ),
    (
        "insecure.no-rate-limits",
        "what_is_saved_up_may_come_at_once_and_without_rate_limits_everything_may",
    ),
    (
        "limits.burst",
        "what_is_saved_up_may_come_at_once_and_without_rate_limits_everything_may",
    ),
    (
        "session-bytes-max",
        "a_session_that_holds_more_than_it_may_is_closed",
    ),
    (
        "engine.request-timeout",
        "a_second_head_that_never_ends_is_closed_and_idle_and_waiting_connections_are_not",
    ),
    (
        "limits.sessions-max",
        "a_full_server_refuses_and_lets_in_again",
    ),
    (
        "limits.address-sessions-max",
        "an_address_has_no_more_sessions_than_it_may_but_this_machine_has",
    ),
    (
        "limits.connection-sessions-max",
        "one_connection_opens_no_more_sessions_than_it_may",
    ),
    (
        "limits.address-bytes-max",
        "an_address_whose_sessions_hold_more_than_they_may_loses_the_one_that_asks_for_more",
    ),
    (
        "limits.unfinished-bytes-max",
        "too_much_of_messages_that_do_not_end_costs_the_one_who_sent_most",
    ),
    (
        "limits.address-handshakes-per-s",
        "an_address_makes_no_more_handshakes_than_it_may",
    ),
    (
        "limits.messages-per-s",
        "messages_of_a_session_beyond_their_rate_are_read_later",
    ),
    (
        "limits.address-messages-per-s",
        "messages_of_an_address_beyond_their_rate_are_read_later",
    ),
    (
        "limits.joins-per-s",
        "joins_of_a_session_beyond_their_rate_are_read_later",
    ),
    (
        "limits.address-joins-per-s",
        "joins_of_an_address_beyond_their_rate_are_read_later",
    ),
    (
        "limits.bytes-per-s",
        "bytes_of_a_session_beyond_their_rate_are_read_later",
    ),
    (
        "limits.address-bytes-per-s",
        "bytes_of_an_address_beyond_their_rate_are_read_later",
    ),
    (
        "limits.deliveries-per-s",
        "deliveries_that_a_session_causes_beyond_their_rate_hold_it_back",
    ),
    (
        "limits.address-deliveries-per-s",
        "deliveries_that_an_address_causes_beyond_their_rate_hold_it_back",
    ),
    (
        "limits.account-sessions-max",
        "an_account_has_so_many_clients_over_every_protocol",
    ),
    (
        "limits.account-messages-per-s",
        "messages_of_an_account_beyond_their_rate_are_read_later",
    ),
    (
        "hub.slow-mode",
        "in_slow_mode_a_member_waits_between_its_messages",
    ),
    (
        "hub.channel-capacity",
        "a_channel_takes_as_many_members_as_it_may",
    ),
    ("auth.secret-file", "a_secret_knows_its_tokens"),
    (
        "auth.public-key-file",
        "a_public_key_knows_the_tokens_of_its_kind",
    ),
    ("auth.jwks-file", "a_set_of_keys_knows_the_tokens_of_each"),
    (
        "auth.jwks-url",
        "keys_of_an_address_know_their_tokens_and_follow_it",
    ),
    (
        "auth.jwks-refresh",
        "an_address_is_asked_in_time_and_no_more_than_once_a_minute",
    ),
    ("auth.guests", "guests_come_in_where_the_setting_says_so"),
    ("auth.issuer", "the_settings_say_what_is_read_of_a_token"),
    ("auth.audience", "the_settings_say_what_is_read_of_a_token"),
    (
        "auth.account-claim",
        "the_settings_say_what_is_read_of_a_token",
    ),
    (
        "auth.name-claim",
        "the_settings_say_what_is_read_of_a_token",
    ),
    ("auth.leeway", "the_settings_say_what_is_read_of_a_token"),
    (
        "api.keys-file",
        "there_is_an_api_where_there_are_keys_and_nowhere_else",
    ),
    (
        "api.public",
        "clients_listener_has_the_api_where_it_is_told_to",
    ),
    (
        "admin.password-file",
        "there_is_a_view_where_there_is_a_password_and_nowhere_else",
    ),
    (
        "admin.viewer-password-file",
        "who_has_the_viewers_password_looks_and_changes_nothing",
    ),
];

#[test]
fn each_setting_has_a_test_in_which_changing_it_changes_behaviour() {
    let read = SETTINGS.iter().map(|(name, _)| *name);
    let mut listed: Vec<_> = read.map(str::to_owned).collect();
    let mut names: Vec<_> = Settings::table().map(Setting::name).collect();
    listed.sort();
    names.sort();
    assert_eq!(names, listed);
    let tests = tests_by_name();
    for (name, test) in SETTINGS {
        assert!(tests.contains(test), "{name}: there is no test {test}");
    }
}
