//! The wire format, the application and the presence events of test worlds. Commands are words between blanks:
//! `connect NS [telling]`, `disconnect NS`, `event NS ACK|- NAME ARGS`, `ack NS ID ARGS`, `half`, `rest`, `noise`, `panic`,
//! `single`, for a session of one namespace, `twice NS`, which is two events, and `swear`, a violation with last words.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

use bytes::Bytes;

use super::poison::Poison;
use crate::{
    account::MemoryAccount,
    error::CloseReason,
    event_template::{EventTemplate, Hole},
    id::{MemberId, RoomKey, Token},
    letter::{
        Content, EncodeError, Encoding, EncodingId, Encodings, Frame, TransportMessage, WsFrame,
    },
    ports::{
        Answer, ClientPacket, EventStreams, LocalFuture, Online, PresenceEvents, Protocol, Refusal,
        RoomOnline, Violation, polled_once,
    },
    session::{AckHandle, Application, Event, Member},
};

thread_local! {
    static MEMBERS: RefCell<BTreeMap<MemberId, Rc<Member>>> = const { RefCell::new(BTreeMap::new()) };
}

/// What is said: a name and arguments.
pub(crate) fn content(name: &str, args: &str) -> Content {
    Content {
        name: name.into(),
        args: Bytes::copy_from_slice(args.as_bytes()),
        blobs: Vec::new(),
    }
}

/// Makes events `NAME` with the arguments `KEY|WHO|COUNT`.
pub(crate) fn announce(name: &'static str, key: &RoomKey, who: &str) -> EventTemplate {
    let head = format!("{}|{who}|", key.name);
    let end = head.len();
    EventTemplate::new(
        name.into(),
        head.into(),
        vec![(end..end, Hole::Count)],
        vec![],
    )
}

/// The member of this thread's world with this id.
pub(super) fn member(id: &str) -> Option<Rc<Member>> {
    MEMBERS.with_borrow(|members| members.get(&MemberId::new(id)).cloned())
}

/// Lets go of all members.
pub(super) fn forget_members() {
    drop(MEMBERS.take());
}

/// The encodings of a world, for [`TextProtocol`]; in each the same two ids.
pub(crate) fn encodings(account: Arc<MemoryAccount>) -> (Encodings, [EncodingId; 2]) {
    let mut encodings = Encodings::new(account);
    let ids = [false, true].map(|tells_tokens| encodings.register(TextEncoding { tells_tokens }));
    (encodings, ids)
}

/// The text `letter NS NAME ARGS`, or `letter NS NAME ARGS @TOKEN`. A letter named `unspeakable` cannot be encoded.
struct TextEncoding {
    tells_tokens: bool,
}

impl Encoding for TextEncoding {
    fn encode(
        &self,
        namespace: &str,
        content: &Content,
        token: Option<Token>,
    ) -> Result<Frame, EncodeError> {
        self.check(namespace, content)?;
        let mut text = said("letter", namespace, content);
        if self.tells_tokens {
            Poison::Encode.panic_if_marked(&content.args);
            let token = token.map_or("none".to_owned(), |token| token.to_string());
            text = format!("{text} @{token}");
        }
        let mut parts = vec![part(&text)];
        parts.extend(content.blobs.iter().map(|blob| WsFrame {
            frame: blob.clone(),
            header: 0,
            binary: true,
            uncompressed: false,
        }));
        let first = parts.remove(0);
        Ok(Frame {
            first,
            rest: (!parts.is_empty()).then(|| parts.into()),
        })
    }

    fn encode_asking(
        &self,
        namespace: &str,
        content: &Content,
        token: Option<Token>,
        ack: u64,
    ) -> Result<Frame, EncodeError> {
        let name = format!("{} #{ack}", content.name).into();
        let asking = Content {
            name,
            ..content.clone()
        };
        self.check(namespace, content)?;
        self.encode(namespace, &asking, token)
    }

    fn tells_tokens(&self) -> bool {
        self.tells_tokens
    }

    fn check(&self, _: &str, content: &Content) -> Result<(), EncodeError> {
        match &*content.name {
            "unspeakable" => Err(EncodeError("there are no words for it".into())),
            _ => Ok(()),
        }
    }
}

fn said(word: &str, namespace: &str, content: &Content) -> String {
    format!(
        "{word} {namespace} {} {}",
        content.name,
        String::from_utf8_lossy(&content.args)
    )
}

fn part(text: &str) -> WsFrame {
    WsFrame {
        frame: Bytes::copy_from_slice(text.as_bytes()),
        header: 0,
        binary: false,
        uncompressed: false,
    }
}

fn frame(text: &str) -> Frame {
    Frame::single(part(text))
}

/// Speaks the format.
pub(super) struct TextProtocol {
    plain: EncodingId,
    telling: EncodingId,
    pending: usize,
    single: bool,
    more: Option<&'static str>,
}

impl TextProtocol {
    /// To a client of a world.
    pub(super) fn new() -> Self {
        let (_, [plain, telling]) = encodings(MemoryAccount::new(0, 0));
        Self {
            plain,
            telling,
            pending: 0,
            single: false,
            more: None,
        }
    }
}

impl Protocol for TextProtocol {
    fn connect_comes_first(&self) -> bool {
        self.single
    }

    fn ends_with_its_namespace(&self) -> bool {
        self.single
    }

