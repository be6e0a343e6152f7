//! Slow mode and capacity of channels: what the settings say by patterns, and what whoever moderates said since of one channel.
//! Knows no member: who is slowed down, or kept out, says the pack.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dondo_actors::directory::Directory;

use crate::config::{ChannelCapacity, SlowMode};
use crate::name_pattern;
use crate::turns::TurnKey;

/// Channels that whoever moderates has said something of.
pub(crate) const RULED_MAX: usize = 10_000;

/// What whoever moderates says of one channel. None: what the settings say; `Some(None)`: no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChannelRule {
    /// Time between two messages of one member.
    pub(crate) slow_mode: Option<Option<Duration>>,
    /// Members at most.
    pub(crate) capacity: Option<Option<usize>>,
}

/// A channel that has one.
#[derive(Clone, Debug)]
struct RuledChannel {
    channel: TurnKey,
    rule: ChannelRule,
}

/// As many channels have rules as may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyRules;

/// Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct ChannelLimits(Arc<ChannelLimitsState>);

#[derive(Debug)]
struct ChannelLimitsState {
    slow_mode: Vec<SlowMode>,
    capacity: Vec<ChannelCapacity>,
    ruled: Directory<TurnKey, RuledChannel>,
    /// Looked at first: mostly there is none.
    count: AtomicUsize,
}

impl ChannelLimits {
    pub(crate) fn new(slow_mode: Vec<SlowMode>, capacity: Vec<ChannelCapacity>) -> Self {
        Self(Arc::new(ChannelLimitsState {
            slow_mode,
            capacity,
            ruled: Directory::new(),
            count: AtomicUsize::new(0),
        }))
    }

    /// How long a member waits after a message in a channel, if that has slow mode.
    pub(crate) fn slow_mode(&self, channel: &TurnKey) -> Option<Duration> {
        let rule = self.rule(channel).and_then(|rule| rule.slow_mode);
        rule.unwrap_or_else(|| {
            let all = self.0.slow_mode.iter();
            let mut fitting = all.filter(|one| name_pattern::fits(&one.channels, &channel.1));
            fitting.next().map(|one| one.every)
        })
    }

    /// How many members a channel may have, if there is a limit.
    pub(crate) fn capacity(&self, channel: &TurnKey) -> Option<usize> {
        let rule = self.rule(channel).and_then(|rule| rule.capacity);
        rule.unwrap_or_else(|| {
            let all = self.0.capacity.iter();
            let mut fitting = all.filter(|one| name_pattern::fits(&one.channels, &channel.1));
            fitting.next().map(|one| one.members)
        })
    }

    /// Changes what is said of a channel; what stands then.
    pub(crate) fn change(
        &self,
        channel: &TurnKey,
        change: impl Fn(&mut ChannelRule),
    ) -> Result<ChannelRule, TooManyRules> {
        let (ruled, count) = (&self.0.ruled, &self.0.count);
        // Counted before it is there, so that nobody who looks at the count misses one that stands.
        let is_over = count.fetch_add(1, Ordering::AcqRel) >= RULED_MAX;
        let adds = || {
            let mut rule = ChannelRule::default();
            change(&mut rule);
            rule != ChannelRule::default() && ruled.find(channel).is_none()
        };
        if is_over && adds() {
            count.fetch_sub(1, Ordering::AcqRel);
            return Err(TooManyRules);
        }
        let mut is_new = false;
        let make = || {
            is_new = true;
            RuledChannel {
                channel: channel.clone(),
                rule: ChannelRule::default(),
            }
        };
        let (rule, is_kept) = ruled.change(channel.clone(), make, |ruled| {
            let rule = &mut ruled.rule;
            change(rule);
            let is_kept = *rule != ChannelRule::default();
            ((rule.clone(), is_kept), is_kept)
        });
        // One was counted above, and one when it came.
        let gone = usize::from(!is_new) + usize::from(!is_kept);
        count.fetch_sub(gone, Ordering::AcqRel);
        Ok(rule)
    }

