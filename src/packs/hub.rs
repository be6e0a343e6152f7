//! The hub pack: channels, rooms, messages and presence, as the contract has them (`docs/contract.md`, parts 2 to 6).
//! Written on the embedding API and the core's rooms; knows no wire, and never waits for a client.

mod chat_hub;
mod command;
mod contract;
mod crash_script;
#[cfg(feature = "types")]
mod declared;
mod render;
mod server_word;
mod service;

use std::sync::Arc;

use bytes::Bytes;
use dondo_actors::{
    context::{self, NamespaceSettings},
    letter::Content,
    ports::{Answer, Clock, LocalFuture},
    session::AckHandle,
};

use self::chat_hub::ChatHub;
pub(crate) use self::chat_hub::view as chat_hub_view;
pub(crate) use self::contract::dotnet::view as dotnet_view;
pub(crate) use self::contract::fault::Fault as HubFault;
use self::contract::normal_form::ClientIdPolicy;
pub(crate) use self::crash_script::CrashScripts;
#[cfg(feature = "types")]
pub use self::declared::{csharp, typescript};
pub(crate) use self::server_word::{SERVER, ServerWord, WordTarget};
use self::{
    command::{Command, Success},
    contract::fault::{Code, Fault},
    service::Caller,
};
use crate::{
    channel_limits::ChannelLimits,
    config::{HubSettings, InsecureSettings, OnlineUsers},
    dialect::Dialect,
    io::{Pack, PackEvent, PackSocket, Socket},
    moderation::Moderation,
    tokens::TokenFault,
};

/// The event by which a client brings another token. It is the hub's where tokens are taken.
pub(crate) const AUTH: &str = "auth";

/// The pack; clones share their settings. Give the same one to a namespace as its pack and as its presence events.
#[derive(Clone)]
pub(crate) struct HubPack(Arc<PackShared>);

impl std::fmt::Debug for HubPack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HubPack").field(&self.0.settings).finish()
    }
}

/// What all requests of a pack share.
struct PackShared {
    settings: HubSettings,
    client_ids: ClientIdPolicy,
    clock: Arc<dyn Clock>,
    moderation: Moderation,
    channels: ChannelLimits,
}

impl HubPack {
    /// A pack with these settings, which tells the time by `clock` and hears nobody who is muted.
    pub(crate) fn new(
        settings: HubSettings,
        insecure: &InsecureSettings,
        clock: Arc<dyn Clock>,
        moderation: Moderation,
    ) -> Self {
        let (slow_mode, capacity) = (&settings.slow_mode, &settings.channel_capacity);
        Self(Arc::new(PackShared {
            channels: ChannelLimits::new(slow_mode.clone(), capacity.clone()),
            client_ids: match insecure.keep_client_id {
                true => ClientIdPolicy::Keep,
                false => ClientIdPolicy::Stamp,
            },
            settings,
            clock,
            moderation,
        }))
    }

    /// Slow mode and capacity of channels.
    pub(crate) fn channels(&self) -> &ChannelLimits {
        &self.0.channels
    }

    /// Why a client may say nothing, if it is muted.
    fn muted(&self, socket: &Socket) -> Option<Fault> {
        let mutes = self.0.moderation.mutes();
        let sentence = mutes.of_client(socket.account(), socket.address(), Some(socket.id()))?;
        let why = sentence.reason.as_deref();
        let message = why.map_or_else(
            || "you are muted".to_owned(),
            |why| format!("you are muted: {why}"),
        );
        Some(Fault::new(Code::Muted, message))
    }

    /// What SignalR's clients of the ChatHub call, each with a dialect of its own.
    pub(crate) fn chat_hub(&self) -> Arc<dyn Fn() -> Dialect + Send + Sync> {
        let name_bytes_max = self.0.settings.name_bytes_max;
        Arc::new(move || {
            let mut hub = ChatHub::new(name_bytes_max);
            Box::new(move |call| hub.call(call))
        })
    }

    /// What is wrong with a join whoever asks for it, for people: no such event could ever be carried out.
    pub(crate) fn wrong_with_join(&self, join: &Content) -> Option<String> {
        let rules = service::rules(&self.0.settings);
        let read = Command::read(&join.name, &join.clone().into(), rules, true);
        read.err().map(|fault| fault.message.into_owned())
    }

