//! A hub in one thread under held time, with clients that speak real Socket.IO packets to real sessions.
//! No socket and no transport: what a transport would write is taken from the outbox.
//! Over 400 lines: the world and its clients are one thing to whoever writes a test.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    net::IpAddr,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use dondo_actors::{
    account::MemoryAccount,
    error::CloseReason,
    hub::{Hub, HubConfig, HubHandle, NamespaceConfig, Share, ToHub},
    id::{MemberId, Token},
    letter::{
        Content, EncodeError, Encoding, EncodingId, Encodings, Frame, TransportMessage, WsFrame,
    },
    log::{HistorySettings, MemoryLog},
    mailbox::Mailbox,
    message::CourierRef,
    outbox::{OutboxLimits, Taken},
    ports::{Authorizer, Clock, IdGenerator, PresenceEvents, Protocol},
    rate::SharedRates,
    session::{Liveness, Peer, Session, SessionRef, SessionSettings},
};
use serde_json::Value;

use crate::moderation::Moderation;
pub(crate) use crate::testing::{in_held_time as run, settle};
use crate::{
    config::{HubSettings, InsecureSettings},
    io::{
        Middlewares, Namespace, NamespaceHandle, Namespaces, Pack, States,
        namespace::ServedNamespace,
    },
    packs::hub::{HubPack, dotnet_view},
    protocol::{
        Limits,
        signalr::{EventSpellings, FormatEncodings, SignalR, ValueLimits},
        socketio::{SocketIo, SocketIoEncoding},
    },
};

pub(crate) struct World {
    namespaces: Namespaces,
    /// How often each form was asked to encode: plain, dotnet.
    pub(crate) encoded: [Arc<AtomicUsize>; 2],
    hub: HubHandle,
    courier: CourierRef,
    encodings: [EncodingId; 2],
    address: Option<IpAddr>,
    _supervisor: Mailbox<ToHub>,
}

impl World {
    /// A hub with the hub pack in `/`.
    pub(crate) fn hub(settings: HubSettings) -> Self {
        Self::packed(settings, Namespace::hub("/"))
    }

    /// As [`World::hub`], with something of the host's own.
    pub(crate) fn packed(settings: HubSettings, namespace: Namespace) -> Self {
        let secure = InsecureSettings::default();
        let pack = HubPack::new(settings, &secure, Arc::new(Fixed), Moderation::default());
        Self::start([namespace], States::default(), Some(pack))
    }

    /// As [`World::hub`], where more is open to strangers.
    pub(crate) fn relaxed(settings: HubSettings, insecure: &InsecureSettings) -> Self {
        let pack = HubPack::new(settings, insecure, Arc::new(Fixed), Moderation::default());
        Self::start([Namespace::hub("/")], States::default(), Some(pack))
    }

    /// A hub without a pack.
    pub(crate) fn of(namespaces: impl IntoIterator<Item = Namespace>) -> Self {
        Self::start(namespaces, States::default(), None)
    }

    /// As [`World::of`], where the host has given something.
    pub(crate) fn with(states: States, namespace: Namespace) -> Self {
        Self::start([namespace], states, None)
    }

    /// A hub without a pack that bans and mutes by `moderation`, whose clients come from `address`, and are let in as `authorizer` makes
    /// of what the namespaces say.
    pub(crate) fn moderated<A: Authorizer>(
        namespaces: impl IntoIterator<Item = Namespace>,
        (moderation, address): (Moderation, Option<IpAddr>),
        authorizer: impl Fn(Middlewares) -> A,
    ) -> Self {
        let mut states = States::default();
        states.add(Arc::new(moderation.clone()));
        let authorizer =
            |served| Arc::new(authorizer(Middlewares(served, moderation.clone()))) as _;
        Self {
            address,
            ..Self::authorized(namespaces, states, None, authorizer)
        }
    }

    pub(crate) fn start(
        namespaces: impl IntoIterator<Item = Namespace>,
        states: States,
        pack: Option<HubPack>,
    ) -> Self {
        Self::authorized(namespaces, states, pack, |served| {
            Arc::new(Middlewares(served, Moderation::default()))
        })
    }

