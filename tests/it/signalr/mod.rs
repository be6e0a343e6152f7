//! SignalR: its wire by hand, and its stock clients, alone and beside those of Socket.IO.

mod attacks;
mod browser;
mod clients;
mod host;
mod polls;
mod robot;
mod streams;
mod transports;
mod vectors;
mod wire;

pub(crate) use self::robot::{HubRobot, Kind as HubKind};
use crate::support::chat_hub::{HANDSHAKE, RS, negotiate, records};
