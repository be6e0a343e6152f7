//! `examples/typed.rs`: a poll whose events are types.

use serde_json::json;

use super::{KINDS, enter};
use crate::support::{Hub, built_example};
use crate::types::{compiled, folder};

#[test]
fn votes_are_counted_and_told_until_the_poll_is_closed() {
    for kinds in KINDS {
        let hub = Hub::example("typed", &[]);
        let [mut ama, mut kofi, _] = kinds.map(|kind| enter(&hub, kind, "/poll"));
        let tally = ama.ask("vote", &[json!({ "choice": "tea" })]);
        assert_eq!(tally, json!({ "tea": 1, "coffee": 0 }));
        assert_eq!(kofi.event("tally"), [tally]);
        let both = json!({ "tea": 1, "coffee": 1 });
        assert_eq!(kofi.ask("vote", &[json!({ "choice": "coffee" })]), both);
        assert_eq!(kofi.ask("results", &[]), both);
        let other = json!({ "tea": 0, "coffee": 2 });
        assert_eq!(ama.ask("vote", &[json!({ "choice": "coffee" })]), other);
        for wrong in [json!({ "choice": "water" }), json!("tea")] {
            assert_eq!(kofi.ask("vote", &[wrong])["code"], "bad_payload");
        }
        kofi.emit("close", &[json!("enough")]);
        let closed = json!({ "closedBy": kofi.id(), "reason": "enough" });
        for robot in [&mut ama, &mut kofi] {
            assert_eq!(robot.letter("closed"), closed);
            assert_eq!(robot.ask("results", &[])["code"], "closed");
        }
    }
}

const PROGRAM: &str = r#"
import type { Socket } from "socket.io-client";
import type { ClientToServerEvents, ServerToClientEvents } from "./poll";

export async function vote(socket: Socket<ServerToClientEvents, ClientToServerEvents>): Promise<number> {
  socket.on("closed", ({ closedBy, reason }) => console.log(closedBy.length, reason.length));
  socket.emit("close", "enough");
  // @ts-expect-error
  socket.emit("vote", { choice: "water" }, () => {});
  // @ts-expect-error
  socket.emit("close", { reason: "enough" });
  const tally = await socket.emitWithAck("vote", { choice: "tea" });
  return "tea" in tally ? tally.tea : 0;
}
"#;

/// The example's own declarations were none that a stock client's types take.
#[test]
fn a_stock_client_is_compiled_against_the_events_of_the_poll() {
    let output = built_example("typed").arg("--ts").output().unwrap();
    let declared = String::from_utf8(output.stdout).unwrap();
    let files = [("poll.ts", declared), ("program.ts", PROGRAM.into())];
    let errors = compiled(&folder("types-poll", &files));
    assert!(errors.is_empty(), "{errors}");
}
