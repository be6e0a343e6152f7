//! The hub pack's pure part as a whole: from the arguments of an event to what recipients get.
//! Knows the contract's tables and the recorded clients, no actor.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod commands;
mod composed;
mod forms;
mod guides;
mod hostile;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use dondo_actors::{
    error::LeaveReason, event_template::MembershipChange, id::ChannelScope, letter::Content,
};
use serde_json::Value;

use super::super::contract::{
    fault::Code,
    normal_form::{self, Channel, ClientIdPolicy, Stamp, compose},
    payload::{Payload, Use},
};

const SELF: &str = "self-id-20-characters";
const NOW: &str = "2021-09-01T12:00:00.123Z";

fn stamp() -> Stamp<'static> {
    Stamp {
        client_id: SELF,
        policy: ClientIdPolicy::Stamp,
        user_name: None,
        verified: false,
        now: now(),
    }
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_630_497_600_123)
}

fn said(args: &str, blobs: &[&'static [u8]]) -> Content {
    Content {
        name: "lobby".into(),
        args: Bytes::copy_from_slice(args.as_bytes()),
        blobs: blobs.iter().copied().map(Bytes::from_static).collect(),
    }
}

fn message(args: &str) -> Result<Payload, Code> {
    Payload::read(&said(args, &[]).into(), Use::Message).map_err(|fault| fault.code)
}

fn command(args: &str) -> Result<Payload, Code> {
    Payload::read(&said(args, &[]).into(), Use::Command).map_err(|fault| fault.code)
}

/// The text that members of `lobby` get for a message with these arguments.
fn delivered(args: &str) -> String {
    text(&compose(
        "lobby".into(),
        &message(args).unwrap(),
        None,
        Some("lobby"),
        &stamp(),
    ))
}

/// The join or leave event `event` in a target with `count` members.
fn announced(
    event: &str,
    payload: &Payload,
    room: Option<&str>,
    channel: Option<&str>,
    count: usize,
) -> Content {
    let template = normal_form::template(
        event.into(),
        payload,
        room,
        Channel::Named(channel),
        &stamp(),
    );
    template.fill(&change(&None, count, event))
}

fn change<'a>(tag: &'a ChannelScope, count: usize, event: &str) -> MembershipChange<'a> {
    MembershipChange {
        tag,
        count,
        reason: event.starts_with("leave-").then_some(LeaveReason::Leave),
        time: now(),
    }
}

fn text(content: &Content) -> String {
    String::from_utf8(content.args.to_vec()).unwrap()
}

fn value(content: &Content) -> Value {
    serde_json::from_slice(&content.args).unwrap()
}

/// `data.message` as it is delivered.
fn delivered_message(args: &str) -> Value {
    serde_json::from_str::<Value>(&delivered(args)).unwrap()["data"]["message"].take()
}
