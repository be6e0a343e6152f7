//! What becomes of a certificate whose files change.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;

use rcgen::{CertificateParams, KeyPair};

use super::*;

/// Files of a certificate, gone with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("dondo-renewal-{name}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&folder.0).unwrap();
        folder
    }

    fn files(&self) -> CertificateFiles {
        CertificateFiles {
            chain: self.0.join("chain"),
            key: self.0.join("key"),
        }
    }

    /// Writes a new certificate, and its key if asked to.
    fn write(&self, with_key: bool) {
        let key = KeyPair::generate().unwrap();
        let asked = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = asked.self_signed(&key).unwrap();
        fs::write(self.0.join("chain"), certificate.pem()).unwrap();
        if with_key {
            fs::write(self.0.join("key"), key.serialize_pem()).unwrap();
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Fails if files that are in order are not taken, if others are, or if what is half written stays refused.
#[test]
fn what_is_in_order_is_taken_and_what_is_not_leaves_the_present_one() {
    let folder = Folder::new("order");
    folder.write(true);
    let mut renewal = Renewal::start(folder.files()).unwrap();
    let present = renewal.present.subscribe();
    let first = present.borrow().cert.clone();
    // Half of a change: the key is still the old one's.
    folder.write(false);
    for is_asked in [false, false, true] {
        renewal.look(is_asked);
        assert_eq!(present.borrow().cert, first);
    }
    fs::remove_file(folder.0.join("key")).unwrap();
    renewal.look(false);
    assert_eq!(present.borrow().cert, first);
    folder.write(true);
    renewal.look(false);
    let second = present.borrow().cert.clone();
    assert_ne!(second, first);
    renewal.look(true);
    assert_eq!(present.borrow().cert, second);
}

/// Fails if nobody looks at the files by himself, or if who asks waits for the minute.
#[test]
fn files_are_looked_at_once_a_minute_and_when_somebody_asks() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(async {
        let folder = Folder::new("minute");
        folder.write(true);
        let renewal = Renewal::start(folder.files()).unwrap();
        let (mut present, asker) = (renewal.present.subscribe(), renewal.asker());
        let looking = tokio::spawn(renewal.run());
        tokio::task::yield_now().await;
        let began = tokio::time::Instant::now();
        folder.write(true);
        present.changed().await.unwrap();
        assert_eq!(began.elapsed(), LOOK);
        folder.write(true);
        asker.ask();
        present.changed().await.unwrap();
        assert_eq!(began.elapsed(), LOOK);
        looking.abort();
    });
}

/// Fails if nobody can see which file is broken, or hears of it once only, or for longer than it is.
#[test]
fn what_is_wrong_names_its_file_and_stands_until_it_is_mended() {
    let folder = Folder::new("trouble");
    folder.write(true);
    let mut renewal = Renewal::start(folder.files()).unwrap();
    assert_eq!(renewal.minute(), None);
    let old = fs::read(folder.0.join("key")).unwrap();
    fs::write(folder.0.join("key"), "no key").unwrap();
    assert_eq!(renewal.minute(), None, "the look itself told it");
    let file = folder.0.join("key").display().to_string();
    for _ in 0..2 {
        let told = renewal.minute().unwrap();
        assert!(
            told.starts_with(&format!("--tls.key-file {file}: ")),
            "{told}"
        );
    }
    fs::write(folder.0.join("key"), old).unwrap();
    assert_eq!([renewal.minute(), renewal.minute()], [None, None]);
}
