//! What `dondo init` writes: a first file of settings, and secrets beside it that nobody else has.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

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

/// Begins a file, unless there is one, and the secrets that it names. One that is there is named and stays as it is. What was
/// done, or what could not be.
pub(super) fn begun(name: &str, has_secrets: bool) -> Result<String, String> {
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
        let words = match fresh(path, before, behind) {
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
    if let Err(error) = file.write_all(printed::begun(&named).as_bytes()) {
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

/// A file of its owner alone with 256 bits from the system's generator.
fn fresh(path: &str, before: &str, behind: &str) -> io::Result<()> {
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
    file.write_all(text.as_bytes())
}
