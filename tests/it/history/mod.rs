//! History on joining (contract 3.3): what a newcomer is told of what was said before it came.

mod settings;
mod stock;

use serde_json::{Value, json};

use crate::support::{Client, Hub};

fn message(letter: &Value) -> String {
    let camel = letter["data"]["message"].as_str();
    let text = camel.or_else(|| letter["Data"]["Message"].as_str());
    text.unwrap_or_else(|| panic!("no message in {letter}"))
        .to_owned()
}

/// Where it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Target {
    Channel,
    Room,
}

impl Target {
    const ALL: [Self; 2] = [Self::Channel, Self::Room];

    fn join(self) -> &'static str {
        match self {
            Self::Channel => "join-channel",
            Self::Room => "join-room",
        }
    }

    fn leave(self) -> &'static str {
        match self {
            Self::Channel => "leave-channel",
            Self::Room => "leave-room",
        }
    }

    /// The event that its messages come as.
    fn event(self) -> &'static str {
        match self {
            Self::Channel => "lobby",
            Self::Room => "notify-room",
        }
    }

    fn data(self, more: Value) -> Value {
        let mut data = match self {
            Self::Channel => json!({"roomChannel": "lobby"}),
            Self::Room => json!({"roomId": "r", "roomChannel": "hall"}),
        };
        data.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({ "data": data })
    }
}

fn say(client: &mut Client, target: Target, texts: &[&str]) {
    for text in texts {
        let ack = client.ask(target.event(), &[target.data(json!({ "message": text }))]);
        assert_eq!(ack["ok"], true, "{ack}");
    }
}

fn join(client: &mut Client, data: Value) -> (Value, Vec<String>) {
    let event = if data.get("roomId").is_some() {
        "join-room"
    } else {
        "join-channel"
    };
    let ack = client.ask(event, &[json!({ "data": data })]);
    assert_eq!(ack["ok"], true, "{ack}");
    client.ask("leave-room", &[json!("nowhere")]);
    let letters = client.arrived().into_iter();
    let letters = letters.filter(|(name, _)| name == "lobby" || name == "notify-room");
    (ack, letters.map(|(_, args)| message(&args[0])).collect())
}

#[test]
fn a_newcomer_that_asks_is_told_what_was_said_in_the_words_in_which_it_was_said() {
    let hub = Hub::with(|_| {});
    let (mut speaker, mut member) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut member, json!({"roomChannel": "lobby"}));
    say(&mut speaker, Target::Channel, &["one", "two"]);
    let live = member.event("lobby");
    let mut newcomer = Client::connect(&hub);
    let (ack, _) = join(&mut newcomer, json!({"roomChannel": "lobby", "history": 0}));
    assert_eq!(ack["replayed"], 0);
    assert_eq!(ack["complete"], true);
    let mut other = Client::connect(&hub);
    let ack = other.ask(
        "join-channel",
        &[json!({"data": {"roomChannel": "lobby", "history": 9}})],
    );
    assert_eq!(
        (&ack["replayed"], &ack["complete"]),
        (&json!(2), &json!(true)),
        "{ack}"
    );
    assert_eq!(
        other.event("lobby"),
        live,
        "the same event in the same form"
    );
    assert_eq!(message(&other.event("lobby")[0]), "two");
    let mut silent = Client::connect(&hub);
    let (ack, told) = join(&mut silent, json!({"roomChannel": "lobby"}));
    assert!(
        told.is_empty() && ack.get("position").is_none(),
        "who does not ask: {ack}"
    );
    let (ack, told) = join(&mut other, json!({"roomChannel": "lobby", "history": 9}));
    assert_eq!(
        (&ack["already"], &ack["replayed"]),
        (&json!(true), &json!(0)),
        "{ack}"
    );
    assert!(told.is_empty(), "it has had them: {told:?}");
    // Who sits there already and was not told is told so.
    let (ack, told) = join(&mut silent, json!({"roomChannel": "lobby", "history": 9}));
    assert_eq!(
        (&ack["already"], &ack["replayed"], &ack["complete"]),
        (&json!(true), &json!(0), &json!(false)),
        "{ack}"
    );
    assert!(told.is_empty(), "{told:?}");
    for wrong in [
        json!({"history": 101}),
        json!({"history": "9"}),
        json!({"since": "x"}),
    ] {
        let mut data = wrong.clone();
        data["roomChannel"] = "lobby".into();
        let ack = silent.ask("join-channel", &[json!({ "data": data })]);
        assert_eq!(ack["code"], "bad_payload", "{wrong}: {ack}");
    }
}

