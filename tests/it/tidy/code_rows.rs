//! The catalogue of codes: its page, a test for each of its rows that produces the code, and no code in the sources that has no
//! row. Knows tests by name, and codes by how sources write them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::source::{read, sources};

fn printed(form: &str) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_dondo"));
    let printed = program.args(["codes", form]).output().unwrap();
    assert!(printed.status.success());
    String::from_utf8(printed.stdout).unwrap()
}

/// The codes of the catalogue.
fn catalogue() -> BTreeSet<String> {
    let all: Value = serde_json::from_str(&printed("--json")).unwrap();
    let codes = all["codes"].as_array().unwrap().iter();
    codes
        .map(|row| row["code"].as_str().unwrap().to_owned())
        .collect()
}

/// Fails if a code is new, gone or means something else and the page does not say so.
#[test]
fn the_page_of_codes_is_the_one_that_the_program_prints() {
    let (page, printed) = (read("src/docs/codes.md"), printed("--markdown"));
    let new = printed.lines().filter(|line| !page.contains(line));
    let new: Vec<_> = new.collect();
    assert!(
        page == printed,
        "new: {new:#?}\nif that is meant: cargo run -- codes --markdown >src/docs/codes.md"
    );
}

/// Fails if a code has no test that says it, or a row names a test that is gone or says another one.
#[test]
fn every_code_has_a_test_that_produces_it() {
    let tests = bodies();
    let mut rows = BTreeSet::new();
    for row in PRODUCED.trim().lines() {
        let mut columns = row.split(" | ");
        let (code, test) = (columns.next().unwrap(), columns.next().expect(row));
        let quoted = format!("\"{code}\"");
        let written = columns.next().unwrap_or(&quoted);
        let body = tests.get(test);
        let body = body.unwrap_or_else(|| panic!("{code}: there is no test {test}"));
        assert!(body.contains(written), "{test} does not say {written}");
        assert!(rows.insert(code.to_owned()), "{code} has two rows");
    }
    assert_eq!(rows, catalogue());
}

