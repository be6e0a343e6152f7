//! `/healthz` for load balancers and `/metrics` in Prometheus' text format.
//! Reads the hub's numbers; holds no secret, so it names no member, room or session.

use std::fmt::Write as _;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::ServiceConfig;
use dondo_actors::account::Held;
use dondo_actors::hub::HubHandle;
use dondo_actors::metrics::Metrics;

use crate::transport::engine::Engine;

/// Mounts both. To be called in the app factory.
pub fn configure(app: &mut ServiceConfig, hub: HubHandle, engines: Arc<[Engine]>) {
    app.route(
        "/healthz",
        actix_web::web::get().to(|| async {
            HttpResponse::Ok()
                .content_type("text/plain; charset=utf-8")
                .body("ok\n")
        }),
    );
    app.route(
        "/metrics",
        actix_web::web::get().to(move || {
            let text = text(&hub, &engines);
            async move {
                HttpResponse::Ok()
                    .insert_header((
                        header::CONTENT_TYPE,
                        "text/plain; version=0.0.4; charset=utf-8",
                    ))
                    .insert_header((header::CACHE_CONTROL, "no-store"))
                    .body(text)
            }
        }),
    );
}

fn text(hub: &HubHandle, engines: &[Engine]) -> String {
    let metrics = hub.metrics();
    let mut out = String::with_capacity(2048);
    let mut family = |name: &str, kind: &str, help: &str, samples: &[(String, u64)]| {
        let _ = writeln!(
            out,
            "# HELP dondo_{name} {help}\n# TYPE dondo_{name} {kind}"
        );
        for (labels, value) in samples {
            let _ = writeln!(out, "dondo_{name}{labels} {value}");
        }
    };
    let one = |value| [(String::new(), Metrics::read(value))];
    let mut stages = [0; 3];
    for engine in engines {
        stages
            .iter_mut()
            .zip(engine.stages())
            .for_each(|(sum, count)| *sum += count);
    }
    let stages = ["polling", "upgrading", "websocket"]
        .into_iter()
        .zip(stages);
    let stages: Vec<_> = stages
        .map(|(stage, count)| (format!("{{state=\"{stage}\"}}"), count))
        .collect();
    family(
        "sessions",
        "gauge",
        "Sessions by where they stand.",
        &stages,
    );
    family(
        "sessions_alive",
        "gauge",
        "Session actors.",
        &one(&metrics.sessions),
    );
    family(
        "members",
        "gauge",
        "Members over all namespaces.",
        &one(&metrics.members),
    );
    family(
        "rooms",
        "gauge",
        "Room actors, channels included.",
        &one(&metrics.rooms),
    );
    family(
        "outbox_bytes",
        "gauge",
        "Bytes that wait for clients.",
        &[(String::new(), hub.account().waiting_bytes())],
    );
    family(
        "letters_total",
        "counter",
        "Letters that rooms took.",
        &one(&metrics.letters),
    );
    family(
        "deliveries_total",
        "counter",
        "Letters put into outboxes.",
        &one(&metrics.deliveries),
    );
    family(
        "crashes_total",
        "counter",
        "Handlers that crashed and were rolled back.",
        &one(&metrics.crashes),
    );
    let held: Vec<_> = Held::ALL
        .iter()
        .map(|&what| {
            (
                format!("{{what=\"{}\"}}", what.as_str()),
                hub.account().held(what),
            )
        })
        .collect();
    family("bytes", "gauge", "Bytes held, by what for.", &held);
    let closes: Vec<_> = metrics
        .closes()
        .map(|(reason, count)| (format!("{{reason=\"{reason}\"}}"), count))
        .collect();
    family(
        "closes_total",
        "counter",
        "Sessions that ended, by reason.",
        &closes,
    );
    out
}
