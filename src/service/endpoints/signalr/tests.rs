//! The settings of SignalR's sessions, as values.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use dondo_actors::session::{Applications, Liveness};

use super::{super::super::parts, session_settings};
use crate::config::Settings;

const SECOND: Duration = Duration::from_secs(1);

/// Fails if one of the three settings does nothing, or stock clients are given less than they need.
#[test]
fn the_time_limits_of_the_settings_hold_within_what_stock_clients_stand() {
    // Each: interval, timeout, handshake.
    for (said, held) in [
        ([25, 20, 20], [15, 30, 15]),
        ([5, 40, 10], [5, 40, 10]),
        ([15, 30, 15], [15, 30, 15]),
        ([60, 120, 60], [15, 120, 15]),
    ] {
        let mut settings = Settings::default();
        let engine = &mut settings.engine;
        [
            engine.ping_interval,
            engine.ping_timeout,
            engine.connect_timeout,
        ] = said.map(|seconds| SECOND * seconds);
        let main = parts::session_settings(&settings, Applications::default());
        let session = session_settings(&settings.engine, &main);
        let found = [
            session.ping_interval,
            session.ping_timeout,
            session.connect_timeout.unwrap(),
        ];
        assert_eq!(found, held.map(|seconds| SECOND * seconds), "{said:?}");
        assert_eq!(session.liveness, Liveness::Arrivals);
    }
}
