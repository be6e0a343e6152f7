//! Bans and mutes in words: how a request says whom, for how long and why, and how they are listed and lifted.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use dondo_actors::id::MemberId;
use serde::Serialize;

use super::Api;
use super::answer::{ApiAnswer, ApiError};
use super::caller::ApiCaller;
use super::fields::BodyFields;
use super::keys::ApiRight;
use super::query::ApiQuery;
use super::routes::ApiOperation;
use crate::moderation::{LONGEST, Sentence, Standing, Subject};

/// Bytes of a reason.
const REASON_MAX: usize = 256;
/// Bytes of an account's name or a client's id here.
pub(super) const NAME_MAX: usize = 256;
/// Sentences on a page.
const PAGE_MAX: usize = 100;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SentenceForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<String>,
    until: Option<String>,
    reason: Option<String>,
}

impl From<Sentence> for SentenceForm {
    fn from(sentence: Sentence) -> Self {
        let Sentence {
            subject,
            until,
            reason,
        } = sentence;
        let mut form = Self {
            account: None,
            address: None,
            member: None,
            until: until.map(|until| humantime::format_rfc3339_seconds(until).to_string()),
            reason: reason.map(|reason| reason.to_string()),
        };
        match subject {
            Subject::Account(account) => form.account = Some(account.to_string()),
            Subject::Address(address) => form.address = Some(address),
            Subject::Member(member) => form.member = Some(member.to_string()),
        }
        form
    }
}

#[derive(Serialize)]
pub(super) struct LiftAnswer {
    pub(super) ok: bool,
    pub(super) lifted: bool,
}

#[derive(Serialize)]
struct BansAnswer {
    bans: Vec<SentenceForm>,
    next: Option<String>,
}

#[derive(Serialize)]
struct MutesAnswer {
    mutes: Vec<SentenceForm>,
    next: Option<String>,
}

#[derive(Serialize)]
struct SentenceCount {
    count: usize,
}

impl Api {
    /// Lists and lifts bans and mutes.
    pub(super) fn sentences(
        &self,
        caller: &ApiCaller,
        operation: ApiOperation,
        query: &ApiQuery,
    ) -> Result<ApiAnswer, ApiError> {
        caller.is_for_clients(ApiRight::Moderate)?;
        let moderation = &self.0.parts.moderation;
        let standing = match operation {
            ApiOperation::Bans | ApiOperation::Unban => moderation.bans(),
            _ => moderation.mutes(),
        };
        if let ApiOperation::Unban | ApiOperation::Unmute = operation {
            let subject = asked_subject(query)?;
            let lifted = standing.lift(&subject);
            let key = &caller.key.name;
            log::info!("{operation:?} by the API's key {key}: {subject:?}, lifted {lifted}");
            return Ok(ApiAnswer::ok(&LiftAnswer { ok: true, lifted }));
        }
        let all = standing.all();
        let limit = query.limit(PAGE_MAX)?;
        if query.count()? {
            return Ok(ApiAnswer::ok(&SentenceCount { count: all.len() }));
        }
        let after = query.text("after");
        let mut all: Vec<(String, Sentence)> = all
            .into_iter()
            .map(|sentence| (cursor(&sentence.subject), sentence))
            .collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut rest = all
            .into_iter()
            .filter(|(cursor, _)| after.is_none_or(|after| &**cursor > after));
        let page: Vec<(String, Sentence)> = rest.by_ref().take(limit).collect();
        let more = rest.next().is_some();
        let next = page
            .last()
            .map(|(cursor, _)| cursor.clone())
            .filter(|_| more);
        let forms = page
            .into_iter()
            .map(|(_, sentence)| sentence.into())
            .collect();
        Ok(match operation {
            ApiOperation::Bans => ApiAnswer::ok(&BansAnswer { bans: forms, next }),
            _ => ApiAnswer::ok(&MutesAnswer { mutes: forms, next }),
        })
    }
}

/// A sentence among those of its kind, as it is asked for.
pub(super) fn sentence(
    standing: &Standing,
    subject: Subject,
    fields: &BodyFields,
) -> Result<Sentence, ApiError> {
    let until = length(fields)?.map(|time| standing.end(time));
    let reason = reason(fields)?;
    Ok(Sentence {
        subject,
        until,
        reason,
    })
}

/// How long, if it is said.
pub(super) fn length(fields: &BodyFields) -> Result<Option<Duration>, ApiError> {
    let time: Option<String> = fields.get("for")?;
    let time = time.map(|text| {
        let time = humantime::parse_duration(&text).ok();
        time.filter(|time| (Duration::from_secs(1)..=LONGEST).contains(time))
            .ok_or_else(|| {
                ApiError::bad("it is a time from 1s to 3660days, like 15m, 1h or 7days").at("for")
            })
    });
    time.transpose()
}

pub(super) fn reason(fields: &BodyFields) -> Result<Option<Arc<str>>, ApiError> {
    let reason: Option<String> = fields.get("reason")?;
    match reason {
        Some(reason) if reason.len() > REASON_MAX || reason.chars().any(char::is_control) => {
            Err(ApiError::bad(format!(
                "it has at most {REASON_MAX} bytes, and no control characters"
            ))
            .at("reason"))
        }
        reason => Ok(reason.map(Arc::from)),
    }
}

/// Exactly one of the three names of somebody.
pub(super) fn subject(fields: &BodyFields) -> Result<Subject, ApiError> {
    let names = ["account", "address", "member"];
    let has: Vec<&str> = names
        .into_iter()
        .filter(|name| fields.raw(name).is_some())
        .collect();
    match *has {
        [name] => subject_of(name, text(fields, name)?),
        _ => Err(ApiError::bad("it has one of account, address and member").at("account")),
    }
}

fn asked_subject(query: &ApiQuery) -> Result<Subject, ApiError> {
    let names = ["account", "address", "member"];
    let mut has = names
        .into_iter()
        .filter_map(|name| Some((name, query.text(name)?)));
    match (has.next(), has.next()) {
        (Some((name, text)), None) => subject_of(name, text.to_owned()),
        _ => Err(ApiError::bad("the query names one of those who may be meant").at("account")),
    }
}

fn subject_of(name: &str, text: String) -> Result<Subject, ApiError> {
    if text.is_empty() || text.len() > NAME_MAX {
        return Err(ApiError::bad(format!("it has 1 to {NAME_MAX} bytes")).at(name));
    }
    match name {
        "account" => Ok(Subject::Account(text.into())),
        "member" => Ok(Subject::Member(MemberId::new(text))),
        _ => {
            let address = text.parse::<IpAddr>();
            let address = address.map_err(|_| ApiError::bad("it is no IP address").at(name))?;
            Ok(Subject::address(address))
        }
    }
}

fn cursor(subject: &Subject) -> String {
    match subject {
        Subject::Account(account) => format!("account:{account}"),
        Subject::Address(address) => format!("address:{address}"),
        Subject::Member(member) => format!("member:{member}"),
    }
}

/// A text that must be there.
pub(super) fn text(fields: &BodyFields, name: &str) -> Result<String, ApiError> {
    let text: String = fields.need(name)?;
    match text.is_empty() || text.len() > NAME_MAX {
        true => Err(ApiError::bad(format!("it has 1 to {NAME_MAX} bytes")).at(name)),
        false => Ok(text),
    }
}