    fn authorized(
        namespaces: impl IntoIterator<Item = Namespace>,
        states: States,
        pack: Option<HubPack>,
        authorizer: impl Fn(Arc<ServedNamespace>) -> Arc<dyn Authorizer>,
    ) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(Fixed);
        let served = namespaces.into_iter().map(|namespace| {
            let pack = pack.clone().map(|pack| Arc::new(pack) as Arc<dyn Pack>);
            namespace.served(states.clone(), pack).unwrap()
        });
        let namespaces = Namespaces::new(served);
        let configs: BTreeMap<Arc<str>, NamespaceConfig> = namespaces
            .all()
            .map(|served| {
                let namespace_config = NamespaceConfig {
                    settings: pack
                        .as_ref()
                        .map(HubPack::namespace_settings)
                        .unwrap_or_default(),
                    authorizer: authorizer(served.clone()),
                    presence_events: pack
                        .clone()
                        .map(|pack| Arc::new(pack) as Arc<dyn PresenceEvents>),
                    children: served.children(),
                    room_hooks: served.room_hooks(),
                };
                (served.name().clone(), namespace_config)
            })
            .collect();
        let encoded: [Arc<AtomicUsize>; 2] = Default::default();
        let views = [None, Some(dotnet_view as fn(&Content) -> Content)];
        let account = MemoryAccount::new(1 << 30, 1 << 30);
        let mut encodings = Encodings::new(account.clone());
        let ids = [0, 1].map(|at| {
            let view = views[at];
            encodings.register(Counting(SocketIoEncoding { view }, encoded[at].clone()))
        });
        let hub = HubHandle::new(HubConfig {
            namespaces: configs,
            parents: namespaces.parents(Duration::from_secs(10)),
            encodings,
            clock,
            ids: Arc::new(Numbered(AtomicU64::new(1))),
            log: Arc::new(move |_, _| {
                Rc::new(MemoryLog::new(HistorySettings::default(), account.clone()))
            }),
            courier_window: 1024,
            settle_timeout: Duration::from_secs(1),
        });
        let supervisor = Hub::start(&hub, Share::ALL);
        Self {
            namespaces,
            encoded,
            courier: hub.courier(),
            hub,
            encodings: ids,
            address: None,
            _supervisor: supervisor,
        }
    }

    /// A namespace, as the host has it.
    pub(crate) fn namespace(&self, name: &str) -> NamespaceHandle {
        self.namespaces.of(name, &self.hub).unwrap()
    }

    /// A client whose session has said nothing yet.
    pub(crate) fn stranger(&self) -> Client {
        self.stranger_as(Peer::default())
    }

    fn stranger_as(&self, peer: Peer) -> Client {
        let [plain, dotnet] = self.encodings;
        let protocol = SocketIo::new(Limits::default(), plain, Some(dotnet), false);
        Client {
            session: self.session(Box::new(protocol), peer),
            id: String::new(),
            namespace: String::new(),
            asked: Cell::new(0),
            inbox: RefCell::default(),
        }
    }

    /// A client of SignalR in `/`, whose letters nobody can read.
    pub(crate) async fn hub_client(&self) -> HubClient {
        let [json, messagepack] = self.encodings;
        let encodings = FormatEncodings { json, messagepack };
        let dialect = EventSpellings::default().dialect();
        let member = MemberId::new("hub-client");
        let limits = ValueLimits {
            blobs_max: 10,
            text_bytes_max: 1_000_000,
        };
        let protocol = SignalR::new("/".into(), member, encodings, dialect, limits);
        let client = HubClient {
            session: self.session(Box::new(protocol), Peer::default()),
        };
        client.say(r#"{"protocol":"json","version":1}"#);
        settle().await;
        assert_eq!(client.told(), ["{}"]);
        client
    }

    fn session(&self, protocol: Box<dyn Protocol>, peer: Peer) -> SessionRef {
        let hour = Duration::from_secs(3600);
        let settings = SessionSettings {
            ping_interval: hour,
            ping_timeout: hour,
            liveness: Liveness::Pong,
            connect_timeout: None,
            half_packet_timeout: hour,
            credit: 64,
            credit_bytes: 1 << 20,
            bytes_max: 1 << 24,
            rates: SharedRates::default(),
            outbox: OutboxLimits {
                bytes_max: 1 << 21,
                count_max: 1 << 14,
                stall_timeout: hour,
            },
            applications: self.namespaces.applications(),
        };
        Session::start(
            self.hub.clone(),
            self.courier.clone(),
            protocol,
            Arc::new(settings),
            Peer {
                address: peer.address.or(self.address),
                ..peer
            },
            |_| {},
        )
    }

    /// A client in `/`, what it got on the way in taken from its inbox.
    pub(crate) async fn client(&self) -> Client {
        self.client_in("/", "").await
    }

    /// A client in a namespace, with the JSON of its CONNECT.
    pub(crate) async fn client_in(&self, namespace: &str, auth: &str) -> Client {
        let client = self.stranger();
        Self::let_in(client, namespace, auth).await
    }

    /// The same in `/` from an address.
    pub(crate) async fn client_at(&self, address: &str, auth: &str) -> Client {
        let peer = Peer {
            address: address.parse().ok(),
            ..Peer::default()
        };
        Self::let_in(self.stranger_as(peer), "/", auth).await
    }

    async fn let_in(mut client: Client, namespace: &str, auth: &str) -> Client {
        if namespace != "/" {
            client.namespace = format!("{namespace},");
        }
        client.wire(&format!("0{}{auth}", client.namespace));
        settle().await;
        let packets = client.packets();
        let connected = packets.iter().find(|packet| packet.kind == '0');
        let connected = connected.unwrap_or_else(|| panic!("{namespace}: {packets:?}"));
        client.id = connected.json["sid"].as_str().unwrap().to_owned();
        client
    }
}

