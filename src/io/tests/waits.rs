//! Handlers that wait, and acks that several hold.

use serde_json::json;

use super::world::{World, run, settle};
use crate::io::{Ack, Data, Socket};

#[test]
fn on_any_and_its_handler_both_go_on_after_a_wait_whichever_waits() {
    run(async {
        let world = World::bare(&["/"]);
        let root = world.io.of("/").unwrap();
        root.on_connect(|socket: Socket| async move {
            socket.on(
                "x",
                |s: Socket, Data((_, waits)): Data<(bool, bool)>| async move {
                    if waits {
                        tokio::task::yield_now().await;
                    }
                    s.emit("own", &())
                },
            );
            socket.on_any(
                |s: Socket, Data((waits, _)): Data<(bool, bool)>| async move {
                    if waits {
                        tokio::task::yield_now().await;
                    }
                    s.emit("any", &())
                },
            );
            Ok(())
        })
        .unwrap();
        let client = world.client().await;
        for who_waits in [
            "[false,false]",
            "[true,false]",
            "[false,true]",
            "[true,true]",
        ] {
            client.emit("x", who_waits);
            settle().await;
            let mut events = client.events();
            events.sort_by_key(ToString::to_string);
            assert_eq!(events, [json!(["any"]), json!(["own"])], "{who_waits}");
        }
    });
}

#[test]
fn of_the_clones_of_an_ack_one_answers() {
    run(async {
        let world = World::bare(&["/"]);
        let root = world.io.of("/").unwrap();
        root.on_connect(|socket: Socket| async move {
            socket.on("x", |first: Ack, second: Ack| async move {
                assert!(second.is_open());
                first.ok(&1).unwrap();
                assert!(!second.is_open());
                second.ok(&2)
            });
            Ok(())
        })
        .unwrap();
        let client = world.client().await;
        assert_eq!(client.ask("x", "").await, 1);
        settle().await;
        assert!(client.packets().is_empty());
    });
}
