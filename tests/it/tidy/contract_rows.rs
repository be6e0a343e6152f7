//! Every decision of the contract's parts 2 to 6 with the name of its test: a gap fails the build.
//! Knows names only; that a test shows what its row says is for readers to judge.
//! Over 400 lines: a table, whose rows the formatter breaks into five lines each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Section, decision, test.
const ROWS: &[(&str, &str, &str)] = &[
    (
        "2.1",
        "an object is the payload",
        "an_object_is_the_payload",
    ),
    (
        "2.1",
        "a string that parses as an object is the payload",
        "a_string_that_parses_as_an_object_is_the_payload",
    ),
    (
        "2.1",
        "a string with a brace that does not parse",
        "a_string_with_a_brace_that_does_not_parse_is_bad_for_commands_and_text_for_messages",
    ),
    (
        "2.1",
        "any other string is a name or a text",
        "any_other_string_is_the_name_or_the_text",
    ),
    (
        "2.1",
        "a number is a name or the message",
        "a_number_is_the_name_or_the_message",
    ),
    (
        "2.1",
        "array and boolean",
        "arrays_and_booleans_are_bad_for_commands_and_the_message_itself",
    ),
    (
        "2.1",
        "none and null",
        "nothing_and_null_leave_a_command_to_its_second_argument_and_are_no_message",
    ),
    (
        "2.1",
        "binary",
        "binary_is_bad_for_commands_and_the_message_itself",
    ),
    (
        "2.1",
        "the table as commands, over sockets",
        "every_form_of_a_first_argument_is_a_command_as_the_table_says",
    ),
    (
        "2.1",
        "the table as messages, over sockets",
        "every_form_of_a_first_argument_is_a_message_as_the_table_says",
    ),
    (
        "2.1",
        "keys in any case, exact spelling first",
        "keys_are_found_in_any_case_exact_spelling_first",
    ),
    (
        "2.1",
        "null and the empty string are absent",
        "null_and_the_empty_string_count_as_absent",
    ),
    (
        "2.1",
        "aliases",
        "aliases_stand_in_for_the_fields_they_are_aliases_of",
    ),
    (
        "2.1",
        "source.room is known and optional",
        "source_room_is_there_only_where_it_was_sent",
    ),
    ("2.1", "flat form", "the_flat_form_is_read_as_data"),
    (
        "2.1",
        "an object with no known field is the message",
        "an_object_with_no_known_field_is_the_message_as_a_whole",
    ),
    (
        "2.1",
        "an object with everyday words for keys is the message",
        "an_object_with_neither_data_nor_message_is_the_message_if_anything_of_it_would_be_lost",
    ),
    (
        "2.1",
        "a source that is no object is bad_payload",
        "a_source_that_is_no_object_is_bad_where_it_is_not_part_of_the_message",
    ),
    (
        "2.1",
        "nothing that was sent is lost",
        "beside_a_data_object_flat_fields_are_unknown_fields_and_not_lost",
    ),
    (
        "2.1",
        "attachments anywhere",
        "binary_passes_through_wherever_it_stands",
    ),
    (
        "2.1",
        "arguments after the second are ignored",
        "arguments_after_the_second_are_ignored",
    ),
    (
        "2.1",
        "data that is no object is the message",
        "data_that_is_no_object_is_the_message",
    ),
    (
        "2.1",
        "integer names fit i64",
        "numbers_beyond_64_bits_or_with_a_fraction_are_invalid",
    ),
    (
        "2.1",
        "deeper than 60 is bad_payload, the connection stays",
        "json_nested_too_deep_is_bad_payload_and_the_connection_stays",
    ),
    (
        "2.1",
        "messages travel as raw text",
        "messages_travel_as_the_raw_text_that_was_sent",
    ),
    (
        "2.2",
        "one object, the same for all",
        "all_recipients_get_the_same_one_object_with_every_known_field",
    ),
    (
        "2.2",
        "known fields are null where nothing was given",
        "known_fields_stand_in_order_and_are_null_where_nothing_was_given",
    ),
    (
        "2.2",
        "a missing or null message is the empty string",
        "a_missing_or_null_message_is_the_empty_string",
    ),
    (
        "2.2",
        "roomId and roomChannel are the resolved ones",
        "room_and_channel_are_the_resolved_ones_and_null_without",
    ),
    (
        "2.2",
        "time as sent, else the server's",
        "time_is_as_sent_or_the_servers",
    ),
    ("2.2", "clientId is stamped", "nobody_can_speak_as_another"),
    (
        "2.2",
        "setting client_id",
        "kept_client_ids_are_the_clients_word",
    ),
    (
        "2.2",
        "source.channel",
        "source_channel_is_the_resolved_one_else_as_sent_else_null",
    ),
    (
        "2.2",
        "the token's name replaces userName",
        "with_somebody_logged_in_the_accounts_name_replaces_the_clients_word",
    ),
    (
        "2.2",
        "verified is the hub's word alone",
        "who_is_logged_in_is_told_from_who_says_so_over_every_protocol",
    ),
    (
        "2.2",
        "unknown fields keep name and value",
        "unknown_fields_keep_place_name_and_raw_value",
    ),
    (
        "2.2",
        "a guide payload comes back deeply equal, its id kept",
        "a_guide_payload_comes_back_deeply_equal_with_its_unknown_fields",
    ),
    (
        "2.2",
        "plus only on joins and leaves, counting the letter's address",
        "plus_is_on_join_and_leave_events_and_counts_the_address_of_the_letter",
    ),
    (
        "2.2",
        "no argument behind the object",
        "every_call_of_the_guides_reaches_whom_its_row_names_as_its_row_says",
    ),
    (
        "2.2",
        "dialect=dotnet by query",
        "the_dialect_asked_for_in_the_query_gives_the_dotnet_guides_own_classes",
    ),
    (
        "2.2",
        "dialect=dotnet by auth",
        "the_dialect_asked_for_in_auth_gives_the_dotnet_guides_own_classes",
    ),
    (
        "2.3",
        "length in bytes",
        "a_name_has_1_to_the_limit_of_bytes_not_characters",
    ),
    (
        "2.3",
        "control characters and outer white space",
        "control_characters_and_outer_white_space_are_invalid",
    ),
    (
        "2.3",
        "characters that cannot be seen",
        "no_name_has_a_twin_that_looks_the_same",
    ),
    (
        "2.3",
        "joiners and selectors that have a use",
        "letters_that_nobody_sees_stand_where_they_have_a_use",
    ),
    (
        "2.3",
        "invalid_name over sockets",
        "a_name_that_breaks_a_rule_is_invalid_as_channel_and_as_room",
    ),
    (
        "2.3",
        "integers, byte for byte",
        "names_are_compared_byte_for_byte_and_an_integer_is_its_decimal_string",
    ),
    (
        "2.3",
        "three spaces",
        "channels_rooms_and_socket_ids_are_three_spaces",
    ),
    (
        "2.3",
        "a socket id is no room",
        "a_client_is_reached_by_its_id_and_not_by_a_room_of_that_name",
    ),
    (
        "2.2",
        "encoded at most twice",
        "a_dotnet_client_gets_the_guides_classes_and_a_message_is_encoded_at_most_twice",
    ),
    (
        "2.4",
        "join-channel and leave-channel",
        "a_channel_is_named_by_data_then_the_second_argument_then_the_bare_name_then_source",
    ),
    (
        "2.4",
        "leave with none: the only channel",
        "leave_channel_without_a_name_means_the_only_joined_one",
    ),
    (
        "2.4",
        "channel message: the event's name",
        "a_message_goes_to_the_channel_of_its_event_whatever_else_it_names",
    ),
    (
        "2.4",
        "rooms",
        "a_room_is_named_by_data_then_the_second_argument_then_the_bare_name_then_source",
    ),
    (
        "2.4",
        "notify-room knows no bare name",
        "a_string_to_notify_room_is_text_and_names_nothing",
    ),
    (
        "2.4",
        "the room's channel",
        "a_rooms_channel_is_named_by_data_then_source_then_the_only_joined_one",
    ),
    (
        "2.4",
        "strict_targets",
        "strict_targets_refuse_a_request_that_names_two",
    ),
    (
        "3",
        "join-channel reaches all members, the newcomer too",
        "a_join_reaches_all_members_the_newcomer_too",
    ),
    (
        "3",
        "then online-users",
        "online_users_is_a_message_of_the_server_to_everybody_in_any_channel",
    ),
    (
        "3",
        "joining again",
        "joining_again_is_answered_and_told_to_nobody",
    ),
    (
        "3",
        "any event is a message; the sender need not be a member",
        "any_event_is_a_message_to_the_channel_of_its_name_from_members_and_strangers",
    ),
    (
        "3",
        "require_join_to_send",
        "where_a_join_is_required_strangers_may_not_send",
    ),
    (
        "3",
        "the host's handler first, its events reserved",
        "events_with_a_handler_of_the_host_are_no_channels",
    ),
    (
        "3",
        "no members: recipients 0, no state",
        "a_message_to_nobody_has_no_recipients_and_leaves_nothing_behind",
    ),
    (
        "3",
        "a join again under another name names the seat",
        "joining_again_under_a_name_names_the_seat",
    ),
    (
        "3",
        "the first name in messages names a seat that has none",
        "the_first_name_in_a_channels_messages_names_a_seat_that_has_none",
    ),
    (
        "3",
        "leave-channel reaches those who stay; again: already",
        "a_leave_reaches_those_who_stay_and_not_the_leaver",
    ),
    (
        "3",
        "the channel's rooms are left with it",
        "leaving_a_channel_leaves_its_rooms_and_no_others",
    ),
    ("3", "join-room: the id is required", "a_room_must_be_named"),
    (
        "3",
        "join-room, then room-online-users",
        "a_join_makes_the_room_and_reaches_its_members_and_then_presence_does",
    ),
    (
        "3",
        "being in the channel is not required",
        "being_in_the_channel_of_a_room_is_not_required",
    ),
    (
        "3",
        "require_channel_for_room",
        "where_a_channel_is_required_its_members_alone_join_its_rooms",
    ),
    (
        "3",
        "capacity: room_full, free again, a later one is ignored",
        "a_room_for_two_refuses_the_third_and_is_free_again_after_a_leave_or_a_disconnect",
    ),
    (
        "3",
        "capacity counts matching seats",
        "a_capacity_counts_the_seats_that_match_the_joiners_address",
    ),
    (
        "3",
        "access invite; sending and presence need a seat",
        "a_room_by_invitation_takes_the_invited_only_and_hides_from_others",
    ),
    (
        "3",
        "access belongs to the room until it is empty",
        "access_belongs_to_the_room_until_it_is_empty",
    ),
    (
        "3.1",
        "a policy belongs to its address",
        "who_makes_a_room_in_a_channel_of_its_own_has_no_say_in_that_of_another_channel",
    ),
    (
        "3.1",
        "an owner's command reaches seats under its own address",
        "one_who_is_sent_out_of_one_channels_room_keeps_its_others",
    ),
    (
        "3.1",
        "room_exists; a private room without a channel closes its id",
        "privacy_that_cannot_be_had_is_refused_and_that_of_all_channels_is_told",
    ),
    (
        "3.1",
        "sending without a channel",
        "who_speaks_without_a_channel_needs_a_seat_in_every_private_address",
    ),
    (
        "3",
        "limit_reached for invitations",
        "invitations_beyond_those_of_a_room_or_of_one_client_are_refused",
    ),
    (
        "3",
        "rooms.default_access",
        "rooms_can_be_by_invitation_unless_their_maker_says_otherwise",
    ),
    (
        "3",
        "invite-room",
        "an_owner_invites_and_the_members_are_told",
    ),
    (
        "3",
        "kick-room",
        "an_owner_sends_a_member_out_and_the_invitation_ends",
    ),
    (
        "3",
        "lock-room",
        "a_locked_room_takes_nobody_until_it_is_opened",
    ),
    (
        "3",
        "access token, where no key is configured",
        "rooms_by_token_are_forbidden_while_no_key_is_configured",
    ),
    (
        "3",
        "access token: the join carries a token with the room's name",
        "a_room_by_token_opens_to_its_token_alone",
    ),
    (
        "3",
        "an owner who leaves hands over",
        "an_owner_who_leaves_hands_over_to_the_longest_seated_member",
    ),
    (
        "3",
        "notify-room keeps its name, sender included",
        "a_notify_keeps_its_event_name_and_reaches_members_and_sender_once",
    ),
    (
        "3",
        "leave-room without a channel",
        "leave_room_without_a_channel_drops_every_seat_and_lists_them",
    ),
    (
        "3",
        "leave-room with a channel",
        "leave_room_with_a_channel_drops_that_seat_and_the_one_in_none",
    ),
    (
        "3",
        "leave-room tells those who stay, and presence",
        "those_who_stay_in_a_room_are_told_of_the_leave_and_who_is_left",
    ),
    (
        "3",
        "disconnect leaves everything once",
        "a_lost_client_leaves_everything_once_with_the_source_of_its_joins",
    ),
    (
        "3",
        "a DISCONNECT packet is a disconnect",
        "a_disconnect_packet_leaves_as_a_lost_connection_does",
    ),
    (
        "3.1",
        "the matching rule",
        "addresses_match_when_ids_are_equal_and_channels_are_equal_or_either_is_none",
    ),
    (
        "3.1",
        "counts and lists",
        "counts_and_lists_follow_the_same_rule",
    ),
    (
        "3.1",
        "in whatever order they come",
        "a_room_in_one_channel_is_found_by_those_who_name_none_in_whatever_order_they_come",
    ),
    (
        "3.1",
        "leave-room is not narrowed",
        "leave_room_is_not_narrowed_to_the_only_joined_channel",
    ),
    (
        "3.1",
        "both guides meet",
        "a_room_goes_to_the_only_channel_joined_in_both_guides",
    ),
    (
        "3.1",
        "room_scope flat",
        "with_a_flat_scope_channels_do_not_tell_rooms_apart",
    ),
    (
        "3.1",
        "room_scope strict",
        "with_a_strict_scope_a_room_needs_a_channel",
    ),
    (
        "3.2",
        "reserved_name on joining and emitting; rooms may",
        "reserved_names_are_never_channels_but_may_be_rooms",
    ),
    (
        "3.2",
        "hand-made events close the connection",
        "an_event_that_only_a_hand_made_client_can_send_closes_its_connection",
    ),
    ("4.1", "echo is on", "a_sender_gets_its_own_messages"),
    (
        "4.1",
        "echo off: messages only",
        "without_echo_messages_skip_their_sender_and_join_events_do_not",
    ),
    (
        "4.2",
        "verified stands in lists of users, too",
        "comings_goings_and_presence_tell_a_guest_from_an_account",
    ),
    (
        "4.2",
        "online-users is a Message of the server",
        "online_users_is_a_message_of_the_server_with_counts_by_channel",
    ),
    (
        "4.2",
        "distinct clients",
        "distinct_clients_are_counted_not_memberships",
    ),
    (
        "4.2",
        "at most 100 channels, changed first, then the largest",
        "at_most_100_channels_are_listed_the_changed_one_first_then_the_largest",
    ),
    (
        "4.2",
        "truncated",
        "online_users_lists_at_most_100_channels_and_says_so",
    ),
    (
        "4.2",
        "at most 4 KB",
        "no_presence_event_is_longer_than_4_kb",
    ),
    (
        "4.2",
        "what one client makes and leaves is paced",
        "ever_new_channels_of_one_client_cause_no_more_events_than_the_pace_allows",
    ),
    (
        "4.2",
        "at once to the newcomer",
        "the_newcomer_is_told_at_once_and_the_others_later",
    ),
    (
        "4.2",
        "once an interval, the last state always",
        "a_burst_of_joins_is_told_at_most_once_an_interval_and_ends_with_the_last_state",
    ),
    (
        "4.2",
        "deliveries_per_s",
        "the_interval_grows_where_presence_would_be_too_many_deliveries",
    ),
    (
        "4.2",
        "online_users = channel",
        "online_users_can_go_to_the_changed_channel_only",
    ),
    ("4.2", "online_users = off", "online_users_can_be_off"),
    (
        "4.2",
        "without the right, of nobody",
        "who_may_not_know_who_is_there_is_told_of_itself",
    ),
    (
        "4.2",
        "on leaves and disconnects too",
        "leaves_and_disconnects_are_told_as_joins_are",
    ),
    (
        "4.2",
        "room-online-users",
        "room_online_users_lists_members_and_their_names_to_the_room_alone",
    ),
    (
        "4.2",
        "at most 100 users",
        "a_room_lists_at_most_100_of_its_members_and_no_more_than_fit_4_kb",
    ),
    (
        "4.2",
        "join_events_up_to",
        "above_the_limit_of_join_events_only_the_newcomer_is_told_and_presence_informs_the_rest",
    ),
    (
        "4.3",
        "success has only its fields",
        "a_success_sends_only_the_fields_that_were_given",
    ),
    (
        "4.3",
        "recipients on messages",
        "a_message_ack_tells_its_recipients",
    ),
    (
        "4.3",
        "ack or hub-error, never both, never a disconnect",
        "a_failure_is_told_in_the_ack_or_as_hub_error_and_never_both",
    ),
    (
        "4.3",
        "bad_payload … forbidden, limit_reached",
        "every_failure_has_its_code_in_the_ack",
    ),
    (
        "4.3",
        "target_mismatch",
        "strict_targets_refuse_a_request_that_names_two",
    ),
    (
        "4.3",
        "not_member",
        "where_a_join_is_required_strangers_may_not_send",
    ),
    (
        "4.3",
        "internal",
        "a_crash_of_the_hub_is_an_internal_failure_without_details_and_the_client_stays",
    ),
    (
        "4.3",
        "order",
        "what_one_client_sends_to_one_target_arrives_in_that_order_at_everyone",
    ),
    (
        "5",
        "own channels, rooms and presence",
        "each_namespace_has_its_own_channels_rooms_and_presence",
    ),
    (
        "5",
        "a configured list, else CONNECT_ERROR",
        "a_namespace_that_is_not_configured_is_refused_as_node_does",
    ),
    (
        "5",
        "namespaces share a connection",
        "namespaces_share_a_connection_and_each_leaves_by_itself",
    ),
    (
        "5",
        "auth comes in CONNECT",
        "with_somebody_logged_in_the_accounts_name_replaces_the_clients_word",
    ),
    (
        "5",
        "socket ids",
        "socket_ids_have_20_characters_and_are_new_for_every_connection_and_namespace",
    ),
    (
        "5",
        "/ns does not join /",
        "a_connect_to_another_namespace_does_not_join_the_main_one",
    ),
    ("6", "max_payload", "a_message_may_have_so_many_bytes"),
    ("6", "names", "the_longest_name_is_a_setting"),
    (
        "6",
        "256 channels",
        "the_channels_of_one_client_are_limited",
    ),
    ("6", "256 rooms", "the_rooms_of_one_client_are_limited"),
    (
        "6",
        "presence.interval",
        "a_longer_interval_keeps_presence_events_back",
    ),
    ("6", "namespaces", "namespaces_are_those_configured"),
    (
        "6",
        "cors.origins; a refused upgrade gets 400 Forbidden",
        "origins_say_which_pages_may_connect_and_refuse_an_upgrade_with_400",
    ),
    (
        "6",
        "units; a bare number is refused",
        "a_bare_number_is_refused_where_a_unit_is_meant",
    ),
    (
        "6",
        "no gap in the settings",
        "each_setting_has_a_test_in_which_changing_it_changes_behaviour",
    ),
];

