//! Contract 2.2, line by line: what every recipient gets.
//! Knows no target rules; the resolved room and channel are given.

use serde_json::json;

use super::{
    super::super::contract::{
        normal_form::{SEAT_SOURCE_BYTES_MAX, gone_template, seat_source},
        payload::USER_NAME_BYTES_MAX,
    },
    *,
};

#[test]
fn known_fields_stand_in_order_and_are_null_where_nothing_was_given() {
    assert_eq!(
        delivered("\"hi\""),
        format!(
            r#"{{"data":{{"message":"hi","roomId":null,"roomChannel":"lobby"}},"time":"{NOW}","clientId":"{SELF}","source":{{"platform":null,"appName":null,"appVersion":null,"clientId":"{SELF}","userName":null,"channel":"lobby"}}}}"#
        )
    );
}

#[test]
fn unknown_fields_keep_place_name_and_raw_value() {
    let args = r#"{"z":1e400,"data":{"b":1,"b":0.10,"__proto__":{"x":1},"message":"m"},"id":12345678901234567890123,"source":{"\u0061":[],"constructor":null}}"#;
    let sent = delivered(args);
    assert!(sent.starts_with(
        r#"{"data":{"message":"m","roomId":null,"roomChannel":"lobby","b":1,"b":0.10,"__proto__":{"x":1}},"#
    ));
    assert!(sent.ends_with(
        r#""channel":"lobby","\u0061":[],"constructor":null},"z":1e400,"id":12345678901234567890123}"#
    ));
}

#[test]
fn a_missing_or_null_message_is_the_empty_string() {
    for args in [
        r#"{"data":{"message":null}}"#,
        r#"{"data":{}}"#,
        r#"{"data":null}"#,
        "\"\"",
    ] {
        assert_eq!(delivered_message(args), "", "{args}");
    }
}

