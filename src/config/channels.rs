//! Settings of channels by patterns of their names. Which channel has what is the pack's matter.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::spelling::{Count, Spelling};
use super::table::within;
use super::units::Span;
use super::{DAY, SOME, Settings};

/// Time between two messages of one member in the channels of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlowMode {
    /// Names of channels, in which `*` is any run of characters.
    pub channels: String,
    /// The time.
    pub every: Duration,
}

/// How many members each channel of a pattern may have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelCapacity {
    /// Names of channels, in which `*` is any run of characters.
    pub channels: String,
    /// How many.
    pub members: usize,
}

impl SlowMode {
    /// For these channels, this time.
    pub fn new(channels: impl Into<String>, every: Duration) -> Self {
        let channels = channels.into();
        Self { channels, every }
    }
}

impl ChannelCapacity {
    /// For each of these channels, so many.
    pub fn new(channels: impl Into<String>, members: usize) -> Self {
        let channels = channels.into();
        Self { channels, members }
    }
}

/// Beyond this it is a lock.
pub(crate) const SLOW_MODE: RangeInclusive<Duration> = Duration::from_millis(100)..=DAY;

impl Spelling<Self> for SlowMode {
    const WRITTEN: &'static str = "CHANNEL=DURATION,…";
    const NOTHING: Option<&'static str> = Some("none");

    fn read(text: &str) -> Result<Self, String> {
        let (channels, every) = parts(text, "a duration", "lobby=5s")?;
        let every = <Span as Spelling<Duration>>::read(every)?;
        within::<Span, _>(&every, &SLOW_MODE)?;
        Ok(Self { channels, every })
    }

    fn show(mode: &Self) -> String {
        let every = <Span as Spelling<Duration>>::show(&mode.every);
        format!("{}={}", mode.channels, every.replace(' ', ""))
    }
}

impl Spelling<Self> for ChannelCapacity {
    const WRITTEN: &'static str = "CHANNEL=COUNT,…";
    const NOTHING: Option<&'static str> = Some("none");

    fn read(text: &str) -> Result<Self, String> {
        let (channels, members) = parts(text, "a number of members", "lobby=100")?;
        let members = <Count as Spelling<usize>>::read(members)?;
        within::<Count, _>(&members, &SOME)?;
        Ok(Self { channels, members })
    }

    fn show(capacity: &Self) -> String {
        format!("{}={}", capacity.channels, capacity.members)
    }
}

pub(super) fn slow_mode(settings: &Settings) -> Result<(), String> {
    once(&settings.hub.slow_mode, |mode| &mode.channels)
}

pub(super) fn capacity(settings: &Settings) -> Result<(), String> {
    once(&settings.hub.channel_capacity, |capacity| {
        &capacity.channels
    })
}

/// Refuses a list in which a pattern stands again: the first that fits counts, so that one would do nothing.
fn once<T: Spelling<T>>(list: &[T], channels: fn(&T) -> &str) -> Result<(), String> {
    for (place, entry) in list.iter().enumerate() {
        let name = channels(entry);
        let before = list.iter().take(place);
        if let Some(first) = before.into_iter().find(|first| channels(first) == name) {
            return Err(format!(
                "{name} stands twice in it, as {} and as {}; write it once",
                T::show(first),
                T::show(entry)
            ));
        }
    }
    Ok(())
}

/// A pattern and what stands behind its last `=`.
fn parts<'a>(text: &'a str, what: &str, example: &str) -> Result<(String, &'a str), String> {
    let parts = text.rsplit_once('=');
    let (channels, value) = parts
        .filter(|(channels, _)| !channels.trim().is_empty())
        .ok_or_else(|| {
            format!("{text:?} is no channel with {what}; write for example {example}")
        })?;
    Ok((channels.trim().to_owned(), value.trim()))
}
