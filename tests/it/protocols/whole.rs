//! Members of every protocol over every transport in one room: what a crash, a reader that does not read, and the way down cost
//! them.

use std::time::Instant;

use serde_json::json;

use super::member::{Ending, Kind, Member, SEATS, seat};
use crate::support::{Client, Hub, LongPoll, PATIENCE, faults, system};

/// A member of each kind, with a seat in the room of the channel.
fn all(hub: &Hub, channel: &str) -> Vec<Member> {
    Kind::ALL
        .map(|kind| Member::enter(hub, kind, channel))
        .into()
}

/// Each that speaks is heard by all, in the order in which they spoke, and by each once.
fn each_hears_each(members: &mut [Member], round: &str) {
    let mut said = Vec::new();
    for speaker in members.iter_mut().filter(|member| member.kind.speaks()) {
        let text = format!("{round} {:?}", speaker.kind);
        speaker.say(&text).unwrap();
        said.push(text);
    }
    for member in members {
        for text in &said {
            assert_eq!(&member.hear(), text, "{:?}", member.kind);
        }
    }
}

/// The channel and its room know who is there: as many as there are members, and one seat is left.
fn presence_and_seats_are_whole(hub: &Hub, channel: &str) {
    let mut newcomer = Client::connect(hub);
    let joined = newcomer.ask("join-channel", &[json!(channel)]);
    assert_eq!(joined["onlineUsers"], SEATS, "{joined}");
    let room = json!({"data": seat(channel)});
    let joined = newcomer.ask("join-room", std::slice::from_ref(&room));
    assert_eq!(
        (&joined["onlineUsers"], &joined["capacity"]),
        (&json!(SEATS), &json!(SEATS)),
        "{joined}"
    );
    let surplus = Client::connect(hub).ask("join-room", &[room]);
    assert_eq!(surplus["code"], "room_full", "{surplus}");
    for event in ["leave-room", "leave-channel"] {
        let left = newcomer.ask(event, &[json!({"data": seat(channel)})]);
        assert_eq!(left["ok"], true, "{left}");
    }
}

/// Fails if a crash costs anybody but its sender anything, whatever they speak, or if its sender is told nothing in its own
/// protocol.
#[test]
fn a_room_that_crashes_keeps_its_members_of_every_protocol_and_all_hear_the_next_message() {
    let hub = Hub::built(|config| config.workers = 2, faults::faulty);
    // A room that crashes again and again takes nothing for a while, so each has one of its own.
    for (number, kind) in Kind::ALL.into_iter().enumerate() {
        if !kind.speaks() {
            continue;
        }
        let channel = format!("room of {number}");
        let channel = channel.replace(' ', "-");
        let mut members = all(&hub, &channel);
        each_hears_each(&mut members, "before");
        let told = members[number].say(faults::PANICS).unwrap_err();
        let words = match kind {
            Kind::StockWebSocket | Kind::StockPolling | Kind::Plain => "\"internal\"",
            _ => "An unexpected error occurred invoking 'SendMessage' on the server.",
        };
        assert!(told.contains(words), "{kind:?}: {told}");
        hub.wait_for("dondo_crashes_total", number as u64 + 1);
        each_hears_each(&mut members, "after");
        presence_and_seats_are_whole(&hub, &channel);
        each_hears_each(&mut members, "at the end");
    }
}

/// Fails if a room that is made anew around its members has lost one, or one cannot be heard in it, whatever it speaks.
#[test]
fn a_room_that_dies_is_made_anew_around_its_members_of_every_protocol() {
    let hub = Hub::built(|config| config.workers = 2, faults::faulty);
    let mut members = all(&hub, "lobby");
    let mut killer = Client::connect(&hub);
    for event in ["join-channel", "join-room"] {
        let mut data = seat("lobby");
        data["history"] = json!(faults::KILLS_ROOM);
        let refused = killer.ask(event, &[json!({ "data": data })]);
        assert_eq!(refused["code"], "internal", "{refused}");
    }
    // What meets a room as it dies is lost, and says so.
    let deadline = Instant::now() + PATIENCE;
    while let Err(told) = members[0].say("again") {
        assert!(told.contains("internal"), "{told}");
        assert!(Instant::now() < deadline, "it stays dead: {told}");
    }
    for member in &mut members {
        assert_eq!(member.hear(), "again", "{:?}", member.kind);
    }
    each_hears_each(&mut members, "after");
    presence_and_seats_are_whole(&hub, "lobby");
    each_hears_each(&mut members, "at the end");
}

