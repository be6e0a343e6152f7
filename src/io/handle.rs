//! A namespace of a hub that runs, from any thread.

use std::sync::Arc;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::ContentType},
};
use dondo_actors::hub::HubHandle;
use serde::Serialize;

use super::{
    WeakNamespaces,
    broadcast::Broadcast,
    error::{EmitError, Error, LogAs, UnknownNamespace},
    eventual::RemoteDelivery,
    namespace::ServedNamespace,
    remote::{Counting, FetchSockets, Operation},
    script::Scripts,
    targets::{IntoRooms, IntoTargets},
};

/// A namespace, from any thread: [`Dondo::of`](crate::Dondo::of) has it. Clones are the same namespace. The handle of a parent is all its
/// children: what is said, asked or done by it is so in each that is there then.
///
/// ```no_run
/// use actix_web::{HttpResponse, web};
/// use dondo::NamespaceHandle;
///
/// async fn notify(inbox: web::Data<NamespaceHandle>, text: String) -> actix_web::Result<HttpResponse> {
///     inbox.to("lobby").emit("note", text)?;
///     Ok(HttpResponse::Accepted().finish())
/// }
/// ```
///
/// Whatever else it does has errors of its own, which all turn into a [`dondo::Error`](Error), and that into an answer:
///
/// ```no_run
/// use actix_web::{HttpResponse, web};
/// use dondo::NamespaceHandle;
///
/// async fn who(chat: web::Data<NamespaceHandle>, room: web::Path<String>) -> dondo::Result<HttpResponse> {
///     let page = chat.room(room.into_inner()).presence().await?;
///     let there = page.sockets.iter().filter_map(|socket| Some(socket.account()?.to_string()));
///     let told = chat.to("desk").emit("asked", page.sockets.len())?.await?;
///     println!("{} were told", told.recipients);
///     Ok(HttpResponse::Ok().json(there.collect::<Vec<_>>()))
/// }
///
/// let route = web::get().to(who);
/// ```
#[derive(Clone, Debug)]
pub struct NamespaceHandle {
    hub: HubHandle,
    served: Arc<ServedNamespace>,
}

impl NamespaceHandle {
    pub(super) fn new(hub: HubHandle, served: Arc<ServedNamespace>) -> Self {
        Self { hub, served }
    }

    /// Whether it has the channels and rooms of the hub pack.
    pub(crate) fn has_channels(&self) -> bool {
        self.served.has_pack()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.served.name
    }

    /// Another namespace of the same hub, or this one.
    ///
    /// # Errors
    /// The hub does not serve it.
    pub fn of(&self, namespace: &str) -> Result<Self, UnknownNamespace> {
        let all = self.served.siblings.get().and_then(WeakNamespaces::upgrade);
        let all = all.ok_or_else(|| UnknownNamespace(namespace.into()))?;
        all.of(namespace, &self.hub)
    }

    /// The children that a parent has now; any other namespace is alone.
    pub fn children(&self) -> Vec<Self> {
        match self.served.is_parent {
            true => {
                let names = self.hub.children_of(self.name()).into_iter();
                names.map(|name| self.child(name)).collect()
            }
            false => vec![self.clone()],
        }
    }

    /// This namespace, or the child of that name.
    pub(super) fn child(&self, name: Arc<str>) -> Self {
        match self.served.name == name {
            true => self.clone(),
            false => Self::new(self.hub.clone(), self.served.child(name)),
        }
    }

    /// The members of rooms, or clients by their ids: see [`IntoTargets`]. Further [`Broadcast::to`] add more.
    #[doc(alias = "in")]
    pub fn to(&self, targets: impl IntoTargets) -> Broadcast<Self> {
        self.broadcast().to(targets)
    }

    /// Everybody.
    pub fn broadcast(&self) -> Broadcast<Self> {
        Broadcast::new(self.clone(), false)
    }

    /// Everybody but the members of these rooms, the clients of these accounts, and these clients.
    pub fn except(&self, targets: impl IntoTargets) -> Broadcast<Self> {
        self.broadcast().except(targets)
    }

    /// Says something to everybody, now: see [`Broadcast::emit`].
    ///
    /// # Errors
    /// As [`Broadcast::emit`].
    pub fn emit(&self, event: &str, data: impl Serialize) -> Result<RemoteDelivery, EmitError> {
        self.broadcast().emit(event, data)
    }

    /// How many sockets are in: see [`Broadcast::count`].
    pub fn count(&self) -> Counting {
        self.broadcast().count()
    }

    /// Who is in: see [`Broadcast::fetch_sockets`].
    pub fn fetch_sockets(&self) -> FetchSockets {
        self.broadcast().fetch_sockets()
    }

    /// Makes everybody join rooms.
    pub fn sockets_join(&self, rooms: impl IntoRooms) -> Operation {
        self.broadcast().sockets_join(rooms)
    }

    /// Makes everybody leave rooms.
    pub fn sockets_leave(&self, rooms: impl IntoRooms) -> Operation {
        self.broadcast().sockets_leave(rooms)
    }

    /// Puts everybody out of the namespace.
    pub fn disconnect_sockets(&self) -> Operation {
        self.broadcast().disconnect_sockets()
    }

    /// Puts everybody out, and closes their connections.
    pub fn close_sockets(&self) -> Operation {
        self.broadcast().close_sockets()
    }

    pub(super) fn scripts(&self) -> &Scripts {
        &self.served.scripts
    }

    pub(super) fn hub(&self) -> &HubHandle {
        &self.hub
    }
}

/// For an HTTP handler that says something: the server's fault.
impl ResponseError for EmitError {}

/// For an HTTP handler: the server's fault.
impl ResponseError for UnknownNamespace {}

/// For an HTTP handler that returns a [`Result`](super::Result), into whose error each of the hub's turns by `?`: 400 with the code
/// and the words, or 500 where the text is not for a client. Actix-web's log has it all.
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self.log() {
            LogAs::Failure(_) => StatusCode::INTERNAL_SERVER_ERROR,
            LogAs::Nothing | LogAs::Unreadable => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code())
            .content_type(ContentType::plaintext())
            .body(format!("{}: {}", self.code(), self.message()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use actix_web::body::to_bytes;

    use super::*;

    /// A text for the log alone was the answer, or what the client can do something about was the server's fault.
    #[actix_rt::test]
    async fn an_error_is_answered_in_http_as_a_client_of_the_hub_reads_it() {
        let answer = async |error: Error| {
            let response = error.error_response();
            let status = response.status().as_u16();
            let body = to_bytes(response.into_body()).await.unwrap();
            (status, String::from_utf8_lossy(&body).into_owned())
        };
        let secret = std::io::Error::other("no route to db.internal");
        let (status, body) = answer(secret.into()).await;
        assert_eq!(
            (status, &*body),
            (500, "internal: the server's handler failed")
        );
        let full = Error::new("room_full", "two play here");
        let (status, body) = answer(full).await;
        assert_eq!((status, &*body), (400, "room_full: two play here"));
    }
}
