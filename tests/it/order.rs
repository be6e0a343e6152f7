//! A hundred thousand messages through twenty rooms: every member sees one order per room, every sender's own order across
//! rooms, and each message once, whatever transport it is on and while it changes transports.

use std::collections::HashMap;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::{Client, Frame, Hub, LongPoll, WebSocket};

const MESSAGES: usize = 100_000;
const ROOMS: usize = 20;
const SENDERS: usize = 8;
const EACH: usize = MESSAGES / SENDERS;

/// One message as a member got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Got {
    room: u8,
    sender: u8,
    number: u32,
}

/// How a member or a sender is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    WebSocket,
    Polling,
    /// On polling until it has seen so many messages of a hundred, then probing, and on the WebSocket from the second
    /// number on. The probe before the last may fail, as where a proxy does not let it through.
    Upgrading {
        probe: usize,
        finish: usize,
        fails_first: bool,
    },
}

/// Which room a sender's message goes to: runs of a few, so that targets change often but not always.
fn room_of(sender: usize, number: usize) -> usize {
    let run = number / (1 + sender % 4);
    (run.wrapping_mul(7) + sender * 3) % ROOMS
}

fn packet(sender: usize, number: usize) -> String {
    let room = room_of(sender, number);
    format!(r#"42["notify-room",{{"data":{{"message":"{sender}:{number}","roomId":"r{room}"}}}}]"#)
}

/// A message of a `notify-room`; nothing for any other packet.
fn read(packet: &str) -> Option<Got> {
    let body = packet.strip_prefix("42[\"notify-room\",")?;
    let text = after(body, "\"message\":\"");
    let (sender, number) = text.split_once(':').unwrap();
    Some(Got {
        room: after(body, "\"roomId\":\"r").parse().unwrap(),
        sender: sender.parse().unwrap(),
        number: number.parse().unwrap(),
    })
}

fn after<'a>(text: &'a str, key: &str) -> &'a str {
    let start = text.find(key).unwrap() + key.len();
    text[start..].split('"').next().unwrap()
}

/// A member that reads on its way until it has seen what is due to it.
struct Member {
    way: Way,
    poll: Option<LongPoll>,
    socket: Option<WebSocket>,
    rooms: Vec<usize>,
    due: usize,
    got: Vec<Got>,
}

impl Member {
    fn connect(hub: &Hub, way: Way, rooms: Vec<usize>) -> Self {
        let (mut poll, mut socket) = (None, None);
        if way == Way::WebSocket {
            socket = Some(Client::connect(hub).socket);
        } else {
            poll = Some(LongPoll::connect(hub));
        }
        let due = (0..SENDERS)
            .flat_map(|sender| (0..EACH).map(move |number| room_of(sender, number)))
            .filter(|room| rooms.contains(room))
            .count();
        let mut member = Self {
            way,
            poll,
            socket,
            rooms,
            due,
            got: Vec::new(),
        };
        for (id, room) in member.rooms.clone().into_iter().enumerate() {
            let join = format!("42{id}[\"join-room\",{}]", json!(format!("r{room}")));
            member.say(&join);
            let answer = format!("43{id}[{{\"ok\":true");
            while !member
                .packets()
                .iter()
                .any(|packet| packet.starts_with(&answer))
            {}
        }
        member
    }

    fn say(&mut self, packet: &str) {
        match (&mut self.socket, &mut self.poll) {
            (Some(socket), _) => socket.text(packet),
            (None, Some(poll)) => poll.say(packet),
            (None, None) => unreachable!(),
        }
    }

    fn packets(&mut self) -> Vec<String> {
        match (&mut self.socket, &mut self.poll) {
            (Some(socket), _) => vec![socket.next_text()],
            (None, Some(poll)) => poll.poll(),
            (None, None) => unreachable!(),
        }
    }

    fn take(&mut self, packets: Vec<String>) {
        self.got
            .extend(packets.iter().filter_map(|packet| read(packet)));
    }

    fn run(mut self, hub: &Hub) -> Vec<Got> {
        if let Way::Upgrading {
            probe,
            finish,
            fails_first,
        } = self.way
        {
            self.read_until(self.due * probe / 100);
            if fails_first {
                drop(self.probe(hub));
            }
            let mut probing = self.probe(hub);
            // In the middle of the upgrade polling is still the live transport.
            self.read_until(self.due * finish / 100);
            assert_eq!(probing.next_within(Duration::from_millis(1)), None);
            probing.text("5");
            self.socket = Some(probing);
        }
        self.read_until(self.due);
        // Nothing may come twice, nor behind the last: what a last question brings along belongs to the count.
        self.say("421[\"join-room\",{}]");
        loop {
            let packets = self.packets();
            let answered = packets.iter().any(|packet| packet.starts_with("431["));
            self.take(packets);
            if answered {
                return self.got;
            }
        }
    }

    fn read_until(&mut self, count: usize) {
        while self.got.len() < count {
            let packets = self.packets();
            self.take(packets);
        }
    }

    fn probe(&mut self, hub: &Hub) -> WebSocket {
        let poll = self.poll.as_ref().unwrap();
        loop {
            let mut socket = WebSocket::open(hub, &poll.target("websocket"));
            socket.text("2probe");
            // A failed probe that the server has not noticed yet still holds the place.
            match socket.next() {
                Frame::Text(text) if text == "3probe" => return socket,
                Frame::Close(_) | Frame::End => {}
                other => panic!("{other:?} for a probe"),
            }
        }
    }
}

