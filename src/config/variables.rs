//! Variables of the environment that look like settings and are none: a slip in a name must not pass unsaid.
//! Knows names only.

use std::ffi::OsString;

use super::Settings;
use super::table::variable;

/// Lines to log: each of these names that begins as settings do and is none, with the nearest that is one.
pub fn unknown_variables(names: impl IntoIterator<Item = OsString>) -> Vec<String> {
    let known: Vec<_> = Settings::table()
        .flat_map(|setting| [Some(setting.variable()), setting.was.map(variable)])
        .flatten()
        .collect();
    let mut unknown: Vec<_> = names
        .into_iter()
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.starts_with("DONDO_") && !known.contains(name))
        .collect();
    unknown.sort();
    unknown
        .into_iter()
        .filter_map(|name| {
            let nearest = known.iter().min_by_key(|known| distance(&name, known))?;
            Some(format!(
                "{name} is no setting and changes nothing; the nearest is {nearest}"
            ))
        })
        .collect()
}

/// How many letters must be put in, left out or changed to make one word of another (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, byte) in one.bytes().enumerate() {
        let mut above = at;
        let mut last = at + 1;
        for (cell, letter) in row.iter_mut().skip(1).zip(other.bytes()) {
            let changed = above + usize::from(byte != letter);
            above = *cell;
            *cell = changed.min(above + 1).min(last + 1);
            last = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_a_variables_name_is_told_with_the_nearest_name() {
        for (name, nearest) in [
            ("DONDO_LISTN", Some("DONDO_LISTEN")),
            ("DONDO_ENGINE_MAXPAYLOAD", Some("DONDO_ENGINE_MAX_PAYLOAD")),
            ("DONDO_HUB_ECCHO", Some("DONDO_HUB_ECHO")),
            ("DONDO_ORIGIN", Some("DONDO_ORIGINS")),
            ("DONDO_LISTEN", None),
            ("DONDO_MAX_PAYLOAD", None),
            ("PATH", None),
        ] {
            let lines = unknown_variables([OsString::from(name)]);
            let said = nearest.map(|nearest| {
                format!("{name} is no setting and changes nothing; the nearest is {nearest}")
            });
            assert_eq!(lines, Vec::from_iter(said), "{name}");
        }
    }

    #[test]
    fn a_distance_counts_letters() {
        for (one, other, letters) in [
            ("", "", 0),
            ("a", "", 1),
            ("abc", "axc", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), letters, "{one} {other}");
        }
    }
}
