//! What is asked of members from elsewhere, of those whom two workers serve, with members that go meanwhile.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{
    context::NamespaceSettings,
    error::{AskError, CloseReason, Fault},
    id::{LocalId, MemberId, RoomKey},
    letter::Manner,
    message::{ChangeCount, MemberPage, Selection},
    ports::Answer,
    session::{JoinRequest, NotifyRequest},
    testing::{Probe, Setup, World, content},
};

use super::{
    Client, client, connected, pass, says,
    test_log::{Fate, Habits, maker},
};

pub(super) const SECOND: Duration = Duration::from_secs(1);
/// How long a log may take to commit.
const LATE: Duration = Duration::from_millis(200);

/// The same, where each message takes its own time.
fn delayed() -> impl Iterator<Item = Setup> {
    (0..20).map(|seed| Setup {
        delay: Some(20),
        seed,
        ..small()
    })
}

pub(super) fn small() -> Setup {
    Setup {
        namespaces: vec!["/", "/other"],
        settings: NamespaceSettings {
            courier_patience: SECOND,
            ..NamespaceSettings::default()
        },
        ..Setup::default()
    }
}

/// So many clients, on the workers in turn.
pub(super) async fn clients(world: &World, count: usize) -> Vec<Client> {
    let mut clients = Vec::new();
    for number in 0..count {
        clients.push(client(world, number % 2).await);
    }
    clients
}

fn rooms(names: &[&str]) -> Selection {
    Selection {
        rooms: Some(names.iter().copied().map(RoomKey::plain).collect()),
        ..Selection::default()
    }
}

pub(super) fn only(one: &Client) -> Selection {
    Selection {
        only: Some(one.member.id().clone()),
        ..Selection::default()
    }
}

pub(super) fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().copied().map(Arc::from).collect()
}

fn ids(page: &MemberPage) -> Vec<MemberId> {
    page.members
        .iter()
        .map(|member| member.id.clone())
        .collect()
}

pub(super) fn done(done: usize) -> Result<ChangeCount, Fault> {
    Ok(ChangeCount { done, failed: 0 })
}

async fn list(world: &World, selection: &Selection, after: Option<LocalId>) -> MemberPage {
    let page = world.hub.list_members("/", selection.clone(), after, 2);
    page.await.unwrap()
}

