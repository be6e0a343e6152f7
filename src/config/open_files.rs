//! How many connections a limit of open files leaves room for. Looks at no limit itself.

use super::{SettingError, Settings};

/// Open files that connections never take: for the operators' listener, the log, what an application opens, and those
/// who are told that there is no place.
pub(crate) const FILES_KEPT: u64 = 64;

impl Settings {
    /// Connections that so many open files leave room for, beside those that threads and listeners need.
    ///
    /// # Errors
    /// None is left; the error says how many files to allow.
    #[doc(hidden)]
    pub fn connections_within(&self, open_files: u64) -> Result<u64, SettingError> {
        // A thread with a runtime has four of its own.
        let threads = 4 * (self.workers + self.room_threads + 1);
        let own = FILES_KEPT + 16 + threads as u64 + self.listen.len() as u64;
        let left = open_files.saturating_sub(own);
        // A file that somebody reads slowly is open as long as the connection.
        let each = if self.static_files.is_some() { 2 } else { 1 };
        if left >= each {
            return Ok(left / each);
        }
        let name = format!("open files (ulimit -n) {open_files}");
        let said = format!(
            "too few to serve with {} workers and {} room threads; write `ulimit -n {}` before it starts, better \
             65536, as each connection takes one; or fewer --workers",
            self.workers,
            self.room_threads,
            own + each
        );
        Err(SettingError::new(&name, said))
    }
}
