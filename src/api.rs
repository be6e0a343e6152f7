//! The HTTP API: `/api/v1` for who has a key, and Pusher's publish endpoint beside it. `src/docs/http-api.md` tells of it,
//! `src/docs/openapi.json` is its contract. Here is who may ask for what; the modules below do it.

mod answer;
mod anywhere;
mod body;
mod caller;
pub(crate) mod dev;
mod fields;
pub(crate) mod guesses;
mod idempotency;
mod in_force;
pub(crate) mod keys;
mod limits;
mod lists;
mod moderate;
mod publish;
mod pusher;
mod query;
mod revoke;
mod routes;
mod said;
mod sentences;
mod target;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use dondo_actors::hub::HubHandle;
use dondo_actors::ports::Clock;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use self::answer::{ApiAnswer, ApiError};
use self::body::read_body;
use self::caller::ApiCaller;
use self::guesses::Guesses;
use self::idempotency::Idempotency;
use self::keys::{ApiKey, ApiKeys};
use self::query::ApiQuery;
use self::routes::{ApiOperation, FoundRoute, find};
use crate::io::{NamespaceHandle, Namespaces};
use crate::moderation::Moderation;
use crate::notices;
use crate::packs::hub::HubPack;
use crate::secret_file::warn_of_readers;
use crate::tokens::Revoked;
use crate::transport::doors::Doors;
use crate::transport::entrance::Entrance;

/// Where it stands.
pub(crate) const BASE: &str = "/api/v1";
/// Its contract, as it is served.
const OPENAPI: &str = include_str!("docs/openapi.json");

/// The setting that names the file of its keys.
const KEYS_FILE: &str = "api.keys-file";

/// Requests with a body that may be under way: each holds it.
const BODIES_MAX: usize = 256;

/// What the API is made of.
pub(crate) struct ApiParts {
    /// Where the keys stand, and what stood there.
    pub(crate) keys: Option<(PathBuf, ApiKeys)>,
    pub(crate) body_max: usize,
    pub(crate) hub: HubHandle,
    pub(crate) namespaces: Namespaces,
    pub(crate) pack: HubPack,
    pub(crate) doors: Doors,
    pub(crate) entrances: Arc<[Entrance]>,
    pub(crate) moderation: Moderation,
    pub(crate) revoked: Revoked,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The API of one hub. Clones are the same, on whichever listener and worker.
#[derive(Clone)]
pub(crate) struct Api(Arc<ApiState>);

struct ApiState {
    parts: ApiParts,
    path: Option<PathBuf>,
    keys: watch::Sender<Arc<ApiKeys>>,
    guesses: Guesses,
    kept: Idempotency,
    bodies: Arc<Semaphore>,
    began: Instant,
}

/// `GET /api/v1/node`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeAnswer<'a> {
    version: &'static str,
    uptime_seconds: u64,
    sessions: usize,
    draining: bool,
    namespaces: Vec<&'a str>,
    bans: usize,
    mutes: usize,
    limits: NodeLimits,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeLimits {
    body_bytes_max: usize,
    batch_messages_max: usize,
    sessions_max: usize,
    bans_max: usize,
    mutes_max: usize,
}

impl Api {
    pub(crate) fn new(mut parts: ApiParts) -> Self {
        let (path, keys) = parts.keys.take().unzip();
        warn_of_readers(path.as_deref(), KEYS_FILE);
        Self(Arc::new(ApiState {
            parts,
            path,
            keys: watch::Sender::new(Arc::new(keys.unwrap_or_default())),
            guesses: Guesses::default(),
            kept: Idempotency::default(),
            bodies: Arc::new(Semaphore::new(BODIES_MAX)),
            began: Instant::now(),
        }))
    }

    /// Reads the keys again: how many there are now, if there are to be any.
    ///
    /// # Errors
    /// What is wrong with the file: the keys stay as they are.
    pub(crate) fn read_keys_again(&self) -> Result<Option<usize>, String> {
        let Some(path) = &self.0.path else {
            return Ok(None);
        };
        let keys = ApiKeys::read(path)?;
        warn_of_readers(Some(path), KEYS_FILE);
        let count = keys.len();
        let old = self.0.keys.send_replace(Arc::new(keys));
        let present = self.0.keys.borrow().clone();
        for gone in old
            .names()
            .filter(|name| !present.names().any(|one| one == *name))
        {
            self.0.kept.remove(gone);
        }
        Ok(Some(count))
    }

