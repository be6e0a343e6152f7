//! Artillery's scenarios against a hub, in their short form: nobody fails, and who should is seen to.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::Hub;

const RUN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/artillery/run");

fn run(hub: &Hub, scenarios: &[&str]) -> Output {
    let installed = Path::new(RUN).with_file_name("node_modules");
    assert!(
        installed.exists(),
        "Artillery is missing: run ./tests/run once, which installs it"
    );
    let mut run = Command::new(RUN);
    run.args(["--short", "--target", &hub.url()]);
    run.args(scenarios).output().unwrap()
}

/// The lines of the sum that comes last.
fn sum(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let (_, sum) = text
        .rsplit_once("== sum\n")
        .unwrap_or_else(|| panic!("{output:?}"));
    sum.lines().map(str::to_owned).collect()
}

/// Fails if one of Artillery's clients is not answered as its scenario has it.
#[test]
fn no_client_of_artillery_fails() {
    let hub = Hub::program(&["--namespaces", "/,/other"]);
    let output = run(&hub, &[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let scenarios = ["acks", "channel", "connect", "dotnet", "namespace", "rooms"];
    assert_eq!(sum(&output), scenarios.map(|name| format!("ok: {name}")));
}

/// Fails if a scenario would go on saying that all is well where clients are refused, or answered otherwise.
#[test]
fn a_client_of_artillery_that_is_refused_is_seen() {
    let hub = Hub::program(&["--hub.name-bytes-max", "10"]);
    let output = run(&hub, &["acks", "connect", "namespace"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(
        sum(&output),
        ["FAILED: acks", "ok: connect", "FAILED: namespace"]
    );
}
