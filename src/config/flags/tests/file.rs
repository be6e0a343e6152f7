//! Every setting by the file, and which of file, variable and flag counts.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::config::printed;

use super::*;

/// A folder of its own, gone with it.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let name = format!("dondo-settings-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(super) fn with(text: impl AsRef<[u8]>) -> Self {
        let folder = Self::new();
        fs::write(folder.0.join("dondo.toml"), text).unwrap();
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a start with this `dondo.toml` would have.
pub(super) fn filed(
    text: &str,
    flags: &[&str],
    variables: &[(&str, &str)],
) -> Result<Given, String> {
    given_in(&Folder::with(text).0, flags, variables)
}

fn in_file(name: &str, value: &str) -> String {
    match name.split_once('.') {
        Some((section, key)) => format!("[{section}]\n{key} = {value}\n"),
        None => format!("{name} = {value}\n"),
    }
}

/// Fails if a setting cannot stand in the file, in its section or with a dotted name, spelled as its flag is.
#[test]
fn each_setting_is_the_same_in_the_file_as_by_its_flag() {
    for (name, value) in CASES {
        let flag = flagged_with(name, value);
        for text in [
            in_file(name, &format!("\"{value}\"")),
            format!("{name} = '{value}'"),
        ] {
            let given = filed(&text, beside(name), &[]).unwrap();
            assert_eq!(given.settings, flag, "{text}");
            assert_eq!(given.renamed, [""; 0], "{text}");
        }
    }
}

/// Fails if a count cannot be a number, a switch not true or false, or a list not a list.
#[test]
fn values_may_be_those_of_toml_where_these_are_natural() {
    let (mut counts, mut switches, mut lists) = (0, 0, 0);
    for (name, value) in CASES {
        let setting = Settings::table().find(|one| one.name() == name).unwrap();
        let natural = match setting.written {
            "COUNT" => {
                counts += 1;
                value.to_owned()
            }
            "on|off" => {
                switches += 1;
                (value == "on").to_string()
            }
            _ if setting.is_list => {
                lists += 1;
                let texts: Vec<_> = value.split(',').map(|text| format!("{text:?}")).collect();
                format!("[ # several\n{},\n]", texts.join(",\n  "))
            }
            _ => continue,
        };
        let given = filed(&in_file(name, &natural), &[], &[]).unwrap();
        assert_eq!(given.settings, flagged(&[&format!("--{name}"), value]));
    }
    assert!(counts > 20 && switches > 5 && lists > 4);
    let settings = filed("hosts = []\nlimits.sessions-max = 10_000", &[], &[]).unwrap();
    assert_eq!(settings.settings.hosts, [""; 0]);
    assert_eq!(settings.settings.limits.sessions_max, 10_000);
}

/// Fails if the file beats a variable or a flag, or if it is not known any more who said it.
#[test]
fn a_flag_beats_a_variable_a_variable_the_file_and_the_file_the_default() {
    let text = "# One line.\n[limits]\nsessions-max = 3\n";
    let variables = [("DONDO_LIMITS_SESSIONS_MAX", "2")];
    let flags = ["--limits.sessions-max", "1"];
    for (flags, variables, text, count, place) in [
        (
            &flags[..],
            &variables[..],
            text,
            1,
            Some("--limits.sessions-max 1"),
        ),
        (
            &[],
            &variables,
            text,
            2,
            Some("DONDO_LIMITS_SESSIONS_MAX=2"),
        ),
        (&[], &[], text, 3, Some("dondo.toml:3")),
        (&[], &[], "", 250_000, None),
    ] {
        let given = filed(text, flags, variables).unwrap();
        assert_eq!(given.settings.limits.sessions_max, count);
        assert_eq!(given.written("limits.sessions-max").as_deref(), place);
        assert_eq!(given.renamed, [""; 0]);
    }
}