/// Fails if a filter is passed over, if somebody in two rooms counts twice, or if a page leaves somebody out or has him twice.
#[test]
fn members_are_counted_and_listed_by_rooms_and_ids_over_all_workers() {
    World::run(small(), |world| async move {
        let all = clients(&world, 5).await;
        let other = connected(&world, 0, "/other").await;
        for (one, name) in [(0, "a"), (1, "a"), (1, "b"), (2, "b"), (3, "c")] {
            all[one].join(&RoomKey::plain(name)).await.unwrap();
        }
        all[0].member.set_data(Some(Bytes::from_static(b"{}")));
        let id = |one: usize| all[one].member.id().clone();
        let mut excepting = rooms(&["a", "b", "c"]);
        excepting.except_rooms = vec![RoomKey::plain("c")];
        excepting.except = vec![id(0)];
        let mut only_in_a = rooms(&["a"]);
        only_in_a.only = Some(id(1));
        let mut only_in_c = only_in_a.clone();
        only_in_c.rooms = rooms(&["c"]).rooms;
        let mut nobody = only(&other);
        nobody.rooms = None;
        for (selection, expected) in [
            (Selection::default(), vec![0, 1, 2, 3, 4]),
            (rooms(&["a"]), vec![0, 1]),
            (rooms(&["a", "b"]), vec![0, 1, 2]),
            (excepting, vec![1, 2]),
            (only(&all[4]), vec![4]),
            (only_in_a, vec![1]),
            (only_in_c, vec![]),
            (nobody, vec![]),
            (rooms(&[]), vec![]),
        ] {
            let count = world.hub.count_members("/", selection.clone()).await;
            assert_eq!(count, Ok(expected.len()), "{selection:?}");
            let mut found = Vec::new();
            let mut after = None;
            loop {
                let page = list(&world, &selection, after).await;
                assert!(page.members.len() <= 2);
                found.extend(ids(&page));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let expected: Vec<_> = expected.into_iter().map(id).collect();
            assert_eq!(found, expected, "{selection:?}");
        }
        let first = list(&world, &Selection::default(), None).await.members;
        assert_eq!(first[0].data, Some(Bytes::from_static(b"{}")));
        assert_eq!((&first[1].data, &first[1].account), (&None, &None));
        assert_eq!(first[1].address, None::<IpAddr>);
        assert_eq!(first[1].rooms, names(&["a", "b"]));
        assert_eq!(
            world.hub.count_members("/none", Selection::default()).await,
            Err(Fault::Gone)
        );
    });
}

/// Fails if the answer comes before the last seat is taken or left, or if what is said then passes by one of them.
#[test]
fn what_is_said_behind_joins_and_leaves_from_afar_finds_who_was_made_to() {
    for setup in delayed() {
        let late = Some(maker(Habits::default(), || |_| Fate::After(LATE)));
        let log = if setup.seed % 2 == 0 { late } else { None };
        let setup = Setup { log, ..setup };
        World::run(setup, |world| async move {
            let all = clients(&world, 4).await;
            let joined = world
                .hub
                .join_members("/", Selection::default(), names(&["a", "b"]));
            assert_eq!(joined.await, done(4));
            let broadcast = |rooms: Selection, args: &str| {
                let said = content("say", args);
                all[0].member.broadcast(rooms.rooms, vec![], true, said)
            };
            broadcast(rooms(&["b"]), "1").await.unwrap();
            let left = world
                .hub
                .leave_members("/", only(&all[1]), names(&["a", "none"]));
            assert_eq!(left.await, done(1));
            broadcast(rooms(&["a"]), "2").await.unwrap();
            // Nobody is in there: what is left to do is done.
            let left = world
                .hub
                .leave_members("/", Selection::default(), names(&["none"]));
            assert_eq!(left.await, done(4));
            world.settle().await;
            for (number, one) in all.iter().enumerate() {
                let heard = if number == 1 {
                    says(&["1"])
                } else {
                    says(&["1", "2"])
                };
                assert_eq!(one.heard(), heard, "{number}");
            }
            let rest = world.at_rest().await;
            assert_eq!(rest.seats[&RoomKey::plain("a")].len(), 3);
        });
    }
}

/// Fails if one that goes is waited for, or counts as one that did it.
#[test]
fn members_that_go_meanwhile_are_neither_waited_for_nor_counted() {
    for setup in delayed() {
        World::run(setup, |world| async move {
            let all = clients(&world, 6).await;
            let joined = world
                .hub
                .join_members("/", Selection::default(), names(&["a"]));
            let listed = world.hub.list_members("/", Selection::default(), None, 10);
            let counted = world.hub.count_members("/", Selection::default());
            for one in [&all[0], &all[3]] {
                one.probe.hang_up();
            }
            let (joined, listed) = (joined.await.unwrap(), listed.await.unwrap());
            assert!((4..=6).contains(&joined.done), "{joined:?}");
            assert_eq!(joined.failed, 0);
            assert!((4..=6).contains(&listed.members.len()), "{listed:?}");
            assert!((4..=6).contains(&counted.await.unwrap()));
            let rest = world.at_rest().await;
            assert_eq!(rest.seats[&RoomKey::plain("a")].len(), 4);
            let left = world.hub.count_members("/", rooms(&["a"]));
            assert_eq!(left.await, Ok(4));
        });
    }
}

/// Fails if a client is not told, if its other namespaces or the others go with it, or if a closed connection stays open.
#[test]
fn who_is_disconnected_is_told_and_goes_on_elsewhere_unless_it_is_closed() {
    World::run(small(), |world| async move {
        let all = clients(&world, 4).await;
        for one in &all {
            one.probe.connect("/other").await;
            one.join(&RoomKey::plain("a")).await.unwrap();
        }
        let out = world.hub.disconnect_members("/", only(&all[0]), false);
        assert_eq!(out.await, done(1));
        world.settle().await;
        assert_eq!(all[0].probe.take(), ["disconnected /"]);
        assert_eq!(all[0].probe.ended(), None);
        assert!(all[0].member.has_ended());
        let mut others = rooms(&["a"]);
        others.except = vec![all[1].member.id().clone()];
        let out = world.hub.disconnect_members("/", others, true);
        assert_eq!(out.await, done(2));
        world.settle().await;
        for one in &all[2..] {
            assert_eq!(one.probe.take(), ["disconnected /", "disconnected /other"]);
            assert_eq!(one.probe.read_end(), Some(CloseReason::ForcedClose));
        }
        assert_eq!(all[1].probe.ended(), None);
        let left = world.hub.count_members("/other", Selection::default());
        assert_eq!(left.await, Ok(2));
        assert_eq!(world.at_rest().await.seats[&RoomKey::plain("a")].len(), 1);
    });
}

/// Fails if a request overtakes what its thread has said before, at whatever speed it goes.
#[test]
fn who_is_put_out_has_what_was_said_before() {
    for setup in delayed() {
        World::run(setup, |world| async move {
            let all = clients(&world, 4).await;
            let from = MemberId::new("server");
            let said = |args: &str| {
                let said = content("say", args);
                world.hub.broadcast(
                    "/",
                    from.clone(),
                    Selection::default(),
                    said,
                    Manner::default(),
                )
            };
            drop((said("1"), said("2")));
            let out = world
                .hub
                .disconnect_members("/", Selection::default(), false);
            drop(said("3"));
            assert_eq!(out.await, done(4));
            world.settle().await;
            for one in &all {
                let heard = one.heard();
                assert_eq!(heard[..2], says(&["1", "2"]), "{heard:?}");
                assert!(heard.contains(&"disconnected /".to_owned()), "{heard:?}");
            }
        });
    }
}

/// Fails if a request overtakes a commit of a late log: whoever joined has its answer while its courier's word may still wait
/// for commits of other rooms that came before.
#[test]
fn who_has_joined_is_found_where_the_log_is_late() {
    for setup in delayed() {
        let log = Some(maker(Habits::default(), || |_| Fate::After(LATE)));
        World::run(Setup { log, ..setup }, |world| async move {
            let all = clients(&world, 4).await;
            for round in ["a", "b", "c", "d"] {
                for one in &all[1..] {
                    let other = RoomKey::plain(format!("{round} {}", one.member.id()));
                    world.ask(one.member.join(JoinRequest::plain(other)), |_| {});
                }
                all[0].join(&RoomKey::plain(round)).await.unwrap();
                let count = world.hub.count_members("/", rooms(&[round]));
                assert_eq!(count.await, Ok(1), "{round}");
            }
            world.settle().await;
        });
    }
}

/// Fails if what a handler has said before it puts its client out is lost, as the queue waits for an answer.
#[test]
fn a_member_that_disconnects_itself_goes_behind_what_it_has_said() {
    for (setup, close) in delayed().zip([false, true].into_iter().cycle()) {
        World::run(setup, |world| async move {
            let (a, b) = (client(&world, 0).await, client(&world, 1).await);
            let key = RoomKey::plain("a");
            for one in [&a, &b] {
                one.join(&key).await.unwrap();
            }
            let request = NotifyRequest {
                room: key.clone(),
                tag: None,
                echo: false,
                seat_needed: false,
            };
            drop(a.member.notify(request, content("say", "so long")));
            a.member.emit(&content("say", "bye"), false);
            match close {
                true => a.member.close(),
                false => a.member.disconnect(),
            }
            world.settle().await;
            assert_eq!(b.heard(), says(&["so long"]));
            assert_eq!(a.probe.take(), ["letter / say bye", "disconnected /"]);
            let closed = close.then_some(CloseReason::ForcedClose);
            assert_eq!(a.probe.read_end(), closed);
            assert_eq!(world.at_rest().await.seats[&key].len(), 1);
        });
    }
}

pub(super) fn ask(
    world: &World,
    one: &Client,
) -> impl Future<Output = Result<Answer, AskError>> + use<> {
    let id = one.member.id().clone();
    world
        .hub
        .ask_member("/", id, content("ask", "x"), SECOND * 10)
}

/// The number under which a client was asked last.
async fn asked(probe: &Probe) -> String {
    for _ in 0..1000 {
        pass(Duration::from_millis(1)).await;
        let took = probe.take();
        if let Some(text) = took.iter().find(|text| text.starts_with("event ")) {
            return text.split(' ').nth(1).unwrap().to_owned();
        }
    }
    panic!("it was not asked");
}

/// Fails if an answer goes astray, or if whoever asks hangs on a client that says nothing, leaves or is not there.
#[test]
fn one_member_is_asked_from_afar_and_whoever_asks_is_answered_in_any_case() {
    World::run(small(), |world| async move {
        let all = clients(&world, 2).await;
        let [a, b] = &all[..] else { panic!() };
        let answer = ask(&world, b);
        let number = asked(&b.probe).await;
        a.probe.say(&format!("ack / {number} not-mine"));
        b.probe.say(&format!("ack / {number} mine"));
        b.probe.say(&format!("ack / {number} again"));
        assert_eq!(answer.await.unwrap().args, "mine");
        let silent = ask(&world, b);
        asked(&b.probe).await;
        pass(SECOND * 11).await;
        assert_eq!(silent.await, Err(AskError::TimedOut));
        let left = ask(&world, b);
        asked(&b.probe).await;
        b.probe.hang_up();
        assert_eq!(left.await, Err(AskError::Ended));
        world.settle().await;
        assert_eq!(ask(&world, b).await, Err(AskError::Ended));
    });
}
