//! Hooks of rooms: what they may veto and alter, what they lead to and in which order, and their timers.

use std::time::Duration;

use crate::{
    error::{Fault, JoinError, NotifyError, RoomAskError, Veto},
    id::RoomKey,
    message::HistoryRequest,
    session::{JoinRequest, NotifyRequest},
    state::audience::LeaveScope,
    testing::{Setup, World, content, hook::TextHooks},
};

use super::{Client, client, pass, says, telling};

/// A world whose rooms have hooks.
pub(super) fn hooked() -> Setup {
    Setup {
        room_hooks: Some(std::sync::Arc::new(TextHooks)),
        ..Setup::default()
    }
}

/// Asks the hook of a room.
pub(super) async fn ask(one: &Client, key: &RoomKey, text: &str) -> Result<String, RoomAskError> {
    let hub = one.member.hub().clone();
    let answer = hub.ask_room("/", key.clone(), text.to_owned().into());
    let answer = answer.await?;
    Ok(String::from_utf8(answer.to_vec()).unwrap())
}

fn veto(message: &str) -> Veto {
    Veto {
        code: "no".into(),
        message: message.into(),
        data: None,
    }
}

/// What the hook says.
pub(super) fn hook(args: &[&str]) -> Vec<String> {
    args.iter().map(|args| format!("hook {args}")).collect()
}

/// Fails if a veto lets the member in, or leaves the refused call's letters or state behind.
#[test]
fn a_join_that_the_hook_vetoes_does_not_happen_and_leaves_nothing() {
    for key in [
        RoomKey::plain("p"),
        RoomKey::channel("c"),
        RoomKey::room("r"),
    ] {
        World::run(hooked(), |world| async move {
            let (a, b) = (client(&world, 0).await, client(&world, 1).await);
            a.join(&key).await.unwrap();
            let refused = b.join_as(&key, "joining emit x;veto not you").await;
            assert_eq!(refused.err(), Some(JoinError::Vetoed(veto("not you"))));
            world.settle().await;
            assert!(a.heard().is_empty() && b.heard().is_empty());
            assert_eq!(b.member.tags(&key), None);
            assert_eq!(
                ask(&a, &key, "state").await.unwrap(),
                "joining |joined |message state"
            );
            b.join(&key).await.unwrap();
            assert_eq!(world.at_rest().await.seats[&key].len(), 2);
        });
    }
}

/// Fails if what the hook alters of a join is not what happens: the name that is shown, and how many the room holds.
#[test]
fn a_join_is_as_the_hook_alters_it() {
    World::run(hooked(), |world| async move {
        let (a, b, c) = (
            client(&world, 0).await,
            client(&world, 1).await,
            client(&world, 1).await,
        );
        let key = RoomKey::room("r");
        a.join_as(&key, "for 2").await.unwrap();
        let joined = b.join_as(&key, "as somebody").await.unwrap();
        assert_eq!(joined.users[1].name.as_deref(), Some("somebody"));
        assert_eq!(
            c.join(&key).await.err(),
            Some(JoinError::Full { capacity: 2 })
        );
        let told = ask(&a, &key, "state").await.unwrap();
        assert!(told.contains("joined somebody"), "{told}");
        assert!(!told.ends_with("joining |message state"), "{told}");
    });
}

/// Fails if a letter goes out that the hook vetoes, or as it was before the hook altered it; or if it is altered twice.
#[test]
fn a_letter_is_vetoed_or_altered_by_the_hook() {
    World::run(hooked(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        b.join(&key).await.unwrap();
        let refused = a.say(&key, "do emit x;veto quiet").await.err();
        assert_eq!(refused, Some(NotifyError::Vetoed(veto("quiet"))));
        let answer = a.say(&key, "alter alter twice").await.unwrap();
        assert_eq!(answer.recipients, 2);
        assert_eq!(answer.position.offset, 1);
        a.say(&key, "plain").await.unwrap();
        world.settle().await;
        for one in [&a, &b] {
            assert_eq!(one.heard(), says(&["alter twice", "plain"]));
        }
    });
}

