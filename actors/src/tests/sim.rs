//! The seeded simulation: whole hubs under held time, with every hop delayed, against a model of a few lines.
//! `DONDO_SEEDS=10000 cargo test -p dondo-actors every_seed` runs more; `DONDO_SEED=7` runs one and prints what it did.

mod check;
mod events;
mod model;
mod moves;
mod play;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Seeds that are played when nothing else is asked for.
const SEEDS: u64 = 300;

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
            "seed {seed}, again with `DONDO_SEED={seed} cargo test -p dondo-actors every_seed`:\n{}",
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
