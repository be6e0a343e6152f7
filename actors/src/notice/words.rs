//! How the log names a setting: by the flag of the program, or by what a host of the library sets. Settings are written as
//! flags in the sources.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicBool, Ordering},
};

static IS_PROGRAM: AtomicBool = AtomicBool::new(false);

/// From now on settings are named by flags: this process is the program, which has them.
pub fn speak_of_flags() {
    IS_PROGRAM.store(true, Ordering::Relaxed);
}

/// This text as whoever reads the log can act on it.
#[must_use]
pub fn settings_of(text: &str) -> Cow<'_, str> {
    match IS_PROGRAM.load(Ordering::Relaxed) {
        true => text.into(),
        false => as_fields(text),
    }
}

/// This text with the field of `Settings` in place of each flag: `settings.limits.sessions_max`.
fn as_fields(text: &str) -> Cow<'_, str> {
    let is_flag = |part: &str| part.starts_with(|first: char| first.is_ascii_lowercase());
    let mut parts = text.split("--");
    let mut fields = parts.next().unwrap_or_default().to_owned();
    let mut is_changed = false;
    for part in parts {
        if !is_flag(part) {
            fields += "--";
            fields += part;
            continue;
        }
        is_changed = true;
        let of_flag = |letter: char| letter.is_ascii_alphanumeric() || "-_.*".contains(letter);
        let end = part.find(|letter| !of_flag(letter)).unwrap_or(part.len());
        fields += "settings.";
        fields += &part[..end].replace('-', "_");
        fields += &part[end..];
    }
    match is_changed {
        true => fields.into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if a host of the library, which has no flags, is told to set one, or if other text than flags is changed.
    #[test]
    fn a_host_reads_of_fields() {
        for (text, fields) in [
            ("", ""),
            ("no such thing", "no such thing"),
            ("--hosts", "settings.hosts"),
            ("see --trusted-proxies", "see settings.trusted_proxies"),
            (
                "--limits.*-per-s, or --memory-max; well-kept -- so",
                "settings.limits.*_per_s, or settings.memory_max; well-kept -- so",
            ),
            ("`--hosts a.b-c,d`", "`settings.hosts a.b-c,d`"),
        ] {
            assert_eq!(as_fields(text), fields);
        }
    }
}
