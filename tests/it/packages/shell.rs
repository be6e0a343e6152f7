//! Completions in a shell, and the pages of the manual as `man` reads them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{folder, printed, said};

/// What bash offers for a line whose last word is not finished.
fn offered(script: &Path, line: &[&str]) -> BTreeSet<String> {
    let complete = r#"
        source "$1"; shift
        completer=$(complete -p dondo | sed 's/.* -F \([^ ]*\).*/\1/')
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        "$completer" dondo "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", complete, "bash"]).arg(script);
    let output = bash.args(line).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The names of a release ago, which nobody should begin to write: those that no section stands in front of.
fn old_names(text: &str) -> Vec<&str> {
    let stands_alone = |name: &&str| {
        text.match_indices(*name).any(|(at, _)| {
            let before = text[..at].trim_end_matches('-').chars().next_back();
            !before.is_some_and(|letter| letter == '.' || letter.is_alphanumeric())
        })
    };
    let old = ["max-payload", "ping-interval", "outbox-total-max"];
    old.into_iter().filter(stands_alone).collect()
}

/// Fails if bash is given a script that completes nothing, or that offers a flag's old name.
#[test]
fn bash_completes_commands_flags_and_values() {
    let script = folder("completions").join("dondo.bash");
    fs::write(&script, printed(&["completions", "bash"])).unwrap();
    let offered = |line: &[&str]| {
        let offers = offered(&script, line);
        offers.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(offered(&["dondo", "--engine.max"]), "--engine.max-payload");
    assert_eq!(offered(&["dondo", "comp"]), "completions");
    assert_eq!(offered(&["dondo", "completions", "z"]), "zsh");
    assert_eq!(offered(&["dondo", "--log-format", ""]), "json text");
    assert_eq!(
        offered(&["dondo", "check", "--history.c"]),
        "--history.count"
    );
    assert_eq!(offered(&["dondo", "--max-p"]), "");
}

/// Fails if a shell has no script, or one that offers a flag's old name.
#[test]
fn each_shell_has_a_script_with_every_new_name_and_no_old_one() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        assert!(script.contains("engine.max-payload"), "{shell}");
        assert_eq!(old_names(&script), [""; 0], "{shell}");
    }
    let unknown = said(&["completions", "cmd"], &[]);
    assert_eq!(unknown.status.code(), Some(2), "{unknown:?}");
}

/// Fails if `man` cannot read a page without a warning or finds no name in it, or if a page that another names is missing.
#[test]
fn the_manual_is_one_that_man_reads() {
    let folder = folder("manual");
    let written = said(&["man", folder.to_str().unwrap()], &[]);
    assert!(written.status.success(), "{written:?}");
    let names: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.contains("dondo-config-show.1"), "{names:?}");
    for name in &names {
        let page = folder.join(name);
        let text = fs::read_to_string(&page).unwrap();
        let plain = text.replace("\\-", "-");
        assert_eq!(old_names(&plain), [""; 0], "{name}");
        for named in plain.lines().filter_map(|line| line.strip_suffix("(1)")) {
            assert!(names.contains(&format!("{named}.1")), "{name}: {named}");
        }
        let output = Command::new("lexgrog").arg(&page).output().expect("man-db");
        assert!(output.status.success(), "{name}: {output:?}");
        let mut man = Command::new("man");
        man.args(["--warnings=w", "-Tutf8", "-Z", "-l"]).arg(&page);
        let output = man.env("LC_ALL", "C.UTF-8").output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {complaint}");
        assert!(complaint.is_empty(), "{name}: {complaint}");
    }
    assert_eq!(
        printed(&["man"]),
        fs::read_to_string(folder.join("dondo.1")).unwrap()
    );
}

/// Fails if a setting has no line in the manual.
#[test]
fn the_manual_has_every_setting() {
    let page = printed(&["man"]).replace("\\-", "-");
    let settings = printed(&["config", "env"]);
    let flags = printed(&["config", "doc"]);
    let names = flags.lines().filter_map(|line| line.strip_prefix("| `"));
    let names: Vec<_> = names.filter_map(|rest| rest.split('`').next()).collect();
    assert_eq!(names.len(), settings.lines().count());
    for name in names {
        assert!(page.contains(&format!("--{name}")), "{name}");
    }
}

/// Fails if a folder that cannot be written to ends without a word.
#[test]
fn a_folder_that_is_not_there_is_told_of() {
    let output = said(&["man", "/nowhere/at/all"], &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.starts_with("/nowhere/at/all: "), "{complaint}");
}
