//! What `--dev` and `--container` imply, and what cannot stand beside the former.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Settings;
use crate::transport::origin::Origin;

impl Settings {
    /// Sets what `dev` and `container` imply and nobody wrote otherwise.
    pub(super) fn imply(&mut self, is_written: impl Fn(&str) -> bool) {
        if self.container && !is_written("listen") {
            // Two, so that the one whose family the kernel lacks is left out, as of any default.
            self.listen = vec![
                (Ipv4Addr::UNSPECIFIED, Self::PORT).into(),
                (Ipv6Addr::UNSPECIFIED, Self::PORT).into(),
            ];
        }
        if self.dev && !is_written("origins") {
            self.origins = [Origin::ThisMachine].into_iter().collect();
        }
    }

    /// The switch that decides a setting that nobody wrote.
    pub(super) fn implied_by(&self, name: &str) -> Option<&'static str> {
        match name {
            "origins" if self.dev => Some("dev"),
            "listen" if self.container => Some("container"),
            _ => None,
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
