//! Contract 3 over sockets: join-channel, channel messages, leave-channel, and what a lost client leaves behind.
//! Knows nothing of presence events.

use serde_json::json;

use super::{by, guide, holds, join, join_room, own};
use crate::support::{Client, Hub};

#[test]
fn a_join_reaches_all_members_the_newcomer_too() {
    let hub = Hub::start();
    let (mut old, mut new) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut old, "lobby");
    let ack = new.ask("join-channel", &[json!("lobby")]);
    let expected = json!({"ok": true, "event": "join-channel", "channel": "lobby", "clientId": new.id,
        "onlineUsers": 2, "already": false,
        "users": [{"clientId": old.id, "userName": null}, {"clientId": new.id, "userName": null}]});
    assert_eq!(ack, expected);
    let seen = own(&mut new, "join-channel");
    assert_eq!(by(&mut old, "join-channel", &new.id), seen);
    assert_eq!(seen["data"]["onlineUsers"], 2);
}

#[test]
fn joining_again_is_answered_and_told_to_nobody() {
    let hub = Hub::start();
    let (mut old, mut again) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut old, "lobby");
    join(&mut again, "lobby");
    by(&mut old, "join-channel", &again.id);
    let ack = again.ask("join-channel", &[json!("lobby")]);
    assert!(
        holds(
            &ack,
            &json!({"ok": true, "already": true, "onlineUsers": 2})
        ),
        "{ack}"
    );
    old.no_event("join-channel");
    again.no_event("join-channel");
}

#[test]
fn any_event_is_a_message_to_the_channel_of_its_name_from_members_and_strangers() {
    let hub = Hub::start();
    let (mut member, mut stranger) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut member, "chat message");
    let ack = stranger.ask("chat message", &[json!("from outside")]);
    let expected = json!({"ok": true, "event": "chat message", "channel": "chat message",
        "clientId": stranger.id, "recipients": 1});
    assert_eq!(ack, expected);
    by(&mut member, "chat message", &stranger.id);
    member.emit("chat message", &[json!("from inside")]);
    assert_eq!(
        own(&mut member, "chat message")["data"]["message"],
        "from inside"
    );
    stranger.no_event("chat message");
}

#[test]
fn a_message_to_nobody_has_no_recipients_and_leaves_nothing_behind() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    for name in ["hi", "test", "register"] {
        assert_eq!(client.ask(name, &[json!("x")])["recipients"], 0);
    }
    hub.wait_for("dondo_rooms", 0);
}

#[test]
fn a_leave_reaches_those_who_stay_and_not_the_leaver() {
    let hub = Hub::start();
    let (mut stayer, mut leaver) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut stayer, "lobby");
    join(&mut leaver, "lobby");
    let sent = guide(&leaver, "", None, Some("lobby"));
    let ack = leaver.ask("leave-channel", &[sent]);
    assert!(
        holds(
            &ack,
            &json!({"ok": true, "channel": "lobby", "onlineUsers": 1, "already": false})
        ),
        "{ack}"
    );
    let left = by(&mut stayer, "leave-channel", &leaver.id);
    assert!(
        holds(&left["data"], &json!({"onlineUsers": 1, "reason": "leave"})),
        "{left}"
    );
    leaver.no_event("leave-channel");
    let ack = leaver.ask("leave-channel", &[json!("lobby")]);
    assert!(holds(&ack, &json!({"ok": true, "already": true})), "{ack}");
}

#[test]
fn leaving_a_channel_leaves_its_rooms_and_no_others() {
    let hub = Hub::start();
    let (mut stayer, mut leaver) = (Client::connect(&hub), Client::connect(&hub));
    for client in [&mut stayer, &mut leaver] {
        join(client, "lobby");
        join_room(client, "inner", Some("lobby"));
        join_room(client, "outer", Some("garden"));
    }
    leaver.emit("leave-channel", &[json!("lobby")]);
    let left = by(&mut stayer, "leave-room", &leaver.id);
    assert!(
        holds(
            &left["data"],
            &json!({"roomId": "inner", "roomChannel": "lobby"})
        ),
        "{left}"
    );
    assert_eq!(
        by(&mut stayer, "leave-channel", &leaver.id)["data"]["reason"],
        "leave"
    );
    let outer = [json!({"roomId": "outer", "roomChannel": "garden", "message": "x"})];
    assert_eq!(stayer.ask("notify-room", &outer)["recipients"], 2);
}

#[test]
fn a_lost_client_leaves_everything_once_with_the_source_of_its_joins() {
    let hub = Hub::start();
    let (mut stayer, mut lost) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut stayer, "lobby");
    join_room(&mut stayer, "r", Some("lobby"));
    let sent = guide(&lost, "", None, Some("lobby"));
    lost.ask("join-channel", &[sent]);
    let sent = guide(&lost, "", Some("r"), Some("lobby"));
    lost.ask("join-room", &[sent]);
    let id = lost.id.clone();
    drop(lost);
    for event in ["leave-channel", "leave-room"] {
        let left = by(&mut stayer, event, &id);
        let expected = json!({"data": {"reason": "disconnect", "onlineUsers": 1, "roomChannel": "lobby"},
            "source": {"userName": "John Doe", "appName": "Sample App Name", "clientId": id}});
        assert!(holds(&left, &expected), "{left}");
    }
    let rest = stayer.drain();
    let again = rest.iter().find(|(event, _)| event.starts_with("leave-"));
    assert!(again.is_none(), "{again:?} was told a second time");
}

#[test]
fn a_disconnect_packet_leaves_as_a_lost_connection_does() {
    let hub = Hub::start();
    let (mut stayer, mut leaver) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut stayer, "lobby");
    join(&mut leaver, "lobby");
    leaver.socket.text("41");
    let left = by(&mut stayer, "leave-channel", &leaver.id);
    assert_eq!(left["data"]["reason"], "disconnect");
}
