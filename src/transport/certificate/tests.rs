//! Files that are a certificate and its key, and files that are not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};

use super::*;

/// A certificate and its key in PEM.
fn made() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut asked = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    asked.not_before = rcgen::date_time_ymd(2020, 1, 1);
    asked.not_after = rcgen::date_time_ymd(2030, 1, 1);
    let certificate = asked.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn read(chain: &str, key: &str) -> Result<Certificate, BadCertificate> {
    let (chain, key) = (chain.as_bytes().to_vec(), key.as_bytes().to_vec());
    CertificateBytes { chain, key }.certificate()
}

/// Fails if a file that cannot serve is taken, or refused with words that are not about it.
#[test]
fn each_wrong_file_has_its_sentence() {
    let ((chain, key), (other, _)) = (made(), made());
    assert!(read(&chain, &key).is_ok());
    assert_eq!(
        read(&format!("{chain}{other}"), &key)
            .unwrap()
            .key
            .cert
            .len(),
        2
    );
    let no_end: String = chain
        .lines()
        .take(4)
        .map(|line| format!("{line}\n"))
        .collect();
    for (chain, key, begin) in [
        (
            "",
            &*key,
            "--tls.certificate-file c: there is no certificate in it",
        ),
        (
            &key,
            &key,
            "--tls.certificate-file c: there is a key and no certificate in it",
        ),
        (
            &no_end,
            &key,
            "--tls.certificate-file c: not PEM (a section has no end)",
        ),
        (
            &chain,
            "",
            "--tls.key-file k: there is no private key in it",
        ),
        (
            &chain,
            &chain,
            "--tls.key-file k: there is no private key in it",
        ),
        (
            &other,
            &key,
            "--tls.key-file k: its key belongs to another certificate",
        ),
        (
            &format!("{other}{chain}"),
            &key,
            "--tls.key-file k: its key belongs to another certificate",
        ),
        (
            &chain,
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "--tls.key-file k: its key is encrypted",
        ),
        (
            &chain,
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            "--tls.key-file k: its key is encrypted",
        ),
        (
            &chain,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "--tls.key-file k: its key is of no kind that is known here",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            &key,
            "--tls.certificate-file c: its first certificate cannot be read",
        ),
    ] {
        let said = read(chain, key).unwrap_err().of(&named());
        assert!(said.starts_with(begin), "{said}");
        assert!(said.contains("; write the name of"), "{said}");
    }
}

/// What the files are called in what is said.
fn named() -> CertificateFiles {
    CertificateFiles {
        chain: "c".into(),
        key: "k".into(),
    }
}

/// Fails if a name that stands for no file is read as one.
#[test]
fn what_is_no_file_is_told() {
    let folder = std::env::temp_dir().join(format!("dondo-certificate-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (chain, key) = made();
    fs::write(folder.join("chain"), chain).unwrap();
    fs::write(folder.join("key"), key).unwrap();
    fs::write(folder.join("large"), vec![b' '; BYTES_MAX as usize + 1]).unwrap();
    let read = |chain: &str, key: &str| {
        let (chain, key) = (folder.join(chain), folder.join(key));
        let read = CertificateFiles { chain, key }.read();
        read.map(drop).map_err(|bad| bad.of(&named()))
    };
    let said = [
        read("chain", "key"),
        read("nowhere", "key"),
        read("chain", "nowhere"),
        read(".", "key"),
        read("large", "key"),
    ];
    fs::remove_dir_all(&folder).unwrap();
    let write = "write the name of a file in PEM";
    assert_eq!(
        said,
        [
            Ok(()),
            Err(format!(
                "--tls.certificate-file c: there is no such file; {write}"
            )),
            Err(format!("--tls.key-file k: there is no such file; {write}")),
            Err(format!("--tls.certificate-file c: no file; {write}")),
            Err(format!("--tls.certificate-file c: over 1MiB; {write}")),
        ]
    );
}

/// Fails if a certificate that browsers refuse for its date is said to be in order.
#[test]
fn a_date_that_has_passed_or_is_to_come_is_told() {
    let (chain, key) = made();
    let certificate = read(&chain, &key).unwrap();
    let at = |text: &str| humantime::parse_rfc3339(text).unwrap();
    assert_eq!(certificate.out_of_date(at("2025-01-01T00:00:00Z")), None);
    let before = certificate.out_of_date(at("2019-12-31T23:59:59Z"));
    assert_eq!(before.unwrap(), "it is valid from 2020-01-01T00:00:00Z");
    let late = at("2030-01-01T00:00:01Z");
    let after = certificate.out_of_date(late);
    assert_eq!(after.unwrap(), "it was valid until 2030-01-01T00:00:00Z");
    assert_eq!(certificate.left(late), Some(Duration::ZERO));
    assert_eq!(certificate.until(), "2030-01-01T00:00:00Z");
}
