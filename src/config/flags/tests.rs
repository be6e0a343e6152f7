//! Every setting by flag and variable, new name and old. Knows no setting's meaning.
//! Over 400 lines: a value for every setting stands in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{LazyLock, Once};

use dondo_actors::rate::Rated;

use crate::config::given::Given;
use crate::config::table::variable;
use crate::keys::samples;

use super::*;

mod file;
mod wrong;

/// Filled by [`given`], because settings are checked.
const CLIENT_DIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/client-dist");

/// As `CLIENT_DIST`: a certificate with its key, and the key alone.
const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/certificate.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/key.pem");

/// Filled as well.
const SECRET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/client-dist/secret");
const PUBLIC_KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/client-dist/key.pem");
const JWKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/client-dist/jwks.json");

/// The same.
const KEYS_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/client-dist/keys.toml");

const PASSWORD_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/client-dist/password");
const VIEWERS_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/client-dist/viewers");

/// Every setting with a value that is not its default.
const CASES: [(&str, &str); 93] = [
    ("listen", "0.0.0.0:80,[::]:80"),
    ("dev", "on"),
    ("container", "on"),
    ("admin-listen", "127.0.0.1:81"),
    ("namespaces", "/,/other"),
    ("path", "/live/"),
    ("chat-hub", "off"),
    (
        "origins",
        "https://a.example,http://[::1]:3000,app://a,null",
    ),
    ("hosts", "a.example,[::1]"),
    ("trusted-proxies", "10.0.0.0/8,::1"),
    ("client-dist", CLIENT_DIST),
    ("static-files", CLIENT_DIST),
    ("workers", "77"),
    ("room-threads", "0"),
    ("grace", "1s"),
    ("log-format", "json"),
    ("access-log", "on"),
    ("memory-max", "40MB"),
    ("session-bytes-max", "20MB"),
    ("tls.certificate-file", CERTIFICATE),
    ("tls.key-file", KEY),
    ("endpoints.websocket", "/plain/"),
    ("endpoints.events", "off"),
    ("endpoints.echo", "/echo/"),
    ("engine.ping-interval", "1s"),
    ("engine.ping-timeout", "1s"),
    ("engine.upgrade-timeout", "1s"),
    ("engine.connect-timeout", "1s"),
    ("engine.request-timeout", "1s"),
    ("engine.subprotocols", "chat.v1"),
    ("engine.http-compression", "off"),
    ("engine.max-payload", "64KiB"),
    ("engine.packet-bytes-max", "2MB"),
    ("engine.attachments-max", "0"),
    ("engine.attachments-timeout", "1s"),
    ("limits.sessions-max", "1"),
    ("limits.address-sessions-max", "1"),
    ("limits.connection-sessions-max", "1"),
    ("limits.inbound-max", "1"),
    ("limits.address-bytes-max", "1MB"),
    ("limits.unfinished-bytes-max", "1MB"),
    ("limits.burst", "1s"),
    ("limits.address-handshakes-per-s", "1"),
    ("limits.messages-per-s", "1"),
    ("limits.address-messages-per-s", "1"),
    ("limits.joins-per-s", "1"),
    ("limits.address-joins-per-s", "1"),
    ("limits.bytes-per-s", "1MB"),
    ("limits.address-bytes-per-s", "1MB"),
    ("limits.deliveries-per-s", "1"),
    ("limits.address-deliveries-per-s", "1"),
    ("limits.account-sessions-max", "1"),
    ("limits.account-messages-per-s", "1"),
    ("delivery.outbox-bytes-max", "3MB"),
    ("delivery.outbox-count-max", "16"),
    ("delivery.stall-timeout", "2s"),
    ("delivery.courier-window", "1"),
    ("delivery.courier-stall", "2s"),
    ("history.count", "9"),
    ("history.age", "9s"),
    ("history.bytes", "9MB"),
    ("auth.secret-file", SECRET),
    ("auth.public-key-file", PUBLIC_KEY),
    ("auth.jwks-file", JWKS),
    ("auth.jwks-url", "https://id.example/jwks.json"),
    ("auth.jwks-refresh", "1h"),
    ("auth.guests", "off"),
    ("auth.issuer", "https://id.example"),
    ("auth.audience", "chat"),
    ("auth.account-claim", "email"),
    ("auth.name-claim", "nickname"),
    ("auth.leeway", "1s"),
    ("hub.echo", "off"),
    ("hub.name-bytes-max", "9"),
    ("hub.channels-max", "1"),
    ("hub.rooms-max", "1"),
    ("hub.room-scope", "strict"),
    ("hub.strict-targets", "on"),
    ("hub.require-join-to-send", "on"),
    ("hub.require-channel-for-room", "on"),
    ("hub.slow-mode", "lobby=1m30s,orders-*=250ms"),
    ("hub.channel-capacity", "lobby=2,*=1000"),
    ("hub.rooms-default-access", "invite"),
    ("presence.interval", "1s"),
    ("presence.deliveries-per-s", "1"),
    ("presence.online-users", "channel"),
    ("presence.join-events-up-to", "0"),
    ("api.keys-file", KEYS_FILE),
    ("api.public", "on"),
    ("admin.password-file", PASSWORD_FILE),
    ("admin.viewer-password-file", VIEWERS_FILE),
    ("insecure.no-rate-limits", "on"),
    ("insecure.keep-client-id", "on"),
];

