//! What holds for anything that any client sends, whatever it speaks. A target calls this with what it has decoded; what does
//! not hold is a panic, which libFuzzer keeps the input of.

mod told;
mod values;

use bytes::Bytes;
use dondo::decoders::{self, ClientKind, SignalRRecords};
use dondo_actors::{
    id::{Epoch, MemberId, Token},
    letter::{Content, TransportMessage},
    ports::{Answer, ClientPacket, ItemsAs, Protocol, Refusal, Violation},
};

use self::{
    told::{
        assert_answer, assert_readable, assert_record, event_of, read_plain, read_signalr,
        read_socketio,
    },
    values::{assert_same, assert_values, count, depth, is_object, on_one_line},
};

/// Blobs of one message.
pub const BLOBS_MAX: usize = 4;

/// Levels that SignalR and `dondo.1` take; Socket.IO's clients may nest deeper.
const DEPTH_MAX: usize = 60;

/// What a session's decoder may write for each byte that it reads: `\u0000` is six for one, `false,` for one byte of
/// MessagePack, and a method's name stands twice in an error.
const GROWTH: usize = 16;

/// What it may write besides: a placeholder for each blob, an error's words.
const WORDS: usize = 1024;

/// One session that is fed as its transport would.
pub struct Session {
    protocol: Box<dyn Protocol>,
    pending_max: usize,
    events: usize,
}

impl Session {
    /// A session that may hold so many bytes of a message that is not whole.
    pub fn new(protocol: Box<dyn Protocol>, pending_max: usize) -> Self {
        Self {
            protocol,
            pending_max,
            events: 0,
        }
    }

    /// Takes a message in and answers what it says, as a hub might; what it said.
    pub fn hear(&mut self, wire: TransportMessage) -> Result<Vec<ClientPacket>, Violation> {
        let size = wire.bytes().len() + self.protocol.pending_bytes();
        let first = self.protocol.decode(wire).inspect_err(|violation| {
            assert!(violation.why.len() <= GROWTH * size + WORDS);
            if let Some(told) = &violation.told {
                assert!(told.len() <= GROWTH * size + WORDS);
                assert_readable(told);
            }
        })?;
        let mut packets: Vec<_> = first.into_iter().collect();
        while let Some(more) = self.protocol.decode_more() {
            packets.push(more);
            assert!(packets.len() <= 2, "a message says more and more");
        }
        let pending = self.protocol.pending_bytes();
        assert!(pending <= self.pending_max, "{pending} bytes are held");
        for packet in &packets {
            self.take(packet, size);
        }
        Ok(packets)
    }

    fn take(&mut self, packet: &ClientPacket, size: usize) {
        let least = GROWTH * size + WORDS;
        match packet {
            ClientPacket::Connect { namespace, auth } => {
                if let Some(auth) = auth {
                    assert!(is_object(auth), "{auth:?}");
                }
                let _ = self.protocol.encoding(auth.as_deref());
                let member = MemberId::new("member");
                let connected = self.protocol.connected(namespace, &member);
                connected.iter().for_each(assert_readable);
                let refusal = Refusal {
                    message: namespace.to_string(),
                    data: Some("[1]".to_owned()),
                };
                let refused = self.protocol.refused(namespace, &refusal);
                refused.iter().for_each(assert_readable);
            }
            ClientPacket::Disconnect { namespace } => {
                let told = self.protocol.disconnected(namespace);
                told.iter().for_each(assert_readable);
            }
            ClientPacket::Event {
                namespace,
                ack,
                content,
                streams,
            } => {
                self.events += 1;
                assert!(content.len() <= least, "it grew to {}", content.len());
                assert_values(&content.args, &content.blobs);
                self.tell(namespace, content);
                if let Some(id) = *ack {
                    let answer = Answer {
                        args: content.args.clone(),
                        blobs: content.blobs.clone(),
                    };
                    if streams.taken == ItemsAs::Items && count(&answer.args) == 1 {
                        let item = self.protocol.item(namespace, id, &answer);
                        item.iter().for_each(assert_readable);
                    }
                    // Some calls stay open.
                    match self.events % 3 {
                        0 => {}
                        1 => assert_answer(&self.protocol.ack(namespace, id, &answer), &answer),
                        _ => {
                            let failure = (content.args.len() % 2 == 1).then_some(&answer);
                            let end = self.protocol.items_end(namespace, id, failure);
                            end.iter().for_each(assert_readable);
                        }
                    }
                }
            }
            ClientPacket::Ack { answer, .. } | ClientPacket::Item { item: answer, .. } => {
                assert!(answer.args.len() <= least, "it grew");
                assert_values(&answer.args, &answer.blobs);
            }
            ClientPacket::ItemsEnd { error, stream, .. } => {
                let error = error.as_ref().map_or(0, String::len);
                assert!(stream.len() + error <= least, "it grew");
            }
            ClientPacket::Cancel { .. } => {}
            ClientPacket::Reply(frame) => {
                assert!(frame.len() <= least, "it grew to {}", frame.len());
                assert_readable(frame);
            }
        }
    }

