//! The certificate of a server and its successors: one owner, who reads the files at start, when somebody asks for it, and once
//! a minute, and hands on what is in order. What is not leaves the present one where it is.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::sign::CertifiedKey;
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval};

use crate::secret_file::warn_of_readers;
use crate::transport::certificate::{
    BadCertificate, Certificate, CertificateBytes, CertificateFiles,
};
use crate::transport::tls::Tls;

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(60);
/// One that is valid for less than this is told of at start.
const SOON: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The setting whose file is a secret.
const KEY_FILE: &str = "tls.key-file";

/// Asks for the files to be read again. Clones ask the same owner.
#[derive(Clone, Debug)]
pub struct CertificateRenewal(Arc<Notify>);

impl CertificateRenewal {
    /// The files are read as soon as the server runs; what comes of it is logged.
    pub fn ask(&self) {
        self.0.notify_one();
    }
}

/// The owner.
pub(super) struct Renewal {
    files: CertificateFiles,
    present: watch::Sender<Arc<CertifiedKey>>,
    certificate: Certificate,
    /// What was looked at last, in order or not.
    seen: Result<CertificateBytes, BadCertificate>,
    /// What is wrong with the files, until it is mended.
    trouble: Option<String>,
    asked: Arc<Notify>,
}

impl Renewal {
    /// Reads the files.
    pub(super) fn start(files: CertificateFiles) -> io::Result<Self> {
        let wrong =
            |bad: BadCertificate| io::Error::new(io::ErrorKind::InvalidInput, bad.of(&files));
        let bytes = files.bytes().map_err(wrong)?;
        let certificate = bytes.certificate().map_err(wrong)?;
        warn_of_readers(Some(&files.key), KEY_FILE);
        let renewal = Self {
            files,
            present: watch::Sender::new(certificate.key.clone()),
            certificate,
            seen: Ok(bytes),
            trouble: None,
            asked: Arc::default(),
        };
        renewal.tell();
        Ok(renewal)
    }

    /// What clients are served with from now on.
    pub(super) fn tls(&self) -> io::Result<Tls> {
        Tls::new(self.present.subscribe())
    }

    /// For who wants the files to be read.
    pub(super) fn asker(&self) -> CertificateRenewal {
        CertificateRenewal(self.asked.clone())
    }

    /// Looks at the files until it is dropped.
    pub(super) async fn run(mut self) -> Infallible {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first is at once.
        looks.tick().await;
        loop {
            let is_asked = tokio::select! {
                () = self.asked.notified() => true,
                _ = looks.tick() => false,
            };
            if is_asked {
                self.look(true);
            } else if let Some(trouble) = self.minute() {
                log::error!("{trouble}");
            }
        }
    }

    /// The look of each minute. What stood wrong before it and still does is to be told again.
    fn minute(&mut self) -> Option<String> {
        let stood = self.trouble.clone();
        self.look(false);
        self.warn();
        stood.filter(|stood| self.trouble.as_ref() == Some(stood))
    }

    /// Takes what the files hold, if it is new and in order. What is wrong is told at once, and stands.
    fn look(&mut self, is_asked: bool) {
        let now = self.files.bytes();
        if now == self.seen && !is_asked {
            return;
        }
        let is_same = now == self.seen;
        match now.clone().and_then(|bytes| bytes.certificate()) {
            Ok(certificate) => {
                self.trouble = None;
                warn_of_readers(Some(&self.files.key), KEY_FILE);
                if is_same {
                    log::info!("the certificate is the one that is served already");
                } else {
                    self.present.send_replace(certificate.key.clone());
                    self.certificate = certificate;
                    self.tell();
                }
            }
            Err(bad) => {
                let said = bad.of(&self.files);
                let line = format!("{said}; the certificate stays as it was");
                log::error!("{line}");
                self.trouble = Some(line);
            }
        }
        self.seen = now;
    }

    fn tell(&self) {
        let (file, until) = (self.files.chain.display(), self.certificate.until());
        log::info!("TLS with the certificate of {file}, valid until {until}");
        self.warn();
        let left = self.certificate.left(SystemTime::now());
        if left.is_some_and(|left| left > Duration::ZERO && left < SOON) {
            log::warn!(
                "--tls.certificate-file: it is valid until {until} only; renew it: it is read again within a minute"
            );
        }
    }

    fn warn(&self) {
        if let Some(said) = self.certificate.out_of_date(SystemTime::now()) {
            log::warn!(
                "--tls.certificate-file: {said}, and clients refuse it; renew it: it is read again within a minute"
            );
        }
    }
}

#[cfg(test)]
mod tests;
