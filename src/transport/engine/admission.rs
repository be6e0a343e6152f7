//! What a request is let in to, judged by the settings, by the session that it names, and by who may open one.

use std::sync::Arc;

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderValue};

use super::Engine;
use super::framing::EngineFraming;
use super::handshake::{EngineRequest, RequestView, check, check_session};
use super::query::Query;
use crate::transport::address::forwarded_hosts;
use crate::transport::cors::site;
use crate::transport::doors::Ticket;
use crate::transport::refusal::Refusal;
use crate::transport::session_connection::Connection;
use crate::transport::upgrade::is_valid;

/// What a request is let in to.
pub(super) enum EngineAdmission {
    /// A session may be opened: this is its place.
    Open(Ticket),
    /// A session has begun; this is its open packet.
    Begin(Arc<Connection>, String),
    /// A poll of the session with this id, a secret, never to be logged.
    Get(Arc<Connection>, String),
    /// A POST to a session.
    Post(Arc<Connection>),
    /// A WebSocket that asks to take a session over.
    TakeOver(EngineFraming),
    /// A WebSocket of a session that has one already: it is closed at once, without a code (wire reference 1.5).
    Surplus,
}

impl Engine {
    /// Judges a request, and lets it in. What a request for a WebSocket has wrong is found here, before the switch.
    pub(super) fn admit(
        &self,
        head: &RequestHead,
        upgrade: bool,
    ) -> Result<EngineAdmission, Refusal> {
        let origin = head.headers.get(header::ORIGIN);
        let forwarded = match origin {
            Some(_) => forwarded_hosts(&head.headers),
            None => Vec::new(),
        };
        let view = RequestView {
            method: head.method.as_str(),
            upgrade,
            query: Query::parse(head.uri.query().unwrap_or_default()),
            origin: origin.map(HeaderValue::as_bytes),
            host: head.headers.get(header::HOST).map(HeaderValue::as_bytes),
            forwarded: &forwarded,
            site: site(head),
        };
        let entrance = &self.0.entrance;
        let options = entrance.options();
        let request = check(&view, &options.origins, options.doors.hosts())?;
        let Some(sid) = view.query.sid else {
            return entrance.place(head, upgrade).map(EngineAdmission::Open);
        };
        let found = entrance.find(&sid);
        if request == (EngineRequest::Upgrade { foreign: true }) {
            match &found {
                Some(connection) if !connection.is_own_pages() => {
                    return Err(Refusal::UpgradeForbidden);
                }
                None => return Err(Refusal::Forbidden),
                Some(_) => {}
            }
        }
        let over = |connection: &Arc<Connection>| {
            // What is left to say goes with a GET.
            request != EngineRequest::Get && connection.session.outbox.ended().is_some()
        };
        if entrance.draining() && found.as_ref().is_none_or(over) {
            return Err(Refusal::ShuttingDown);
        }
        check_session(request, found.as_ref().map(|found| found.stage()))?;
        let connection = found.ok_or(Refusal::SessionUnknown)?;
        match request {
            EngineRequest::Upgrade { .. } => {
                if !is_valid(head) {
                    return Err(Refusal::BadRequest);
                }
                let framing = EngineFraming::take_over(connection, self.0.options.upgrade_timeout);
                Ok(framing.map_or(EngineAdmission::Surplus, EngineAdmission::TakeOver))
            }
            EngineRequest::Post => Ok(EngineAdmission::Post(connection)),
            _ => Ok(EngineAdmission::Get(connection, sid.into_owned())),
        }
    }
}
