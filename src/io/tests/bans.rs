//! Bans and mutes of clients that come in, or go, while they are given.

use std::{cell::Cell, net::IpAddr};

use dondo_actors::{
    error::CloseReason,
    id::MemberId,
    ports::{Admission, Admitted, Authorizer, LocalFuture, Refusal},
};

use super::world::{World, run, settle};
use crate::{
    io::{Connecting, Middlewares, Namespace, Result},
    moderation::{Moderation, Sentence, Subject},
};

const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

thread_local! {
    /// What handlers have heard.
    static HEARD: Cell<usize> = const { Cell::new(0) };
}

/// Lets everybody in as ama.
fn namespace(name: &str) -> Namespace {
    let heard = || HEARD.set(HEARD.get() + 1);
    Namespace::new(name)
        .middleware(async |client: Connecting| {
            client.login("ama".to_owned());
            Result::Ok(())
        })
        .on_connect(async move || {
            heard();
            Result::Ok(())
        })
        .on("say", async move || heard())
}

fn sentence(subject: Subject) -> Sentence {
    Sentence {
        subject,
        until: None,
        reason: None,
    }
}

/// Gives a ban when it is judged that a client comes in, and before it is there: whoever looks for it to put it out finds nobody.
struct Between(Middlewares, Moderation, Subject);

impl Authorizer for Between {
    fn connect(&self, admission: Admission) -> LocalFuture<std::result::Result<Admitted, Refusal>> {
        let admitted = self.0.connect(admission);
        let (moderation, ban) = (self.1.clone(), sentence(self.2.clone()));
        Box::pin(async move {
            let admitted = admitted.await;
            moderation.bans().give(ban).unwrap();
            admitted
        })
    }
}

/// Fails if who is banned between the judgement and its entry stays, or is heard meanwhile; or if somebody else is put out for it.
#[test]
fn who_is_banned_while_it_comes_in_is_put_out_as_it_is_there() {
    let (ama, kofi) = (
        Subject::Account("ama".into()),
        Subject::Account("kofi".into()),
    );
    for (subject, is_put_out) in [
        (ama, true),
        (Subject::address(ADDRESS), true),
        (kofi, false),
    ] {
        for name in ["/", "/orders/7"] {
            run(async {
                HEARD.set(0);
                let moderation = Moderation::default();
                let moderated = (moderation.clone(), Some(ADDRESS));
                let namespaces = [namespace("/"), namespace("/orders/{order}")];
                let world = World::moderated(namespaces, moderated, |middlewares| {
                    Between(middlewares, moderation.clone(), subject.clone())
                });
                let client = world.stranger();
                let at = if name == "/" { "" } else { "/orders/7," };
                client.wire(&format!("0{at}"));
                client.wire(&format!("2{at}[\"say\"]"));
                settle().await;
                let (ended, heard) = match is_put_out {
                    true => (Some(CloseReason::ForcedClose), 0),
                    false => (None, 2),
                };
                assert_eq!(client.ended(), ended, "{subject:?} in {name}");
                assert_eq!(HEARD.get(), heard, "{subject:?} in {name}");
            });
        }
    }
}

/// Fails if the mute of a client stands when its id is nobody's any more, or goes before.
#[test]
fn the_mute_of_a_client_ends_with_it() {
    run(async {
        let moderation = Moderation::default();
        let moderated = (moderation.clone(), None);
        let namespaces = [namespace("/"), namespace("/orders/{order}")];
        let world = World::moderated(namespaces, moderated, |middlewares| middlewares);
        let stays = world.client().await;
        let goes = world.client_in("/", "").await;
        let leaves = world.client_in("/orders/7", "").await;
        let mutes = moderation.mutes();
        for id in [&stays.id, &goes.id, &leaves.id] {
            let subject = Subject::Member(MemberId::new(id.as_str()));
            mutes.give(sentence(subject)).unwrap();
        }
        let account = Subject::Account("ama".into());
        mutes.give(sentence(account.clone())).unwrap();
        goes.hang_up().await;
        leaves.wire("1/orders/7,");
        settle().await;
        let left: Vec<Subject> = mutes.all().into_iter().map(|one| one.subject).collect();
        let of_who_stays = Subject::Member(MemberId::new(stays.id.as_str()));
        assert_eq!(left, [account, of_who_stays]);
    });
}
