//! What the admin view is told each second: numbers, threads, namespaces, and who crashed. It reads what others keep, and asks of each
//! namespace how many of all it has and which channels are the largest; it walks over no rooms.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dondo_actors::crash_book::{CrashPages, CrashRecord, CrashedPart};
use dondo_actors::hub::HubHandle;
use dondo_actors::id::WorkerId;
use dondo_actors::metrics::Metrics;
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::passwords::AdminRole;
use crate::http::health::{Health, Report};
use crate::http::process;
use crate::transport::entrance::Entrance;

/// Channels of each namespace that are told.
const LARGEST: usize = 20;
/// Crashed parts that are told.
const CRASHED: usize = 50;
/// How long a namespace may take; it has answered a ping before.
const ANSWER: Duration = Duration::from_millis(500);

/// See the module.
pub(super) struct AdminSources {
    health: Arc<Health>,
    /// 0: rooms run on the first worker.
    room_threads: usize,
    began: Instant,
}

/// A namespace in the tree.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NamespaceNode {
    name: String,
    thread: usize,
    answers: bool,
    members: usize,
    online: usize,
    channels: usize,
    rooms: usize,
    plain_rooms: usize,
    largest: Vec<LargestChannel>,
}

#[derive(Serialize)]
struct LargestChannel {
    channel: String,
    members: usize,
}

/// Somebody who crashed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CrashForm<'a> {
    kind: &'static str,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    number: Option<usize>,
    restarts: u64,
    pieces: u64,
    seconds_ago: u64,
    cause: &'a str,
}

impl AdminSources {
    pub(super) fn new(health: Arc<Health>, room_threads: usize) -> Self {
        Self {
            health,
            room_threads,
            began: Instant::now(),
        }
    }

    /// All of it, for somebody.
    pub(super) async fn told(&self, role: AdminRole) -> Value {
        let report = self.health.look().await;
        let (namespaces, hub) = (self.namespaces(&report).await, self.health.hub());
        let metrics = hub.metrics();
        let pages = metrics.crash_book.read();
        let uptime = self.began.elapsed();
        json!({
            "role": role.as_str(),
            "version": env!("CARGO_PKG_VERSION"),
            "uptimeSeconds": uptime.as_secs(),
            // Rates are differences of counters over differences of this.
            "milliseconds": u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX),
            "health": self.health.detail(&report),
            "counts": self.counts(hub),
            "closes": counted(metrics.closes().map(|(reason, count)| (reason.to_string(), count))),
            "refusals": counted(self.refusals()),
            "roomThreads": self.room_threads,
            "namespaces": namespaces,
            "restarts": counted(pages.restarts().map(|(kind, count)| (kind.to_owned(), count))),
            "crashed": crashed(&pages),
        })
    }

    fn counts(&self, hub: &HubHandle) -> Value {
        let (metrics, account) = (hub.metrics(), hub.account());
        let pauses: u64 = metrics.pauses().map(|(_, count)| count).sum();
        json!({
            "sessions": self.health.entrances().iter().map(Entrance::sessions).sum::<usize>(),
            "connections": self.health.sockets().open(),
            "members": Metrics::read(&metrics.members),
            "rooms": Metrics::read(&metrics.rooms),
            "letters": Metrics::read(&metrics.letters),
            "deliveries": metrics.deliveries.sum(),
            "closes": metrics.closes().map(|(_, count)| count).sum::<u64>(),
            "pauses": pauses,
            "crashes": Metrics::read(&metrics.crashes),
            "bytes": account.total(),
            "bytesMax": account.max(),
            "residentBytes": process::resident_bytes(),
        })
    }

    async fn namespaces(&self, report: &Report) -> Vec<NamespaceNode> {
        let all = report.namespaces.iter().enumerate();
        let asked = all.map(|(number, namespace)| async move {
            let name = &namespace.name;
            let mut node = NamespaceNode {
                name: name.clone(),
                thread: number % self.room_threads.max(1),
                answers: false,
                members: 0,
                online: 0,
                channels: 0,
                rooms: 0,
                plain_rooms: 0,
                largest: Vec::new(),
            };
            // Questions to one that is blocked would only wait in its mailbox.
            if !namespace.lag.is_answered() {
                return node;
            }
            let hub = self.health.hub();
            let both = async {
                let counts = hub.namespace_counts(name);
                tokio::try_join!(counts, hub.largest_channels(name, LARGEST))
            };
            if let Ok(Ok((counts, largest))) = timeout(ANSWER, both).await {
                let largest = largest.names.into_iter();
                let largest = largest.map(|(channel, members)| LargestChannel {
                    channel: channel.to_string(),
                    members: members.unwrap_or(0),
                });
                node.answers = true;
                node.members = counts.members;
                node.online = counts.online;
                node.channels = counts.channels;
                node.rooms = counts.rooms;
                node.plain_rooms = counts.plain;
                node.largest = largest.collect();
            }
            node
        });
        join_all(asked).await
    }

    /// Over all protocols.
    fn refusals(&self) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for entrance in self.health.entrances() {
            for (cause, count) in entrance.counts().refusals() {
                *sums.entry(cause.to_owned()).or_insert(0) += count;
            }
        }
        sums
    }
}

/// What happened at all, the most frequent first.
fn counted(all: impl IntoIterator<Item = (String, u64)>) -> Vec<Value> {
    let mut all: Vec<_> = all.into_iter().filter(|(_, count)| *count > 0).collect();
    all.sort_by(|(one, count), (other, more)| more.cmp(count).then(one.cmp(other)));
    let forms = all.into_iter();
    forms
        .map(|(what, count)| json!({ "what": what, "count": count }))
        .collect()
}

/// Who crashed last comes first.
fn crashed(pages: &CrashPages) -> Vec<CrashForm<'_>> {
    let last = pages.parts.iter().rev().take(CRASHED);
    last.map(CrashForm::of).collect()
}

impl<'a> CrashForm<'a> {
    fn of(record: &'a CrashRecord) -> Self {
        let (namespace, name, number) = match &record.who {
            CrashedPart::Hub => (None, None, None),
            CrashedPart::RoomThread(number) | CrashedPart::Worker(number) => {
                (None, None, Some(*number))
            }
            CrashedPart::Namespace(namespace) => (Some(&**namespace), None, None),
            CrashedPart::Room(namespace, key) => (Some(&**namespace), Some(&*key.name), None),
            CrashedPart::Courier(WorkerId(worker)) => (None, None, Some(*worker as usize)),
        };
        Self {
            kind: record.who.kind(),
            namespace,
            name,
            number,
            restarts: record.restarts,
            pieces: record.pieces,
            seconds_ago: record.at.elapsed().as_secs(),
            cause: &record.cause,
        }
    }
}
