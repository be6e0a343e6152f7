//! A certificate and its key, read from files in PEM, and what is wrong with them, in the words of the settings that name the
//! files. Knows no connection.

mod validity;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use self::validity::Validity;
use crate::secret_file::{self, UnreadSecret};

/// No chain and no key has so many bytes: it is another file.
const BYTES_MAX: u64 = 1 << 20;

/// Where a certificate and its key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    /// The certificate, and behind it those that signed it.
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
}

/// The bytes of both files.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CertificateBytes {
    chain: Vec<u8>,
    key: Vec<u8>,
}

/// A certificate with its key, which belong to each other.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) key: Arc<CertifiedKey>,
    /// None: its dates cannot be read.
    validity: Option<Validity>,
}

/// What is wrong, and what to write: of the one file or the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BadCertificate {
    Chain(String),
    Key(String),
}

impl BadCertificate {
    /// The sentence, with the setting and the file that it is about before it.
    pub(crate) fn of(&self, files: &CertificateFiles) -> String {
        match self {
            Self::Chain(said) => {
                format!("--tls.certificate-file {}: {said}", files.chain.display())
            }
            Self::Key(said) => format!("--tls.key-file {}: {said}", files.key.display()),
        }
    }
}

impl CertificateFiles {
    /// Reads both.
    pub(crate) fn bytes(&self) -> Result<CertificateBytes, BadCertificate> {
        Ok(CertificateBytes {
            chain: bytes(&self.chain).map_err(BadCertificate::Chain)?,
            key: bytes(&self.key).map_err(BadCertificate::Key)?,
        })
    }

    /// Reads both, and what is in them.
    pub(crate) fn read(&self) -> Result<Certificate, BadCertificate> {
        self.bytes()?.certificate()
    }
}

impl CertificateBytes {
    /// What is in them.
    pub(crate) fn certificate(&self) -> Result<Certificate, BadCertificate> {
        let chain = chain(&self.chain).map_err(BadCertificate::Chain)?;
        let key = key(&self.key).map_err(BadCertificate::Key)?;
        let validity = chain.first().and_then(|first| Validity::of(first));
        let both = CertifiedKey::from_der(chain, key, &ring::default_provider());
        Ok(Certificate {
            key: Arc::new(both.map_err(mismatched)?),
            validity,
        })
    }
}

impl Certificate {
    /// What browsers say against its dates at this time, if anything.
    pub(crate) fn out_of_date(&self, now: SystemTime) -> Option<String> {
        let Validity { from, until } = self.validity?;
        let date = humantime::format_rfc3339_seconds;
        if now > until {
            return Some(format!("it was valid until {}", date(until)));
        }
        (now < from).then(|| format!("it is valid from {}", date(from)))
    }

    /// Until when it is valid, as a date.
    pub(crate) fn until(&self) -> String {
        match self.validity {
            Some(Validity { until, .. }) => humantime::format_rfc3339_seconds(until).to_string(),
            None => "a date that cannot be read".to_owned(),
        }
    }

    /// The time that is left of it.
    pub(crate) fn left(&self, now: SystemTime) -> Option<std::time::Duration> {
        let Validity { until, .. } = self.validity?;
        Some(until.duration_since(now).unwrap_or_default())
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    secret_file::read(path, BYTES_MAX).map_err(|why| match why {
        UnreadSecret::Missing(_) => {
            "there is no such file; write the name of a file in PEM".to_owned()
        }
        UnreadSecret::NoFile => "no file; write the name of a file in PEM".to_owned(),
        UnreadSecret::Large(_) => "over 1MiB; write the name of a file in PEM".to_owned(),
        UnreadSecret::Failed(_) => format!("{why}; or write the name of another file in PEM"),
    })
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain = chain.map_err(|error| not_pem(&error))?;
    if chain.is_empty() {
        let found = match key(pem) {
            Ok(_) => "a key and no certificate",
            Err(_) => "no certificate",
        };
        return Err(format!(
            "there is {found} in it; write the name of a file with the certificate in PEM, and behind it those that signed it"
        ));
    }
    Ok(chain)
}

fn key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    let has = |words: &[u8]| pem.windows(words.len()).any(|window| window == words);
    if has(b"BEGIN ENCRYPTED PRIVATE KEY") || has(b"Proc-Type: 4,ENCRYPTED") {
        return Err(
            "its key is encrypted, and nobody can be asked for the password; write the name of one that is not: \
             openssl pkey -in OLD -out NEW makes it"
                .to_owned(),
        );
    }
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            "there is no private key in it; write the name of a file with the certificate's key in PEM".to_owned()
        }
        error => not_pem(&error),
    })
}

fn not_pem(error: &pem::Error) -> String {
    let said = match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no end",
        pem::Error::IllegalSectionStart { .. } => "a section has no begin",
        pem::Error::Base64Decode(_) => "a section is not base64",
        _ => "it cannot be read",
    };
    format!("not PEM ({said}); write the name of a file in PEM")
}

fn mismatched(error: Error) -> BadCertificate {
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => BadCertificate::Key(
            "its key belongs to another certificate than the first in --tls.certificate-file; write the name of that one's key, \
             or put the server's own certificate before those that signed it"
                .to_owned(),
        ),
        Error::InvalidCertificate(_) => BadCertificate::Chain(format!(
            "its first certificate cannot be read ({error}); write the name of a file with a certificate of X.509, version 3"
        )),
        _ => BadCertificate::Key(
            "its key is of no kind that is known here; write the name of one with a key of ECDSA (P-256, P-384), Ed25519, or RSA \
             of 2048 bits or more"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests;
