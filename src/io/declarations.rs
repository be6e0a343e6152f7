//! Declarations of typed events in TypeScript and C#, from the types themselves: serde's attributes as schemars reads them.
//! Knows no event: those of an application and those of the hub pack are declared alike.

mod csharp;
mod schema;
mod typescript;

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;

use self::schema::{Defined, JsonType};
use super::{Event, EventArguments, Events, Never, OneOf};

/// What the clients of a namespace send and hear, for those who write clients. Each event and each ack is a `schemars::JsonSchema`
/// beside what it is to serde, with the same attributes. An id is text: `#[schemars(with = "String")]`.
///
/// ```
/// use dondo::{Declarations, Event, Events};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, JsonSchema, Event)]
/// #[event("say", ack = Seen)]
/// #[serde(rename_all = "camelCase")]
/// struct Say {
///     room_name: String,
///     text: Option<String>,
/// }
///
/// #[derive(Serialize, JsonSchema)]
/// struct Seen {
///     by: u32,
/// }
///
/// /// Who, and what.
/// #[derive(Serialize, JsonSchema, Event)]
/// #[event("said")]
/// struct Said(String, String);
///
/// #[derive(Events)]
/// enum FromClient {
///     Say(Say),
/// }
///
/// let declared = Declarations::new::<FromClient, Said>();
/// let typescript = declared.typescript();
/// assert!(typescript.contains("say: (data: Say, ack: (answer: Seen | Failure) => void) => void;"));
/// assert!(typescript.contains("  roomName: string;\n  text?: string | null;\n"));
/// assert!(typescript.contains("said: (a: string, b: string) => void;"));
/// let csharp = declared.csharp();
/// assert!(csharp.contains(r#"[JsonPropertyName("roomName")]"#));
/// ```
#[derive(Clone, Debug)]
pub struct Declarations {
    from_client: Vec<DeclaredEvent>,
    to_client: Vec<DeclaredEvent>,
    types: BTreeMap<String, Defined>,
}

/// One event, as clients know it.
#[derive(Clone, Debug)]
struct DeclaredEvent {
    name: &'static str,
    doc: Option<String>,
    arguments: Vec<JsonType>,
    ack: Vec<JsonType>,
}

impl Declarations {
    /// Of what clients send, and what they hear: enums of [`Events`], or single ones.
    pub fn new<FromClient: DeclareEvents, ToClient: DeclareEvents>() -> Self {
        let read = SchemaSettings::draft2020_12().for_deserialize();
        let written = SchemaSettings::draft2020_12().for_serialize();
        let (mut read, mut written) = (read.into_generator(), written.into_generator());
        let (mut from_client, mut to_client) = (Described::default(), Described::default());
        FromClient::OneOf::describe(&mut from_client, &mut read, &mut written);
        ToClient::OneOf::describe(&mut to_client, &mut written, &mut read);
        let merged = Merged::new(definitions(read), definitions(written));
        Self {
            from_client: merged.events(from_client, true),
            to_client: merged.events(to_client, false),
            types: merged.types(),
        }
    }

    /// As a file in TypeScript: `ClientToServerEvents` and `ServerToClientEvents`, for the type of a stock client,
    /// `Socket<ServerToClientEvents, ClientToServerEvents>`. An event that has an ack asks for it, so that `emitWithAck` knows its type;
    /// `OptionalAcks<ClientToServerEvents>` lets it be left out.
    pub fn typescript(&self) -> String {
        typescript::file(self)
    }

    /// As a file in C#: a record for each type, with its names for System.Text.Json, and the names of the events.
    pub fn csharp(&self) -> String {
        csharp::file(self)
    }
}

/// What can be declared: an [`Event`], or an enum of [`Events`], each of them and its ack a `schemars::JsonSchema`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be declared",
    note = "it is a struct with `#[derive(dondo::Event)]`, or an enum of such with `#[derive(dondo::Events)]`; each event and its ack \
            derives `schemars::JsonSchema`"
)]
pub trait DeclareEvents: Events<OneOf: DeclaredEvents> {}

impl<E: Events<OneOf: DeclaredEvents>> DeclareEvents for E {}

/// An event as schemars has it.
#[derive(Debug)]
struct RawEvent {
    name: &'static str,
    doc: Option<String>,
    arguments: Vec<Value>,
    ack: Vec<Value>,
}

/// A list of events that have schemas.
pub trait DeclaredEvents {
    #[doc(hidden)]
    fn describe(events: &mut Described, data: &mut SchemaGenerator, acks: &mut SchemaGenerator);
}

