//! Values of MessagePack become JSON, and binary ones blobs. Of a claimed length nothing is allocated, and nothing recurses.

use std::{borrow::Cow, io::Write};

use bytes::Bytes;
use rmp::{
    Marker,
    decode::{self, RmpRead},
};

use super::{
    super::message::{Malformed, ValueLimits, Values, too_deep},
    timestamp,
};
use crate::{nesting::LEVELS_MAX, placeholders, protocol::json::put};

/// Values on their way to JSON.
pub(super) struct Transcoder<'a> {
    rest: &'a [u8],
    text: Vec<u8>,
    blobs: Vec<Bytes>,
    limits: ValueLimits,
    /// A key that makes an object a placeholder.
    marked: bool,
}

/// An array or map that the walk is inside of.
struct Container {
    left: u32,
    is_map: bool,
    is_first: bool,
}

const ENDS: &str = "a record ends within a value";

impl<'a> Transcoder<'a> {
    pub(super) fn new(rest: &'a [u8], limits: ValueLimits) -> Self {
        Self {
            rest,
            text: Vec::with_capacity(rest.len()),
            blobs: Vec::new(),
            limits,
            marked: false,
        }
    }

    /// The values so far, and what stands behind them.
    pub(super) fn done(self) -> Result<(Values, &'a [u8]), Malformed> {
        // Beside blobs it would be taken for one of them.
        if self.marked && !self.blobs.is_empty() {
            return Err("a map has the key _placeholder, and there are binary values".into());
        }
        let values = Values {
            text: self.text.into_boxed_slice().into(),
            blobs: self.blobs,
        };
        Ok((values, self.rest))
    }

    /// Takes one value, behind a comma where it is not the first.
    pub(super) fn value(&mut self, comma: bool) -> Result<(), Malformed> {
        if comma {
            self.text.push(b',');
        }
        let mut containers: Vec<Container> = Vec::new();
        loop {
            if let Some(opened) = self.scalar_or_opened()? {
                if containers.len() == LEVELS_MAX {
                    return Err(too_deep());
                }
                containers.push(opened);
            }
            self.check_length()?;
            // On to the next value that is due, out of all that is complete.
            loop {
                let Some(container) = containers.last_mut() else {
                    return self.check_length();
                };
                if container.left > 0 {
                    container.left -= 1;
                    if !std::mem::take(&mut container.is_first) {
                        self.text.push(b',');
                    }
                    if container.is_map {
                        self.key()?;
                        self.check_length()?;
                        self.text.push(b':');
                    }
                    break;
                }
                self.text.push(if container.is_map { b'}' } else { b']' });
                containers.pop();
            }
        }
    }

    fn check_length(&self) -> Result<(), Malformed> {
        let most = self.limits.text_bytes_max;
        match self.text.len() <= most {
            true => Ok(()),
            false => Err(format!("its values have more than {most} bytes as JSON").into()),
        }
    }

    fn scalar_or_opened(&mut self) -> Result<Option<Container>, Malformed> {
        let marker = self.marker()?;
        if let Some((left, is_map)) = container(&mut self.rest, marker)? {
            self.text.push(if is_map { b'{' } else { b'[' });
            return Ok(Some(Container {
                left,
                is_map,
                is_first: true,
            }));
        }
        if let Some(length) = text_length(&mut self.rest, marker)? {
            let text = self.text(length)?;
            put(&mut self.text, &*text);
        } else if let Some(length) = binary_length(&mut self.rest, marker)? {
            self.blob(length)?;
        } else if let Some(length) = extension_length(&mut self.rest, marker)? {
            let kind = self.rest.read_data_i8().map_err(|_| ENDS)?;
            let data = self.bytes(length)?;
            let time = match kind {
                timestamp::EXTENSION => timestamp::iso_8601(data),
                _ => return Err("an extension that is no timestamp".into()),
            };
            put(&mut self.text, &time.ok_or("a timestamp that is none")?);
        } else if !self.integer(marker)? {
            match marker {
                Marker::Null => self.text.extend_from_slice(b"null"),
                Marker::True => self.text.extend_from_slice(b"true"),
                Marker::False => self.text.extend_from_slice(b"false"),
                Marker::F32 => {
                    let value: f32 = self.rest.read_data_f32().map_err(|_| ENDS)?;
                    put(&mut self.text, &f64::from(value));
                }
                // Where it is no number, `null`, as JavaScript has it.
                Marker::F64 => {
                    let value: f64 = self.rest.read_data_f64().map_err(|_| ENDS)?;
                    put(&mut self.text, &value);
                }
                _ => return Err("a byte that begins no value".into()),
            }
        }
        Ok(None)
    }