/// Who comes later must not read what was said when it was not let in.
#[test]
fn nothing_of_a_private_rooms_former_life_is_told() {
    let hub = Hub::with(|_| {});
    let room = |more: Value| {
        let mut data = json!({"roomId": "board", "roomChannel": "hall", "history": 100});
        data.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        data
    };
    let say = |client: &mut Client, text: &str| {
        let data = json!({"roomId": "board", "roomChannel": "hall", "message": text});
        let ack = client.ask("notify-room", &[json!({ "data": data })]);
        assert_eq!(ack["ok"], true, "{ack}");
    };
    let (mut owner, mut guest) = (Client::connect(&hub), Client::connect(&hub));
    let private = room(json!({"access": "invite", "invite": [guest.id]}));
    join(&mut owner, private.clone());
    say(&mut owner, "for members");
    let (_, told) = join(&mut guest, room(json!({})));
    assert_eq!(told, ["for members"], "a member reads what was said");
    for client in [&mut owner, &mut guest] {
        client.ask("leave-room", &[json!("board")]);
    }
    let mut stranger = Client::connect(&hub);
    let (ack, told) = join(&mut stranger, room(json!({})));
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(ack["complete"], false, "{ack}");
    let (_, told) = join(
        &mut Client::connect(&hub),
        json!({"roomId": "board", "history": 100}),
    );
    assert!(told.is_empty(), "without a channel: {told:?}");
    // What is locked is private while it is; what is open is not told to a room that is made private.
    say(&mut stranger, "open");
    let ack = stranger.ask(
        "lock-room",
        &[json!({"data": {"roomId": "board", "roomChannel": "hall"}})],
    );
    assert_eq!(ack["ok"], true, "{ack}");
    say(&mut stranger, "locked");
    let unlock = json!({"roomId": "board", "roomChannel": "hall", "locked": false});
    assert_eq!(
        stranger.ask("lock-room", &[json!({ "data": unlock })])["ok"],
        true
    );
    say(&mut stranger, "open again");
    let (_, told) = join(&mut Client::connect(&hub), room(json!({})));
    assert_eq!(told, ["open again"]);
    let mut earlier = Client::connect(&hub);
    let data = json!({"roomId": "later", "message": "x"});
    join(&mut earlier, json!({"roomId": "later"}));
    earlier.ask("notify-room", &[json!({ "data": data })]);
    earlier.ask("leave-room", &[json!("later")]);
    let (_, told) = join(
        &mut Client::connect(&hub),
        json!({"roomId": "later", "access": "invite", "history": 9}),
    );
    assert!(told.is_empty(), "a private room has no past: {told:?}");
}

/// What a member of a private room said without naming its channel was told whoever came to another channel of that id.
#[test]
fn what_is_said_without_a_channel_while_a_room_is_private_in_one_is_for_nobody_who_comes_later() {
    let hub = Hub::with(|_| {});
    let (mut owner, mut guest) = (Client::connect(&hub), Client::connect(&hub));
    let at = |channel: Option<&str>| json!({"roomId": "r", "roomChannel": channel, "history": 9});
    let mut private = at(Some("a"));
    private["access"] = "invite".into();
    private["invite"] = json!([guest.id]);
    join(&mut owner, private);
    join(&mut guest, at(Some("a")));
    let said = json!({"data": {"roomId": "r", "message": "secret"}});
    let ack = guest.ask("notify-room", &[said]);
    assert_eq!(
        (&ack["ok"], &ack["recipients"]),
        (&json!(true), &json!(2)),
        "{ack}"
    );
    let mut came = Vec::new();
    let mut come = |channel: Option<&str>| {
        let mut stranger = Client::connect(&hub);
        let (ack, told) = join(&mut stranger, at(channel));
        assert!(told.is_empty(), "{channel:?}: {told:?}");
        assert_eq!(ack["complete"], false, "{ack}");
        came.push(stranger);
    };
    come(Some("b"));
    for client in [&mut owner, &mut guest] {
        client.ask("leave-room", &[json!("r")]);
    }
    for channel in [Some("a"), Some("b"), None] {
        come(channel);
    }
}

/// A lone member that came back was told that nothing had been said.
#[test]
fn what_was_said_while_nobody_was_there_is_told_to_be_missing() {
    let hub = Hub::with(|_| {});
    let (mut lone, mut speaker) = (Client::connect(&hub), Client::connect(&hub));
    let (ack, _) = join(&mut lone, json!({"roomChannel": "lobby", "history": 0}));
    lone.ask("leave-channel", &[json!("lobby")]);
    let since = json!({"roomChannel": "lobby", "since": ack["position"]});
    let (ack, _) = join(&mut lone, since.clone());
    assert_eq!(ack["complete"], true, "nothing was said: {ack}");
    lone.ask("leave-channel", &[json!("lobby")]);
    say(&mut speaker, Target::Channel, &["unheard"]);
    let (ack, told) = join(&mut lone, since);
    assert!(told.is_empty());
    assert_eq!(ack["complete"], false, "{ack}");
}

#[test]
fn a_member_under_two_channels_of_a_room_is_told_of_each_letter_once() {
    let hub = Hub::with(|_| {});
    let (mut speaker, mut member) = (Client::connect(&hub), Client::connect(&hub));
    let at = |channel: Option<&str>| json!({"roomId": "r", "roomChannel": channel, "history": 100});
    join(&mut speaker, json!({"roomId": "r", "roomChannel": "b"}));
    let mut say = |channel: Option<&str>, text: &str| {
        let data = json!({"roomId": "r", "roomChannel": channel, "message": text});
        assert_eq!(
            speaker.ask("notify-room", &[json!({ "data": data })])["ok"],
            true
        );
    };
    say(Some("b"), "before, b");
    let (_, told) = join(&mut member, at(Some("a")));
    assert!(told.is_empty(), "{told:?}");
    say(Some("b"), "b");
    say(Some("a"), "a");
    member.event("notify-room");
    let (ack, told) = join(&mut member, at(Some("b")));
    assert_eq!(told, ["before, b", "b"], "{ack}");
    let (_, told) = join(&mut member, at(None));
    assert!(told.is_empty(), "it has had them all: {told:?}");
}
