//! The first page in a headless Chromium (tests/clients/page.js), and the browser client that it loads.

mod credentials;

use std::time::Duration;

use dondo::config::Settings;
use dondo::internal::dev_lines;

use crate::support::{Application, Hub, http, system};

macro_rules! hub {
    () => {
        Hub::start()
    };
    ($change:expr) => {
        Hub::with($change)
    };
}

macro_rules! scenarios {
    ($($name:ident: $scenario:literal $(, $change:expr)?;)*) => {$(
        #[test]
        fn $name() {
            play(hub!($($change)?), $scenario);
        }
    )*};
}

scenarios! {
    two_windows_chat_see_each_other_and_one_leaves: "chat";
    the_newest_line_stays_in_sight_when_the_window_gets_smaller: "smaller";
    lines_sent_faster_than_the_hub_answers_are_all_sent: "fast";
    after_a_restart_of_the_hub_both_windows_come_back_by_themselves_and_chat_again: "restart", anew;
    the_page_asks_nobody_but_the_hub: "alone";
    where_websocket_is_refused_the_page_chats_over_long_polling_and_says_so: "refused";
    where_websocket_is_swallowed_the_page_chats_over_long_polling_and_says_so: "swallowed";
    where_the_browser_forbids_websocket_the_page_chats_over_long_polling: "forbidden";
    nothing_is_lost_or_doubled_while_the_page_moves_from_long_polling_to_websocket: "upgraded", patient;
    nothing_is_lost_or_doubled_where_the_move_to_websocket_fails_halfway: "halfway", patient;
    a_websocket_that_says_nothing_leaves_the_page_on_long_polling_after_5_seconds: "silentProbe";
    after_a_restart_a_window_on_long_polling_comes_back_by_itself: "refusedRestart", anew;
    a_full_hub_is_told_in_words_until_there_is_room: "full", |config| config.limits.sessions_max = 1;
    behind_a_proxy_that_strips_a_prefix_the_page_stays_below_it: "stripped";
    behind_a_proxy_that_leaves_the_prefix_the_page_is_below_it: "unstripped", |config| config.path = "/chat/socket.io/".into();
    a_script_that_never_comes_is_an_error_that_names_its_address: "missing";
    a_message_over_the_limit_is_told_in_bytes_and_kept: "large", |config| config.engine.max_payload = 10_000;
    pings_are_answered_and_the_connection_stands: "heartbeat", |config| config.engine.ping_interval = Duration::from_millis(100);
    a_silent_connection_is_given_up_and_made_anew: "silence";
    what_the_server_ends_is_told_in_words: "ended";
    hostile_events_break_nothing: "hostile";
    a_name_that_turns_text_around_does_not_read_as_another: "bidi";
    names_of_256_bytes_keep_the_layout: "names";
    a_reload_finds_name_channel_and_room_again: "reload";
    comings_and_goings_do_not_push_out_what_was_said: "comings";
    unread_messages_are_counted_in_the_title: "unread";
    everything_can_be_done_with_the_keyboard_alone: "keyboard";
    the_page_connects_to_a_namespace_that_the_hub_has: "namespace", |config| config.namespaces = vec!["/chat".into()];
    the_page_lists_who_is_in_the_channel: "people";
    the_list_stays_true_where_joins_are_only_counted: "untold", |config| config.hub.presence.join_events_up_to = 0;
    a_newcomer_sees_what_was_said_last_and_who_was_away_what_was_said_meanwhile: "newcomer";
    two_people_of_one_name_can_be_told_apart: "namesakes";
    the_focus_stays_after_a_refusal: "focus";
    axe_finds_nothing: "axe";
    who_was_cut_comes_back_and_nothing_is_lost_or_doubled: "proof";
    a_line_that_breaks_without_a_word_loses_and_doubles_nothing: "proofRelay";
    after_a_restart_the_proof_goes_on_and_says_what_it_cannot_know: "proofRestart", anew;
    what_is_to_be_copied_from_the_page_runs_as_it_stands: "proofCopied";
    an_invitation_s_picture_reads_as_its_link_and_leads_into_the_room: "proofInvited";
    what_strangers_say_neither_counts_nor_breaks_the_proof: "proofHostile";
    the_proof_has_no_findings_of_axe_by_day_by_night_and_on_a_phone: "proofLooks";
    a_burst_of_stock_clients_in_a_page_arrives_whole_and_the_hubs_page_stays: "burst", |config| config.engine.ping_timeout = Duration::from_secs(3600);
}

