//! `/metrics` in Prometheus' text format. Reads numbers that others keep: a scrape goes through no session, member or
//! room. Holds no secret, so it names none of them.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use dondo_actors::account::Held;
use dondo_actors::metrics::Metrics;

use super::health::{Health, Report};
use super::process;
use crate::logging;
use crate::transport::counts::Counts;

/// Mounts it. To be called in the app factory.
pub(crate) fn configure(app: &mut ServiceConfig, health: Arc<Health>) {
    let scrape = move || {
        let health = health.clone();
        async move {
            let report = health.look().await;
            HttpResponse::Ok()
                .insert_header((
                    header::CONTENT_TYPE,
                    "text/plain; version=0.0.4; charset=utf-8",
                ))
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .body(text(&health, &report))
        }
    };
    app.service(
        web::resource("/metrics")
            .route(web::get().to(scrape.clone()))
            .route(web::head().to(scrape)),
    );
}

/// Where samples come from.
struct Sources<'a> {
    metrics: &'a Metrics,
    health: &'a Health,
    report: &'a Report,
}

/// Numbers of one kind. `docs/metrics.md` has a line for each.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    read: fn(&Sources<'_>, &mut Samples<'_>),
}

const fn gauge(
    name: &'static str,
    help: &'static str,
    read: fn(&Sources<'_>, &mut Samples<'_>),
) -> Family {
    Family {
        name,
        kind: "gauge",
        help,
        read,
    }
}

const fn counter(
    name: &'static str,
    help: &'static str,
    read: fn(&Sources<'_>, &mut Samples<'_>),
) -> Family {
    Family {
        kind: "counter",
        ..gauge(name, help, read)
    }
}

/// All families, in the order of the page.
#[rustfmt::skip]
const FAMILIES: &[Family] = &[
    gauge("sessions", "Connections by protocol and where they stand.", |from, to| {
        by_protocol(from, "state", to, |counts| counts.stages().collect());
    }),
    gauge("sessions_alive", "Session actors.", |from, to| to.one(Metrics::read(&from.metrics.sessions))),
    gauge("members", "Members over all namespaces.", |from, to| to.one(Metrics::read(&from.metrics.members))),
    gauge("rooms", "Room actors, channels included.", |from, to| to.one(Metrics::read(&from.metrics.rooms))),
    gauge("outbox_bytes", "Bytes that wait for clients.", |from, to| to.one(from.health.hub().account().waiting_bytes())),
    gauge("bytes", "Bytes held for clients, by what for.", |from, to| {
        for what in Held::ALL { to.labelled("what", what.as_str(), from.health.hub().account().held(what)); }
    }),
    gauge("bytes_max", "Bytes that may be held for clients altogether.", |from, to| to.one(from.health.hub().account().max())),
    gauge("courier_backlog", "Deliveries that rooms sent to a worker's courier and whose clients' transports are not woken yet, at what they cost of its window.", |from, to| {
        for courier in &from.report.couriers { to.labelled("worker", courier.worker, courier.backlog as u64); }
    }),
    gauge("courier_lag_seconds", "How long a worker's courier last took to answer; the limit if it did not.", |from, to| {
        for courier in &from.report.couriers { to.labelled("worker", courier.worker, courier.lag.seconds()); }
    }),
    gauge("room_lag_seconds", "How long a namespace's room thread last took to answer; the limit if it did not.", |from, to| {
        for namespace in &from.report.namespaces { to.labelled("namespace", &namespace.name, namespace.lag.seconds()); }
    }),
    gauge("draining", "1 while the server shuts down.", |from, to| to.one(from.health.draining().into())),
    gauge("open_files", "Open file descriptors of the process.", |_, to| to.some(process::open_files())),
    gauge("open_files_max", "File descriptors that the process may have.", |_, to| to.some(process::open_files_max())),
    gauge("resident_bytes", "Resident memory of the process.", |_, to| to.some(process::resident_bytes())),
    counter("letters_total", "Letters that rooms took.", |from, to| to.one(Metrics::read(&from.metrics.letters))),
    counter("letters_braked_total", "Letters, joins, leaves and commands that waited for their room's readers.", |from, to| to.one(Metrics::read(&from.metrics.letters_braked))),
    counter("deliveries_total", "Letters put into outboxes.", |from, to| to.one(from.metrics.deliveries.sum())),
    counter("crashes_total", "Messages that crashed an actor, and events that could not be rendered.", |from, to| to.one(Metrics::read(&from.metrics.crashes))),
    counter("closes_total", "Sessions that ended, by reason.", |from, to| {
        for (reason, count) in from.metrics.closes() { to.labelled("reason", reason, count); }
    }),
    counter("pauses_total", "Times that a session was not read for a while, by the rate that was exceeded.", |from, to| {
        for (what, count) in from.metrics.pauses() { to.labelled("rate", what, count); }
    }),
    counter("refusals_total", "Requests to endpoints that were refused, by protocol and cause.", |from, to| {
        by_protocol(from, "cause", to, |counts| counts.refusals().collect());
    }),
    gauge("connections", "TCP connections of clients.", |from, to| to.one(from.health.sockets().open() as u64)),
    counter("connections_refused_total", "TCP connections that were closed at once: too many files were open in all, or half of them by one address.", |from, to| to.one(from.health.sockets().refused())),
    counter("connections_slow_total", "TCP connections that were closed because something took too long, by what.", |from, to| {
        for (what, count) in from.health.sockets().slow() { to.labelled("what", what, count); }
    }),
    counter("log_dropped_total", "Lines of the log that were dropped because nobody read them fast enough.", |_, to| to.one(logging::dropped())),
];

