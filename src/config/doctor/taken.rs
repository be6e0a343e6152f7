//! Addresses that cannot be listened on, and whether it is a hub that has them.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use super::Finding;
use crate::asking::{agent, reached};
use crate::config::Settings;

/// How long a hub that runs already may take to say so.
const PATIENCE: Duration = Duration::from_secs(2);

/// An address that cannot be listened on.
#[derive(Debug)]
pub(super) struct TakenAddress {
    pub(super) setting: &'static str,
    pub(super) address: String,
    pub(super) why: String,
    /// A hub has it.
    pub(super) by_hub: bool,
}

impl TakenAddress {
    /// Tries it, and asks who has it.
    pub(super) fn at(
        setting: &'static str,
        address: SocketAddr,
        settings: &Settings,
    ) -> Option<Self> {
        let refused = TcpListener::bind(address).err()?;
        Some(Self {
            setting,
            address: address.to_string(),
            why: refused.to_string(),
            by_hub: is_hub(address, settings),
        })
    }

    pub(super) fn finding(&self) -> Finding {
        let Self {
            setting,
            address,
            why,
            by_hub,
        } = self;
        match by_hub {
            true => Finding::Warning(format!(
                "--{setting} {address}: a hub runs there, its /healthz answers; another one does not start beside it. `--url` looks at \
                 the one that runs; for another one end it first, or write another address"
            )),
            false => Finding::Fault(format!(
                "--{setting} {address} cannot be had: {why}; end what listens there, or write another address"
            )),
        }
    }
}

/// Whether a hub answers there. One with TLS has no certificate for this machine's own name, and is not asked.
fn is_hub(address: SocketAddr, settings: &Settings) -> bool {
    let mut places = reached(address).into_iter();
    places.any(|place| is_hub_at(place, settings))
}

fn is_hub_at(address: SocketAddr, settings: &Settings) -> bool {
    let mut request = agent(PATIENCE).get(format!("http://{address}/healthz"));
    // The operators' listener takes the names of the others, too.
    if let Some(host) = settings.hosts.first() {
        request = request.header("Host", host);
    }
    let Ok(mut answer) = request.call() else {
        return false;
    };
    let text = answer.body_mut().with_config().limit(16).read_to_string();
    answer.status() == 200 && text.is_ok_and(|text| text == "ok\n")
}