    fn key(&mut self) -> Result<(), Malformed> {
        let marker = self.marker()?;
        if let Some(length) = text_length(&mut self.rest, marker)? {
            let key = self.text(length)?;
            self.marked |= key == "_placeholder";
            put(&mut self.text, &*key);
            return Ok(());
        }
        self.text.push(b'"');
        if !self.integer(marker)? {
            return Err("a map's key is neither a text nor an integer".into());
        }
        self.text.push(b'"');
        Ok(())
    }

    /// Writes an integer of any width; `false` if the marker is of something else.
    fn integer(&mut self, marker: Marker) -> Result<bool, Malformed> {
        let rest = &mut self.rest;
        let number = match marker {
            Marker::FixPos(number) => Ok(i128::from(number)),
            Marker::FixNeg(number) => Ok(i128::from(number)),
            Marker::U8 => rest.read_data_u8().map(i128::from),
            Marker::U16 => rest.read_data_u16().map(i128::from),
            Marker::U32 => rest.read_data_u32().map(i128::from),
            Marker::U64 => rest.read_data_u64().map(i128::from),
            Marker::I8 => rest.read_data_i8().map(i128::from),
            Marker::I16 => rest.read_data_i16().map(i128::from),
            Marker::I32 => rest.read_data_i32().map(i128::from),
            Marker::I64 => rest.read_data_i64().map(i128::from),
            _ => return Ok(false),
        };
        let number = number.map_err(|_| ENDS)?;
        // Writing to memory cannot fail.
        let _ = write!(self.text, "{number}");
        Ok(true)
    }

    fn blob(&mut self, length: usize) -> Result<(), Malformed> {
        if self.blobs.len() == self.limits.blobs_max {
            return Err("a message has too many binary values".into());
        }
        let blob = Bytes::copy_from_slice(self.bytes(length)?);
        let number = self.blobs.len();
        self.blobs.push(blob);
        placeholders::put(&mut self.text, number);
        Ok(())
    }

    fn text(&mut self, length: usize) -> Result<Cow<'a, str>, Malformed> {
        well_formed(self.bytes(length)?)
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        take(&mut self.rest, length)
    }

    fn marker(&mut self) -> Result<Marker, Malformed> {
        decode::read_marker(&mut self.rest).map_err(|_| ENDS.into())
    }
}

/// Takes a text; `None` if the next value is none.
pub(super) fn text<'a>(rest: &mut &'a [u8]) -> Result<Option<Cow<'a, str>>, Malformed> {
    let marker = decode::read_marker(rest).map_err(|_| ENDS)?;
    let length = text_length(rest, marker)?;
    length
        .map(|length| well_formed(take(rest, length)?))
        .transpose()
}

/// A text of UTF-8, with U+FFFD for half a surrogate pair: the stock client in JavaScript writes one in three bytes, as if it
/// were a character.
fn well_formed(bytes: &[u8]) -> Result<Cow<'_, str>, Malformed> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    let (mut text, mut rest) = (String::with_capacity(bytes.len()), bytes);
    while let Some(chunk) = rest.utf8_chunks().next() {
        text.push_str(chunk.valid());
        rest = &rest[chunk.valid().len()..];
        match rest {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, behind @ ..] => {
                text.push(char::REPLACEMENT_CHARACTER);
                rest = behind;
            }
            [] => {}
            _ => return Err("a text is not UTF-8".into()),
        }
    }
    Ok(Cow::Owned(text))
}

