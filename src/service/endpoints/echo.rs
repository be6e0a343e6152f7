//! The echo server, at the path that the settings have.

use std::sync::Arc;

use dondo_actors::{
    handshake::Handshake,
    ports::Protocol,
    session::{Applications, SessionSettings},
};

use super::{AskedEndpoints, Base, Made, Make};
use crate::{
    protocol::echo::Echo,
    transport::{entrance::EntranceOptions, websocket_endpoint::WebSocketEndpoint},
};

pub(super) fn endpoint<'a>(asked: &AskedEndpoints<'a>) -> Option<Make<'a>> {
    let path = asked.settings.endpoints.echo.as_ref()?;
    Some(Box::new(move |base: &Base| {
        let session = SessionSettings {
            connect_timeout: None,
            applications: Applications::default(),
            ..(*base.main.session).clone()
        };
        let options = EntranceOptions {
            protocol: "echo",
            path: path.clone(),
            session: Arc::new(session),
            connects_later: false,
            ..base.main.clone()
        };
        let protocol = Arc::new(|_: &Handshake| Box::new(Echo) as Box<dyn Protocol>);
        Made::of(WebSocketEndpoint::new(
            base.entrance(options),
            protocol,
            None,
        ))
    }))
}
