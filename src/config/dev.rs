//! What `--dev` implies, and what cannot stand beside it.

use super::Settings;
use crate::transport::origin::Origin;

impl Settings {
    /// Sets what `dev` implies and nobody wrote otherwise.
    pub(super) fn imply(&mut self, is_written: impl Fn(&str) -> bool) {
        if self.dev && !is_written("origins") {
            self.origins = [Origin::ThisMachine].into_iter().collect();
        }
    }
}

/// Who can reach it could crash its rooms with a guess, and connect from everywhere.
pub(super) fn dev(settings: &Settings) -> Result<(), String> {
    if !settings.dev {
        return Ok(());
    }
    let far = settings.listen.iter().find(|at| !at.ip().is_loopback());
    if let Some(far) = far {
        return Err(format!(
            "other machines can reach {far} of --listen, and this is for development on one; write 127.0.0.1:{} there, or off here",
            far.port()
        ));
    }
    match settings.admin_listen {
        Some(address) if address.ip().is_loopback() => Ok(()),
        Some(address) => Err(format!(
            "other machines can reach {address} of --admin-listen, and rooms can be crashed there; write 127.0.0.1:{} there, or off here",
            address.port()
        )),
        None => Err(
            "rooms are crashed by the operators' listener, and --admin-listen has none; write 127.0.0.1:11001 there, or off here"
                .to_owned(),
        ),
    }
}
