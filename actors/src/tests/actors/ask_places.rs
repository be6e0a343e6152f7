//! Who may ask many at once, and how much the hub itself may say before couriers have it: places, whose they are, and when they are
//! given back.

use std::{sync::Arc, time::Duration};

use crate::{
    account::{AddressAccount, SessionAccount},
    error::{AskShare, Fault},
    hub::{
        ASKED_BY_MEMBER_MAX, ASKED_BY_MEMBERS_MAX, ASKED_BY_SHARE_MAX, ASKED_LETTERS_MAX, Asker,
        HUB_BYTES_MAX, HUB_LETTERS_MAX, HubHandle,
    },
    id::MemberId,
    letter::Manner,
    message::{AskPlace, Selection},
    rate::SharedRates,
    testing::{Call, Setup, World, content},
};

use super::{
    acks::number,
    client, pass,
    selections::{SECOND, clients, small},
};

const LIMIT: Duration = Duration::from_secs(10);

/// Places that whoever asks gets until one is refused, and why that is.
fn until_refused(mut ask: impl FnMut() -> Result<AskPlace, AskShare>) -> (Vec<AskPlace>, AskShare) {
    let mut places = Vec::new();
    loop {
        match ask() {
            Ok(place) => places.push(place),
            Err(why) => return (places, why),
        }
    }
}

fn free(hub: &HubHandle) -> usize {
    until_refused(|| hub.ask_place(LIMIT)).0.len()
}

/// Fails if one member, the members of one account or address, or all members take the places of others, if the hub's own are not
/// left to it, if the error says another's places, or if one that is refused keeps any.
#[test]
fn the_places_of_a_member_an_account_an_address_and_all_members_are_bounded() {
    let hub = Setup::default().hub();
    let ask = |asker: &Asker, account: Option<&Arc<str>>, address: Option<&Arc<_>>| {
        hub.ask_place_of(asker, account, address, LIMIT)
    };
    let session = || SessionAccount::new(hub.account().clone(), None, 1 << 20);
    let lonely = Asker::new(session());
    let (own, why) = until_refused(|| ask(&lonely, None, None));
    assert_eq!((own.len(), why), (ASKED_BY_MEMBER_MAX, AskShare::Member));
    let account: Arc<str> = "ann".into();
    let address = AddressAccount::new(1, SharedRates::default());
    let mut askers = Vec::new();
    let mut newcomer = |account: Option<&Arc<str>>, address: Option<&Arc<_>>| {
        let asker = Asker::new(session());
        let place = ask(&asker, account, address);
        askers.push(asker);
        place
    };
    let (of_account, why) = until_refused(|| newcomer(Some(&account), None));
    assert_eq!(
        (of_account.len(), why),
        (ASKED_BY_SHARE_MAX, AskShare::Account)
    );
    let (of_address, why) = until_refused(|| newcomer(None, Some(&address)));
    assert_eq!(
        (of_address.len(), why),
        (ASKED_BY_SHARE_MAX, AskShare::Address)
    );
    // Another account's are its own, and where the address has none left, none of the account's is kept.
    let other: Arc<str> = "ben".into();
    let refused = until_refused(|| newcomer(Some(&other), Some(&address)));
    assert_eq!((refused.0.len(), refused.1), (0, AskShare::Address));
    let (of_other, why) = until_refused(|| newcomer(Some(&other), None));
    assert_eq!(
        (of_other.len(), why),
        (ASKED_BY_SHARE_MAX, AskShare::Account)
    );
    let (rest, why) = until_refused(|| newcomer(None, None));
    let taken = own.len() + of_account.len() + of_address.len() + of_other.len();
    assert_eq!(
        (taken + rest.len(), why),
        (ASKED_BY_MEMBERS_MAX, AskShare::Members)
    );
    assert_eq!(free(&hub), ASKED_LETTERS_MAX - ASKED_BY_MEMBERS_MAX);
    drop((own, of_account, of_address, of_other, rest));
    let (all, why) = until_refused(|| hub.ask_place(LIMIT));
    assert_eq!((all.len(), why), (ASKED_LETTERS_MAX, AskShare::Hub));
    assert_eq!(newcomer(None, None).err(), Some(AskShare::Hub));
    drop(all);
    for (account, address) in [(Some(&account), None), (None, Some(&address)), (None, None)] {
        assert!(newcomer(account, address).is_ok());
    }
}

