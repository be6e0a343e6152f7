//! `/healthz`, whether the process answers, and `/readyz`, whether newcomers are served well: that needs every room
//! thread and every courier to answer in time. Asks them; changes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_web::http::{Method, header};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, HttpResponse, Responder};
use dondo_actors::hub::HubHandle;
use dondo_actors::mailbox::{Mailbox, Reply, Word};
use dondo_actors::message::{CourierRef, Ping};
use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::transport::doors::Doors;
use crate::transport::entrance::Entrance;
use crate::transport::sockets::Sockets;

/// Between two looks at a courier whose window is full.
const GLANCE: Duration = Duration::from_millis(100);

/// How long a room thread or a courier may take to answer.
const ANSWER: Duration = Duration::from_millis(500);
/// How long a report is good for.
const FRESH: Duration = Duration::from_millis(500);
/// One hub's health. At most one look at its threads is under way, however many ask.
pub(crate) struct Health {
    hub: HubHandle,
    entrances: Arc<[Entrance]>,
    doors: Doors,
    last: watch::Sender<Option<Arc<Report>>>,
    looking: AtomicBool,
}

/// What a look at the hub's threads found.
pub(crate) struct Report {
    at: Instant,
    pub(crate) namespaces: Vec<NamespaceReport>,
    pub(super) couriers: Vec<CourierReport>,
}

/// How long an answer took; `None`: it did not come in time.
#[derive(Clone, Copy)]
pub(crate) struct Lag(Option<Duration>);

/// One namespace's room thread.
#[derive(Serialize)]
pub(crate) struct NamespaceReport {
    pub(crate) name: String,
    #[serde(rename = "lag_ms")]
    pub(crate) lag: Lag,
}

/// One worker's courier.
#[derive(Serialize)]
pub(crate) struct CourierReport {
    pub(super) worker: u32,
    #[serde(rename = "lag_ms")]
    pub(super) lag: Lag,
    pub(super) backlog: usize,
    full: bool,
    suspended: bool,
}

/// `/readyz` as operators read it.
#[derive(Serialize)]
pub(crate) struct Detail<'a> {
    ready: bool,
    draining: bool,
    overloaded: bool,
    /// Why it is not ready, in words.
    reasons: Vec<String>,
    namespaces: &'a [NamespaceReport],
    couriers: &'a [CourierReport],
}

impl Health {
    /// Of a hub and its endpoints.
    pub(crate) fn new(hub: HubHandle, entrances: Arc<[Entrance]>, doors: Doors) -> Arc<Self> {
        Arc::new(Self {
            hub,
            entrances,
            doors,
            last: watch::Sender::new(None),
            looking: AtomicBool::new(false),
        })
    }

    pub(crate) fn hub(&self) -> &HubHandle {
        &self.hub
    }

    pub(crate) fn entrances(&self) -> &[Entrance] {
        &self.entrances
    }

    pub(crate) fn sockets(&self) -> &Sockets {
        self.doors.sockets()
    }

    /// Whether the server is shutting down.
    pub(super) fn draining(&self) -> bool {
        self.entrances.iter().any(Entrance::draining)
    }

    /// What a look found that is not older than [`FRESH`]. Takes [`ANSWER`] at most, or twice that where it waited for
    /// somebody else's look that was broken off.
    pub(crate) async fn look(&self) -> Arc<Report> {
        loop {
            let mut changes = self.last.subscribe();
            let last = changes.borrow_and_update().clone();
            if let Some(report) = last.filter(|report| report.at.elapsed() < FRESH) {
                return report;
            }
            if !self.looking.swap(true, Ordering::AcqRel) {
                let _looking = Looking(&self.looking);
                let report = Arc::new(self.ask_all().await);
                self.last.send_replace(Some(report.clone()));
                return report;
            }
            let _ = timeout(ANSWER, changes.changed()).await;
        }
    }

