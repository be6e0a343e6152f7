//! Variables of the environment that look like settings and are none: a slip in a name must not pass unsaid.
//! Knows names only.

use std::ffi::OsString;

use super::Settings;
use super::table::variable;

/// What other programs call an address or a part of it, with what to write here.
const ELSEWHERE: [(&str, &str); 5] = [
    ("ADDR", WHERE),
    ("ADDRESS", WHERE),
    ("BIND", WHERE),
    (
        "HOST",
        "to say where it listens write DONDO_LISTEN=127.0.0.1:11000, under which names DONDO_HOSTS",
    ),
    ("PORT", WHERE),
];
const WHERE: &str = "to say where it listens write DONDO_LISTEN=127.0.0.1:11000";
const BEGIN: &str = "DONDO_";

/// Lines to log: each of these names that begins as settings do and is none, with the nearest that is one.
pub fn unknown_variables(names: impl IntoIterator<Item = OsString>) -> Vec<String> {
    let known: Vec<_> = Settings::table()
        .flat_map(|setting| [Some(setting.variable()), setting.was.map(variable)])
        .flatten()
        .collect();
    let mut unknown: Vec<_> = names
        .into_iter()
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.starts_with(BEGIN) && !known.contains(name))
        .collect();
    unknown.sort();
    let line = |name: String| {
        let remedy = remedy(name.trim_start_matches(BEGIN));
        format!("{name} is no setting and changes nothing; {remedy}")
    };
    unknown.into_iter().map(line).collect()
}

/// What to write instead of a name, which stands here without its begin.
fn remedy(name: &str) -> String {
    let name = name.to_uppercase();
    if let Some((_, remedy)) = ELSEWHERE.iter().find(|(word, _)| *word == name) {
        return (*remedy).to_owned();
    }
    // A name that is about to go, or lacks its section, leads to the one to write.
    let spellings = Settings::table().flat_map(|setting| {
        let spellings = [
            Some(setting.name()),
            Some(setting.key()),
            setting.was.map(str::to_owned),
        ];
        spellings.into_iter().flatten().map(move |spelling| {
            let spelling = variable(&spelling);
            (setting, spelling.trim_start_matches(BEGIN).to_owned())
        })
    });
    let near = spellings.filter_map(|(setting, spelling)| {
        let letters = distance(&name, &spelling);
        // Two names of which less than half agrees have nothing to do with each other.
        let agrees = letters * 2 <= name.len().max(spelling.len());
        agrees.then_some((letters, setting))
    });
    match near.min_by_key(|(letters, _)| *letters) {
        Some((_, setting)) => format!("the nearest is {}", setting.variable()),
        None => "--help has all settings".to_owned(),
    }
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

    fn told(name: &str) -> String {
        unknown_variables([OsString::from(name)]).join("\n")
    }

    #[test]
    fn no_name_that_is_about_to_go_is_proposed() {
        for (name, nearest) in [
            ("DONDO_MAX_PAYLOADS", "DONDO_ENGINE_MAX_PAYLOAD"),
            ("DONDO_PINGTIMEOUT", "DONDO_ENGINE_PING_TIMEOUT"),
            ("DONDO_OUTBOX_TOTAL_MAXIMUM", "DONDO_MEMORY_MAX"),
            ("DONDO_SESSIONS_MAX", "DONDO_LIMITS_SESSIONS_MAX"),
            ("DONDO_hub_echo", "DONDO_HUB_ECHO"),
        ] {
            let line = told(name);
            assert!(
                line.ends_with(&format!("; the nearest is {nearest}")),
                "{line}"
            );
        }
    }

    #[test]
    fn where_no_name_is_near_none_is_proposed() {
        for name in [
            "DONDO_FOO",
            "DONDO_",
            "DONDO_X",
            "DONDO_VERBOSITY",
            "DONDO_TLS_KEY",
        ] {
            let line = told(name);
            assert_eq!(
                line,
                format!("{name} is no setting and changes nothing; --help has all settings")
            );
        }
    }

    #[test]
    fn names_that_other_programs_have_for_an_address_lead_to_listen() {
        for name in ["DONDO_PORT", "DONDO_HOST", "DONDO_BIND", "DONDO_ADDRESS"] {
            let line = told(name);
            assert!(line.contains("is no setting"), "{line}");
            assert!(line.contains("DONDO_LISTEN=127.0.0.1:11000"), "{line}");
        }
        assert!(told("DONDO_HOST").contains("DONDO_HOSTS"));
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
