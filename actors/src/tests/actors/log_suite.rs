//! The log's port: whatever a log does that keeps its rules, members hear each letter once, in one order.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use crate::{
    error::{LogError, NotifyError},
    id::{LogPosition, RoomKey},
    log::Batch,
    message::{HistoryRequest, Replayed},
    session::JoinRequest,
    state::audience::LeaveScope,
    testing::{Setup, World, random::Random, wire::announce},
};

use super::{
    Client, pass,
    test_log::{Fate, Habits, maker},
};

/// How often each letter reached whom, when everything is over.
type ByRoom = BTreeMap<RoomKey, Vec<String>>;

const STEADY: usize = 4;

/// Those who come once, at any time, and are told what was said before.
const NEWCOMERS: usize = 4;

/// Four members of three rooms speak while a fifth comes and goes, and others come.
fn plays(what: &str, habits: Habits, fate: Option<fn(&mut Random) -> Fate>, seeds: u64) {
    for seed in 0..seeds {
        let log = fate.map(|fate| {
            maker(habits, move || {
                let random = RefCell::new(Random::new(seed));
                move |_: &Batch| fate(&mut random.borrow_mut())
            })
        });
        let setup = Setup {
            seed,
            log,
            delay: Some(2),
            ..Setup::default()
        };
        let what = format!("{what}, seed {seed}");
        World::run(setup, |world| play(world, seed, what));
    }
}

async fn join_for_sure(client: &Client, key: &RoomKey) {
    for _ in 0..100 {
        if client.join_as(key, "steady").await.is_ok() {
            return;
        }
    }
    panic!("it never comes in");
}

async fn play(world: Rc<World>, seed: u64, what: String) {
    let mut random = Random::new(seed ^ 0xfeed);
    let keys = [
        RoomKey::channel("c"),
        RoomKey::room("r"),
        RoomKey::room("q"),
    ];
    let mut clients = Vec::new();
    for number in 0..=STEADY + NEWCOMERS {
        // A third of them on each worker are told tokens.
        let namespace = if number % 3 == 2 { "/ telling" } else { "/" };
        let probe = world.client(number % 2);
        let member = probe.connect(namespace).await;
        clients.push(Rc::new(Client { probe, member }));
    }
    for one in &clients[..STEADY] {
        for key in &keys {
            join_for_sure(one, key).await;
        }
    }
    let answers: Rc<RefCell<BTreeMap<String, Result<LogPosition, NotifyError>>>> = Rc::default();
    let told: Rc<RefCell<Told>> = Rc::default();
    for step in 0..60 {
        let speaker = random.below(STEADY);
        let key = random.pick(&keys).clone();
        let text = format!("{} {speaker} {step}", key.name);
        let (said, kept) = (clients[speaker].say(&key, &text), answers.clone());
        world.ask(said, move |answer| {
            kept.borrow_mut()
                .insert(text, answer.map(|answer| answer.position));
        });
        if random.percent(20) {
            let flapper = clients[STEADY].clone();
            let key = random.pick(&keys).clone();
            match random.percent(50) {
                true => {
                    let announce = Some(announce("joined", &key, "flapper"));
                    let join = JoinRequest {
                        announce,
                        ..JoinRequest::plain(key)
                    };
                    world.ask(flapper.member.join(join), drop)
                }
                false => world.ask(flapper.member.leave(key, LeaveScope::All, None), drop),
            }
        }
        if step % 12 == 6 {
            let newcomer = STEADY + 1 + step / 12 % NEWCOMERS;
            for key in &keys {
                let join = JoinRequest {
                    history: Some(HistoryRequest {
                        since: None,
                        count: 100,
                        bytes: usize::MAX,
                        cut: false,
                    }),
                    ..JoinRequest::plain(key.clone())
                };
                let (kept, key) = (told.clone(), key.clone());
                world.ask(clients[newcomer].member.join(join), move |answer| {
                    let replayed = answer.ok().map(|answer| answer.replayed.unwrap());
                    kept.borrow_mut().insert((newcomer, key), replayed);
                });
            }
        }
        pass(Duration::from_millis(random.below(9) as u64)).await;
    }
    pass(Duration::from_secs(100)).await;
    world.settle().await;
    let heard = clients.iter().map(|client| client.heard());
    let heard: Vec<Vec<String>> = heard
        .enumerate()
        .map(|(number, heard)| {
            // Where there are gaps, others' letters are kept, which a newcomer alone is told: its courier's mark rises.
            let foreign = what.contains("gaps") || what.contains("anything");
            let everything = number < STEADY && !foreign;
            match number % 3 == 2 {
                true => without_tokens(heard, everything, &answers.borrow(), &what),
                false => heard,
            }
        })
        .collect();
    for one in &heard[1..STEADY] {
        assert_eq!(one, &heard[0], "{what}: all rooms together have one order");
    }
    in_the_order_of_the_log(&heard[0], &answers.borrow(), &what);
    let heard: Vec<ByRoom> = heard.iter().map(|heard| by_room(heard, &keys)).collect();
    check(&heard, &answers.borrow(), &keys, &what);
    newcomers(&heard, &told.borrow(), &what);
    world.at_rest().await;
}

