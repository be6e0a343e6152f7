//! Letters that many may answer: over two workers, with members that go, a worker that stands still or crashes, and whoever asks
//! slow, or gone.

use std::time::Duration;

use crate::{
    error::{Fault, LogError, NotifyError},
    id::{MemberId, RoomKey},
    letter::Manner,
    log::Batch,
    message::{AckStream, SHARED_ACKS, Selection},
    testing::{Call, Poison, Setup, World, content},
};

use super::{
    Client, client, pass, says,
    selections::{SECOND, ask, clients, only, small},
    telling,
    test_log::{Fate, Habits, maker, text_of},
};

const LIMIT: Duration = Duration::from_secs(10);

async fn ask_all(world: &World, selection: Selection) -> Result<AckStream, NotifyError> {
    let (from, asking) = (MemberId::new("server"), content("ask", "x"));
    let place = world.hub.ask_place(LIMIT).unwrap();
    let asked = world
        .hub
        .ask_members("/", from, selection, asking, place, Manner::default());
    asked.await
}

/// The number under which a client may answer, out of `ask #NUMBER x`.
pub(super) fn number(one: &Client) -> String {
    let heard = one.heard();
    let number = heard.last().and_then(|text| text.strip_prefix("ask #"));
    let number = number.unwrap_or_else(|| panic!("it was not asked: {heard:?}"));
    number.split(' ').next().unwrap().to_owned()
}

async fn all_answers(stream: &mut AckStream) -> Vec<(MemberId, String)> {
    let mut answers = Vec::new();
    while let Some((member, answer)) = stream.next().await {
        let text = String::from_utf8(answer.args.to_vec()).unwrap();
        answers.push((member, text));
    }
    answers.sort();
    answers
}

fn of(one: &Client, text: &str) -> (MemberId, String) {
    (one.member.id().clone(), text.to_owned())
}

/// Fails if clients of one letter have different numbers, if one that was not asked is heard, if one is heard twice or too late, or
/// if a number is one of a member's own.
#[test]
fn everybody_who_receives_a_letter_may_answer_it_once_in_time_and_nobody_else() {
    World::run(small(), |world| async move {
        let mut all = clients(&world, 4).await;
        all.push(telling(&world, 1).await);
        let others = Selection {
            except: vec![all[3].member.id().clone()],
            ..Selection::default()
        };
        let mut stream = ask_all(&world, others).await.unwrap();
        world.settle().await;
        let own = ask(&world, &all[0]);
        let ack = number(&all[0]);
        assert!(ack.parse::<u64>().unwrap() >= SHARED_ACKS);
        assert!(ack.parse::<i32>().is_ok(), "some clients read no more");
        for one in [&all[1], &all[2], &all[4]] {
            assert_eq!(number(one), ack);
        }
        assert_eq!(all[3].heard().len(), 0);
        world.settle().await;
        for (one, text) in [(0, "first"), (0, "again"), (3, "not-asked"), (4, "last")] {
            all[one].probe.say(&format!("ack / {ack} {text}"));
        }
        let next = ack.parse::<u64>().unwrap() + 1;
        all[1].probe.say(&format!("ack / {next} another-letter"));
        all[0].probe.say("ack / 0 own");
        assert_eq!(own.await.unwrap().args, "own");
        pass(LIMIT).await;
        all[1].probe.say(&format!("ack / {ack} late"));
        world.settle().await;
        let heard = all_answers(&mut stream).await;
        assert_eq!(heard, [of(&all[0], "first"), of(&all[4], "last")]);
        let mut silent = stream.silent().await.unwrap();
        silent.sort();
        let expected = [&all[1], &all[2]].map(|one| one.member.id().clone());
        assert_eq!(silent, expected);
        assert!(all.iter().all(|one| one.probe.ended().is_none()));
        all[0].probe.take();
    });
}

/// Fails if the end waits for the time though nobody is waited for, or if a letter to nobody has none.
#[test]
fn the_answers_end_when_all_have_come() {
    World::run(small(), |world| async move {
        let all = clients(&world, 2).await;
        let began = tokio::time::Instant::now();
        let mut stream = ask_all(&world, Selection::default()).await.unwrap();
        world.settle().await;
        for one in &all {
            let ack = number(one);
            one.probe.say(&format!("ack / {ack} yes"));
        }
        assert_eq!(all_answers(&mut stream).await.len(), 2);
        assert_eq!(stream.silent().await, Ok(vec![]));
        all[1].probe.hang_up();
        world.settle().await;
        let nobody = Selection {
            rooms: Some(vec![RoomKey::plain("nobody")]),
            ..Selection::default()
        };
        for nobody in [nobody, only(&all[1])] {
            let mut stream = ask_all(&world, nobody).await.unwrap();
            assert_eq!(all_answers(&mut stream).await, []);
            assert_eq!(stream.silent().await, Ok(vec![]));
        }
        assert!(began.elapsed() < LIMIT / 2);
    });
}

