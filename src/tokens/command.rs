//! `dondo token`: makes tokens with the settings' secret, and says of one what the hub would.

use std::io::BufRead;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clap::ArgMatches;
use dondo_actors::ports::SystemClock;
use serde_json::{Value, json};

use super::{CHANNEL, Credentials, ID, RIGHTS, ROOM, Revoked, RoomBearer, SECONDS_MAX, Tokens};
use crate::config::{CommandAnswer, RoomScope, Settings};
use crate::keys::{Claims, KeysAtAddress, keys_at, sign, text_of_secret};
use crate::name_pattern::FLAT;

/// Answers `dondo token …`.
#[doc(hidden)]
pub fn token_command(asked: &ArgMatches, settings: &Settings) -> CommandAnswer {
    let answer = match asked.subcommand() {
        Some(("new", asked)) => made(asked, settings),
        Some((_, asked)) => inspected(asked, settings),
        None => Err("write dondo token new or dondo token inspect".to_owned()),
    };
    answer.unwrap_or_else(|wrong| CommandAnswer {
        complaint: format!("{wrong}\n"),
        code: 2,
        ..CommandAnswer::default()
    })
}

fn made(asked: &ArgMatches, settings: &Settings) -> Result<CommandAnswer, String> {
    let auth = &settings.auth;
    let path = auth.secret_file.as_ref().ok_or_else(|| {
        "there is no secret to sign with; write --auth.secret-file FILE. Tokens of other keys are made where their private key is"
            .to_owned()
    })?;
    let secret = text_of_secret(path).map_err(|wrong| wrong.to_string())?;
    let text = |name: &str| asked.get_one::<String>(name).cloned();
    let expires = text("expires").unwrap_or_default();
    let lifetime = humantime::parse_duration(&expires)
        .map_err(|wrong| format!("--expires {expires}: {wrong}; write for example 1h"))?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let end = now
        .checked_add(lifetime)
        .filter(|end| end.as_secs() <= SECONDS_MAX);
    let end = end.ok_or_else(|| {
        format!("--expires {expires}: no time is as far away; write for example 1h")
    })?;
    let mut claims = Claims::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            claims.insert(name.to_owned(), value);
        }
    };
    put("iss", auth.issuer.clone().map(Value::from));
    put("aud", auth.audience.clone().map(Value::from));
    put(&auth.account_claim, text("account").map(Value::from));
    put(&auth.name_claim, text("name").map(Value::from));
    put(ROOM, text("room").map(Value::from));
    put(CHANNEL, text("channel").map(Value::from));
    put(RIGHTS, rights(asked));
    // By it this one token can be taken back.
    let id = match text("id") {
        Some(id) => id,
        None => random_id()?,
    };
    put(ID, Some(id.into()));
    put("iat", Some(now.as_secs().into()));
    put("exp", Some(end.as_secs().into()));
    let token = sign(&secret, &claims).map_err(|wrong| wrong.to_string())?;
    Ok(CommandAnswer {
        said: format!("{token}\n"),
        ..CommandAnswer::default()
    })
}

/// An id that nobody can guess, 120 bits of it.
fn random_id() -> Result<String, String> {
    let mut bytes = [0; 15];
    getrandom::fill(&mut bytes)
        .map_err(|error| format!("the system has no randomness: {error}"))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

fn rights(asked: &ArgMatches) -> Option<Value> {
    let lists = ["join", "send", "history", "presence", "moderate"]
        .into_iter()
        .filter_map(|name| {
            let patterns = asked.get_many::<String>(name)?;
            Some((name.to_owned(), json!(patterns.collect::<Vec<_>>())))
        });
    let lists: Claims = lists.collect();
    (!lists.is_empty()).then_some(Value::Object(lists))
}

fn inspected(asked: &ArgMatches, settings: &Settings) -> Result<CommandAnswer, String> {
    let token = match asked.get_one::<String>("token") {
        Some(token) => token.clone(),
        None => {
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            read.map_err(|error| format!("standard input cannot be read: {error}"))?;
            line
        }
    };
    let token = token.trim();
    let mut parts = token.split('.').map(part);
    let (header, claims) = (parts.next().flatten(), parts.next().flatten());
    let mut said = String::new();
    for (name, part) in [("header", &header), ("claims", &claims)] {
        let shown = part.as_ref().map(|part| format!("{part:#}"));
        let shown = shown.as_deref().unwrap_or("not readable");
        said.push_str(&format!("{name}: {shown}\n"));
    }
    let mut settings = settings.clone();
    // It is asked here, so that what is wrong with it can be said: no log is open.
    let address = settings.auth.jwks_url.take();
    let remote = address.as_deref().map_or_else(Default::default, keys_at);
    let in_file = settings.auth.passed_over();
    let notes = [&remote.fault, &remote.passed_over, &in_file];
    for note in notes.into_iter().flatten() {
        said.push_str(&format!("warning: {note}\n"));
    }
    let (verdict, code) = verdict(token, claims.as_ref(), &settings, remote)?;
    said.push_str(&verdict);
    said.push('\n');
    Ok(CommandAnswer {
        said,
        code,
        ..CommandAnswer::default()
    })
}

/// One of a token's parts.
fn part(text: &str) -> Option<Value> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// What the hub would say.
fn verdict(
    token: &str,
    claims: Option<&Value>,
    settings: &Settings,
    remote: KeysAtAddress,
) -> Result<(String, u8), String> {
    if !settings.auth.has_keys() && remote.keys.is_empty() {
        let why = match remote.fault {
            Some(_) => "what should have the keys gives none, see above",
            None => {
                "there is no key; write --auth.secret-file, --auth.public-key-file, --auth.jwks-file or --auth.jwks-url"
            }
        };
        let said = format!("nobody knows whether it is good: {why}");
        return Ok((said, 1));
    }
    let credentials = Credentials::new(
        &settings.auth,
        Tokens { keys: remote.keys },
        Arc::new(SystemClock),
        Revoked::new(Arc::new(SystemClock), settings.auth.leeway),
    );
    let credentials = credentials.map_err(|wrong| wrong.to_string())?;
    let credentials = credentials.ok_or_else(|| "there is no key".to_owned())?;
    let text = |name: &str| claims.and_then(|claims| claims.get(name)?.as_str());
    let is_flat = settings.hub.room_scope == RoomScope::Flat;
    let unfit = |never: bool| match never {
        true => format!("; but {FLAT}"),
        false => String::new(),
    };
    let judged = match text(ROOM) {
        Some(room) => {
            let bearer = RoomBearer {
                room,
                channel: text(CHANNEL),
                account: text(&settings.auth.account_claim),
            };
            let judged = credentials.room(token, bearer);
            let never = is_flat && text(CHANNEL).is_some();
            judged.map(|()| format!("good: it opens the room {room}{}", unfit(never)))
        }
        None => credentials.account(token).map(|account| {
            let never = unfit(is_flat && account.rights().has_rooms_of_channels());
            let (account, name) = (account.account(), account.name());
            format!("good: it lets {account} in, whom others see as {name}{never}")
        }),
    };
    Ok(match judged {
        Ok(said) => (said, 0),
        Err(fault) => (format!("{}: {}", fault.code.as_str(), fault.message), 1),
    })
}