fn send_over_websocket(hub: &Hub, sender: usize, from: usize) {
    let mut client = Client::connect(hub);
    for number in from..EACH {
        client.socket.text(&packet(sender, number));
    }
    settle(&mut client.socket);
}

/// Waits until the last of what was sent has been handled. Most of it still lies in the kernel then: the time is that of
/// the whole test.
fn settle(socket: &mut WebSocket) {
    socket.text("427[\"join-room\",{}]");
    match socket.next_within(Duration::from_secs(600)) {
        Some(Frame::Text(answer)) => assert!(answer.starts_with("437["), "{answer}"),
        other => panic!("{other:?} for an answer"),
    }
}

/// Several packets a POST; the last part over a WebSocket if it upgrades on the way.
fn send_over_polling(hub: &Hub, sender: usize, upgrade_at: usize) {
    let mut poll = LongPoll::connect(hub);
    let numbers: Vec<usize> = (0..upgrade_at).collect();
    for some in numbers.chunks(50) {
        let packets: Vec<String> = some.iter().map(|&number| packet(sender, number)).collect();
        poll.say(&packets.join("\x1e"));
    }
    if upgrade_at == EACH {
        return;
    }
    let mut socket = WebSocket::open(hub, &poll.target("websocket"));
    // Without a probe, as the .NET client does it.
    socket.text("5");
    for number in upgrade_at..EACH {
        socket.text(&packet(sender, number));
    }
    settle(&mut socket);
}

#[test]
fn every_member_gets_each_message_once_in_its_rooms_order_and_its_senders_order() {
    let hub = Hub::with(|config| {
        config.workers = 2;
        config.room_threads = 1;
        // What is looked at is order, not patience with slow readers: the machine may be busy.
        config.engine.ping_interval = Duration::from_secs(3600);
        config.engine.upgrade_timeout = Duration::from_secs(600);
        config.delivery.outbox_bytes_max = Some(256 << 20);
        config.delivery.outbox_count_max = MESSAGES;
        config.delivery.stall_timeout = Some(Duration::from_secs(600));
        config.delivery.courier_stall = Duration::from_secs(600);
    });
    let all: Vec<usize> = (0..ROOMS).collect();
    let upgrading = |probe, finish, fails_first| Way::Upgrading {
        probe,
        finish,
        fails_first,
    };
    let members = [
        (Way::WebSocket, all.clone()),
        (Way::Polling, all.clone()),
        (upgrading(10, 60, false), all.clone()),
        (upgrading(40, 41, true), (0..10).collect()),
        (upgrading(70, 90, true), (5..15).collect()),
        (Way::Polling, vec![1, 2]),
        (Way::WebSocket, vec![2, 3]),
    ];
    let members: Vec<Member> = members
        .into_iter()
        .map(|(way, rooms)| Member::connect(&hub, way, rooms))
        .collect();
    let rooms: Vec<Vec<usize>> = members.iter().map(|member| member.rooms.clone()).collect();
    let start = Barrier::new(SENDERS);
    let seen: Vec<Vec<Got>> = thread::scope(|scope| {
        let (hub, start) = (&hub, &start);
        let readers: Vec<_> = members
            .into_iter()
            .map(|member| scope.spawn(move || member.run(hub)))
            .collect();
        for sender in 0..SENDERS {
            scope.spawn(move || {
                start.wait();
                match sender % 4 {
                    1 => send_over_polling(hub, sender, EACH),
                    2 => send_over_polling(hub, sender, EACH / 2),
                    _ => send_over_websocket(hub, sender, 0),
                }
            });
        }
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .collect()
    });
    check(&seen, &rooms);
}

fn check(seen: &[Vec<Got>], rooms: &[Vec<usize>]) {
    for (member, (got, rooms)) in seen.iter().zip(rooms).enumerate() {
        // Its senders' order across rooms, nothing missing, nothing twice: exactly the list that each sender sent it.
        for sender in 0..SENDERS {
            let sent = (0..EACH).filter(|&number| rooms.contains(&room_of(sender, number)));
            let came = got.iter().filter(|one| usize::from(one.sender) == sender);
            let came: Vec<usize> = came.map(|one| one.number as usize).collect();
            assert!(
                sent.clone().eq(came.iter().copied()),
                "member {member} got {} of sender {sender}'s {} messages, or in another order",
                came.len(),
                sent.count()
            );
        }
        let wrong = got
            .iter()
            .find(|one| usize::from(one.room) != room_of(one.sender.into(), one.number as usize));
        assert_eq!(wrong, None, "member {member}: in a room it was not sent to");
    }
    // One order per room: the first member is in all rooms.
    let by_room = |got: &[Got]| {
        let mut rooms: HashMap<u8, Vec<Got>> = HashMap::new();
        for one in got {
            rooms.entry(one.room).or_default().push(*one);
        }
        rooms
    };
    let first = by_room(&seen[0]);
    assert_eq!(first.len(), ROOMS);
    for (member, got) in seen.iter().enumerate() {
        for (room, order) in by_room(got) {
            assert!(
                order == first[&room],
                "member {member} saw room {room} in another order"
            );
        }
    }
}
