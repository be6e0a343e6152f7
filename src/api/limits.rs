//! Slow mode and capacity of one channel, as whoever moderates sets them: over what the settings say, until the process ends.

use std::time::Duration;

use actix_web::http::StatusCode;
use serde::Serialize;

use super::answer::{ApiAnswer, ApiError};
use super::fields::BodyFields;
use super::{Api, ApiCaller};
use crate::channel_limits::ChannelRule;
use crate::config::SLOW_MODE;
use crate::packs::hub::WordTarget;

/// A channel takes no more than the hub.
const CAPACITY_MAX: usize = u32::MAX as usize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LimitsAnswer {
    ok: bool,
    channel: String,
    /// What is in force now.
    slow_mode: Option<String>,
    capacity: Option<usize>,
}

impl Api {
    pub(super) fn limit(&self, caller: &ApiCaller, body: &[u8]) -> Result<ApiAnswer, ApiError> {
        let known = ["namespace", "channel", "slowMode", "capacity", "reset"];
        let fields = BodyFields::of(body, &known)?;
        let namespace: Option<String> = fields.get("namespace")?;
        let namespace = self.namespace(namespace.as_deref())?;
        let channel: String = fields.need("channel")?;
        let channel = self.channel(&channel, "channel")?;
        let place = WordTarget::Channel(channel.clone());
        self.judge(caller, &place, "channel")?;
        let reset: Option<bool> = fields.get("reset")?;
        let slow_mode: Option<Option<String>> = nullable(&fields, "slowMode")?;
        let slow_mode = slow_mode.map(|text| text.as_deref().map(duration).transpose());
        let slow_mode = slow_mode.transpose()?;
        let capacity: Option<Option<usize>> = nullable(&fields, "capacity")?;
        if capacity
            .flatten()
            .is_some_and(|seats| !(1..=CAPACITY_MAX).contains(&seats))
        {
            let wrong =
                format!("a capacity is a number from 1 to {CAPACITY_MAX}, or null for none");
            return Err(ApiError::bad(wrong).at("capacity"));
        }
        let limits = self.0.parts.pack.channels();
        let key = (namespace.name().into(), channel.clone());
        let change = |rule: &mut ChannelRule| {
            if reset == Some(true) {
                *rule = ChannelRule::default();
            }
            if slow_mode.is_some() {
                rule.slow_mode = slow_mode;
            }
            if capacity.is_some() {
                rule.capacity = capacity;
            }
        };
        limits.change(&key, change).map_err(|_| {
            ApiError::new(
                StatusCode::CONFLICT,
                "limit_reached",
                "as many channels have limits of their own as may: reset some",
            )
        })?;
        let in_force = limits.slow_mode(&key);
        Ok(ApiAnswer::ok(&LimitsAnswer {
            ok: true,
            channel: channel.to_string(),
            slow_mode: in_force.map(shown_time),
            capacity: limits.capacity(&key),
        }))
    }
}

pub(super) fn shown_time(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}

/// A field that may be null, which says something else than one that is not there.
fn nullable<T: serde::de::DeserializeOwned>(
    fields: &BodyFields,
    name: &str,
) -> Result<Option<Option<T>>, ApiError> {
    fields.get::<Option<T>>(name)
}

fn duration(text: &str) -> Result<Duration, ApiError> {
    let read = humantime::parse_duration(text).ok();
    read.filter(|time| SLOW_MODE.contains(time)).ok_or_else(|| {
        let wrong = "a time from 100ms to 1day, for example 5s; null for none";
        ApiError::bad(wrong).at("slowMode")
    })
}
