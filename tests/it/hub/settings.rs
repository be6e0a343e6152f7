//! Every setting has a test in which changing it changes behaviour: the table, and a check that it has no gap.
//! Knows names only.

use std::collections::BTreeSet;

use clap::CommandFactory;
use dondo::config::Flags;

use crate::tidy::tests_by_name;

/// A flag, and the test that changes it.
const SETTINGS: [(&str, &str); 36] = [
    ("listen", "it_listens_where_it_is_told_and_says_so"),
    ("namespaces", "namespaces_are_those_configured"),
    ("path", "the_endpoint_stands_where_the_path_says"),
    (
        "origins",
        "origins_say_which_pages_may_connect_and_refuse_an_upgrade_with_400",
    ),
    (
        "client-dist",
        "the_browser_client_comes_from_the_folder_that_is_given",
    ),
    ("workers", "it_has_as_many_workers_as_it_is_told"),
    ("room-threads", "it_has_as_many_room_threads_as_it_is_told"),
    ("grace", "a_shutdown_takes_its_grace_to_close_connections"),
    ("ping-interval", "the_ping_interval_says_when_pings_come"),
    (
        "ping-timeout",
        "the_ping_timeout_ends_a_connection_without_pong",
    ),
    (
        "upgrade-timeout",
        "an_upgrade_that_does_not_come_to_an_end_is_given_up_after_its_timeout",
    ),
    (
        "connect-timeout",
        "a_connection_that_joins_no_namespace_in_time_is_closed",
    ),
    ("max-payload", "a_message_may_have_so_many_bytes"),
    ("attachments-max", "a_packet_may_have_so_many_attachments"),
    (
        "attachments-timeout",
        "attachments_that_stay_away_too_long_end_the_connection",
    ),
    (
        "inbound-max",
        "a_session_may_have_so_many_messages_in_handling",
    ),
    ("outbox-bytes-max", "a_reader_owes_at_most_so_many_bytes"),
    ("outbox-count-max", "a_reader_owes_at_most_so_many_letters"),
    (
        "outbox-total-max",
        "all_readers_together_owe_at_most_so_many_bytes",
    ),
    (
        "stall-timeout",
        "a_reader_that_takes_nothing_for_so_long_is_closed",
    ),
    (
        "courier-backlog-max",
        "a_worker_may_owe_so_many_deliveries_before_rooms_wait_for_it",
    ),
    (
        "courier-stall",
        "rooms_wait_so_long_for_a_worker_before_they_go_on_without_it",
    ),
    (
        "echo",
        "without_echo_messages_skip_their_sender_and_join_events_do_not",
    ),
    ("name-bytes-max", "the_longest_name_is_a_setting"),
    ("channels-max", "the_channels_of_one_client_are_limited"),
    ("rooms-max", "the_rooms_of_one_client_are_limited"),
    ("room-scope", "with_a_strict_scope_a_room_needs_a_channel"),
    ("client-id", "kept_client_ids_are_the_clients_word"),
    (
        "strict-targets",
        "strict_targets_refuse_a_request_that_names_two",
    ),
    (
        "require-join-to-send",
        "where_a_join_is_required_strangers_may_not_send",
    ),
    (
        "require-channel-for-room",
        "where_a_channel_is_required_its_members_alone_join_its_rooms",
    ),
    (
        "rooms-default-access",
        "rooms_can_be_by_invitation_unless_their_maker_says_otherwise",
    ),
    (
        "presence-interval",
        "a_longer_interval_keeps_presence_events_back",
    ),
    (
        "presence-deliveries-per-s",
        "the_interval_grows_where_presence_would_be_too_many_deliveries",
    ),
    (
        "presence-online-users",
        "online_users_can_go_to_the_changed_channel_only",
    ),
    (
        "presence-join-events-up-to",
        "above_the_limit_of_join_events_only_the_newcomer_is_told_and_presence_informs_the_rest",
    ),
];

#[test]
fn each_setting_has_a_test_in_which_changing_it_changes_behaviour() {
    let listed: BTreeSet<_> = SETTINGS
        .iter()
        .map(|(flag, _)| (*flag).to_owned())
        .collect();
    let command = Flags::command();
    let flags = command.get_arguments().filter_map(|flag| flag.get_long());
    let flags: BTreeSet<_> = flags.map(str::to_owned).collect();
    assert_eq!(flags, listed);
    let tests = tests_by_name();
    for (flag, test) in SETTINGS {
        assert!(tests.contains(test), "--{flag}: there is no test {test}");
    }
}
