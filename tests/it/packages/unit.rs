//! The unit of systemd: that systemd takes it, what it lets the program do, and that what it says of the program is so.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{folder, printed, said};
use crate::hub::program::{PROGRAM, Program};
use crate::support::PATIENCE;
use rustix::process::Signal;

const UNIT: &str = include_str!("../../../src/packages/dondo.service");
const INSTALLED: &str = "/usr/bin/dondo";

/// What stands behind a key, the last time.
fn value(key: &str) -> &'static str {
    let lines = UNIT.lines().rev();
    let mut values = lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    values.next().unwrap_or_else(|| panic!("no {key}"))
}

/// The unit as it would be if the program that is tested were installed.
fn unit(name: &str) -> PathBuf {
    let path = folder(name).join("dondo.service");
    assert_eq!(UNIT.matches(INSTALLED).count(), 1);
    fs::write(&path, UNIT.replace(INSTALLED, PROGRAM)).unwrap();
    path
}

fn analyzed(words: &[&str], unit: &Path) -> (bool, String) {
    let mut analyze = Command::new("systemd-analyze");
    let output = analyze.args(words).arg(unit).output().expect("systemd");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// Fails if systemd would pass over a line because nothing is called so, which it says and ends well.
#[test]
fn systemd_takes_every_line_of_the_unit() {
    let (is_good, said) = analyzed(&["verify", "--man=no"], &unit("unit-verified"));
    // Of units of the machine's own it has its say, too.
    let about = said.lines().filter(|line| line.contains("dondo.service"));
    assert!(is_good && about.count() == 0, "{said}");
}

/// Fails if a line that shuts the program in is lost: of ten points of exposure it has less than one and a half.
#[test]
fn the_unit_shuts_the_program_in() {
    let words = ["security", "--offline=true", "--threshold=15", "--no-pager"];
    let (is_good, said) = analyzed(&words, &unit("unit-secured"));
    assert!(is_good, "{said}");
}

/// Fails if no file can belong to the unit's user, as of one that is made anew at each start, or nobody makes that user.
#[test]
fn the_unit_has_a_user_whose_group_can_read_secrets() {
    assert!(!UNIT.contains("DynamicUser"));
    let (user, group) = (value("User"), value("Group"));
    let system = folder("unit-user");
    fs::create_dir(system.join("etc")).unwrap();
    let users = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/packages/dondo.sysusers");
    let mut make = Command::new("systemd-sysusers");
    let made = make.arg("--root").arg(&system).arg(users).output();
    let made = made.expect("systemd");
    assert!(made.status.success(), "{made:?}");
    for (file, name) in [("passwd", user), ("group", group)] {
        let text = fs::read_to_string(system.join("etc").join(file)).unwrap();
        let begin = format!("{name}:");
        assert!(text.lines().any(|line| line.starts_with(&begin)), "{text}");
    }
    // Where this group is, `dondo init` lets it read what root writes.
    assert_eq!(group, "dondo");
}

/// Fails if the unit starts the program with a flag that it does not have, reloads it by a program that a machine may lack, or kills it before it has closed its connections.
#[test]
fn what_the_unit_says_of_the_program_is_so() {
    let file = folder("unit-settings").join("dondo.toml");
    let file = file.to_str().unwrap();
    assert!(said(&["init", "--no-secrets", file], &[]).status.success());
    let line = value("ExecStart").replace("/etc/dondo/dondo.toml", file);
    let words: Vec<_> = line.split(' ').skip(1).chain(["check"]).collect();
    assert!(words.contains(&file), "{line}");
    let checked = said(&words, &[]);
    assert!(checked.status.success(), "{checked:?}");

    let seconds = |text: &str| text.trim_end_matches('s').parse::<u32>().unwrap();
    let defaults = printed(&["config", "defaults"]);
    let grace = defaults
        .lines()
        .find_map(|line| line.strip_prefix("# grace = "));
    let grace = seconds(grace.unwrap().trim_matches('"'));
    assert!(grace + 10 <= seconds(value("TimeoutStopSec")));
    // Of a package that every Debian has.
    assert!(value("ExecReload").starts_with("/bin/sh "));

    let wrong = said(&["--grace", "soon"], &[]);
    let code = wrong.status.code().map(|code| code.to_string());
    assert_eq!(code.as_deref(), Some(value("RestartPreventExitStatus")));
}

/// Fails if systemd goes on waiting for a hub that serves, takes one for ready whose settings are wrong, or is not told that
/// it stops.
#[test]
fn systemd_is_told_when_the_hub_serves_and_when_it_stops() {
    let socket = folder("unit-notified").join("notify");
    let systemd = UnixDatagram::bind(&socket).unwrap();
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut said = [0; 64];
        let read = systemd.recv(&mut said).unwrap();
        String::from_utf8_lossy(&said[..read]).into_owned()
    };
    let variables = [("NOTIFY_SOCKET", socket.to_str().unwrap())];
    let refused = said(&["--grace", "soon"], &variables);
    assert_eq!(refused.status.code(), Some(2));
    systemd.set_nonblocking(true).unwrap();
    let nothing = systemd.recv(&mut [0; 64]).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    systemd.set_nonblocking(false).unwrap();

    let mut program = Program::start(&["--listen", "127.0.0.1:0"], &variables);
    assert_eq!(told(), "READY=1\n");
    program.signal(Signal::TERM);
    assert_eq!(told(), "STOPPING=1\n");
    assert_eq!(program.ended(), Some(0));
}