/// Skips one value.
pub(super) fn skip(rest: &mut &[u8]) -> Result<(), Malformed> {
    let mut due = 1_u64;
    while due > 0 {
        due -= 1;
        let marker = decode::read_marker(rest).map_err(|_| ENDS)?;
        if let Some((entries, is_map)) = container(rest, marker)? {
            due += u64::from(entries) * (1 + u64::from(is_map));
            continue;
        }
        let length = match marker {
            Marker::U8 | Marker::I8 => Some(1),
            Marker::U16 | Marker::I16 => Some(2),
            Marker::U32 | Marker::I32 | Marker::F32 => Some(4),
            Marker::U64 | Marker::I64 | Marker::F64 => Some(8),
            Marker::Reserved => return Err("a byte that begins no value".into()),
            _ => match text_length(rest, marker)? {
                Some(length) => Some(length),
                None => binary_length(rest, marker)?,
            },
        };
        let length = match length {
            Some(length) => length,
            // With its type.
            None => extension_length(rest, marker)?.map_or(0, |length| length + 1),
        };
        take(rest, length)?;
    }
    Ok(())
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (taken, behind) = rest.split_at_checked(length).ok_or(ENDS)?;
    *rest = behind;
    Ok(taken)
}

/// The entries of an array or map, and whether it is a map.
fn container(rest: &mut &[u8], marker: Marker) -> Result<Option<(u32, bool)>, Malformed> {
    let length = match marker {
        Marker::FixArray(length) | Marker::FixMap(length) => Ok(u32::from(length)),
        Marker::Array16 | Marker::Map16 => rest.read_data_u16().map(u32::from),
        Marker::Array32 | Marker::Map32 => rest.read_data_u32(),
        _ => return Ok(None),
    };
    let is_map = matches!(marker, Marker::FixMap(_) | Marker::Map16 | Marker::Map32);
    Ok(Some((length.map_err(|_| ENDS)?, is_map)))
}

fn text_length(rest: &mut &[u8], marker: Marker) -> Result<Option<usize>, Malformed> {
    match marker {
        Marker::FixStr(length) => Ok(Some(usize::from(length))),
        Marker::Str8 => length(rest, 1),
        Marker::Str16 => length(rest, 2),
        Marker::Str32 => length(rest, 4),
        _ => Ok(None),
    }
}

fn binary_length(rest: &mut &[u8], marker: Marker) -> Result<Option<usize>, Malformed> {
    match marker {
        Marker::Bin8 => length(rest, 1),
        Marker::Bin16 => length(rest, 2),
        Marker::Bin32 => length(rest, 4),
        _ => Ok(None),
    }
}

/// Of the data behind the extension's type.
fn extension_length(rest: &mut &[u8], marker: Marker) -> Result<Option<usize>, Malformed> {
    match marker {
        Marker::FixExt1 => Ok(Some(1)),
        Marker::FixExt2 => Ok(Some(2)),
        Marker::FixExt4 => Ok(Some(4)),
        Marker::FixExt8 => Ok(Some(8)),
        Marker::FixExt16 => Ok(Some(16)),
        Marker::Ext8 => length(rest, 1),
        Marker::Ext16 => length(rest, 2),
        Marker::Ext32 => length(rest, 4),
        _ => Ok(None),
    }
}

/// A length of so many bytes, the high ones first.
fn length(rest: &mut &[u8], bytes: usize) -> Result<Option<usize>, Malformed> {
    let bytes = take(rest, bytes)?;
    let length = bytes
        .iter()
        .fold(0, |length, byte| length << 8 | usize::from(*byte));
    Ok(Some(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if room is made for what a value only says to hold.
    #[test]
    fn a_claimed_length_makes_no_room() {
        for value in [
            &b"\xdb\xff\xff\xff\xff"[..],
            b"\xc6\xff\xff\xff\xff",
            b"\xc9\xff\xff\xff\xff\xff",
            b"\xdd\xff\xff\xff\xff",
            b"\xdf\xff\xff\xff\xff",
            b"\xdd\xff\xff\xff\xff\xc4\x01a",
            b"\xda\xff\xff",
            b"\xc5\xff\xff",
        ] {
            let limits = ValueLimits {
                blobs_max: usize::MAX,
                text_bytes_max: usize::MAX,
            };
            let mut transcoder = Transcoder::new(value, limits);
            assert!(transcoder.value(false).is_err(), "{value:02x?}");
            let (text, blobs) = (transcoder.text.capacity(), transcoder.blobs.capacity());
            // A placeholder is the longest that so few bytes become.
            assert!(text <= 128, "{value:02x?}: {text}");
            assert!(blobs <= 8, "{value:02x?}: {blobs}");
        }
    }
}
