//! A session's clocks and rules: what closes it, and what does not.

use std::time::Duration;

use crate::{
    account::{Held, IN_HANDLING},
    error::{CloseReason, Fault, NotifyError},
    id::RoomKey,
    rate::{Rates, SharedRates},
    session::{NotifyRequest, SessionSettings, WAITING_MAX},
    testing::{Setup, World, content},
};

use super::{client, pass, says};

const SECOND: Duration = Duration::from_secs(1);

fn timed() -> Setup {
    let session = SessionSettings {
        ping_interval: SECOND * 25,
        ping_timeout: SECOND * 20,
        connect_timeout: Some(SECOND * 45),
        half_packet_timeout: SECOND * 10,
        credit: 2,
        ..Setup::default().session
    };
    Setup {
        session,
        ..Setup::default()
    }
}

#[test]
fn a_client_that_answers_heartbeats_stays_and_one_that_does_not_is_closed_in_time() {
    World::run(timed(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 0).await);
        b.probe.deaf(true);
        pass(SECOND * 44).await;
        assert_eq!(b.probe.ended(), None);
        pass(SECOND * 2).await;
        assert_eq!(b.probe.ended(), Some(CloseReason::PingTimeout));
        pass(SECOND * 600).await;
        assert_eq!(a.probe.ended(), None);
    });
}

/// Fails if who is not read is closed, or is given so few pings that it closes by itself.
#[test]
fn the_pong_clock_stands_still_while_we_ourselves_do_not_read() {
    World::run(timed(), |world| async move {
        let a = client(&world, 0).await;
        a.probe.deaf(true);
        for _ in 0..2 {
            a.probe.say("event / - wait x");
        }
        for _ in 0..300 {
            pass(SECOND).await;
            // A stock client closes without a ping for so long.
            assert!(a.probe.unpinged() < SECOND * (25 + 20));
        }
        assert!(a.probe.session.credit.exhausted());
        assert_eq!(a.probe.ended(), None);
        // The handlers wait for ever, and hold their messages.
        world.forgive();
    });
}

#[test]
fn a_client_that_joins_no_namespace_is_closed_and_one_that_does_is_not() {
    World::run(timed(), |world| async move {
        let (a, idle, refused) = (client(&world, 0).await, world.client(0), world.client(1));
        refused.say("connect /none");
        pass(SECOND * 44).await;
        assert_eq!(idle.ended(), None);
        pass(SECOND * 2).await;
        assert_eq!(idle.read_end(), Some(CloseReason::ConnectTimeout));
        assert_eq!(refused.read_end(), Some(CloseReason::ConnectTimeout));
        assert_eq!(refused.take(), ["refused /none Invalid namespace"]);
        assert_eq!(a.probe.ended(), None);
    });
}

#[test]
fn half_a_packet_is_waited_for_only_so_long() {
    World::run(timed(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 0).await);
        a.probe.say("half");
        b.probe.say("half");
        pass(SECOND * 9).await;
        b.probe.say("rest");
        pass(SECOND * 2).await;
        assert_eq!(a.probe.ended(), Some(CloseReason::HalfPacket));
        assert_eq!(b.probe.ended(), None);
    });
}

#[test]
fn a_large_packet_that_keeps_coming_is_waited_for() {
    World::run(timed(), |world| async move {
        let a = client(&world, 0).await;
        a.probe.say("half");
        for _ in 0..6 {
            pass(SECOND * 6).await;
            a.probe.session.credit.arrived(16 * 1024);
        }
        assert_eq!(a.probe.ended(), None);
        pass(SECOND * 21).await;
        assert_eq!(a.probe.ended(), Some(CloseReason::HalfPacket));
    });
}

#[test]
fn a_packet_counts_as_in_handling_with_all_its_attachments() {
    World::run(timed(), |world| async move {
        let a = client(&world, 0).await;
        let account = world.hub.account();
        let held = || account.held(Held::Partial) + account.held(Held::Inbound);
        let half = format!("half {}", "x".repeat(100_000));
        a.probe.say(&half);
        world.settle().await;
        assert_eq!(held(), half.len() as u64);
        let last = "event / - wait x";
        a.probe.say(last);
        world.settle().await;
        assert_eq!(held(), (half.len() + last.len() + IN_HANDLING) as u64);
        // The handler waits for ever, and holds its message.
        world.forgive();
    });
}