/// Every flag of a release ago, and what it is now.
const OLD: [(&str, &str); 27] = [
    ("outbox-total-max", "memory-max"),
    ("ping-interval", "engine.ping-interval"),
    ("ping-timeout", "engine.ping-timeout"),
    ("upgrade-timeout", "engine.upgrade-timeout"),
    ("connect-timeout", "engine.connect-timeout"),
    ("max-payload", "engine.max-payload"),
    ("attachments-max", "engine.attachments-max"),
    ("attachments-timeout", "engine.attachments-timeout"),
    ("inbound-max", "limits.inbound-max"),
    ("outbox-bytes-max", "delivery.outbox-bytes-max"),
    ("outbox-count-max", "delivery.outbox-count-max"),
    ("stall-timeout", "delivery.stall-timeout"),
    ("courier-backlog-max", "delivery.courier-window"),
    ("courier-stall", "delivery.courier-stall"),
    ("echo", "hub.echo"),
    ("name-bytes-max", "hub.name-bytes-max"),
    ("channels-max", "hub.channels-max"),
    ("rooms-max", "hub.rooms-max"),
    ("room-scope", "hub.room-scope"),
    ("strict-targets", "hub.strict-targets"),
    ("require-join-to-send", "hub.require-join-to-send"),
    ("require-channel-for-room", "hub.require-channel-for-room"),
    ("rooms-default-access", "hub.rooms-default-access"),
    ("presence-interval", "presence.interval"),
    ("presence-deliveries-per-s", "presence.deliveries-per-s"),
    ("presence-online-users", "presence.online-users"),
    ("presence-join-events-up-to", "presence.join-events-up-to"),
];

fn given(flags: &[&str], variables: &[(&str, &str)]) -> Result<Given, String> {
    given_in(Path::new("nowhere"), flags, variables)
}

/// The same where this folder may have a file of settings.
fn given_in(folder: &Path, flags: &[&str], variables: &[(&str, &str)]) -> Result<Given, String> {
    fs::create_dir_all(CLIENT_DIST).unwrap();
    fs::write(format!("{CLIENT_DIST}/socket.io.js"), "").unwrap();
    fs::write(format!("{CLIENT_DIST}/index.html"), "").unwrap();
    certificate_files();
    // Others read them at the same time.
    static KEYS: Once = Once::new();
    KEYS.call_once(|| {
        fs::write(SECRET, samples::SECRET).unwrap();
        fs::write(PUBLIC_KEY, samples::ED25519_PEM).unwrap();
        fs::write(JWKS, samples::ED25519_JWKS).unwrap();
        let key =
            "[[key]]\nname = 'a'\nsecret = '0123456789abcdef0123456789abcdef'\nrights = ['read']\n";
        fs::write(KEYS_FILE, key).unwrap();
        fs::write(PASSWORD_FILE, "who moderates\n").unwrap();
        fs::write(VIEWERS_FILE, "who looks alone\n").unwrap();
    });
    // A command line takes long to build.
    static NO_FLAGS: LazyLock<ArgMatches> =
        LazyLock::new(|| matches_from(["dondo".into()]).unwrap());
    let words = [&["dondo"], flags].concat();
    let flags = match flags {
        [] => NO_FLAGS.clone(),
        _ => matches_from(words.into_iter().map(Into::into))
            .map_err(|refusal| refusal.to_string())?,
    };
    let environment = |name: &str| {
        let (_, text) = variables.iter().find(|(known, _)| *known == name)?;
        Some(text.into())
    };
    Given::read_in(folder, &flags, environment).map_err(|error| error.to_string())
}

