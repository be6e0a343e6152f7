//! What a name that is no setting was meant to be. Knows names only.

use std::ffi::OsString;

use super::table::variable;
use super::{Setting, SettingError, Settings};

const BEGIN: &str = "DONDO_";
/// What other programs call an address or a part of it.
const ELSEWHERE: [&str; 5] = ["ADDR", "ADDRESS", "BIND", "HOST", "PORT"];

/// Names of a release ago whose values have changed with them: what the name is now, and which value its `on` was.
const RENAMED: [(&str, &str, &str); 3] = [
    ("rate-limits", "insecure.no-rate-limits", "off"),
    ("hub.client-id", "insecure.keep-client-id", "keep"),
    ("client-id", "insecure.keep-client-id", "keep"),
];

/// How names are written where one was mistyped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dress {
    /// `--limits.sessions-max`
    Flag,
    /// `limits.sessions-max`
    File,
    /// `DONDO_LIMITS_SESSIONS_MAX`
    Environment,
}

impl Dress {
    /// What to write instead of a name, which is none of ours.
    pub(super) fn remedy(self, name: &str) -> String {
        let whole = plain(name);
        // A section that there is not may hold the right name: [server].
        let last = match self {
            Self::File => name.rsplit('.').next().map(plain),
            Self::Flag | Self::Environment => None,
        };
        let words = [Some(&whole), last.as_ref()].into_iter().flatten();
        if let Some(remedy) = words.into_iter().find_map(|word| self.elsewhere(word)) {
            return remedy;
        }
        let of_last = |is: fn(&Setting) -> bool| {
            let is =
                |setting: &&Setting| is(setting) && last.as_ref() == Some(&plain(&setting.key()));
            Settings::table().find(is)
        };
        let without = of_last(|setting| setting.section.is_empty());
        match without
            .or_else(|| nearest(&whole))
            .or_else(|| of_last(|_| true))
        {
            Some(setting) => format!("the nearest is {}", self.named(setting)),
            None => "--help has all settings".to_owned(),
        }
    }

    fn named(self, setting: &Setting) -> String {
        match self {
            Self::Flag => format!("--{}", setting.name()),
            Self::File => setting.name(),
            Self::Environment => setting.variable(),
        }
    }

    /// What to write instead of what other programs call an address, or of a name whose values have changed with it.
    pub(super) fn elsewhere(self, name: &str) -> Option<String> {
        let word = plain(name);
        if let Some((_, now, value)) = RENAMED.iter().find(|(was, ..)| plain(was) == word) {
            let now = match self {
                Self::Flag => format!("--{now} on"),
                Self::File => format!("{now} = \"on\""),
                Self::Environment => format!("{}=on", variable(now)),
            };
            return Some(format!(
                "for {value} write {now}, and for anything else nothing"
            ));
        }
        if !ELSEWHERE.contains(&&*word) {
            return None;
        }
        let (listen, hosts) = match self {
            Self::Flag => ("--listen 127.0.0.1:11000", "--hosts"),
            Self::Environment => ("DONDO_LISTEN=127.0.0.1:11000", "DONDO_HOSTS"),
            Self::File => ("listen = \"127.0.0.1:11000\"", "hosts"),
        };
        let under = match &*word {
            "HOST" => format!(", under which names {hosts}"),
            _ => String::new(),
        };
        Some(format!("to say where it listens write {listen}{under}"))
    }
}

/// What is wrong with variables of a release ago, which would change nothing in silence.
pub(super) fn renamed(
    environment: impl Fn(&str) -> Option<OsString>,
) -> impl Iterator<Item = SettingError> {
    let names = RENAMED.map(|(was, ..)| variable(was)).into_iter();
    names.filter_map(move |name| {
        environment(&name)?;
        let remedy = Dress::Environment.elsewhere(&name)?;
        Some(SettingError::whole(format!(
            "{name} is no setting; {remedy}"
        )))
    })
}

/// All dresses of a name are one word here.
fn plain(name: &str) -> String {
    let name = name.strip_prefix(BEGIN).unwrap_or(name);
    let name = variable(name.trim_start_matches('-'));
    name.trim_start_matches(BEGIN).to_owned()
}

fn nearest(name: &str) -> Option<&'static Setting> {
    // A name that is about to go, or lacks its section, leads to the one to write.
    let spellings = Settings::table().flat_map(|setting| {
        let spellings = [
            Some(setting.name()),
            Some(setting.key()),
            setting.was.map(str::to_owned),
        ];
        let spellings = spellings.into_iter().flatten();
        spellings.map(move |spelling| (setting, plain(&spelling)))
    });
    let near = spellings.filter_map(|(setting, spelling)| {
        let letters = strsim::levenshtein(name, &spelling);
        // Two names of which less than half agrees have nothing to do with each other.
        let agrees = letters * 2 <= name.len().max(spelling.len());
        agrees.then_some((letters, setting))
    });
    let (_, setting) = near.min_by_key(|(letters, _)| *letters)?;
    Some(setting)
}
