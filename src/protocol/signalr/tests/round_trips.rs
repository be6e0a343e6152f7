//! What is written is read as what it was, whatever it is, and in whatever pieces it comes.

use super::*;

/// Deterministic choices (xorshift64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn word(&mut self) -> String {
        let letters = [
            'a', '"', '\\', '\n', '\u{1e}', '\0', 'é', '\u{2028}', '😀', '{', ',',
        ];
        let length = [0, 1, 5, 40][self.below(4)];
        (0..length)
            .map(|_| letters[self.below(letters.len())])
            .collect()
    }

    fn value(&mut self, depth: usize, blobs: &mut Vec<Bytes>, blobs_max: usize) -> String {
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        match self.below(if depth == 0 { 7 } else { 9 }) {
            0 => "null".into(),
            1 => (self.below(2) == 0).to_string(),
            2 => ((self.next() as i64) >> self.below(64)).to_string(),
            3 => (self.next() >> self.below(64)).to_string(),
            4 => {
                let number = Some(f64::from_bits(self.next())).filter(|number| number.is_finite());
                serde_json::to_string(&number.unwrap_or(0.5)).unwrap()
            }
            5 if blobs.len() < blobs_max => {
                blobs.push(self.word().into());
                format!(r#"{{"_placeholder":true,"num":{}}}"#, blobs.len() - 1)
            }
            5 | 6 => quoted(&self.word()),
            7 => {
                let count = self.below(20);
                let items = (0..count).map(|_| self.value(depth - 1, blobs, blobs_max));
                format!("[{}]", items.collect::<Vec<_>>().join(","))
            }
            _ => {
                let entries = (0..3).map(|_| {
                    let key = quoted(&self.word());
                    format!("{key}:{}", self.value(depth - 1, blobs, blobs_max))
                });
                format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
            }
        }
    }

    fn values(&mut self, format: Format, count: usize) -> Values {
        // In JSON a blob is a text from then on.
        let blobs_max = match format {
            Format::Json => 0,
            Format::MessagePack => LIMITS.blobs_max,
        };
        let mut blobs = Vec::new();
        let values = (0..count).map(|_| self.value(3, &mut blobs, blobs_max));
        Values {
            text: values.collect::<Vec<_>>().join(",").into(),
            blobs,
        }
    }

    /// A message, and how it is written.
    fn message(&mut self, format: Format) -> (HubMessage, Frame) {
        let id = self.word();
        match self.below(6) {
            0 => (HubMessage::Ping, ping(format)),
            1 => {
                let error = Some(self.word()).filter(|error| !error.is_empty());
                let again = self.below(2) == 0;
                let frame = close(format, error.as_deref(), again);
                (HubMessage::Close, frame)
            }
            2 => {
                let item = self.values(format, 1);
                let frame = write::stream_item(format, &id, &item);
                (HubMessage::StreamItem { id, item }, frame)
            }
            3 => {
                let outcome = match self.below(3) {
                    0 => Completed::Void,
                    1 => Completed::Error(self.word()),
                    _ => Completed::Result(self.values(format, 1)),
                };
                let frame = write::completion(format, &id, &outcome);
                (HubMessage::Completion { id, outcome }, frame)
            }
            _ => {
                let (target, count) = (self.word(), self.below(20));
                let id = Some(id).filter(|id| !id.is_empty());
                let arguments = self.values(format, count);
                let frame = write::invocation(format, id.as_deref(), &target, &arguments);
                let message = HubMessage::Invocation {
                    id,
                    target,
                    arguments,
                    streams: Vec::new(),
                };
                (message, frame)
            }
        }
    }
}

/// Fails if a form is written that is read as another, or a record's end is found elsewhere than it was put.
#[test]
fn what_is_written_is_read_again() {
    for (format, protocol) in [(Format::Json, "json"), (Format::MessagePack, "messagepack")] {
        for seed in 1..=300_u64 {
            let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let mut wire =
                format!("{{\"protocol\":\"{protocol}\",\"version\":1}}\u{1e}").into_bytes();
            let mut expected = Vec::new();
            for _ in 0..5 {
                let (message, frame) = chance.message(format);
                wire.extend_from_slice(&frame.first.payload());
                expected.push(message);
            }
            let mut records = Records::new(1 << 24);
            let mut found = Vec::new();
            let mut rest = &wire[..];
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(rest.len().min(1 + chance.below(300)));
                let mut input = Bytes::copy_from_slice(piece);
                while let Some(record) = records.take(&mut input).unwrap() {
                    found.push(record);
                }
                rest = behind;
            }
            let found = found[1..]
                .iter()
                .map(|record| read(format, record, LIMITS).unwrap());
            assert_eq!(found.collect::<Vec<_>>(), expected, "seed {seed}");
        }
    }
}

/// Fails if noise panics, or a message that is cut off is taken for whole.
#[test]
fn noise_and_cut_messages_come_to_nothing() {
    let mut chance = Chance(7);
    for _ in 0..2_000 {
        let noise: Vec<u8> = (0..chance.below(60)).map(|_| chance.next() as u8).collect();
        let _ = packed(&[b"\x95\x01\x80\xc0\xa1x", &noise[..]].concat());
        let _ = packed(&noise);
        let _ = read(Format::Json, &noise, LIMITS);
        let arguments = chance.values(Format::MessagePack, 3);
        let frame = write::invocation(Format::MessagePack, None, "x", &arguments);
        let wire = bytes(&frame);
        let length_bytes = wire.iter().take_while(|byte| **byte >= 0x80).count() + 1;
        let record = &wire[length_bytes..];
        assert!(packed(&record[..chance.below(record.len())]).is_err());
    }
}
