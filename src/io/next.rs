//! Arguments on their way into a value: a deserializer that gives a tuple as many of them as it has, and all else one.

use std::cell::Cell;

use serde::{
    Deserializer,
    de::{DeserializeSeed, SeqAccess, Visitor},
};
use serde_json::{Error, de::SliceRead, value::RawValue};

use super::shape::EVENT;

/// The JSON texts of arguments, joined by commas, from some argument on.
pub(super) struct NextArguments<'de, 'a> {
    pub(super) rest: &'de [u8],
    /// How many were taken.
    pub(super) taken: &'a Cell<usize>,
    /// A typed event: of a tuple struct as many as it has, too, of a unit struct none.
    pub(super) is_event: bool,
}

/// What an argument that was not sent reads as.
const NONE: &[u8] = b"null";

/// Behind so many arguments.
pub(super) fn skip(text: &[u8], arguments: usize) -> Result<&[u8], Error> {
    let mut rest = text;
    for _ in 0..arguments {
        rest = behind(rest)?;
    }
    Ok(rest)
}

/// Behind the first argument.
fn behind(text: &[u8]) -> Result<&[u8], Error> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
    values.next().transpose()?;
    let rest = text[values.byte_offset()..].trim_ascii_start();
    Ok(rest.strip_prefix(b",").unwrap_or_default())
}

fn or_null(text: &[u8]) -> &[u8] {
    match text.trim_ascii_start().is_empty() {
        true => NONE,
        false => text,
    }
}

macro_rules! one_argument {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, Error> {
            self.one().$method($($name,)* visitor)
        }
    )*};
}

impl<'de> NextArguments<'de, '_> {
    fn one(&self) -> serde_json::Deserializer<SliceRead<'de>> {
        self.taken.set(1);
        serde_json::Deserializer::from_slice(or_null(self.rest))
    }
}

impl<'de> Deserializer<'de> for NextArguments<'de, '_> {
    type Error = Error;

    one_argument! {
        deserialize_any()
        deserialize_option()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_bytes()
        deserialize_byte_buf()
        deserialize_ignored_any()
        deserialize_bool()
        deserialize_i8()
        deserialize_i16()
        deserialize_i32()
        deserialize_i64()
        deserialize_i128()
        deserialize_u8()
        deserialize_u16()
        deserialize_u32()
        deserialize_u64()
        deserialize_u128()
        deserialize_f32()
        deserialize_f64()
        deserialize_char()
        deserialize_str()
        deserialize_string()
        deserialize_seq()
        deserialize_map()
        deserialize_identifier()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == EVENT {
            return visitor.visit_newtype_struct(Self {
                is_event: true,
                ..self
            });
        }
        self.one().deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.is_event {
            true => self.deserialize_tuple(len, visitor),
            false => self.one().deserialize_tuple_struct(name, len, visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.is_event {
            true => visitor.visit_unit(),
            false => self.one().deserialize_unit_struct(name, visitor),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.taken.set(len);
        visitor.visit_seq(Several {
            rest: self.rest,
            left: len,
        })
    }
}

/// The arguments of a tuple.
struct Several<'de> {
    rest: &'de [u8],
    left: usize,
}

impl<'de> SeqAccess<'de> for Several<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let one = or_null(self.rest);
        let value = seed.deserialize(&mut serde_json::Deserializer::from_slice(one))?;
        self.rest = behind(self.rest)?;
        Ok(Some(value))
    }
}
