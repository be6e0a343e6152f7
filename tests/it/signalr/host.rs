//! A host's own hub: what a Hub class of ASP.NET does, done by a namespace, as `src/docs/from-signalr.md` says.

use actix_web::HttpRequest;
use actix_web::error::ErrorUnauthorized;
use dondo::{
    Account, Data, DisconnectReason, Error, Extension, Identity, Namespace, NamespaceHandle,
    Socket, SocketId,
};
use serde_json::{Value, json};

use super::robot::{HubRobot, Kind};
use crate::support::{Client, Hub};

struct User(String);

impl Account for User {
    fn account(&self) -> &str {
        &self.0
    }
}

/// The token where stock clients put it: a header, or the query where they can send none.
async fn by_token(request: HttpRequest) -> actix_web::Result<Option<User>> {
    let headers = request.headers();
    let header = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| value.strip_prefix("Bearer "));
    let query = request.query_string().split('&');
    let token = bearer.or_else(|| {
        query
            .filter_map(|pair| pair.strip_prefix("access_token="))
            .next()
    });
    match token {
        Some("eve") => Err(ErrorUnauthorized("eve may not")),
        token => Ok(token.map(|token| User(token.to_owned()))),
    }
}

fn hub() -> Hub {
    let namespace = Namespace::new("/host")
        .on_connect(async |socket: Socket, user: Option<Identity<User>>| {
            if let Some(user) = user {
                socket.insert(user.0.0.clone());
                socket.join(format!("user:{}", user.0.0)).await?;
            }
            Ok(())
        })
        .on_disconnect(
            async |socket: Socket, nsp: NamespaceHandle, reason: DisconnectReason| {
                nsp.emit("Gone", (socket.id(), reason.to_string()))?;
                Ok(())
            },
        )
        .on(
            "WhoAmI",
            async |name: Option<Extension<String>>, socket: Socket| {
                Ok((name.map(|name| name.0), socket.id().clone()))
            },
        )
        .on("Enter", async |socket: Socket, Data(room): Data<String>| {
            socket.join(&room).await?;
            Ok(())
        })
        .on("Leave", async |socket: Socket, Data(room): Data<String>| {
            socket.leave(&room).await;
            Ok(())
        })
        .on(
            "Say",
            async |socket: Socket, Data((to, name)): Data<(String, String)>| {
                let everybody = socket.namespace();
                match &*to {
                    "All" => everybody.emit("Heard", &to)?.await,
                    "Caller" => return Ok(socket.emit("Heard", &to)?),
                    "Others" => socket.broadcast().emit("Heard", &to)?.await,
                    "Group" => socket.within(&name).emit("Heard", &to)?.await,
                    "OthersInGroup" => socket.to(&name).emit("Heard", &to)?.await,
                    "GroupExcept" => {
                        let group = socket.within(&name);
                        group.except("user:bob").emit("Heard", &to)?.await
                    }
                    "User" => {
                        socket
                            .within(format!("user:{name}"))
                            .emit("Heard", &to)?
                            .await
                    }
                    "Client" => socket.to(SocketId::new(name)).emit("Heard", &to)?.await,
                    _ => return Err(Error::new("nobody", "say All, or Others")),
                }?;
                Ok(())
            },
        )
        .on("Abort", async |socket: Socket| socket.close());
    Hub::built(
        |_| {},
        |builder| {
            let builder = builder.namespace(namespace).identify(by_token);
            builder.signalr("/host", "/host")
        },
    )
}

fn robot(hub: &Hub, kind: Kind, token: &str) -> HubRobot {
    let more = json!({"on": ["Heard", "Gone"], "token": token});
    HubRobot::connected_with(hub, "/host", kind, &more)
}

/// Fails if a target of ASP.NET's reaches others than its namesake here.
#[test]
fn each_target_of_a_hub_reaches_whom_it_does_in_aspnet() {
    let hub = hub();
    let mut ann = robot(&hub, Kind::WebSocket, "ann");
    let mut bob = robot(&hub, Kind::Polling, "bob");
    let mut kim = robot(&hub, Kind::Events, "kim");
    ann.invoke("enter", &[json!("g")]).unwrap();
    bob.invoke("Enter", &[json!("g")]).unwrap();
    kim.invoke("Enter", &[json!("g")]).unwrap();
    kim.invoke("Leave", &[json!("g")]).unwrap();
    let id = kim.id();
    for (to, name, reached) in [
        ("Caller", "", [true, false, false]),
        ("Others", "", [false, true, true]),
        ("Group", "g", [true, true, false]),
        ("OthersInGroup", "g", [false, true, false]),
        ("GroupExcept", "g", [true, false, false]),
        ("User", "bob", [false, true, false]),
        ("Client", &*id, [false, false, true]),
    ] {
        ann.invoke("Say", &[json!(to), json!(name)]).unwrap();
        ann.invoke("Say", &[json!("All"), json!("")]).unwrap();
        for (robot, reached) in [&mut ann, &mut bob, &mut kim].into_iter().zip(reached) {
            let mut heard = vec![robot.dialogue.event("Heard").remove(0)];
            while heard.last() != Some(&json!("All")) {
                heard.push(robot.dialogue.event("Heard").remove(0));
            }
            heard.pop();
            let expected = if reached { vec![json!(to)] } else { vec![] };
            assert_eq!(heard, expected, "{to}: {:?}", robot.kind);
        }
    }
    let error = ann.invoke("Say", &[json!("x"), json!("")]).unwrap_err();
    let told = "An unexpected error occurred invoking 'Say' on the server. HubException: nobody: say All, or Others";
    assert!(error.ends_with(told), "{error}");
}

/// Fails if a token is not found where stock clients put it, or the login is not asked.
#[test]
fn a_token_says_who_a_client_is_wherever_its_library_puts_it() {
    let hub = hub();
    for kind in [
        Kind::WebSocket,
        Kind::WithoutNegotiation,
        Kind::Events,
        Kind::Polling,
    ] {
        let mut ann = robot(&hub, kind, "ann");
        let who = ann.invoke("WhoAmI", &[]).unwrap();
        assert_eq!(who[0], "ann", "{kind:?}");
    }
    let answer = crate::support::http::request(
        &hub,
        "POST",
        "/host/negotiate?negotiateVersion=1",
        &[("Authorization", "Bearer eve")],
        b"",
    );
    assert_eq!((answer.status, &*answer.text()), (401, "eve may not"));
}

/// Fails if an abort leaves a client connected, or its end is not told with its id.
#[test]
fn a_client_that_is_put_out_is_gone_for_the_others() {
    let hub = hub();
    let mut ann = robot(&hub, Kind::WebSocket, "ann");
    let mut other = Client::connect_to(&hub, "/host", "");
    let who = ann.invoke("WhoAmI", &[]).unwrap();
    ann.dialogue.command("send", &[json!("Abort")]);
    let gone: Vec<Value> = other.event("Gone");
    assert_eq!(gone[0], who[1]);
    ann.dialogue.event("$close");
}
