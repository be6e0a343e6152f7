//! What the log says of requests and handlers that a peer can make fail; the core's causes are in `dondo_actors::notice`.

use dondo_actors::causes;

#[rustfmt::skip]
causes! {
    TRANSPORT_UNKNOWN: Info, "refused: transport unknown", "", "the client names no transport that is served";
    SESSION_UNKNOWN: Info, "refused: session unknown", "", "the session ended, or another server has it: a balancer must keep a client at one server";
    BAD_METHOD: Info, "refused: bad method", "", "the client does not speak the protocol";
    BAD_REQUEST: Info, "refused: bad request", "", "the client does not speak the protocol, or a proxy does not pass upgrades on";
    ORIGIN_FORBIDDEN: Warn, "refused: origin forbidden", "--origins", "if the page may connect, do what the line of the refusal says", once_a_minute;
    UPGRADE_FORBIDDEN: Warn, "refused: upgrade forbidden", "--origins", "the page stays on long-polling; if it may have its WebSocket, do what the line of the refusal says", once_a_minute;
    UNSUPPORTED_VERSION: Info, "refused: unsupported version", "", "the client is older than Socket.IO 3";
    SHUTTING_DOWN: Info, "refused: shutting down", "--grace", "the client comes back to another server, or after the restart";
    FOREIGN_HOST: Warn, "refused: foreign host", "--hosts", "name the host there if the hub is reached under it", once_a_minute;
    CROSS_SITE: Info, "refused: cross site", "--origins", "a page of another site asked; name its origin there if it may connect";
    SESSIONS_MAX: Warn, "refused: sessions max", "--limits.sessions-max", "raise the setting if memory allows";
    ADDRESS_SESSIONS_MAX: Warn, "refused: address sessions max", "--limits.address-sessions-max", "behind a proxy: see --trusted-proxies";
    CONNECTION_SESSIONS_MAX: Info, "refused: connection sessions max", "--limits.connection-sessions-max", "the client comes back over a new connection";
    ADDRESS_HANDSHAKES: Info, "refused: address handshakes", "--limits.address-handshakes-per-s", "behind a proxy: see --trusted-proxies";
    MEMORY_MAX: Warn, "refused: memory max", "--memory-max", "too much is held for all clients; raise the setting if memory allows";
    LOGIN_TIMEOUT: Warn, "refused: login timeout", "", "the application's login waits for something that does not answer; Builder::admission_timeout is how long it may";
    TOKEN_REFUSED: Info, "token refused", "", "the client shows another token, or comes as a guest if --auth.guests is on";
    BANNED: Info, "refused: banned", "", "the address is banned over the HTTP API: GET /api/v1/bans lists it";
    API_KEY: Warn, "api key", "--api.keys-file", "somebody asks the HTTP API with a key that is none: a mistyped one, or a guess";
    ADMIN_PASSWORD: Warn, "admin password", "--admin.password-file", "somebody opens the admin view with a password that is none: a mistyped one, or a guess";
    OTHER_METHOD: Info, "refused: other method", "", "the client does not speak the protocol";
    PAYLOAD_TOO_LARGE: Info, "refused: payload too large", "--engine.max-payload", "raise the setting if clients send more";
    SOCKETS_MAX: Warn, "connections max", "", "raise the limit of open files (ulimit -n)";
    ADDRESS_SOCKETS_MAX: Warn, "address connections max", "", "raise the limit of open files (ulimit -n); behind a proxy: see --trusted-proxies";
    NO_HANDSHAKE: Info, "no handshake", "--tls.certificate-file", "the client does not trust the certificate, is older than TLS 1.2, or means harm";
    NOT_TLS: Info, "no TLS", "--tls.certificate-file", "the client writes http:// or ws:// where https:// or wss:// is spoken";
    SLOW_HANDSHAKE: Info, "slow handshake", "--engine.request-timeout", "the client is slow, or means harm";
    SLOW_HEAD: Info, "slow head", "--engine.request-timeout", "the client is slow, or means harm";
    UNFINISHED_HEADS: Warn, "unfinished heads", "--limits.unfinished-bytes-max", "too much has come of requests whose heads do not end; raise the setting or --memory-max if that is honest";
    SLOW_BODY: Info, "slow body", "--engine.request-timeout", "the client is slow, or means harm";
    SLOW_ANSWER: Info, "answer not read", "--delivery.stall-timeout", "the client is slow, or means harm";
    WEBSOCKET_FAULT: Info, "websocket fault", "", "the client does not speak the protocol, or sends more than --engine.max-payload";
    HANDLER_FAILED: Warn, "handler failed", "", "the application's handler returned an error";
    ADMISSION_OVER: Warn, "admission over", "", "what a middleware does with its client it does before it ends: afterwards there is its Socket";
    HANDLER_BLOCKS: Warn, "handler blocks", "", "what takes long is awaited, or runs in dondo::blocking";
    UNREADABLE: Info, "arguments unreadable", "", "the client sends what the application does not expect";
    NO_RANDOMNESS: Error, "no randomness", "", "the system's generator gives nothing: nobody can be let in";
    ROOMS_ENDED: Error, "room thread ended", "", "it is started anew; a bug: report it with the panic above";
    WORKER_ENDED: Error, "worker ended", "", "it is started anew, and its clients come back; a bug, or an application that ended it";
    NOT_ACCEPTED: Error, "not accepted", "", "if files are out, raise the limit of open files (ulimit -n)";
    PANICKED: Error, "panic", "", "a bug: report it";
}

/// Says what was held back of every cause. For whoever writes the log, once a second.
pub(crate) fn settle() {
    ALL.iter().for_each(|cause| cause.settle());
    dondo_actors::notice::settle();
}

/// Says at once what is still held back, for the end of the program.
pub(crate) fn tell_rest() {
    ALL.iter().for_each(|cause| cause.tell_rest());
    dondo_actors::notice::tell_rest();
}
