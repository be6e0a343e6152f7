//! How many arguments a value is, by its outermost shape: a serializer that writes nothing.

use std::fmt;

use serde::{
    Serialize, Serializer,
    ser::{Impossible, SerializeTuple, SerializeTupleStruct},
};

/// How serde names what a typed event is wrapped in: there a tuple struct is several arguments, too, and a unit struct none.
pub(super) const EVENT: &str = "dondo's typed event";

/// How many arguments a value is, where it is not one.
pub(super) enum Shape {
    None,
    /// None, or `null`, which writes itself so.
    Unit,
    Several,
}

/// The shape of a value; an error where it is one argument.
pub(super) fn of<T: Serialize + ?Sized>(data: &T) -> Result<Shape, One> {
    data.serialize(Probe { is_event: false })
}

/// Looks at the outermost shape of a value; an error where that is one argument.
struct Probe {
    is_event: bool,
}

/// It is one argument, or its own `Serialize` fails; then writing it fails, too.
#[derive(Debug)]
pub(super) struct One;

impl fmt::Display for One {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one argument")
    }
}

impl std::error::Error for One {}

impl serde::ser::Error for One {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A tuple, whose elements do not matter.
struct Elements;

impl SerializeTuple for Elements {
    type Ok = Shape;
    type Error = One;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), One> {
        Ok(())
    }

    fn end(self) -> Result<Shape, One> {
        Ok(Shape::Several)
    }
}

impl SerializeTupleStruct for Elements {
    type Ok = Shape;
    type Error = One;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), One> {
        Ok(())
    }

    fn end(self) -> Result<Shape, One> {
        Ok(Shape::Several)
    }
}

/// All that is one argument: methods of plain values, of values around another, and of compounds.
macro_rules! one_argument {
    (
        plain { $($plain:ident($($plain_type:ty),*);)* }
        around { $($around:ident($($around_type:ty),*);)* }
        compound { $($compound:ident($($compound_type:ty),*) -> $kind:ident;)* }
    ) => {
        $(fn $plain(self, $(_: $plain_type),*) -> Result<Shape, One> {
            Err(One)
        })*
        $(fn $around<T: Serialize + ?Sized>(self, $(_: $around_type,)* _: &T) -> Result<Shape, One> {
            Err(One)
        })*
        $(type $kind = Impossible<Shape, One>;

        fn $compound(self, $(_: $compound_type),*) -> Result<Self::$kind, One> {
            Err(One)
        })*
    };
}

impl Serializer for Probe {
    type Ok = Shape;
    type Error = One;
    type SerializeTuple = Elements;
    type SerializeTupleStruct = Elements;

    fn serialize_unit(self) -> Result<Shape, One> {
        Ok(Shape::Unit)
    }

    fn serialize_tuple(self, _: usize) -> Result<Elements, One> {
        Ok(Elements)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        inner: &T,
    ) -> Result<Shape, One> {
        match name {
            EVENT => inner.serialize(Self { is_event: true }),
            _ => Err(One),
        }
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Shape, One> {
        self.is_event.then_some(Shape::None).ok_or(One)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Elements, One> {
        let several = self.is_event.then_some(Elements);
        several.ok_or(One)
    }

    one_argument! {
        plain {
            serialize_bool(bool);
            serialize_i8(i8);
            serialize_i16(i16);
            serialize_i32(i32);
            serialize_i64(i64);
            serialize_u8(u8);
            serialize_u16(u16);
            serialize_u32(u32);
            serialize_u64(u64);
            serialize_f32(f32);
            serialize_f64(f64);
            serialize_char(char);
            serialize_str(&str);
            serialize_bytes(&[u8]);
            serialize_none();
            serialize_unit_variant(&'static str, u32, &'static str);
        }
        around {
            serialize_some();
            serialize_newtype_variant(&'static str, u32, &'static str);
        }
        compound {
            serialize_seq(Option<usize>) -> SerializeSeq;
            serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
            serialize_map(Option<usize>) -> SerializeMap;
            serialize_struct(&'static str, usize) -> SerializeStruct;
            serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant;
        }
    }
}