/// Fails if an old name means something else in the file, or nobody is told of it.
#[test]
fn old_names_are_understood_in_the_file_and_a_line_tells_the_new_one() {
    for (old, name) in OLD {
        let given = filed(&format!("{old} = \"{}\"", value(name)), &[], &[]).unwrap();
        assert_eq!(
            given.settings,
            flagged(&[&format!("--{name}"), value(name)])
        );
        let told = format!(
            "dondo.toml:1: {old} is an old name and goes with the next release: write {name}"
        );
        assert_eq!(given.renamed, [told]);
    }
    let both = "max-payload = '2MB'\nengine.max-payload = '3MB'";
    let given = filed(both, &[], &[]).unwrap();
    assert_eq!(given.settings.engine.max_payload, 3_000_000);
    assert_eq!(
        given.renamed,
        [
            "engine.max-payload = '3MB' in dondo.toml:2 is used and max-payload = '2MB' in dondo.toml:1 is ignored, \
          as both are names of one setting: write engine.max-payload"
        ]
    );
}

/// Fails if another file is read than the one that was named, or nobody can tell which was.
#[test]
fn the_file_is_the_one_that_is_named_else_the_one_of_the_folder() {
    let folder = Folder::with("workers = 3");
    let other = folder.0.join("other.toml");
    fs::write(&other, "workers = 4").unwrap();
    let last = folder.0.join("last.toml");
    fs::write(&last, "workers = 5").unwrap();
    let (other, last) = (other.to_str().unwrap(), last.to_str().unwrap());
    let named = [("DONDO_CONFIG", other)];
    for (flags, variables, workers, file) in [
        (&[][..], &[][..], 3, "dondo.toml"),
        (&[], &named, 4, other),
        (&["--config", last], &named, 5, last),
    ] {
        let given = given_in(&folder.0, flags, variables).unwrap();
        assert_eq!(given.settings.workers, workers);
        assert_eq!(given.file(), Some(file));
        assert_eq!(given.written("workers"), Some(format!("{file}:1")));
    }
    let none = given_in(&Folder::new().0, &[], &[]).unwrap();
    assert_eq!(none.file(), None);
    assert_eq!(none.settings, Settings::default());
}

/// Fails if one wrong line hides another, or what has to fit to a wrong value is called wrong, too.
#[test]
fn all_that_is_wrong_is_told_at_once() {
    let text = "port = 80\nworkers = 0\ngrace = \"soon\"\n[engine]\nmax-payload = \"9\"\n[history]\nbytes = \"1PB\"\n";
    let wrong = filed(text, &["--path", "x"], &[("DONDO_HUB_ECHO", "yes")]).unwrap_err();
    let heads: Vec<_> = wrong
        .lines()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        heads,
        [
            "dondo.toml:1",
            "--path x",
            "dondo.toml:3",
            "dondo.toml:5",
            "dondo.toml:7",
            "DONDO_HUB_ECHO=yes",
            "dondo.toml:2",
        ],
        "{wrong}"
    );
    let wrong = filed("a = = 1\nb = 2\nc = 'x\n", &[], &[]).unwrap_err();
    assert_eq!(wrong.lines().count(), 2, "{wrong}");
}

/// Fails if what is printed, as a file or as variables, is read as other settings than those that it was printed of.
#[test]
fn what_is_printed_reads_back_as_the_same_settings() {
    let mut tried = 0;
    let mut random = 7_u64;
    for round in 0..400 {
        let chosen: Vec<_> = CASES
            .iter()
            .enumerate()
            .filter(|(at, _)| {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(round);
                // Each alone, then many together.
                if round < CASES.len() as u64 {
                    *at == round as usize
                } else {
                    random >> 62 == 0
                }
            })
            .collect();
        let others: Vec<_> = chosen
            .iter()
            .flat_map(|(_, (name, _))| beside(name))
            .copied()
            .collect();
        let chosen: Vec<_> = chosen
            .into_iter()
            .map(|(_, (name, value))| format!("{name} = \"{value}\""))
            .collect();
        // Some of them do not fit to each other.
        let Ok(given) = filed(&chosen.join("\n"), &others, &[]) else {
            assert!(round >= CASES.len() as u64, "{chosen:?}");
            continue;
        };
        tried += 1;
        let file = printed::shown(&given);
        let read = filed(&file, &[], &[]).unwrap_or_else(|wrong| panic!("{wrong} in\n{file}"));
        assert_eq!(read.settings, given.settings, "{file}");
        let lines = printed::environment(&given);
        let lines = lines.lines().filter(|line| !line.starts_with('#'));
        let variables: Vec<_> = lines.map(|line| line.split_once('=').unwrap()).collect();
        let read = self::given(&[], &variables).unwrap();
        assert_eq!(read.settings, given.settings, "{variables:?}");
    }
    assert!(tried > 100, "{tried}");
}