/// Made once: others read them at the same time.
fn certificate_files() {
    static MADE: LazyLock<()> = LazyLock::new(|| {
        let key = rcgen::KeyPair::generate().unwrap();
        let asked = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = asked.self_signed(&key).unwrap().pem();
        let key = key.serialize_pem();
        fs::write(CERTIFICATE, certificate + &key).unwrap();
        fs::write(KEY, key).unwrap();
    });
    *MADE
}

/// The flag and value of another setting that a setting cannot be without.
fn beside(name: &str) -> &'static [&'static str] {
    match name {
        "tls.certificate-file" => &["--tls.key-file", CERTIFICATE],
        "tls.key-file" => &["--tls.certificate-file", CERTIFICATE],
        _ => &[],
    }
}

/// With a setting, and what it cannot be without.
fn flagged_with(name: &str, value: &str) -> Settings {
    flagged(&[&[&*format!("--{name}"), value], beside(name)].concat())
}

fn flagged(flags: &[&str]) -> Settings {
    given(flags, &[]).unwrap().settings
}

fn value(name: &str) -> &'static str {
    CASES.iter().find(|(known, _)| *known == name).unwrap().1
}

/// Fails if a switch needs a word to be on, or `--dev` lets pages of other machines in, or overrules the origins that somebody wrote.
#[test]
fn a_switch_is_on_by_its_name_and_dev_is_for_pages_of_this_machine() {
    assert!(flagged(&["--access-log"]).access_log);
    assert!(!flagged(&["--dev", "off"]).dev);
    let dev = flagged(&["--dev"]);
    assert!(dev.dev);
    assert_eq!(dev.origins, "localhost".parse().unwrap());
    let written = flagged(&["--dev", "--origins", "same-host"]);
    assert_eq!(written.origins, Settings::default().origins);
}

#[test]
fn without_flags_the_defaults_hold() {
    assert_eq!(flagged(&[]), Settings::default());
}

/// Fails if the log's line about a rate names a setting that there is not, or two rates one.
#[test]
fn each_rate_has_two_settings() {
    let known = |setting: &str| CASES.iter().any(|(name, _)| setting == format!("--{name}"));
    let of = |rate: Rated| [rate.setting(false), rate.setting(true)];
    let settings: BTreeSet<_> = Rated::ALL.into_iter().flat_map(of).collect();
    assert_eq!(settings.len(), 2 * Rated::ALL.len());
    assert!(settings.into_iter().all(known));
}

#[test]
fn each_setting_changes_the_settings_in_a_way_of_its_own_by_flag_and_variable_alike() {
    let mut seen = BTreeSet::from([format!("{:?}", Settings::default())]);
    for (name, value) in CASES {
        let changed = flagged_with(name, value);
        assert!(seen.insert(format!("{changed:?}")), "{name}");
        let twin = given(beside(name), &[(&variable(name), value)]).unwrap();
        assert_eq!(twin.settings, changed, "{name}");
        assert_eq!(twin.renamed, [""; 0], "{name}");
    }
}

#[test]
fn no_setting_is_missing_from_these_tests() {
    let known: Vec<_> = CASES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let names: Vec<_> = Settings::table().map(Setting::name).collect();
    assert_eq!(names, known);
    let known: Vec<_> = OLD
        .iter()
        .map(|(old, name)| (*old, (*name).to_owned()))
        .collect();
    let old: Vec<_> = Settings::table()
        .filter_map(|setting| Some((setting.was?, setting.name())))
        .collect();
    assert_eq!(old, known);
}

