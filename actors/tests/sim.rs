//! The seeded simulation: whole hubs under held time, with every hop delayed, against a model of a few lines.
//! `DONDO_SEEDS=10000 cargo test --release --test sim` runs more; `DONDO_SEED=7` runs one and prints what it did.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed test panics"
)]

#[path = "sim/check.rs"]
mod check;
#[path = "sim/model.rs"]
mod model;
#[path = "sim/moves.rs"]
mod moves;
#[path = "sim/play.rs"]
mod play;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use dondo_actors::fault::{self, Safeguard};

/// Seeds that are played when nothing else is asked for.
const SEEDS: u64 = 300;
/// Within so many seeds a missing safeguard must be found.
const FOUND_WITHIN: u64 = 200;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn faults(seed: u64) -> Vec<String> {
    match catch_unwind(AssertUnwindSafe(|| play::play(seed))) {
        Ok(played) => played.faults,
        Err(payload) => {
            let text = payload.downcast_ref::<String>().cloned();
            let text = text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned()));
            vec![text.unwrap_or_else(|| "it panicked".into())]
        }
    }
}

#[test]
fn every_seed_plays_as_the_model_says() {
    let seeds = match number("DONDO_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("DONDO_SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        let faults = faults(seed);
        assert!(
            faults.is_empty(),
            "seed {seed}, again with `DONDO_SEED={seed} cargo test -p dondo-actors --test sim every_seed`:\n{}",
            faults.join("\n")
        );
    }
}

#[test]
fn a_seed_is_played_the_same_way_twice() {
    for seed in 0..20 {
        assert_eq!(play::play(seed), play::play(seed), "seed {seed}");
    }
}

#[test]
fn the_simulation_meets_crashes_slow_readers_dead_sessions_and_stalled_workers() {
    let mut met: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 0..100 {
        play::play(seed)
            .met
            .into_iter()
            .for_each(|(what, count)| *met.entry(what).or_default() += count);
    }
    for what in [
        "crashes",
        "deliveries",
        "outbox full",
        "crashed",
        "transport close",
        "worker stalled",
    ] {
        assert!(
            met[what] > 5,
            "100 seeds met too little of \"{what}\": {met:?}"
        );
    }
}

fn is_found_without(safeguard: Safeguard, looks_like: &str) {
    fault::switch_off(safeguard, true);
    let found = (0..FOUND_WITHIN).find_map(|seed| {
        faults(seed)
            .into_iter()
            .find(|fault| fault.contains(looks_like))
    });
    fault::switch_off(safeguard, false);
    assert!(
        found.is_some(),
        "nobody misses {safeguard:?}: no fault with \"{looks_like}\" in {FOUND_WITHIN} seeds"
    );
}

#[test]
fn without_the_guard_the_simulation_finds_a_dead_actor_within_200_seeds() {
    is_found_without(Safeguard::Guard, "is dead");
}

#[test]
fn without_deciding_first_the_simulation_finds_a_member_that_nobody_serves_within_200_seeds() {
    is_found_without(Safeguard::Decide, "is a member that nobody serves");
}

#[test]
fn without_the_dedup_the_simulation_finds_a_letter_that_came_twice_within_200_seeds() {
    is_found_without(Safeguard::Dedup, "came twice");
}

#[test]
fn without_the_credit_the_simulation_finds_a_courier_that_is_swamped_within_200_seeds() {
    is_found_without(Safeguard::Credit, "undigested");
}

#[test]
fn without_the_order_of_targets_the_simulation_finds_letters_that_overtook_within_200_seeds() {
    is_found_without(Safeguard::Order, "overtook");
}
