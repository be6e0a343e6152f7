//! `dondo doctor`: what is wrong around settings that are in order, a sentence each, with what to do. It looks and starts nothing.

mod taken;
mod through;

use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use self::taken::TakenAddress;
use super::given::Given;
use super::units::Size;
use super::{Settings, memory};
use crate::keys::{KeysAtAddress, keys_at};
use crate::secret_file::open_to_all;
use crate::transport::certificate::Certificate;

/// No clock of a machine that runs this is right before 2026.
const BUILT: Duration = Duration::from_secs(1_767_225_600);
/// A certificate that has less is to be renewed now.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// What was seen of the machine.
#[derive(Debug)]
struct Seen {
    now: SystemTime,
    open_files: Option<u64>,
    /// Bytes that this process may use.
    memory: Option<u64>,
    taken: Vec<TakenAddress>,
    certificate: Option<Certificate>,
    /// What the address of keys has.
    keys: Option<KeysAtAddress>,
}

/// What does not work is a fault; what may be meant so is a warning.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    Fault(String),
    Warning(String),
}

/// Looks, and says what it found, and whether something does not work. Where a hub runs already at an address that people open,
/// it is asked there.
pub(super) fn examined(
    given: &Given,
    open_files: Option<u64>,
    url: Option<&str>,
) -> (String, bool) {
    let (settings, left_out) = given.present(|address| TcpListener::bind(address).map(drop));
    let all = settings.listen.iter().map(|address| ("listen", address));
    let all = all.chain(
        settings
            .admin_listen
            .iter()
            .map(|address| ("admin-listen", address)),
    );
    // What listens there is the hub that is asked.
    let all = all.filter(|_| url.is_none());
    let taken = all.filter_map(|(setting, &address)| TakenAddress::at(setting, address, &settings));
    let seen = Seen {
        now: SystemTime::now(),
        open_files,
        memory: memory::allowed(),
        taken: taken.collect(),
        certificate: settings.tls.files().and_then(|files| files.read().ok()),
        keys: settings.auth.jwks_url.as_deref().map(keys_at),
    };
    let mut found = findings(&settings, &seen);
    found.extend(
        url.into_iter()
            .flat_map(|url| through::through(url, &settings)),
    );
    let lines = left_out.into_iter().chain(given.without_effect());
    found.extend(lines.map(Finding::Warning));
    let is_wrong = found.iter().any(|one| matches!(one, Finding::Fault(_)));
    let mut said: String = found
        .iter()
        .map(|one| match one {
            Finding::Fault(said) => format!("fault: {said}\n"),
            Finding::Warning(said) => format!("warning: {said}\n"),
        })
        .collect();
    if found.is_empty() {
        let keys = match &settings.auth.jwks_url {
            Some(_) => ", the keys of --auth.jwks-url",
            None => "",
        };
        let looked_at = match url {
            Some(url) => {
                format!("open files, memory, clock{keys}, certificate and the way through {url}")
            }
            None => format!("addresses, open files, memory, clock{keys} and certificate"),
        };
        said.push_str(&format!("nothing is wrong: settings, {looked_at}\n"));
    }
    (said, is_wrong)
}

fn findings(settings: &Settings, seen: &Seen) -> Vec<Finding> {
    let taken = seen.taken.iter().map(TakenAddress::finding);
    let all = taken
        .chain(files(settings, seen))
        .chain(clock(seen))
        .chain(memory_of(settings, seen))
        .chain(certificate(seen))
        .chain(keys(settings, seen))
        .chain(open_secrets(settings));
    // Others may be meant; with this one, limits of addresses do not work.
    let useless = settings.believes_everybody();
    let insecure = settings.insecure().into_iter().map(move |line| {
        let is_useless = useless
            .as_ref()
            .is_some_and(|useless| line.ends_with(useless));
        match is_useless {
            true => Finding::Fault(line),
            false => Finding::Warning(line),
        }
    });
    all.chain(insecure).collect()
}

