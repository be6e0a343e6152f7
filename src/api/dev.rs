//! The door of `--dev` on the operators' listener: `POST /dev/crash-room` has the built-in script of a room panic. Whoever asks
//! shows the password that the start printed; without `--dev` there is neither the door nor the script.

use std::fmt;
use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use dondo_actors::error::{Fault, RoomAskError};
use dondo_actors::id::RoomKey;
use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::answer::{ApiAnswer, ApiError};
use super::fields::BodyFields;
use super::guesses::Guesses;
use super::{Api, bearer};
use crate::notices;
use crate::transport::cors::{Cors, cors, preflight};
use crate::transport::origin::{Origin, Origins};
use crate::transport::secret::secret;

const CRASH_ROOM: &str = "/dev/crash-room";

/// See the module.
pub(crate) struct DevDoor {
    api: Api,
    password: String,
    guesses: Guesses,
    /// Whose pages may ask: this machine's.
    origins: Origins,
}

impl fmt::Debug for DevDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevDoor").finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct CrashAnswer<'a> {
    crashed: bool,
    room: &'a str,
}

impl DevDoor {
    /// With a password of its own; none where the system has no randomness to give.
    pub(crate) fn new(api: Api) -> Option<Self> {
        let told =
            |error: &_| log::error!("--dev has no password, so no room can be crashed: {error}");
        Some(Self {
            api,
            password: secret().inspect_err(told).ok()?,
            guesses: Guesses::default(),
            origins: [Origin::ThisMachine].into_iter().collect(),
        })
    }

    /// For what the start prints.
    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// To be called in the app factory of the operators' listener.
    pub(crate) fn configure(self: Arc<Self>, app: &mut ServiceConfig) {
        let serve = move |request: HttpRequest, body: Payload| {
            let door = self.clone();
            async move { door.serve(&request, body).await }
        };
        app.service(web::resource(CRASH_ROOM).to(serve));
    }

    async fn serve(&self, request: &HttpRequest, body: Payload) -> HttpResponse {
        let cors = cors(&self.origins, request.head());
        if request.method() == Method::OPTIONS {
            return preflight(request.headers(), &cors);
        }
        let answer = self.crash_room(request, body).await;
        if matches!(&answer, Err(error) if error.status == StatusCode::TOO_MANY_REQUESTS) {
            self.guesses
                .linger(request.peer_addr().map(|peer| peer.ip()))
                .await;
        }
        readable(
            answer.map_or_else(|error| error.respond(), ApiAnswer::respond),
            &cors,
        )
    }

    async fn crash_room(
        &self,
        request: &HttpRequest,
        body: Payload,
    ) -> Result<ApiAnswer, ApiError> {
        if request.method() != Method::POST {
            return Err(ApiError {
                allow: Some("POST, OPTIONS".to_owned()),
                ..ApiError::new(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "method_not_allowed",
                    "the path has POST alone",
                )
            });
        }
        self.is_let_in(request)?;
        let (body, _place) = self.api.body(request, body).await?;
        let fields = BodyFields::of(&body, &["room", "namespace"])?;
        let room = self.api.room(&fields.need::<String>("room")?, "room")?;
        let namespace = fields.get::<String>("namespace")?;
        let namespace = self.api.namespace(namespace.as_deref())?;
        let hub = &self.api.0.parts.hub;
        let asked = hub.ask_room(namespace.name(), RoomKey::room(room.clone()), Bytes::new());
        match asked.await {
            Err(RoomAskError::Internal(Fault::Crashed)) => Ok(ApiAnswer::ok(&CrashAnswer {
                crashed: true,
                room: &room,
            })),
            Err(RoomAskError::NoRoom) => {
                Err(ApiError::not_found("there is no such room: nobody is in it").at("room"))
            }
            Err(RoomAskError::Internal(fault)) => Err(fault.into()),
            Ok(_) | Err(_) => Err(Fault::Late.into()),
        }
    }

    fn is_let_in(&self, request: &HttpRequest) -> Result<(), ApiError> {
        let digest = |text: &str| Sha256::digest(text.as_bytes());
        let given = bearer(request).unwrap_or_default();
        if bool::from(digest(given).ct_eq(&digest(&self.password))) {
            return Ok(());
        }
        let address = request.peer_addr().map(|peer| peer.ip());
        notices::API_KEY.tell(
            address,
            None,
            format_args!("{CRASH_ROOM} was asked with a wrong password"),
        );
        Err(match self.guesses.one_more(address) {
            true => ApiError {
                retry_after: Some(1),
                ..ApiError::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "rate_limited",
                    "too many wrong passwords come from this address; the right one is taken at once",
                )
            },
            false => ApiError::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "send Authorization: Bearer and the password that the start of --dev printed",
            ),
        })
    }
}

/// Lets those pages read it.
fn readable(mut response: HttpResponse, cors: &Cors) -> HttpResponse {
    for (name, value) in cors.headers() {
        response.headers_mut().append(name, value);
    }
    response
}
