//! Input that means harm: known attacks, megabytes, and seeded noise.
//! Knows no recorded client.

use serde_json::Value;

use super::*;

#[test]
fn attacks_end_in_a_violation() {
    for (message, expected) in [
        (r#"451000000-["x"]"#, "too_many_attachments"),
        (r#"42[{"toString":1}]"#, "bad_event_name"),
        ("42[null]", "bad_event_name"),
        ("42[[]]", "bad_event_name"),
        ("42{}", "bad_payload"),
        ("40/", "accepted"),
        ("40/__proto__,", "accepted"),
        (
            r#"42["__proto__",{"__proto__":{"constructor":1}}]"#,
            "accepted",
        ),
        (r#"42["$../\u0000\u001b"]"#, "accepted"),
    ] {
        match expected {
            "accepted" => assert!(read(message).unwrap().is_some(), "{message}"),
            expected => assert_eq!(code(read(message)), expected, "{message}"),
        }
    }
    let not_utf8 = TransportMessage::Text(Bytes::from_static(b"2[\"\xff\"]"));
    assert_eq!(
        Decoder::new(Limits::default()).decode(not_utf8),
        Err(Violation::NotUtf8)
    );
    let nested = format!("451-[\"x\",{}{}]", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(code(read(&nested)), "nested_too_deep");
    assert!(
        read(&nested.replacen("451-", "42", 1)).unwrap().is_some(),
        "as a plain event it only passes through"
    );
}

#[test]
fn megabytes_are_read_in_linear_time() {
    const MEGABYTE: usize = 1_000_000;
    let limits = Limits {
        packet_bytes_max: 4 * MEGABYTE,
        ..Limits::default()
    };
    let long = "x".repeat(MEGABYTE - 1);
    let placeholders = vec![r#"{"num":0,"_placeholder":true}"#; MEGABYTE / 30].join(",");
    let messages = [
        format!("2/{long},[\"x\"]"),
        format!("0/{long}"),
        format!("2[\"{long}\"]"),
        format!("2[\"{}\"]", "\\u0041".repeat(MEGABYTE / 6)),
        format!("2{}1[\"x\"]", "0".repeat(MEGABYTE)),
        format!("2[\"x\"{}]", ",1".repeat(MEGABYTE / 2)),
        format!("2[\"x\",\"{}\"]", "\\\"".repeat(MEGABYTE / 2)),
        format!("51-[\"x\",{placeholders}]"),
    ];
    // A quadratic reader needs hours for any of these.
    for message in &messages {
        let mut decoder = Decoder::new(limits);
        let mut decoded = decoder.decode(text(message)).unwrap();
        if decoder.pending_bytes() > 0 {
            decoded = decoder.decode(blob(b"a")).unwrap();
        }
        assert!(!written(&decoded.unwrap()).is_empty());
    }
}

/// Deterministic noise (xorshift64).
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

const SEEDS: [&str; 10] = [
    "0/chat,{\"token\":\"abc\"}",
    "1/chat,",
    "2[\"hi\",\"socket.io\",{\"a\":[1,2.5e3,null,true]}]",
    "2/chat,12[\"caf\\u00e9\",{\"a\":\"\\ud83d\\ude00\"}]",
    "2[7,{\"_placeholder\":true,\"num\":0}]",
    "3/a,5[1,\"two\"]",
    "51-[\"x\",{\"_placeholder\":true,\"num\":0}]",
    "52-/chat,3[\"x\",{\"_placeholder\":true,\"num\":1},[{\"num\":0,\"_placeholder\":true}]]",
    "53-[\"é\",{\"a\":{\"_placeholder\":true,\"num\":2}},{\"_placeholder\":true,\"num\":2}]",
    "61-/chat,5[{\"_placeholder\":true,\"num\":0}]",
];

const PIECES: [&str; 22] = [
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\\",
    ",",
    ":",
    "-",
    "/",
    "0",
    "1",
    "5",
    "9",
    "é",
    " ",
    "true",
    "\\u005f",
    "{\"_placeholder\":true,\"num\":1}",
    "\"num\":0",
    "99999999999999999999",
    "x",
];

fn mutated(noise: &mut Noise) -> Vec<u8> {
    let mut bytes = SEEDS[noise.below(SEEDS.len())].as_bytes().to_vec();
    for _ in 0..noise.below(4) {
        let at = noise.below(bytes.len() + 1);
        let end = (at + noise.below(6)).min(bytes.len());
        match noise.below(6) {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.truncate(at),
            2 if at < bytes.len() => bytes[at] = noise.below(256) as u8,
            3 => {
                let other = SEEDS[noise.below(SEEDS.len())].as_bytes();
                bytes.truncate(at);
                bytes.extend_from_slice(&other[noise.below(other.len())..]);
            }
            _ => {
                let piece = PIECES[noise.below(PIECES.len())];
                bytes.splice(at..end, piece.bytes());
            }
        }
    }
    bytes
}

#[test]
fn whatever_is_accepted_means_the_same_when_written_and_read_again() {
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let message = mutated(&mut noise);
        let shown = String::from_utf8_lossy(&message).into_owned();
        let mut decoder = Decoder::new(Limits::default());
        let mut decoded = decoder.decode(TransportMessage::Text(message.into()));
        while decoder.pending_bytes() > 0 {
            let bytes = vec![noise.below(256) as u8; noise.below(4)];
            decoded = decoder.decode(TransportMessage::Binary(bytes.into()));
        }
        match decoded {
            Ok(Some(packet)) => {
                accepted += 1;
                let mut again = Ok(None);
                for wire in written(&packet) {
                    assert_eq!(again, Ok(None), "{shown}");
                    again = decoder.decode(wire);
                }
                assert_eq!(again, Ok(Some(packet)), "{shown}");
            }
            Ok(None) => {}
            Err(_) => refused += 1,
        }
    }
    assert!(
        accepted > 2_000 && refused > 2_000,
        "{accepted} accepted, {refused} refused"
    );
}

/// JSON with much that looks like a placeholder, some of it spelt oddly.
fn arguments(noise: &mut Noise, depth: usize) -> String {
    const KEYS: [&str; 6] = [
        "_placeholder",
        "_placeholder",
        "\\u005fplaceholder",
        "num",
        "nu\\u006d",
        "a",
    ];
    let kinds = if depth == 0 { 7 } else { 12 };
    let count = noise.below(4);
    match noise.below(kinds) {
        0..3 => ["true", "\"}\\\"{\"", "[]"][noise.below(3)].into(),
        3..7 => noise.below(3).to_string(),
        7 => {
            let items: Vec<String> = (0..count).map(|_| arguments(noise, depth - 1)).collect();
            format!("[ {} ]", items.join(" ,"))
        }
        8 => {
            let member = |noise: &mut Noise| {
                let key = KEYS[noise.below(KEYS.len())];
                format!("\"{key}\" :{}", arguments(noise, depth - 1))
            };
            let members: Vec<String> = (0..count).map(|_| member(noise)).collect();
            format!("{{{}}}", members.join(", "))
        }
        _ => {
            let (key, number) = (KEYS[noise.below(3)], noise.below(3));
            format!(
                "{{\"{key}\":true,\"{}\":{number}}}",
                KEYS[3 + noise.below(2)]
            )
        }
    }
}

/// What a stock client makes of the arguments: blobs in the place of placeholders. None where it would fail.
fn reconstructed(value: &Value, blobs: &[Bytes]) -> Option<Value> {
    match value {
        Value::Object(object) if object.get("_placeholder") == Some(&Value::Bool(true)) => {
            let number = object.get("num")?.as_u64()?;
            let blob = blobs.get(usize::try_from(number).unwrap())?;
            Some(Value::from(format!("blob {blob:?}")))
        }
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| Some((key.clone(), reconstructed(value, blobs)?)))
            .collect::<Option<serde_json::Map<_, _>>>()
            .map(Value::from),
        Value::Array(items) => {
            let items = items.iter().map(|item| reconstructed(item, blobs));
            items.collect::<Option<Vec<_>>>().map(Value::from)
        }
        other => Some(other.clone()),
    }
}

#[test]
fn receivers_find_the_same_blobs_where_the_sender_put_them() {
    let mut noise = Noise(0x2545_f491_4f6c_dd1d);
    let (mut accepted, mut renumbered) = (0, 0);
    for _ in 0..20_000 {
        let sent: Vec<String> = (0..1 + noise.below(4))
            .map(|_| arguments(&mut noise, 3))
            .collect();
        let sent = sent.join(",");
        let mut decoder = Decoder::new(Limits::default());
        if decoder.decode(text(&format!("52-[\"x\",{sent}]"))).is_err() {
            continue;
        }
        decoder.decode(blob(b"zero")).unwrap();
        let Some(Packet::Event { content, .. }) = decoder.decode(blob(b"one")).unwrap() else {
            panic!("no event for {sent}");
        };
        let args = str::from_utf8(&content.args).unwrap();
        let value = |args: &str| serde_json::from_str::<Value>(&format!("[{args}]")).unwrap();
        let from_sender = reconstructed(&value(&sent), &["zero".into(), "one".into()]);
        let to_receiver = reconstructed(&value(args), &content.blobs);
        assert!(from_sender.is_some(), "{sent}");
        assert_eq!(from_sender, to_receiver, "{sent} became {args}");
        accepted += 1;
        renumbered += usize::from(*args != *sent);
    }
    assert!(
        accepted > 2_000 && renumbered > 500,
        "{accepted} accepted, {renumbered} renumbered"
    );
}