#[test]
fn names_are_spelled_alike_in_flag_environment_and_struct() {
    let setting = Settings::table()
        .find(|setting| setting.field == "sessions_max")
        .unwrap();
    assert_eq!(setting.name(), "limits.sessions-max");
    assert_eq!(setting.variable(), "DONDO_LIMITS_SESSIONS_MAX");
    assert_eq!(
        flagged(&["--limits.sessions-max", "3"]).limits.sessions_max,
        3
    );
    let variables: BTreeSet<_> = Settings::table().map(Setting::variable).collect();
    assert_eq!(variables.len(), CASES.len());
}

#[test]
fn old_names_say_the_same_and_a_line_tells_the_new_one() {
    for (old, name) in OLD {
        let now = flagged(&[&format!("--{name}"), value(name)]);
        let flag = given(&[&format!("--{old}"), value(name)], &[]).unwrap();
        assert_eq!(flag.settings, now, "{old}");
        let [line] = &flag.renamed[..] else {
            panic!("{:?}", flag.renamed);
        };
        assert!(
            line.starts_with(&format!("--{old} is an old name")),
            "{line}"
        );
        assert!(
            line.contains(&format!("write --{name} or DONDO_")),
            "{line}"
        );
        let twin = given(&[], &[(&variable(old), value(name))]).unwrap();
        assert_eq!(twin.settings, now, "{old}");
        // The twin of --presence-interval is the one of --presence.interval.
        let is_old = variable(old) != variable(name);
        assert_eq!(twin.renamed.len(), usize::from(is_old), "{old}");
    }
}

#[test]
fn a_flag_beats_a_variable_and_a_new_name_an_old_one() {
    let flag = ["--ping-timeout", "1s"];
    let new = [
        ("DONDO_PING_TIMEOUT", "3s"),
        ("DONDO_ENGINE_PING_TIMEOUT", "2s"),
    ];
    let timeout =
        |given: Result<Given, String>| given.unwrap().settings.engine.ping_timeout.as_secs();
    assert_eq!(timeout(given(&flag, &new)), 1);
    assert_eq!(timeout(given(&[], &new)), 2);
    assert_eq!(timeout(given(&[], &new[..1])), 3);
}

#[test]
fn where_two_names_of_one_setting_are_given_a_line_tells_which_is_used() {
    let new = "--engine.max-payload";
    let new_twin = "DONDO_ENGINE_MAX_PAYLOAD";
    for (flags, variables, used, ignored) in [
        (
            &["--max-payload", "2MB", new, "3MB"][..],
            &[][..],
            "--engine.max-payload 3MB",
            "--max-payload 2MB",
        ),
        (
            &[new, "3MB"],
            &[("DONDO_MAX_PAYLOAD", "2MB")],
            "--engine.max-payload 3MB",
            "DONDO_MAX_PAYLOAD=2MB",
        ),
        (
            &[],
            &[("DONDO_MAX_PAYLOAD", "2MB"), (new_twin, "3MB")],
            "DONDO_ENGINE_MAX_PAYLOAD=3MB",
            "DONDO_MAX_PAYLOAD=2MB",
        ),
        (
            &["--max-payload", "3MB"],
            &[(new_twin, "2MB")],
            "--max-payload 3MB",
            "DONDO_ENGINE_MAX_PAYLOAD=2MB",
        ),
        (
            &["--max-payload", "3MB"],
            &[("DONDO_MAX_PAYLOAD", "2MB")],
            "--max-payload 3MB",
            "DONDO_MAX_PAYLOAD=2MB",
        ),
    ] {
        let given = given(flags, variables).unwrap();
        assert_eq!(given.settings.engine.max_payload, 3_000_000);
        let told = format!("{used} is used and {ignored} is ignored");
        let lines: Vec<_> = given
            .renamed
            .iter()
            .filter(|line| line.contains(&told))
            .collect();
        assert_eq!(lines.len(), 1, "{told} in {:?}", given.renamed);
        assert!(
            given
                .renamed
                .iter()
                .any(|line| line.ends_with(&format!("write {new} or {new_twin}"))),
            "{:?}",
            given.renamed
        );
    }
    // A flag beats its twin, as the help says.
    let twins = given(&[new, "3MB"], &[(new_twin, "2MB")]).unwrap();
    assert_eq!(twins.renamed, [""; 0]);
    let twins = given(
        &["--presence.interval", "1s"],
        &[("DONDO_PRESENCE_INTERVAL", "2s")],
    )
    .unwrap();
    assert_eq!(twins.renamed, [""; 0]);
}

