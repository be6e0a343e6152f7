//! How clients come in, and how they go.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::mpsc,
};

use actix_web::{HttpRequest, error::ErrorUnauthorized};
use serde_json::json;

use crate::{
    Auth, Builder, Connecting, DisconnectReason, Dondo, Error, Identity, Namespace, Socket,
    testing::TestHub,
};

async fn login(request: HttpRequest) -> actix_web::Result<Option<String>> {
    match request.headers().get("x-name") {
        Some(name) if name == "nobody" => Err(ErrorUnauthorized("no such user")),
        Some(name) => Ok(name.to_str().ok().map(str::to_owned)),
        None => Ok(None),
    }
}

fn asked_who() -> Builder {
    let whoami = async |Identity(user): Identity<String>| Ok(user.to_string());
    let root = Namespace::new("/").on("whoami", whoami);
    Dondo::builder().identify(login).namespace(root)
}

/// A handler that takes an `Identity` could be tested over sockets alone.
#[test]
fn who_a_client_is_the_hubs_own_login_says_or_the_test() {
    TestHub::run(asked_who(), async |hub| {
        let guest = hub.client("/").connect().await.unwrap();
        let answer = guest.emit_with_ack::<String>("whoami", ()).await;
        assert_eq!(answer.unwrap_err().code(), "unauthorized");
        let ama = hub.client("/").header("x-name", "ama");
        let ama = ama.connect().await.unwrap();
        let answer = ama.emit_with_ack::<String>("whoami", ()).await;
        assert_eq!(answer.unwrap(), "ama");
        let kofi = hub.client("/").login("kofi".to_owned());
        let kofi = kofi.connect().await.unwrap();
        let answer = kofi.emit_with_ack::<String>("whoami", ()).await;
        assert_eq!(answer.unwrap(), "kofi");
        let refused = hub.client("/").header("x-name", "nobody").connect().await;
        let refused = refused.unwrap_err();
        assert_eq!((refused.code(), refused.message()), ("401", "no such user"));
        assert_eq!(hub.dondo().sessions(), 3);
    });
}

/// A middleware saw a request that no client had sent, or refused into the void.
#[test]
fn middlewares_see_the_request_and_refuse_with_a_code_and_data() {
    let seen =
        async |client: Connecting, Auth(auth): Auth<serde_json::Value>| {
            client.emit(
                "seen",
                json!({
                    "query": client.handshake().parameter("room").map(String::from),
                    "header": client.handshake().header("x-tone").map(str::to_owned),
                    "address": client.address(),
                    "auth": auth,
                }),
            )?;
            match auth["token"] == 7 {
                true => Ok(()),
                false => Err(Error::new("bad_token", "no")
                    .with_data(json!({ "code": "bad_token", "tries": 2 }))),
            }
        };
    let builder = Dondo::builder().namespace(Namespace::new("/chat").middleware(seen));
    TestHub::run(builder, async |hub| {
        let client = hub.client("/chat").auth(json!({ "token": 7 }));
        let client = client.query("room", "a b").header("x-tone", "low");
        let client = client.address(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
        let client = client.connect().await.unwrap();
        assert_eq!(
            client.expect::<serde_json::Value>("seen").await,
            json!({ "query": "a b", "header": "low", "address": "192.0.2.1", "auth": { "token": 7 } })
        );
        let refused = hub.client("/chat").connect().await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), ("bad_token", "no"));
        assert_eq!(refused.data::<serde_json::Value>()["tries"], 2);
        let unknown = hub.client("/nowhere").connect().await.unwrap_err();
        assert_eq!(unknown.code(), "Invalid namespace");
    });
}

/// Fails if anything is put beside a middleware's data, which clients of Node's servers compare whole, or nothing where it has none.
#[test]
fn who_is_refused_with_data_reads_these_and_else_the_code() {
    for data in [Some(json!({ "most": 2 })), Some(json!([2])), None] {
        let expected = data.clone().unwrap_or(json!({ "code": "full" }));
        let refused = async move || {
            let error = Error::new("full", "no");
            Err::<(), _>(match &data {
                Some(data) => error.with_data(data),
                None => error,
            })
        };
        let builder = Dondo::builder().namespace(Namespace::new("/").middleware(refused));
        TestHub::run(builder, async |hub| {
            let refused = hub.client("/").connect().await.unwrap_err();
            assert_eq!(refused.data::<serde_json::Value>(), expected);
        });
    }
}

/// A handler of the end had another reason than over a socket; or a client that was dropped stayed for ever.
#[test]
fn the_hub_hears_why_a_client_is_gone_and_the_client_that_it_was_put_out() {
    let (told, reasons) = mpsc::sync_channel(8);
    let root = Namespace::new("/")
        .on("out", async |socket: Socket| {
            socket.disconnect();
            Ok(())
        })
        .on_disconnect(async move |reason: DisconnectReason| {
            let _ = told.try_send(reason);
        });
    TestHub::run(Dondo::builder().namespace(root), async move |hub| {
        let come = async || hub.client("/").connect().await.unwrap();
        let leaves = come().await;
        leaves.disconnect().await;
        assert_eq!(reasons.try_recv(), Ok(DisconnectReason::ClientLeft));
        assert_eq!(
            leaves.expect_disconnect().await,
            DisconnectReason::ClientLeft
        );
        come().await.cut().await;
        assert_eq!(reasons.try_recv(), Ok(DisconnectReason::TransportClose));
        let put_out = come().await;
        put_out.emit("out", ()).await;
        assert_eq!(reasons.try_recv(), Ok(DisconnectReason::ForcedClose));
        assert_eq!(
            put_out.expect_disconnect().await,
            DisconnectReason::ForcedClose
        );
        drop(come().await);
        hub.settle().await;
        assert_eq!(reasons.try_recv(), Ok(DisconnectReason::TransportClose));
    });
}
