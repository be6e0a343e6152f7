//! What a JSON schema of schemars says, as a type that other languages can write.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::super::{Blob, RoomName, Value as AnyValue};

/// A type that has a name.
#[derive(Clone, Debug)]
pub(super) struct Defined {
    pub(super) doc: Option<String>,
    pub(super) json: JsonType,
}

/// A type of JSON, or of an attachment.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum JsonType {
    Any,
    Null,
    Bool,
    /// With the name of its bounds, as schemars says them: `uint32`.
    Integer(Option<String>),
    Float,
    Text,
    Attachment,
    /// One of these values.
    Literals(Vec<Value>),
    List(Box<JsonType>),
    Tuple(Vec<JsonType>),
    Map(Box<JsonType>),
    Object(Vec<DeclaredField>),
    Named(String),
    OneOf(Vec<JsonType>),
    AllOf(Vec<JsonType>),
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DeclaredField {
    pub(super) name: String,
    pub(super) doc: Option<String>,
    pub(super) json: JsonType,
    pub(super) is_required: bool,
}

/// How the schema of an attachment is known.
const ATTACHMENT: &str = "attachment";

impl JsonSchema for Blob {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Blob".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "format": ATTACHMENT })
    }
}

impl JsonSchema for AnyValue {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "AnyValue".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

impl JsonSchema for RoomName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "RoomName".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        match generator.contract().is_deserialize() {
            true => json_schema!({ "type": ["string", "integer"] }),
            false => json_schema!({ "type": "string" }),
        }
    }
}

impl JsonType {
    /// `named` is how a definition of this name is called.
    pub(super) fn of(schema: &Value, named: &dyn Fn(&str) -> String) -> Self {
        let Value::Object(keys) = schema else {
            return Self::Any;
        };
        let of = |schema: &Value| Self::of(schema, named);
        let mut parts = Vec::new();
        if let Some(name) = reference(schema) {
            parts.push(Self::Named(named(name)));
        }
        if let Some(value) = keys.get("const") {
            parts.push(Self::Literals(vec![value.clone()]));
        } else if let Some(Value::Array(values)) = keys.get("enum") {
            parts.push(Self::Literals(values.clone()));
        } else if keys
            .get("format")
            .is_some_and(|format| format == ATTACHMENT)
        {
            parts.push(Self::Attachment);
        } else {
            match keys.get("type") {
                Some(Value::String(name)) => parts.push(plain(name, schema, &of)),
                Some(Value::Array(names)) => {
                    let names = names.iter().filter_map(Value::as_str);
                    parts.push(Self::one_of(names.map(|name| plain(name, schema, &of))));
                }
                _ if keys.contains_key("properties") => parts.push(plain("object", schema, &of)),
                _ => {}
            }
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(Value::Array(some)) = keys.get(key) {
                parts.push(Self::one_of(some.iter().map(of)));
            }
        }
        if let Some(Value::Array(all)) = keys.get("allOf") {
            parts.extend(all.iter().map(of));
        }
        // An object without fields beside something else says that it is one.
        if parts.len() > 1 {
            parts.retain(|part| *part != Self::Map(Box::new(Self::Any)));
        }
        match parts.len() {
            0 => Self::Any,
            1 => parts.remove(0),
            _ => Self::AllOf(parts),
        }
    }

    fn one_of(some: impl Iterator<Item = Self>) -> Self {
        let mut types: Vec<Self> = Vec::new();
        for one in some {
            let is_new = !types.contains(&one);
            match (types.last_mut(), one) {
                (Some(Self::Literals(values)), Self::Literals(more)) => values.extend(more),
                (_, one) if is_new => types.push(one),
                _ => {}
            }
        }
        match types.len() {
            1 => types.remove(0),
            _ => Self::OneOf(types),
        }
    }
}

/// A type by the name that JSON Schema has for it.
fn plain(name: &str, schema: &Value, of: &dyn Fn(&Value) -> JsonType) -> JsonType {
    match name {
        "null" => JsonType::Null,
        "boolean" => JsonType::Bool,
        "integer" => JsonType::Integer(schema["format"].as_str().map(str::to_owned)),
        "number" => JsonType::Float,
        "string" => JsonType::Text,
        "array" => match elements(schema) {
            Some(elements) => JsonType::Tuple(elements.iter().map(of).collect()),
            None => JsonType::List(Box::new(of(&schema["items"]))),
        },
        "object" => object(schema, of),
        _ => JsonType::Any,
    }
}

fn object(schema: &Value, of: &dyn Fn(&Value) -> JsonType) -> JsonType {
    let Some(Value::Object(properties)) = schema.get("properties") else {
        return JsonType::Map(Box::new(of(&schema["additionalProperties"])));
    };
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
    let fields = properties.iter().map(|(name, schema)| DeclaredField {
        name: name.clone(),
        doc: doc(schema),
        json: of(schema),
        is_required: is_required(name),
    });
    JsonType::Object(fields.collect())
}

/// Of an array of fixed length.
pub(super) fn elements(schema: &Value) -> Option<Vec<Value>> {
    if schema["type"] != "array" {
        return None;
    }
    if let Some(Value::Array(elements)) = schema.get("prefixItems") {
        return Some(elements.clone());
    }
    let length = schema["maxItems"].as_u64()?;
    let length = usize::try_from(length).ok()?;
    (schema["minItems"] == schema["maxItems"]).then(|| vec![schema["items"].clone(); length])
}

/// The words of a doc comment.
pub(super) fn doc(schema: &Value) -> Option<String> {
    schema["description"].as_str().map(str::to_owned)
}

/// The definition that a schema stands for.
fn reference(schema: &Value) -> Option<&str> {
    let path = schema.get("$ref")?.as_str()?;
    path.rsplit('/').next()
}

/// All definitions that a schema names.
pub(super) fn names(schema: &Value) -> Vec<String> {
    let inner = match schema {
        Value::Object(keys) => keys.values().flat_map(names).collect(),
        Value::Array(all) => all.iter().flat_map(names).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let own = reference(schema).map(str::to_owned);
    own.into_iter().chain(inner).collect()
}