/// Fails if somebody is refused with a code that no row explains.
#[test]
fn every_code_of_the_sources_is_in_the_catalogue() {
    let catalogue = catalogue();
    let (mut seen, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    for source in sources("src").chain(sources("actors/src")) {
        if source.is_test() || is_apart(&source.path) {
            continue;
        }
        for (before, literal) in literals(&source.code) {
            let is_code = stands_for_a_code(&before, &source.path);
            let is_spelled_like_one = is_snake(&literal) && !NO_CODES.contains(&literal.as_str());
            if is_code || is_spelled_like_one {
                unknown.insert((source.path.clone(), literal.clone()));
            }
            if is_code {
                seen.insert(literal);
            }
        }
        for code in refusals(&source.path, &source.code) {
            unknown.insert((source.path.clone(), code.clone()));
            seen.insert(code);
        }
    }
    unknown.retain(|(_, code)| !catalogue.contains(code));
    assert!(
        unknown.is_empty(),
        "give each a row in src/codes, or name it in NO_CODES: {unknown:#?}"
    );
    // So many are found by where they stand, whatever their spelling.
    assert!(seen.len() > 40, "{seen:?}");
}

/// Fails if a code is overlooked because of how its line is broken.
#[test]
fn a_code_is_seen_however_it_is_written() {
    for text in [
        "Error::new(\"oops\", x)",
        "ApiError::new(\n  StatusCode::CONFLICT,\n  \"oops\",",
        "Fault { code: \"oops\" }",
        "..Self::new(StatusCode::GONE, \"oops\", m)",
    ] {
        let found = literals(text);
        let (before, literal) = &found[0];
        assert!(
            literal == "oops" && stands_for_a_code(before, "src/api/a.rs"),
            "{text}"
        );
    }
    assert!(!stands_for_a_code("name:", "src/a.rs"));
    assert!(is_snake("no_such_thing") && !is_snake("_a") && !is_snake("words") && !is_snake("a_B"));
}

/// Settings, the catalogue itself, names of metrics, and what tests are written with: no refusals come from there.
fn is_apart(path: &str) -> bool {
    let apart = [
        "src/config",
        "src/codes",
        "src/derive",
        "src/testing",
        "src/http/metrics.rs",
        "actors/src/testing",
    ];
    apart.iter().any(|folder| path.starts_with(folder))
}

/// The string literals of a text, each with the code before it without white space.
fn literals(code: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut before = String::new();
    let mut rest = code;
    while let Some((code, behind)) = rest.split_once('"') {
        before.extend(code.chars().filter(|one| !one.is_whitespace()));
        let is_character = code.ends_with('\'') && behind.starts_with('\'');
        if is_character {
            rest = behind;
            continue;
        }
        let Some(end) = end_of_text(behind, code.ends_with("r#")) else {
            break;
        };
        let start = before.len().saturating_sub(80);
        let start = (start..before.len()).find(|at| before.is_char_boundary(*at));
        let near = start.map_or("", |start| &before[start..]).to_owned();
        found.push((near, behind[..end].to_owned()));
        before.push('"');
        rest = &behind[end + 1..];
    }
    found
}

fn end_of_text(text: &str, is_raw: bool) -> Option<usize> {
    if is_raw {
        return text.find("\"#");
    }
    let mut escaped = false;
    text.char_indices().find_map(|(at, one)| {
        let ends = one == '"' && !escaped;
        escaped = one == '\\' && !escaped;
        ends.then_some(at)
    })
}

/// Whether what stands there is a code, whatever it is spelled like.
fn stands_for_a_code(before: &str, path: &str) -> bool {
    let status = before.trim_end_matches(',');
    let status = status.trim_end_matches(|one: char| one.is_ascii_uppercase() || one == '_');
    let is_fault = path.ends_with("/fault.rs") && before.ends_with("=>");
    let is_error = path == "src/io/error.rs" && before.ends_with("=>Some(");
    before.ends_with("Error::new(")
        || before.ends_with("code:")
        || before.ends_with("Words=(")
        || (path.starts_with("src/api")
            && before.ends_with(',')
            && status.ends_with("StatusCode::"))
        || is_fault
        || is_error
}

/// Codes that requests are refused with, made of the metrics' names; and those that stand in JSON which is written by hand.
fn refusals(path: &str, code: &str) -> Vec<String> {
    let mut found = Vec::new();
    if path == "src/transport/refusal.rs" {
        for variant in code.split("Self::").skip(1) {
            let (name, rest) = variant.split_once(" => ").unwrap_or((variant, ""));
            let is_told = rest.starts_with("self.unavailable(")
                || rest.split("Self::").next().unwrap().contains("self.body(");
            if is_told {
                let named = format!("Self::{name} => \"");
                let (_, word) = code.split_once(&named).unwrap();
                found.push(word.split('"').next().unwrap().replace(' ', "_"));
            }
        }
        assert!(found.len() > 5, "{found:?}");
    }
    let json = code.replace("\\\"", "\"");
    let by_hand = json.split("\"code\":\"").skip(1);
    let by_hand = by_hand.filter_map(|rest| rest.split('"').next());
    let is_word = |word: &&str| {
        let mut letters = word.bytes();
        !word.is_empty() && letters.all(|one| one == b'_' || one.is_ascii_lowercase())
    };
    found.extend(by_hand.filter(is_word).map(str::to_owned));
    found
}

fn is_snake(word: &str) -> bool {
    let mut parts = word.split('_');
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|one| one.is_ascii_lowercase() || one.is_ascii_digit())
    };
    word.contains('_') && parts.all(is_part)
}

