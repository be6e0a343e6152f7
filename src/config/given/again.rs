//! The settings read again while the program runs: what a restart would change. Applies nothing.

use super::{Given, Settings};

impl Given {
    /// Lines to log: each setting that is another now, and where that was written.
    pub fn changed(&self, now: &Self) -> Vec<String> {
        let changed = Settings::table().filter_map(|setting| {
            let (before, after) = (&self.settings, &now.settings);
            let is_set = (setting.is_set)(before) || (setting.is_set)(after);
            let (before, after) = ((setting.show)(before), (setting.show)(after));
            // What others decide changes with them, and they are told of.
            if !is_set || before == after {
                return None;
            }
            let name = setting.name();
            let place = now.written(&name).unwrap_or_else(|| "default".to_owned());
            Some(format!(
                "needs a restart: {name} {before} -> {after} ({place})"
            ))
        });
        changed.collect()
    }
}
