//! The stock clients, each holding the same conversation with a hub, and all of them in one.

mod bursts;
mod conversation;
mod mixed;
mod robot;

use crate::support::Hub;
use conversation::converse;
pub(crate) use robot::{Kind, Robot};

macro_rules! conversations {
    ($($name:ident: $kind:expr;)*) => {$(
        #[test]
        fn $name() {
            converse($kind, |_| {});
        }
    )*};
}

conversations! {
    the_javascript_client_holds_a_conversation_over_polling_alone: Kind::JsPolling;
    the_javascript_client_holds_a_conversation_over_websocket_alone: Kind::JsWebSocket;
    the_javascript_client_holds_a_conversation_with_its_defaults_and_upgrades: Kind::JsDefault;
    the_javascript_client_holds_a_conversation_with_the_guides_transports: Kind::JsGuide;
    the_python_client_holds_a_conversation_over_polling_alone: Kind::PythonPolling;
    the_python_client_holds_a_conversation_over_websocket_alone: Kind::PythonWebSocket;
    the_python_client_holds_a_conversation_with_its_defaults_and_upgrades: Kind::PythonDefault;
    the_asyncio_client_holds_a_conversation_with_its_defaults_and_upgrades: Kind::PythonAsync;
}

/// Over a WebSocket it sends the hub's own address as its origin.
#[test]
fn the_python_client_holds_a_conversation_beside_a_list_of_origins() {
    let list = "https://app.example";
    converse(Kind::PythonWebSocket, |config| {
        config.origins = list.parse().unwrap();
    });
}

/// A robot that is connected, over the transport that its kind ends up with.
pub(crate) fn connected(hub: &Hub, kind: Kind) -> Robot {
    let mut robot = Robot::start(hub, kind);
    robot.tell("connect", &[]);
    robot.event("$connect");
    robot.settle();
    robot
}