/// The tests by name, each with its text up to the next function.
fn bodies() -> BTreeMap<String, String> {
    let mut bodies = BTreeMap::new();
    let names = super::tests_by_name();
    for folder in ["src", "actors/src", "actors/tests", "tests/it"] {
        for source in sources(folder) {
            for part in source.text.split("fn ").skip(1) {
                let name = part.split('(').next().unwrap();
                if names.contains(name) {
                    let body: &mut String = bodies.entry(name.to_owned()).or_default();
                    body.push_str(part);
                }
            }
        }
    }
    bodies
}

/// Words that are spelled like codes: fields, labels of metrics, names of events, faults of packets that the log alone tells.
#[rustfmt::skip]
const NO_CODES: &[&str] = &[
    "access_token", "ack_id_too_large", "admin_password", "dondo_tail", "ack_incomplete", "api_keys", "attachment_missing",
    "auth_key", "auth_signature", "auth_timestamp", "auth_version", "bad_attachment_count",
    "bad_event_name", "bad_json", "bad_packet_head", "bad_placeholder", "batch_events",
    "body_md5", "connect_error", "connect_timeout", "empty_packet", "event_middleware",
    "is_hub", "key_ops", "lag_ms", "namespace_name", "nested_too_deep", "no_namespace",
    "not_utf8", "on_any", "on_any_outgoing", "on_connect", "on_disconnect",
    "on_disconnecting", "packet_too_large", "reconnect_attempt", "reconnect_error", "reconnect_failed",
    "pattern_twice", "reserved_event", "reserved_event_name", "server_only_packet", "state_missing", "too_many_attachments",
    "unexpected_binary", "unknown_packet_type", "unreadable_packet",
];

