//! How often an event may go to the same many: at once, or later with the last state.
//! Knows no clock: the time comes in as an argument.

use std::time::Duration;

/// A point on the caller's clock, since the caller's own beginning.
pub type Moment = Duration;

/// When something may be sent next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    last: Option<Moment>,
    due: Option<Moment>,
}

/// What to do about a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Send now to all.
    Now,
    /// Ask for a wake-up at this moment.
    WakeAt(Moment),
    /// A wake-up is under way already.
    Wait,
}

impl Pace {
    /// Something changed.
    pub fn changed(&mut self, now: Moment, interval: Duration) -> Verdict {
        match (self.last, self.due) {
            // A wake-up that is long overdue was lost with a crash: nobody waits for it.
            (_, Some(due)) if now < due + interval => Verdict::Wait,
            (Some(last), None) if now < last + interval => {
                self.due = Some(last + interval);
                Verdict::WakeAt(last + interval)
            }
            _ => {
                *self = Self {
                    last: Some(now),
                    due: None,
                };
                Verdict::Now
            }
        }
    }

    /// The wake-up has come; `true` if there is something to send.
    pub fn woken(&mut self, now: Moment) -> bool {
        match self.due {
            Some(due) if due <= now => {
                self.due = None;
                self.last = Some(now);
                true
            }
            _ => false,
        }
    }
}

/// The interval for an event to `recipients`: at least `interval`, and never more deliveries than `per_second`.
pub fn interval(interval: Duration, recipients: usize, per_second: usize) -> Duration {
    let spread = recipients as f64 / per_second.max(1) as f64;
    interval.max(Duration::from_secs_f64(spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_burst_is_sent_at_once_then_once_more_with_the_last_state() {
        let mut pace = Pace::default();
        assert_eq!(pace.changed(MS * 10, MS * 250), Verdict::Now);
        assert_eq!(pace.changed(MS * 20, MS * 250), Verdict::WakeAt(MS * 260));
        assert_eq!(pace.changed(MS * 30, MS * 250), Verdict::Wait);
        assert!(!pace.woken(MS * 100));
        assert!(pace.woken(MS * 260));
        assert!(!pace.woken(MS * 261));
        assert_eq!(pace.changed(MS * 300, MS * 250), Verdict::WakeAt(MS * 510));
    }

    #[test]
    fn a_wake_up_that_was_lost_does_not_silence_the_event_for_ever() {
        let mut pace = Pace::default();
        pace.changed(MS * 10, MS * 250);
        assert_eq!(pace.changed(MS * 20, MS * 250), Verdict::WakeAt(MS * 260));
        assert_eq!(pace.changed(MS * 509, MS * 250), Verdict::Wait);
        assert_eq!(pace.changed(MS * 510, MS * 250), Verdict::Now);
    }

    #[test]
    fn many_recipients_stretch_the_interval() {
        assert_eq!(interval(MS * 250, 100, 10_000), MS * 250);
        assert_eq!(interval(MS * 250, 50_000, 10_000), MS * 5000);
    }
}
