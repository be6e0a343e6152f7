//! Every row of the wire reference's sections 1, 3 and 9, and the test that holds it, or why none does. A row whose test
//! was renamed or taken away fails here. Knows tests by name only.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// How many rows were counted in each section of the reference.
const COUNTED: [(&str, usize); 17] = [
    ("1.1", 12),
    ("1.2", 10),
    ("1.3", 9),
    ("1.4", 21),
    ("1.5", 10),
    ("1.6", 11),
    ("1.7", 15),
    ("1.8", 11),
    ("1.9", 3),
    ("1.10", 1),
    ("1.11", 10),
    ("3", 35),
    ("3.1", 5),
    ("3.2", 15),
    ("3.3", 6),
    ("3.4", 3),
    ("9", 16),
];

#[test]
fn every_row_of_the_wire_reference_has_its_test() {
    let mut counts = BTreeMap::new();
    for (section, row, holds) in rows() {
        *counts.entry(section).or_insert(0) += 1;
        if holds.strip_prefix("out of scope: ").is_none() {
            assert!(is_test(holds), "{section} {row}: there is no test {holds}");
        }
    }
    assert_eq!(counts, BTreeMap::from(COUNTED));
}

#[test]
fn every_test_of_the_wire_stands_in_the_table() {
    for folder in ["engine", "socketio"] {
        for file in fs::read_dir(here().join(folder)).unwrap() {
            let path = file.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            for name in tests(&fs::read_to_string(&path).unwrap()) {
                let full = format!("{folder}::{stem}::{name}");
                let in_a_row = rows().any(|(_, _, holds)| holds == full);
                let beside = BESIDE.contains(&full.as_str());
                assert!(in_a_row || beside, "{full} holds no row");
                assert!(
                    !(in_a_row && beside),
                    "{full} holds a row: it is not beside them"
                );
            }
        }
    }
}

#[test]
fn every_test_beside_the_rows_is_there() {
    for name in BESIDE {
        assert!(is_test(name), "there is no test {name}");
    }
}

/// The table's lines: section, row, and the test or `out of scope: ` with the reason.
fn rows() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    ROWS.trim().lines().map(|line| {
        let mut columns = line.split(" | ");
        let row = (
            columns.next().unwrap(),
            columns.next().unwrap(),
            columns.next().unwrap(),
        );
        assert_eq!(columns.next(), None, "{line}");
        row
    })
}

fn here() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it")
}

fn is_test(name: &str) -> bool {
    let mut parts = name.split("::");
    let (Some(folder), Some(file), Some(test), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let source = fs::read_to_string(here().join(folder).join(format!("{file}.rs")));
    source.is_ok_and(|source| tests(&source).iter().any(|found| found == test))
}

/// The names of a file's tests: those marked, and those that are run in both forms.
fn tests(source: &str) -> Vec<String> {
    let both = source
        .split("in_both_forms!(")
        .skip(1)
        .filter_map(|rest| rest.split_once(");"))
        .flat_map(|(list, _)| {
            list.split(',')
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty())
        });
    let marked = source
        .split("#[test]\nfn ")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('(')?.0.to_owned()));
    both.chain(marked).collect()
}

/// Tests of what the reference does not say, or of the contract's part 1.
const BESIDE: [&str; 25] = [
    "engine::upgrade::frames_that_mean_nothing_while_it_probes_cost_the_websocket_only",
    "engine::upgrade::a_post_that_waits_to_be_handed_on_comes_before_the_websocket",
    "engine::static_client::the_pages_own_files_are_compressed_too",
    "engine::polling::one_poll_takes_no_more_than_its_share_and_the_next_ones_the_rest",
    "engine::contract::an_upgrade_without_a_probe_and_without_a_get_gets_what_was_queued",
    "engine::contract::a_text_cut_inside_a_character_is_joined_before_it_is_checked",
    "engine::contract::a_cache_buster_that_repeats_means_nothing",
    "engine::contract::a_bare_close_1000_is_answered_and_frees_the_session",
    "engine::switch::a_close_is_answered",
    "engine::switch::a_subprotocol_is_answered_with_the_clients_first",
    "engine::upgrade::many_sessions_upgrade_at_once_on_several_workers",
    "engine::handshake::without_the_slash_at_its_end_the_endpoint_is_the_same",
    "engine::handshake::a_hundred_parameters_open_a_session",
    "engine::origins::a_cache_keeps_answers_to_pages_of_different_origins_apart",
    "socketio::binary::each_attachment_may_be_as_long_as_a_message",
    "socketio::binary::empty_and_large_attachments_come_through",
    "socketio::connect::an_unknown_namespace_with_a_long_name_is_invalid_and_costs_nothing_else",
    "socketio::connect::events_wait_until_the_connect_handler_is_done",
    "socketio::connect::a_member_that_leaves_does_not_start_the_clock_again",
    "socketio::connect::an_endpoint_without_namespaces_has_no_time_limit",
    "socketio::leaving::a_namespace_that_was_left_can_be_joined_again",
    "socketio::acks::a_handler_that_asks_after_a_large_packet_is_answered",
    "socketio::packets::half_a_surrogate_in_an_events_name_costs_no_connection",
    "socketio::packets::one_connection_carries_several_namespaces",
    "socketio::violations::attachments_that_stay_away_close",
];