#[test]
fn room_and_channel_are_the_resolved_ones_and_null_without() {
    let payload = message(r#"{"data":{"roomId":7,"roomChannel":"sent"}}"#).unwrap();
    let sent = compose("x".into(), &payload, Some("7"), None, &stamp());
    assert_eq!(value(&sent)["data"]["roomId"], "7");
    assert_eq!(value(&sent)["data"]["roomChannel"], Value::Null);
    let sent = compose("x".into(), &payload, None, Some("q\"\\"), &stamp());
    assert_eq!(value(&sent)["data"]["roomId"], Value::Null);
    assert_eq!(value(&sent)["data"]["roomChannel"], "q\"\\");
}

#[test]
fn time_is_as_sent_or_the_servers() {
    assert!(delivered(r#"{"time":1630497600,"data":1}"#).contains(r#","time":1630497600,"#));
    assert!(delivered(r#"{"time":"","data":1}"#).contains(&format!(r#","time":"{NOW}","#)));
}

#[test]
fn client_ids_are_stamped_and_no_other_spelling_passes() {
    let args = r#"{"data":1,"clientId":"forged","ClientId":"forged","source":{"CLIENTID":"forged","clientId":"forged"}}"#;
    let sent = delivered(args);
    assert!(!sent.contains("forged"));
    assert_eq!(sent.matches(SELF).count(), 2);
}

#[test]
fn the_setting_keep_leaves_client_ids_as_sent() {
    let keep = Stamp {
        policy: ClientIdPolicy::Keep,
        ..stamp()
    };
    let payload = message(r#"{"data":1,"clientId":"own"}"#).unwrap();
    let sent = value(&compose("x".into(), &payload, None, None, &keep));
    assert_eq!(sent["clientId"], "own");
    assert_eq!(sent["source"]["clientId"], SELF);
}

#[test]
fn source_channel_is_the_resolved_one_else_as_sent_else_null() {
    let channel = |args: &str, resolved| {
        let payload = message(args).unwrap();
        let sent = compose("x".into(), &payload, Some("r"), resolved, &stamp());
        value(&sent)["source"]["channel"].take()
    };
    let args = r#"{"data":1,"source":{"channel":"sent"}}"#;
    assert_eq!(channel(args, Some("resolved")), "resolved");
    assert_eq!(channel(args, None), "sent");
    assert_eq!(channel(r#"{"data":1}"#, None), Value::Null);
}

#[test]
fn source_room_is_there_only_where_it_was_sent() {
    let sent: Value =
        serde_json::from_str(&delivered(r#"{"data":1,"source":{"Room":"r"}}"#)).unwrap();
    assert_eq!(sent["source"]["room"], "r");
    let without: Value =
        serde_json::from_str(&delivered(r#"{"data":1,"source":{"Room":""}}"#)).unwrap();
    assert_eq!(without["source"].get("room"), None);
}

#[test]
fn an_authenticated_name_replaces_the_clients_word() {
    let authenticated = Stamp {
        user_name: Some("Ada \"L\""),
        ..stamp()
    };
    let payload = message(r#"{"data":1,"source":{"userName":"Eve"}}"#).unwrap();
    let sent = compose("x".into(), &payload, None, None, &authenticated);
    assert_eq!(value(&sent)["source"]["userName"], "Ada \"L\"");
}

/// Fails if a client's own word for it travels on, in whatever spelling, or the hub's is not where it vouches for the sender.
#[test]
fn verified_is_the_hubs_word_alone() {
    let payload = message(
        r#"{"data":1,"source":{"verified":true,"Verified":1,"VERIFIED":"yes","ver\u0069fied":true,"userName":"Eve"}}"#,
    )
    .unwrap();
    let shown = |verified| {
        let stamp = Stamp {
            verified,
            ..stamp()
        };
        text(&compose("x".into(), &payload, None, None, &stamp)).to_lowercase()
    };
    let guest = shown(false);
    assert!(
        !guest.contains("verified") && !guest.contains("ver\\u"),
        "{guest}"
    );
    let member = shown(true);
    assert_eq!(member.matches("fied").count(), 1, "{member}");
    assert!(
        member.contains(r#""username":"eve","verified":true,"channel""#),
        "{member}"
    );
}

#[test]
fn plus_is_the_end_of_data_and_its_names_are_the_hubs() {
    let payload = command(
        r#"{"data":{"message":"","roomChannel":"c","OnlineUsers":99,"reason":"mine","x":1},"y":2}"#,
    )
    .unwrap();
    let joined = announced("join-channel", &payload, None, Some("c"), 3);
    assert_eq!(&*joined.name, "join-channel");
    assert_eq!(
        value(&joined)["data"],
        json!({"message": "", "roomId": null, "roomChannel": "c", "reason": "mine", "x": 1, "onlineUsers": 3})
    );
    assert_eq!(value(&joined)["y"], 2);
    let left = text(&announced("leave-channel", &payload, None, Some("c"), 0));
    assert!(left.contains(r#""x":1,"onlineUsers":0,"reason":"leave"},"time""#));
    assert!(!left.contains("mine"));
}

#[test]
fn an_announcement_keeps_its_blobs_on_both_sides_of_plus() {
    let content = said(
        r#"{"data":{"roomId":"r","photo":{ "_placeholder" : true, "num" : 1 }},"z":{"_placeholder":true,"num":0}}"#,
        &[b"z", b"photo"],
    );
    let payload = Payload::read(&content.clone().into(), Use::Command).unwrap();
    let sent = announced("join-room", &payload, Some("r"), None, 1);
    assert_eq!(sent.blobs, [&b"photo"[..], b"z"]);
    let sent = value(&sent);
    assert_eq!(sent["data"]["onlineUsers"], 1);
    assert_eq!(
        (&sent["data"]["photo"]["num"], &sent["z"]["num"]),
        (&json!(0), &json!(1))
    );
}

#[test]
fn a_leave_of_several_addresses_names_each_and_keeps_its_blobs() {
    let content = said(
        r#"{"z":{"_placeholder":true,"num":1},"data":{"roomId":"r","x":{"_placeholder":true,"num":0}},"source":{"channel":{"_placeholder":true,"num":2}}}"#,
        &[b"x", b"z", b"channel"],
    );
    let payload = Payload::read(&content.clone().into(), Use::Command).unwrap();
    let room = Some("r");
    let leave = normal_form::template(
        "leave-room".into(),
        &payload,
        room,
        Channel::OfTheAddress,
        &stamp(),
    );
    for (tag, named) in [(None, Value::Null), (Some("a\"b".into()), json!("a\"b"))] {
        let told = leave.fill(&change(&tag, 2, "leave-room"));
        assert_eq!(told.blobs, [&b"x"[..], b"z"]);
        let told = value(&told);
        assert_eq!(told["data"]["roomChannel"], named);
        assert_eq!(told["source"]["channel"], named);
        assert_eq!(told["data"]["onlineUsers"], 2);
        assert_eq!(told["data"]["reason"], "leave");
        assert_eq!(told["z"]["num"], 1);
    }
}

#[test]
fn a_join_shows_its_wishes_but_never_its_token() {
    for args in [
        r#"{"data":{"roomId":"r","capacity":2,"token":"secret"},"Token":"secret"}"#,
        r#"{"roomId":"r","capacity":2,"TOKEN":"secret","token":null}"#,
        r#"{"capacity":2,"token":"secret"},"r""#,
        r#""{\"Data\":{\"Room\":\"r\",\"capacity\":2,\"Token\":\"secret\"}}""#,
    ] {
        let payload = command(args).unwrap();
        let sent = text(&announced("join-room", &payload, Some("r"), None, 1));
        assert!(!sent.contains("secret"), "{sent}");
        assert!(sent.contains(r#""capacity":2"#), "{sent}");
    }
}

#[test]
fn one_who_is_gone_is_announced_with_the_source_of_the_join() {
    let payload = command(r#"{"data":{"roomId":"r"},"source":{"UserName":"Ada","x":1}}"#).unwrap();
    let source = seat_source(&payload, Some("c"), &stamp());
    let address = Channel::OfTheAddress;
    let gone = gone_template("leave-room".into(), &source, Some("r"), address, SELF);
    let tag = Some("c".into());
    let change = MembershipChange {
        reason: Some(LeaveReason::Disconnect),
        ..change(&tag, 4, "")
    };
    assert_eq!(
        value(&gone.fill(&change)),
        json!({
            "data": {"message": "", "roomId": "r", "roomChannel": "c", "onlineUsers": 4, "reason": "disconnect"},
            "time": NOW,
            "clientId": SELF,
            "source": {"platform": null, "appName": null, "appVersion": null, "clientId": SELF,
                "userName": "Ada", "channel": "c", "x": 1},
        })
    );
}

#[test]
fn a_seat_keeps_no_blobs_and_no_long_source() {
    let content = said(
        r#"{"data":1,"source":{"icon":{"_placeholder":true,"num":0}}}"#,
        &[b"icon"],
    );
    let payload = Payload::read(&content.clone().into(), Use::Command).unwrap();
    let kept: Value = serde_json::from_slice(&seat_source(&payload, None, &stamp())).unwrap();
    assert_eq!(kept["icon"], Value::Null);
    let wide = format!(
        r#"{{"data":1,"source":{{"userName":"Ada","x":"{}"}}}}"#,
        "x".repeat(SEAT_SOURCE_BYTES_MAX)
    );
    let kept = seat_source(&command(&wide).unwrap(), Some("c"), &stamp());
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!((&kept["userName"], kept.get("x")), (&json!("Ada"), None));
    let long = format!(
        r#"{{"data":1,"source":{{"userName":"{}"}}}}"#,
        "u".repeat(SEAT_SOURCE_BYTES_MAX)
    );
    let kept = seat_source(&command(&long).unwrap(), Some("c"), &stamp());
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(kept["userName"], Value::Null);
    assert_eq!(
        (&kept["clientId"], &kept["channel"]),
        (&json!(SELF), &json!("c"))
    );
}

#[test]
fn a_user_name_is_a_name_or_refused() {
    let name = |args: &str| {
        let payload = command(args).unwrap();
        payload.user_name().map(|name| name.map(String::from))
    };
    let of = |value: &str| name(&format!(r#"{{"source":{{"userName":{value}}}}}"#));
    assert_eq!(
        name(r#"{"Source":{"UserName":"N\u00c9"}}"#),
        Ok(Some("NÉ".into()))
    );
    assert_eq!(of("7"), Ok(Some("7".into())));
    for absent in [of("null"), of("\"\""), name("\"r\"")] {
        assert_eq!(absent, Ok(None));
    }
    let long = |bytes: usize| format!("\"{}\"", "u".repeat(bytes));
    assert!(of(&long(USER_NAME_BYTES_MAX)).is_ok());
    for refused in [
        r#""Ama\u202enimda""#,
        r#""a\u2066b""#,
        r#""a\u0000b""#,
        r#"" a""#,
        r#""\ud800""#,
        "{}",
        "[]",
        "true",
        "1.5",
        &long(USER_NAME_BYTES_MAX + 1),
    ] {
        let fault = of(refused).unwrap_err();
        assert_eq!(fault.code, Code::InvalidName, "{refused}");
        assert!(fault.message.starts_with("a user name "), "{refused}");
    }
}
