//! Warnings that stand: they are told at once, and again each minute until somebody does what they say. Knows none of them.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

const AGAIN: Duration = Duration::from_secs(60);

/// Tells these at once and each minute, until it is dropped.
pub async fn tell_again(lines: Vec<String>, mut tell: impl FnMut(&str)) -> Infallible {
    if lines.is_empty() {
        return pending().await;
    }
    let mut again = interval(AGAIN);
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        again.tick().await;
        lines.iter().for_each(|line| tell(line));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::cell::RefCell;

    use tokio::time::timeout;

    use super::*;

    /// What was told in so many seconds.
    fn told(lines: &[&str], seconds: u64) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build();
        let told = RefCell::new(Vec::new());
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        let telling = tell_again(lines, |line| told.borrow_mut().push(line.to_owned()));
        runtime.unwrap().block_on(async {
            assert!(
                timeout(Duration::from_secs(seconds), telling)
                    .await
                    .is_err()
            );
        });
        told.into_inner()
    }

    /// Fails if a line is told late, once only, or without end.
    #[test]
    fn each_is_told_at_once_and_each_minute() {
        assert_eq!(told(&["a", "b"], 59), ["a", "b"]);
        assert_eq!(told(&["a"], 150), ["a", "a", "a"]);
        assert_eq!(told(&[], 150), [""; 0]);
    }
}
