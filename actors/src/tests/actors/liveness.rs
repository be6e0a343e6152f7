//! What shows that a client is still there, where its pings ask for nothing.

use std::time::Duration;

use crate::{
    error::CloseReason,
    session::{Liveness, SessionSettings},
    testing::{Setup, World},
};

use super::{client, pass};

const SECOND: Duration = Duration::from_secs(1);

fn alive_by(liveness: Liveness) -> Setup {
    let session = SessionSettings {
        ping_interval: SECOND * 15,
        ping_timeout: SECOND * 30,
        liveness,
        ..Setup::default().session
    };
    Setup {
        session,
        ..Setup::default()
    }
}

#[test]
fn where_pings_ask_for_nothing_who_says_something_stays_and_who_does_not_is_closed() {
    World::run(alive_by(Liveness::Arrivals), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 0).await);
        a.probe.deaf(true);
        for ended in [None, None, Some(CloseReason::PingTimeout)] {
            pass(SECOND * 14).await;
            assert_eq!(b.probe.ended(), ended);
            a.probe.session.credit.arrived(1);
        }
        pass(SECOND * 17).await;
        assert_eq!(a.probe.ended(), None);
    });
}

#[test]
fn a_client_that_cannot_speak_is_pinged_and_left_to_its_transport() {
    World::run(alive_by(Liveness::Transport), |world| async move {
        let a = client(&world, 0).await;
        a.probe.deaf(true);
        pass(SECOND * 3600).await;
        assert_eq!(a.probe.ended(), None);
    });
}