    /// Mounts it; without keys it answers 404 and says why. To be called in the app factory.
    pub(crate) fn configure(&self, app: &mut ServiceConfig) {
        let api = self.clone();
        let of_api = move |request: HttpRequest, body: Payload| {
            let api = api.clone();
            async move { api.serve(&request, body).await }
        };
        app.service(web::resource([BASE, "/api/v1/{tail:.*}"]).to(of_api));
        if self.0.path.is_some() {
            let api = self.clone();
            let of_pusher = move |request: HttpRequest, body: Payload| {
                let api = api.clone();
                async move { pusher::serve(&api, &request, body).await }
            };
            app.service(web::resource("/apps/{app}/{what:events|batch_events}").to(of_pusher));
        }
    }

    async fn serve(&self, request: &HttpRequest, body: Payload) -> HttpResponse {
        let answer = self.answer(request, body).await;
        self.told(request, answer).await
    }

    /// Answers somebody who is known already, at the same paths behind others of their own.
    pub(crate) async fn serve_known(
        &self,
        key: Arc<ApiKey>,
        request: &HttpRequest,
        body: Payload,
    ) -> HttpResponse {
        let address = self.0.parts.doors.client(request.head());
        let caller = ApiCaller { key, address };
        let answer = self.carry_out(caller, request, body).await;
        self.told(request, answer).await
    }

    async fn told(
        &self,
        request: &HttpRequest,
        answer: Result<ApiAnswer, ApiError>,
    ) -> HttpResponse {
        match answer {
            Ok(answer) => answer.respond(),
            Err(error) => {
                if error.status == StatusCode::TOO_MANY_REQUESTS {
                    let address = self.0.parts.doors.client(request.head());
                    self.0.guesses.linger(address).await;
                }
                let mut response = error.respond();
                // What it sends further nobody reads.
                if matches!(
                    error.status,
                    StatusCode::TOO_MANY_REQUESTS | StatusCode::PAYLOAD_TOO_LARGE
                ) {
                    response
                        .head_mut()
                        .set_connection_type(actix_http::ConnectionType::Close);
                }
                response
            }
        }
    }

    async fn answer(&self, request: &HttpRequest, body: Payload) -> Result<ApiAnswer, ApiError> {
        if self.0.path.is_none() {
            return Err(ApiError::not_found(
                "there is no HTTP API: --api.keys-file names the file with its keys",
            ));
        }
        let caller = self.caller(request)?;
        self.carry_out(caller, request, body).await
    }

    async fn carry_out(
        &self,
        caller: ApiCaller,
        request: &HttpRequest,
        body: Payload,
    ) -> Result<ApiAnswer, ApiError> {
        // A host may have mounted it below a path of its own.
        let (_, path) = request.path().split_once(BASE).unwrap_or_default();
        let FoundRoute {
            operation,
            right,
            names,
        } = find(request.method(), path)?;
        if let Some(right) = right
            && !caller.key.may(right)
        {
            return Err(ApiError::forbidden(format!(
                "the key {} has no right to {}; rights are in the file of --api.keys-file",
                caller.key.name,
                right.as_str()
            )));
        }
        let query = ApiQuery::of(request.query_string(), operation.parameters())?;
        match operation {
            ApiOperation::OpenApi => Ok(ApiAnswer {
                status: StatusCode::OK,
                body: OPENAPI.into(),
            }),
            ApiOperation::Node => Ok(self.node()),
            ApiOperation::Publish | ApiOperation::Batch => {
                let key = publish::idempotency_key(request)?;
                let (body, place) = self.body(request, body).await?;
                self.publish(caller, operation, key, (body, place)).await
            }
            ApiOperation::Channels
            | ApiOperation::Rooms
            | ApiOperation::ChannelMembers
            | ApiOperation::RoomMembers
            | ApiOperation::Members
            | ApiOperation::Presence => self.list(&caller, operation, &names, &query).await,
            ApiOperation::Bans
            | ApiOperation::Mutes
            | ApiOperation::Unban
            | ApiOperation::Unmute => self.sentences(&caller, operation, &query),
            ApiOperation::ChannelLimits => self.channel_limits(&caller, &query),
            ApiOperation::RevokedTokens => self.revoked_tokens(&caller, &query),
            ApiOperation::LiftRevocation => self.lift_revocation(&caller, &query),
            ApiOperation::Disconnect
            | ApiOperation::Kick
            | ApiOperation::Ban
            | ApiOperation::Mute
            | ApiOperation::Lock
            | ApiOperation::Limits
            | ApiOperation::Revoke => {
                let (body, place) = self.body(request, body).await?;
                let api = self.clone();
                // Begun, it is brought to its end, also where who asked goes away.
                let done = actix_rt::spawn(async move {
                    let _place = place;
                    api.moderate(&caller, operation, &body).await
                });
                done.await.unwrap_or_else(|_| Err(ApiError::unknown()))
            }
        }
    }

