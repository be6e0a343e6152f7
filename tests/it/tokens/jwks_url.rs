//! Keys from an address: that of another server on this machine, over HTTP and with TLS.

use std::fs;
use std::process::Command;

use rustix::process::Signal;
use serde_json::json;

use super::program::connected;
use super::{Issuer, KeyFolder, ada};
use crate::hub::program::{PROGRAM, Program};
use crate::support::tls;

const ANY: [&str; 2] = ["--listen", "127.0.0.1:0"];
/// Of an address that nobody else binds: once who listens there is gone, nobody does.
const OWN: [&str; 2] = ["--listen", "127.79.0.1:0"];

/// A server of a folder's files.
fn serving(folder: &KeyFolder, listen: &[&str], more: &[&str]) -> Program {
    folder.write("index.html", "keys");
    let files = ["--static", folder.0.to_str().unwrap()];
    Program::start(&[listen, &files, more].concat(), &[])
}

/// A hub that has its keys from there.
fn asking(address: &str, variables: &[(&str, &str)]) -> Program {
    let flags = ["--auth.guests", "off", "--auth.jwks-url", address];
    Program::start(&[&ANY[..], &flags].concat(), variables)
}

/// Fails if the keys of an address are not known, others are, a new set is not taken, or what is no set, too large or elsewhere
/// takes the place of the last one.
#[test]
fn keys_of_an_address_know_their_tokens_and_follow_it() {
    let (mut old, mut new) = (Issuer::start(), Issuer::start());
    let folder = KeyFolder::new("address");
    let file = folder.write("jwks.json", &old.keys["jwks"].to_string());
    let server = serving(&folder, &OWN, &[]);
    let address = format!("http://{}/jwks.json", server.addresses[0]);
    let mut hub = asking(&address, &[]);
    let known = "--auth.jwks-url: it has 3 keys: ";
    assert!(
        hub.log.iter().any(|line| line.contains(known)),
        "{:?}",
        hub.log
    );
    let mut tokens = |algorithm: &str| {
        let named = json!({"kid": format!("key-{algorithm}")});
        [&mut old, &mut new].map(|issuer| issuer.sign_with(algorithm, &ada(json!({})), &named))
    };
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let [old, new] = tokens(algorithm);
        assert!(connected(&hub, &old).starts_with("40{"), "{algorithm}");
        assert!(
            connected(&hub, &new).contains("token_foreign"),
            "{algorithm}"
        );
    }
    let [before, after] = tokens("ES256");
    fs::write(&file, new.keys["jwks"].to_string()).unwrap();
    hub.signal(Signal::HUP);
    hub.wait_for(known);
    assert!(connected(&hub, &before).contains("token_foreign"));
    let stays = |hub: &mut Program, why: &str| {
        hub.signal(Signal::HUP);
        hub.wait_for(why);
        assert!(
            hub.log
                .last()
                .unwrap()
                .contains("its keys stay as they were")
        );
        assert!(connected(hub, &after).starts_with("40{"), "{why}");
    };
    fs::write(&file, "{}").unwrap();
    stays(&mut hub, "it is no set of keys in JSON");
    fs::write(&file, "x".repeat(300_000)).unwrap();
    stays(&mut hub, "no text of at most 262144 bytes");
    fs::remove_file(&file).unwrap();
    stays(&mut hub, "it answers 404");
    fs::create_dir(&file).unwrap();
    fs::write(file.join("index.html"), "elsewhere").unwrap();
    stays(&mut hub, "leads elsewhere");
    drop(server);
    stays(&mut hub, "it cannot be had");
}

