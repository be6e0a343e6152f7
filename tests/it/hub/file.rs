//! The file of settings and the commands around it, by the program itself.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;

use super::program::{PROGRAM, Program};

pub(super) const ANY: &str = "127.0.0.1:0";

/// A working directory of its own, gone with it.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn with(text: Option<&str>) -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let name = format!("dondo-file-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        if let Some(text) = text {
            fs::write(folder.join("dondo.toml"), text).unwrap();
        }
        Self(folder)
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// The program, run here to its end.
    pub(super) fn run(&self, words: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(PROGRAM);
        for (name, _) in std::env::vars() {
            if name.starts_with("DONDO_") {
                command.env_remove(name);
            }
        }
        command.args(words).envs(variables.iter().copied());
        command.current_dir(&self.0).stdin(Stdio::null());
        command.output().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Fails if the named file is not read, or the log does not tell which was.
#[test]
fn it_starts_as_its_file_says_and_the_log_names_the_file() {
    let folder = Folder::with(Some("path = \"/live\"\n[limits]\nsessions-max = 7\n"));
    let file = folder.path("dondo.toml");
    let mut program = Program::start(&["--config", &file, "--listen", ANY], &[]);
    assert_eq!(program.get("/live/?EIO=4&transport=polling").status, 200);
    let log = program.log.join("\n");
    assert!(
        log.contains(&format!("settings are read from {file}")),
        "{log}"
    );
    assert!(log.contains("sessions-max 7"), "{log}");
    program.signal(Signal::TERM);
    assert_eq!(program.ended(), Some(0));
}

/// Fails if a start goes on with a file that is wrong, or says less than all of it.
#[test]
fn a_wrong_file_starts_nothing_and_each_fault_is_a_line() {
    let taken = TcpListener::bind(ANY).unwrap();
    let listen = taken.local_addr().unwrap();
    let text = format!("listen = \"{listen}\"\nworkrs = 2\ngrace = 10\n");
    let folder = Folder::with(Some(&text));
    let complaint = "dondo.toml:2: workrs is no setting; the nearest is workers\n\
         dondo.toml:3: grace = 10: a duration needs a unit: write 10s or 10ms (for example 25s, 250ms), in quotes\n";
    for words in [&[][..], &["check"], &["config", "show"], &["config", "env"]] {
        // Code 1 would be that of an address that is taken.
        let (code, out, err) = said(&folder.run(words, &[]));
        assert_eq!((code, &*out, &*err), (Some(2), "", complaint), "{words:?}");
    }
    let missing = [("DONDO_CONFIG", "gone.toml")];
    let (code, _, err) = said(&folder.run(&[], &missing));
    assert_eq!(code, Some(2));
    assert_eq!(
        err,
        "DONDO_CONFIG=gone.toml: there is no such file; write the name of one, or make it with `dondo init gone.toml`\n"
    );
}

/// Fails if `check` binds an address, finds fault with what is right, or hides what differs.
#[test]
fn what_is_in_order_is_called_so_with_what_differs_from_the_defaults() {
    let taken = TcpListener::bind(ANY).unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let folder = Folder::with(Some("max-payload = \"2MB\"\nhub.echo = true\n"));
    let variables = [("DONDO_LISTN", "x"), ("DONDO_WORKERS", "77")];
    let (code, out, err) = said(&folder.run(&["check", "--listen", &listen], &variables));
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(
        out,
        format!(
            "dondo.toml is in order\n\
             listen: {listen} (--listen {listen}), by default 127.0.0.1:11000,[::1]:11000\n\
             workers: 77 (DONDO_WORKERS=77), by default as many as the machine runs at once\n\
             engine.max-payload: 2MB (dondo.toml:1), by default 1MB\n"
        )
    );
    assert_eq!(
        err,
        "warning: dondo.toml:1: max-payload is an old name and goes with the next release: write engine.max-payload\n\
         warning: DONDO_LISTN is no setting and changes nothing; the nearest is DONDO_LISTEN\n"
    );
    let (code, out, _) = said(&Folder::with(None).run(&["check"], &[]));
    let nothing = "there is no file of settings; flags and environment are in order\n";
    assert_eq!((code, &*out), (Some(0), nothing));
}

/// Fails if a file that is there is written over, or the one that is begun is wrong.
#[test]
fn init_writes_a_file_that_is_in_order_and_never_over_another() {
    let folder = Folder::with(None);
    for (words, name) in [
        (&["init"][..], "dondo.toml"),
        (&["init", "a.toml"], "a.toml"),
    ] {
        let (code, out, err) = said(&folder.run(words, &[]));
        assert_eq!(code, Some(0), "{err}");
        assert!(out.starts_with(&format!("{name} is written; ")), "{out}");
        fs::write(folder.path(name), "workers = 3").unwrap();
        let (code, out, err) = said(&folder.run(words, &[]));
        assert_eq!((code, &*out), (Some(2), ""));
        assert_eq!(
            err,
            format!(
                "{name}: there is one, and it stays as it is; write another name: dondo init FILE\n"
            )
        );
        assert_eq!(
            fs::read_to_string(folder.path(name)).unwrap(),
            "workers = 3"
        );
    }
    let folder = Folder::with(None);
    folder.run(&["init", "--no-secrets"], &[]);
    let (code, out, err) = said(&folder.run(&["check"], &[]));
    assert_eq!(
        (code, &*out, &*err),
        (Some(0), "dondo.toml is in order\n", "")
    );
    let (code, _, err) = said(&folder.run(&["init", "nowhere/dondo.toml"], &[]));
    assert_eq!(code, Some(2));
    assert!(
        err.starts_with("nowhere/dondo.toml: cannot be written: "),
        "{err}"
    );
}

/// Fails if a hub that begins so has no secrets of its own, others can read them, or a second file takes others.
#[test]
fn init_writes_fresh_secrets_that_a_start_reads() {
    let folders = [Folder::with(None), Folder::with(None)];
    let names = ["token-secret", "api-keys.toml", "admin-password"];
    let [one, other] = folders.each_ref().map(|folder| {
        let (code, out, err) = said(&folder.run(&["init"], &[]));
        assert_eq!((code, &*err), (Some(0), ""));
        names.map(|name| {
            let path = folder.path(name);
            assert!(
                out.contains(&format!("{name} is written, with a fresh secret")),
                "{out}"
            );
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            // Its group is the packages', where root runs this beside them.
            assert_eq!(mode & 0o737, 0o600, "{name}");
            fs::read_to_string(path).unwrap()
        })
    });
    assert!(one.iter().zip(&other).all(|(one, other)| one != other));
    let folder = &folders[0];
    let (_, out, _) = said(&folder.run(&["init", "b.toml"], &[]));
    assert!(
        out.contains("token-secret was there, and stays as it is"),
        "{out}"
    );
    assert_eq!(
        names.map(|name| fs::read_to_string(folder.path(name)).unwrap()),
        one
    );
    let program = Program::start_in(&folder.path(""), &["--listen", ANY]);
    let log = program.log.join("\n");
    assert!(
        log.contains("tokens are known by 1 key: HS256 of token-secret"),
        "{log}"
    );
    let (code, token, err) = said(&folder.run(&["token", "new", "--account", "ada"], &[]));
    assert_eq!((code, token.split('.').count()), (Some(0), 3), "{err}");
    let alone = Folder::with(None);
    let (code, out, _) = said(&alone.run(&["init", "--no-secrets"], &[]));
    assert_eq!((code, out.lines().count()), (Some(0), 1));
    assert!(
        names
            .iter()
            .all(|name| !Path::new(&alone.path(name)).exists())
    );
}

/// Fails if what the program prints of its settings is not what it would start with.
#[test]
fn what_is_shown_can_be_a_file_of_its_own() {
    let folder = Folder::with(Some(
        "hosts = [\"a.example\", \"b.example\"]\nhub.echo = \"off\"\n",
    ));
    let words = ["--grace", "3s", "config", "show", "--workers", "5"];
    let (code, shown, err) = said(&folder.run(&words, &[("DONDO_HISTORY_COUNT", "9")]));
    assert_eq!(code, Some(0), "{err}");
    for line in [
        "grace = \"3s\" # --grace 3s",
        "workers = 5 # --workers 5",
        "count = 9 # DONDO_HISTORY_COUNT=9",
        "echo = \"off\" # dondo.toml:2",
        "hosts = [\"a.example\", \"b.example\"] # dondo.toml:1",
        "path = \"/socket.io/\" # default",
    ] {
        assert!(
            shown.lines().any(|shown| shown == line),
            "{line} in {shown}"
        );
    }
    let (_, dev, _) = said(&folder.run(&["config", "show", "--dev"], &[]));
    let implied = "origins = \"localhost\" # as --dev on implies\n";
    assert!(dev.contains(implied), "{dev}");
    let copy = Folder::with(Some(&shown));
    let (_, first, _) = said(&folder.run(
        &["config", "env", "--grace", "3s", "--workers", "5"],
        &[("DONDO_HISTORY_COUNT", "9")],
    ));
    let (_, second, _) = said(&copy.run(&["config", "env"], &[]));
    assert!(first.contains("\nDONDO_HUB_ECHO=off\n"), "{first}");
    assert_eq!(first, second);
}

/// Fails if `dondo doctor` does not see that an address is taken, ends as if nothing were wrong, or starts a hub.
#[test]
fn doctor_says_what_around_the_settings_does_not_work() {
    let taken = TcpListener::bind(ANY).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::with(None);
    let asked = [
        "doctor",
        "--limits.sessions-max",
        "10",
        "--admin-listen",
        "off",
    ];
    let doctor = |listen: &str, more: &[&str]| {
        let words = [&asked[..], &["--listen", listen], more].concat();
        let (code, out, err) = said(&folder.run(&words, &[]));
        assert_eq!(err, "");
        (code, out)
    };
    let (code, out) = doctor(ANY, &[]);
    let nothing =
        "nothing is wrong: settings, addresses, open files, memory, clock and certificate\n";
    assert_eq!((code, &*out), (Some(0), nothing));
    let (code, out) = doctor(ANY, &["--insecure.no-rate-limits", "on"]);
    assert!(
        out.starts_with("warning: insecure: --insecure.no-rate-limits on: "),
        "{out}"
    );
    assert_eq!(code, Some(0));
    let (code, out) = doctor(&address, &[]);
    let begin = format!("fault: --listen {address} cannot be had: ");
    assert!(out.starts_with(&begin) && out.lines().count() == 1, "{out}");
    assert_eq!(code, Some(1));
    let hub = Program::start(&["--listen", ANY], &[]);
    let (code, out) = doctor(&hub.addresses[0].to_string(), &[]);
    let begin = format!("warning: --listen {}: a hub runs there", hub.addresses[0]);
    assert!(out.starts_with(&begin) && out.lines().count() == 1, "{out}");
    assert_eq!(code, Some(0));
    let (code, _, err) = said(&folder.run(&["doctor", "--workers", "0"], &[]));
    assert!(err.starts_with("--workers 0: "), "{err}");
    assert_eq!(code, Some(2));
}

/// Fails if a hub that is open to strangers does not say so at its start.
#[test]
fn what_is_open_to_strangers_is_warned_of() {
    let mut program = Program::start(
        &["--listen", "0.0.0.0:0", "--insecure.no-rate-limits", "on"],
        &[],
    );
    program.signal_until(Signal::HUP, "SIGHUP: the settings are those");
    let warned: Vec<_> = program
        .log
        .iter()
        .filter(|line| line.contains("WARN") && line.contains("insecure: "))
        .collect();
    assert_eq!(warned.len(), 2, "{warned:?}");
    assert!(warned[0].contains("--listen 0.0.0.0:"), "{warned:?}");
}
