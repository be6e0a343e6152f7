//! Files with keys in them.

use std::path::Path;

use super::BadKey;
use crate::secret_file;

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
    let unread = |why| BadKey::new(format!("{} {why}", path.display()));
    secret_file::read(path, FILE_BYTES_MAX).map_err(unread)
}
