//! What supersedes what was said before, by each way on which something is said.

use serde_json::json;

use super::world::{World, run, settle};
use crate::io::{Data, Namespace, Result, RoomContext, RoomNotice, RoomScript, Socket, account};

/// Says of a number that it is a number.
struct Counting;

impl RoomScript for Counting {
    type State = ();
    type Message = ();
    type Reply = ();

    fn notifying(&self, (): &mut (), _: &RoomContext<'_, Self>, notice: &mut RoomNotice) -> Result {
        let number: u64 = notice.data()?;
        notice.replace("moved", format!("number {number}"))?;
        Ok(())
    }
}

fn namespace() -> Namespace {
    Namespace::new("/")
        .room_script("counted", Counting)
        .on("join", async |s: Socket, Data(room): Data<String>| {
            s.join(room).await?;
            Ok(())
        })
        .on(
            "move",
            async |s: Socket, Data((room, number)): Data<(String, u64)>| {
                s.to(room).latest("k").emit("moved", number)?.await?;
                Ok(())
            },
        )
        .on(
            "move for",
            async |s: Socket, Data((id, number)): Data<(crate::SocketId, u64)>| {
                s.to(id).latest("k").emit("moved", number)?.await?;
                Ok(())
            },
        )
        .on("elsewhere", async |s: Socket, Data(number): Data<u64>| {
            s.to(["r", "none"])
                .latest("k")
                .emit("moved", number)?
                .await?;
            Ok(())
        })
}

/// Fails if one of the ways forgets the key: through a room and its script, to several rooms, to a client by its id, or from the
/// host's own thread; or if keys of two namespaces are one.
#[test]
fn the_newest_of_a_key_is_heard_by_whatever_way_it_comes() {
    run(async {
        let world = World::of([namespace(), Namespace::new("/other")]);
        let (a, b) = (world.client().await, world.client().await);
        for room in ["r", "counted"] {
            b.ask("join", &json!(room).to_string()).await;
        }
        for number in 1..4 {
            a.ask("move", &format!(r#""r",{number}"#)).await;
        }
        assert_eq!(b.heard("moved"), [json!(3)]);
        for number in 1..4 {
            a.ask("move", &format!(r#""counted",{number}"#)).await;
        }
        assert_eq!(b.heard("moved"), [json!("number 3")]);
        for number in 1..4 {
            a.ask("elsewhere", &number.to_string()).await;
        }
        assert_eq!(b.heard("moved"), [json!(3)]);
        for number in 1..4 {
            a.ask("move for", &format!(r#""{}",{number}"#, b.id)).await;
        }
        assert_eq!(b.heard("moved"), [json!(3)]);
        let of = world.namespace("/");
        for number in 1..4 {
            let told = of.to("r").latest("k").emit("moved", number).unwrap();
            assert_eq!(told.await.unwrap().recipients, 1);
        }
        assert_eq!(b.heard("moved"), [json!(3)]);
        // Whatever the way, it is the same key, and another one is another.
        a.ask("move", r#""r",1"#).await;
        of.to("r").latest("k").emit("moved", 2).unwrap();
        of.to("r").latest("l").emit("moved", 3).unwrap();
        of.to(account("nobody"))
            .latest("k")
            .emit("moved", 4)
            .unwrap();
        settle().await;
        assert_eq!(b.heard("moved"), [json!(2), json!(3)]);
        // What is volatile is dropped where anything waits, and replaces nothing.
        of.to("r").latest("k").emit("moved", 1).unwrap();
        of.to("r").latest("k").volatile().emit("moved", 2).unwrap();
        settle().await;
        assert_eq!(b.heard("moved"), [json!(1)]);
    });
}