/// Rows that each section has: one that goes missing is noticed.
const COUNTS: [(&str, usize); 12] = [
    ("2.1", 25),
    ("2.2", 17),
    ("2.3", 8),
    ("2.4", 7),
    ("3", 33),
    ("3.1", 11),
    ("3.2", 2),
    ("4.1", 2),
    ("4.2", 17),
    ("4.3", 8),
    ("5", 6),
    ("6", 9),
];

#[test]
fn every_decision_of_the_contract_has_its_test() {
    let tests = tests_by_name();
    for (section, decision, test) in ROWS {
        assert!(
            tests.contains(*test),
            "{section}, {decision}: there is no test {test}"
        );
    }
    let mut counts = BTreeMap::new();
    ROWS.iter()
        .for_each(|(section, ..)| *counts.entry(*section).or_insert(0) += 1);
    assert_eq!(counts, BTreeMap::from(COUNTS));
}

/// The names of all tests in the sources.
pub fn tests_by_name() -> BTreeSet<String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    for folder in ["src", "actors/src", "actors/tests", "tests/it"] {
        collect(&top.join(folder), &mut names);
    }
    assert!(names.len() > 300, "only {} tests were found", names.len());
    names
}

fn collect(path: &Path, names: &mut BTreeSet<String>) {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap();
        return entries.for_each(|entry| collect(&entry.unwrap().path(), names));
    }
    if path.extension().is_none_or(|ending| ending != "rs") {
        return;
    }
    let text = fs::read_to_string(path).unwrap();
    // Tests that run in both forms of a server stand in a list.
    for list in text.split("in_both_forms!(").skip(1) {
        let listed = list.split(");").next().unwrap_or_default().split(',');
        names.extend(listed.map(|name| name.trim().to_owned()));
    }
    // Some are lines of a macro that makes a test of each.
    for list in text.split("conversations! {\n").skip(1) {
        let lines = list.lines().take_while(|line| *line != "}");
        let listed = lines.filter_map(|line| line.split_once(": Kind::"));
        names.extend(listed.map(|(name, _)| name.trim().to_owned()));
    }
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        match line
            .strip_prefix("async fn ")
            .or_else(|| line.strip_prefix("fn "))
        {
            Some(rest) if marked => {
                names.extend(rest.split('(').next().map(str::to_owned));
                marked = false;
            }
            _ => marked = marked && line.starts_with("#[") || is_test_mark(line),
        }
    }
}

/// `#[test]` and `#[actix_rt::test]` and the like.
fn is_test_mark(line: &str) -> bool {
    line == "#[test]" || line.starts_with("#[") && line.contains("::test")
}
