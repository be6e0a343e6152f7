//! The records of one connection: a handshake, then messages, each of them in its frame. Bytes come in pieces of any size.
//! Knows nothing of what is in a message.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

use super::{
    format::{Format, LENGTH_BYTES_MAX, SEPARATOR},
    handshake,
};

/// Takes records off what comes. One that comes whole is a slice of its piece; one that comes in pieces is gathered, and no
/// byte is looked at twice for its end.
#[derive(Debug)]
pub(crate) struct Records {
    pub(super) limit: usize,
    format: Format,
    opened: bool,
    /// The beginning of a record that is not all there.
    pub(super) gathered: BytesMut,
    /// The bits of a length that is not all there, and how many bytes had them.
    prefix: (u64, usize),
    /// Of the record that [`Records::gathered`] is the beginning of, once it is known.
    length: Option<usize>,
    #[cfg(test)]
    pub(super) looked_at: usize,
}

/// Bytes that no record can come of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordFault {
    /// So many bytes, and no end.
    Endless { limit: usize },
    /// A length over the limit.
    TooLarge { length: usize, limit: usize },
    /// A length of more than 31 bits, or of more than five bytes.
    Length,
}

impl Records {
    /// Of a connection that has said nothing yet. No record is longer than `limit`, without its frame.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            format: Format::Json,
            opened: false,
            gathered: BytesMut::new(),
            prefix: (0, 0),
            length: None,
            #[cfg(test)]
            looked_at: 0,
        }
    }

    /// Of a connection whose records came whole so far, and which has had its handshake if it has a format.
    pub(crate) fn resumed(limit: usize, format: Option<Format>) -> Self {
        Self {
            format: format.unwrap_or(Format::Json),
            opened: format.is_some(),
            ..Self::new(limit)
        }
    }

    /// What its messages are written in; none before the handshake.
    pub(crate) fn format(&self) -> Option<Format> {
        self.opened.then_some(self.format)
    }

    /// Takes one record off the front of what came, without its frame. `None`: all was taken, and more is needed.
    ///
    /// After a fault the connection is to be closed.
    pub(crate) fn take(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, RecordFault> {
        let record = match self.format {
            Format::Json => self.before_separator(input)?,
            Format::MessagePack => self.behind_length(input)?,
        };
        if let Some(record) = &record
            && !std::mem::replace(&mut self.opened, true)
        {
            // Whether it is accepted is for the session to say. If not, nothing behind it matters.
            self.format = handshake::read(record).unwrap_or(Format::Json);
        }
        Ok(record)
    }

    /// Bytes that are held of a record that is not all there.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.gathered.len()
    }

    fn before_separator(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, RecordFault> {
        let room = self.limit - self.gathered.len();
        let looked_at = input.get(..=room).unwrap_or(input);
        let end = memchr(SEPARATOR, looked_at);
        #[cfg(test)]
        {
            self.looked_at += end.map_or(looked_at.len(), |end| end + 1);
        }
        match end {
            Some(end) => {
                let record = self.whole(input, end);
                input.advance(1);
                Ok(Some(record))
            }
            None if looked_at.len() > room => Err(RecordFault::Endless { limit: self.limit }),
            None => {
                self.gather(input);
                Ok(None)
            }
        }
    }

    fn behind_length(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, RecordFault> {
        let Some(length) = self.read_length(input)? else {
            return Ok(None);
        };
        let missing = length - self.gathered.len();
        if input.len() < missing {
            self.gather(input);
            return Ok(None);
        }
        self.length = None;
        Ok(Some(self.whole(input, missing)))
    }

    /// An unsigned LEB128 number of 31 bits.
    fn read_length(&mut self, input: &mut Bytes) -> Result<Option<usize>, RecordFault> {
        while self.length.is_none() {
            let Some(&byte) = input.first() else {
                return Ok(None);
            };
            input.advance(1);
            #[cfg(test)]
            {
                self.looked_at += 1;
            }
            let (bits, bytes) = self.prefix;
            let bits = bits | u64::from(byte & 0x7f) << (7 * bytes);
            self.prefix = (bits, bytes + 1);
            if byte & 0x80 != 0 {
                if bytes + 1 == LENGTH_BYTES_MAX {
                    return Err(RecordFault::Length);
                }
                continue;
            }
            let length = i32::try_from(bits)
                .ok()
                .and_then(|bits| usize::try_from(bits).ok());
            let length = length.ok_or(RecordFault::Length)?;
            if length > self.limit {
                let limit = self.limit;
                return Err(RecordFault::TooLarge { length, limit });
            }
            self.prefix = (0, 0);
            self.length = Some(length);
        }
        Ok(self.length)
    }

    fn gather(&mut self, input: &mut Bytes) {
        self.gathered.extend_from_slice(input);
        input.clear();
    }

    /// The record whose last bytes are the first `length` of what came.
    fn whole(&mut self, input: &mut Bytes, length: usize) -> Bytes {
        let last = input.split_to(length);
        if self.gathered.is_empty() {
            return last;
        }
        self.gathered.extend_from_slice(&last);
        std::mem::take(&mut self.gathered).freeze()
    }
}

impl fmt::Display for RecordFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endless { limit } => write!(f, "a record has no end within {limit} bytes"),
            Self::TooLarge { length, limit } => {
                write!(f, "a record of {length} bytes, over the limit of {limit}")
            }
            Self::Length => f.write_str("a record's length is no number of 31 bits in five bytes"),
        }
    }
}