    /// Says an event to clients of each protocol, who send it back as they got it.
    fn tell(&self, namespace: &str, content: &Content) {
        let position = Some(Token {
            epoch: Epoch(7),
            cursor: 11,
        });
        let encoded = |client| {
            decoders::encoding(client)
                .encode(namespace, content, position)
                .expect("nothing that it cannot say")
        };
        assert_readable(&self.protocol.event(namespace, content, Some(3)));
        assert_readable(&encoded(ClientKind::DotNet));
        assert_readable(&encoded(ClientKind::ChatHubJson));
        assert_readable(&encoded(ClientKind::ChatHubMessagePack));
        assert_record(&encoded(ClientKind::EventStream));
        let all = [
            ClientKind::SocketIo,
            ClientKind::Plain,
            ClientKind::SignalRJson,
            ClientKind::SignalRMessagePack,
        ];
        let [socketio, plain, json, messagepack] = all.map(encoded);
        [&socketio, &plain, &json, &messagepack]
            .into_iter()
            .for_each(assert_readable);
        // Clients do not send these names.
        if decoders::is_reserved(&content.name) {
            return;
        }
        let back = event_of(read_socketio(&socketio));
        assert_eq!(back.as_ref(), Some(content), "as Socket.IO");
        if depth(&content.args) > DEPTH_MAX {
            return;
        }
        let back = event_of(read_plain(&plain));
        assert_eq!(back.as_ref(), Some(content), "as dondo.1");
        let back = read_signalr("json", &json).expect("texts in the place of blobs");
        assert_eq!(back.name, content.name);
        assert_values(&back.args, &[]);
        // Half a surrogate pair is told as U+FFFD.
        let paired = |at: &[u8]| !at.eq_ignore_ascii_case(br"\ud");
        if content.blobs.is_empty() && content.args.windows(3).all(paired) {
            assert_eq!(back.args, on_one_line(&content.args), "as SignalR in JSON");
        }
        // What MessagePack has no form for is written nearly: from there on it stays.
        let Some(once) = read_signalr("messagepack", &messagepack) else {
            assert!(!content.blobs.is_empty());
            return;
        };
        assert_eq!(count(&once.args), count(&content.args));
        assert_eq!(once.blobs, content.blobs);
        let encoded = |client| {
            decoders::encoding(client)
                .encode(namespace, &once, None)
                .expect("nothing that it cannot say")
        };
        let again = read_signalr("messagepack", &encoded(ClientKind::SignalRMessagePack));
        assert_eq!(again.as_ref(), Some(&once), "as MessagePack");
        let json = read_signalr("json", &encoded(ClientKind::SignalRJson));
        assert_values(&json.expect("texts in the place of blobs").args, &[]);
        if content.blobs.is_empty() {
            assert_same(&content.args, &once.args);
        }
    }
}

