//! How many arguments a value is, by its outermost shape: a serializer that writes nothing.

use std::fmt;

use serde::{
    Serialize, Serializer,
    ser::{Impossible, SerializeTuple},
};

/// How many arguments a value is, where it is not one.
pub(super) enum Shape {
    None,
    Several,
}

/// The shape of a value; an error where it is one argument.
pub(super) fn of<T: Serialize + ?Sized>(data: &T) -> Result<Shape, One> {
    data.serialize(Probe)
}

/// Looks at the outermost shape of a value; an error where that is one argument.
struct Probe;

/// It is one argument, or its own `Serialize` fails; then writing it has failed before.
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

fn one<T>() -> Result<T, One> {
    Err(One)
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

macro_rules! one_argument {
    ($($method:ident($($type:ty),*);)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<Shape, One> {
            one()
        }
    )*};
}

impl Serializer for Probe {
    type Ok = Shape;
    type Error = One;
    type SerializeSeq = Impossible<Shape, One>;
    type SerializeTuple = Elements;
    type SerializeTupleStruct = Impossible<Shape, One>;
    type SerializeTupleVariant = Impossible<Shape, One>;
    type SerializeMap = Impossible<Shape, One>;
    type SerializeStruct = Impossible<Shape, One>;
    type SerializeStructVariant = Impossible<Shape, One>;

    one_argument! {
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
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    fn serialize_unit(self) -> Result<Shape, One> {
        Ok(Shape::None)
    }

    fn serialize_tuple(self, _: usize) -> Result<Elements, One> {
        Ok(Elements)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<Shape, One> {
        one()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<Shape, One> {
        one()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Shape, One> {
        one()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, One> {
        one()
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, One> {
        one()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, One> {
        one()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, One> {
        one()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, One> {
        one()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, One> {
        one()
    }
}