#[test]
fn what_was_queued_before_a_forced_close_still_reaches_the_client() {
    World::run(timed(), |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::room("r");
        a.join(&key).await.unwrap();
        a.say(&key, "last words").await.unwrap();
        a.probe.say("nonsense");
        world.settle().await;
        assert_eq!(a.heard(), says(&["last words"]));
        assert_eq!(a.probe.read_end(), Some(CloseReason::ForcedClose));
        assert!(world.at_rest().await.seats.is_empty());
    });
}

/// Fails if a client that is put out is not told of it, or before what was said to it earlier.
#[test]
fn a_violation_has_last_words_where_the_protocol_has_some() {
    World::run(timed(), |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::room("r");
        a.join(&key).await.unwrap();
        a.say(&key, "hi").await.unwrap();
        a.probe.say("swear");
        a.probe.say("event / 1 unheard");
        world.settle().await;
        assert_eq!(a.heard(), ["say hi", "no swearing"]);
        assert_eq!(a.probe.read_end(), Some(CloseReason::ForcedClose));
    });
}

/// Fails if a client whose only namespace refuses it keeps its session, or is not told why.
#[test]
fn a_session_of_one_namespace_ends_with_its_refusal_once_the_client_is_told() {
    World::run(timed(), |world| async move {
        let refused = world.client(0);
        refused.say("single");
        refused.say("connect /none");
        refused.say("event /none 1 unheard");
        world.settle().await;
        assert_eq!(refused.take(), ["refused /none Invalid namespace"]);
        assert_eq!(refused.read_end(), Some(CloseReason::ForcedClose));
    });
}

/// Fails if a client is greeted before it knows that it is in, in a protocol in which nothing comes before that.
#[test]
fn what_is_said_before_a_connect_comes_behind_it_where_that_is_first() {
    World::run(timed(), |world| async move {
        let connected = |client: &crate::testing::Probe| {
            let mut heard = client.take();
            heard.truncate(2);
            heard.iter_mut().for_each(|text| text.truncate(9));
            heard
        };
        let (before, behind) = (world.client(0), world.client(1));
        before.say("connect / greeted");
        behind.say("single");
        behind.say("connect / greeted");
        world.settle().await;
        assert_eq!(connected(&before), ["letter / ", "connected"]);
        assert_eq!(connected(&behind), ["connected", "letter / "]);
    });
}

/// Fails if a client that the hub puts out of its only namespace keeps its session, or is not told.
#[test]
fn a_session_of_one_namespace_ends_when_the_client_is_put_out() {
    World::run(timed(), |world| async move {
        let a = client(&world, 0).await;
        a.probe.say("single");
        world.settle().await;
        a.member.disconnect();
        world.settle().await;
        assert_eq!(a.heard(), ["disconnected /"]);
        assert_eq!(a.probe.read_end(), Some(CloseReason::ForcedClose));
    });
}

/// Fails if a client that left its only namespace keeps its session.
#[test]
fn a_session_of_one_namespace_ends_when_the_client_leaves_it() {
    World::run(timed(), |world| async move {
        let a = client(&world, 0).await;
        a.probe.say("single");
        a.probe.say("disconnect /");
        world.settle().await;
        assert_eq!(a.probe.ended(), Some(CloseReason::TransportClose));
    });
}

/// Fails if a message's second word is not heard, or when the first has ended the session.
#[test]
fn a_message_may_say_two_things() {
    World::run(timed(), |world| async move {
        let a = client(&world, 0).await;
        a.probe.say("twice /");
        world.settle().await;
        assert_eq!(a.heard(), ["ack / 2 ok"]);
        a.probe.say("twice /other");
        world.settle().await;
        assert_eq!(a.heard(), [""; 0]);
        assert_eq!(a.probe.read_end(), Some(CloseReason::ForcedClose));
    });
}

/// Fails if what means nothing is taken for half a packet, or costs nothing.
#[test]
fn a_message_that_means_nothing_is_no_half_packet_and_counts_as_a_message() {
    let mut setup = timed();
    setup.session.credit = 64;
    setup.session.rates = SharedRates::from(Rates {
        messages: 2,
        burst: SECOND,
        ..Rates::default()
    });
    World::run(setup, |world| async move {
        let a = client(&world, 0).await;
        a.probe.say("noise");
        pass(SECOND * 30).await;
        assert_eq!(a.probe.ended(), None);
        assert!(!a.probe.session.credit.exhausted());
        for _ in 0..6 {
            a.probe.say("noise");
        }
        world.settle().await;
        assert!(a.probe.session.credit.exhausted());
        pass(SECOND * 5).await;
        assert!(!a.probe.session.credit.exhausted());
    });
}

