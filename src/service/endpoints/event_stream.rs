//! Event streams, at the path that the settings have.

use std::{collections::BTreeSet, sync::Arc};

use dondo_actors::{
    letter::Encodings,
    session::{Liveness, SessionSettings},
};

use super::{AskedEndpoints, Base, Made, Make};
use crate::{
    protocol::event_stream::{EventStreamEncoding, Subscription},
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
    // Where a host's own handler hears the joins, what is a join is the host's matter.
    let of_pack = asked.namespaces.all().filter(|served| {
        let mut own = served.events();
        served.has_pack() && !own.any(|event| matches!(&*event, "join-channel" | "join-room"))
    });
    let of_pack: BTreeSet<Arc<str>> = of_pack.map(|served| served.name().clone()).collect();
    let pack = asked.pack.clone();
    let judge = move |asked: &Subscription| {
        let mut joins = asked.all().filter(|_| of_pack.contains(asked.namespace()));
        joins.find_map(|join| pack.wrong_with_join(join))
    };
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
            connects_later: false,
            ..base.main.clone()
        };
        let ping_interval = options.session.ping_interval;
        let entrance = base.entrance(options);
        Made::of(EventStreamEndpoint::new(
            entrance,
            encoding,
            grace,
            ping_interval,
            Arc::new(judge),
        ))
    }))
}
