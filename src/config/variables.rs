//! Variables of the environment that look like settings and are none: a slip in a name must not pass unsaid.
//! Knows names, and what Kubernetes writes.

use std::ffi::{OsStr, OsString};

use super::Settings;
use super::flags::CONFIG;
use super::nearest::Dress;
use super::table::variable;
use crate::client::VARIABLES;

const BEGIN: &str = "DONDO_";

/// Lines to log: each of these variables whose name begins as settings do and is none, with the nearest that is one. What
/// Kubernetes sets is nobody's slip.
pub fn unknown_variables(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<String> {
    let known: Vec<_> = Settings::table()
        .flat_map(|setting| [Some(setting.variable()), setting.was.map(variable)])
        .flatten()
        .chain([variable(CONFIG)])
        .chain(VARIABLES.map(str::to_owned))
        .collect();
    let mut unknown: Vec<_> = variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(BEGIN) && !known.contains(name))
        .filter(|(name, value)| !is_of_kubernetes(name, value))
        .map(|(name, _)| name)
        .collect();
    unknown.sort();
    let line = |name: String| {
        let remedy = Dress::Environment.remedy(&name);
        format!("{name} is no setting and changes nothing; {remedy}")
    };
    unknown.into_iter().map(line).collect()
}

/// Whether it tells where a service is, as Kubernetes does in every container beside one whose name begins with dondo:
/// `DONDO_SERVICE_HOST`, `DONDO_PORT=tcp://10.0.0.1:80`, `DONDO_PORT_80_TCP_ADDR`.
fn is_of_kubernetes(name: &str, value: &OsStr) -> bool {
    const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
    if name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") {
        return true;
    }
    if name.contains("_SERVICE_PORT_") {
        return true;
    }
    if name.ends_with("_PORT") {
        let value = value.to_str().unwrap_or_default();
        let scheme = value
            .split_once("://")
            .map(|(scheme, _)| scheme.to_uppercase());
        if scheme.is_some_and(|scheme| PROTOCOLS.contains(&&*scheme)) {
            return true;
        }
    }
    let Some((_, behind)) = name.split_once("_PORT_") else {
        return false;
    };
    let mut words = behind.split('_');
    let number = words.next().unwrap_or_default();
    let is_port = number.parse::<u16>().is_ok();
    is_port
        && words
            .next()
            .is_some_and(|protocol| PROTOCOLS.contains(&protocol))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if a service of Kubernetes' is taken for a slip, or a slip for a service.
    #[test]
    fn what_kubernetes_says_of_a_service_is_passed_over() {
        let told =
            |name: &str, value: &str| !unknown_variables([(name.into(), value.into())]).is_empty();
        for (name, value) in [
            ("DONDO_SERVICE_HOST", "10.0.0.1"),
            ("DONDO_SERVICE_PORT", "80"),
            ("DONDO_SERVICE_PORT_HTTP", "80"),
            ("DONDO_PORT", "tcp://10.0.0.1:80"),
            ("DONDO_HUB_PORT", "udp://10.0.0.1:80"),
            ("DONDO_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("DONDO_PORT_80_TCP_PROTO", "tcp"),
            ("DONDO_PORT_80_TCP_PORT", "80"),
            ("DONDO_PORT_80_TCP_ADDR", "10.0.0.1"),
        ] {
            assert!(!told(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("DONDO_PORT", "80"),
            ("DONDO_PORT", "http://10.0.0.1:80"),
            ("DONDO_HOST", "10.0.0.1"),
            ("DONDO_PORT_HTTP_TCP", "80"),
            ("DONDO_SERVICE", "x"),
        ] {
            assert!(told(name, value), "{name}={value}");
        }
    }

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
            let lines = unknown_variables([(name.into(), OsString::new())]);
            let said = nearest.map(|nearest| {
                format!("{name} is no setting and changes nothing; the nearest is {nearest}")
            });
            assert_eq!(lines, Vec::from_iter(said), "{name}");
        }
    }

    fn told(name: &str) -> String {
        unknown_variables([(name.into(), OsString::new())]).join("\n")
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
