//! Event streams, at the path that the settings have.

use std::sync::Arc;

use dondo_actors::{
    letter::Encodings,
    session::{Liveness, SessionSettings},
};

use super::{AskedEndpoints, Base, Made, Make};
use crate::{
    protocol::event_stream::EventStreamEncoding,
    transport::{entrance::EntranceOptions, event_stream_endpoint::EventStreamEndpoint},
};

pub(super) fn endpoint<'a>(
    asked: &AskedEndpoints<'a>,
    encodings: &mut Encodings,
) -> Option<Make<'a>> {
    let path = asked.settings.endpoints.events.as_ref()?;
    let (grace, encoding) = (
        asked.settings.grace,
        encodings.register(EventStreamEncoding),
    );
    Some(Box::new(move |base: &Base| {
        let session = SessionSettings {
            connect_timeout: None,
            liveness: Liveness::Transport,
            ..(*base.main.session).clone()
        };
        let options = EntranceOptions {
            protocol: "event-stream",
            path: path.clone(),
            session: Arc::new(session),
            ..base.main.clone()
        };
        let entrance = base.entrance(options);
        Made::of(EventStreamEndpoint::new(entrance, encoding, grace))
    }))
}
