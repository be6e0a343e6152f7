//! What an event stream says and what it is told (Server-Sent Events). Its client says nothing: what it joins stands in its
//! query, and one message of the transport says all of it. `event-stream.md` is its page.

mod record;
mod subscription;

#[cfg(test)]
mod tests;

use std::{borrow::Cow, cell::Cell, collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use dondo_actors::{
    id::{MemberId, Token},
    letter::{Content, EncodeError, Encoding, EncodingId, Frame, TransportMessage},
    ports::{Answer, ClientPacket, EventStreams, Protocol, Refusal, Violation},
};
use serde::Deserialize;

use self::record::{EventRecord, JOINED, as_data, id_of, letter, without_id};
pub(crate) use self::subscription::Subscription;

/// The protocol of one session.
pub(crate) struct EventStream {
    namespace: Arc<str>,
    encoding: EncodingId,
    /// How often there is a comment, which its client is told.
    ping_interval: Duration,
    joins: VecDeque<Content>,
    /// Joins that are not answered.
    open: Cell<usize>,
    /// The least place of those that are.
    position: Cell<Option<Token>>,
}

impl EventStream {
    /// A session that joins this, whose letters take the encoding of [`EventStreamEncoding`], and in which there is a comment this
    /// often.
    pub(crate) fn new(
        subscription: Subscription,
        encoding: EncodingId,
        ping_interval: Duration,
    ) -> Self {
        Self {
            namespace: subscription.namespace,
            encoding,
            ping_interval,
            open: Cell::new(subscription.joins.len()),
            joins: subscription.joins,
            position: Cell::default(),
        }
    }

    fn next_join(&mut self) -> Option<ClientPacket> {
        let content = self.joins.pop_front()?;
        Some(ClientPacket::Event {
            namespace: self.namespace.clone(),
            ack: Some(0),
            content,
            streams: EventStreams::default(),
        })
    }

    /// The answer to a join. The last one says from where on the stream can be taken up again: all that was said before the
    /// least of their places has been told, or was not asked for.
    fn joined(&self, answer: &Answer) -> Frame {
        let told = position(&answer.args);
        let least = self.position.get().into_iter().chain(told);
        self.position.set(least.min_by_key(|token| token.cursor));
        let open = self.open.get().saturating_sub(1);
        self.open.set(open);
        let data = as_data(&answer.args);
        let record = EventRecord::new("ack", &data);
        match open {
            0 => record.joined(self.position.get()),
            _ => record.frame(),
        }
    }
}

/// Where the answer to a join says that it stands.
fn position(args: &[u8]) -> Option<Token> {
    #[derive(Deserialize)]
    struct Joined<'a> {
        #[serde(borrow)]
        position: Cow<'a, str>,
    }
    let joined: Joined<'_> = serde_json::from_slice(args).ok()?;
    Token::parse(&joined.position)
}

/// Which records of a session go out with their ids. Until all joins are answered, what is told again of one comes beside what
/// is new of another: who broke off there and came back with the id of the new would miss the rest of the first.
#[derive(Debug, Default)]
pub(crate) struct RecordIds {
    told: Cell<bool>,
    /// The furthest that was told: what two workers know of a log may differ, and who comes back with less is told twice.
    furthest: Cell<Option<Token>>,
}

impl RecordIds {
    /// The next record, as it goes out.
    pub(crate) fn pass(&self, record: Bytes) -> Bytes {
        self.told.set(self.told.get() || record.starts_with(JOINED));
        let id = id_of(&record);
        let falls_back = matches!((id, self.furthest.get()), (Some(id), Some(furthest))
            if id.epoch == furthest.epoch && id.cursor < furthest.cursor);
        if !self.told.get() || falls_back {
            return without_id(record);
        }
        self.furthest.set(id.or(self.furthest.get()));
        record
    }
}

impl Protocol for EventStream {
    fn opens(&self) -> Option<Arc<str>> {
        Some(self.namespace.clone())
    }

    fn ends_with_its_namespace(&self) -> bool {
        true
    }

    fn decode(&mut self, _: TransportMessage) -> Result<Option<ClientPacket>, Violation> {
        Ok(self.next_join())
    }

    fn decode_more(&mut self) -> Option<ClientPacket> {
        self.next_join()
    }

    fn pending_bytes(&self) -> usize {
        0
    }

    fn encoding(&self, _: Option<&[u8]>) -> EncodingId {
        self.encoding
    }

    fn connected(&self, namespace: &str, member: &MemberId) -> Option<Frame> {
        let milliseconds = u64::try_from(self.ping_interval.as_millis()).unwrap_or(u64::MAX);
        let data = serde_json::json!({
            "clientId": member.as_str(),
            "namespace": namespace,
            "pingInterval": milliseconds,
        });
        Some(EventRecord::new("welcome", data.to_string().as_bytes()).frame())
    }

    fn refused(&self, _: &str, refusal: &Refusal) -> Option<Frame> {
        let mut data = serde_json::json!({"message": refusal.message});
        let given = refusal.data.as_deref().map(serde_json::from_str);
        if let Some(Ok::<serde_json::Value, _>(given)) = given {
            data["data"] = given;
        }
        Some(EventRecord::new("refused", data.to_string().as_bytes()).for_good())
    }

    fn disconnected(&self, _: &str) -> Option<Frame> {
        None
    }

    fn event(&self, _: &str, content: &Content, _: Option<u64>) -> Frame {
        letter(content, None)
    }

    fn ack(&self, _: &str, _: u64, answer: &Answer) -> Frame {
        self.joined(answer)
    }
}

/// The encoding of its letters: each says where it stands in the log.
pub(crate) struct EventStreamEncoding;

impl Encoding for EventStreamEncoding {
    fn encode(
        &self,
        _: &str,
        content: &Content,
        token: Option<Token>,
    ) -> Result<Frame, EncodeError> {
        Ok(letter(content, token))
    }

    /// Nobody answers on a stream; it is told all the same.
    fn encode_asking(
        &self,
        _: &str,
        content: &Content,
        token: Option<Token>,
        _: u64,
    ) -> Result<Frame, EncodeError> {
        Ok(letter(content, token))
    }

    fn tells_tokens(&self) -> bool {
        true
    }

    /// There is nothing that it cannot say.
    fn check(&self, _: &str, _: &Content) -> Result<(), EncodeError> {
        Ok(())
    }
}