/// Messages in what a fuzzer writes: between bytes that no text has. One that begins with `0xfe` is binary.
pub fn messages(data: &[u8]) -> impl Iterator<Item = TransportMessage> {
    data.split(|byte| *byte == 0xff)
        .map(|message| match message.split_first() {
            Some((0xfe, blob)) => TransportMessage::Binary(Bytes::copy_from_slice(blob)),
            _ => TransportMessage::Text(Bytes::copy_from_slice(message)),
        })
}

/// All that messages say, and how it ends if a violation ends it.
pub fn conversation(
    session: &mut Session,
    messages: impl Iterator<Item = TransportMessage>,
) -> (Vec<ClientPacket>, Option<Violation>) {
    let mut said = Vec::new();
    for message in messages {
        match session.hear(message) {
            Ok(packets) => said.extend(packets),
            Err(violation) => return (said, Some(violation)),
        }
    }
    (said, None)
}

/// All that a connection of SignalR says whose bytes come in such pieces, and how it ends.
pub fn signalr_conversation(
    session: &mut Session,
    record_max: usize,
    pieces: impl Iterator<Item = Bytes>,
) -> (Vec<ClientPacket>, Option<String>) {
    let mut records = SignalRRecords::new(record_max);
    let (mut said, mut bytes, mut taken) = (Vec::new(), 0, 0);
    for mut piece in pieces {
        bytes += piece.len();
        while !piece.is_empty() {
            let record = match records.take(&mut piece) {
                Ok(None) => {
                    assert!(piece.is_empty(), "bytes are left where more is needed");
                    break;
                }
                Ok(Some(record)) => record,
                Err(fault) => return (said, Some(fault)),
            };
            taken += 1;
            assert!(taken <= bytes, "a record of no byte");
            assert!(record.bytes().len() <= record_max);
            match session.hear(record) {
                Ok(packets) => {
                    packets.iter().for_each(assert_own_placeholders);
                    said.extend(packets);
                }
                Err(violation) => return (said, Some(violation.why)),
            }
        }
        assert!(records.pending_bytes() <= record_max);
    }
    (said, None)
}

/// In MessagePack no client writes placeholders: there is one for each blob, and none of its own beside them.
fn assert_own_placeholders(packet: &ClientPacket) {
    let (args, blobs) = match packet {
        ClientPacket::Event { content, .. } => (&content.args, &content.blobs),
        ClientPacket::Ack { answer, .. } | ClientPacket::Item { item: answer, .. } => {
            (&answer.args, &answer.blobs)
        }
        _ => return,
    };
    let key = br#""_placeholder":"#;
    let keys = args.windows(key.len()).filter(|at| at == key).count();
    assert!(blobs.is_empty() || keys == blobs.len(), "{args:?}");
}

/// A connection of SignalR whose handshake asks for a format. What comes in one piece and in many is one and the same.
pub fn signalr(format: &str, choice: u8, stream: &[u8]) {
    let handshake = format!("{{\"protocol\":\"{format}\",\"version\":1}}\u{1e}");
    signalr_stream(choice, RECORD_MAX, &[handshake.as_bytes(), stream].concat());
}

/// The same with whatever handshake the stream begins with.
pub fn signalr_stream(choice: u8, record_max: usize, stream: &[u8]) {
    let events = ["sendMessage", "notify-room", "Count"];
    let talk = |choice| {
        let events = (choice & 1 == 0).then_some(&events[..]);
        let mut session = Session::new(decoders::signalr(events, BLOBS_MAX, record_max), 0);
        signalr_conversation(&mut session, record_max, pieces(stream, choice >> 1))
    };
    assert_eq!(talk(choice & 1), talk(choice), "one piece, many pieces");
}

/// Bytes of one record.
pub const RECORD_MAX: usize = 4096;

/// The data in pieces, whose sizes a byte chooses: with 0 there is one.
pub fn pieces(data: &[u8], choice: u8) -> impl Iterator<Item = Bytes> {
    let (mut rest, mut state) = (Bytes::copy_from_slice(data), u64::from(choice));
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(u64::from(choice));
        let size = match choice {
            0 => rest.len(),
            1 => 1,
            _ => 1 + (state >> 33) as usize % usize::from(choice),
        };
        Some(rest.split_to(size.min(rest.len())))
    })
}
