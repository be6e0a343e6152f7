//! `POST /publish` and `/batch`: what a backend says. A request is read whole before anything of it is said; with an
//! `Idempotency-Key` each of its messages is said once, however often it comes.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use bytes::Bytes;
use dondo_actors::error::{Fault, NotifyError};
use dondo_actors::id::{ChannelScope, MemberId, RoomKey};
use dondo_actors::letter::{Content, Manner};
use dondo_actors::message::Selection;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use sha2::{Digest, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::Api;
use super::answer::{ApiAnswer, ApiError};
use super::caller::ApiCaller;
use super::fields::BodyFields;
use super::idempotency::{Claim, Claimed};
use super::routes::ApiOperation;
use super::said::{SaidNow, answer, known, to_keep};
use super::target::ClientTarget;
use crate::packs::hub::{SERVER, ServerWord, WordTarget};

/// Messages of one batch.
pub(super) const BATCH_MAX: usize = 100;
/// Bytes of an `Idempotency-Key`.
const KEY_MAX: usize = 255;

/// Something to say that was read: nothing about it can be wrong any more.
pub(super) struct ToSay {
    namespace: Arc<str>,
    target: SayTarget,
    content: Content,
    place: SaidPlace,
}

enum SayTarget {
    Room(RoomKey, ChannelScope),
    Member(MemberId),
    Account(Arc<str>),
    Everyone,
}

/// Where it was said, as the answer has it.
#[derive(Clone, Default, Serialize)]
struct SaidPlace {
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<String>,
}

/// What came of it.
#[derive(Serialize)]
struct Published {
    ok: bool,
    event: String,
    #[serde(flatten)]
    place: SaidPlace,
    recipients: usize,
    /// For `since` of a later join; none of what is in no history.
    position: Option<String>,
}

/// The `Idempotency-Key` of a request.
pub(super) fn idempotency_key(request: &HttpRequest) -> Result<Option<Arc<str>>, ApiError> {
    let mut all = request.headers().get_all("Idempotency-Key");
    let Some(key) = all.next() else {
        return Ok(None);
    };
    let key = key.to_str().ok().filter(|key| {
        (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    });
    key.filter(|_| all.next().is_none())
        .map(|key| Some(key.into()))
        .ok_or_else(|| {
            ApiError::bad(format!(
                "it is one of 1 to {KEY_MAX} printable ASCII characters without spaces"
            ))
            .at("Idempotency-Key")
        })
}

impl Api {
    /// Publishes, once for each idempotency key.
    pub(super) async fn publish(
        &self,
        caller: ApiCaller,
        operation: ApiOperation,
        key: Option<Arc<str>>,
        (body, place): (Bytes, OwnedSemaphorePermit),
    ) -> Result<ApiAnswer, ApiError> {
        let is_batch = operation == ApiOperation::Batch;
        let all = match is_batch {
            true => self.read_batch(&caller, &body)?,
            false => vec![self.read_word(&caller, &body)?],
        };
        let Some(key) = key else {
            return self.begin(all, is_batch, None, place).await;
        };
        let mut digest = Sha256::new();
        digest.update([u8::from(is_batch)]);
        digest.update(&body);
        let asked = (digest.finalize().into(), all.len());
        let name = (caller.key.name.clone(), key);
        let keys = self.0.keys.borrow().names().count();
        loop {
            match self.0.kept.claim(name.clone(), asked, keys) {
                Claimed::First(claim) => {
                    return self.begin(all, is_batch, Some(claim), place).await;
                }
                Claimed::Done(said) => {
                    let said: Vec<_> = said.iter().flatten().map(known).collect();
                    return answer(&said, is_batch);
                }
                // Nothing is ever said through it but that it ends.
                Claimed::UnderWay(mut ends) => {
                    let _ = ends.changed().await;
                }
                Claimed::Different => {
                    return Err(ApiError::new(
                        StatusCode::UNPROCESSABLE_ENTITY,
                        "idempotency_mismatch",
                        "the key was used for another request",
                    )
                    .at("Idempotency-Key"));
                }
                Claimed::Full => {
                    return Err(ApiError::busy(
                        "as many idempotency keys are kept for this key as may be: they are kept for ten minutes",
                    ));
                }
            }
        }
    }

    /// Says it, to its end, also where who asked goes away.
    async fn begin(
        &self,
        all: Vec<ToSay>,
        is_batch: bool,
        claim: Option<Claim>,
        place: OwnedSemaphorePermit,
    ) -> Result<ApiAnswer, ApiError> {
        let api = self.clone();
        let saying = actix_rt::spawn(async move {
            let _place = place;
            let said = api.say_all(all, claim).await;
            answer(&said, is_batch)
        });
        saying.await.unwrap_or_else(|_| Err(ApiError::unknown()))
    }

    /// Reads and checks the messages of a batch: one that is wrong is all wrong.
    fn read_batch(&self, caller: &ApiCaller, body: &[u8]) -> Result<Vec<ToSay>, ApiError> {
        let fields = BodyFields::of(body, &["messages"])?;
        let messages: Vec<Box<RawValue>> = fields.need("messages")?;
        if messages.is_empty() || messages.len() > BATCH_MAX {
            return Err(ApiError::bad(format!("a batch has 1 to {BATCH_MAX}")).at("messages"));
        }
        let read = messages.iter().enumerate().map(|(place, message)| {
            let word = self.read_word(caller, message.get().as_bytes());
            word.map_err(|error| error.below(&format!("messages[{place}]")))
        });
        read.collect()
    }

    fn read_word(&self, caller: &ApiCaller, body: &[u8]) -> Result<ToSay, ApiError> {
        let known = ["namespace", "to", "event", "message", "data", "userName"];
        let fields = BodyFields::of(body, &known)?;
        let namespace: Option<String> = fields.get("namespace")?;
        let namespace = self.namespace(namespace.as_deref())?;
        let (target, to) = self.read_target(caller, &fields)?;
        let (event, user_name): (Option<String>, Option<String>) =
            (fields.get("event")?, fields.get("userName")?);
        let data: Option<BodyFields> = fields.get("data")?;
        let data = data.as_ref().map(|data| data.all().collect::<Vec<_>>());
        let word = ServerWord {
            event: event.as_deref(),
            message: fields.raw("message"),
            data: data.as_deref(),
            user_name: user_name.as_deref(),
        };
        self.to_say(namespace.name().into(), target, &to, &word)
    }

    /// Something to say, as it will be sent.
    pub(super) fn to_say(
        &self,
        namespace: Arc<str>,
        client: Option<ClientTarget>,
        to: &WordTarget,
        word: &ServerWord<'_>,
    ) -> Result<ToSay, ApiError> {
        let pack = &self.0.parts.pack;
        let content = pack.word(to, word)?;
        let place = match to {
            WordTarget::Channel(channel) => SaidPlace {
                channel: Some(channel.to_string()),
                room: None,
            },
            WordTarget::Room { room, channel } => SaidPlace {
                channel: channel.as_ref().map(|channel| channel.to_string()),
                room: Some(room.to_string()),
            },
            WordTarget::Clients => SaidPlace::default(),
        };
        let target = match (
            client,
            pack.address(to)
                .map_err(|fault| ApiError::from(fault).at("to"))?,
        ) {
            (_, Some((room, tag))) => SayTarget::Room(room, tag),
            (Some(ClientTarget::Member(id)), _) => SayTarget::Member(id),
            (Some(ClientTarget::Account(account)), _) => SayTarget::Account(account),
            (None, None) => SayTarget::Everyone,
        };
        Ok(ToSay {
            namespace,
            target,
            content,
            place,
        })
    }

    /// Says all of it, one behind the other, but for what was said under its key before. Each has its own result.
    async fn say_all(&self, all: Vec<ToSay>, mut claim: Option<Claim>) -> Vec<SaidNow> {
        let mut said = Vec::with_capacity(all.len());
        for (place, word) in all.into_iter().enumerate() {
            if let Some(before) = claim.as_ref().and_then(|claim| claim.said(place)) {
                said.push(known(before));
                continue;
            }
            if let Some(claim) = &mut claim {
                claim.begins(place);
            }
            let came = self.say(word).await.and_then(|published| {
                let text = to_raw_value(&published).map_err(|_| ApiError::unknown())?;
                Ok(Arc::from(text))
            });
            if let Some(claim) = &mut claim {
                claim.came_to(place, to_keep(&came));
            }
            said.push(came);
        }
        said
    }

    /// Says all of it, whatever becomes of each.
    pub(super) async fn say_each(&self, all: Vec<ToSay>) -> Result<(), ApiError> {
        let count = all.len();
        let said = self.say_all(all, None).await;
        let failed: Vec<ApiError> = said.into_iter().filter_map(Result::err).collect();
        let is_any_said = failed.len() < count || failed.iter().any(ApiError::is_unknown);
        match failed.first() {
            None => Ok(()),
            // Who asks again says the others twice.
            Some(_) if is_any_said => Err(ApiError {
                message: format!(
                    "{} of {count} messages were said; of the others {} certainly were not",
                    count - failed.len(),
                    failed.iter().filter(|error| !error.is_unknown()).count(),
                )
                .into(),
                ..ApiError::unknown()
            }),
            Some(error) => Err(error.clone()),
        }
    }

    async fn say(&self, word: ToSay) -> Result<Published, ApiError> {
        let hub = &self.0.parts.hub;
        let ToSay {
            namespace,
            target,
            content,
            place,
        } = word;
        let event = content.name.to_string();
        let (recipients, position) = match target {
            SayTarget::Room(room, tag) => {
                let from = MemberId::new(SERVER);
                let told = hub
                    .say_in_room(&namespace, from, (room, tag), content)
                    .await?;
                let position = told.position.map(|position| position.token().to_string());
                (told.recipients, position)
            }
            SayTarget::Everyone => {
                let told = self.broadcast(&namespace, Selection::default(), content, 0);
                (told.await?, None)
            }
            SayTarget::Member(id) => {
                let told = self.broadcast(&namespace, only(id), content, 0);
                (told.await?, None)
            }
            SayTarget::Account(account) => {
                // One letter: all of its clients have it, or none.
                let there = hub.accounts().members(&namespace, &account).len();
                let clients = Selection {
                    rooms: Some(Vec::new()),
                    accounts: vec![account],
                    ..Selection::default()
                };
                let told = self.broadcast(&namespace, clients, content, there);
                (told.await?, None)
            }
        };
        Ok(Published {
            ok: true,
            event,
            place,
            recipients,
            position,
        })
    }

    /// One letter to some clients; how many have it. Of an account's the namespace does not know how many it is on its way to: so
    /// many are `there`.
    async fn broadcast(
        &self,
        namespace: &str,
        selection: Selection,
        content: Content,
        there: usize,
    ) -> Result<usize, ApiError> {
        let hub = &self.0.parts.hub;
        let from = MemberId::new(SERVER);
        let home = hub.namespace(namespace);
        let was_there = home.is_some_and(|home| home.upgrade().is_some());
        let answer = hub
            .broadcast(namespace, from, selection, content, Manner::default())
            .await
            .map_err(|error| match error {
                // It may have handed the letter on before it went.
                NotifyError::Internal(Fault::Gone) if was_there => ApiError::unknown(),
                error => error.into(),
            })?;
        let patience = hub.namespace_settings(namespace);
        let patience = patience.map(|settings| settings.courier_patience);
        match timeout(patience.unwrap_or_default(), answer.receipt.settled()).await {
            Ok(Some(recipients)) => Ok(recipients),
            Ok(None) => Err(ApiError::unknown()),
            // Who does nothing for so long is given up; the others have it.
            Err(_) => Ok(answer.recipients.max(there)),
        }
    }
}

/// One client.
pub(super) fn only(id: MemberId) -> Selection {
    Selection {
        only: Some(id),
        ..Selection::default()
    }
}
