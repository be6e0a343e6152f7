//! Warnings that stand: they are told at once, and again each minute until somebody does what they say. Knows none of them.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

const AGAIN: Duration = Duration::from_secs(60);

/// Tells the lines that stand at once, when they change and each minute, until it is dropped.
pub async fn tell_again(
    mut standing: watch::Receiver<Vec<String>>,
    mut tell: impl FnMut(&str),
) -> Infallible {
    loop {
        let lines = standing.borrow_and_update().clone();
        lines.iter().for_each(|line| tell(line));
        let changed = async {
            if standing.changed().await.is_err() {
                pending().await
            }
        };
        tokio::select! { () = changed => {}, () = sleep(AGAIN) => {} }
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
        let (change, standing) = watch::channel(lines);
        let telling = tell_again(standing, |line| told.borrow_mut().push(line.to_owned()));
        runtime.unwrap().block_on(async {
            let later = async {
                sleep(Duration::from_secs(200)).await;
                change.send_replace(vec!["new".to_owned()]);
                pending::<()>().await;
            };
            let both = async { tokio::join!(telling, later) };
            assert!(timeout(Duration::from_secs(seconds), both).await.is_err());
        });
        told.into_inner()
    }

    /// Fails if a line is told late, once only, or when it stands no more.
    #[test]
    fn each_is_told_at_once_and_each_minute() {
        assert_eq!(told(&["a", "b"], 59), ["a", "b"]);
        assert_eq!(told(&["a"], 150), ["a", "a", "a"]);
        assert_eq!(told(&[], 150), [""; 0]);
        assert_eq!(told(&["a"], 270), ["a", "a", "a", "a", "new", "new"]);
        assert_eq!(told(&[], 201), ["new"]);
    }
}