/// The rows, section by section as in the reference.
const ROWS: &str = r#"
1.1 | packets are one digit and data | engine::packets::text_is_a_digit_and_data_on_both_transports
1.1 | text is UTF-8 anywhere | engine::packets::text_is_a_digit_and_data_on_both_transports
1.1 | binary on a websocket is data only | engine::packets::binary_on_a_websocket_is_data_without_a_type_byte
1.1 | binary in polling is b and padded base64 | engine::packets::binary_in_polling_is_b_and_padded_base64
1.1 | a lax base64 decoder | engine::packets::bad_base64_is_read_as_far_as_it_goes
1.1 | a text frame with b is binary | engine::packets::a_websocket_text_that_begins_with_b_is_binary
1.1 | packets of a body are joined by 0x1E | engine::packets::packets_of_one_body_are_joined_by_the_separator_alone
1.1 | no packet: parse error, session closed (polling) | engine::packets::what_is_no_packet_closes_a_polling_session
1.1 | no packet: parse error, session closed (websocket) | engine::packets::what_is_no_packet_closes_a_websocket
1.1 | packets before the bad one count, later ones do not | engine::packets::packets_before_a_bad_one_are_delivered_and_those_behind_it_are_not
1.1 | an empty binary frame is legal | engine::packets::binary_on_a_websocket_is_data_without_a_type_byte
1.1 | 0, 5, 6 and stray 3 are ignored | engine::packets::packets_that_only_servers_send_are_ignored
1.2 | polling handshake, five keys in order | engine::handshake::a_handshake_gives_the_five_keys_in_order
1.2 | the keys tell the settings | engine::handshake::the_open_packet_tells_the_settings
1.2 | other parameters are allowed and kept as handshake query | engine::handshake::other_parameters_are_allowed_and_kept
1.2 | websocket handshake: same JSON as first frame | engine::handshake::a_websocket_begins_with_the_same_packet_and_no_upgrades
1.2 | upgrades is [] on a websocket | engine::handshake::a_websocket_begins_with_the_same_packet_and_no_upgrades
1.2 | upgrades is [] where upgrades are switched off | out of scope: there is no such setting
1.2 | sid: 20 URL-safe characters, all fresh | engine::handshake::ids_are_20_url_safe_characters_and_never_repeat
1.2 | socket ids are never the sid | socketio::connect::socket_ids_are_not_the_sessions_id_and_differ_by_namespace
1.2 | initialPacket | out of scope: no such setting
1.2 | open and what is queued already share a body | out of scope: nothing is queued before the open packet without initialPacket
1.3 | GET with data: status and headers | engine::polling::a_get_is_answered_with_packets_as_plain_text
1.3 | POST accepted: status and headers | engine::polling::a_post_is_answered_with_ok_as_html
1.3 | other method: 500, session survives | engine::polling::another_method_gets_500_and_the_session_goes_on
1.3 | a GET waits for a packet | engine::polling::a_get_waits_until_there_is_a_packet
1.3 | all that is queued goes in one body | engine::polling::all_that_is_queued_goes_in_one_body
1.3 | no size cap outward | engine::polling::a_body_toward_the_client_has_no_limit
1.3 | X-XSS-Protection | out of scope: for browsers that no longer exist
1.3 | HTTP compression | engine::polling::a_long_poll_is_compressed_for_who_asks_for_it
1.3 | Set-Cookie on the handshake | out of scope: no cookies are set
1.4 | body and type of a refusal | engine::refusals::a_refusal_is_json_with_its_code
1.4 | order of the checks | engine::refusals::the_checks_come_in_the_order_of_the_list
1.4 | path not matched is left to the host | engine::refusals::another_path_is_left_to_the_host
1.4 | 3: engine middleware failed | out of scope: there are no engine middlewares
1.4 | 0: transport | engine::refusals::a_refusal_is_json_with_its_code
1.4 | 3: illegal Origin | engine::refusals::a_refusal_is_json_with_its_code
1.4 | 1: unknown sid | engine::refusals::a_refusal_is_json_with_its_code
1.4 | 3: another transport than the session's | engine::refusals::a_session_on_a_websocket_is_not_polled
1.4 | 2: handshake not by GET | engine::refusals::a_refusal_is_json_with_its_code
1.4 | 3: websocket without Upgrade | engine::refusals::a_refusal_is_json_with_its_code
1.4 | 4: allowRequest (here: the origins setting), handshakes only | engine::origins::a_page_that_is_not_listed_gets_no_headers_and_no_session
1.4 | 5: not EIO=4 | engine::refusals::a_refusal_is_json_with_its_code
1.4 | 3: custom id generator | out of scope: no such setting
1.4 | second GET | engine::refusals::a_second_get_ends_the_session
1.4 | second POST | engine::refusals::a_second_post_ends_the_session
1.4 | octet-stream POST | engine::refusals::a_binary_post_ends_the_session
1.4 | 413, session survives | engine::refusals::a_body_over_the_limit_is_413_and_the_session_goes_on
1.4 | 413 for a chunked body | engine::refusals::a_chunked_body_over_the_limit_is_413_and_the_session_goes_on
1.4 | compression failure | out of scope: it is made in memory, and what fails goes as it is
1.4 | parse error, empty POST, wrong heartbeat: 400 and gone | engine::refusals::an_empty_post_and_a_clients_ping_end_the_session
1.4 | aborted GET closes at once | engine::refusals::an_aborted_get_ends_the_session
1.5 | refused before the switch in plain text | engine::switch::a_refused_upgrade_is_plain_text_before_the_switch
1.5 | always 400, also Forbidden | engine::switch::a_refused_upgrade_is_plain_text_before_the_switch
1.5 | unsupported EIO before the 101 | engine::switch::a_refused_upgrade_is_plain_text_before_the_switch
1.5 | transport=polling before the 101 | engine::switch::a_refused_upgrade_is_plain_text_before_the_switch
1.5 | sid already upgrading or upgraded: 101 and close | engine::switch::a_session_takes_one_websocket_and_further_ones_are_closed
1.5 | engine middleware ends an upgrade | out of scope: there are no engine middlewares
1.5 | closes carry no status code | engine::close::a_close_of_the_server_flushes_a_websocket_and_sends_no_close_packet
1.5 | 1009 over maxPayload, transport error | engine::switch::a_message_over_the_limit_is_1009
1.5 | codes of the websocket layer | engine::switch::broken_frames_end_with_the_websockets_own_codes
1.5 | maxPayload counts the digit; exactly it is accepted | engine::switch::a_message_over_the_limit_is_1009
1.6 | ping after the interval, again after a pong | engine::heartbeat::after_the_interval_comes_a_ping_and_after_a_pong_the_next
1.6 | no pong: ping timeout | engine::heartbeat::without_a_pong_the_session_ends_after_interval_and_timeout
1.6 | silence is noticed on polling too | engine::heartbeat::a_silent_polling_session_ends
1.6 | whatever comes in counts as life, unlike in Node: contract of load | engine::heartbeat::whoever_sends_lives_though_its_pongs_stay_away_and_goes_when_it_falls_silent
1.6 | pong data is ignored | engine::heartbeat::after_the_interval_comes_a_ping_and_after_a_pong_the_next
1.6 | polling: the ping waits for a GET, the clock runs | engine::heartbeat::a_ping_waits_for_the_next_get_while_its_time_runs
1.6 | polling: a waiting GET gets the ping | engine::heartbeat::a_waiting_get_is_answered_with_the_ping
1.6 | a client's ping: transport error | engine::heartbeat::a_clients_ping_ends_a_websocket
1.6 | clients close themselves | out of scope: a rule for clients
1.6 | an upgrade does not lose the pong's clock | engine::heartbeat::a_pong_that_stays_away_ends_the_session_after_an_upgrade_too
1.6 | the same in v3 | out of scope: Engine.IO 3 is not served yet
1.7 | each probe is answered; flush on 5 | engine::upgrade::each_probe_is_answered_and_the_upgrade_flushes_what_is_queued
1.7 | until 5 polling is live | engine::upgrade::until_the_upgrade_polling_carries_the_messages
1.7 | one upgrade at a time | engine::switch::a_session_takes_one_websocket_and_further_ones_are_closed
1.7 | another first packet closes that websocket only | engine::upgrade::something_else_than_a_probe_costs_the_websocket_only
1.7 | 5 without a probe | engine::upgrade::an_upgrade_without_a_probe_is_accepted
1.7 | upgradeTimeout | engine::upgrade::a_probe_that_takes_too_long_costs_the_websocket_only
1.7 | the probe socket dies | engine::upgrade::a_probe_socket_that_dies_costs_the_websocket_only
1.7 | a GET still open is ended | engine::upgrade::a_get_that_still_waits_is_ended_by_the_upgrade
1.7 | later polls get code 3 | engine::refusals::a_session_on_a_websocket_is_not_polled
1.7 | POST bodies still being read (here: kept) | engine::upgrade::a_post_that_is_half_read_is_answered_after_the_upgrade
1.7 | server close during the upgrade | engine::upgrade::a_close_of_the_server_during_the_upgrade_ends_the_waiting_get
1.7 | a waiting GET gets 6 at once, later ones too | engine::upgrade::a_probe_answers_the_waiting_get_at_once_and_later_ones_too
1.7 | after 3probe a GET returns exactly 6 | engine::upgrade::a_probe_answers_the_waiting_get_at_once_and_later_ones_too
1.7 | a failed probe leaves GETs waiting as before | engine::upgrade::after_a_failed_probe_gets_wait_again
1.7 | order over the upgrade | engine::upgrade::order_holds_across_the_upgrade
1.8 | the five reasons | socketio::leaving::handlers_see_why_a_member_went
1.8 | POST of 1: ok, later packets ignored | engine::close::a_posted_close_ends_the_session_and_the_rest_of_the_body_is_ignored
1.8 | POST of 1: a waiting GET ends with 6 | engine::close::a_posted_close_ends_the_waiting_get
1.8 | 1 on a websocket closes at once | engine::close::a_close_packet_ends_a_websocket_at_once
1.8 | websocket closed, TCP lost | engine::close::a_websocket_that_goes_ends_its_session
1.8 | server close, GET waiting | engine::close::a_close_of_the_server_ends_the_waiting_get
1.8 | server close, no GET waiting | engine::close::a_close_of_the_server_is_told_by_the_gets_that_come_later
1.8 | … after 30 s it is dropped | out of scope: half a minute of real time
1.8 | server close(discard) | out of scope: no such call
1.8 | server close on a websocket | engine::close::a_close_of_the_server_flushes_a_websocket_and_sends_no_close_packet
1.8 | closing: new packets are refused | engine::close::a_closing_session_takes_nothing_more
1.9 | clients cut POST bodies | out of scope: a rule for clients
1.9 | a larger packet gets 413 | engine::refusals::a_body_over_the_limit_is_413_and_the_session_goes_on
1.9 | a larger packet gets 1009 | engine::switch::a_message_over_the_limit_is_1009
1.10 | WebTransport | out of scope: needs HTTP/3
1.11 | preflights before any check | engine::origins::a_preflight_is_answered_before_any_check
1.11 | all answers carry the headers, errors too | engine::origins::every_answer_to_an_allowed_page_carries_the_headers
1.11 | the static client carries them | engine::static_client::an_allowed_page_may_load_the_client
1.11 | a refused origin gets no headers | engine::origins::a_page_that_is_not_listed_gets_no_headers_and_no_session
1.11 | one origins option for websocket too | engine::origins::a_page_that_is_not_listed_gets_no_websocket
1.11 | cors off | engine::origins::without_a_list_pages_of_the_same_host_are_let_in_without_headers
1.11 | any origin | engine::origins::any_page_may_read_answers_but_not_with_its_visitors_credentials
1.11 | serveClient: names, types, tags, 304 | engine::static_client::the_client_is_served_with_a_tag_and_is_not_sent_twice
1.11 | serveClient: br, gzip, deflate (here: gzip) | engine::static_client::a_long_file_is_compressed_for_who_asks_for_it
1.11 | serveClient: other names go to the engine | engine::static_client::other_names_and_the_client_for_messagepack_fall_through_to_the_engine
3 | the seven types | socketio::packets::the_comma_is_always_written_behind_other_namespaces
3 | namespace left out, comma at the end, 42/, | socketio::packets::the_root_is_left_out_and_a_comma_may_be_missing_at_the_end
3 | a query is part of the name | socketio::packets::a_query_is_part_of_a_namespaces_name
3 | the comma is always written | socketio::packets::the_comma_is_always_written_behind_other_namespaces
3 | 40 and 40{} | socketio::packets::a_connect_takes_its_credentials_and_ignores_an_id
3 | 40[], 40null, 40"x", 40{ | socketio::violations::a_connect_with_wrong_credentials_closes
3 | 401{} | socketio::packets::a_connect_takes_its_credentials_and_ignores_an_id
3 | CONNECT when connected | socketio::violations::a_second_connect_closes_also_while_the_first_one_waits
3 | CONNECT while the first one waits | socketio::violations::a_second_connect_closes_also_while_the_first_one_waits
3 | EVENT, ACK, DISCONNECT when not connected | socketio::violations::a_packet_for_a_namespace_that_is_not_connected_closes
3 | CONNECT_ERROR | socketio::violations::a_packet_that_is_none_closes
3 | unknown type, empty message | socketio::violations::a_packet_that_is_none_closes
3 | 42 with no JSON | socketio::violations::a_packet_that_is_none_closes
3 | 42[], 42{}, 42[true] | socketio::violations::a_packet_that_is_none_closes
3 | reserved names | socketio::violations::a_reserved_event_name_closes
3 | 42["connection"] | socketio::packets::names_that_only_look_reserved_and_numbers_are_events
3 | ack ids | socketio::packets::ack_ids_come_back_as_numbers
3 | 42-1, 42abc | socketio::violations::a_packet_that_is_none_closes
3 | 43 nobody asked for | socketio::packets::answers_that_nobody_asked_for_are_ignored
3 | 431{} | socketio::violations::a_packet_that_is_none_closes
3 | 41 leaves, nothing back, connection stays | socketio::leaving::a_disconnect_leaves_one_namespace_and_nothing_is_sent_back
3 | an event after 41 | socketio::leaving::an_event_behind_a_disconnect_closes
3 | 41{} | socketio::violations::a_packet_that_is_none_closes
3 | 45 without count, 450- | socketio::violations::a_wrong_number_of_attachments_closes
3 | 4511- | socketio::violations::a_wrong_number_of_attachments_closes
3 | ten attachments | socketio::binary::as_many_attachments_as_the_limit_are_fine
3 | fewer placeholders than attachments | socketio::binary::attachments_that_no_placeholder_names_are_dropped
3 | one placeholder twice | socketio::binary::one_attachment_may_stand_in_two_places
3 | placeholder out of range or no number | socketio::violations::a_placeholder_that_names_no_attachment_closes
3 | placeholder in a plain event | socketio::packets::a_placeholder_in_a_plain_event_is_an_ordinary_object
3 | text before all attachments | socketio::violations::a_text_before_the_last_attachment_closes
3 | engine packets between attachments | socketio::packets::a_pong_between_attachments_is_fine
3 | binary with no header | socketio::violations::a_packet_that_is_none_closes
3 | close: a close frame, nothing else, forced close | socketio::violations::a_packet_that_is_none_closes
3 | close on polling: members go at once | socketio::violations::on_polling_the_members_go_at_once
3.1 | depth first, header, then attachments in order | socketio::binary::attachments_follow_their_event_in_the_order_of_the_walk
3.1 | no other message between | socketio::binary::nothing_comes_between_an_event_and_its_attachments
3.1 | polling: undivided | socketio::binary::in_polling_a_binary_event_stays_undivided
3.1 | acks with buffers | socketio::binary::answers_with_attachments_have_their_own_type
3.1 | dates, NaN, BigInt | out of scope: values of JavaScript
3.2 | accept: sid alone | socketio::connect::an_accepted_connect_is_answered_with_the_socket_id_alone
3.2 | refuse: message, data if given; the rest stays | socketio::connect::a_refusal_gives_message_and_data_and_the_rest_stays
3.2 | unknown namespace | socketio::connect::an_unknown_namespace_is_invalid
3.2 | emits inside a middleware go before the answer | out of scope: the gate has nothing to emit with
3.2 | order on success | socketio::connect::the_answer_comes_before_what_the_handler_says
3.2 | connectTimeout | socketio::connect::a_connection_that_joins_nothing_ends
3.2 | refusals do not stop it | socketio::connect::a_refusal_does_not_stop_the_clock
3.2 | connectTimeout on polling | socketio::connect::on_polling_the_time_limit_is_told_by_a_get
3.2 | dynamic namespaces | out of scope: namespaces are a list
3.2 | server disconnect() | out of scope: handlers have no such call yet
3.2 | server disconnect(true) | out of scope: handlers have no such call yet
3.2 | shutdown | socketio::leaving::a_shutdown_says_no_41_and_members_hear_of_it
3.2 | clients reconnect by themselves | out of scope: a rule for clients
3.2 | reasons seen by handlers | socketio::leaving::handlers_see_why_a_member_went
3.2 | reason client namespace disconnect | socketio::leaving::handlers_see_why_a_member_went
3.3 | ids count from 0, each answer to its own | socketio::acks::the_servers_questions_are_numbered_from_0_and_answered_each_to_its_own
3.3 | an ack answers once (client) | socketio::acks::only_the_clients_first_answer_counts
3.3 | an ack answers once (server) | socketio::acks::only_the_first_answer_is_sent
3.3 | timeout; the late answer is ignored | socketio::acks::an_answer_that_comes_too_late_is_ignored
3.3 | broadcast ack | out of scope: no such call yet
3.3 | server acks to a client | socketio::acks::an_answer_carries_its_arguments_under_the_clients_id
3.4 | volatile | out of scope: handlers have no such flag yet
3.4 | compress | out of scope: handlers have no such flag, and a setting for all polls
3.4 | local | out of scope: one server
9 | 1 v3 lengths and type byte | out of scope: Engine.IO 3 is not served yet
9 | 2 CONNECT is not the first message | out of scope: a rule for clients
9 | 3 only pongs count; the ping is queued between polls | engine::heartbeat::a_ping_waits_for_the_next_get_while_its_time_runs
9 | 4 two GETs; a dropped GET | engine::refusals::a_second_get_ends_the_session
9 | 5 413 spares the session | engine::refusals::a_body_over_the_limit_is_413_and_the_session_goes_on
9 | 6 order over the upgrade | engine::upgrade::order_holds_across_the_upgrade
9 | 7 after the upgrade code 3 | engine::refusals::a_session_on_a_websocket_is_not_polled
9 | 8 refusals over websocket | engine::switch::a_refused_upgrade_is_plain_text_before_the_switch
9 | 9 a bad packet is a forced close | socketio::violations::a_packet_that_is_none_closes
9 | 10 DISCONNECT leaves the connection up | socketio::leaving::a_disconnect_leaves_one_namespace_and_nothing_is_sent_back
9 | 11 attachments are never interleaved | socketio::binary::nothing_comes_between_an_event_and_its_attachments
9 | 12 ack id 0 is an id | socketio::packets::ack_ids_come_back_as_numbers
9 | 13 serialize once per broadcast | out of scope: not to be seen on the wire
9 | 14 refused origins; websocket has no CORS | engine::origins::a_page_that_is_not_listed_gets_no_websocket
9 | 15 the sid is a secret, the socket id public | socketio::connect::socket_ids_are_not_the_sessions_id_and_differ_by_namespace
9 | 16 numbers as names; numbers and duplicates kept | socketio::packets::numbers_come_through_as_sent
"#;
