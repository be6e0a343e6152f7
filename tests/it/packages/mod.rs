//! What packages bring beside the program: completions, manual, health check, unit, and the board of an operator.

mod board;
mod container;
mod health;
mod shell;
mod unit;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::hub::program::PROGRAM;

/// What the program says to these words, without settings of this shell.
fn said(words: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut program = Command::new(PROGRAM);
    for (name, _) in std::env::vars() {
        if name.starts_with("DONDO_") {
            program.env_remove(name);
        }
    }
    let program = program.args(words).envs(variables.iter().copied());
    program.output().unwrap()
}

/// The same as text, of an answer that is a good one.
fn printed(words: &[&str]) -> String {
    let output = said(words, &[]);
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// An empty folder of a test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}
