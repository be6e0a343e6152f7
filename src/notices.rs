//! What the log says of requests and handlers that a peer can make fail; the core's causes are in `dondo_actors::notice`.

use dondo_actors::causes;

#[rustfmt::skip]
causes! {
    TRANSPORT_UNKNOWN: Info, "refused: transport unknown", "", "the client names no transport that is served";
    SESSION_UNKNOWN: Info, "refused: session unknown", "", "the session ended, or another server has it: a balancer must keep a client at one server";
    BAD_METHOD: Info, "refused: bad method", "", "the client does not speak the protocol";
    BAD_REQUEST: Info, "refused: bad request", "", "the client does not speak the protocol, or a proxy does not pass upgrades on";
    ORIGIN_FORBIDDEN: Info, "refused: origin forbidden", "--origins", "name the page's origin there if it may connect";
    UNSUPPORTED_VERSION: Info, "refused: unsupported version", "", "the client is older than Socket.IO 3";
    SHUTTING_DOWN: Info, "refused: shutting down", "--grace", "the client comes back to another server, or after the restart";
    OTHER_METHOD: Info, "refused: other method", "", "the client does not speak the protocol";
    PAYLOAD_TOO_LARGE: Info, "refused: payload too large", "--engine.max-payload", "raise the setting if clients send more";
    WEBSOCKET_FAULT: Info, "websocket fault", "", "the client does not speak the protocol, or sends more than --max-payload";
    HANDLER_FAILED: Warn, "handler failed", "", "the application's handler returned an error";
    NO_RANDOMNESS: Error, "no randomness", "", "the system's generator gives nothing: nobody can be let in";
    ROOMS_ENDED: Error, "room thread ended", "", "it is started anew; a bug: report it with the panic above";
    PANICKED: Error, "panic", "", "a bug: report it";
}

/// Says what was held back of every cause. For whoever writes the log, once a second.
pub(crate) fn settle() {
    ALL.iter().for_each(|cause| cause.settle());
    dondo_actors::notice::settle();
}
