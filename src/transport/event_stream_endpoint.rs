//! Server-Sent Events as an endpoint: a GET whose answer is a session that says nothing, and tells what is said in the channels
//! and rooms of its query.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use dondo_actors::error::CloseReason;
use dondo_actors::letter::{EncodingId, TransportMessage};

use super::cors::{Cors, cors_headers, preflight};
use super::endpoint::is_at;
use super::entrance::{Entrance, NotOpened};
use super::event_stream::{self, EventFormat};
use super::refusal::Refusal;
use super::session_endpoint::SessionEndpoint;
use super::stage::Stage;
use super::upgrade::asks_for_websocket;
use crate::protocol::event_stream::{EventStream, RecordIds, Subscription};

/// After how long a client comes back whose stream ended.
const RETRY: Duration = Duration::from_secs(3);
/// What an EventSource sends when it comes back.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// What an EventSource accepts, and is answered.
const KIND: &str = "text/event-stream";

/// What is wrong with what a query asks for, if nobody could ever have it.
pub(crate) type SubscriptionJudge = Arc<dyn Fn(&Subscription) -> Option<String> + Send + Sync>;

/// The endpoint. Clones share its sessions.
#[derive(Clone)]
pub(crate) struct EventStreamEndpoint(Arc<EventStreamEndpointState>);

struct EventStreamEndpointState {
    entrance: Entrance,
    encoding: EncodingId,
    /// From a shutdown on nobody is let in for so long.
    grace: Duration,
    ping_interval: Duration,
    judge: SubscriptionJudge,
}

impl EventStreamEndpoint {
    pub(crate) fn new(
        entrance: Entrance,
        encoding: EncodingId,
        grace: Duration,
        ping_interval: Duration,
        judge: SubscriptionJudge,
    ) -> Self {
        Self(Arc::new(EventStreamEndpointState {
            entrance,
            encoding,
            grace,
            ping_interval,
            judge,
        }))
    }

    async fn stream(&self, request: &HttpRequest, cors: &Cors) -> HttpResponse {
        let (head, entrance) = (request.head(), &self.0.entrance);
        if asks_for_websocket(head) {
            let wrong = "This is an event stream: ask for it without an upgrade. Plain WebSockets stand elsewhere, at /ws if nothing else is said";
            return self.not_in_order(wrong, head, cors);
        }
        let subscription = match subscription(head) {
            Ok(subscription) => subscription,
            Err(wrong) => return self.not_in_order(&wrong, head, cors),
        };
        if let Some(wrong) = (self.0.judge)(&subscription) {
            return self.not_in_order(&wrong, head, cors);
        }
        let opened = async {
            entrance.judge(head)?;
            let place = entrance.place(head, false)?;
            let joins = subscription.joins() > 0;
            let (encoding, ping_interval) = (self.0.encoding, self.0.ping_interval);
            let protocol =
                |_: &_| Box::new(EventStream::new(subscription, encoding, ping_interval)) as _;
            let opened = entrance
                .open(place, request, Stage::Stream, protocol)
                .await?;
            Ok((opened.connection, joins))
        };
        let (connection, joins) = match opened.await {
            Ok(opened) => opened,
            Err(why) => return self.turn_away(why, head, cors),
        };
        if joins {
            // The protocol knows which. Nothing was read of the session before, so there is credit for it.
            let all = TransportMessage::Text(Bytes::new());
            connection.session.heard(all);
        }
        let format = RecordFormat {
            ids: RecordIds::default(),
            grace: self.0.grace,
        };
        event_stream::response(request, connection, format, cors)
    }

    /// An EventSource gives up for ever after any other status than 200, so what passes is told to it as an event.
    fn turn_away(&self, why: NotOpened, head: &RequestHead, cors: &Cors) -> HttpResponse {
        let accept = head.headers.get(header::ACCEPT);
        let is_event_source = accept.is_some_and(|accept| accept == KIND);
        if let NotOpened::Refused(refusal) = &why
            && is_event_source
            && let Some(passing) = refusal.answer()
            && let Some(seconds) = passing.retry_after
        {
            self.0.entrance.refused(*refusal, head);
            let retry = retry(Duration::from_secs(seconds.into()));
            let told = serde_json::json!({"message": passing.body});
            return cors_headers(HttpResponse::Ok(), cors)
                .insert_header((header::CONTENT_TYPE, KIND))
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .force_close()
                .body(format!("{retry}event: refused\ndata: {told}\n\n"));
        }
        let answer = |refusal: Refusal| refusal.in_words("Bad request");
        self.0.entrance.turn_away(why, head, cors, answer)
    }

    fn not_in_order(&self, wrong: &str, head: &RequestHead, cors: &Cors) -> HttpResponse {
        let answer = |refusal: Refusal| refusal.in_words(wrong);
        let why = Refusal::BadRequest.into();
        self.0.entrance.turn_away(why, head, cors, answer)
    }
}

impl SessionEndpoint for EventStreamEndpoint {
    fn entrance(&self) -> &Entrance {
        &self.0.entrance
    }

    async fn answer(&self, request: HttpRequest, _: web::Payload) -> HttpResponse {
        let cors = self.0.entrance.cors(request.head());
        match *request.method() {
            _ if !is_at(&request) => HttpResponse::NotFound().finish(),
            Method::GET => self.stream(&request, &cors).await,
            Method::OPTIONS if cors.allows() => preflight(request.headers(), &cors),
            _ => cors_headers(HttpResponse::MethodNotAllowed(), &cors)
                .insert_header((header::ALLOW, "GET"))
                .content_type("text/plain")
                .body("An event stream is asked for with GET"),
        }
    }
}

fn subscription(head: &RequestHead) -> Result<Subscription, String> {
    let last_event_id = head.headers.get(&LAST_EVENT_ID);
    let last_event_id = last_event_id.map(HeaderValue::to_str).transpose();
    let last_event_id = last_event_id.map_err(|_| "Last-Event-ID is no text".to_owned())?;
    let query = head.uri.query().unwrap_or_default();
    if query.split('&').any(is_torn) {
        return Err("A percent sign in the query stands before two hexadecimal digits".to_owned());
    }
    Subscription::read(form_urlencoded::parse(query.as_bytes()), last_event_id)
}

/// Whether a parameter of the stream's own has a percent sign that encodes nothing: its name would be another.
fn is_torn(parameter: &str) -> bool {
    let Some((key, value)) = parameter.split_once('=') else {
        return false;
    };
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let mut escapes = value.split('%').skip(1).map(str::as_bytes);
    ["channel", "room", "userName", "namespace"].contains(&key)
        && escapes.any(|escape| !is_digit(escape.first()) || !is_digit(escape.get(1)))
}

fn retry(time: Duration) -> String {
    format!("retry: {}\n\n", time.as_millis())
}

struct RecordFormat {
    ids: RecordIds,
    grace: Duration,
}

impl EventFormat for RecordFormat {
    fn opening(&self) -> Bytes {
        retry(RETRY).into()
    }

    fn event(&self, payload: Bytes, to: &mut VecDeque<Bytes>) {
        to.push_back(self.ids.pass(payload));
    }

    fn ping(&self) -> Bytes {
        Bytes::from_static(b":\n\n")
    }

    /// Who comes back while the hub is there, and lets nobody in, would be refused.
    fn closing(&self, reason: CloseReason) -> Option<Bytes> {
        let drains = reason == CloseReason::ShuttingDown;
        drains.then(|| retry(self.grace + RETRY).into())
    }
}
