//! What `dondo init` writes: a first file of settings, and secrets beside it that nobody else has.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use rustix::process::geteuid;

use super::file::DEFAULT;
use super::printed;

/// A setting that names a file with secrets, the file beside the first one, and what stands around the secret in it.
const SECRETS: [(&str, &str, &str, &str); 3] = [
    ("auth.secret-file", "token-secret", "", "\n"),
    (
        "api.keys-file",
        "api-keys.toml",
        "[[key]]\nname = \"first\"\nsecret = \"",
        "\"\nrights = [\"publish\", \"read\", \"moderate\"]\n",
    ),
    ("admin.password-file", "admin-password", "", "\n"),
];

/// Whom packages run the hub as, and their group.
const GROUP: &str = "dondo";

/// The group of a packaged hub, for what root writes: it would be root's alone otherwise, and the hub does not run as root.
pub(super) fn readers() -> Option<u32> {
    let groups = geteuid()
        .is_root()
        .then(|| fs::read_to_string("/etc/group"));
    group(&groups?.ok()?)
}

fn group(groups: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut parts = line.split(':');
        let is_ours = parts.next() == Some(GROUP);
        is_ours.then(|| parts.nth(1)?.parse().ok())?
    })
}

/// Begins a file, unless there is one, and the secrets that it names; a group that is named may read all of it. One that is there
/// is named and stays as it is. What was done, or what could not be.
pub(super) fn begun(name: &str, has_secrets: bool, readers: Option<u32>) -> Result<String, String> {
    let folder = Path::new(name).parent().unwrap_or(Path::new(""));
    let secrets = SECRETS.iter().filter(|_| has_secrets).map(|secret| {
        let path = folder.join(secret.1).to_string_lossy().into_owned();
        (secret, path)
    });
    let secrets: Vec<_> = secrets.collect();
    let mut file = match OpenOptions::new().write(true).create_new(true).open(name) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(format!(
                "{name}: there is one, and it stays as it is; write another name: dondo init FILE"
            ));
        }
        Err(error) => return Err(unwritten(name, &error)),
    };
    let mut said = String::new();
    for ((setting, _, before, behind), path) in &secrets {
        let words = match fresh(path, before, behind, readers) {
            Ok(()) if readers.is_some() => {
                "is written, with a fresh secret that root and the group dondo alone may read"
            }
            Ok(()) => "is written, with a fresh secret that this user alone may read",
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                "was there, and stays as it is"
            }
            Err(error) => {
                // One that names no secrets yet would be in the way of the next try.
                let _ = fs::remove_file(name);
                return Err(unwritten(path, &error));
            }
        };
        let _ = writeln!(said, "{path} {words} ({setting})");
    }
    let named: Vec<_> = secrets
        .iter()
        .map(|(secret, path)| (secret.0, &**path))
        .collect();
    let written = file.write_all(printed::begun(&named).as_bytes());
    if let Err(error) = written.and_then(|()| shared(&file, readers)) {
        return Err(unwritten(name, &error));
    }
    let read = match name {
        DEFAULT => "`dondo` reads it when it starts here".to_owned(),
        name => format!("`dondo --config {name}` reads it"),
    };
    Ok(format!(
        "{name} is written; {read}, and `dondo check` says what is wrong with it\n{said}"
    ))
}

fn unwritten(name: &str, error: &io::Error) -> String {
    format!(
        "{name}: cannot be written: {error}; write a name in a folder that this user may write to"
    )
}

/// Lets a group read a file, whatever the mask of whoever writes it.
fn shared(file: &File, readers: Option<u32>) -> io::Result<()> {
    let Some(group) = readers else {
        return Ok(());
    };
    fchown(file, None, Some(group))?;
    let mode = file.metadata()?.permissions().mode();
    file.set_permissions(Permissions::from_mode(mode | 0o040))
}

/// A file of its owner alone, and of those readers, with 256 bits from the system's generator.
fn fresh(path: &str, before: &str, behind: &str, readers: Option<u32>) -> io::Result<()> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    let mut text = before.to_owned();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text.push_str(behind);
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let written = shared(&file, readers).and_then(|()| file.write_all(text.as_bytes()));
    // Half of one would stay as it is at the next try.
    written.inspect_err(|_| drop(fs::remove_file(path)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::MetadataExt;

    use super::*;

    /// Fails if the user of a packaged hub cannot read what `init` writes for it, others can, or nobody else is kept out where
    /// there is no such user.
    #[test]
    fn what_root_writes_can_be_read_by_the_packaged_hub_and_by_nobody_else() {
        let own = rustix::process::getegid().as_raw();
        for (readers, mode, told) in [
            (Some(own), 0o640, "root and the group dondo alone may read"),
            (None, 0o600, "this user alone may read"),
        ] {
            let name = format!("dondo-begun-{}-{mode:o}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            fs::create_dir(&folder).unwrap();
            let file = folder.join("dondo.toml");
            let said = begun(file.to_str().unwrap(), true, readers).unwrap();
            assert_eq!(said.matches(told).count(), SECRETS.len(), "{said}");
            for (_, secret, ..) in SECRETS {
                let found = folder.join(secret).metadata().unwrap();
                assert_eq!((found.mode() & 0o777, found.gid()), (mode, own), "{secret}");
            }
            let settings = file.metadata().unwrap();
            assert!(readers.is_none() || settings.mode() & 0o040 != 0);
            fs::remove_dir_all(&folder).unwrap();
        }
    }

    /// Fails if another group's number is taken for that of the packages.
    #[test]
    fn the_group_is_found_by_its_whole_name() {
        let groups = "root:x:0:\ndondo-old:x:7:\nx:dondo:8:\ndondo:x:998:ada\n";
        assert_eq!(group(groups), Some(998));
        assert_eq!(group("root:x:0:dondo\n"), None);
        assert_eq!(group("dondo:x:\ndondo\n"), None);
    }
}
