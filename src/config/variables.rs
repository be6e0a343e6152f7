//! Variables of the environment that look like settings and are none: a slip in a name must not pass unsaid.
//! Knows names only.

use std::ffi::OsString;

use super::Settings;
use super::flags::CONFIG;
use super::nearest::Dress;
use super::table::variable;

const BEGIN: &str = "DONDO_";

/// Lines to log: each of these names that begins as settings do and is none, with the nearest that is one.
pub fn unknown_variables(names: impl IntoIterator<Item = OsString>) -> Vec<String> {
    let known: Vec<_> = Settings::table()
        .flat_map(|setting| [Some(setting.variable()), setting.was.map(variable)])
        .flatten()
        .chain([variable(CONFIG)])
        .collect();
    let mut unknown: Vec<_> = names
        .into_iter()
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.starts_with(BEGIN) && !known.contains(name))
        .collect();
    unknown.sort();
    let line = |name: String| {
        let remedy = Dress::Environment.remedy(&name);
        format!("{name} is no setting and changes nothing; {remedy}")
    };
    unknown.into_iter().map(line).collect()
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
            ("DONDO_TLS_KEY", Some("DONDO_TLS_KEY_FILE")),
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
        for name in ["DONDO_FOO", "DONDO_", "DONDO_X", "DONDO_VERBOSITY"] {
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
}
