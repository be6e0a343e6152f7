//! The settings of TLS, and what is asked of their files. Knows no connection.

use std::path::PathBuf;

use super::Settings;
use super::spelling::{FilePath, Spelling};
use super::table::settings;
use crate::transport::certificate::{BadCertificate, CertificateFiles};

settings! {
    /// TLS of the standalone server, which speaks none without a certificate.
    pub struct TlsSettings = "tls" at [tls] {
        /// File with a certificate in PEM, and behind it those that signed it; with it, all of listen speaks TLS.
        certificate_file: Option<PathBuf> as Option<FilePath> = None, check certificate_file;
        /// File with the certificate's key in PEM, not encrypted.
        key_file: Option<PathBuf> as Option<FilePath> = None, check key_file;
    }
}

impl TlsSettings {
    /// Where the certificate is, if TLS is spoken.
    pub(crate) fn files(&self) -> Option<CertificateFiles> {
        Some(CertificateFiles {
            chain: self.certificate_file.clone()?,
            key: self.key_file.clone()?,
        })
    }
}

fn certificate_file(settings: &Settings) -> Result<(), String> {
    let tls = &settings.tls;
    if tls.certificate_file.is_some() && tls.key_file.is_none() {
        return Err("there is no key to it; write --tls.key-file, too".to_owned());
    }
    match tls.files().map(|files| files.read()) {
        Some(Err(BadCertificate::Chain(said))) => Err(said),
        _ => Ok(()),
    }
}

fn key_file(settings: &Settings) -> Result<(), String> {
    let tls = &settings.tls;
    if tls.key_file.is_some() && tls.certificate_file.is_none() {
        return Err("there is no certificate to it; write --tls.certificate-file, too".to_owned());
    }
    match tls.files().map(|files| files.read()) {
        Some(Err(BadCertificate::Key(said))) => Err(said),
        _ => Ok(()),
    }
}