fn files(settings: &Settings, seen: &Seen) -> Option<Finding> {
    let Some(open) = seen.open_files else {
        return Some(Finding::Warning(
            "it is not known how many files may be open; each connection takes one: look at `ulimit -n`".to_owned(),
        ));
    };
    let connections = settings.connections_within(open).ok()?;
    let wanted = settings.limits.sessions_max as u64;
    (connections < wanted).then(|| {
        Finding::Warning(format!(
            "{open} open files are enough for about {connections} connections, and --limits.sessions-max is {wanted}; raise the limit \
             (`ulimit -n`, LimitNOFILE of systemd), or lower the setting"
        ))
    })
}

fn clock(seen: &Seen) -> Option<Finding> {
    let is_early = seen.now < SystemTime::UNIX_EPOCH + BUILT;
    is_early.then(|| {
        let now = humantime::format_rfc3339_seconds(seen.now);
        Finding::Fault(format!(
            "the clock says {now}: messages have wrong times, and certificates are judged wrongly; set it, or start what does"
        ))
    })
}

fn memory_of(settings: &Settings, seen: &Seen) -> Option<Finding> {
    let (allowed, wanted) = (seen.memory?, settings.memory_max() as u64);
    let [all, most] =
        [allowed, wanted].map(|bytes| Size(usize::try_from(bytes).unwrap_or(usize::MAX)));
    if wanted > allowed {
        return Some(Finding::Fault(format!(
            "--memory-max {most} is more than the {all} that the machine or its control group has: the system would end the \
             process; write at most three quarters of it, or give it more"
        )));
    }
    (wanted > allowed / 4 * 3).then(|| {
        Finding::Warning(format!(
            "--memory-max {most} leaves little of {all} for all else of the process; write at most three quarters of it"
        ))
    })
}

fn certificate(seen: &Seen) -> Option<Finding> {
    let certificate = seen.certificate.as_ref()?;
    if let Some(said) = certificate.out_of_date(seen.now) {
        return Some(Finding::Fault(format!(
            "--tls.certificate-file: {said}, and clients refuse it; renew it, or set the clock"
        )));
    }
    let is_soon = certificate.left(seen.now).is_some_and(|left| left < SOON);
    is_soon.then(|| {
        let until = certificate.until();
        Finding::Warning(format!(
            "--tls.certificate-file: it is valid until {until} only; renew it"
        ))
    })
}

/// Secrets that others on this machine may read.
fn open_secrets(settings: &Settings) -> impl Iterator<Item = Finding> {
    let admin = &settings.admin;
    let files = [
        ("auth.secret-file", &settings.auth.secret_file),
        ("api.keys-file", &settings.api.keys_file),
        ("tls.key-file", &settings.tls.key_file),
        ("admin.password-file", &admin.password_file),
        ("admin.viewer-password-file", &admin.viewer_password_file),
    ];
    let open = files
        .into_iter()
        .filter_map(|(setting, path)| open_to_all(path.as_deref()?, setting));
    open.map(Finding::Warning)
}

