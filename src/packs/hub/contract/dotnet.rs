//! The view for `dialect=dotnet`: the normal form in PascalCase, as the .NET guide's own classes read it (contract 2.2).
//! Refuses to know who asked for it; a pure function of a letter, so it is made once for all who did.

use dondo_actors::letter::Content;
use serde_json::value::RawValue;

use super::json::{self, Field};

/// The letter with the contract's own fields in PascalCase and all else as it is. What is not in normal form (the
/// argument of hub-error, say) is answered unchanged.
pub(crate) fn view(content: &Content) -> Content {
    Content {
        name: content.name.clone(),
        args: rewritten(content).map_or_else(|| content.args.clone(), Into::into),
        blobs: content.blobs.clone(),
    }
}

type KeyNames = [(&'static str, &'static str)];

const TOP: &KeyNames = &[
    ("data", "Data"),
    ("time", "Time"),
    ("clientId", "ClientId"),
    ("source", "Source"),
];
const DATA: &KeyNames = &[
    ("message", "Message"),
    ("roomId", "RoomId"),
    ("roomChannel", "RoomChannel"),
];
const SOURCE: &KeyNames = &[
    ("platform", "Platform"),
    ("appName", "AppName"),
    ("appVersion", "AppVersion"),
    ("clientId", "ClientId"),
    ("userName", "UserName"),
    ("verified", "Verified"),
    ("channel", "Channel"),
    ("room", "Room"),
];
const JOINS: &KeyNames = &[("onlineUsers", "OnlineUsers")];
const LEAVES: &KeyNames = &[("onlineUsers", "OnlineUsers"), ("reason", "Reason")];
const PRESENCE: &KeyNames = &[
    ("onlineUsers", "OnlineUsers"),
    ("channels", "Channels"),
    ("truncated", "Truncated"),
    ("users", "Users"),
];
const USER: &KeyNames = &[
    ("clientId", "ClientId"),
    ("userName", "UserName"),
    ("verified", "Verified"),
];

/// What the hub itself adds to `data` in this event. In a message, fields of these names are the client's own.
fn plus(event: &str) -> &'static KeyNames {
    match event {
        "join-channel" | "join-room" => JOINS,
        "leave-channel" | "leave-room" => LEAVES,
        "online-users" | "room-online-users" => PRESENCE,
        _ => &[],
    }
}

fn rewritten(content: &Content) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(&content.args).ok()?;
    let top = json::fields(text)?;
    let first = |name| top.iter().find(|field| is(field, name));
    let data = json::fields(first("data")?.value)?;
    let source = json::fields(first("source")?.value)?;
    first("time").and(first("clientId"))?;
    let plus = plus(&content.name);
    let room = data.iter().find(|field| is(field, "roomId"))?.value;
    // A key in PascalCase is as long as one in camelCase: only `Room` is new.
    let mut out = Vec::with_capacity(text.len() + 8 + room.len());
    write_object(&mut out, &top, &[TOP], |out, field| {
        if is(field, "data") {
            write_object(out, &data, &[DATA, plus], |out, field| {
                if plus == PRESENCE && is(field, "users") {
                    write_users(out, field.value);
                } else {
                    write_value(out, field);
                }
                if is(field, "roomId") {
                    out.extend_from_slice(b",\"Room\":");
                    write_value(out, field);
                }
            });
        } else if is(field, "source") {
            write_object(out, &source, &[SOURCE], write_value);
        } else {
            write_value(out, field);
        }
    });
    Some(out)
}

fn write_users(out: &mut Vec<u8>, users: &str) {
    let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(users) else {
        return out.extend_from_slice(users.as_bytes());
    };
    out.push(b'[');
    for (place, user) in list.iter().enumerate() {
        out.extend_from_slice(if place > 0 { b"," } else { b"" });
        let fields = json::fields(user.get()).unwrap_or_default();
        write_object(out, &fields, &[USER], write_value);
    }
    out.push(b']');
}