/// Fails if a service that takes all of its keys back is not believed, does so in silence, or cannot give keys again.
#[test]
fn a_set_without_keys_takes_them_all_back_and_is_told_at_each_look() {
    let mut issuer = Issuer::start();
    let folder = KeyFolder::new("empty");
    let set = issuer.keys["jwks"].to_string();
    let file = folder.write("jwks.json", &set);
    let server = serving(&folder, &ANY, &[]);
    let address = format!("http://{}/jwks.json", server.addresses[0]);
    let mut hub = asking(&address, &[]);
    let token = issuer.sign("ES256", &ada(json!({})));
    assert!(connected(&hub, &token).starts_with("40{"));
    let mut foreign = issuer.keys["jwks"]["keys"][1].clone();
    foreign["alg"] = json!("ES512");
    for (without, why) in [
        (json!([]), "for signatures; "),
        (json!([]), "for signatures; "),
        (
            json!([foreign]),
            "for signatures (the key \"key-ES256\": its algorithm ",
        ),
    ] {
        fs::write(&file, json!({ "keys": without }).to_string()).unwrap();
        hub.signal(Signal::HUP);
        hub.wait_for("tokens of its keys are refused until it has one");
        let told = hub.log.last().unwrap();
        assert!(
            told.contains(&format!("--auth.jwks-url {address}: it has no key ")),
            "{told}"
        );
        assert!(told.contains(why), "{told}");
        assert!(
            connected(&hub, &token).contains("token_foreign"),
            "{without}"
        );
    }
    fs::write(&file, set).unwrap();
    hub.signal(Signal::HUP);
    hub.wait_for("--auth.jwks-url: it has 3 keys: ");
    assert!(connected(&hub, &token).starts_with("40{"));
}

/// Fails if a key that cannot be used keeps new ones from being known, is passed over in silence, or is told of at looks at
/// which nothing is new.
#[test]
fn a_key_of_a_set_that_cannot_be_used_is_in_no_others_way() {
    let mut issuer = Issuer::start();
    let folder = KeyFolder::new("unusable");
    let mut set = issuer.keys["jwks"].clone();
    set["keys"][0]["n"] = json!("AQAB");
    set["keys"][0]["kid"] = json!("weak");
    let file = folder.write("jwks.json", &set.to_string());
    let server = serving(&folder, &ANY, &[]);
    let address = format!("http://{}/jwks.json", server.addresses[0]);
    let mut by_address = asking(&address, &[]);
    let path = file.to_str().unwrap();
    let flags = ["--auth.guests", "off", "--auth.jwks-file", path];
    let by_file = Program::start(&[&ANY[..], &flags].concat(), &[]);
    let why = "not all of its keys are used: the key \"weak\": the RSA key has less than 2048 bits";
    for (hub, named) in [
        (&by_address, "--auth.jwks-url: ".to_owned()),
        (&by_file, format!("--auth.jwks-file {path}: ")),
    ] {
        let told: Vec<_> = hub.log.iter().filter(|line| line.contains(why)).collect();
        assert!(
            matches!(&told[..], [line] if line.contains("WARN") && line.contains(&named)),
            "{:?}",
            hub.log
        );
        let mut answer = |algorithm: &str| connected(hub, &issuer.sign(algorithm, &ada(json!({}))));
        assert!(answer("RS256").contains("token_foreign"));
        for algorithm in ["ES256", "EdDSA"] {
            assert!(answer(algorithm).starts_with("40{"), "{algorithm}");
        }
    }
    fs::write(&file, issuer.keys["jwks"].to_string()).unwrap();
    by_address.signal(Signal::HUP);
    by_address.wait_for("--auth.jwks-url: it has 3 keys: ");
    let token = issuer.sign("RS256", &ada(json!({})));
    assert!(connected(&by_address, &token).starts_with("40{"));
}

/// Fails if a hub whose address of keys does not answer does not start, lets somebody in, or does not say why not.
#[test]
fn without_an_answer_nobody_is_known_and_a_line_says_why() {
    let mut issuer = Issuer::start();
    let hub = asking("http://127.0.0.1:9/jwks.json", &[]);
    let told = "--auth.jwks-url http://127.0.0.1:9/jwks.json: it cannot be had: ";
    let line = hub.log.iter().find(|line| line.contains(told));
    assert!(
        line.is_some_and(|line| line.contains("tokens of its keys are refused until it answers")),
        "{:?}",
        hub.log
    );
    let token = issuer.sign("ES256", &ada(json!({})));
    assert!(connected(&hub, &token).contains("token_foreign"));
}

