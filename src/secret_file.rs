//! Files with secrets in them: how all of them are read, and who else may. Knows none of them.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use rustix::process::geteuid;

/// Why a file cannot be had, as words behind its name.
#[derive(Debug)]
pub(crate) enum UnreadSecret {
    /// There is none of this name.
    Missing(io::Error),
    /// A folder, or something that may never end.
    NoFile,
    /// It has more bytes than this.
    Large(u64),
    Failed(io::Error),
}

impl fmt::Display for UnreadSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile => f.write_str("is no file"),
            Self::Large(most) => write!(f, "has more than {most} bytes"),
            Self::Failed(error) if error.kind() == ErrorKind::PermissionDenied => {
                let user = geteuid().as_raw();
                write!(
                    f,
                    "cannot be read by user {user}, whom this program runs as: {error}; let it: `chgrp` it to a group of that user, and \
                     `chmod g+r` it"
                )
            }
            Self::Missing(error) | Self::Failed(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

impl From<io::Error> for UnreadSecret {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Missing(error),
            _ => Self::Failed(error),
        }
    }
}

/// The bytes of a file that has at most so many.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, UnreadSecret> {
    // To open a pipe would wait for whoever writes into it.
    if !path.metadata()?.is_file() {
        return Err(UnreadSecret::NoFile);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(UnreadSecret::Large(most)),
        false => Ok(bytes),
    }
}

/// What to do where everybody on the machine may read a file with a secret.
pub(crate) fn open_to_all(path: &Path, setting: &str) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = path.metadata().map(|found| found.permissions().mode());
    mode.is_ok_and(|mode| mode & 0o004 != 0).then(|| {
        format!(
            "{} holds a secret, and everybody on this machine may read it: `chmod o-r` it (--{setting})",
            path.display()
        )
    })
}

/// Tells the log of it: to be asked whenever the file has been read.
pub(crate) fn warn_of_readers(path: Option<&Path>, setting: &str) {
    if let Some(line) = path.and_then(|path| open_to_all(path, setting)) {
        log::warn!("{line}");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Fails if a service whose user may not read a secret does not say who that is, or what to do.
    #[test]
    fn who_may_not_read_a_secret_is_told_who_it_is() {
        let denied = UnreadSecret::from(io::Error::from(ErrorKind::PermissionDenied)).to_string();
        let user = format!("by user {}, ", geteuid().as_raw());
        assert!(
            denied.contains(&user) && denied.contains("chmod g+r"),
            "{denied}"
        );
    }

    /// Fails if what is no file or too large is read, or nobody is told of a file that is open to all.
    #[test]
    fn a_file_of_secrets_is_a_file_of_its_size_and_its_readers_are_told() {
        let path = std::env::temp_dir().join(format!("dondo-secret-{}", std::process::id()));
        fs::write(&path, "12345").unwrap();
        let allow = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert!(matches!(read(&path, 4), Err(UnreadSecret::Large(4))));
        allow(0o640);
        assert_eq!(open_to_all(&path, "auth.secret-file"), None);
        allow(0o644);
        let told = open_to_all(&path, "auth.secret-file").unwrap();
        assert!(told.contains("--auth.secret-file"), "{told}");
        fs::remove_file(&path).unwrap();
        assert!(matches!(read(&path, 5), Err(UnreadSecret::Missing(_))));
        assert_eq!(open_to_all(&path, "auth.secret-file"), None);
        assert!(matches!(
            read(&std::env::temp_dir(), 5),
            Err(UnreadSecret::NoFile)
        ));
        assert!(matches!(
            read(Path::new("/dev/zero"), 5),
            Err(UnreadSecret::NoFile)
        ));
    }
}