/// Events that were described.
#[derive(Debug, Default)]
pub struct Described(Vec<RawEvent>);

impl DeclaredEvents for Never {
    fn describe(_: &mut Described, _: &mut SchemaGenerator, _: &mut SchemaGenerator) {}
}

impl<E, Others> DeclaredEvents for OneOf<E, Others>
where
    E: Event<Ack: JsonSchema> + JsonSchema,
    Others: DeclaredEvents,
{
    fn describe(events: &mut Described, data: &mut SchemaGenerator, acks: &mut SchemaGenerator) {
        let mut doc = None;
        let arguments = match E::ARGUMENTS {
            EventArguments::One => vec![data.subschema_for::<E>().to_value()],
            EventArguments::None => Vec::new(),
            EventArguments::Several => {
                let several = E::json_schema(data).to_value();
                doc = schema::doc(&several);
                schema::elements(&several).unwrap_or_default()
            }
        };
        events.0.push(RawEvent {
            name: E::NAME,
            doc,
            arguments,
            ack: answered_with::<E::Ack>(acks),
        });
        Others::describe(events, data, acks);
    }
}

/// The arguments of an answer: of a tuple as many as it has, of `()` none, else one.
fn answered_with<T: JsonSchema>(generator: &mut SchemaGenerator) -> Vec<Value> {
    let one = generator.subschema_for::<T>().to_value();
    // Of what has a name of its own it is one, whatever its form.
    if !T::inline_schema() {
        return vec![one];
    }
    match one["type"] == "null" {
        true => Vec::new(),
        false => schema::elements(&one).unwrap_or_else(|| vec![one]),
    }
}

type Definitions = BTreeMap<String, Value>;

fn definitions(mut generator: SchemaGenerator) -> Definitions {
    generator.take_definitions(true).into_iter().collect()
}

/// The types that the server reads and those that it writes. One that is both has one name, unless it differs: a field that may be
/// missing when it is read is there when it is written.
struct Merged {
    read: Definitions,
    written: Definitions,
    /// Names of read types that are other types than the written ones.
    differ: BTreeSet<String>,
}

impl Merged {
    fn new(read: Definitions, written: Definitions) -> Self {
        let differs = |name: &&String| {
            written
                .get(*name)
                .is_some_and(|other| *other != read[*name])
        };
        let mut differ: BTreeSet<String> = read.keys().filter(differs).cloned().collect();
        loop {
            let more: Vec<String> = read
                .iter()
                .filter(|(name, _)| !differ.contains(*name) && written.contains_key(*name))
                .filter(|(_, read)| schema::names(read).iter().any(|name| differ.contains(name)))
                .map(|(name, _)| name.clone())
                .collect();
            if more.is_empty() {
                break;
            }
            differ.extend(more);
        }
        Self {
            read,
            written,
            differ,
        }
    }

    fn events(&self, events: Described, from_client: bool) -> Vec<DeclaredEvent> {
        let types = |schemas: Vec<Value>, is_read: bool| {
            let schemas = schemas.iter();
            schemas
                .map(|schema| self.type_of(schema, is_read))
                .collect()
        };
        let events = events.0.into_iter();
        events
            .map(|event| DeclaredEvent {
                name: event.name,
                doc: event.doc,
                arguments: types(event.arguments, from_client),
                ack: types(event.ack, !from_client),
            })
            .collect()
    }

    fn types(&self) -> BTreeMap<String, Defined> {
        let of = |schemas: &Definitions, is_read: bool| -> Vec<(String, Defined)> {
            let schemas = schemas.iter();
            schemas
                .map(|(name, schema)| {
                    let defined = Defined {
                        doc: schema::doc(schema),
                        json: self.type_of(schema, is_read),
                    };
                    (self.name(name, is_read), defined)
                })
                .collect()
        };
        let all = of(&self.read, true)
            .into_iter()
            .chain(of(&self.written, false));
        all.collect()
    }

    fn type_of(&self, schema: &Value, is_read: bool) -> JsonType {
        JsonType::of(schema, &|name| self.name(name, is_read))
    }

    fn name(&self, name: &str, is_read: bool) -> String {
        let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let mut name_of: String = name.chars().map(word).collect();
        if is_read && self.differ.contains(name) {
            name_of.push_str("Input");
        }
        if typescript::OWN.contains(&&*name_of) {
            name_of.push('_');
        }
        name_of
    }
}

#[cfg(test)]
mod tests;
