//! Real threads and real time: what only shows where the rooms and two workers run beside each other.

use std::{
    collections::BTreeMap,
    future::{Future, pending},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use crate::{
    error::Fault,
    hub::{Hub, HubHandle, Share},
    id::{RoomKey, Token},
    message::{PresenceChange, Selection},
    session::{JoinRequest, NotifyRequest},
    state::audience::LeaveScope,
    testing::{Call, Probe, Setup, content, wire::announce},
};
use actix::Arbiter;
use futures_util::StreamExt;
use tokio::sync::{Barrier, mpsc};

const WORKERS: usize = 2;
const MEMBERS: usize = 12;
const LETTERS: usize = 60;
const LIMIT: Duration = Duration::from_secs(120);

/// What a member said, each with the position that it was answered, and what it heard, with tokens.
struct Told {
    said: Vec<(String, Token)>,
    heard: Vec<(String, Option<Token>)>,
}

fn keys() -> [RoomKey; 3] {
    [
        RoomKey::channel("c"),
        RoomKey::room("r"),
        RoomKey::room("q"),
    ]
}

/// Speaks in every room in turn, and comes to one of them again and again, which the others there are told.
async fn play(probe: Probe, name: String, all: Arc<Barrier>) -> Told {
    let member = probe.connect("/ telling").await;
    for room in keys() {
        member.join(JoinRequest::plain(room)).await.unwrap();
    }
    let flaps = RoomKey::room("flaps");
    all.wait().await;
    let mut said = Vec::new();
    for letter in 0..LETTERS {
        let request = NotifyRequest {
            room: keys()[letter % keys().len()].clone(),
            tag: None,
            echo: true,
            seat_needed: true,
        };
        let text = format!("{name}.{letter}");
        let answer = member.notify(request, content("say", &text)).await;
        said.push((text, answer.unwrap().position.token()));
        let join = JoinRequest {
            announce: Some(announce("joined", &flaps, &name)),
            ..JoinRequest::plain(flaps.clone())
        };
        member.join(join).await.unwrap();
        member.leave(flaps.clone(), LeaveScope::All, None).await;
    }
    // Every answer came behind the handing over of its letter.
    all.wait().await;
    let letters = || {
        probe
            .peek()
            .iter()
            .filter(|text| text.starts_with("letter / say "))
            .count()
    };
    while letters() < WORKERS * MEMBERS * LETTERS {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let heard = probe.take().into_iter().map(|text| {
        let (text, token) = text.rsplit_once(" @").expect("it is told tokens");
        let text = text.trim_start_matches("letter / ");
        (text.to_owned(), Token::parse(token))
    });
    Told {
        said,
        heard: heard.collect(),
    }
}

fn start(
    hub: &HubHandle,
    setup: &Setup,
    worker: usize,
    all: &Arc<Barrier>,
    told: mpsc::Sender<Told>,
) -> Arbiter {
    let (hub, setup, all) = (hub.clone(), setup.clone(), all.clone());
    let arbiter = Arbiter::new();
    arbiter.spawn(async move {
        let courier = hub.courier();
        for number in 0..MEMBERS {
            let probe = setup.client(&hub, &courier);
            let (name, all, told) = (format!("{worker}.{number}"), all.clone(), told.clone());
            tokio::task::spawn_local(async move {
                drop(told.send(play(probe, name, all).await).await);
            });
        }
    });
    arbiter
}

/// Would fail if a frame that tells a token were made before its letter is in the log, if a frame of what is in none were shared
/// between couriers, or if anything overtook a letter on its way to one of them.
#[test]
fn a_position_reaches_the_bytes_of_every_member_over_two_workers_under_load() {
    let setup = Setup::default();
    let hub = setup.hub();
    let told = actix::System::new().block_on(async {
        let _rooms = Hub::start(&hub, Share::ALL);
        let all = Arc::new(Barrier::new(WORKERS * MEMBERS));
        let (tell, mut told) = mpsc::channel(WORKERS * MEMBERS);
        let workers: Vec<Arbiter> = (0..WORKERS)
            .map(|worker| start(&hub, &setup, worker, &all, tell.clone()))
            .collect();
        drop(tell);
        let mut members = Vec::new();
        while let Ok(Some(member)) = tokio::time::timeout(LIMIT, told.recv()).await {
            members.push(member);
            if members.len() == WORKERS * MEMBERS {
                break;
            }
        }
        for worker in &workers {
            worker.stop();
        }
        members
    });
    assert_eq!(told.len(), WORKERS * MEMBERS, "each came to its end");
    let said: BTreeMap<&String, Token> = told
        .iter()
        .flat_map(|member| member.said.iter().map(|(text, token)| (text, *token)))
        .collect();
    for member in &told {
        let mut last: Option<Token> = None;
        let mut letters = 0;
        for (text, token) in &member.heard {
            match text.strip_prefix("say ") {
                Some(text) => {
                    letters += 1;
                    assert_eq!(*token, said.get(&text.to_owned()).copied(), "{text}");
                    assert!(
                        last.map(|last| last.cursor) < token.map(|token| token.cursor),
                        "{text}: {token:?} behind {last:?}"
                    );
                    last = *token;
                }
                None => assert_eq!(*token, last, "{text}"),
            }
        }
        assert_eq!(letters, said.len());
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on a thread that has no runtime.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}

/// Fails if whoever asks for members needs a runtime, or hangs where the thread of the rooms ends before it has answered.
#[test]
fn a_thread_without_a_runtime_is_answered_though_that_of_the_rooms_ends() {
    let setup = Setup::default();
    let hub = setup.hub();
    actix::System::new().block_on(async {
        let (rooms, workers) = (Arbiter::new(), [Arbiter::new(), Arbiter::new()]);
        let (started, mut starts) = mpsc::channel(1 + WORKERS);
        let (of_rooms, tell) = (hub.clone(), started.clone());
        rooms.spawn(async move {
            let _rooms = Hub::start(&of_rooms, Share::ALL);
            let _ = tell.send(()).await;
            pending::<()>().await;
        });
        starts.recv().await;
        for worker in &workers {
            let (hub, setup, tell) = (hub.clone(), setup.clone(), started.clone());
            worker.spawn(async move {
                let courier = hub.courier();
                let probe = setup.client(&hub, &courier);
                tokio::task::spawn_local(async move {
                    probe.connect("/").await;
                    let _ = tell.send(()).await;
                    pending::<()>().await;
                });
            });
        }
        for _ in &workers {
            starts.recv().await;
        }
        let asking = thread::spawn(move || {
            let all = Selection::default;
            let joined = wait(hub.join_members("/", all(), vec!["a".into()]));
            assert_eq!(joined.map(|joined| joined.done), Ok(WORKERS));
            let listed = wait(hub.list_members("/", all(), None, 10)).unwrap();
            assert!(listed.members.iter().all(|member| *member.rooms[0] == *"a"));
            let mut watch = hub.watch_room("/", RoomKey::plain("a"));
            let there = wait(watch.next());
            assert!(
                matches!(&there, Some(PresenceChange::Snapshot(all)) if all.len() == WORKERS),
                "{there:?}"
            );
            let stalled = hub.couriers();
            stalled[0].mailbox.send(Call::stand_still(LIMIT));
            let counting = hub.count_members("/", all());
            let here = Selection {
                only: listed.members.first().map(|member| member.id.clone()),
                ..all()
            };
            let there = Selection {
                only: listed.members.last().map(|member| member.id.clone()),
                ..all()
            };
            let (here, there) = (hub.count_members("/", here), hub.count_members("/", there));
            rooms.stop();
            // Its tasks may end before it does.
            let lost =
                |answer: &Result<usize, Fault>| matches!(answer, Err(Fault::Gone | Fault::Crashed));
            let counted = wait(counting);
            assert!(lost(&counted), "{counted:?}");
            let end = wait(watch.fold(None, async |_, change| Some(change)));
            assert!(
                matches!(
                    end,
                    Some(PresenceChange::Ended(Fault::Gone | Fault::Crashed))
                ),
                "{end:?}"
            );
            for answer in [wait(here), wait(there)] {
                assert!(answer == Ok(1) || lost(&answer), "{answer:?}");
            }
        });
        asking.join().unwrap();
        for worker in &workers {
            worker.stop();
        }
    });
}
