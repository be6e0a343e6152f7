//! What is said beside the words: to whose clients, and how it travels, to stock clients over sockets.

use dondo::{Auth, Connecting, Data, Namespace, Socket, account};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clients::{Kind, Robot};
use crate::support::Form;

#[derive(Deserialize)]
struct Login {
    name: String,
}

/// Whoever comes in says who it is, and may speak to an account.
fn by_name() -> Namespace {
    Namespace::new("/")
        .middleware(
            async |client: Connecting, Auth(login): Auth<Option<Login>>| {
                if let Some(Login { name }) = login {
                    client.login(name);
                }
                Ok(())
            },
        )
        .on(
            "tell",
            async |s: Socket, Data((name, text)): Data<(String, Value)>| {
                let told = s.to(account(name)).emit("told", text)?.await?;
                Ok(told.recipients)
            },
        )
}

/// Fails if a client of the account is on another worker or transport and does not hear it, or if somebody else does.
#[test]
fn an_accounts_clients_hear_it_on_every_worker_and_transport() {
    let workers = |settings: &mut dondo::config::Settings| settings.workers = 2;
    let hub = Form::Standalone.built(workers, |builder| builder.namespace(by_name()));
    let start = |kind: Kind, auth: Value| {
        let mut robot = Robot::start_in(&hub, kind, "/", auth);
        robot.tell("connect", &[]);
        robot.event("$connect");
        robot
    };
    let kinds = [Kind::JsPolling, Kind::JsWebSocket, Kind::JsDefault];
    let mut phones: Vec<Robot> = kinds
        .into_iter()
        .map(|kind| start(kind, json!({ "name": "ama" })))
        .collect();
    let mut kofi = start(Kind::JsWebSocket, json!({ "name": "kofi" }));
    let mut guest = start(Kind::JsWebSocket, Value::Null);
    assert_eq!(guest.ask("tell", &[json!("ama"), json!(1)]), 3);
    // Of its own account a client speaks to the others.
    assert_eq!(phones[0].ask("tell", &[json!("ama"), json!(2)]), 2);
    assert_eq!(guest.ask("tell", &[json!("nobody"), json!(3)]), 0);
    assert_eq!(guest.ask("tell", &[json!("kofi"), json!(4)]), 1);
    assert_eq!(kofi.letter("told"), 4, "and nothing before it");
    for (number, phone) in phones.iter_mut().enumerate() {
        assert_eq!(phone.letter("told"), 1);
        if number > 0 {
            assert_eq!(phone.letter("told"), 2);
        }
    }
}