/// Fails if one that goes is not told of, or if its going costs the answers of others.
#[test]
fn who_goes_without_an_answer_is_silent() {
    World::run(small(), |world| async move {
        let all = clients(&world, 3).await;
        let mut stream = ask_all(&world, Selection::default()).await.unwrap();
        world.settle().await;
        let ack = number(&all[1]);
        all[0].probe.hang_up();
        all[1].probe.say(&format!("ack / {ack} bye"));
        all[1].probe.hang_up();
        assert_eq!(all_answers(&mut stream).await, [of(&all[1], "bye")]);
        let silent = stream.silent().await.unwrap();
        assert_eq!(silent.len(), 2);
        assert!(silent.contains(all[0].member.id()) && silent.contains(all[2].member.id()));
        all.iter().for_each(|one| drop(one.heard()));
    });
}

/// All but one, asked by that one.
async fn ask_others(asker: &Client) -> AckStream {
    let others = Selection {
        except: vec![asker.member.id().clone()],
        ..Selection::default()
    };
    let place = asker.member.ask_place(LIMIT).unwrap();
    let (asking, manner) = (content("ask", "x"), Manner::default());
    let asked = asker.member.ask_members(others, asking, place, manner);
    asked.await.unwrap()
}

/// What its session holds beside its outbox.
fn held(one: &Client) -> usize {
    one.probe.session.outbox.account().bytes()
}

/// Fails if an answer that came in time is lost because whoever asks is slow, if its client is not read meanwhile, if it is on
/// nobody's account, or on any when it is taken.
#[test]
fn answers_wait_for_who_is_slow_on_the_account_of_whoever_asked() {
    World::run(small(), |world| async move {
        let (asker, all) = (client(&world, 0).await, clients(&world, 200).await);
        let before = [held(&asker), all.iter().map(held).sum()];
        let mut stream = ask_others(&asker).await;
        world.settle().await;
        let process = |world: &World| world.hub.account().held(crate::account::Held::Inbound);
        for one in &all {
            let ack = number(one);
            one.probe.say(&format!("ack / {ack} {}", "y".repeat(100)));
        }
        world.settle().await;
        assert_eq!(all.iter().map(held).sum::<usize>(), before[1]);
        let waits = held(&asker) - before[0];
        assert!(waits >= 200 * 100, "{waits}");
        assert_eq!(process(&world), waits as u64);
        pass(LIMIT * 2).await;
        assert_eq!(all_answers(&mut stream).await.len(), 200);
        assert_eq!((held(&asker), process(&world)), (before[0], 0));
        assert_eq!(stream.silent().await, Ok(vec![]));
    });
}

/// Fails if answers that nobody takes grow beyond the share of whoever asks, if those that have no place are waited for or are told of as
/// if they had never been asked, or if another one's answers have no place for them.
#[test]
fn of_answers_that_nobody_takes_so_many_bytes_wait_and_the_rest_is_silence() {
    World::run(small(), |world| async move {
        let (asker, all) = (client(&world, 0).await, clients(&world, 7).await);
        let most = small().session.bytes_max / 4;
        let began = tokio::time::Instant::now();
        let mut streams = [ask_others(&asker).await, ask_others(&all[6]).await];
        world.settle().await;
        let text = "y".repeat(most / 5);
        for one in &all[..6] {
            let asked = one.heard();
            for number in asked.iter().filter_map(|text| text.strip_prefix("ask #")) {
                let number = number.split(' ').next().unwrap();
                one.probe.say(&format!("ack / {number} {text}"));
            }
        }
        for one in [&asker, &all[6]] {
            let number = number(one);
            one.probe.say(&format!("ack / {number} {text}"));
        }
        world.settle().await;
        assert!(held(&asker) <= most + most / 10, "{}", held(&asker));
        for stream in &mut streams {
            assert_eq!(all_answers(stream).await.len(), 4);
        }
        for stream in streams {
            assert_eq!(stream.silent().await.unwrap().len(), 3);
        }
        assert!(began.elapsed() < LIMIT, "nobody was waited for");
        // What was taken makes room.
        let mut stream = ask_others(&asker).await;
        world.settle().await;
        for one in &all {
            let number = number(one);
            one.probe.say(&format!("ack / {number} {}", &text[..1000]));
        }
        assert_eq!(all_answers(&mut stream).await.len(), 7);
    });
}

/// Fails if whoever asks hangs on a worker that does nothing, or hears nothing of the others.
#[test]
fn a_worker_that_stands_still_ends_the_answers_with_a_fault() {
    World::run(small(), |world| async move {
        let all = clients(&world, 2).await;
        world.couriers[1]
            .mailbox
            .send(Call::stand_still(SECOND * 30));
        pass(Duration::from_millis(1)).await;
        let mut stream = ask_all(&world, Selection::default()).await.unwrap();
        let answering = async {
            pass(SECOND).await;
            let ack = number(&all[0]);
            all[0].probe.say(&format!("ack / {ack} here"));
        };
        let (heard, ()) = tokio::join!(all_answers(&mut stream), answering);
        assert_eq!(heard, [of(&all[0], "here")]);
        assert_eq!(stream.silent().await, Err(Fault::Late));
        pass(SECOND * 30).await;
        world.settle().await;
        // It has the letter yet, and an answer is nobody's.
        let ack = number(&all[1]);
        all[1].probe.say(&format!("ack / {ack} too-late"));
        world.settle().await;
        assert_eq!(all[1].probe.ended(), None);
    });
}