/// A letter has the position that its sender was answered. What is in no log has that of the letter before it, for those who
/// hear everything. Would fail if a frame with a token were made before the letter is in the log, or shared by what is in none.
fn without_tokens(
    heard: Vec<String>,
    everything: bool,
    answers: &BTreeMap<String, Result<LogPosition, NotifyError>>,
    what: &str,
) -> Vec<String> {
    let mut last = "none".to_owned();
    let heard = heard.iter().map(|text| {
        let (text, token) = text.rsplit_once(" @").expect("it is told tokens");
        match text.strip_prefix("say ") {
            Some(said) => {
                if let Some(Ok(position)) = answers.get(said) {
                    assert_eq!(position.token().to_string(), token, "{what}: {text}");
                }
                last = token.to_owned();
            }
            None => assert!(
                !everything || token == last,
                "{what}: {text} @{token} behind {last}"
            ),
        }
        text.to_owned()
    });
    heard.collect()
}

/// Would fail without the gate: two rooms come to their commits in another order than the log's.
fn in_the_order_of_the_log(
    heard: &[String],
    answers: &BTreeMap<String, Result<LogPosition, NotifyError>>,
    what: &str,
) {
    let position = |text: &String| answers.get(text.strip_prefix("say ")?)?.as_ref().ok();
    let positions: Vec<&LogPosition> = heard.iter().filter_map(position).collect();
    for pair in positions.windows(2) {
        assert!(
            pair[0].epoch != pair[1].epoch || pair[0].cursor < pair[1].cursor,
            "{what}: {positions:?}"
        );
    }
}

/// What the joins of newcomers were answered; none where they failed.
type Told = BTreeMap<(usize, RoomKey), Option<Replayed>>;

/// Who joins with its history has heard all that was said last: all of it where it was told so.
fn newcomers(heard: &[ByRoom], told: &Told, what: &str) {
    for ((newcomer, key), replayed) in told {
        let (all, mine) = (&heard[0][key], &heard[*newcomer][key]);
        let Some(replayed) = replayed else {
            assert!(
                mine.is_empty(),
                "{what}: it did not come in and heard {mine:?}"
            );
            continue;
        };
        assert!(
            // Where there are gaps, others' letters are kept, which nobody here said.
            all.ends_with(mine)
                && (replayed.count <= mine.len()
                    || what.contains("gaps")
                    || what.contains("anything")),
            "{what}: {newcomer} in {key:?} heard {mine:?} of {all:?}"
        );
        // What was kept in an epoch that is over is gone.
        assert!(
            !replayed.complete
                || mine.len() == all.len()
                || what.contains("epoch")
                || what.contains("anything"),
            "{what}: {newcomer} in {key:?} was told of all, and heard {mine:?} of {all:?}"
        );
    }
}

fn by_room(heard: &[String], keys: &[RoomKey]) -> ByRoom {
    let of = |key: &RoomKey| {
        let prefix = format!("say {} ", key.name);
        let texts = heard.iter().filter(|text| text.starts_with(&prefix));
        let texts = texts.map(|text| text.trim_start_matches("say ").to_owned());
        (key.clone(), texts.collect())
    };
    keys.iter().map(of).collect()
}

