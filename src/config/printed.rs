//! Settings as files, variables and a page, for people to read and to paste. Knows the table of settings and no single one,
//! but for those that a first file begins with.

use serde_json::Value;

use super::given::Given;
use super::{Setting, Settings};

/// What people set in their first week. `listen` is not among them: an address that was written must be had, while a default
/// that the machine lacks is left out.
const FIRST_WEEK: [&str; 11] = [
    "namespaces",
    "origins",
    "hosts",
    "trusted-proxies",
    "grace",
    "engine.max-payload",
    "limits.sessions-max",
    "limits.messages-per-s",
    "history.count",
    "history.age",
    "hub.echo",
];

const UNITS: &str = "Durations and sizes carry units: 250ms, 25s, 1MB (1,000,000 bytes), 64KiB.";

/// The settings as a file, each with where it comes from.
pub(super) fn shown(given: &Given) -> String {
    let head = "# Every setting as a start would have it. What has a # before it is computed, and changes with others.\n";
    in_sections(head, |setting| {
        let line = line(setting, &given.settings);
        let is_computed = setting.computed.is_some() && !(setting.is_set)(&given.settings);
        match is_computed {
            true => format!("# {line} # {}\n", setting.default()),
            false => {
                let origin = given.origin(&setting.name());
                format!("{line} # {}\n", origin.replace(char::is_control, " "))
            }
        }
    })
}

/// The settings as variables.
pub(super) fn environment(given: &Given) -> String {
    let lines = Settings::table().map(|setting| {
        let is_computed = setting.computed.is_some() && !(setting.is_set)(&given.settings);
        let mark = if is_computed { "# " } else { "" };
        let (name, value) = (setting.variable(), (setting.show)(&given.settings));
        format!("{mark}{name}={value}\n")
    });
    lines.collect()
}

/// The defaults as a file, all of it in comments.
pub(super) fn defaults() -> String {
    let head = format!("# Every setting with its default. {UNITS}\n");
    in_sections(&head, |setting| {
        explained(setting, "# ", &Settings::default())
    })
}

/// A file to begin with, in which these settings name files.
pub(super) fn begun(named: &[(&str, &str)]) -> String {
    let mut settings = Settings::default();
    for setting in Settings::table() {
        let file = named.iter().find(|(name, _)| *name == setting.name());
        // What cannot be read stays a default, which the file shows.
        let _ = file.map(|(_, path)| (setting.read)(&mut settings, path));
    }
    let head = format!(
        "# Settings of dondo. A line with a # before it shows a default; take the # away to change it.\n\
         # {UNITS} The environment and flags come before this file.\n\
         # `dondo check` says what is wrong with it, `dondo config show` what holds.\n"
    );
    in_sections(&head, |setting| {
        let name = setting.name();
        let is_named = named.iter().any(|(named, _)| *named == name);
        let is_first = is_named || FIRST_WEEK.contains(&&*name);
        explained(setting, if is_first { "" } else { "# " }, &settings)
    })
}

/// What every setting is, in Markdown.
pub(super) fn page() -> String {
    let mut page = format!(
        "# Settings\n\n\
         `dondo config doc` prints this page; a test compares the two. A setting has one name: `limits.sessions-max` is the flag\n\
         `--limits.sessions-max`, the variable `DONDO_LIMITS_SESSIONS_MAX`, and in `dondo.toml` the line `sessions-max = 10000` below\n\
         `[limits]`. A flag comes before a variable, a variable before the file, the file before the default.\n\n\
         {UNITS}\n\
         In the file a value is a text in quotes, spelled as its flag is; a COUNT may be a number, on and off may be true and\n\
         false, and what takes several values may be a list of texts. SIGHUP reads the file again: what is `live` holds from\n\
         then on, for who is connected, too, and the log says what changed and what else a restart would change. If anything\n\
         in it is wrong, all stays as it is. What files hold that settings name, keys and certificates, is read again, too.\n"
    );
    for group in sections() {
        let section = group.first().map_or("", |setting| setting.section);
        let title = if section.is_empty() {
            "Server"
        } else {
            section
        };
        page.push_str(&format!(
            "\n## {title}\n\n| name | value | default | changes | meaning |\n|---|---|---|---|---|\n"
        ));
        for setting in group {
            let cells = [
                format!("`{}`", setting.name()),
                format!("`{}`", value(setting)),
                match (setting.computed, (setting.show)(&Settings::default())) {
                    (Some(words), _) => words.to_owned(),
                    (None, value) => format!("`{value}`"),
                },
                (if setting.is_live() { "live" } else { "restart" }).to_owned(),
                meaning(setting),
            ];
            let cells = cells.map(|cell| cell.replace('|', "\\|"));
            page.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
    }
    page
}

fn sections() -> Vec<Vec<&'static Setting>> {
    let table: Vec<_> = Settings::table().collect();
    let groups = table.chunk_by(|one, next| one.section == next.section);
    groups.map(<[_]>::to_vec).collect()
}

/// All settings, each as it is `told`, below the heads of their sections.
fn in_sections(head: &str, told: impl Fn(&Setting) -> String) -> String {
    let mut file = head.to_owned();
    for group in sections() {
        let section = group.first().map_or("", |setting| setting.section);
        if !section.is_empty() {
            file.push_str(&format!("\n[{section}]\n"));
        }
        file.extend(group.into_iter().map(&told));
    }
    file
}

/// A setting as it is, with what it means, the line begun so.
fn explained(setting: &Setting, begin: &str, settings: &Settings) -> String {
    let default = match setting.computed {
        Some(words) => format!("; by default {words}"),
        None => String::new(),
    };
    let (meaning, value) = (meaning(setting), value(setting));
    let line = line(setting, settings);
    format!("\n# {meaning}\n# {value}{default}\n{begin}{line}\n")
}

/// The meaning in one line.
fn meaning(setting: &Setting) -> String {
    let words: Vec<_> = setting.help.split_whitespace().collect();
    words.join(" ")
}

/// What may be written for it.
fn value(setting: &Setting) -> String {
    let choices = (setting.choices)();
    let words: Vec<_> = choices.iter().map(|choice| choice.get_name()).collect();
    let value = match words.is_empty() {
        true => setting.written.to_owned(),
        false => words.join("|"),
    };
    // Some that can be read so cannot work so.
    let works = |nothing: &&str| {
        let mut without = Settings::default();
        (setting.read)(&mut without, nothing).is_ok() && (setting.check)(&without).is_ok()
    };
    match setting.nothing.filter(works) {
        Some(nothing) => format!("{value}|{nothing}"),
        None => value,
    }
}

/// A setting in a file, below the head of its section.
fn line(setting: &Setting, settings: &Settings) -> String {
    let text = (setting.show)(settings);
    let value = match setting.written {
        "COUNT" => text,
        _ if setting.is_list && text.contains(',') => {
            let texts: Vec<_> = text.split(',').map(in_quotes).collect();
            format!("[{}]", texts.join(", "))
        }
        _ => in_quotes(&text),
    };
    format!("{} = {value}", setting.key())
}

/// A text of TOML: one of JSON, but for a character that may not stand there as it is.
fn in_quotes(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}