    async fn ask_all(&self) -> Report {
        let namespaces = self.hub.namespaces().map(|name| async {
            let mailbox = self.hub.namespace(name).and_then(|way| way.upgrade());
            NamespaceReport {
                name: name.to_string(),
                lag: Lag::of(mailbox).await,
            }
        });
        let couriers = self.hub.couriers().into_iter().map(CourierReport::of);
        let (namespaces, couriers) = tokio::join!(join_all(namespaces), join_all(couriers));
        Report {
            at: Instant::now(),
            namespaces,
            couriers,
        }
    }

    /// The report in words.
    pub(crate) fn detail<'a>(&self, report: &'a Report) -> Detail<'a> {
        let draining = self.draining();
        let mut reasons = Vec::new();
        let account = self.hub.account();
        if account.crowded() {
            reasons.push(format!(
                "{} of {} bytes are held for clients (--memory-max)",
                account.total(),
                account.max()
            ));
        }
        for courier in &report.couriers {
            let worker = courier.worker;
            if courier.suspended {
                reasons.push(format!(
                    "worker {worker} is given up: it made no progress (--delivery.courier-stall)"
                ));
            } else if courier.full {
                reasons.push(format!(
                    "worker {worker} has {} deliveries to make (--delivery.courier-window)",
                    courier.backlog
                ));
            }
        }
        let overloaded = !reasons.is_empty();
        let limit = ANSWER.as_millis();
        for namespace in report.namespaces.iter().filter(|one| one.lag.0.is_none()) {
            reasons.push(format!(
                "the room thread of namespace {} has not answered within {limit} ms",
                namespace.name
            ));
        }
        for courier in report.couriers.iter().filter(|one| one.lag.0.is_none()) {
            reasons.push(format!(
                "worker {} has not answered within {limit} ms",
                courier.worker
            ));
        }
        if draining {
            reasons.push("the server is shutting down".to_owned());
        }
        Detail {
            ready: reasons.is_empty(),
            draining,
            overloaded,
            reasons,
            namespaces: &report.namespaces,
            couriers: &report.couriers,
        }
    }
}

/// A look that is broken off, because its asker went away, must not keep others from looking.
struct Looking<'a>(&'a AtomicBool);

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Lag {
    async fn of<W: Word + From<Ping>>(mailbox: Option<Mailbox<W>>) -> Self {
        let Some(mailbox) = mailbox else {
            return Self(None);
        };
        let (reply, answer) = Reply::new();
        let start = Instant::now();
        mailbox.send(Ping(reply));
        let answered = matches!(timeout(ANSWER, answer).await, Ok(Ok(())));
        Self(answered.then(|| start.elapsed()))
    }

    /// Whether there was an answer in time.
    pub(crate) fn is_answered(self) -> bool {
        self.0.is_some()
    }

    /// In seconds; the limit if there was no answer.
    pub(super) fn seconds(self) -> f64 {
        self.0.unwrap_or(ANSWER).as_secs_f64()
    }
}

impl Serialize for Lag {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0
            .map(|lag| lag.as_secs_f64() * 1000.0)
            .serialize(serializer)
    }
}

impl CourierReport {
    async fn of(courier: CourierRef) -> Self {
        let backlog = courier.window.clone();
        // Full for a moment is how a burst looks, or a picture for thousands; load is what stays full.
        let mut full = backlog.full();
        if full {
            tokio::time::sleep(GLANCE).await;
            full = backlog.full();
        }
        let lag = Lag::of(Some(courier.mailbox.clone())).await;
        Self {
            worker: courier.worker.0,
            lag,
            backlog: backlog.undigested(),
            full: full && backlog.full(),
            suspended: backlog.suspended(),
        }
    }
}

/// Mounts what anybody may see: `/healthz`, and `/readyz` as a bare 200 or 503. To be called in the app factory.
pub(crate) fn configure_public(app: &mut ServiceConfig, health: Arc<Health>) {
    let ready = move || {
        let health = health.clone();
        async move {
            let report = health.look().await;
            match health.detail(&report).ready {
                true => plain(HttpResponse::Ok(), "ready\n"),
                false => plain(HttpResponse::ServiceUnavailable(), "not ready\n"),
            }
        }
    };
    configure_alive(app);
    mount_readable(app, ["/readyz", "/readyz/"], ready);
}

