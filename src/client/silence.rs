//! How long an event stream may say nothing before its hub is taken to be gone.

use std::time::Duration;

/// How often a hub has a comment that does not say how often: `engine.ping-interval` if nobody set it.
const PING: Duration = Duration::from_secs(25);
/// No interval is longer.
const PING_MAX: Duration = Duration::from_secs(24 * 3600);
/// How late a comment may be, behind proxies and networks.
const LATE: Duration = Duration::from_secs(5);

/// How long a hub may say nothing that has a comment this often, before it is gone: three in a row are missed.
pub(super) fn silence(ping: Option<Duration>) -> Duration {
    ping.unwrap_or(PING).min(PING_MAX) * 3 + LATE
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if a hub whose interval is long is given up between two comments, one with a short interval is waited for as if it were
    /// not, or a hub can have it waited for without end.
    #[test]
    fn a_hub_is_gone_when_three_comments_are_missing() {
        assert_eq!(silence(None), Duration::from_secs(80));
        assert_eq!(
            silence(Some(Duration::from_secs(600))),
            Duration::from_secs(1805)
        );
        assert_eq!(
            silence(Some(Duration::from_millis(100))),
            Duration::from_millis(5300)
        );
        assert!(silence(Some(Duration::MAX)) <= Duration::from_secs(4 * 24 * 3600));
    }
}
