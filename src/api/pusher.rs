//! Pusher's publish endpoint, so that its server libraries publish into channels unchanged: `POST /apps/{id}/events` and
//! `batch_events`, signed as those libraries sign. An event becomes a message of the channel, its name `data.event`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use actix_web::http::{Method, StatusCode};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use hmac::{Hmac, Mac};
use md5::Md5;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::Api;
use super::answer::{ApiAnswer, ApiError};
use super::keys::PusherApp;
use super::publish::{BATCH_MAX, ToSay};
use crate::packs::hub::{ServerWord, WordTarget};

/// How far the clock of a server may be from ours, in seconds, as Pusher has it.
const CLOCK: u64 = 600;
/// Channels of one event.
const CHANNELS_MAX: usize = 100;
/// Bytes of data that one request says, each channel for itself: its events are made in one go.
const SAID_MAX: usize = 4 << 20;

/// What those libraries send: more fields than are asked for here.
#[derive(Deserialize)]
struct PusherEvent {
    name: String,
    #[serde(default)]
    channels: Vec<String>,
    channel: Option<String>,
    data: Box<RawValue>,
}

#[derive(Deserialize)]
struct PusherBatch {
    batch: Vec<PusherEvent>,
}

pub(super) async fn serve(api: &Api, request: &HttpRequest, body: Payload) -> HttpResponse {
    let answer = answer(api, request, body).await;
    api.told(request, answer).await
}

async fn answer(api: &Api, request: &HttpRequest, body: Payload) -> Result<ApiAnswer, ApiError> {
    if request.method() != Method::POST {
        return Err(ApiError {
            allow: Some("POST".to_owned()),
            ..ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "the path has POST alone",
            )
        });
    }
    let is_batch = request.match_info().query("what") == "batch_events";
    let (app, digest) = signed(api, request)?;
    let (body, place) = api.body(request, body).await?;
    // The signature is over the digest: a body of another one is not what was signed.
    if hex(&Md5::digest(&body)) != digest {
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "body_md5 is not that of the body",
        ));
    }
    let read = |error: serde_json::Error| ApiError::bad(error.to_string());
    let events = match is_batch {
        true => {
            serde_json::from_slice::<PusherBatch>(&body)
                .map_err(read)?
                .batch
        }
        false => vec![serde_json::from_slice(&body).map_err(read)?],
    };
    if events.len() > BATCH_MAX {
        return Err(ApiError::bad(format!("a batch has at most {BATCH_MAX}")).at("batch"));
    }
    let namespace = api.namespace(app.namespace.as_deref())?;
    let mut all = Vec::new();
    let mut said = 0;
    for event in events {
        said += event.data.get().len() * event.channels.len().max(1);
        if said > SAID_MAX {
            return Err(ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                format!(
                    "the data of all channels together have more than {SAID_MAX} bytes; send several requests"
                ),
            ));
        }
        // Each is as much work as a message that comes alone.
        tokio::task::yield_now().await;
        all.extend(words(api, &app, namespace.name().into(), event)?);
    }
    let api = api.clone();
    // Begun, it is brought to its end, also where who asked goes away.
    let saying = actix_rt::spawn(async move {
        let _place = place;
        api.say_each(all).await
    });
    saying.await.unwrap_or_else(|_| Err(ApiError::unknown()))?;
    Ok(ApiAnswer {
        status: StatusCode::OK,
        body: "{}".into(),
    })
}

/// Whose request it is by its signature, and the digest of the body that was signed.
fn signed(api: &Api, request: &HttpRequest) -> Result<(Arc<PusherApp>, String), ApiError> {
    let address = api.0.parts.doors.client(request.head());
    let wrong = |why| api.wrong_key(address, why);
    let id = request.match_info().query("app");
    let app = api.0.keys.borrow().pusher(id);
    let app = app.ok_or_else(|| wrong("no [[pusher]] of --api.keys-file has this app's id"))?;
    let query = form_urlencoded::parse(request.query_string().as_bytes());
    let mut query: BTreeMap<String, String> = query
        .map(|(name, value)| (name.to_lowercase(), value.into_owned()))
        .collect();
    let signature = query.remove("auth_signature").unwrap_or_default();
    let text = |name: &str| query.get(name).map_or("", |value| value);
    if text("auth_key") != app.key || text("auth_version") != "1.0" {
        return Err(wrong("auth_key or auth_version is another one"));
    }
    let what = request.match_info().query("what");
    let mut said = format!("{}\n/apps/{id}/{what}\n", request.method());
    for (place, (name, value)) in query.iter().enumerate() {
        let and = if place == 0 { "" } else { "&" };
        let _ = write!(said, "{and}{name}={value}");
    }
    let is_right = unhex(&signature).is_some_and(|signature| {
        let mac = Hmac::<Sha256>::new_from_slice(app.secret.as_bytes());
        mac.is_ok_and(|mac| mac.chain_update(&said).verify_slice(&signature).is_ok())
    });
    if !is_right {
        return Err(wrong("auth_signature is not that of the request"));
    }
    let now = api.0.parts.clock.now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs());
    let is_now = text("auth_timestamp")
        .parse::<u64>()
        .is_ok_and(|then| then.abs_diff(now) <= CLOCK);
    if !is_now {
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "auth_timestamp is more than ten minutes from the hub's clock",
        ));
    }
    Ok((app, text("body_md5").to_owned()))
}

fn words(
    api: &Api,
    app: &PusherApp,
    namespace: Arc<str>,
    event: PusherEvent,
) -> Result<Vec<ToSay>, ApiError> {
    let PusherEvent {
        name,
        mut channels,
        channel,
        data,
    } = event;
    channels.extend(channel);
    if channels.is_empty() || channels.len() > CHANNELS_MAX {
        return Err(ApiError::bad(format!("an event has 1 to {CHANNELS_MAX}")).at("channels"));
    }
    // Pusher's libraries send JSON as a text, and their clients get what is in it.
    let text: Option<String> = serde_json::from_str(data.get()).ok();
    let held = text.filter(|text| text.trim_start().starts_with(['{', '[']));
    let held = held.filter(|text| serde_json::from_str::<&RawValue>(text).is_ok());
    let message = held.as_deref().unwrap_or_else(|| data.get());
    let name = serde_json::to_string(&name).unwrap_or_default();
    let fields = [("event", &*name)];
    let word = ServerWord {
        message: Some(message),
        data: Some(&fields),
        ..ServerWord::default()
    };
    let said = channels.iter().map(|channel| {
        let channel = api.channel(channel, "channels")?;
        if !app.is_for(&channel) {
            return Err(ApiError::forbidden("this app is for other channels").at("channels"));
        }
        api.to_say(
            namespace.clone(),
            None,
            &WordTarget::Channel(channel),
            &word,
        )
    });
    said.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let bytes = digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok());
    bytes.collect()
}