pub(crate) struct Client {
    pub(crate) id: String,
    session: SessionRef,
    namespace: String,
    asked: Cell<u64>,
    inbox: RefCell<Vec<Packet>>,
}

/// A packet that a client got.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Packet {
    /// The Socket.IO type: 2 an event, 3 an ack, 5 an event with blobs …
    pub(crate) kind: char,
    pub(crate) number: Option<u64>,
    pub(crate) json: Value,
    pub(crate) blobs: Vec<Bytes>,
}

/// A client of SignalR in JSON; it takes nothing from its outbox but when it is looked at.
pub(crate) struct HubClient {
    pub(crate) session: SessionRef,
}

impl HubClient {
    /// Sends one record.
    pub(crate) fn say(&self, record: &str) {
        let record = Bytes::copy_from_slice(record.as_bytes());
        self.session.heard(TransportMessage::Text(record));
    }

    /// The records that came since the last look.
    pub(crate) fn told(&self) -> Vec<String> {
        let records = taken(&self.session).into_iter().map(|part| {
            let record = String::from_utf8(part.payload().to_vec()).unwrap();
            record.strip_suffix('\u{1e}').unwrap().to_owned()
        });
        records.collect()
    }

    /// Whether its transport may read what it says.
    pub(crate) fn is_read(&self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        self.session.poll_ready(&mut context).is_ready()
    }

    /// The connection is lost.
    pub(crate) async fn hang_up(self) {
        self.session.close(CloseReason::TransportClose);
        settle().await;
    }
}

/// What waits in the outbox of a session.
fn taken(session: &SessionRef) -> Vec<WsFrame> {
    let mut parts = Vec::new();
    let mut context = Context::from_waker(Waker::noop());
    let outbox = &session.outbox;
    while let Poll::Ready(Taken::Some { .. }) =
        outbox.poll_take(&mut context, 1 << 20, usize::MAX, &mut parts)
    {}
    parts
}

impl Client {
    /// Sends one message as it stands, without Engine.IO's digit.
    pub(crate) fn wire(&self, text: &str) {
        let text = Bytes::copy_from_slice(text.as_bytes());
        self.session.heard(TransportMessage::Text(text));
    }

    pub(crate) fn blob(&self, bytes: &'static [u8]) {
        self.session
            .heard(TransportMessage::Binary(Bytes::from_static(bytes)));
    }

    /// Emits; `args` are the JSON texts behind the name.
    pub(crate) fn emit(&self, event: &str, args: &str) {
        let event = Value::from(event);
        let comma = if args.is_empty() { "" } else { "," };
        self.wire(&format!("2{}[{event}{comma}{args}]", self.namespace));
    }

    /// Answers what the server asked; `args` are JSON texts.
    pub(crate) fn answer(&self, number: u64, args: &str) {
        self.wire(&format!("3{}{number}[{args}]", self.namespace));
    }

    /// Emits with an ack and answers its one argument; `null` if none came.
    pub(crate) async fn ask(&self, event: &str, args: &str) -> Value {
        let number = self.asked.replace(self.asked.get() + 1);
        let event = Value::from(event);
        let comma = if args.is_empty() { "" } else { "," };
        self.wire(&format!(
            "2{}{number}[{event}{comma}{args}]",
            self.namespace
        ));
        settle().await;
        self.receive();
        let mut inbox = self.inbox.borrow_mut();
        let is_ack = |packet: &Packet| packet.kind == '3' && packet.number == Some(number);
        match inbox.iter().position(is_ack) {
            Some(at) => {
                let mut json = inbox.remove(at).json;
                json.get_mut(0).map(Value::take).unwrap_or_default()
            }
            None => Value::Null,
        }
    }

