//! What never comes to rest is told, and what only takes its time is not.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::{Duration, Instant},
};

use tokio::task::yield_now;

use crate::{
    Builder, Dondo, Namespace, Result, RoomContext, RoomScript, Socket, blocking, testing::TestHub,
};

/// Far more than a client takes to come in.
const WORK_MAX: Duration = Duration::from_secs(2);

/// Has a timer that begins anew without any time.
struct Hasty;

impl RoomScript for Hasty {
    type State = ();
    type Message = ();
    type Reply = ();

    fn message(&self, (): &mut (), room: &RoomContext<'_, Self>, (): ()) -> Result {
        room.notify_later((), Duration::ZERO)?;
        Ok(())
    }
}

fn restless() -> Builder {
    let root = Namespace::new("/")
        .room_script("hasty", Hasty)
        .on("script", async |socket: Socket| {
            socket.join("hasty").await?;
            socket
                .namespace()
                .room("hasty")
                .script::<Hasty>()?
                .ask(())
                .await
        })
        .on("yields", async || -> Result {
            loop {
                yield_now().await;
            }
        })
        .on("local task", async || {
            actix_rt::spawn(async {
                loop {
                    yield_now().await;
                }
            });
        })
        .on("task", async || {
            tokio::spawn(async {
                loop {
                    yield_now().await;
                }
            });
        })
        .on(
            "blocks",
            blocking(|| {
                let began = Instant::now();
                while began.elapsed() < WORK_MAX * 2 {
                    thread::yield_now();
                }
                Ok(())
            }),
        );
    Dondo::builder().namespace(root)
}

/// What a test panics with in which a client emits this.
fn told(event: &str) -> Option<String> {
    let test = async |hub: TestHub| {
        let client = hub.client("/").connect().await.unwrap();
        client.emit(event, ()).await;
    };
    let run = || TestHub::run_within(WORK_MAX, restless(), test);
    let panic = catch_unwind(AssertUnwindSafe(run)).err()?;
    panic.downcast::<String>().ok().map(|said| *said)
}

/// Fails if a test hangs where a script, a handler or a task never rests, or is not told which it is; or if it panics where somebody waits
/// for a function that blocks for longer.
#[test]
fn a_test_is_told_what_never_rests_and_of_nothing_that_waits() {
    thread::scope(|scope| {
        let cases = [
            ("script", Some("the script of rooms \"hasty\" in /")),
            ("yields", Some("\"yields\" in /")),
            ("local task", Some("a task that somebody spawned")),
            ("task", Some("a task that somebody spawned")),
            ("blocks", None),
        ];
        for (event, expected) in cases {
            scope.spawn(move || match (told(event), expected) {
                (None, None) => {}
                (Some(said), Some(who)) => assert!(said.contains(who), "{event}: {said}"),
                (said, _) => panic!("{event}: {said:?}"),
            });
        }
    });
}