/// Fails if what a hook says comes before what it was called for, or in another order than it was said, to anybody: who
/// has just joined hears what its own join led to.
#[test]
fn what_a_hook_says_comes_behind_what_it_was_called_for_in_its_order() {
    for seed in 0..20 {
        let setup = Setup {
            seed,
            delay: Some(20),
            ..hooked()
        };
        World::run(setup, |world| async move {
            let (a, b) = (client(&world, 0).await, client(&world, 1).await);
            let key = RoomKey::plain("p");
            a.join(&key).await.unwrap();
            let name = format!("joined emit 1;tell {} 2;emit 3", b.member.id());
            b.join_as(&key, &name).await.unwrap();
            let first = a.say(&key, "do emit 4;emit 5").await.unwrap();
            let second = b.say(&key, "6").await.unwrap();
            // Two letters of the join, then the letter, two more of the hook, the next.
            assert_eq!((first.position.offset, second.position.offset), (3, 6));
            world.settle().await;
            let rest = ["say do emit 4;emit 5", "hook 4", "hook 5", "say 6"];
            let heard = |own: &[&str]| [hook(own), rest.map(str::to_owned).to_vec()].concat();
            assert_eq!(a.heard(), heard(&["1", "3"]), "seed {seed}");
            assert_eq!(b.heard(), heard(&["1", "2", "3"]), "seed {seed}");
        });
    }
}

/// Fails if a hook's letter tells another number than it has in the log: who comes back with it would be told too much or too little.
#[test]
fn what_a_hook_says_tells_its_place_in_the_log() {
    World::run(hooked(), |world| async move {
        let a = telling(&world, 0).await;
        let key = RoomKey::plain("p");
        a.join_as(&key, "joined emit 1;emit 2").await.unwrap();
        let said = a.say(&key, "do emit 4;emit 5").await.unwrap();
        world.settle().await;
        let heard = a.heard();
        let cursors = heard.iter().map(|text| {
            let (_, cursor) = text.rsplit_once('-').unwrap();
            u64::from_str_radix(cursor, 16).unwrap()
        });
        let cursors: Vec<u64> = cursors.collect();
        assert_eq!(cursors, [1, 2, 3, 4, 5], "{heard:?}");
        assert_eq!(said.position.cursor, 3);
    });
}

/// Fails if who comes later is not told what a hook has said, or is told it twice.
#[test]
fn what_a_hook_says_is_in_the_rooms_history_once() {
    World::run(hooked(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::room("r");
        a.join(&key).await.unwrap();
        a.say(&key, "do emit 1").await.unwrap();
        let history = HistoryRequest {
            since: None,
            count: 10,
            bytes: 1000,
            cut: false,
        };
        let request = JoinRequest {
            history: Some(history),
            user: Some("joined emit 2".into()),
            ..JoinRequest::plain(key.clone())
        };
        let answer = b.member.join(request).await.unwrap();
        assert_eq!(answer.replayed.unwrap().count, 2);
        world.settle().await;
        let all = ["say do emit 1", "hook 1", "hook 2"];
        assert_eq!(b.heard(), all);
        a.heard();
    });
}

