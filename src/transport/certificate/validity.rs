//! From when until when a certificate is valid: the one thing that is read of it here. No library of this house tells.

use std::time::SystemTime;

/// The times of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from: SystemTime,
    pub(super) until: SystemTime,
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
/// Where the version stands, which one of version 1 lacks.
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

impl Validity {
    /// Reads it from a certificate in DER; none where that is none.
    pub(super) fn of(der: &[u8]) -> Option<Self> {
        let mut certificate = Der(Der(der).value(SEQUENCE)?);
        let mut signed = Der(certificate.value(SEQUENCE)?);
        if signed.tag() == Some(VERSION) {
            signed.value(VERSION)?;
        }
        signed.value(INTEGER)?;
        // The kind of signature, and who signed.
        signed.value(SEQUENCE)?;
        signed.value(SEQUENCE)?;
        let mut times = Der(signed.value(SEQUENCE)?);
        Some(Self {
            from: times.time()?,
            until: times.time()?,
        })
    }
}

/// What is left to read of values, one behind the other.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn tag(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next value, which must have this tag.
    fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&found, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        // A long length says first how many bytes it has.
        let digits = usize::from(first & 0x7f);
        let (length, rest) = match first < 0x80 {
            true => (digits, rest),
            false if digits > 4 => return None,
            false => {
                let (length, rest) = rest.split_at_checked(digits)?;
                let length = length.iter();
                (
                    length.fold(0, |all, byte| all << 8 | usize::from(*byte)),
                    rest,
                )
            }
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (found == tag).then_some(value)
    }

    fn time(&mut self) -> Option<SystemTime> {
        let tag = self.tag()?;
        let text = std::str::from_utf8(self.value(tag)?).ok()?;
        let digits = text.strip_suffix('Z')?;
        let full = match tag {
            // Of two digits, 50 and more are of the last century.
            UTC_TIME if digits < "50" => format!("20{digits}"),
            UTC_TIME => format!("19{digits}"),
            GENERALIZED_TIME => digits.to_owned(),
            _ => return None,
        };
        if full.len() != 14 || !full.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let part = |at: usize| &full[at..at + 2];
        let time = format!(
            "{}-{}-{}T{}:{}:{}Z",
            &full[..4],
            part(4),
            part(6),
            part(8),
            part(10),
            part(12)
        );
        humantime::parse_rfc3339(&time).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn made(from: (i32, u8, u8), until: (i32, u8, u8)) -> Vec<u8> {
        let mut asked = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        asked.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
        asked.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        let key = rcgen::KeyPair::generate().unwrap();
        asked.self_signed(&key).unwrap().der().to_vec()
    }

    /// Fails if a date is read from the wrong place, or in one of its two spellings.
    #[test]
    fn dates_are_read_in_both_spellings() {
        for (until, text) in [
            ((2031, 12, 30), "2031-12-30T00:00:00Z"),
            ((2077, 1, 2), "2077-01-02T00:00:00Z"),
        ] {
            let read = Validity::of(&made((1999, 2, 3), until)).unwrap();
            let from = humantime::parse_rfc3339("1999-02-03T00:00:00Z").unwrap();
            let until = humantime::parse_rfc3339(text).unwrap();
            assert_eq!(read, Validity { from, until });
        }
    }

    /// Fails if a part of a certificate makes the reader panic.
    #[test]
    fn what_is_no_certificate_has_no_dates() {
        let whole = made((1999, 2, 3), (2031, 12, 30));
        for end in 0..whole.len() {
            assert_eq!(Validity::of(&whole[..end]), None);
            let mut wrong = whole.clone();
            wrong[end] ^= 0xff;
            let _ = Validity::of(&wrong);
        }
    }
}