/// Fails if a name whose values have changed with it is taken, passed over, or answered without the one to write.
#[test]
fn a_name_whose_values_have_changed_is_an_error_with_the_one_to_write() {
    for (was, value, now) in [
        ("rate-limits", "off", "insecure.no-rate-limits"),
        ("rate-limits", "on", "insecure.no-rate-limits"),
        ("hub.client-id", "keep", "insecure.keep-client-id"),
        ("client-id", "stamp", "insecure.keep-client-id"),
    ] {
        let flag = format!("--{was}");
        let write = format!("write --{now} on, and for anything else nothing");
        for flags in [&[&*flag, value][..], &[&format!("{flag}={value}")]] {
            let said = given(flags, &[]).unwrap_err();
            let told = format!("{flag} is no setting; for ");
            assert!(said.contains(&told) && said.contains(&write), "{said}");
        }
        let (twin, now) = (variable(was), variable(now));
        let said = given(&[], &[(&twin, value)]).unwrap_err();
        let told = format!("{twin} is no setting; for ");
        let write = format!("write {now}=on, and for anything else nothing");
        assert!(said.starts_with(&told) && said.ends_with(&write), "{said}");
    }
}

/// Fails if a path for the ChatHub that somebody wrote serves nothing and no line says so, or if one says so that does.
#[test]
fn a_chat_hub_that_has_no_namespace_is_told_as_it_was_written() {
    let told = |flags: &[&str], variables: &[(&str, &str)]| {
        given(flags, variables).unwrap().without_effect().join("\n")
    };
    let orders = ["--namespaces", "/orders"];
    let talk = ["--namespaces", "/orders", "--chat-hub", "/talk"];
    let said = told(&talk, &[]);
    assert!(
        said.starts_with("--chat-hub /talk serves nothing: "),
        "{said}"
    );
    let said = told(&orders, &[("DONDO_CHAT_HUB", "/talk")]);
    assert!(
        said.starts_with("DONDO_CHAT_HUB=/talk serves nothing: "),
        "{said}"
    );
    assert_eq!(told(&orders, &[]), "");
    assert_eq!(told(&orders, &[("DONDO_CHAT_HUB", "off")]), "");
    assert_eq!(
        told(&["--namespaces", "/orders,/", "--chat-hub", "/talk"], &[]),
        ""
    );
}

/// Fails if rights that can fit nothing are not told of, or where they can.
#[test]
fn rights_on_rooms_of_channels_under_a_flat_scope_are_told() {
    let key = ["--auth.secret-file", "README.md"];
    let told = |scope: &str, more: &[&str]| {
        let flags = [&["--hub.room-scope", scope], more].concat();
        given(&flags, &[]).unwrap().without_effect().join("\n")
    };
    assert!(told("flat", &key).contains("rooms are in no channel"));
    assert_eq!(told("flat", &[]) + &told("match", &key), "");
}

#[test]
fn a_word_for_nothing_is_understood_in_capitals_too() {
    for (name, word) in [
        ("admin-listen", "OFF"),
        ("hosts", "Any"),
        ("trusted-proxies", "NONE"),
    ] {
        let settings = flagged(&[&format!("--{name}"), word]);
        let small = flagged(&[&format!("--{name}"), &word.to_lowercase()]);
        assert_eq!(settings, small, "{name}");
    }
    let refusal = given(&["--admin-listen", "no"], &[]).unwrap_err();
    assert!(refusal.ends_with(", or off"), "{refusal}");
}