/// Fails if a hook does not hear who left, why, or hears of one who only gave one of two tags up; or counts those among the
/// members who are gone.
#[test]
fn a_hook_hears_of_each_who_leaves_and_sees_who_is_left() {
    World::run(hooked(), |world| async move {
        let (a, b, c) = (
            client(&world, 0).await,
            client(&world, 1).await,
            client(&world, 1).await,
        );
        let key = RoomKey::plain("p");
        for one in [&a, &b, &c] {
            one.join(&key).await.unwrap();
        }
        ask(&a, &key, "on-left emit-members").await.unwrap();
        b.member.leave(key.clone(), LeaveScope::All, None).await;
        let c_id = c.member.id().clone();
        c.probe.hang_up();
        world.settle().await;
        let told = ask(&a, &key, "state").await.unwrap();
        let (b_id, a_id) = (b.member.id(), a.member.id());
        assert!(
            told.ends_with(&format!(
                "left {b_id} leave|left {c_id} disconnect|message state"
            )),
            "{told}"
        );
        assert_eq!(ask(&a, &key, "members").await.unwrap(), a_id.to_string());
        let left = [format!("hook {a_id}|{c_id}"), format!("hook {a_id}")];
        assert_eq!(a.heard(), left);
        assert_eq!(c.heard(), left[..1]);
    });
}

/// Fails if a member that is sent out keeps its seat, hears what is said behind that, or the hook does not hear of it.
#[test]
fn a_hook_sends_a_member_out_in_the_rooms_order() {
    for seed in 0..20 {
        let setup = Setup {
            seed,
            delay: Some(20),
            ..hooked()
        };
        World::run(setup, |world| async move {
            let (a, b) = (client(&world, 0).await, client(&world, 1).await);
            let key = RoomKey::plain("p");
            a.join(&key).await.unwrap();
            b.join(&key).await.unwrap();
            let out = format!("emit 1;kick {0};kick {0};emit 2", b.member.id());
            ask(&a, &key, &out).await.unwrap();
            let told = ask(&a, &key, "state").await.unwrap();
            let left = format!("left {} kick", b.member.id());
            assert_eq!(told.matches(&left).count(), 1, "{told}");
            let rest = world.at_rest().await;
            assert_eq!(rest.seats[&key].len(), 1);
            assert_eq!(b.member.tags(&key), None, "seed {seed}");
            assert_eq!(a.heard(), hook(&["1", "2"]));
            assert_eq!(b.heard(), hook(&["1"]), "seed {seed}");
            // One who is sent out as it comes never was there for the others.
            let name = format!("joined kick {}", b.member.id());
            b.join_as(&key, &name).await.unwrap();
            assert_eq!(world.at_rest().await.seats[&key].len(), 1);
            assert_eq!(b.member.tags(&key), None, "seed {seed}");
        });
    }
}

/// Fails if a transferred member stays, arrives nowhere, or one who is gone arrives.
#[test]
fn a_hook_transfers_a_member_by_its_session() {
    for seed in 0..20 {
        let setup = Setup {
            seed,
            delay: Some(20),
            ..hooked()
        };
        World::run(setup, |world| async move {
            let (a, b) = (client(&world, 0).await, client(&world, 1).await);
            let (queue, game) = (RoomKey::plain("queue"), RoomKey::plain("game"));
            a.join(&queue).await.unwrap();
            let (a_id, b_id) = (a.member.id().clone(), b.member.id().clone());
            let name = format!("joined transfer {a_id} game;transfer {b_id} game");
            b.join_as(&queue, &name).await.unwrap();
            let rest = world.at_rest().await;
            assert_eq!(rest.seats[&game].len(), 2, "seed {seed}");
            assert!(!rest.seats.contains_key(&queue), "seed {seed}");
            // Both go at the same time as one hangs up.
            let out = format!("transfer {a_id} other;transfer {b_id} other");
            world.ask(a.member.hub().ask_room("/", game.clone(), out.into()), drop);
            pass(Duration::from_millis(seed)).await;
            b.probe.hang_up();
            let rest = world.at_rest().await;
            assert_eq!(rest.seats[&RoomKey::plain("other")].len(), 1, "seed {seed}");
            assert!(!rest.seats.contains_key(&game), "seed {seed}");
        });
    }
}

