//! Letters to accounts, and what they take of the couriers.

use std::time::Duration;

use crate::{
    id::RoomKey,
    letter::Manner,
    message::Selection,
    testing::{Call, Setup, World, content},
};

use super::{client, pass};

/// Fails if letters to an account take of a courier what letters to everybody do, and so keep joins waiting where many are
/// online, which go the same way.
#[test]
fn a_letter_to_an_account_is_reckoned_as_one_to_few() {
    let setup = Setup {
        window: 256,
        ..Setup::default()
    };
    World::run(setup, |world| async move {
        let mut all = Vec::new();
        for number in 0..80 {
            all.push(client(&world, number % 2).await);
        }
        let window = &world.couriers[1].window;
        window.account_grew(2);
        let still = Duration::from_secs(3);
        world.couriers[1].mailbox.send(Call::stand_still(still));
        for number in 0..20 {
            let selection = Selection {
                rooms: Some(Vec::new()),
                accounts: vec!["ama".into()],
                ..Selection::default()
            };
            let said = content("say", &number.to_string());
            let letter = all[0]
                .member
                .broadcast_selected(selection, said, Manner::default());
            world.ask(letter, |answer| drop(answer.unwrap()));
        }
        pass(Duration::from_secs(1)).await;
        let begins = tokio::time::Instant::now();
        all[2].join(&RoomKey::plain("p")).await.unwrap();
        assert!(begins.elapsed() < Duration::from_millis(100), "it waited");
        assert_eq!(window.undigested(), 60, "two members each, and the letter");
    });
}
