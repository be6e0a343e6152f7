//! Engine.IO without Socket.IO, as a host asks for it.

use std::sync::Arc;

use dondo_actors::{
    handshake::Handshake, letter::Encodings, ports::Protocol, session::SessionSettings,
};

use super::{super::parts::engine_options, AskedEndpoints, Made, Make};
use crate::{
    io::MESSAGE,
    protocol::bare::{Bare, BareEncoding},
    transport::{engine::Engine, entrance::EntranceOptions},
};

pub(super) fn endpoints<'a>(
    asked: &AskedEndpoints<'a>,
    encodings: &mut Encodings,
) -> Vec<Make<'a>> {
    if asked.bare.is_empty() {
        return Vec::new();
    }
    let (settings, encoding) = (asked.settings, encodings.register(BareEncoding));
    let endpoints = asked.bare.iter().flat_map(|(path, namespaces)| {
        let names = namespaces.all().map(|served| served.name().clone());
        names.map(move |name| {
            let make = move |base: &super::Base| {
                let session = Arc::new(SessionSettings {
                    connect_timeout: None,
                    applications: namespaces.applications(),
                    ..(*base.main.session).clone()
                });
                let options = EntranceOptions {
                    protocol: "engine.io",
                    path: path.clone(),
                    session,
                    keeps_handshakes: namespaces.keep_handshakes(),
                    connects_later: false,
                    ..base.main.clone()
                };
                let message: Arc<str> = MESSAGE.into();
                let upper = move |_: &Handshake| {
                    let bare = Bare::new(name.clone(), message.clone(), encoding);
                    Box::new(bare) as Box<dyn Protocol>
                };
                let entrance = base.entrance(options);
                let engine = Engine::new(engine_options(settings), entrance, Arc::new(upper));
                Made::of(engine)
            };
            Box::new(make) as Make<'a>
        })
    });
    endpoints.collect()
}
