//! Durations and sizes as people write them: `25s`, `250ms`, `1MB`, `64KiB`.
//! Knows no setting: what a value is for, and whether it is sensible, is the caller's matter.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A duration with its unit (`250ms`, `25s`, `1m 30s`).
///
/// A bare number is refused, `0` too: nobody can tell seconds from milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span(pub(super) Duration);

/// A size in bytes with its unit: `B`; `KB`, `MB`, `GB` in steps of 1000; `KiB`, `MiB`, `GiB` in steps of 1024.
///
/// The unit's case does not matter. A bare number and a fraction are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size(pub(super) usize);

/// Why a text is no duration or size; its words are meant for the one who wrote the setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnitError(String);

/// Largest first, so that the first one that divides a size exactly is the one to show it in.
const SIZES: [(&str, usize); 7] = [
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1_000),
    ("B", 1),
];

impl FromStr for Span {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let text = text.trim();
        if is_bare_number(text) {
            return Err(UnitError(format!(
                "a duration needs a unit: write {text}s or {text}ms (for example 25s, 250ms)"
            )));
        }
        humantime::parse_duration(text).map(Self).map_err(|error| {
            UnitError(format!(
                "not a duration ({error}); write for example 250ms, 25s or 2m"
            ))
        })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl FromStr for Size {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let text = text.trim();
        if is_bare_number(text) {
            return Err(UnitError(format!(
                "a size needs a unit: write {text}B or {text}KB (for example 1MB, 64KiB; 1MB = 1,000,000 bytes)"
            )));
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit = unit.trim_start();
        let factor = SIZES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit))
            .map(|(_, factor)| *factor);
        let (Ok(number), Some(factor)) = (number.parse::<u64>(), factor) else {
            return Err(UnitError(
                "not a size; write for example 512B, 64KiB or 1MB (whole numbers of B, KB, MB, GB, KiB, MiB or GiB)".to_owned(),
            ));
        };
        usize::try_from(number)
            .ok()
            .and_then(|number| number.checked_mul(factor))
            .map(Self)
            .ok_or_else(|| UnitError("more bytes than this machine can count".to_owned()))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = SIZES
            .iter()
            .find(|(_, factor)| self.0 > 0 && self.0.is_multiple_of(*factor))
            .unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnitError {}

fn is_bare_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn span(text: &str) -> Result<Duration, String> {
        text.parse::<Span>()
            .map(|span| span.0)
            .map_err(|e| e.to_string())
    }

    fn size(text: &str) -> Result<usize, String> {
        text.parse::<Size>()
            .map(|size| size.0)
            .map_err(|e| e.to_string())
    }

    #[test]
    fn durations_are_read_with_their_unit() {
        assert_eq!(span("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(span(" 25s "), Ok(Duration::from_secs(25)));
        assert_eq!(span("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(span("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn a_bare_duration_is_refused_with_an_example_made_of_it() {
        for text in ["25", "0", "2.5"] {
            let error = span(text).unwrap_err();
            assert!(error.contains(&format!("{text}s")), "{text}: {error}");
            assert!(error.contains("needs a unit"), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_without_a_panic() {
        for text in ["", "s", "-1s", "25 parsecs", "99999999999999999999s", "é"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn decimal_units_count_by_1000_and_binary_units_by_1024() {
        assert_eq!(size("1MB"), Ok(1_000_000));
        assert_eq!(size("64KiB"), Ok(65_536));
        assert_eq!(size("2 mib"), Ok(2_097_152));
        assert_eq!(size("3GB"), Ok(3_000_000_000));
        assert_eq!(size("1GiB"), Ok(1 << 30));
        assert_eq!(size("7B"), Ok(7));
    }

    #[test]
    fn a_bare_size_is_refused_with_an_example() {
        for text in ["1000000", "0", "1.5"] {
            let error = size(text).unwrap_err();
            assert!(error.contains("needs a unit"), "{text}: {error}");
            assert!(error.contains("64KiB"), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused_without_a_panic() {
        for text in [
            "",
            "MB",
            "-1MB",
            "1.5MB",
            "1TB",
            "99999999999999999999B",
            "é1MB",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
        assert!(
            size("18446744073709551615GiB")
                .unwrap_err()
                .contains("count")
        );
    }

    #[test]
    fn what_is_shown_can_be_read_back() {
        for (bytes, text) in [
            (0, "0B"),
            (1_000_000, "1MB"),
            (2 << 20, "2MiB"),
            (1_001, "1001B"),
        ] {
            assert_eq!(Size(bytes).to_string(), text);
            assert_eq!(size(text), Ok(bytes));
        }
        for millis in [0, 250, 25_000, 90_500] {
            let shown = Span(Duration::from_millis(millis)).to_string();
            assert_eq!(span(&shown), Ok(Duration::from_millis(millis)), "{shown}");
        }
    }
}
