//! What one source says of a setting: the name and the value as they were typed, and where.
//! Knows no setting and no source.

use super::Setting;

/// A name with its value.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// `--limits.sessions-max`, `DONDO_LIMITS_SESSIONS_MAX` or `limits.sessions-max`.
    pub(super) typed: String,
    /// The value, in the spelling of flags.
    pub(super) text: String,
    /// Where in a file it stands; else it is a flag or a variable.
    pub(super) in_file: Option<InFile>,
}

/// Where in a file something stands.
#[derive(Clone, Debug)]
pub(super) struct InFile {
    /// The file and the line: `dondo.toml:12`.
    pub(super) place: String,
    /// The value as it stands there.
    pub(super) raw: String,
}

impl Said {
    /// How an error about it begins.
    pub(super) fn whole(&self) -> String {
        match &self.in_file {
            Some(InFile { place, .. }) => format!("{place}: {}", self.pasted()),
            None => self.pasted(),
        }
    }

    /// How it is named in the middle of a sentence.
    pub(super) fn mentioned(&self) -> String {
        match &self.in_file {
            Some(InFile { place, .. }) => format!("{} in {place}", self.pasted()),
            None => self.pasted(),
        }
    }

    /// Where it comes from: `--workers 2`, `DONDO_WORKERS=2` or `dondo.toml:12`.
    pub(super) fn place(&self) -> String {
        match &self.in_file {
            Some(InFile { place, .. }) => place.clone(),
            None => self.pasted(),
        }
    }

    /// Whether another name of the setting is the one to write.
    pub(super) fn is_old(&self, setting: &Setting) -> bool {
        let name = setting.name();
        let known = [format!("--{name}"), setting.variable(), name];
        !known.contains(&self.typed)
    }

    /// The name and the value, to be pasted where they came from.
    fn pasted(&self) -> String {
        let (name, text) = (&self.typed, &self.text);
        match &self.in_file {
            Some(InFile { raw, .. }) => format!("{name} = {raw}"),
            None if name.starts_with('-') => format!("{name} {text}"),
            None => format!("{name}={text}"),
        }
    }
}