    /// The body, and a place among those that are under way: to be held until the request is done.
    async fn body(
        &self,
        request: &HttpRequest,
        body: Payload,
    ) -> Result<(Bytes, OwnedSemaphorePermit), ApiError> {
        let place = self.0.bodies.clone().try_acquire_owned();
        let place = place.map_err(|_| ApiError::busy("too many requests are under way"))?;
        let body = read_body(request, body, self.0.parts.body_max).await?;
        Ok((body, place))
    }

    /// Who asks, by the key.
    fn caller(&self, request: &HttpRequest) -> Result<ApiCaller, ApiError> {
        let address = self.0.parts.doors.client(request.head());
        let Some(secret) = bearer(request) else {
            return Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "there is no key; send Authorization: Bearer and a secret of the file of --api.keys-file",
            ));
        };
        let key = self.0.keys.borrow().find(secret);
        match key {
            Some(key) => Ok(ApiCaller { key, address }),
            None => Err(self.wrong_key(address, "the key is none of those of --api.keys-file")),
        }
    }

    /// A wrong key is told of, and costs the address one of its guesses.
    fn wrong_key(&self, address: Option<IpAddr>, why: &'static str) -> ApiError {
        notices::API_KEY.tell(
            address,
            None,
            format_args!("the HTTP API was asked with a wrong key"),
        );
        match self.0.guesses.one_more(address) {
            true => ApiError {
                retry_after: Some(1),
                ..ApiError::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "rate_limited",
                    "too many wrong keys come from this address; a right one is taken at once",
                )
            },
            false => ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", why),
        }
    }

    fn node(&self) -> ApiAnswer {
        let parts = &self.0.parts;
        ApiAnswer::ok(&NodeAnswer {
            version: env!("CARGO_PKG_VERSION"),
            uptime_seconds: self.0.began.elapsed().as_secs(),
            sessions: parts.entrances.iter().map(Entrance::sessions).sum(),
            draining: parts.entrances.iter().any(Entrance::draining),
            namespaces: parts.hub.namespaces().map(|name| &**name).collect(),
            bans: parts.moderation.bans().all().len(),
            mutes: parts.moderation.mutes().all().len(),
            limits: NodeLimits {
                body_bytes_max: parts.body_max,
                batch_messages_max: publish::BATCH_MAX,
                sessions_max: parts.doors.limits().sessions_max,
                bans_max: crate::moderation::SENTENCES_MAX,
                mutes_max: crate::moderation::SENTENCES_MAX,
            },
        })
    }

    /// A namespace that has channels and rooms; the first one if none is named.
    fn namespace(&self, name: Option<&str>) -> Result<NamespaceHandle, ApiError> {
        let parts = &self.0.parts;
        let name = match name {
            Some(name) => name,
            None if parts.hub.namespaces().any(|name| &**name == "/") => "/",
            None => parts.hub.namespaces().next().map_or("/", |name| &**name),
        };
        let found = parts.namespaces.of(name, &parts.hub).ok();
        found.filter(NamespaceHandle::has_channels).ok_or_else(|| {
            ApiError::not_found("there is no such namespace, or it has no channels").at("namespace")
        })
    }
}

/// The secret that a request shows.
fn bearer(request: &HttpRequest) -> Option<&str> {
    let given = request.headers().get(header::AUTHORIZATION)?;
    let (scheme, secret) = given.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}