fn check(
    heard: &[ByRoom],
    answers: &BTreeMap<String, Result<LogPosition, NotifyError>>,
    keys: &[RoomKey],
    what: &str,
) {
    assert_eq!(answers.len(), 60, "{what}: each is answered");
    for key in keys {
        let first = &heard[0][key];
        for one in &heard[1..STEADY] {
            assert_eq!(&one[key], first, "{what}: all hear the same, in one order");
        }
        let distinct: BTreeSet<_> = first.iter().collect();
        assert_eq!(distinct.len(), first.len(), "{what}: twice in {first:?}");
        let flapper = &heard[STEADY][key];
        let mut rest = first.iter();
        assert!(
            flapper.iter().all(|text| rest.any(|other| other == text)),
            "{what}: {flapper:?} is no part of {first:?}"
        );
        let mine = format!("{} ", key.name);
        for (text, answer) in answers.iter().filter(|(text, _)| text.starts_with(&mine)) {
            match answer {
                Ok(_) => assert!(distinct.contains(text), "{what}: {text} is lost"),
                Err(NotifyError::Log(LogError::OutcomeUnknown)) => {}
                Err(NotifyError::Log(LogError::Unavailable)) => {
                    assert!(!distinct.contains(text), "{what}: {text} was refused");
                }
                Err(error) => panic!("{what}: {text}: {error:?}"),
            }
        }
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        for text in first.iter().filter(|text| answers[*text].is_ok()) {
            let (sender, step) = text[mine.len()..].split_once(' ').unwrap();
            let step = step.parse().unwrap();
            let before = last.insert(sender, step);
            assert!(
                before.is_none_or(|before| before < step),
                "{what}: {first:?}"
            );
        }
    }
}

fn some_ms(random: &mut Random, limit: usize) -> Duration {
    Duration::from_millis(random.below(limit) as u64)
}

/// Each would fail if the room, its namespace or the gate took what a log may do for something else: a repeat for news, a gap
/// for a loss, a late commit for a fresh one.
#[test]
fn no_letter_is_lost_doubled_or_reordered_whatever_the_log_does() {
    let late = |random: &mut Random| Fate::After(some_ms(random, 40));
    let gaps = Habits {
        gaps: true,
        ..Habits::default()
    };
    let repeats = Habits {
        repeats: true,
        ..Habits::default()
    };
    let epochs = Habits {
        epochs: Some(Duration::from_millis(70)),
        ..Habits::default()
    };
    plays("in memory", Habits::default(), None, 20);
    plays("late", Habits::default(), Some(late), 10);
    let now_and_then = |random: &mut Random| match random.percent(50) {
        true => Fate::Now,
        false => Fate::After(some_ms(random, 40)),
    };
    plays("sometimes late", Habits::default(), Some(now_and_then), 20);
    let refuses = |random: &mut Random| match random.below(10) {
        0 => Fate::Refused,
        1 => Fate::Rejected(some_ms(random, 40)),
        2..6 => Fate::Now,
        _ => Fate::After(some_ms(random, 40)),
    };
    plays("refusing", Habits::default(), Some(refuses), 20);
    let conflicts = |random: &mut Random| match random.below(10) {
        0..3 => Fate::Conflict,
        3..6 => Fate::Now,
        _ => Fate::After(some_ms(random, 40)),
    };
    plays("in conflict", Habits::default(), Some(conflicts), 40);
    plays("with gaps", gaps, Some(late), 10);
    plays("repeating", repeats, Some(late), 10);
    plays("in new epochs", epochs, Some(late), 20);
    let unknown = |random: &mut Random| match random.below(10) {
        0 => Fate::Unknown(some_ms(random, 5000)),
        1..5 => Fate::Now,
        _ => Fate::After(some_ms(random, 40)),
    };
    plays("unknown", Habits::default(), Some(unknown), 10);
    let all = Habits {
        gaps: true,
        repeats: true,
        epochs: Some(Duration::from_millis(90)),
        ..Habits::default()
    };
    let anything = |random: &mut Random| match random.below(20) {
        0 => Fate::Unknown(some_ms(random, 5000)),
        1 => Fate::Refused,
        2 => Fate::Rejected(some_ms(random, 40)),
        3 => Fate::Never,
        4 | 5 => Fate::Conflict,
        6..12 => Fate::Now,
        _ => Fate::After(some_ms(random, 40)),
    };
    plays("doing anything", all, Some(anything), 40);
}
