//! What is computed where nothing is set.

use super::*;

#[test]
fn the_outbox_holds_two_messages_of_any_legal_size() {
    let mut settings = Settings::default();
    assert_eq!(settings.outbox_bytes_max(), 16 * MIB);
    settings.engine.max_payload = 50 * MB;
    assert_eq!(settings.outbox_bytes_max(), 100 * MB);
    settings.delivery.outbox_bytes_max = Some(200 * MB);
    assert_eq!(settings.outbox_bytes_max(), 200 * MB);
}

#[test]
fn a_packet_may_be_half_of_what_may_wait_for_a_session() {
    let mut settings = Settings::default();
    assert_eq!(settings.packet_bytes_max(), 8 * MIB);
    settings.session_bytes_max = 4 * MIB;
    assert_eq!(settings.packet_bytes_max(), 2 * MIB);
    settings.engine.packet_bytes_max = Some(MIB);
    assert_eq!(settings.packet_bytes_max(), MIB);
}

#[test]
fn a_stall_is_as_long_as_a_lost_ping_unless_set() {
    let mut settings = Settings::default();
    settings.engine.ping_timeout = Duration::from_secs(3);
    assert_eq!(settings.stall_timeout(), Duration::from_secs(3));
    settings.delivery.stall_timeout = Some(Duration::from_secs(7));
    assert_eq!(settings.stall_timeout(), Duration::from_secs(7));
}