#[test]
fn a_second_connect_and_an_event_without_a_namespace_close_the_session() {
    for command in [
        "connect /",
        "event /other - say x",
        "ack /other 1 x",
        "disconnect /other",
    ] {
        World::run(timed(), |world| async move {
            let a = client(&world, 0).await;
            a.probe.say(command);
            world.settle().await;
            assert_eq!(a.probe.ended(), Some(CloseReason::ForcedClose), "{command}");
        });
    }
}

#[test]
fn a_disconnect_leaves_the_rooms_of_that_namespace_and_keeps_the_session() {
    let setup = Setup {
        namespaces: vec!["/", "/b"],
        ..timed()
    };
    World::run(setup, |world| async move {
        let a = client(&world, 0).await;
        let other = a.probe.connect("/b").await;
        let key = RoomKey::room("r");
        a.join(&key).await.unwrap();
        other
            .join(crate::session::JoinRequest::plain(RoomKey::room("s")))
            .await
            .unwrap();
        a.probe.say("disconnect /");
        let rest = world.at_rest().await;
        assert_eq!(rest.seats.keys().collect::<Vec<_>>(), [&RoomKey::room("s")]);
        assert_eq!(a.probe.ended(), None);
    });
}

/// The namespace heard that it was gone while its second letter waited for the answer to the first: that one found its
/// sender without a seat.
#[test]
fn what_a_member_said_before_it_went_is_heard_before_its_leave() {
    for seed in 0..40 {
        let setup = Setup {
            seed,
            delay: Some(20),
            ..timed()
        };
        World::run(setup, |world| async move {
            let (a, b) = (client(&world, 0).await, client(&world, 1).await);
            let rooms = [RoomKey::room("one"), RoomKey::room("two")];
            for room in &rooms {
                b.join(room).await.unwrap();
                a.join_with_leave_event(room).await.unwrap();
            }
            for room in rooms {
                let said = NotifyRequest {
                    room: room.clone(),
                    tag: None,
                    echo: false,
                    seat_needed: true,
                };
                drop(a.member.notify(said, content("say", &room.name)));
            }
            a.probe.hang_up();
            world.settle().await;
            let heard = b.heard();
            let place = |text: &str| heard.iter().position(|one| one.starts_with(text));
            assert_eq!(place("say one"), Some(0), "{seed}: {heard:?}");
            assert!(place("say two").is_some(), "{seed}: {heard:?}");
            assert!(place("say two") < place("left two"), "{seed}: {heard:?}");
        });
    }
}

/// How many it reaches is known to couriers alone, and nobody told the sender's rate.
#[test]
fn a_broadcast_to_several_rooms_counts_as_what_it_leads_to() {
    let mut setup = timed();
    setup.session.credit = 64;
    setup.session.rates = SharedRates::from(Rates {
        deliveries: 10,
        burst: SECOND,
        ..Rates::default()
    });
    World::run(setup, |world| async move {
        let rooms = [RoomKey::plain("one"), RoomKey::plain("two")];
        let mut members = Vec::new();
        for number in 0..30 {
            let member = client(&world, number % 2).await;
            member.join(&rooms[number % 2]).await.unwrap();
            members.push(member);
        }
        let (said, rooms) = (content("say", "hi"), Some(rooms.to_vec()));
        let speaker = &members[0];
        let exhausted = || speaker.probe.session.credit.exhausted();
        let answer = speaker.member.broadcast(rooms, Vec::new(), true, said);
        answer.await.unwrap();
        // It is looked at with the next message.
        speaker.probe.say("event / - nothing");
        pass(SECOND / 2).await;
        assert!(exhausted(), "30 deliveries are three seconds' worth");
        pass(SECOND * 5).await;
        assert!(!exhausted());
        for one in &members {
            assert_eq!(one.heard(), ["say hi"]);
        }
    });
}

/// A handler that says much without waiting grew its queue without limit.
#[test]
fn who_says_too_much_without_waiting_is_told_and_may_go_on_once_it_has_waited() {
    World::run(Setup::default(), |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::room("r");
        let said: Vec<_> = (0..2 * WAITING_MAX).map(|_| a.say(&key, "x")).collect();
        let said = futures_util::future::join_all(said).await;
        let refused =
            |answer: &&Result<_, _>| matches!(answer, Err(NotifyError::Internal(Fault::Full)));
        let full = said.iter().filter(refused).count();
        assert!((WAITING_MAX - 64..=WAITING_MAX).contains(&full), "{full}");
        assert_eq!(
            said.iter().filter(|answer| answer.is_ok()).count() + full,
            said.len()
        );
        assert!(a.join(&key).await.is_ok());
    });
}