    fn decode(&mut self, wire: TransportMessage) -> Result<Option<ClientPacket>, Violation> {
        let (TransportMessage::Text(bytes) | TransportMessage::Binary(bytes)) = wire;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut words = text.splitn(5, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (command, namespace) = (word(), Arc::from(word()));
        Ok(Some(match command {
            "connect" => {
                let auth = Bytes::copy_from_slice(word().as_bytes());
                ClientPacket::Connect {
                    namespace,
                    auth: Some(auth).filter(|auth| !auth.is_empty()),
                }
            }
            "disconnect" => ClientPacket::Disconnect { namespace },
            "event" => {
                self.pending = 0;
                let ack = word().parse().ok();
                let (name, args) = (word(), word());
                ClientPacket::Event {
                    namespace,
                    ack,
                    content: content(name, args),
                    streams: EventStreams::default(),
                }
            }
            "ack" => {
                let id = word().parse().unwrap_or_default();
                ClientPacket::Ack {
                    namespace,
                    id,
                    answer: answer(word()),
                }
            }
            "half" => {
                self.pending = text.len();
                return Ok(None);
            }
            "rest" => {
                self.pending = 0;
                return Ok(None);
            }
            "single" => {
                self.single = true;
                return Ok(None);
            }
            "noise" => return Ok(None),
            "panic" => panic!("planted: a protocol panics"),
            "twice" => {
                self.more = Some("again");
                ClientPacket::Event {
                    namespace,
                    ack: None,
                    content: content("once", ""),
                    streams: EventStreams::default(),
                }
            }
            "swear" => return Err(Violation::new("it swears").told(frame("no swearing"))),
            _ => return Err(Violation::new(format!("no command: {command}"))),
        }))
    }

    fn decode_more(&mut self) -> Option<ClientPacket> {
        Some(ClientPacket::Event {
            namespace: "/".into(),
            ack: Some(2),
            content: content(self.more.take()?, ""),
            streams: EventStreams::default(),
        })
    }

    fn pending_bytes(&self) -> usize {
        self.pending
    }

    fn encoding(&self, auth: Option<&[u8]>) -> EncodingId {
        match auth {
            Some(b"telling") => self.telling,
            _ => self.plain,
        }
    }

    fn connected(&self, namespace: &str, member: &MemberId) -> Option<Frame> {
        Some(frame(&format!("connected {namespace} {member}")))
    }

    fn refused(&self, namespace: &str, refusal: &Refusal) -> Option<Frame> {
        Some(frame(&format!("refused {namespace} {}", refusal.message)))
    }

    fn disconnected(&self, namespace: &str) -> Option<Frame> {
        Some(frame(&format!("disconnected {namespace}")))
    }

    fn event(&self, namespace: &str, content: &Content, ack: Option<u64>) -> Frame {
        let ack = ack.map_or("-".to_owned(), |id| id.to_string());
        frame(&said(&format!("event {ack}"), namespace, content))
    }

    fn ack(&self, namespace: &str, id: u64, answer: &Answer) -> Frame {
        frame(&format!(
            "ack {namespace} {id} {}",
            String::from_utf8_lossy(&answer.args)
        ))
    }
}

fn answer(args: &str) -> Answer {
    Answer {
        args: Bytes::copy_from_slice(args.as_bytes()),
        blobs: Vec::new(),
    }
}

/// Hands members to the test. Events: `panic` panics at once, `panic-later` after a wait, `wait` never ends; any other
/// is answered with `ok`. A panic is answered with `error`, but for `panic-twice`, where that panics, too.
pub(super) struct TextApplication;

impl Application for TextApplication {
    fn connected(&self, member: Rc<Member>) -> LocalFuture<Result<(), Refusal>> {
        MEMBERS.with_borrow_mut(|members| members.insert(member.id().clone(), member));
        Box::pin(std::future::ready(Ok(())))
    }

    fn event(&self, _: Rc<Member>, event: Event) -> Option<LocalFuture<()>> {
        let handled = polled_once(Box::pin(async move {
            match &*event.content.name {
                "panic" | "panic-twice" => panic!("planted: a handler panics"),
                "panic-later" => {
                    tokio::task::yield_now().await;
                    panic!("planted: a handler panics later");
                }
                "wait" => std::future::pending().await,
                _ => {}
            }
            if let Some(ack) = event.ack {
                ack.answer(&answer("ok"));
            }
        }));
        handled.err()
    }

    fn crashed(&self, _: Rc<Member>, name: &str, ack: Option<AckHandle>) {
        assert_ne!(name, "panic-twice", "planted: what tells of a panic panics");
        if let Some(ack) = ack {
            ack.answer(&answer("error"));
        }
    }

    fn disconnecting(&self, _: Rc<Member>, _: CloseReason) {}

    fn disconnected(&self, member: Rc<Member>, _: CloseReason) {
        MEMBERS.with_borrow_mut(|members| members.remove(member.id()));
    }
}

/// Presence events: `online MEMBERS` and `room-online KEY|COUNT`.
pub(super) struct TextPresence;

/// The name of a channel whose presence panics.
pub(crate) const BROKEN: &str = "broken";

impl PresenceEvents for TextPresence {
    fn online(&self, online: &Online) -> Content {
        if online.changed.as_deref() == Some(BROKEN) {
            std::panic::resume_unwind(Box::new("it cannot be rendered"));
        }
        content("online", &online.members.to_string())
    }

    fn room_online(&self, room: &RoomKey, online: &RoomOnline<'_>) -> Content {
        let tag = online.tag.as_deref().unwrap_or("-");
        content(
            "room-online",
            &format!("{}|{tag}|{}", room.name, online.count),
        )
    }
}
