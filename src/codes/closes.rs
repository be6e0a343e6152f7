//! Why connections end, as the log and metrics name it.

use super::Carrier::{self, Close};
use super::CodeRow;

const CLOSED: &[Carrier] = &[Close];

const fn row(
    code: &'static str,
    cause: &'static str,
    settings: &'static [&'static str],
    remedy: &'static str,
) -> CodeRow {
    CodeRow {
        code,
        carried: CLOSED,
        cause,
        settings,
        remedy,
    }
}

#[rustfmt::skip]
pub(super) const ROWS: &[CodeRow] = &[
    row("transport close", "the client closed the connection, or it was lost", &[], "none: clients come and go"),
    row("client namespace disconnect", "the client left a namespace; its connection goes on", &[], "none"),
    row("transport error", "the transport was used against its rules, or an answer broke off", &["engine.max-payload"], "mend the client, or look at the proxy; send less where a message was too large"),
    row("ping timeout", "the client answered no ping in time", &["engine.ping-interval", "engine.ping-timeout"], "none where a network was lost; else do not block the client's thread"),
    row("parse error", "what came is no packet", &[], "mend the client: use a library of its protocol"),
    row("forced close", "a packet came that may not come then, or the hub or its host put the client out", &[], "the line of the log says which; a client of a library does not do the first"),
    row("connect timeout", "the client joined no namespace in time", &["engine.connect-timeout"], "send CONNECT at once"),
    row("half packet", "attachments that were promised stayed away", &["engine.attachments-timeout"], "send attachments right behind their packet"),
    row("outbox full", "more waited for the client than may", &["delivery.outbox-bytes-max", "delivery.outbox-count-max"], "read faster, or be in fewer busy channels; raise the setting if memory allows"),
    row("stalled", "something waited for the client, and it took too little for too long", &["delivery.stall-timeout"], "read faster, or raise the setting for slow networks"),
    row("memory max", "the process held more for its clients than it may, and this one had the most", &["memory-max"], "read faster; raise the setting if the machine has more"),
    row("unfinished bytes", "the process held too much of messages of which a part had come, and this one had the most", &["limits.unfinished-bytes-max"], "end one message before the next; raise the setting if that is honest"),
    row("session bytes", "more was held for the session than may", &["session-bytes-max"], "send less at once, and read what comes"),
    row("address bytes", "more was held for all sessions of the address than may, and this one asked for more", &["limits.address-bytes-max", "trusted-proxies"], "name a proxy that they all come through; else raise the setting"),
    row("worker stalled", "the client's worker thread did nothing for too long", &["delivery.courier-stall"], "do not block a handler's thread; the client comes back"),
    row("server restart", "a part of the hub crashed and was started anew", &[], "the client comes back; report the panic of the log"),
    row("server shutting down", "the hub is shutting down", &["grace"], "come back after a random time of a second or more"),
    row("crashed", "the session itself crashed", &[], "the client comes back; report the panic of the log"),
];