    fn rule(&self, channel: &TurnKey) -> Option<ChannelRule> {
        if self.0.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.0.ruled.find(channel).map(|ruled| ruled.rule)
    }

    /// The channels of a namespace that something is said of, in no order.
    pub(crate) fn ruled(&self, namespace: &str) -> Vec<TurnKey> {
        let all = self.0.ruled.all().into_iter().map(|ruled| ruled.channel);
        all.filter(|(of, _)| **of == *namespace).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limits() -> ChannelLimits {
        let slow = |channels: &str, every| SlowMode {
            channels: channels.to_owned(),
            every,
        };
        let capacity = ChannelCapacity {
            channels: "small-*".to_owned(),
            members: 3,
        };
        let slow_mode = vec![slow("loud", SECOND), slow("*", 9 * SECOND)];
        ChannelLimits::new(slow_mode, vec![capacity])
    }

    fn key(channel: &str) -> TurnKey {
        ("/".into(), channel.into())
    }

    /// Fails if rules are kept without end, or a look and a rule that is taken back count as one more.
    #[test]
    fn there_are_so_many_rules_and_to_look_adds_none() {
        let limits = limits();
        let rule = |rule: &mut ChannelRule| rule.capacity = Some(Some(1));
        for number in 0..RULED_MAX {
            assert!(limits.change(&key(&number.to_string()), rule).is_ok());
        }
        assert!(limits.change(&key("one-more"), rule).is_err());
        assert!(limits.change(&key("one-more"), |_| ()).is_ok());
        assert!(
            limits
                .change(&key("0"), |rule| rule.capacity = Some(Some(2)))
                .is_ok()
        );
        assert!(
            limits
                .change(&key("0"), |rule| *rule = ChannelRule::default())
                .is_ok()
        );
        assert!(limits.change(&key("one-more"), rule).is_ok());
        assert!(limits.change(&key("0"), rule).is_err());
    }

    /// Fails if another pattern than the first that fits counts, what is said of a channel does not, or cannot be taken back.
    #[test]
    fn the_first_pattern_counts_until_something_is_said_of_the_channel_itself() {
        let limits = limits();
        assert_eq!(limits.slow_mode(&key("loud")), Some(SECOND));
        assert_eq!(limits.slow_mode(&key("other")), Some(9 * SECOND));
        assert_eq!(limits.capacity(&key("small-1")), Some(3));
        assert_eq!(limits.capacity(&key("large")), None);
        let said = |change: fn(&mut ChannelRule)| limits.change(&key("loud"), change).unwrap();
        said(|rule| rule.slow_mode = Some(None));
        assert_eq!(limits.slow_mode(&key("loud")), None);
        said(|rule| rule.capacity = Some(Some(7)));
        assert_eq!(limits.capacity(&key("loud")), Some(7));
        let elsewhere = ("/other".into(), "loud".into());
        assert_eq!(limits.slow_mode(&elsewhere), Some(SECOND));
        assert_eq!(limits.ruled("/"), [key("loud")]);
        assert_eq!(limits.ruled("/other"), []);
        said(|rule| *rule = ChannelRule::default());
        assert_eq!(limits.slow_mode(&key("loud")), Some(SECOND));
        assert_eq!(limits.0.count.load(Ordering::Relaxed), 0);
    }

    /// Fails if rules grow without end, or one that stands cannot be changed any more.
    #[test]
    fn so_many_channels_have_rules() {
        let limits = limits();
        let change =
            |channel: &str| limits.change(&key(channel), |rule| rule.capacity = Some(Some(1)));
        for channel in 0..RULED_MAX {
            change(&channel.to_string()).unwrap();
        }
        assert_eq!(change("more"), Err(TooManyRules));
        assert!(change("7").is_ok());
        let none = |rule: &mut ChannelRule| *rule = ChannelRule::default();
        limits.change(&key("7"), none).unwrap();
        assert!(change("more").is_ok());
        assert_eq!(limits.0.count.load(Ordering::Relaxed), RULED_MAX);
    }
}
