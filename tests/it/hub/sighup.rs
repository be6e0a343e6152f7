//! The file of settings read again while the program runs: what is taken, what waits for a restart, and what is refused.

use std::fs;
use std::path::Path;

use rustix::process::Signal;

use super::file::{ANY, Folder, said};
use super::program::{POLL, Program};

/// A session that says nothing is counted for as long as a test may take.
const STAYS: [&str; 4] = [
    "--engine.connect-timeout",
    "1h",
    "--engine.ping-interval",
    "1h",
];

/// Fails if the program takes in what it cannot change while it runs, ends, or goes on without a word.
#[test]
fn sighup_tells_what_a_restart_would_change_and_what_is_wrong() {
    let folder = Folder::with(Some("[limits]\nsessions-max = 5\n"));
    let file = folder.path("dondo.toml");
    let mut program = Program::start(&["--config", &file, "--listen", ANY], &[]);
    let again = |program: &mut Program, text: &str, told: &str| {
        fs::write(Path::new(&file), text).unwrap();
        program.signal(Signal::HUP);
        program.wait_for(told);
    };
    let told = format!("SIGHUP: needs a restart: hub.echo on -> off ({file}:4)");
    let text = "[limits]\nsessions-max = 5\n[hub]\necho = false\n";
    again(&mut program, text, &told);
    let wrong = format!(
        "SIGHUP: {file}:2: limits.sessions-max = 0: 0 is too little; write 1 to 4294967295; the settings stay as they are"
    );
    again(&mut program, "[limits]\nsessions-max = 0\n", &wrong);
    let same = "SIGHUP: the settings are those that hold";
    again(&mut program, "[limits]\nsessions-max = 5\n", same);
    fs::remove_file(&file).unwrap();
    program.signal(Signal::HUP);
    program.wait_for("SIGHUP: ");
    assert!(
        program
            .log
            .last()
            .unwrap()
            .contains("the settings stay as they are")
    );
    assert_eq!(program.get("/healthz").text(), "ok\n");
}

/// Fails if a program that runs takes settings with which it would not start again, as `check` and a start say of them.
#[test]
fn sighup_takes_nothing_that_no_start_would_take() {
    let folder = Folder::with(Some("[limits]\nsessions-max = 2\n"));
    let file = folder.path("dondo.toml");
    let flags = [&["--config", file.as_str(), "--listen", ANY][..], &STAYS].concat();
    let mut program = Program::start(&flags, &[]);
    for (more, told) in [
        ("[auth]\nguests = false\n", "nobody could come in"),
        (
            "[auth]\nissuer = \"https://id.example\"\n",
            "no token would be asked",
        ),
        ("[api]\npublic = true\n", "the HTTP API has no keys"),
    ] {
        let text = format!("[limits]\nsessions-max = 1\n{more}");
        fs::write(Path::new(&file), text).unwrap();
        let (code, _, err) = said(&folder.run(&["check"], &[]));
        assert!(code == Some(2) && err.contains(told), "{err}");
        program.signal(Signal::HUP);
        program.wait_for("SIGHUP: ");
        let line = program.log.last().unwrap();
        assert!(
            line.contains(told) && line.ends_with("; the settings stay as they are"),
            "{line}"
        );
    }
    // What else stood there has not come to hold.
    let opened = [(); 3].map(|()| program.get(POLL).status);
    assert_eq!(opened, [200, 200, 503]);
}

/// Fails if a file that is moved away for a moment takes its limits with it, where none was named.
#[test]
fn sighup_keeps_the_settings_of_a_file_that_is_gone() {
    let folder = Folder::with(Some("[limits]\nsessions-max = 1\n"));
    let flags = [&["--listen", ANY][..], &STAYS].concat();
    let mut program = Program::start_in(&folder.path(""), &flags);
    assert_eq!(program.get(POLL).status, 200);
    fs::remove_file(folder.path("dondo.toml")).unwrap();
    program.signal(Signal::HUP);
    program.wait_for("is gone; the settings stay as they are: put it back, or restart");
    assert_eq!(program.get(POLL).status, 503);
}

/// Fails if a live setting waits for a restart, is taken from a file with something wrong in it, or closes who is in.
#[test]
fn sighup_takes_what_is_live() {
    let folder = Folder::with(Some("[limits]\nsessions-max = 2\n"));
    let file = folder.path("dondo.toml");
    let flags = [&["--config", file.as_str(), "--listen", ANY][..], &STAYS].concat();
    let mut program = Program::start(&flags, &[]);
    let again = |program: &mut Program, text: &str, told: &str| {
        fs::write(Path::new(&file), text).unwrap();
        program.signal(Signal::HUP);
        program.wait_for(told);
    };
    let opened = |program: &Program| program.get(POLL).status;
    let open = program.get(POLL).text();
    let poll = format!("{POLL}&sid={}", open.split('"').nth(3).unwrap());
    let wrong = "[limits]\nsessions-max = 1\nburst = 5\n";
    again(&mut program, wrong, "the settings stay as they are");
    assert_eq!(opened(&program), 200);
    let told = format!("SIGHUP: from now on: limits.sessions-max 2 -> 1 ({file}:2)");
    again(&mut program, "[limits]\nsessions-max = 1\n", &told);
    // Two are in, and stay.
    assert_eq!(opened(&program), 503);
    assert_eq!(program.post(&poll, "40").text(), "ok");
    let told = format!("SIGHUP: from now on: limits.sessions-max 1 -> 3 ({file}:2)");
    again(&mut program, "[limits]\nsessions-max = 3\n", &told);
    assert_eq!((opened(&program), opened(&program)), (200, 503));
}