/// Fails if a worker that crashes on the letter, or a namespace that does or ends, leaves whoever asks without an end.
#[test]
fn a_crash_on_the_letter_is_told_at_the_end() {
    World::run(small(), |world| async move {
        let (a, b) = (client(&world, 0).await, telling(&world, 1).await);
        let (from, asking) = (
            MemberId::new("server"),
            content("ask", Poison::Encode.mark()),
        );
        let all = Selection::default();
        let place = || world.hub.ask_place(LIMIT).unwrap();
        let asked =
            world
                .hub
                .ask_members("/", from.clone(), all, asking, place(), Manner::default());
        let mut stream = asked.await.unwrap();
        world.settle().await;
        let ack = number(&a);
        a.probe.say(&format!("ack / {ack} mine"));
        assert_eq!(all_answers(&mut stream).await, [of(&a, "mine")]);
        assert_eq!(stream.silent().await, Err(Fault::Crashed));
        let poisoned = content("ask", Poison::Append.mark());
        let asked = world.hub.ask_members(
            "/",
            from.clone(),
            Selection::default(),
            poisoned,
            place(),
            Manner::default(),
        );
        assert_eq!(
            asked.await.err(),
            Some(NotifyError::Internal(Fault::Crashed))
        );
        let unspeakable = content("unspeakable", "");
        let all = Selection::default();
        let asked = world.hub.ask_members(
            "/",
            from.clone(),
            all,
            unspeakable,
            place(),
            Manner::default(),
        );
        assert!(matches!(asked.await, Err(NotifyError::Encode(_))));
        let said = world.hub.broadcast(
            "/",
            from,
            Selection::default(),
            content("say", "x"),
            Manner::default(),
        );
        assert_eq!(said.await.unwrap().recipients, 2);
        world.settle().await;
        assert_eq!(a.heard(), says(&["x"]));
        b.probe.take();
        let mut stream = ask_all(&world, Selection::default()).await.unwrap();
        world.settle().await;
        let ack = number(&a);
        world.end_hub().await;
        a.probe.say(&format!("ack / {ack} still"));
        assert_eq!(all_answers(&mut stream).await, [of(&a, "still")]);
        assert_eq!(stream.silent().await, Ok(vec![b.member.id().clone()]));
        let gone = ask_all(&world, Selection::default()).await.err();
        assert_eq!(gone, Some(NotifyError::Internal(Fault::Gone)));
        b.probe.take();
        world.forgive();
    });
}

/// Fails if a member's letter overtakes what it has said before, if it hears itself though it is excepted, or if what waits for
/// the log keeps its place, and whoever asks, once nobody knows whether it was said.
#[test]
fn a_member_asks_others_in_the_order_of_what_it_says_also_where_the_log_is_late() {
    let fate = |batch: &Batch| match text_of(batch).as_deref() {
        Some("unknown") => Fate::Unknown(SECOND),
        _ => Fate::After(SECOND / 10),
    };
    let setup = Setup {
        log: Some(maker(Habits::default(), move || fate)),
        ..small()
    };
    World::run(setup, |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::plain("r");
        for one in [&a, &b] {
            one.join(&key).await.unwrap();
        }
        let others = || Selection {
            rooms: Some(vec![key.clone()]),
            except: vec![a.member.id().clone()],
            ..Selection::default()
        };
        let place = || a.member.ask_place(LIMIT).unwrap();
        drop(a.say(&key, "before"));
        let asked = a
            .member
            .ask_members(others(), content("ask", "x"), place(), Manner::default());
        let mut stream = asked.await.unwrap();
        let heard = b.heard();
        assert_eq!(heard[0], "say before", "{heard:?}");
        let ack = heard[1]
            .strip_prefix("ask #")
            .unwrap()
            .trim_end_matches(" x");
        b.probe.say(&format!("ack / {ack} yes"));
        assert_eq!(all_answers(&mut stream).await, [of(&b, "yes")]);
        let unknown = a.member.ask_members(
            others(),
            content("ask", "unknown"),
            place(),
            Manner::default(),
        );
        let unknown = unknown.await.err();
        assert_eq!(unknown, Some(NotifyError::Log(LogError::OutcomeUnknown)));
        pass(SECOND * 2).await;
        let ack = number(&b);
        b.probe.say(&format!("ack / {ack} nobody-listens"));
        world.settle().await;
        assert_eq!(a.heard(), says(&["before"]));
        let gone = Selection {
            only: Some(MemberId::new("gone")),
            ..Selection::default()
        };
        let asked = a
            .member
            .ask_members(gone, content("ask", "x"), place(), Manner::default());
        assert_eq!(asked.await.unwrap().silent().await, Ok(vec![]));
    });
}
