//! The program's commands that ask a running hub.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::{KEY, KeysFile, hub, is_put_out, joins, logged_in, member_of};
use crate::hub::program::Program;
use crate::support::{Hub, tls};

/// A file with a secret; it goes with the value.
struct SecretFile(std::path::PathBuf);

impl SecretFile {
    fn new(secret: &str) -> Self {
        let name = format!(
            "dondo-secret-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        );
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, format!("{secret}\n")).unwrap();
        Self(file)
    }
}

impl Drop for SecretFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn run(hub: &Hub, secret: &SecretFile, words: &[&str], input: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_dondo"))
        .args(words)
        .env("DONDO_API", format!("http://{}", hub.operators()))
        .env("DONDO_KEY_FILE", &secret.0)
        // It may name a proxy, which the secret must not come to.
        .env("http_proxy", "http://127.0.0.1:9")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    program
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    program.wait_with_output().unwrap()
}

/// Fails if a command cannot ask with TLS, or says its secret to whom nobody trusts.
#[test]
fn commands_ask_with_tls_where_the_address_says_so() {
    let (file, secret) = (KeysFile::new(), SecretFile::new(KEY));
    let (chain, key) = tls::files();
    let flags = [
        ["--listen", "127.0.0.1:0"],
        ["--api.keys-file", file.path()],
        ["--api.public", "on"],
        ["--tls.certificate-file", chain.to_str().unwrap()],
        ["--tls.key-file", key.to_str().unwrap()],
    ];
    let program = Program::start(&flags.concat(), &[]);
    let asked = |trusted: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dondo"));
        let api = format!("https://{}", program.addresses[0]);
        command
            .args(["channels", "--api", &api, "--key-file"])
            .arg(&secret.0);
        command.env("SSL_CERT_FILE", trusted).output().unwrap()
    };
    let done = asked(chain.to_str().unwrap());
    assert!(done.status.success(), "{done:?}");
    let refused = asked("Cargo.toml");
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("does not answer"));
}

/// Fails if a command does something else than its name says, or shows another result.
#[test]
fn commands_do_over_the_api_what_they_say() {
    let (hub, secret) = (hub(), SecretFile::new(KEY));
    let mut member = member_of(&hub, "lobby");
    let mut ama = logged_in(&hub, "ama");
    let id = joins(&mut ama, "a/b c");
    let den = json!({"data": {"roomId": "den", "roomChannel": "a/b c"}});
    assert_eq!(ama.ask("join-room", &[den])["ok"], true);
    let done = |words: &[&str], input: &str| {
        let done = run(&hub, &secret, words, input);
        let complaint = String::from_utf8(done.stderr).unwrap();
        assert!(done.status.success(), "{words:?}: {complaint}");
        String::from_utf8(done.stdout).unwrap()
    };
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(
        read(&done(&["pub", "lobby", "-5", "--user", "shop"], ""))["recipients"],
        1
    );
    let heard = member.event("lobby");
    assert_eq!(
        (
            &heard[0]["data"]["message"],
            &heard[0]["source"]["userName"]
        ),
        (&json!("-5"), &json!("shop"))
    );
    done(&["pub", "lobby", "-"], "two\nlines\n");
    assert_eq!(member.event("lobby")[0]["data"]["message"], "two\nlines");
    done(&["pub", "-", "to the room", "--room", "den"], "");
    assert_eq!(
        ama.event("notify-room")[0]["data"]["message"],
        "to the room"
    );
    assert_eq!(done(&["channels"], ""), "a/b c\t1\nlobby\t1\n");
    assert_eq!(done(&["rooms"], ""), "den\t1\n");
    assert_eq!(done(&["members"], "").lines().count(), 2);
    assert_eq!(
        done(&["members", "--channel", "a/b c"], ""),
        format!("{id}\tama\t127.0.0.1\n")
    );
    assert_eq!(
        done(&["members", "--room", "den"], ""),
        format!("{id}\tama\t127.0.0.1\n")
    );
    for (channel, expected) in [
        ("a/b c", format!("{id}\tama\t127.0.0.1\n")),
        ("lobby", String::new()),
    ] {
        let within = done(&["members", "--channel", channel, "--room", "den"], "");
        assert_eq!(within, expected, "{channel}");
    }
    assert_eq!(
        read(&done(&["kick", &id, "--channel", "a/b c"], ""))["kicked"],
        true
    );
    let banned = read(&done(&["ban", "--account", "ama", "--for", "1h"], ""));
    assert_eq!(banned["disconnected"], 1);
    is_put_out(ama);
}

/// Fails if a command cannot use the keys that a hub reads, as `dondo init` writes them, or if what is wrong with a file is said of the hub.
#[test]
fn a_command_takes_its_key_from_the_hubs_own_file() {
    let (hub, keys, broken) = (hub(), KeysFile::new(), SecretFile::new("two\nlines"));
    let run = |file: &str, more: &[&str]| {
        let words = [&["channels", "--key-file", file], more].concat();
        let done = run(&hub, &broken, &words, "");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        (done.status.code(), said)
    };
    assert_eq!(
        run(keys.path(), &["--key", "reader"]),
        (Some(0), String::new())
    );
    let (code, said) = run(keys.path(), &[]);
    assert!(
        said.contains("--key: all, orders, reader, publisher"),
        "{said}"
    );
    assert_eq!(code, Some(1));
    let broken = broken.0.to_str().unwrap();
    let (code, said) = run(broken, &[]);
    assert!(
        said.contains("stands alone in it") && !said.contains("answer"),
        "{said}"
    );
    assert_eq!(code, Some(1));
    let clients = format!("http://{}", hub.address());
    let elsewhere = run(keys.path(), &["--key", "reader", "--api", &clients]);
    assert_eq!(elsewhere, (Some(0), String::new()), "it is public there");
}

/// Fails if a command that did nothing ends as if it had, or does not say why.
#[test]
fn a_command_that_is_refused_says_why_and_ends_with_one() {
    let (hub, secret, wrong) = (hub(), SecretFile::new(KEY), SecretFile::new("wrong"));
    drop(std::fs::write(&secret.0, KEY));
    let refused = |secret: &SecretFile, words: &[&str]| {
        let done = run(&hub, secret, words, "");
        assert_eq!(
            (done.status.code(), done.stdout.len()),
            (Some(1), 0),
            "{words:?}"
        );
        String::from_utf8(done.stderr).unwrap()
    };
    assert!(refused(&secret, &["pub", "join-room", "x"]).starts_with("reserved_name: "));
    assert!(refused(&secret, &["ban", "--account", "a", "--for", "soon"]).contains("(for)"));
    let nobody = refused(&secret, &["channels", "--api", "http://127.0.0.1:9"]);
    assert!(nobody.contains("--admin-listen"), "{nobody}");
    std::fs::write(&wrong.0, "wrong").unwrap();
    assert!(refused(&wrong, &["channels"]).starts_with("unauthorized: "));
    let missing = refused(&secret, &["channels", "--key-file", "/nowhere"]);
    assert!(missing.contains("/nowhere"), "{missing}");
}
