//! Another certificate while the program runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use rustls::version::TLS13;

use crate::hub::program::Program;
use crate::support::{http, tls};

/// A folder of its own, gone with it.
struct CertificateFolder(PathBuf);

impl CertificateFolder {
    fn new(name: &str) -> Self {
        let name = format!("{name}-{}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for CertificateFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Fails if SIGHUP does not bring a new certificate to who comes then, cuts who is there, or takes one that is broken; or if
/// nobody is told in which file it stands, or that others can read the key.
#[test]
fn sighup_takes_a_new_certificate_and_keeps_the_old_one_where_the_new_is_broken() {
    let folder = CertificateFolder::new("renewed");
    let (chain, key) = tls::write(&folder.0);
    let flags = [
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "off",
        "--tls.certificate-file",
        chain.to_str().unwrap(),
        "--tls.key-file",
        key.to_str().unwrap(),
    ];
    let mut program = Program::start(&flags, &[]);
    let address = program.addresses[0].parse().unwrap();
    let trusted = folder.0.join("trusted.pem");
    fs::copy(&chain, &trusted).unwrap();
    let connect = || tls::trusting(&trusted, &[&TLS13], http::connect_at(address));
    let mut old = connect();
    assert_eq!(http::ask(&mut old, "/healthz", &[]).status, 200);
    fs::write(&chain, "no certificate").unwrap();
    program.signal(Signal::HUP);
    program.wait_for("there is no certificate in it");
    // Its owner reads it after the settings did: until then the files are not to change.
    program.wait_for("the certificate stays as it was");
    assert_eq!(http::ask(&mut connect(), "/healthz", &[]).status, 200);
    let named = format!("--tls.certificate-file {}: ", chain.display());
    assert!(program.log.iter().any(|line| line.contains(&named)));
    tls::write(&folder.0);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o604)).unwrap();
    program.signal(Signal::HUP);
    program.wait_for("SIGHUP: the settings are those");
    program.wait_for("may read it: `chmod o-r` it (--tls.key-file)");
    program.wait_for("TLS with the certificate of");
    fs::copy(&chain, &trusted).unwrap();
    assert_eq!(http::ask(&mut connect(), "/healthz", &[]).status, 200);
    assert_eq!(http::ask(&mut old, "/healthz", &[]).status, 200);
}

/// Fails if a certificate that has expired is not told of, or keeps the hub from serving.
#[test]
fn one_that_has_expired_is_served_and_told_of() {
    let folder = CertificateFolder::new("expired");
    let mut asked = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    asked.not_before = rcgen::date_time_ymd(2019, 1, 1);
    asked.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let both = asked.self_signed(&key).unwrap().pem() + &key.serialize_pem();
    let file = folder.0.join("both.pem");
    fs::write(&file, both).unwrap();
    let file = file.to_str().unwrap();
    let files = ["--tls.certificate-file", file, "--tls.key-file", file];
    let flags = ["--listen", "127.0.0.1:0", "--admin-listen", "off"];
    let program = Program::start(&[&flags[..], &files].concat(), &[]);
    let told = "it was valid until 2020-01-01T00:00:00Z, and clients refuse it";
    assert!(
        program.log.iter().any(|line| line.contains(told)),
        "{:?}",
        program.log
    );
}