/// Fails if a command says nothing of keys that no token is known by: of an address that gives none, of one that gives not all,
/// and of a file.
#[test]
fn commands_say_which_keys_are_not_there() {
    let mut issuer = Issuer::start();
    let folder = KeyFolder::new("commands");
    let mut set = issuer.keys["jwks"].clone();
    set["keys"][0]["n"] = json!("AQAB");
    set["keys"][0]["kid"] = json!("weak");
    let file = folder.write("jwks.json", &set.to_string());
    let server = serving(&folder, &OWN, &[]);
    let address = format!("http://{}/jwks.json", server.addresses[0]);
    let [known, weak] = ["ES256", "RS256"].map(|algorithm| issuer.sign(algorithm, &ada(json!({}))));
    let unused =
        "not all of its keys are used: the key \"weak\": the RSA key has less than 2048 bits";
    let by_address = ["--auth.jwks-url", &address];
    let by_file = ["--auth.jwks-file", file.to_str().unwrap()];
    for flags in [by_address, by_file] {
        let told = format!("warning: {} {}: {unused}", flags[0], flags[1]);
        for (words, code, verdict) in [
            (
                &["token", "inspect", &*known][..],
                0,
                "good: it lets ada in",
            ),
            (&["token", "inspect", &weak], 1, "token_foreign: "),
            (
                &["doctor", "--listen", "127.0.0.1:0", "--admin-listen", "off"],
                0,
                "warning",
            ),
        ] {
            let (found, said) = ended(&[words, &flags].concat());
            assert!(said.contains(&told) && said.contains(verdict), "{said}");
            assert_eq!(found, Some(code), "{said}");
        }
    }
    let (code, said) = ended(&[&["check"][..], &by_file].concat());
    assert!(code == Some(0) && said.contains(unused), "{said}");
    drop(server);
    let told = format!("--auth.jwks-url {address}: it cannot be had: ");
    let (code, said) = ended(&[&["token", "inspect", &known][..], &by_address].concat());
    assert!(
        said.contains(&told) && said.contains("nobody knows whether it is good: "),
        "{said}"
    );
    assert_eq!(code, Some(1), "{said}");
    let (code, said) = ended(&[&["doctor", "--listen", "127.0.0.1:0"][..], &by_address].concat());
    assert!(said.contains(&format!("fault: {told}")), "{said}");
    assert_eq!(code, Some(1), "{said}");
}

/// How the program ends, and all that it says.
fn ended(words: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(PROGRAM).args(words).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// Fails if an address is not asked with TLS, or one is believed whose certificate nobody trusts.
#[test]
fn an_address_with_tls_is_believed_by_its_certificate_alone() {
    let mut issuer = Issuer::start();
    let folder = KeyFolder::new("https");
    folder.write("jwks.json", &issuer.keys["jwks"].to_string());
    let secrets = KeyFolder::new("https-certificate");
    let (chain, key) = tls::write(&secrets.0);
    let (chain, key) = (chain.to_str().unwrap(), key.to_str().unwrap());
    let server = serving(
        &folder,
        &ANY,
        &["--tls.certificate-file", chain, "--tls.key-file", key],
    );
    let address = format!("https://{}/jwks.json", server.addresses[0]);
    let token = issuer.sign("EdDSA", &ada(json!({})));
    let trusting = asking(&address, &[("SSL_CERT_FILE", chain)]);
    assert!(
        connected(&trusting, &token).starts_with("40{"),
        "{:?}",
        trusting.log
    );
    let other = tls::files().0.to_str().unwrap();
    let hub = asking(&address, &[("SSL_CERT_FILE", other)]);
    assert!(hub.log.iter().any(|line| line.contains("it cannot be had")));
    assert!(connected(&hub, &token).contains("token_foreign"));
}
