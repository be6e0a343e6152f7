//! What is said to accounts: to all clients of each, wherever they are served, and to nobody else.

use serde_json::json;

use super::world::{Client, World, run, settle};
use crate::io::{Auth, Connecting, Data, Namespace, Socket, account};

const AMA: &str = r#"{"name":"ama"}"#;

#[derive(serde::Deserialize)]
struct Login {
    name: String,
}

/// Clients that say who they are, and speak to an account.
fn namespace(name: &str) -> Namespace {
    Namespace::new(name)
        .middleware(
            async |client: Connecting, Auth(login): Auth<Option<Login>>| {
                if let Some(Login { name }) = login {
                    client.login(name);
                }
                Ok(())
            },
        )
        .on("join", async |s: Socket, Data(room): Data<String>| {
            s.join(room).await?;
            Ok(())
        })
        .on("to", async |s: Socket, Data(name): Data<String>| {
            Ok(s.to(account(name)).emit("m", ())?.await?.recipients)
        })
        .on("within", async |s: Socket, Data(name): Data<String>| {
            Ok(s.within(account(name)).emit("m", ())?.await?.recipients)
        })
        .on("but not", async |s: Socket, Data(name): Data<String>| {
            Ok(s.except(account(name)).emit("m", ())?.await?.recipients)
        })
        .on("soon", async |s: Socket, Data(name): Data<String>| {
            Ok(s.to(account(name))
                .volatile()
                .emit("m", ())?
                .await?
                .recipients)
        })
}

/// Two clients of `ama`, one of `kofi`, a guest.
async fn four(world: &World) -> [Client; 4] {
    [
        world.client_in("/", AMA).await,
        world.client_in("/", AMA).await,
        world.client_in("/", r#"{"name":"kofi"}"#).await,
        world.client().await,
    ]
}

async fn heard(all: &[Client; 4]) -> [usize; 4] {
    settle().await;
    [0, 1, 2, 3].map(|number| all[number].heard("m").len())
}

/// Fails if an account's client is left out or hears it twice, or if a room, another account or a guest stands for it.
#[test]
fn an_account_is_all_its_clients_and_each_hears_it_once() {
    run(async {
        let world = World::of([namespace("/"), namespace("/other")]);
        let all = four(&world).await;
        let elsewhere = world.client_in("/other", AMA).await;
        // Named like the account: another address.
        all[3].ask("join", r#""ama""#).await;
        all[1].ask("join", r#""r""#).await;
        let of = world.namespace("/");
        let id = crate::SocketId::new(all[0].id.clone());
        let named = crate::SocketId::new(all[1].id.clone());
        for (said, expected) in [
            (of.to(account("ama")), [1, 1, 0, 0]),
            (of.to("ama"), [0, 0, 0, 1]),
            (of.to([account("ama"), account("kofi")]), [1, 1, 1, 0]),
            (of.to("r").to(account("ama")), [1, 1, 0, 0]),
            (of.to(account("ama")).to(&id), [1, 1, 0, 0]),
            (of.to(account("nobody")), [0, 0, 0, 0]),
            (of.to(account("ama")).except("r"), [1, 0, 0, 0]),
            (of.to("r").except(account("ama")), [0, 0, 0, 0]),
            (of.except(account("ama")), [0, 0, 1, 1]),
            (of.to(account("ama")).except(&id), [0, 1, 0, 0]),
            (of.to(account("ama")).volatile(), [1, 1, 0, 0]),
            // Whoever is named is meant, also who sits in what is excepted.
            (of.to("r").to(&named).except(account("ama")), [0, 1, 0, 0]),
            (of.to("r").to(&named).except(&named), [0, 1, 0, 0]),
            (of.to(account("kofi")).to(&named).except("r"), [0, 1, 1, 0]),
        ] {
            assert_eq!(said.clone().count().await, Ok(expected.iter().sum()));
            let told = said.emit("m", ()).unwrap().await.unwrap();
            assert_eq!(told.recipients, expected.iter().sum::<usize>());
            assert_eq!(heard(&all).await, expected);
        }
        assert!(elsewhere.heard("m").is_empty());
    });
}

/// Fails if a socket that speaks to its own account hears itself by `to`, or does not by `within`, or if the count is wrong.
#[test]
fn a_socket_speaks_to_the_other_clients_of_its_account() {
    run(async {
        let world = World::of([namespace("/")]);
        let all = four(&world).await;
        for (event, name, expected) in [
            ("to", "ama", [0, 1, 0, 0]),
            ("within", "ama", [1, 1, 0, 0]),
            ("to", "kofi", [0, 0, 1, 0]),
            ("but not", "kofi", [0, 1, 0, 1]),
            ("but not", "ama", [0, 0, 1, 1]),
            ("soon", "ama", [0, 1, 0, 0]),
        ] {
            let answer = all[0].ask(event, &format!("{name:?}")).await;
            let recipients = json!([expected.iter().sum::<usize>()]);
            assert_eq!(heard(&all).await, expected, "{event} {name}");
            if event != "soon" {
                assert_eq!(json!([answer]), recipients, "{event} {name}");
            }
        }
    });
}

/// Fails if what can be done with rooms cannot with accounts, or if who is gone stays in the index of its account.
#[test]
fn an_accounts_clients_are_listed_moved_and_put_out_and_who_is_gone_is_not_of_it() {
    run(async {
        let world = World::of([namespace("/")]);
        let [first, second, kofi, guest] = four(&world).await;
        let of = world.namespace("/");
        let ama = || of.to(account("ama"));
        let page = ama().fetch_sockets().await.unwrap();
        let ids: Vec<_> = page
            .sockets
            .iter()
            .map(|one| one.id().to_string())
            .collect();
        assert_eq!(ids, [first.id.clone(), second.id.clone()]);
        assert_eq!(ama().sockets_join("den").await.unwrap().done, 2);
        assert_eq!(of.to("den").count().await, Ok(2));
        assert_eq!(ama().sockets_leave("den").await.unwrap().done, 2);
        assert_eq!(of.to("den").count().await, Ok(0));
        first.hang_up().await;
        settle().await;
        assert_eq!(ama().count().await, Ok(1));
        assert_eq!(ama().disconnect_sockets().await.unwrap().done, 1);
        settle().await;
        assert_eq!(ama().count().await, Ok(0));
        let told = ama().emit("m", ()).unwrap().await.unwrap();
        assert_eq!(told.recipients, 0);
        // The name stands for whoever has it next.
        let next = world.client_in("/", AMA).await;
        ama().emit("m", ()).unwrap().await.unwrap();
        settle().await;
        assert_eq!(next.heard("m").len(), 1);
        assert!(kofi.heard("m").is_empty() && guest.heard("m").is_empty());
        drop(second);
    });
}
