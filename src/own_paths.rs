//! Paths that are the hub's own, where nobody's endpoint stands. Knows no setting.

/// Whatever stands at one of these, below it or above it would be asked in its place, or never.
const OWN: [&str; 7] = [
    "/healthz/",
    "/readyz/",
    "/metrics/",
    "/protocols/",
    "/proof/",
    "/api/v1/",
    "/apps/",
];

/// Whether an endpoint at this path would stand in the way of what is the hub's own. It ends with a slash.
pub(crate) fn is_own(path: &str) -> bool {
    let is_near = |own: &&str| path.starts_with(*own) || own.starts_with(path);
    path != "/" && OWN.iter().any(is_near)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if an endpoint may stand where the hub's own answers are, below or above them, or may not beside them.
    #[test]
    fn what_is_the_hubs_own_is_nobody_elses() {
        for own in [
            "/healthz/",
            "/api/",
            "/api/v1/",
            "/api/v1/ws/",
            "/apps/1/",
            "/metrics/x/",
        ] {
            assert!(is_own(own), "{own}");
        }
        for free in [
            "/",
            "/socket.io/",
            "/api/v2/",
            "/health/",
            "/healthzz/",
            "/chat/healthz/",
        ] {
            assert!(!is_own(free), "{free}");
        }
    }
}
