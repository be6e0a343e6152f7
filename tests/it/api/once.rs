//! What is asked for is done once and to its end, however often and by whomever it is asked for.

use std::time::Duration;

use serde_json::{Value, json};

use super::{KEY, ask_at, bearer, hub, member_of};
use crate::support::{Client, Hub, http};

/// Fails if one key is done twice, whichever listener it comes over, at once or later, or has another answer.
#[test]
fn a_request_with_an_idempotency_key_is_done_once_also_where_many_send_it_at_once() {
    let hub = hub();
    let mut member = member_of(&hub, "lobby");
    let send = |address, key: &str, message: usize| {
        let bearer = bearer(KEY);
        let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", key)];
        let body = json!({"to": {"channel": "lobby"}, "message": message});
        ask_at(address, "POST", "publish", &headers, &body)
    };
    let answers: Vec<_> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..16)
            .map(|number| {
                let address = if number % 2 == 0 {
                    hub.operators()
                } else {
                    hub.address()
                };
                scope.spawn(move || send(address, "order-7", 7))
            })
            .collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).collect()
    });
    assert_eq!(answers[0].0, 200);
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    assert_eq!(send(hub.address(), "order-7", 7), answers[0]);
    let (status, said) = send(hub.operators(), "order-7", 8);
    assert_eq!(
        (status, &said["error"]["code"]),
        (422, &json!("idempotency_mismatch"))
    );
    assert_eq!(send(hub.operators(), "order-9", 9).0, 200);
    assert_eq!(send(hub.operators(), "a b", 9).0, 400);
    let heard = |member: &mut Client| member.event("lobby")[0]["data"]["message"].clone();
    assert_eq!(
        [heard(&mut member), heard(&mut member)],
        [7, 9],
        "each once"
    );
}

/// Fails if what was begun is lost because who asked went away.
#[test]
fn what_was_begun_is_said_though_nobody_waits_for_the_answer() {
    let hub = hub();
    let mut member = member_of(&hub, "lobby");
    let key = bearer(KEY);
    let headers = [
        ("Authorization", key.as_str()),
        ("Content-Type", "application/json"),
    ];
    let messages: Vec<_> = (0..50)
        .map(|number| json!({"to": {"channel": "lobby"}, "message": number}))
        .collect();
    let body = json!({"messages": messages}).to_string();
    drop(http::send_at(
        hub.address(),
        "POST",
        "/api/v1/batch",
        &headers,
        body.as_bytes(),
    ));
    // It may be gone before its request was read; then nothing of it is said.
    if let Some(first) = member.event_within("lobby", Duration::from_secs(5)) {
        assert_eq!(first[0]["data"]["message"], 0);
        for number in 1..50 {
            assert_eq!(member.event("lobby")[0]["data"]["message"], number);
        }
    }
}

/// Fails if a host cannot have the API in an App of its own, below a path of its own.
#[test]
fn a_host_mounts_the_api_below_its_own_path() {
    let file = super::KeysFile::new();
    let mut settings = dondo::config::Settings::default();
    settings.api.keys_file = Some(file.path().into());
    let dondo = dondo::Dondo::builder().settings(settings).build().unwrap();
    let mount = dondo.clone();
    let hub = Hub::serving(dondo, move |listener| {
        let app = move || {
            let api = actix_web::web::scope("/backend").configure(mount.configure_api());
            actix_web::App::new()
                .service(api)
                .configure(mount.configure())
        };
        actix_web::HttpServer::new(app)
            .workers(1)
            .listen(listener)
            .unwrap()
            .run()
    });
    let key = bearer(KEY);
    let path = "/backend/api/v1/presence";
    let (status, said) = ask_at(
        hub.address(),
        "GET",
        path,
        &[("Authorization", &key)],
        &Value::Null,
    );
    assert_eq!((status, &said["members"]), (200, &json!(0)));
}
