//! Files with keys in them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::BadKey;

/// Bytes of a file with keys.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// The text of a file.
pub(crate) fn read_text(path: &Path) -> Result<String, BadKey> {
    let bytes = read(path)?;
    let no_text = |_| BadKey::new(format!("{} is no text", path.display()));
    String::from_utf8(bytes).map_err(no_text)
}

/// The secret in a file: what stands there without the end of its line, which editors add.
pub(crate) fn text_of_secret(path: &Path) -> Result<Vec<u8>, BadKey> {
    let mut bytes = read(path)?;
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    Ok(bytes)
}

fn read(path: &Path) -> Result<Vec<u8>, BadKey> {
    let mut bytes = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() as u64 > FILE_BYTES_MAX => Err(BadKey::new(format!(
            "{} is larger than a file of keys can be ({FILE_BYTES_MAX} bytes)",
            path.display()
        ))),
        Ok(_) => Ok(bytes),
        Err(error) => Err(BadKey::new(format!(
            "{} cannot be read: {error}",
            path.display()
        ))),
    }
}

/// Whether everybody on the machine may read a file.
pub(crate) fn is_read_by_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let mode = path.metadata().map(|found| found.permissions().mode());
    mode.is_ok_and(|mode| mode & 0o004 != 0)
}
