//! Settings of the admin view. What a password is good for is the view's matter.

use std::path::{Path, PathBuf};

use super::Settings;
use super::spelling::{FilePath, Spelling};
use super::table::settings;
use crate::admin::passwords::Password;

settings! {
    /// The admin view, `/admin` on the operators' listener. Without a password there is none.
    pub struct AdminSettings = "admin" at [admin] {
        /// File with the password of who looks and moderates, of at least 12 letters; read again at SIGHUP.
        password_file: Option<PathBuf> as Option<FilePath> = None, check password_file;
        /// File with the password of who looks alone; read again at SIGHUP.
        viewer_password_file: Option<PathBuf> as Option<FilePath> = None, check viewer_password_file;
    }
}

impl AdminSettings {
    /// Whether there is an admin view.
    pub(crate) fn is_on(&self) -> bool {
        self.password_file.is_some() || self.viewer_password_file.is_some()
    }
}

fn password_file(settings: &Settings) -> Result<(), String> {
    usable(settings, settings.admin.password_file.as_deref()).map(drop)
}

fn viewer_password_file(settings: &Settings) -> Result<(), String> {
    let admin = &settings.admin;
    let viewers = usable(settings, admin.viewer_password_file.as_deref())?;
    // What is wrong with the other file is told of it.
    let others = admin.password_file.as_deref();
    let others = others.and_then(|path| Password::read(path).ok());
    match viewers.is_some() && viewers == others {
        true => {
            Err("the password is that of --admin.password-file, too; write another one".to_owned())
        }
        false => Ok(()),
    }
}

fn usable(settings: &Settings, path: Option<&Path>) -> Result<Option<Password>, String> {
    let Some(path) = path else {
        return Ok(None);
    };
    if settings.admin_listen.is_none() {
        return Err(
            "no operators' listener serves it, as of --admin-listen; write an address there, or none here"
                .to_owned(),
        );
    }
    let password = Password::read(path);
    let password = password.map_err(|wrong| format!("{wrong}; write a file with one, or none"))?;
    Ok(Some(password))
}