    /// The code of the failure that an event is answered with.
    pub(crate) async fn code(&self, event: &str, args: &str) -> String {
        let ack = self.ask(event, args).await;
        assert_eq!(ack["ok"], false, "{event} {args}: {ack}");
        assert_eq!(ack["event"], event);
        assert!(!ack["message"].as_str().unwrap().is_empty());
        ack["code"].as_str().unwrap().to_owned()
    }

    /// Emits with an ack that must be a success.
    pub(crate) async fn done(&self, event: &str, args: &str) -> Value {
        let ack = self.ask(event, args).await;
        assert_eq!(ack["ok"], true, "{event} {args}: {ack}");
        ack
    }

    /// Whether its transport may read what it says.
    pub(crate) fn is_read(&self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        self.session.poll_ready(&mut context).is_ready()
    }

    /// Everything that came since the last look.
    pub(crate) fn packets(&self) -> Vec<Packet> {
        self.receive();
        self.inbox.take()
    }

    /// The events that came since the last look, name first.
    pub(crate) fn events(&self) -> Vec<Value> {
        let packets = self.packets().into_iter();
        packets
            .filter(|packet| matches!(packet.kind, '2' | '5'))
            .map(|packet| packet.json)
            .collect()
    }

    /// The names of the events that came.
    pub(crate) fn names(&self) -> Vec<String> {
        let events = self.events().into_iter();
        events
            .map(|event| event[0].as_str().unwrap().to_owned())
            .collect()
    }

    /// The first arguments of the events of one name that came; the others are dropped.
    pub(crate) fn heard(&self, name: &str) -> Vec<Value> {
        let events = self.events().into_iter();
        events
            .filter(|event| event[0] == name)
            .map(|mut event| event.get_mut(1).map(Value::take).unwrap_or_default())
            .collect()
    }

    /// The connection is lost.
    pub(crate) async fn hang_up(self) {
        self.session.close(CloseReason::TransportClose);
        settle().await;
    }

    /// Why the server ended this session, if it did.
    pub(crate) fn ended(&self) -> Option<CloseReason> {
        self.session.outbox.ended()
    }

    fn receive(&self) {
        let mut inbox = self.inbox.borrow_mut();
        for part in taken(&self.session) {
            match part.binary {
                true => inbox.last_mut().unwrap().blobs.push(part.payload()),
                false => inbox.push(packet(std::str::from_utf8(&part.payload()).unwrap())),
            }
        }
    }
}

fn packet(text: &str) -> Packet {
    let mut rest = text.strip_prefix('4').unwrap().chars();
    let kind = rest.next().unwrap();
    let mut rest = rest.as_str();
    if matches!(kind, '5' | '6') {
        rest = rest.split_once('-').unwrap().1;
    }
    if rest.starts_with('/') {
        rest = rest.split_once(',').unwrap().1;
    }
    let json = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
    Packet {
        kind,
        number: rest[..rest.len() - json.len()].parse().ok(),
        json: serde_json::from_str(json).unwrap_or_default(),
        blobs: Vec::new(),
    }
}

struct Counting(SocketIoEncoding, Arc<AtomicUsize>);

impl Encoding for Counting {
    fn encode(
        &self,
        namespace: &str,
        content: &Content,
        token: Option<Token>,
    ) -> Result<Frame, EncodeError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.encode(namespace, content, token)
    }

    fn encode_asking(
        &self,
        namespace: &str,
        content: &Content,
        token: Option<Token>,
        ack: u64,
    ) -> Result<Frame, EncodeError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.encode_asking(namespace, content, token, ack)
    }
}

struct Numbered(AtomicU64);

impl IdGenerator for Numbered {
    fn member_id(&self) -> Option<MemberId> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        Some(MemberId::new(format!("{number:020}")))
    }
}

struct Fixed;

thread_local! {
    /// While set, whoever asks for the time panics.
    pub(crate) static CLOCK_PANICS: Cell<bool> = const { Cell::new(false) };
}

impl Clock for Fixed {
    fn now(&self) -> SystemTime {
        assert!(!CLOCK_PANICS.get(), "secret");
        UNIX_EPOCH + Duration::from_millis(1_630_497_600_123)
    }
}