/// Fails if a member is not told in its own protocol that it may come back to a hub whose room thread has died, or does not
/// find it whole.
#[test]
fn a_room_thread_that_dies_sends_its_members_of_every_protocol_back_to_a_whole_room() {
    let hub = Hub::built(
        |config| {
            config.workers = 2;
            config.room_threads = 1;
        },
        faults::faulty,
    );
    let mut members = all(&hub, "lobby");
    each_hears_each(&mut members, "before");
    let mut killer = Client::connect(&hub);
    let marked = json!({
        "data": {"roomChannel": "lobby"}, "source": {"userName": faults::ENDS_THREAD}
    });
    killer.emit("join-channel", &[marked]);
    for member in &mut members {
        member.listen();
        assert_eq!(
            member.ending(),
            RESTARTED[member.kind as usize],
            "{:?}",
            member.kind
        );
    }
    let closed = Kind::ALL.len() as u64 + 1;
    hub.wait_for("dondo_closes_total{reason=\"server restart\"}", closed);
    let mut members = all(&hub, "lobby");
    each_hears_each(&mut members, "after");
    presence_and_seats_are_whole(&hub, "lobby");
    each_hears_each(&mut members, "at the end");
}

/// Fails if the end of a worker costs the members of another one anything, or if those of its own stay in the room without
/// being there, or cannot come back.
#[test]
fn a_worker_that_dies_takes_its_own_members_of_every_protocol_and_no_others() {
    let hub = Hub::built(|config| config.workers = 2, faults::with_a_deadly_handler);
    let mut members: Vec<Member> = Kind::ALL
        .into_iter()
        .chain(Kind::ALL)
        .map(|kind| Member::enter_channel(&hub, kind, "lobby", false))
        .collect();
    let all = members.len();
    // It stays: its end must not overtake what it said.
    let mut deadly = Client::connect(&hub);
    deadly.emit("end-worker", &[]);
    let mut there = Client::connect(&hub);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let joined = there.ask("join-channel", &[json!("lobby")]);
        let online = joined["onlineUsers"].as_u64().unwrap() as usize - 1;
        there.ask("leave-channel", &[json!("lobby")]);
        if online < all {
            break;
        }
        assert!(Instant::now() < deadline, "those of the dead worker stay");
    }
    there.ask("lobby", &[json!("after")]);
    let mut back = 0;
    for member in &mut members {
        member.listen();
        match member.try_hear() {
            Some(heard) => assert_eq!(heard, "after"),
            None => {
                *member = Member::enter_channel(&hub, member.kind, "lobby", false);
                back += 1;
            }
        }
    }
    assert!(0 < back && back < all, "{back} of {all} had to come back");
    each_hears_each(&mut members, "at the end");
}

/// How many of each kind read while one does not.
const READERS: usize = 2;
/// What may wait for one, and what all the rest of it may cost.
const OUTBOX_MAX: u64 = 1_000_000;
const GROWTH_MAX: u64 = 64 << 20;