/// Fails if a letter whose answers nobody wants any more keeps its place.
#[test]
fn a_letter_whose_answers_are_dropped_or_over_gives_its_place_back() {
    World::run(small(), |world| async move {
        let all = clients(&world, 2).await;
        let ask = || {
            let (from, all) = (MemberId::new("server"), Selection::default());
            let place = world.hub.ask_place(LIMIT).unwrap();
            let (asked, manner) = (content("ask", "x"), Manner::default());
            world.hub.ask_members("/", from, all, asked, place, manner)
        };
        let mut streams = Vec::new();
        for _ in 0..10 {
            streams.push(ask().await.unwrap());
        }
        assert_eq!(free(&world.hub), ASKED_LETTERS_MAX - 10);
        drop(streams.split_off(5));
        world.settle().await;
        assert_eq!(free(&world.hub), ASKED_LETTERS_MAX - 5);
        pass(LIMIT).await;
        world.settle().await;
        assert_eq!(free(&world.hub), ASKED_LETTERS_MAX);
        for stream in streams {
            assert_eq!(stream.silent().await.unwrap().len(), 2);
        }
        all.iter().for_each(|one| drop(one.heard()));
    });
}

/// Fails if what a member has asked keeps its place, or its askers waiting, after the member has gone, whoever holds the answers;
/// or if the end of one is the end of what others ask.
#[test]
fn who_goes_gives_back_the_places_of_what_it_asked_before_the_time_is_over() {
    World::run(small(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let day = SECOND * 24 * 60 * 60;
        let ask = async |member: &std::rc::Rc<crate::session::Member>| {
            let place = member.ask_place(day).unwrap();
            let (asked, manner) = (content("ask", "x"), Manner::default());
            let asked = member.ask_members(Selection::default(), asked, place, manner);
            asked.await.unwrap()
        };
        let mut held = Vec::new();
        for _ in 0..ASKED_BY_MEMBER_MAX {
            held.push(ask(&a.member).await);
        }
        assert_eq!(a.member.ask_place(day).err(), Some(AskShare::Member));
        let of_b = ask(&b.member).await;
        a.probe.hang_up();
        world.settle().await;
        assert_eq!(free(&world.hub), ASKED_LETTERS_MAX - 1);
        let silent = held.remove(0).silent().await.unwrap();
        assert!(silent.contains(b.member.id()), "{silent:?}");
        drop(of_b);
        world.settle().await;
        assert_eq!(free(&world.hub), ASKED_LETTERS_MAX);
        for one in [&a, &b] {
            drop(one.heard());
        }
    });
}

/// Fails if a member whose client is not read, because of the very message that is in handling, asks many of whom its client is one,
/// and is not read while it waits; or if what it asked is over, dropped or its own and it is read on.
#[test]
fn who_asks_many_is_read_until_the_answers_are_in_or_nobody_waits_for_them() {
    World::run(small(), |world| async move {
        let all = clients(&world, 2).await;
        let credit = all[0].probe.session.credit.clone();
        let much = small().session.credit_bytes + 1;
        let ask = async || {
            let place = all[0].member.ask_place(LIMIT).unwrap();
            let (asked, manner) = (content("ask", "x"), Manner::default());
            let everybody = Selection::default();
            let asked = all[0].member.ask_members(everybody, asked, place, manner);
            let stream = asked.await.unwrap();
            world.settle().await;
            stream
        };
        let message = credit.unit(much);
        assert!(credit.exhausted());
        let first = ask().await;
        assert!(!credit.exhausted(), "its own answer is one of them");
        let second = ask().await;
        for one in &all {
            for text in one.heard() {
                let number = text.strip_prefix("ask #").unwrap().trim_end_matches(" x");
                one.probe.say(&format!("ack / {number} here"));
            }
        }
        world.settle().await;
        assert!(credit.exhausted(), "all answers are in");
        assert_eq!(first.silent().await, Ok(vec![]));
        drop(second);
        let third = ask().await;
        assert!(!credit.exhausted());
        drop(third);
        world.settle().await;
        assert!(credit.exhausted(), "nobody waits for them");
        let fourth = ask().await;
        assert!(!credit.exhausted());
        pass(LIMIT).await;
        world.settle().await;
        assert!(credit.exhausted(), "the time is over");
        assert_eq!(fourth.silent().await.unwrap().len(), 2);
        drop(message);
        assert!(!credit.exhausted());
        all.iter().for_each(|one| drop(one.heard()));
    });
}

