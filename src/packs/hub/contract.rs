//! What a client sends and what clients get, as the contract has it: JSON in and out, without a session or a room.
//! Refuses to know who asks, and what comes of it.

pub(super) mod auth;
pub(super) mod blobs;
pub(super) mod dotnet;
pub(super) mod fault;
pub(super) mod fields;
pub(super) mod history;
pub(super) mod json;
pub(super) mod name;
pub(super) mod normal_form;
pub(super) mod payload;
pub(super) mod room_options;
pub(super) mod target;
