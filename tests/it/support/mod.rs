//! What the tests stand on: a hub with its own port, raw HTTP, raw WebSocket, and a Socket.IO client made of them.
//! Everything waits with a deadline; nothing sleeps.

pub mod chat_hub;
mod chunks;
mod dialogue;
mod echo;
mod event_stream;
pub mod faults;
mod form;
pub mod http;
mod hub;
mod long_poll;
mod plain;
pub mod polling;
mod programs;
mod samples;
mod script;
mod socket;
pub mod system;
pub mod tls;
mod websocket;

pub use chunks::Chunks;
pub use dialogue::Dialogue;
pub use echo::{ECHO, echo};
pub use event_stream::EventReader;
pub use form::Form;
pub(crate) use form::in_both_forms;
pub use hub::Hub;
pub use long_poll::LongPoll;
pub use plain::PlainClient;
pub use polling::Polling;
pub use programs::built_example;
pub use script::{Application, installed};
pub use socket::Client;
pub use websocket::{Frame, WebSocket, masked};

use std::time::Duration;

/// How long anything may take that is expected to happen, also on a machine that does much else.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How long nothing must happen where nothing is expected; pick events that would come first where possible.
pub const QUIET: Duration = Duration::from_millis(300);
