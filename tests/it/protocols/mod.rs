//! Other protocols than Socket.IO, and what their clients have in common with its own: channels and rooms, and one order.

mod echo;
mod event_stream;
mod member;
mod paths;
mod stock;
mod together;
mod websocket;
mod whole;
