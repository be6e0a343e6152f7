//! The settings read again while the program runs: what holds from now on, and what waits for a restart. Applies nothing.

use super::{Given, Setting, Settings};

/// Settings that a running hub takes, beside those of `limits` for rates and sessions.
const LIVE: [&str; 5] = [
    "insecure.no-rate-limits",
    "limits.burst",
    "limits.sessions-max",
    "limits.address-sessions-max",
    "limits.connection-sessions-max",
];

impl Setting {
    /// Whether a running hub takes it. Others wait for a restart.
    pub(in crate::config) fn is_live(&self) -> bool {
        let name = self.name();
        LIVE.contains(&&*name) || name.starts_with("limits.") && name.ends_with("-per-s")
    }
}

impl Given {
    /// Lines to log: each setting that is another than it was `before`, and where that was written. The settings of the start are
    /// those that hold for what waits for a restart; `before` are those that were read last.
    pub fn changed(&self, before: &Settings, now: &Self) -> Vec<String> {
        let changed = Settings::table().filter_map(|setting| {
            let (before, effect) = match setting.is_live() {
                true => (before, "from now on"),
                false => (&self.settings, "needs a restart"),
            };
            let after = &now.settings;
            let is_set = (setting.is_set)(before) || (setting.is_set)(after);
            let (before, after) = ((setting.show)(before), (setting.show)(after));
            // What others decide changes with them, and they are told of.
            if !is_set || before == after {
                return None;
            }
            let name = setting.name();
            let place = now.origin(&name);
            Some(format!("{effect}: {name} {before} -> {after} ({place})"))
        });
        changed.collect()
    }
}