/// Sets of keys of which nothing, or not all, can be used.
fn keys(settings: &Settings, seen: &Seen) -> impl Iterator<Item = Finding> {
    let seen = seen.keys.iter();
    let at_address = seen.flat_map(|seen| {
        let fault = seen.fault.iter().cloned().map(Finding::Fault);
        fault.chain(seen.passed_over.iter().cloned().map(Finding::Warning))
    });
    let in_file = settings.auth.passed_over().map(Finding::Warning);
    at_address.chain(in_file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    type Change = fn(&mut Settings, &mut Seen);

    fn taken(by_hub: bool) -> TakenAddress {
        TakenAddress {
            setting: "listen",
            address: "127.0.0.1:1".to_owned(),
            why: "in use".to_owned(),
            by_hub,
        }
    }

    fn found(change: Change) -> Vec<Finding> {
        let mut settings = Settings {
            memory_max: Some(1 << 30),
            ..Settings::default()
        };
        let mut seen = Seen {
            now: SystemTime::UNIX_EPOCH + BUILT * 2,
            open_files: Some(1 << 20),
            memory: Some(4 << 30),
            taken: Vec::new(),
            certificate: None,
            keys: None,
        };
        change(&mut settings, &mut seen);
        findings(&settings, &seen)
    }

    /// Fails if a machine that is in order has findings, or one that is not has another one than its own.
    #[test]
    fn each_finding_is_told_alone() {
        assert_eq!(found(|_, _| {}), []);
        let rows: [(&str, bool, Change); 12] = [
            (
                "--listen 127.0.0.1:1 cannot be had: in use;",
                true,
                |_, seen| {
                    seen.taken = vec![taken(false)];
                },
            ),
            (
                "--listen 127.0.0.1:1: a hub runs there",
                false,
                |_, seen| {
                    seen.taken = vec![taken(true)];
                },
            ),
            ("4096 open files are enough for about", false, |_, seen| {
                seen.open_files = Some(4096);
            }),
            ("it is not known how many files", false, |_, seen| {
                seen.open_files = None
            }),
            ("the clock says 1970-", true, |_, seen| {
                seen.now = SystemTime::UNIX_EPOCH
            }),
            (
                "--memory-max 1GiB is more than the 512MiB",
                true,
                |_, seen| {
                    seen.memory = Some(512 << 20);
                },
            ),
            (
                "--memory-max 1GiB leaves little of 1280MiB",
                false,
                |_, seen| {
                    seen.memory = Some(1280 << 20);
                },
            ),
            (
                "insecure: --trusted-proxies 0.0.0.0/0: everybody",
                true,
                |settings, _| {
                    settings.trusted_proxies = vec!["0.0.0.0/0".parse().unwrap()];
                },
            ),
            ("--auth.jwks-url A: it has no key", true, |_, seen| {
                let fault = "--auth.jwks-url A: it has no key; write one".to_owned();
                seen.keys = Some(KeysAtAddress {
                    fault: Some(fault),
                    ..KeysAtAddress::default()
                });
            }),
            ("--auth.jwks-url A: not all", false, |_, seen| {
                let passed_over =
                    "--auth.jwks-url A: not all of its keys are used: b; mend it".to_owned();
                seen.keys = Some(KeysAtAddress {
                    passed_over: Some(passed_over),
                    ..KeysAtAddress::default()
                });
            }),
            (
                "insecure: --insecure.no-rate-limits on",
                false,
                |settings, _| settings.insecure.no_rate_limits = true,
            ),
            ("insecure: --listen 0.0.0.0:80", false, |settings, _| {
                settings.listen = vec!["0.0.0.0:80".parse().unwrap()];
            }),
        ];
        for (begin, is_fault, change) in rows {
            let found = found(change);
            let [one] = &found[..] else {
                panic!("{begin}: {found:?}");
            };
            let (said, fault) = match one {
                Finding::Fault(said) => (said, true),
                Finding::Warning(said) => (said, false),
            };
            assert!(
                said.starts_with(begin) && fault == is_fault,
                "{begin}: {one:?}"
            );
            assert!(
                said.contains("; ") || said.contains(": look"),
                "what to do: {said}"
            );
        }
    }

    /// Settings of files that everybody may read.
    const PUBLIC: [&str; 3] = [
        "auth.jwks-file",
        "auth.public-key-file",
        "tls.certificate-file",
    ];

    /// Fails if a secret that everybody can read is passed over, or one that is closed is told of.
    #[test]
    fn secrets_that_are_open_to_all_are_told() {
        use std::fs::{Permissions, remove_file, set_permissions, write};
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("dondo-doctor-{}", std::process::id()));
        write(&path, "secret").unwrap();
        for setting in Settings::table().filter(|setting| setting.written == "FILE") {
            let name = setting.name();
            let mut settings = Settings::default();
            (setting.read)(&mut settings, path.to_str().unwrap()).unwrap();
            let told = |mode| {
                set_permissions(&path, Permissions::from_mode(mode)).unwrap();
                open_secrets(&settings).count()
            };
            let is_secret = usize::from(!PUBLIC.contains(&&*name));
            assert_eq!([told(0o644), told(0o640)], [is_secret, 0], "{name}");
        }
        remove_file(&path).unwrap();
    }
}
