//! MessagePack records: read into messages, whose values become JSON, and JSON written as MessagePack.

mod timestamp;
mod transcode;
mod write;

use rmp::{Marker, decode};

use self::transcode::Transcoder;
pub(super) use self::write::{count, values};
use super::message::{
    Completed, HubMessage, Malformed, STREAMS_MAX, TOO_MANY_STREAMS, ValueLimits, Values, short,
};

/// Reads one message: an array that may have more elements than are known.
pub(super) fn read(record: &[u8], limits: ValueLimits) -> Result<HubMessage, Malformed> {
    let mut rest = record;
    let elements = decode::read_array_len(&mut rest).map_err(|_| "a message is no array")?;
    let kind: i64 = decode::read_int(&mut rest).map_err(|_| "a message's type is no integer")?;
    let mut reader = Reader {
        rest,
        // The type is the first.
        left: elements.saturating_sub(1),
        limits,
    };
    Ok(match kind {
        1 => {
            reader.headers()?;
            HubMessage::Invocation {
                id: reader.optional_text()?.map(short).transpose()?,
                target: reader.text()?,
                arguments: reader.arguments()?,
                streams: reader.streams()?,
            }
        }
        2 => {
            reader.headers()?;
            HubMessage::StreamItem {
                id: reader.id()?,
                item: reader.value()?,
            }
        }
        3 => {
            reader.headers()?;
            HubMessage::Completion {
                id: reader.id()?,
                outcome: match reader.integer()? {
                    1 => Completed::Error(reader.text()?),
                    2 => Completed::Void,
                    3 => Completed::Result(reader.value()?),
                    _ => return Err("a completion is of no known kind".into()),
                },
            }
        }
        4 => {
            reader.headers()?;
            HubMessage::StreamInvocation {
                id: reader.id()?,
                target: reader.text()?,
                arguments: reader.arguments()?,
                streams: reader.streams()?,
            }
        }
        5 => {
            reader.headers()?;
            HubMessage::CancelInvocation { id: reader.id()? }
        }
        6 => HubMessage::Ping,
        7 => HubMessage::Close,
        _ => HubMessage::Unknown,
    })
}

/// Reads the elements of a message, one after the other.
struct Reader<'a> {
    rest: &'a [u8],
    /// Elements that the message says to have.
    left: u32,
    limits: ValueLimits,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<(), Malformed> {
        let left = self.left.checked_sub(1);
        self.left = left.ok_or("a message has too few elements")?;
        Ok(())
    }

    fn headers(&mut self) -> Result<(), Malformed> {
        self.next()?;
        transcode::skip(&mut self.rest)
    }

    fn id(&mut self) -> Result<String, Malformed> {
        self.text().and_then(short)
    }

    fn text(&mut self) -> Result<String, Malformed> {
        self.optional_text()?
            .ok_or_else(|| "a text is missing".into())
    }

    fn optional_text(&mut self) -> Result<Option<String>, Malformed> {
        self.next()?;
        if self.rest.first().map(|byte| Marker::from_u8(*byte)) == Some(Marker::Null) {
            self.rest = &self.rest[1..];
            return Ok(None);
        }
        let text = transcode::text(&mut self.rest)?.ok_or("an element is no text")?;
        Ok(Some(text.into_owned()))
    }

    fn integer(&mut self) -> Result<u64, Malformed> {
        self.next()?;
        decode::read_int(&mut self.rest).map_err(|_| "an element is no number".into())
    }

    fn streams(&mut self) -> Result<Vec<String>, Malformed> {
        if self.left == 0 {
            return Ok(Vec::new());
        }
        self.next()?;
        let ids = decode::read_array_len(&mut self.rest).map_err(|_| "stream ids are no array")?;
        if ids as usize > STREAMS_MAX {
            return Err(TOO_MANY_STREAMS.into());
        }
        self.left = ids;
        (0..ids).map(|_| self.id()).collect()
    }

    fn arguments(&mut self) -> Result<Values, Malformed> {
        self.next()?;
        let count = decode::read_array_len(&mut self.rest).map_err(|_| "arguments are no array")?;
        self.transcode(count)
    }

    fn value(&mut self) -> Result<Values, Malformed> {
        self.next()?;
        self.transcode(1)
    }

    fn transcode(&mut self, count: u32) -> Result<Values, Malformed> {
        let mut transcoder = Transcoder::new(self.rest, self.limits);
        for place in 0..count {
            transcoder.value(place > 0)?;
        }
        let (values, rest) = transcoder.done()?;
        self.rest = rest;
        Ok(values)
    }
}
