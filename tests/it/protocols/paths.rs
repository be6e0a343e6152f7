//! Where the endpoints stand.

use crate::support::{EventReader, Form, WebSocket, in_both_forms};

in_both_forms!(the_other_endpoints_stand_where_their_paths_say_or_nowhere);

fn the_other_endpoints_stand_where_their_paths_say_or_nowhere(form: Form) {
    let hub = form.built(
        |config| {
            config.endpoints.websocket = Some("/live/plain/".to_owned());
            config.endpoints.echo = Some("/live/echo/".to_owned());
            config.endpoints.events = None;
        },
        |builder| builder,
    );
    for path in ["/live/plain", "/live/plain/", "/live/echo"] {
        WebSocket::open(&hub, path);
    }
    assert_eq!(WebSocket::handshake(&hub, "/ws", &[]).0.status, 404);
    assert_eq!(
        EventReader::ask(&hub, "/events?channel=a", &[]).0.status,
        404
    );
    let hub = form.built(
        |config| config.endpoints.events = Some("/told/".to_owned()),
        |builder| builder,
    );
    EventReader::open(&hub, "/told?channel=a");
}
