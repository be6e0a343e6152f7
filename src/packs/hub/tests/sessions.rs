//! The hub pack through real sessions: what each client gets for what another sends.
//! Knows the contract, and nothing of how the pack is made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod channels;
mod faults;
mod guides;
mod presence;
mod private;
mod rooms;
mod settings;

use crate::{
    config::HubSettings,
    io::tests::world::{Client, World, settle},
};

/// A hub that tells nobody of presence in channels: tests that are not about it read better.
fn quiet() -> HubSettings {
    let mut settings = HubSettings::default();
    settings.presence.online_users = crate::config::OnlineUsers::Off;
    settings
}

/// Three clients in a hub.
async fn three(settings: HubSettings) -> (World, Client, Client, Client) {
    three_in(World::hub(settings)).await
}

async fn three_in(world: World) -> (World, Client, Client, Client) {
    let (a, b, c) = (
        world.client().await,
        world.client().await,
        world.client().await,
    );
    (world, a, b, c)
}

/// Whatever is under way is over and forgotten.
async fn forget(clients: &[&Client]) {
    settle().await;
    for client in clients {
        client.packets();
    }
}

/// How many events of one name each client got.
async fn counts(clients: &[&Client], event: &str) -> Vec<usize> {
    settle().await;
    let heard = clients.iter().map(|client| client.heard(event).len());
    heard.collect()
}