/// Writes an object with its keys renamed by the tables, values by `value`.
fn write_object(
    out: &mut Vec<u8>,
    fields: &[Field<'_>],
    tables: &[&KeyNames],
    mut value: impl FnMut(&mut Vec<u8>, &Field<'_>),
) {
    out.push(b'{');
    for (place, field) in fields.iter().enumerate() {
        out.extend_from_slice(if place > 0 { b"," } else { b"" });
        let mut names = tables.iter().copied().flatten();
        match names.find(|(camel, _)| is(field, camel)) {
            Some((_, pascal)) => json::put(out, pascal),
            None => out.extend_from_slice(field.key.as_bytes()),
        }
        out.push(b':');
        value(out, field);
    }
    out.push(b'}');
}

fn write_value(out: &mut Vec<u8>, field: &Field<'_>) {
    out.extend_from_slice(field.value.as_bytes());
}

fn is(field: &Field<'_>, name: &str) -> bool {
    field.name == name
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use bytes::Bytes;

    use super::*;

    fn seen(name: &str, args: &'static str) -> String {
        let content = Content {
            name: name.into(),
            args: Bytes::from_static(args.as_bytes()),
            blobs: vec![Bytes::from_static(b"blob")],
        };
        let view = view(&content);
        assert_eq!((&view.name, &view.blobs), (&content.name, &content.blobs));
        String::from_utf8(view.args.to_vec()).unwrap()
    }

    #[test]
    fn the_normal_form_fills_the_guides_classes() {
        assert_eq!(
            seen(
                "join-room",
                r#"{"data":{"message":"","roomId":"r","roomChannel":null,"x":1.0,"onlineUsers":2},"time":"t","clientId":"c","source":{"platform":"Web","appName":"a","appVersion":"1","clientId":"c","userName":"u","verified":true,"channel":null,"room":"r","z":0},"y":{"data":1}}"#
            ),
            r#"{"Data":{"Message":"","RoomId":"r","Room":"r","RoomChannel":null,"x":1.0,"OnlineUsers":2},"Time":"t","ClientId":"c","Source":{"Platform":"Web","AppName":"a","AppVersion":"1","ClientId":"c","UserName":"u","Verified":true,"Channel":null,"Room":"r","z":0},"y":{"data":1}}"#
        );
    }

    #[test]
    fn leaves_and_presence_have_their_additions_in_pascal_case() {
        assert_eq!(
            seen(
                "leave-channel",
                r#"{"data":{"message":"","roomId":null,"roomChannel":"c","onlineUsers":2,"reason":"leave"},"time":1,"clientId":"c","source":{}}"#
            ),
            r#"{"Data":{"Message":"","RoomId":null,"Room":null,"RoomChannel":"c","OnlineUsers":2,"Reason":"leave"},"Time":1,"ClientId":"c","Source":{}}"#
        );
        assert_eq!(
            seen(
                "online-users",
                r#"{"data":{"roomId":null,"channels":{"users":1},"truncated":true},"time":1,"clientId":"server","source":{}}"#
            ),
            r#"{"Data":{"RoomId":null,"Room":null,"Channels":{"users":1},"Truncated":true},"Time":1,"ClientId":"server","Source":{}}"#
        );
        assert_eq!(
            seen(
                "room-online-users",
                r#"{"data":{"roomId":"r","users":[{"clientId":"a","userName":null},{"clientId":"b","userName":"B","verified":true}]},"time":1,"clientId":"server","source":{}}"#
            ),
            r#"{"Data":{"RoomId":"r","Room":"r","Users":[{"ClientId":"a","UserName":null},{"ClientId":"b","UserName":"B","Verified":true}]},"Time":1,"ClientId":"server","Source":{}}"#
        );
    }

    #[test]
    fn a_clients_own_fields_keep_their_names_and_values() {
        assert_eq!(
            seen(
                "lobby",
                r#"{"data":{"message":{"message":1},"roomId":null,"users":7,"reason":"r","onlineUsers":1e2,"d":1,"d":2},"time":1,"clientId":"c","source":{}}"#
            ),
            r#"{"Data":{"Message":{"message":1},"RoomId":null,"Room":null,"users":7,"reason":"r","onlineUsers":1e2,"d":1,"d":2},"Time":1,"ClientId":"c","Source":{}}"#
        );
    }

    #[test]
    fn what_is_not_in_normal_form_is_unchanged() {
        for args in [
            r#"{"ok":false,"event":"x","code":"internal","message":"m"}"#,
            r#"{"data":1,"time":1,"clientId":"c","source":{}}"#,
            r#""text",{"data":{}}"#,
            "",
        ] {
            assert_eq!(seen("hub-error", args), args);
        }
    }
}