/// Fails if what a reader does not take costs more than may wait for it, if it stays, or if a neighbour misses something,
/// whatever they speak.
#[test]
fn a_reader_of_any_protocol_that_does_not_read_is_cut_and_its_neighbours_hear_everything() {
    let hub = Hub::program(&[
        "--workers",
        "2",
        "--engine.max-payload",
        "100KB",
        "--delivery.outbox-bytes-max",
        "1MB",
        // Nobody is closed for being silent or slow before too much waits for it.
        "--engine.ping-timeout",
        "10m",
        "--delivery.stall-timeout",
        "10m",
        "--presence.online-users",
        "off",
        "--presence.join-events-up-to",
        "1",
    ]);
    let mut neighbours: Vec<Member> = (0..READERS)
        .flat_map(|_| Kind::ALL)
        .map(|kind| Member::enter_channel(&hub, kind, "lobby", false))
        .collect();
    let before = system::memory(hub.process());
    let mut slow: Vec<Member> = Kind::ALL
        .map(|kind| Member::enter_channel(&hub, kind, "lobby", true))
        .into();
    let all = slow.len() as u64;
    let text = "x".repeat(20_000);
    let (mut said, mut most) = (0, 0);
    // Only a standstill takes so long.
    let deadline = Instant::now() + 4 * PATIENCE;
    while hub.metric("dondo_closes_total{reason=\"outbox full\"}") < all {
        assert!(
            Instant::now() < deadline,
            "somebody who reads nothing stays"
        );
        let speaker = said % (neighbours.len() - 1);
        if !neighbours[speaker].kind.speaks() {
            said += 1;
            continue;
        }
        let text = format!("{said} {text}");
        neighbours[speaker].say(&text).unwrap();
        for member in &mut neighbours {
            assert!(member.hear() == text, "{:?} heard another", member.kind);
        }
        said += 1;
        most = most.max(hub.metric("dondo_outbox_bytes"));
    }
    assert!(most > OUTBOX_MAX / 2, "{most} bytes waited at most");
    assert!(most < (all + 1) * OUTBOX_MAX, "{most} bytes waited");
    let grown = system::memory(hub.process()).saturating_sub(before);
    assert!(grown < GROWTH_MAX, "{grown} bytes more");
    for member in &mut slow {
        assert_eq!(
            member.ending(),
            CUT[member.kind as usize],
            "{:?}",
            member.kind
        );
    }
    hub.wait_for("dondo_outbox_bytes", 0);
    hub.wait_for("dondo_sessions_alive", neighbours.len() as u64);
    each_hears_each(&mut neighbours, "at the end");
}

/// Fails if a shutdown waits for a protocol, or does not tell one of its members, in the words of its protocol, to come back.
#[test]
fn a_shutdown_tells_a_member_of_every_protocol_to_come_back() {
    let mut hub = Hub::with(|config| {
        config.workers = 2;
        config.grace = PATIENCE;
    });
    let mut members = all(&hub, "lobby");
    each_hears_each(&mut members, "before");
    for member in &mut members {
        member.listen();
    }
    // The hub is there as long as somebody has not taken its last words: a busy machine may be late with a next poll.
    let mut slow = LongPoll::connect(&hub);
    slow.say("420[\"join-channel\",\"other\"]");
    hub.wait_for_some("dondo_outbox_bytes");
    std::thread::scope(|scope| {
        let told = members.iter_mut().map(|member| {
            scope.spawn(|| {
                let mut ending = member.ending();
                // 400 ms after its last words its session is struck out, and the next poll may be later.
                if member.kind == Kind::HubPolling && ending.code == Some(404) {
                    ending.code = Some(204);
                }
                assert_eq!(ending, SHUT_DOWN[member.kind as usize], "{:?}", member.kind);
            })
        });
        let told: Vec<_> = told.collect();
        scope.spawn(move || {
            let told: Vec<_> = told.into_iter().map(|member| member.join()).collect();
            slow.next();
            assert!(told.iter().all(Result::is_ok));
        });
        hub.stop();
    });
}

const fn told(code: Option<u16>, allow_reconnect: Option<bool>, retry: Option<u64>) -> Ending {
    Ending {
        code,
        allow_reconnect,
        retry,
    }
}

const RESTARTED: [Ending; 8] = [
    told(None, None, None),
    told(Some(400), None, None),
    told(None, Some(true), None),
    told(None, Some(true), None),
    told(None, Some(true), None),
    told(Some(204), Some(true), None),
    told(Some(1012), None, None),
    told(None, None, None),
];

/// Who reads nothing cannot be told much: of its next request that its session is unknown, and an event stream of SignalR, whose
/// last words are kept back with the rest, that it may come back.
const CUT: [Ending; 8] = [
    told(None, None, None),
    told(Some(400), None, None),
    told(None, None, None),
    told(None, None, None),
    told(None, Some(true), None),
    told(Some(404), None, None),
    told(None, None, None),
    told(None, None, None),
];

const SHUT_DOWN: [Ending; 8] = [
    told(Some(1001), None, None),
    told(Some(503), None, None),
    told(Some(1001), Some(true), None),
    told(Some(1001), Some(true), None),
    told(None, Some(true), None),
    told(Some(204), Some(true), None),
    told(Some(1001), None, None),
    told(None, None, Some(63_000)),
];