#[test]
fn a_limit_that_is_too_small_is_itself_complained_about() {
    for (name, value) in [("hub.name-bytes-max", "0"), ("engine.max-payload", "0B")] {
        let refusal = given(&[&format!("--{name}"), value], &[]).unwrap_err();
        assert!(
            refusal.starts_with(&format!("--{name} {value}: {value} is too little")),
            "{refusal}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_client_that_cannot_be_read_is_not_called_missing() {
    let folder = std::env::temp_dir().join(format!("dondo-unread-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("socket.io.js");
    let refused = || {
        let typed = folder.to_str().unwrap();
        given(&["--client-dist", typed], &[]).unwrap_err()
    };
    let missing = refused();
    // Whom no permission stops, a link to itself does.
    std::os::unix::fs::symlink(&file, &file).unwrap();
    let unread = refused();
    fs::remove_dir_all(&folder).unwrap();
    assert!(
        missing.contains("there is no socket.io.js in "),
        "{missing}"
    );
    assert!(unread.contains("socket.io.js cannot be read: "), "{unread}");
    assert!(unread.contains("; write "), "{unread}");
}

#[test]
fn a_path_needs_no_slash_at_its_end() {
    assert_eq!(flagged(&["--path", "/live"]).path, "/live/");
    assert_eq!(flagged(&["--path", "/live/"]).path, "/live/");
}

#[test]
fn a_flag_that_may_be_repeated_collects_its_values() {
    let settings = flagged(&["--listen", "127.0.0.1:1", "--listen", "[::1]:2"]);
    let listen: Vec<_> = settings.listen.iter().map(ToString::to_string).collect();
    assert_eq!(listen, ["127.0.0.1:1", "[::1]:2"]);
}

#[test]
fn what_is_shown_can_be_read_back() {
    for (name, value) in CASES {
        let changed = flagged_with(name, value);
        for settings in [changed, Settings::default()] {
            let mut read = settings.clone();
            let setting = Settings::table()
                .find(|setting| setting.name() == name)
                .unwrap();
            if setting.computed.is_none() || (setting.is_set)(&settings) {
                (setting.read)(&mut read, &(setting.show)(&settings)).unwrap();
                assert_eq!(read, settings, "{name}");
            }
        }
    }
}

#[test]
fn a_bare_number_is_refused_where_a_unit_is_meant() {
    for setting in Settings::table() {
        let example = match setting.written {
            "DURATION" => "25s",
            "SIZE" => "64KiB",
            _ => continue,
        };
        let flag = format!("--{}", setting.name());
        let refusal = given(&[&flag, "25"], &[]).unwrap_err();
        assert!(refusal.starts_with(&format!("{flag} 25: ")), "{refusal}");
        assert!(refusal.contains("needs a unit"), "{refusal}");
        assert!(refusal.contains(example), "{refusal}");
    }
}

#[test]
fn a_bad_value_is_refused_with_the_name_it_was_given_with() {
    for (name, bad) in [
        ("listen", "localhost"),
        ("admin-listen", "on"),
        ("workers", "many"),
        ("workers", "0"),
        ("hosts", "http://a.example"),
        ("trusted-proxies", "10.0.0.0/33"),
        ("hub.echo", "yes"),
        ("echo", "yes"),
        ("hub.room-scope", "loose"),
        ("presence.online-users", "none"),
        ("engine.ping-interval", "soon"),
        ("ping-interval", "0s"),
    ] {
        let flag = format!("--{name}");
        let refusal = given(&[&flag, bad], &[]).unwrap_err();
        assert!(refusal.contains(&flag), "{refusal}");
        assert!(refusal.contains(bad), "{refusal}");
        let variable = variable(name);
        let refusal = given(&[], &[(&variable, bad)]).unwrap_err();
        assert!(refusal.starts_with(&variable), "{refusal}");
        assert!(refusal.contains(bad), "{refusal}");
        assert!(refusal.contains("write "), "{refusal}");
    }
}

#[test]
fn a_refusal_quotes_what_was_typed() {
    for (name, typed) in [
        ("path", "chat"),
        ("path", "/a b"),
        ("path", "/a//b/"),
        ("namespaces", "/,chat"),
        ("hosts", "a.example,http://b.example"),
        ("listen", "127.0.0.1:1,here"),
        ("trusted-proxies", "::1,10.0.0.0/33"),
        ("client-dist", "nowhere"),
        ("memory-max", "1"),
    ] {
        let refusal = given(&[&format!("--{name}"), typed], &[]).unwrap_err();
        let (_, said) = refusal.split_once(": ").unwrap();
        for quoted in said.split('"').skip(1).step_by(2) {
            assert!(typed.split(',').any(|part| part == quoted), "{refusal}");
        }
    }
}

#[test]
fn the_help_shows_every_new_name_with_its_default_and_no_old_one() {
    let help = command().render_help().to_string();
    for setting in Settings::table() {
        assert!(
            help.contains(&format!("--{} ", setting.name())),
            "{}",
            setting.name()
        );
        assert!(
            help.contains(&format!("[default: {}]", setting.default())),
            "{help}"
        );
    }
    for (old, _) in OLD {
        assert!(!help.contains(&format!("--{old} ")), "{old}");
    }
    assert!(help.contains("RUST_LOG"), "{help}");
}

#[test]
fn the_readme_has_real_names_and_true_defaults() {
    let readme = include_str!("../../../README.md");
    let rows: Vec<_> = readme
        .lines()
        .filter(|line| line.starts_with("| `--"))
        .collect();
    assert!(rows.len() > 5);
    for row in rows {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let quoted = |cell: &'static str| cell.split('`').skip(1).step_by(2);
        let (names, defaults) = (quoted(cells[1]), quoted(cells[2]));
        for (name, default) in names.zip(defaults) {
            let setting = Settings::table().find(|setting| name == format!("--{}", setting.name()));
            let setting = setting.unwrap_or_else(|| panic!("{name} is no setting"));
            assert_eq!(default, setting.default(), "{name}");
        }
    }
}

/// Flags of other programs that the pages write out, and those of the commands of ours.
const NO_SETTINGS: [&str; 29] = [
    "--cacert",
    "--no-secrets",
    "--account",
    "--key-file",
    "--url",
    "--channel",
    "--config",
    "--expires",
    "--history",
    "--join",
    "--name",
    "--send",
    "--cs",
    "--ts",
    "--example",
    "--peer-dialect",
    "--peers",
    "--ref",
    "--release",
    "--rounds",
    "--scenarios",
    "--spider",
    "--subject",
    "--subject-dialect",
    "--target",
    "--help",
    "--no-deps",
    "--open",
    "--version",
];

/// The flags of a text; one that stands for several has `…` or `*` where they differ.
fn flags(text: &str) -> impl Iterator<Item = &str> {
    let inside = |letter: char| letter.is_ascii_alphanumeric() || "-.…*".contains(letter);
    text.match_indices("--").filter_map(move |(at, _)| {
        let before = text[..at].chars().next_back();
        let flag = &text[at..];
        let flag = &flag[..flag.find(|letter| !inside(letter)).unwrap_or(flag.len())];
        let begins = flag[2..].starts_with(|letter: char| letter.is_ascii_lowercase());
        let inner = before.is_some_and(|letter| letter.is_alphanumeric() || letter == '-');
        (begins && !inner).then(|| flag.trim_end_matches(['.', '-']))
    })
}

fn is_a_flag(flag: &str) -> bool {
    let name = &flag[2..];
    Settings::table().any(|setting| {
        let known = setting.name();
        [setting.was, setting.also].contains(&Some(name))
            || match name.split_once(['…', '*']) {
                Some((begin, end)) => known.starts_with(begin) && known.ends_with(end),
                None => known == name,
            }
    })
}

#[test]
fn every_flag_that_a_page_or_a_line_of_the_log_names_is_a_setting() {
    let pages = [
        ("README.md", include_str!("../../../README.md")),
        ("events.md", include_str!("../../docs/events.md")),
        ("metrics.md", include_str!("../../docs/metrics.md")),
        (
            "architecture.md",
            include_str!("../../docs/architecture.md"),
        ),
        ("notices.rs", include_str!("../../notices.rs")),
        ("notice.rs", include_str!("../../../actors/src/notice.rs")),
    ];
    for (page, text) in pages {
        let said = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for flag in said.flat_map(flags) {
            assert!(
                is_a_flag(flag) || NO_SETTINGS.contains(&flag),
                "{page} names {flag}, which is no setting"
            );
        }
    }
    assert!(flags("of `--engine.max-payload`, ").eq(["--engine.max-payload"]));
    assert!(!is_a_flag("--engine.max-payloads"));
}