/// Mounts what operators see: `/healthz`, and `/readyz` with which thread lags behind and why, as JSON. To be called in
/// the app factory.
pub(crate) fn configure_detailed(app: &mut ServiceConfig, health: Arc<Health>) {
    let ready = move || {
        let health = health.clone();
        async move {
            let report = health.look().await;
            let detail = health.detail(&report);
            let mut answer = match detail.ready {
                true => HttpResponse::Ok(),
                false => HttpResponse::ServiceUnavailable(),
            };
            answer.insert_header((header::CACHE_CONTROL, "no-store"));
            answer.json(detail)
        }
    };
    configure_alive(app);
    mount_readable(app, ["/readyz", "/readyz/"], ready);
}

fn configure_alive(app: &mut ServiceConfig) {
    let alive = || async { plain(HttpResponse::Ok(), "ok\n") };
    mount_readable(app, ["/healthz", "/healthz/"], alive);
}

/// Answers GET and HEAD at these paths; OPTIONS, with which some balancers ask, says so. Each path is a resource of its own:
/// a list of them would be a regular expression, which is tried on every request.
fn mount_readable<H, Args>(app: &mut ServiceConfig, paths: [&str; 2], handler: H)
where
    H: actix_web::Handler<Args> + Clone,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    for path in paths {
        app.service(
            web::resource(path)
                .route(web::get().to(handler.clone()))
                .route(web::head().to(handler.clone()))
                .route(web::method(Method::OPTIONS).to(readable_only)),
        );
    }
}

/// The answer to OPTIONS where GET and HEAD are.
pub(super) async fn readable_only() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ALLOW, "GET, HEAD, OPTIONS"))
        .finish()
}

fn plain(mut answer: actix_web::HttpResponseBuilder, text: &'static str) -> HttpResponse {
    answer
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::task::{Context, Waker};

    use dondo_actors::account::Held;

    use super::*;
    use crate::service::Dondo;

    fn health(dondo: &Dondo) -> Arc<Health> {
        Health::new(
            dondo.hub().clone(),
            dondo.entrances.clone(),
            dondo.doors().clone(),
        )
    }

    #[actix_web::test]
    async fn many_who_ask_at_once_share_one_look() {
        let dondo = Dondo::builder().build().unwrap();
        // One that is held up for longer than a look is good for looks again.
        for _ in 0..10 {
            let health = health(&dondo);
            let looks = join_all((0..100).map(|_| health.look())).await;
            if looks.iter().all(|look| Arc::ptr_eq(look, &looks[0])) {
                return;
            }
        }
        panic!("they do not share one");
    }

    #[actix_web::test]
    async fn a_look_that_is_broken_off_keeps_nobody_from_looking() {
        let dondo = Dondo::builder().build().unwrap();
        // On this very thread: it cannot answer before this yields.
        dondo.hub().courier();
        let health = health(&dondo);
        {
            let broken = health.look();
            tokio::pin!(broken);
            let mut cx = Context::from_waker(Waker::noop());
            assert!(broken.as_mut().poll(&mut cx).is_pending());
            assert!(health.looking.load(Ordering::Acquire));
        }
        assert_eq!(health.look().await.namespaces.len(), 1);
    }

    #[actix_web::test]
    async fn a_hub_that_holds_too_much_is_overloaded_and_names_the_setting() {
        let dondo = Dondo::builder().build().unwrap();
        let health = health(&dondo);
        let report = health.look().await;
        assert!(!health.detail(&report).overloaded);
        let account = dondo.hub().account();
        account.add(Held::Answers, account.max() as usize);
        let detail = health.detail(&report);
        assert!(detail.overloaded && !detail.ready);
        assert!(detail.reasons[0].contains("--memory-max"));
    }
}
