//! MessagePack's timestamps as ISO 8601 text, before 1970 too.

/// The type of the extension.
pub(super) const EXTENSION: i8 = -1;

const DAY: i64 = 86_400;

/// The time in UTC, if these are the bytes of one in the years 0 to 9999.
pub(super) fn iso_8601(data: &[u8]) -> Option<String> {
    let (seconds, nanoseconds) = match data.len() {
        4 => (i64::from(u32::from_be_bytes(data.try_into().ok()?)), 0),
        8 => {
            let both = u64::from_be_bytes(data.try_into().ok()?);
            // 30 bits of nanoseconds, 34 of seconds.
            ((both & 0x3_ffff_ffff) as i64, (both >> 34) as u32)
        }
        12 => {
            let (nanoseconds, seconds) = data.split_at(4);
            let nanoseconds = u32::from_be_bytes(nanoseconds.try_into().ok()?);
            (i64::from_be_bytes(seconds.try_into().ok()?), nanoseconds)
        }
        _ => return None,
    };
    if nanoseconds >= 1_000_000_000 {
        return None;
    }
    let (year, month, day) = civil(seconds.div_euclid(DAY))?;
    let second = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if nanoseconds > 0 {
        text += format!(".{nanoseconds:09}").trim_end_matches('0');
    }
    text.push('Z');
    Some(text)
}

/// Year, month and day of a day since 1970, in the Gregorian calendar: in years that begin in March leap days come last.
fn civil(day: i64) -> Option<(i64, i64, i64)> {
    const ERA: i64 = 146_097;
    let day = day.checked_add(719_468)?;
    let (era, day) = (day.div_euclid(ERA), day.rem_euclid(ERA));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + i64::from(month <= 2);
    (0..=9999)
        .contains(&year)
        .then_some((year, month, of_month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        let at = |seconds: i64, nanoseconds: u32| {
            let data = [&nanoseconds.to_be_bytes()[..], &seconds.to_be_bytes()].concat();
            iso_8601(&data)
        };
        for (seconds, nanoseconds, expected) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (-1, 0, "1969-12-31T23:59:59Z"),
            (951_782_400, 1, "2000-02-29T00:00:00.000000001Z"),
            (951_868_799, 500_000_000, "2000-02-29T23:59:59.5Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00Z"),
            (-2_203_891_200, 0, "1900-03-01T00:00:00Z"),
            (
                253_402_300_799,
                999_999_999,
                "9999-12-31T23:59:59.999999999Z",
            ),
            (-62_167_219_200, 0, "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(at(seconds, nanoseconds).as_deref(), Some(expected));
        }
        for (seconds, nanoseconds) in [
            (253_402_300_800, 0),
            (-62_167_219_201, 0),
            (i64::MAX, 0),
            (i64::MIN, 0),
            (0, 1_000_000_000),
        ] {
            assert_eq!(at(seconds, nanoseconds), None, "{seconds} {nanoseconds}");
        }
    }

    #[test]
    fn the_two_short_forms_are_read_and_no_other_length_is() {
        let short = iso_8601(&1_000_000_000_u32.to_be_bytes());
        assert_eq!(short.as_deref(), Some("2001-09-09T01:46:40Z"));
        let both = 250_000_000_u64 << 34 | 1_000_000_000;
        let middle = iso_8601(&both.to_be_bytes());
        assert_eq!(middle.as_deref(), Some("2001-09-09T01:46:40.25Z"));
        for length in [0, 1, 5, 11, 13, 16] {
            assert_eq!(iso_8601(&vec![0; length]), None, "{length}");
        }
    }
}