/// Fails if a name that needs escapes is printed as something else.
#[test]
fn texts_with_quotes_and_controls_in_them_read_back() {
    for namespace in ["/a\"b", "/a\\b", "/\\u0041", "/é#'"] {
        let flags = ["--namespaces", namespace];
        let given = given(&flags, &[]).unwrap();
        let read = filed(&printed::shown(&given), &[], &[]).unwrap();
        assert_eq!(read.settings, given.settings, "{namespace}");
    }
}

/// Fails if a default that is printed is not the one that holds, or a file to begin with changes anything.
#[test]
fn the_printed_defaults_are_those_that_hold() {
    let defaults = printed::defaults();
    let is_value = |line: &&str| line.contains(" = ");
    let values = defaults.lines().filter_map(|line| {
        let line = line.strip_prefix("# ").unwrap_or(line);
        (is_value(&line) || line.starts_with('[')).then_some(line)
    });
    let text = values.collect::<Vec<_>>().join("\n");
    let read = filed(&text, &[], &[]).unwrap();
    for setting in Settings::table() {
        let (read, default) = (
            (setting.show)(&read.settings),
            (setting.show)(&Settings::default()),
        );
        assert_eq!(read, default, "{}", setting.name());
    }
    let nothing = filed(&defaults, &[], &[]).unwrap();
    assert_eq!(nothing.written.len(), 0);
    let first = filed(&printed::begun(&[]), &[], &[]).unwrap();
    assert_eq!(first.settings, Settings::default());
    assert_eq!(first.written.len(), 11);
}

/// Fails if a change of the file is not told of when it is read again, or one is told of that is none.
#[test]
fn each_setting_that_is_another_now_is_told_with_its_line() {
    let before = filed("workers = 2\n[limits]\nsessions-max = 5\n", &[], &[]).unwrap();
    let after = "[limits]\n\nsessions-max = 6\nburst = '30s'\n[delivery]\noutbox-bytes-max = '3MB'";
    let after = filed(after, &["--hub.echo", "off"], &[]).unwrap();
    let workers = Settings::default().workers;
    let mut told = before.changed(&before.settings, &after);
    if workers != 2 {
        let line = format!("needs a restart: workers 2 -> {workers} (default)");
        assert_eq!(told.remove(0), line);
    }
    assert_eq!(
        told,
        [
            "from now on: limits.sessions-max 5 -> 6 (dondo.toml:3)",
            "needs a restart: delivery.outbox-bytes-max 16MiB -> 3MB (dondo.toml:6)",
            "needs a restart: hub.echo on -> off (--hub.echo off)",
        ]
    );
    // What is live is told of once, what needs a restart each time.
    let told = before.changed(&after.settings, &after);
    assert!(
        told.iter().all(|line| !line.contains("sessions-max 5")),
        "{told:?}"
    );
    assert!(
        told.iter().any(|line| line.contains("hub.echo")),
        "{told:?}"
    );
    assert_eq!(after.changed(&after.settings, &after), [""; 0]);
}

/// Fails if a setting has a name that Kubernetes gives a variable to, in every container beside a service `dondo`.
#[test]
fn no_setting_has_a_variable_that_kubernetes_sets() {
    for setting in Settings::table() {
        for name in [Some(setting.name()), setting.was.map(str::to_owned)]
            .into_iter()
            .flatten()
        {
            let name = name.replace('.', "-");
            let is_taken =
                name == "port" || name.starts_with("port-") || name.starts_with("service");
            assert!(!is_taken, "{name}");
        }
    }
}