/// Fails if somebody stays in a closed room, hears less than was said before, if the hook hears of those who go, or if the
/// next to come finds the old state or an old timer.
#[test]
fn a_closed_room_is_left_by_all_and_begins_anew() {
    World::run(hooked(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::plain("kept");
        a.join(&key).await.unwrap();
        b.join(&key).await.unwrap();
        let close = "on-left emit never;later 1000 emit never;emit over;close;emit never";
        ask(&a, &key, close).await.unwrap();
        world.settle().await;
        assert_eq!((a.heard(), b.heard()), (hook(&["over"]), hook(&["over"])));
        assert_eq!(a.member.tags(&key), None);
        assert_eq!(world.count(|metrics| &metrics.rooms), 0);
        assert_eq!(
            ask(&a, &key, "state").await.err(),
            Some(RoomAskError::NoRoom)
        );
        a.join(&key).await.unwrap();
        pass(Duration::from_secs(2)).await;
        assert_eq!(
            ask(&a, &key, "state").await.unwrap(),
            "joining |joined |message state"
        );
        assert!(a.heard().is_empty());
        ask(&a, &key, "close").await.unwrap();
    });
}

/// Fails if a timer comes early, not at all, twice, or although it was taken back.
#[test]
fn a_timer_comes_once_at_its_time_unless_it_is_taken_back() {
    World::run(hooked(), |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        ask(&a, &key, "later 5000 emit second;later 1000 emit first")
            .await
            .unwrap();
        ask(&a, &key, "later 3000 emit never").await.unwrap();
        ask(&a, &key, "cancel").await.unwrap();
        pass(Duration::from_millis(999)).await;
        assert!(a.heard().is_empty());
        pass(Duration::from_millis(10)).await;
        assert_eq!(a.heard(), hook(&["first"]));
        pass(Duration::from_millis(3980)).await;
        assert!(a.heard().is_empty());
        pass(Duration::from_secs(60)).await;
        assert_eq!(a.heard(), hook(&["second"]));
    });
}

/// Fails if one who is in a room without a hook, or asks for one that is not there, is left without an answer or makes the room.
#[test]
fn a_room_is_not_made_by_asking_it_and_one_without_a_hook_says_so() {
    World::run(hooked(), |world| async move {
        let a = client(&world, 0).await;
        let (none, plain) = (RoomKey::plain("p"), RoomKey::plain("plain"));
        assert_eq!(ask(&a, &none, "state").await, Err(RoomAskError::NoRoom));
        assert_eq!(world.count(|metrics| &metrics.rooms), 0);
        a.join(&plain).await.unwrap();
        assert_eq!(ask(&a, &plain, "state").await, Err(RoomAskError::NoHook));
        let nowhere = a.member.hub().ask_room("/none", none, Default::default());
        let gone = RoomAskError::Internal(Fault::Gone);
        assert_eq!(nowhere.await, Err(gone));
    });
}

/// Fails if random numbers or the time come from elsewhere than the ports: then no test could play a game again.
#[test]
fn the_same_world_has_the_same_random_numbers_and_two_calls_have_others() {
    let numbers: Vec<String> = (0..2)
        .map(|_| {
            let (sender, numbers) = std::sync::mpsc::channel();
            World::run(hooked(), |world| async move {
                let a = client(&world, 0).await;
                let key = RoomKey::plain("p");
                a.join(&key).await.unwrap();
                let one = ask(&a, &key, "random").await.unwrap();
                let other = ask(&a, &key, "random").await.unwrap();
                assert_ne!(one, other);
                sender.send(one).unwrap();
            });
            numbers.recv().unwrap()
        })
        .collect();
    assert_eq!(numbers[0], numbers[1]);
}

/// Fails if a letter of one who is in no room passes its hook by.
#[test]
fn a_guests_letter_is_asked_about_too() {
    World::run(hooked(), |world| async move {
        let (a, guest) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        let request = NotifyRequest {
            room: key.clone(),
            tag: None,
            echo: false,
            seat_needed: false,
        };
        let said = guest.member.notify(request, content("say", "do veto no"));
        assert_eq!(said.await.err(), Some(NotifyError::Vetoed(veto("no"))));
    });
}