    /// The part of the settings that the core acts on.
    pub(crate) fn namespace_settings(&self) -> NamespaceSettings {
        let presence = &self.0.settings.presence;
        NamespaceSettings {
            presence_interval: presence.interval,
            deliveries_per_second: presence.deliveries_per_s,
            online_users: match presence.online_users {
                OnlineUsers::All => context::OnlineUsers::All,
                OnlineUsers::Channel => context::OnlineUsers::Channel,
                OnlineUsers::Off => context::OnlineUsers::Off,
            },
            join_events_up_to: presence.join_events_up_to,
            ..NamespaceSettings::default()
        }
    }
}

impl Pack for HubPack {
    fn event(&self, socket: Socket, event: PackEvent) -> Option<LocalFuture<()>> {
        let caller = Caller {
            settings: &self.0.settings,
            client_ids: self.0.client_ids,
            socket: &socket,
            login: socket.login(),
            now: self.0.clock.now(),
            limits: &self.0.channels,
            accounts: self.0.moderation.accounts(),
        };
        if *event.name == *AUTH && socket.credentials().is_some() {
            renewed(&socket, &event);
            return None;
        }
        let guest = socket.account().is_none();
        let read = Command::read(&event.name, &event.arguments, caller.rules(), guest);
        let (told, name, ack) = (socket.clone(), event.name, event.ack);
        // In the ack if there is one, else only faults, as `hub-error`. Never both.
        let answer = move |done: Result<Success, Fault>| match done {
            Ok(success) => {
                told.answer(&ack, render::ack(&name, told.id().as_str(), &success));
            }
            Err(fault) => {
                let args = fault.answer(&name);
                if !told.answer(&ack, args.clone()) {
                    hub_error(&told, args);
                }
            }
        };
        let read = read.and_then(|(command, payload)| {
            let muted = self.muted(&socket);
            match muted {
                Some(fault) if command.says_something() => Err(fault),
                // Others are told of a join, a leave and what an owner does, and of what came with it.
                None if command.says_something()
                    || caller.may_say(&command) && !caller.is_slowed(&command) =>
                {
                    Ok((command, payload))
                }
                // A guest could say everything by its name.
                Some(_) => Ok((command, payload.without_words().without_name())),
                None => Ok((command, payload.without_words())),
            }
        });
        match read {
            Ok((command, payload)) => caller.carry_out(command, payload, answer),
            Err(fault) => {
                answer(Err(fault));
                None
            }
        }
    }

    fn crashed(&self, socket: &Socket, event: &str, ack: Option<AckHandle>) {
        let args = Fault::new(Code::Internal, "the hub failed to handle this event").answer(event);
        match ack {
            Some(ack) => {
                ack.answer(&Answer {
                    args,
                    blobs: Vec::new(),
                });
            }
            None => hub_error(socket, args),
        }
    }

    fn ended(&self, socket: &Socket, why: TokenFault) -> String {
        let fault = Fault::from(why);
        hub_error(socket, fault.answer(AUTH));
        format!("{}: {}", fault.code.as_str(), fault.message)
    }
}

/// Takes another token in the place of the one that a client came with.
fn renewed(socket: &Socket, event: &PackEvent) {
    let token = contract::auth::token(&event.arguments);
    let renewed = token.and_then(|token| Ok(socket.renew(&token)?));
    let args = match &renewed {
        Ok(login) => contract::auth::answer(AUTH, login),
        Err(fault) => fault.answer(AUTH),
    };
    if !socket.answer(&event.ack, args.clone()) && renewed.is_err() {
        hub_error(socket, args);
    }
}

/// Tells a client of a fault that it asked no ack for, where its protocol has that.
fn hub_error(socket: &Socket, args: Bytes) {
    if !socket.member().hears_of_failures() {
        return;
    }
    let content = Content {
        name: "hub-error".into(),
        args,
        blobs: Vec::new(),
    };
    socket.member().emit(&content, false);
}

#[cfg(test)]
mod tests;