#[test]
fn the_browser_client_is_served_below_the_endpoint_and_is_the_installed_one() {
    let hub = Hub::start();
    let script = http::get(&hub, "/socket.io/socket.io.js");
    assert_eq!(script.status, 200);
    assert_eq!(
        script.header("content-type"),
        Some("application/javascript; charset=utf-8")
    );
    assert!(script.text().contains("Socket.IO v4.8."));
}

/// Fails if the button does not crash the room's script, a crash costs members, order or numbers, or a wrong password crashes.
#[test]
fn a_crash_of_the_room_is_contained_and_the_page_shows_it() {
    let hub = Hub::with(|config| config.dev = true);
    let link = dev_link(&hub);
    play_at(hub, &link, "proofCrash");
}

/// A hub that another one is to follow at its address.
fn anew(config: &mut Settings) {
    config.listen = vec![system::own_address()];
}

/// A hub that waits for a window whose clock stands, and which holds what it polled, for as long as it takes.
fn patient(config: &mut Settings) {
    config.engine.upgrade_timeout = Duration::from_secs(3600);
    config.engine.ping_interval = Duration::from_secs(3600);
}

/// The link that a start prints.
fn dev_link(hub: &Hub) -> String {
    let mut settings = Settings::default();
    settings.listen = vec![hub.address()];
    settings.admin_listen = Some(hub.operators());
    let lines = dev_lines(hub.dondo(), &settings);
    let link = lines
        .iter()
        .find_map(|line| line.split_once("crash a room from "));
    link.expect("the link is printed").1.to_owned()
}

fn play(hub: Hub, scenario: &str) {
    let url = hub.url();
    play_at(hub, &url, scenario);
}

/// Plays a scenario. With `DONDO_TEST_PICTURES` set to a folder, it leaves screenshots there.
fn play_at(mut hub: Hub, url: &str, scenario: &str) {
    let folder = std::env::var("DONDO_TEST_PICTURES").ok();
    let mut arguments = vec![url, scenario];
    arguments.extend(folder.as_deref());
    let mut browser = Application::node("page.js", &arguments);
    while let Some(wish) = browser.line() {
        match wish.as_str() {
            "stop" => hub.stop(),
            "start" => {
                let address = hub.address();
                hub = Hub::with(|config| config.listen = vec![address]);
            }
            // A long scenario is not silent.
            "go on" => {}
            other => panic!("the scenario asks for {other:?}"),
        }
        browser.say(&format!("{wish} done"));
    }
}

/// Fails if a client of the page of all protocols does not come in, misses what another says, or sees another order.
#[test]
fn on_the_page_of_all_protocols_each_client_is_told_what_each_says() {
    let hub = Hub::start();
    let mut browser = Application::node("protocols_page.js", &[&hub.url()]);
    for _ in ["wide", "narrow"] {
        let told: serde_json::Value = serde_json::from_str(&browser.line().unwrap()).unwrap();
        let lines = [
            "Socket.IO: number 0",
            "SignalR: number 1",
            "Plain WebSocket: number 2",
        ];
        for kind in ["Socket.IO", "SignalR", "Plain WebSocket", "Event stream"] {
            assert_eq!(told[kind], serde_json::json!(lines), "{kind}");
        }
    }
    assert_eq!(browser.line(), None);
}
