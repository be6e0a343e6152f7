//! Who sends faster than it may, while rates change.

use std::time::Duration;

use crate::{
    rate::{Rates, SharedRates},
    testing::{Setup, World},
};

use super::{client, pass};

const SECOND: Duration = Duration::from_secs(1);

/// Fails if who is paused by a rate that is taken back waits until it would have paid, or a pause ends while it owes.
#[test]
fn a_pause_ends_with_the_rate_that_began_it() {
    let mut setup = Setup::default();
    setup.session.credit = 64;
    let rates = SharedRates::from(Rates {
        messages: 1,
        ..Rates::default()
    });
    setup.session.rates = rates.clone();
    World::run(setup, |world| async move {
        let a = client(&world, 0).await;
        for _ in 0..30 {
            a.probe.say("noise");
        }
        world.settle().await;
        let exhausted = || a.probe.session.credit.exhausted();
        pass(SECOND * 8).await;
        assert!(exhausted(), "it owes more than 20 s");
        rates.change(&Rates::default());
        pass(SECOND * 2).await;
        assert!(!exhausted());
    });
}
