//! The program: it makes tokens and explains them, reads its keys again, and writes none of them down.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use rustix::process::Signal;
use serde_json::json;

use super::{Issuer, KeyFolder, SECRET, ada};
use crate::hub::program::{PROGRAM, Program};
use crate::support::http;

const ANY: &str = "127.0.0.1:0";

fn dondo(args: &[&str], input: &str) -> Output {
    let mut command = Command::new(PROGRAM);
    let child = command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = child.stderr(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn made(secret: &str, args: &[&str]) -> String {
    let output = dondo(
        &[&["token", "new", "--auth.secret-file", secret], args].concat(),
        "",
    );
    assert!(output.status.success(), "{output:?}");
    said(&output).trim_end().to_owned()
}

/// The answer to a CONNECT with this token.
pub(super) fn connected(program: &Program, token: &str) -> String {
    let mut socket = program.websocket("/socket.io/?EIO=4&transport=websocket");
    socket.next_text();
    socket.text(&format!("40{}", json!({ "token": token })));
    socket.next_text()
}

/// Fails if a token that the program makes is not one that it takes, or if what it says of one is not what it does.
#[test]
fn it_makes_tokens_that_it_takes_and_says_why_it_takes_others_not() {
    let folder = KeyFolder::new("command");
    let path = folder.write("secret", SECRET);
    let secret = path.to_str().unwrap();
    let program = Program::start(
        &["--listen", ANY, "--auth.guests", "off"],
        &[("DONDO_AUTH_SECRET_FILE", secret)],
    );
    let token = made(
        secret,
        &[
            "--account",
            "ada",
            "--name",
            "Ada",
            "--join",
            "orders-*",
            "--send",
            "",
            "--presence",
            "orders-*",
        ],
    );
    assert!(connected(&program, &token).starts_with("40{"));
    let inspect = |token: &str, file: &str| {
        let by_argument = dondo(&["token", "inspect", token, "--auth.secret-file", file], "");
        let by_input = dondo(
            &["token", "inspect", "--auth.secret-file", file],
            &format!("{token}\n"),
        );
        assert_eq!(by_argument, by_input);
        (said(&by_argument), by_argument.status.code())
    };
    let (told, code) = inspect(&token, secret);
    assert_eq!(code, Some(0), "{told}");
    for part in [
        r#""alg": "HS256""#,
        r#""sub": "ada""#,
        "orders-*",
        "good: it lets ada in, whom others see as Ada",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    // Each can be taken back by itself.
    let id = |more: &[&str]| {
        let (told, _) = inspect(
            &made(secret, &[&["--account", "ada"], more].concat()),
            secret,
        );
        let line = told.lines().find(|line| line.contains("\"jti\"")).unwrap();
        line.split('"').nth(3).unwrap().to_owned()
    };
    assert_ne!(id(&[]), id(&[]));
    assert_eq!(id(&["--id", "mine"]), "mine");
    let old = made(secret, &["--account", "ada", "--expires", "0s"]);
    let other = folder.write("other", &"x".repeat(40));
    let foreign = made(other.to_str().unwrap(), &["--account", "ada"]);
    let room = made(secret, &["--room", "desk", "--channel", "sales"]);
    // It is looked at behind the leeway, which 0s of life is within.
    let lenient = ["--auth.leeway", "0s"];
    let output = dondo(
        &[
            &["token", "inspect", &old, "--auth.secret-file", secret],
            &lenient[..],
        ]
        .concat(),
        "",
    );
    assert_eq!(
        (
            said(&output).contains("token_expired"),
            output.status.code()
        ),
        (true, Some(1))
    );
    for (token, part, code) in [
        (&*foreign, "token_foreign", 1),
        ("nonsense", "token_invalid", 1),
        (&room, "good: it opens the room desk\n", 0),
    ] {
        let (told, found) = inspect(token, secret);
        assert!(told.contains(part), "{told}");
        assert_eq!(found, Some(code), "{told}");
    }
    assert!(connected(&program, &foreign).contains("token_foreign"));
    let flat = ["--auth.secret-file", secret, "--hub.room-scope", "flat"];
    for args in [&["check"][..], &["token", "inspect", &room]] {
        let told = dondo(&[args, &flat].concat(), "");
        let told = [told.stdout, told.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert!(told.contains("rooms are in no channel"), "{told}");
    }
    let whose = dondo(&["token", "new", "--auth.secret-file", secret], "");
    let said = String::from_utf8_lossy(&whose.stderr);
    assert!(
        said.contains("--account <ACCOUNT>") && said.contains("--room <ROOM>"),
        "{said}"
    );
    let without = dondo(&["token", "new", "--account", "ada"], "");
    assert_eq!(without.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&without.stderr).contains("--auth.secret-file"));
}

/// Fails if a hub starts that nobody could come into, or that asks nobody for the tokens that somebody has in mind; or if a
/// check says that it would.
#[test]
fn it_does_not_start_where_tokens_are_meant_and_no_key_is_there() {
    for (name, value, told) in [
        ("--auth.guests", "off", "nobody could come in"),
        (
            "--auth.issuer",
            "https://id.example",
            "no token would be asked",
        ),
        ("--auth.audience", "chat", "no token would be asked"),
    ] {
        for args in [&[name, value][..], &["check", name, value]] {
            let output = dondo(args, "");
            assert_eq!(output.status.code(), Some(2), "{output:?}");
            let wrong = String::from_utf8_lossy(&output.stderr);
            assert!(
                wrong.starts_with(&format!("{name} {value}: {told}")),
                "{wrong}"
            );
        }
    }
}

/// Fails if new keys are not taken at SIGHUP, old ones are taken still, or broken ones replace those that there are; or if
/// nobody is told which count, or that others can read them.
#[test]
fn at_sighup_it_reads_its_keys_again() {
    let mut issuer = Issuer::start();
    let folder = KeyFolder::new("hangup");
    let path = folder.write("secret", SECRET);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
    let file = path.to_str().unwrap();
    let mut program = Program::start(&["--listen", ANY, "--auth.secret-file", file], &[]);
    let has = |log: &[String], text: &str| log.iter().any(|line| line.contains(text));
    assert!(has(
        &program.log,
        "may read it: `chmod o-r` it (--auth.secret-file)"
    ));
    let started = format!("tokens are known by 1 key: HS256 of {file}");
    assert!(has(&program.log, &started), "{:?}", program.log);
    let mut sign =
        |secret: &str| issuer.sign_with("HS256", &ada(json!({})), &json!({ "secret": secret }));
    let other = "another secret, as long as it has to be";
    let (old, new) = (sign(SECRET), sign(other));
    assert!(connected(&program, &old).starts_with("40{"));
    assert!(connected(&program, &new).contains("token_foreign"));
    fs::write(&path, "short").unwrap();
    program.signal(Signal::HUP);
    program.wait_for("the keys stay as they are");
    assert!(connected(&program, &old).starts_with("40{"));
    fs::write(&path, other).unwrap();
    program.signal(Signal::HUP);
    program.wait_for("chmod o-r");
    program.wait_for("SIGHUP: tokens are known by 1 key: HS256 of ");
    assert!(connected(&program, &new).starts_with("40{"));
    assert!(connected(&program, &old).contains("token_foreign"));
}

/// Fails if a token, which is a secret, can be read in the log, from wherever in a request it came.
#[test]
fn no_token_is_written_into_the_log() {
    let mut issuer = Issuer::start();
    let folder = KeyFolder::new("log");
    let secret = folder.write("secret", SECRET);
    let secret = secret.to_str().unwrap();
    let flags = [
        "--listen",
        ANY,
        "--grace",
        "0s",
        "--auth.secret-file",
        secret,
    ];
    let mut program = Program::start(&flags, &[("RUST_LOG", "trace")]);
    let good = issuer.sign("HS256", &ada(json!({})));
    let bad = issuer.forge("ES256", &ada(json!({})));
    for token in [&good, &bad] {
        connected(&program, token);
        for target in [
            format!("/socket.io/?EIO=4&transport=polling&token={token}"),
            format!("/socket.io/?EIO=4&transport=nothing&token={token}"),
            format!("/events?channel=a&access_token={token}"),
            format!("/events?access_token={token}"),
            format!("/nowhere?access_token={token}"),
            format!("/chatHub?id=1&access_token={token}"),
        ] {
            let headers = format!("Authorization: Bearer {token}\r\n");
            http::read_head(&mut program.request("GET", &target, &headers, ""));
        }
    }
    program.signal(Signal::TERM);
    program.ended();
    let log = program.log.join("\n");
    assert!(
        log.contains("token refused") || log.contains("is not for this hub"),
        "{log}"
    );
    for token in [&good, &bad] {
        let signature = token.rsplit('.').next().unwrap();
        assert!(!log.contains(signature) && !log.contains(token.as_str()));
    }
    assert!(!log.contains(SECRET));
}
