//! Where a token may stand, which one counts of several, and what an application's own login has to do with it.

use actix_web::HttpRequest;
use dondo::{Connecting, Identity, Namespace, TokenAccount, Tokens};
use serde_json::{Value, json};

use super::{Issuer, SECRET, ada, code_of, connect_error, hub, now, seen};
use crate::support::{
    Client, EventReader, Form, Hub, PlainClient, Polling, WebSocket, http, in_both_forms, polling,
};

in_both_forms!(
    of_several_tokens_the_nearest_to_the_client_counts,
    an_applications_own_login_goes_first_and_its_middleware_last,
);

const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

fn by_header(hub: &Hub, token: &str) -> Client {
    let bearer = format!("Bearer {token}");
    let (answer, socket) = WebSocket::handshake(hub, WEBSOCKET, &[("Authorization", &bearer)]);
    assert_eq!(answer.status, 101);
    Client::over(socket, "/")
}

/// Fails if a place is not looked at, if another one goes before it, or if what stands behind it is taken where it is no good.
fn of_several_tokens_the_nearest_to_the_client_counts(form: Form) {
    let mut issuer = Issuer::start();
    let hub = form.built(
        |_| {},
        |builder| builder.tokens(Tokens::default().secret(SECRET.as_bytes()).unwrap()),
    );
    let mut of = |name: &str| issuer.sign("HS256", &ada(json!({"sub": name, "name": name})));
    let (first, second, third, fourth) = (of("first"), of("second"), of("third"), of("fourth"));
    assert_eq!(seen(&mut by_header(&hub, &second)), "second");
    for (query, expected) in [
        (format!("&token={fourth}"), "fourth"),
        (format!("&token={fourth}&access_token={third}"), "third"),
    ] {
        assert_eq!(seen(&mut Client::connect_to(&hub, "/", &query)), expected);
    }
    let bearer = format!("Bearer {second}");
    let target = format!("{WEBSOCKET}&access_token={third}&token={fourth}");
    let (_, socket) = WebSocket::handshake(&hub, &target, &[("Authorization", &bearer)]);
    assert_eq!(seen(&mut Client::over(socket, "/")), "second");
    // The CONNECT's own counts before all, also before one that is no good, and one that is no good is not made up for.
    let auth = json!({ "token": first }).to_string();
    for query in [&*format!("&token={fourth}"), "&token=nonsense", ""] {
        let mut client = Client::connect_with(&hub, "/", query, &auth);
        assert_eq!(seen(&mut client), "first", "{query}");
    }
    let refusal = connect_error(
        &hub,
        &format!("&token={fourth}"),
        &json!({"token": "nonsense"}),
    );
    assert_eq!(code_of(&refusal), "token_invalid");
    // A session that polls and changes its transport is whom its first request said.
    let headers = [("Authorization", &*bearer)];
    let opened = http::request(
        &hub,
        "GET",
        "/socket.io/?EIO=4&transport=polling",
        &headers,
        b"",
    );
    let session = Polling {
        hub: &hub,
        sid: polling::sid(&polling::body(&opened)),
        path: "/socket.io/".to_owned(),
    };
    session.say("40");
    session.read();
    let (_, mut socket) = WebSocket::handshake(&hub, &session.upgrade_target(), &[]);
    socket.text("2probe");
    assert_eq!(socket.next_text(), "3probe");
    socket.text("5");
    socket.text(r#"421["join-channel","desk"]"#);
    let joined = socket.next_text();
    assert!(joined.contains("second"), "{joined}");
}

/// Fails if a token is looked at where the application's own login knows the client, or if its middleware is not heard.
fn an_applications_own_login_goes_first_and_its_middleware_last(form: Form) {
    let mut issuer = Issuer::start();
    let whoami = |name: &str| {
        Namespace::new(name).on(
            "whoami",
            async |own: Option<Identity<String>>, user: Option<Identity<TokenAccount>>| {
                let level = user.as_ref().and_then(|user| user.claim::<u8>("level"));
                let user = user.map(|user| user.account().to_owned());
                Ok(json!([own.map(|own| own.to_string()), user, level]))
            },
        )
    };
    let staff =
        whoami("/staff").middleware(async |client: Connecting, user: Identity<TokenAccount>| {
            client.login(format!("staff:{}", user.account()));
        });
    let login = async |request: HttpRequest| {
        let name = request.headers().get("x-name");
        Ok(name.map(|name| name.to_str().unwrap().to_owned()))
    };
    let hub = form.built(
        |settings| settings.auth.guests = false,
        |builder| {
            let tokens = Tokens::default().secret(SECRET.as_bytes()).unwrap();
            let builder = builder.tokens(tokens).identify(login);
            builder.namespace(whoami("/")).namespace(staff)
        },
    );
    let token = issuer.sign("HS256", &ada(json!({"level": 7})));
    let auth = json!({ "token": token }).to_string();
    let mut by_token = Client::connect_with(&hub, "/", "", &auth);
    assert_eq!(by_token.ask("whoami", &[]), json!([null, "ada", 7]));
    let (_, socket) = WebSocket::handshake(&hub, WEBSOCKET, &[("x-name", "kofi")]);
    let mut own = Client::over(socket, "/");
    assert_eq!(own.ask("whoami", &[]), json!(["kofi", null, null]));
    let mut promoted = Client::connect_with(&hub, "/staff", "", &auth);
    assert_eq!(
        promoted.ask("whoami", &[]),
        json!(["staff:ada", null, null])
    );
    assert_eq!(
        code_of(&connect_error(&hub, "", &Value::Null)),
        "unauthorized"
    );
}

/// Fails if a protocol has no place for a token, or does not show its name to the others.
#[test]
fn each_protocol_has_a_place_for_a_token() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("protocols", |settings| settings.auth.guests = false);
    let token = issuer.sign("HS256", &ada(json!({})));
    let mut plain = WebSocket::open(&hub, "/ws");
    plain.text(&json!({"type": "connect", "auth": {"token": token}}).to_string());
    let mut plain = PlainClient::welcomed(plain);
    let ack = plain.ask("join-channel", json!({"data": {"roomChannel": "lobby"}}));
    assert_eq!(ack["users"][0]["userName"], "Ada L.");
    let bearer = format!("Bearer {token}");
    let headers = [("Accept", "text/event-stream"), ("Authorization", &*bearer)];
    let (answer, mut stream) = EventReader::ask(&hub, "/events?channel=lobby", &headers);
    assert_eq!(answer.status, 200);
    assert_eq!(stream.event("ack").json()["users"][1]["userName"], "Ada L.");
    let mut stream =
        EventReader::open(&hub, &format!("/events?channel=lobby&access_token={token}"));
    assert_eq!(stream.event("ack").json()["users"][2]["userName"], "Ada L.");
}

/// Fails if what a token's time is compared with is not the clock of the day.
#[test]
fn a_token_may_be_as_old_as_the_leeway_says() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("leeway", |_| {});
    let token = issuer.sign("HS256", &ada(json!({"exp": now() - 5})));
    let auth = json!({ "token": token }).to_string();
    assert_eq!(
        seen(&mut Client::connect_with(&hub, "/", "", &auth)),
        "Ada L."
    );
}