/// What the endpoints count, those of one protocol added up.
fn by_protocol(
    from: &Sources<'_>,
    key: &str,
    to: &mut Samples<'_>,
    read: fn(&Counts) -> Vec<(&'static str, u64)>,
) {
    let mut sums = BTreeMap::new();
    for entrance in from.health.entrances() {
        for (label, count) in read(entrance.counts()) {
            *sums
                .entry((entrance.options().protocol, label))
                .or_insert(0) += count;
        }
    }
    for ((protocol, label), count) in sums {
        to.sample(
            &[("protocol", protocol.to_owned()), (key, label.to_owned())],
            count,
        );
    }
}

/// Takes the samples of one family.
struct Samples<'a> {
    out: &'a mut String,
    name: &'static str,
}

impl Samples<'_> {
    fn one(&mut self, value: u64) {
        let _ = writeln!(self.out, "dondo_{} {value}", self.name);
    }

    /// Nothing where the system does not tell.
    fn some(&mut self, value: Option<u64>) {
        if let Some(value) = value {
            self.one(value);
        }
    }

    fn labelled(&mut self, key: &str, label: impl ToString, value: impl Display) {
        self.sample(&[(key, label.to_string())], value);
    }

    fn sample(&mut self, labels: &[(&str, String)], value: impl Display) {
        let labels: Vec<_> = labels
            .iter()
            .map(|(key, label)| {
                let label = label
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('\n', "\\n");
                format!("{key}=\"{label}\"")
            })
            .collect();
        let labels = labels.join(",");
        let _ = writeln!(self.out, "dondo_{}{{{labels}}} {value}", self.name);
    }
}

fn text(health: &Health, report: &Report) -> String {
    let from = Sources {
        metrics: health.hub().metrics(),
        health,
        report,
    };
    let mut out = String::with_capacity(8192);
    for family in FAMILIES {
        let (name, help, kind) = (family.name, family.help, family.kind);
        let _ = writeln!(
            out,
            "# HELP dondo_{name} {help}\n# TYPE dondo_{name} {kind}"
        );
        let mut samples = Samples {
            out: &mut out,
            name,
        };
        (family.read)(&from, &mut samples);
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::service::Dondo;

    #[actix_web::test]
    async fn the_page_lists_every_family_in_the_words_of_the_endpoint() {
        let dondo = Dondo::builder().build().unwrap();
        // Its courier gives the families by worker their samples.
        dondo.hub().courier();
        let health = Health::new(
            dondo.hub().clone(),
            dondo.entrances.clone(),
            dondo.doors().clone(),
        );
        let text = text(&health, &*health.look().await);
        let said: Vec<_> = text
            .split("# HELP ")
            .skip(1)
            .map(|family| {
                let mut lines = family.lines();
                let (name, help) = lines.next().unwrap().split_once(' ').unwrap();
                let kind = lines.next().unwrap().rsplit_once(' ').unwrap().1;
                let sample = lines.next().unwrap();
                let labels = sample.split_once('{').map(|(_, rest)| {
                    let labels = rest.split_once('}').unwrap().0.split(',');
                    let keys = labels.map(|label| label.split_once('=').unwrap().0);
                    format!("{{{}}}", keys.collect::<Vec<_>>().join(","))
                });
                let label = labels.unwrap_or_default();
                (format!("{name}{label}"), kind.to_owned(), help.to_owned())
            })
            .collect();
        let page = include_str!("../docs/metrics.md");
        let listed: Vec<_> = page
            .lines()
            .filter_map(|line| {
                let mut cells = line.strip_prefix("| `")?.split(" | ");
                let name = cells.next()?.trim_end_matches('`').to_owned();
                let kind = cells.next()?.to_owned();
                assert!(!cells.next()?.is_empty(), "no unit in {line}");
                Some((name, kind, cells.next()?.trim_end_matches(" |").to_owned()))
            })
            .collect();
        assert_eq!(said, listed);
    }

    #[test]
    fn every_family_that_a_page_names_is_there() {
        for page in [
            include_str!("../../README.md"),
            include_str!("../docs/metrics.md"),
            include_str!("../docs/events.md"),
            include_str!("../docs/architecture.md"),
            include_str!("../packages/grafana.json"),
        ] {
            for rest in page.split("dondo_").skip(1) {
                let end = rest.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
                let name = &rest[..end.unwrap_or(rest.len())];
                let known = FAMILIES.iter().any(|family| family.name == name);
                assert!(known || name == "actors", "dondo_{name} is no family");
            }
        }
    }

    /// Fails if a family has a name that `promtool check metrics` refuses: a counter that does not say that it is one, a gauge
    /// that says so, a unit that is abbreviated, or no words.
    #[test]
    fn names_are_those_that_prometheus_wants() {
        for Family {
            name, kind, help, ..
        } in FAMILIES
        {
            assert_eq!(name.ends_with("_total"), *kind == "counter", "{name}");
            let short = ["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "m", "h", "d"];
            assert!(!name.split('_').any(|word| short.contains(&word)), "{name}");
            let plain = |letter: char| letter.is_ascii_lowercase() || letter == '_';
            assert!(name.chars().all(plain), "{name}");
            assert!(help.ends_with('.'), "{name}: {help}");
        }
    }

    #[test]
    fn labels_are_escaped() {
        let mut out = String::new();
        let mut samples = Samples {
            out: &mut out,
            name: "x",
        };
        samples.labelled("name", "a\"b\\c\nd", 1);
        assert_eq!(out, "dondo_x{name=\"a\\\"b\\\\c\\nd\"} 1\n");
    }
}
