//! Doors without a server in front of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

fn from(peer: &str) -> RequestHead {
    let mut head = RequestHead::default();
    head.peer_addr = Some(peer.parse().unwrap());
    head
}

#[test]
fn what_is_known_of_an_address_goes_with_its_last_session_and_a_full_bucket() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let doors = Doors::new(DoorSettings::default());
        let first = doors.admit(&from("9.9.9.9:1"), true).unwrap();
        let second = doors.admit(&from("9.9.9.9:1"), true).unwrap();
        drop(first);
        assert_eq!((doors.sessions(), doors.known()), (1, (1, 1)));
        drop(second);
        assert_eq!((doors.sessions(), doors.known().1), (0, 0));
        while doors.known().0 > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
}

#[test]
fn without_a_rate_nothing_outlives_a_session() {
    let settings = DoorSettings {
        limits: DoorLimits {
            address_handshakes_per_s: None,
            ..DoorLimits::default()
        },
        ..DoorSettings::default()
    };
    let doors = Doors::new(settings);
    drop(doors.admit(&from("9.9.9.9:1"), true).unwrap());
    assert_eq!((doors.sessions(), doors.known()), (0, (0, 0)));
}

#[test]
fn a_bucket_fills_at_its_rate_up_to_its_brim() {
    let now = Instant::now();
    let mut known = Known {
        sessions: 0,
        handshakes: 0.0,
        refilled: now,
        watched: false,
        account: AddressAccount::new(1, SharedRates::default()),
    };
    known.refill(now + Duration::from_millis(500), 10.0, 300.0);
    assert_eq!(known.handshakes, 5.0);
    known.refill(now + Duration::from_secs(3600), 10.0, 300.0);
    assert_eq!(known.handshakes, 300.0);
}

#[test]
fn a_refused_session_holds_nothing() {
    let doors = Doors::new(DoorSettings::default());
    doors.change_limits(DoorLimits {
        sessions_max: 1,
        ..DoorLimits::default()
    });
    let held = doors.admit(&from("127.0.0.1:1"), true).unwrap();
    for _ in 0..3 {
        let refused = doors.admit(&from("127.0.0.1:2"), true);
        assert_eq!(refused.err(), Some(Refusal::SessionsMax));
    }
    assert_eq!((doors.sessions(), doors.known()), (1, (0, 1)));
    drop(held);
    assert!(doors.admit(&from("127.0.0.1:2"), true).is_ok());
}
