//! Who is in a room, as a value and as a stream, and who is refused.

use actix::{Actor, AsyncContext, Context, StreamHandler};
use dondo_actors::lifecycle::Lifecycle;
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::world::{World, run, settle};
use crate::{
    PresenceChange,
    io::{Connecting, Data, Namespace, RoomHandle, RoomName, Socket},
};

/// Hears of a room, and passes it on.
struct Door(RoomHandle, mpsc::Sender<PresenceChange>);

impl Actor for Door {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.add_stream(self.0.watch());
    }
}

impl StreamHandler<PresenceChange> for Door {
    fn handle(&mut self, change: PresenceChange, _: &mut Self::Context) {
        let _ = self.1.try_send(change);
    }
}

/// Fails if a room is another one by its number than by its text, or if its value or its stream leaves out who somebody is.
#[test]
fn a_room_is_counted_listed_and_watched_by_an_actor_of_the_hosts() {
    run(async {
        let namespace = Namespace::new("/")
            .middleware(async |client: Connecting| {
                client.login("ama".to_owned());
                Ok(())
            })
            .on("join", async |s: Socket, Data(room): Data<RoomName>| {
                s.set_data("here")?;
                s.join(room).await?;
                Ok(())
            });
        let world = World::of([namespace]);
        let room = world.namespace("/").room(7);
        let (tell, mut told) = mpsc::channel(8);
        let door = Door(room.clone(), tell).start();
        let a = world.client().await;
        let _other = world.client().await;
        a.ask("join", r#""7""#).await;
        let page = room.presence().await.unwrap();
        let [one] = &page.sockets[..] else {
            panic!("{page:?}");
        };
        assert_eq!(
            (one.id().as_str(), one.account().map(|name| &**name)),
            (&*a.id, Some("ama"))
        );
        assert_eq!(one.data::<String>().unwrap(), "here");
        assert_eq!(room.count().await, Ok(1));
        let id = a.id.clone();
        a.hang_up().await;
        settle().await;
        assert_eq!(room.count().await, Ok(0));
        assert_eq!(told.recv().await, Some(PresenceChange::Snapshot(vec![])));
        let Some(PresenceChange::Joined(member)) = told.recv().await else {
            panic!("nobody has joined");
        };
        assert_eq!(
            (member.id.as_str(), member.account.as_deref()),
            (&*id, Some("ama"))
        );
        let left = told.recv().await;
        assert!(
            matches!(&left, Some(PresenceChange::Left(gone, reason))
                if *gone == member.id && reason.as_str() == "disconnect"),
            "{left:?}"
        );
        drop(door);
    });
}

/// Fails if a client that is kept out of a namespace is not told of, or with a name as long as it likes.
#[test]
fn who_is_refused_in_a_namespace_is_told_with_the_reason_that_it_reads() {
    run(async {
        let namespace = Namespace::new("/").middleware(async || {
            Err(crate::io::Error::new("unauthorized", "say the word")) as crate::io::Result<()>
        });
        let world = World::of([namespace]);
        let mut events = world.namespace("/").hub().lifecycle().listen();
        let stranger = world.stranger();
        stranger.wire("0");
        stranger.wire(&format!("0/{},", "x".repeat(1000)));
        let mut refused = Vec::new();
        for _ in 0..2 {
            match events.next().await {
                Some(Lifecycle::Refused { namespace, why, .. }) => {
                    refused.push((namespace.map(|name| name.len()), why.to_string()));
                }
                other => panic!("{other:?}"),
            }
        }
        refused.sort();
        let invalid = (Some(256), "Invalid namespace".to_owned());
        assert_eq!(refused, [(Some(1), "say the word".to_owned()), invalid]);
    });
}