/// Fails if a client's answer to its own member is on no account while nobody takes it, if its client is not read meanwhile, or if it
/// stays there when it is taken or given up.
#[test]
fn an_answer_to_its_own_member_is_on_its_sessions_account_until_it_is_taken() {
    World::run(small(), |world| async move {
        let one = client(&world, 0).await;
        let account = one.probe.session.outbox.account();
        let (before, much) = (account.bytes(), small().session.credit_bytes + 1);
        let mut asked = Vec::new();
        for number in 0..2 {
            asked.push(one.member.ask(&content("ask", "x")).unwrap());
            world.settle().await;
            let answer = "y".repeat(much);
            one.probe.say(&format!("ack / {number} {answer}"));
        }
        world.settle().await;
        assert!(account.bytes() >= before + 2 * much);
        assert!(!one.probe.session.credit.exhausted());
        assert_eq!(asked.remove(0).await.unwrap().args.len(), much);
        assert!((before + much..before + 2 * much).contains(&account.bytes()));
        drop(asked);
        assert_eq!(account.bytes(), before);
        drop(one.probe.take());
    });
}

/// Fails if answers that nobody takes, more than a queue of them has room for, keep the place of their letter when its time is over, or
/// when the member that asked has gone.
#[test]
fn answers_that_nobody_takes_hold_no_place_beyond_the_time_or_the_asker() {
    for goes in [false, true] {
        World::run(small(), |world| async move {
            let all = clients(&world, 100).await;
            let place = all[0].member.ask_place(LIMIT).unwrap();
            let (asked, manner) = (content("ask", "x"), Manner::default());
            let stream = all[0]
                .member
                .ask_members(Selection::default(), asked, place, manner)
                .await
                .unwrap();
            world.settle().await;
            for one in &all[1..] {
                let number = number(one);
                one.probe.say(&format!("ack / {number} here"));
            }
            world.settle().await;
            assert_eq!(free(&world.hub), ASKED_LETTERS_MAX - 1);
            match goes {
                true => all[0].probe.hang_up(),
                false => pass(LIMIT).await,
            }
            world.settle().await;
            assert_eq!(free(&world.hub), ASKED_LETTERS_MAX, "{goes}");
            let silent = stream.silent().await.unwrap();
            assert_eq!(silent, [all[0].member.id().clone()]);
            drop(all[0].heard());
        });
    }
}

/// Fails if the hub's own letters pile up without end before workers that do nothing, if a member is refused for them, or if their
/// places are not given back when the workers have them; letters and bytes alike.
#[test]
fn what_the_hub_says_waits_for_workers_so_much_and_no_more() {
    World::run(small(), |world| async move {
        let all = clients(&world, 2).await;
        for (text, most) in [("x".to_owned(), HUB_LETTERS_MAX), ("x".repeat(1 << 20), 64)] {
            for courier in &world.couriers {
                courier.mailbox.send(Call::stand_still(SECOND / 2));
            }
            pass(Duration::from_millis(1)).await;
            let mut said = 0;
            while world.hub.has_room().is_ok() {
                let (from, nobody) = (MemberId::new("server"), except(&all));
                let say = (content("say", &text), Manner::default());
                // It goes though nobody waits for it.
                drop(world.hub.broadcast("/", from, nobody, say.0, say.1));
                said += 1;
                assert!(said <= most, "nothing bounds it");
            }
            assert_eq!(said, most);
            assert_eq!(world.hub.has_room(), Err(Fault::Full));
            assert!(all[0].member.has_room().is_ok());
            pass(SECOND).await;
            world.settle().await;
            assert!(world.hub.has_room().is_ok());
        }
        assert_eq!(HUB_BYTES_MAX, 64 << 20);
    });
}

/// Everybody else, which is nobody: what is said is handed on to couriers, and no outbox is full.
fn except(all: &[super::Client]) -> Selection {
    Selection {
        except: all.iter().map(|one| one.member.id().clone()).collect(),
        ..Selection::default()
    }
}