/// A code, a test that produces it, and how it is written there if not in quotes alone.
const PRODUCED: &str = r#"
bad_payload | every_failure_has_its_code_in_the_ack
missing_channel | every_failure_has_its_code_in_the_ack
missing_room | every_failure_has_its_code_in_the_ack
invalid_name | every_failure_has_its_code_in_the_ack
reserved_name | every_failure_has_its_code_in_the_ack
room_full | every_failure_has_its_code_in_the_ack
limit_reached | every_failure_has_its_code_in_the_ack
room_exists | access_belongs_to_the_room_until_it_is_empty
not_invited | every_failure_has_its_code_in_the_ack
forbidden | every_failure_has_its_code_in_the_ack
target_mismatch | strict_targets_refuse_a_request_that_names_two
not_member | where_a_join_is_required_strangers_may_not_send
muted | who_is_muted_says_nothing_and_hears_all
slow_mode | in_slow_mode_a_member_waits_between_its_messages | is_slow(
channel_full | a_channel_takes_as_many_members_as_it_may
account_sessions_max | an_account_has_so_many_clients_over_every_protocol
internal | a_crash_of_the_hub_is_an_internal_failure_without_details_and_the_client_stays
token_invalid | a_token_that_is_no_good_lets_nobody_in
token_expired | a_token_that_is_no_good_lets_nobody_in
token_foreign | a_token_that_is_no_good_lets_nobody_in
unauthorized | who_is_let_in_says_so_in_its_first_message
address_shared | a_guest_whose_address_is_everybodys_is_not_banned_by_it
token_revoked | a_token_that_is_revoked_is_good_for_nobody_from_then_on
other_account | another_token_of_its_account_takes_the_place_of_the_first
banned | a_banned_address_opens_nothing_over_any_protocol
unknown_event | a_namespace_without_the_pack_has_only_the_applications_events
wrong_streams | a_client_of_socketio_has_the_list_of_a_streams_items
no_items | who_asks_for_the_other_kind_of_answer_hears_so | the non-streaming 'plain' method with a streaming invocation
items_only | who_asks_for_the_other_kind_of_answer_hears_so | the streaming 'endless' method with a non-streaming invocation
client_error | an_end_that_comes_too_early_is_the_last_item | client_error: no more
disconnected | an_end_that_comes_too_early_is_the_last_item | disconnected
timed_out | a_client_answers_what_it_was_told_to_and_its_panic_is_the_tests
too_many_asked | who_asks_too_many_at_once_is_told_whose_places_are_taken
unknown_room | who_goes_gives_up
unknown_namespace | what_is_told_to_another_namespace_is_heard_there_alone
too_many_items | a_client_of_socketio_has_the_list_of_them_up_to_a_limit
overloaded | what_waits_for_an_actor_is_bounded_and_the_rest_is_refused
unsupported | patterns_say_which_script_a_room_has
bad_message | a_slip_is_answered_and_what_is_no_message_ends_the_connection
violation | a_slip_is_answered_and_what_is_no_message_ends_the_connection
not_found | what_is_no_request_of_the_api_has_its_code
method_not_allowed | what_is_no_request_of_the_api_has_its_code
payload_too_large | what_is_no_request_of_the_api_has_its_code
unsupported_media_type | what_is_no_request_of_the_api_has_its_code
idempotency_mismatch | a_request_with_an_idempotency_key_is_done_once_also_where_many_send_it_at_once
rate_limited | what_is_no_request_of_the_api_has_its_code
busy | what_certainly_was_not_done_is_busy_and_what_may_have_been_is_not
shutting_down | a_poll_that_waits_is_dropped_and_the_next_one_is_told_to_come_back | is_told_to_come_back
sessions_max | a_full_server_refuses_and_lets_in_again | limits.sessions-max
address_sessions_max | an_address_has_no_more_sessions_than_it_may_but_this_machine_has | limits.address-sessions-max
connection_sessions_max | one_connection_opens_no_more_sessions_than_it_may | limits.connection-sessions-max
address_handshakes | an_address_makes_no_more_handshakes_than_it_may | limits.address-handshakes-per-s
memory_max | who_comes_at_a_bad_time_is_told_when_to_try_again_and_which_setting_it_was | Refusal::MemoryMax
login_timeout | a_login_that_never_ends_is_refused_in_its_time_and_leaves_nothing
Invalid namespace | an_unknown_namespace_is_invalid
Too many namespaces | one_client_is_in_so_many_children_at_most
Timed out | a_stock_client_hears_how_each_admission_ended
0 | plain_requests_are_refused_in_json | "code":0
1 | plain_requests_are_refused_in_json | "code":1
2 | plain_requests_are_refused_in_json | "code":2
3 | plain_requests_are_refused_in_json | "code":3
4 | plain_requests_are_refused_in_json | "code":4
5 | plain_requests_are_refused_in_json | "code":5
transport close | handlers_see_why_a_member_went
client namespace disconnect | handlers_see_why_a_member_went
transport error | handlers_see_why_a_member_went
ping timeout | handlers_see_why_a_member_went
parse error | handlers_see_why_a_member_went
forced close | handlers_see_why_a_member_went
connect timeout | a_connection_that_joins_no_namespace_in_time_is_closed
half packet | attachments_that_stay_away_too_long_end_the_connection
outbox full | a_reader_owes_at_most_so_many_letters
stalled | a_reader_that_takes_nothing_is_stalled_when_its_time_is_over_without_another_push | stalled
memory max | above_what_the_process_may_hold_the_one_who_holds_most_and_reads_nothing_is_closed
unfinished bytes | too_much_of_messages_that_do_not_end_costs_the_one_who_sent_most
session bytes | a_session_that_holds_more_than_it_may_is_closed
address bytes | an_address_whose_sessions_hold_more_than_they_may_loses_the_one_that_asks_for_more
worker stalled | a_worker_that_stands_still_costs_bounded_memory_and_its_members_and_nobody_else_a_letter | CloseReason::WorkerStalled
server restart | when_the_rooms_are_lost_the_sessions_are_closed_so_that_they_come_back | CloseReason::ServerRestart
server shutting down | handlers_see_why_a_member_went
crashed | a_session_that_panics_closes_its_own_connection_and_its_rooms_are_told | CloseReason::Crashed
"#;
