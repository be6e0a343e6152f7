//! Declarations as a file in TypeScript, for the typed maps of stock clients.

use std::fmt::Write;

use serde_json::Value;

use super::{
    Declarations, DeclaredEvent,
    schema::{DeclaredField, JsonType},
};

/// Names of the file's own; a type that has one gets another.
pub(super) const OWN: [&str; 6] = [
    "Failure",
    "ClientToServerEvents",
    "ServerToClientEvents",
    "OptionalAcks",
    "ClientToServer",
    "ServerToClient",
];

const HEAD: &str = "\
// Written by dondo from the types of its events.

/** The answer of the server where it did not do what it was asked for. */
export interface Failure {
  ok: false;
  event: string;
  code: string;
  message: string;
  data?: unknown;
}

/** The same events, where no ack need be asked for; the answer to `emitWithAck` has no type then. */
export type OptionalAcks<Events> = {
  [Name in keyof Events]: Events[Name] extends (...data: [...infer Data, infer Ack]) => void
    ? Ack extends (...answer: never[]) => void
      ? (...data: [...Data, ack?: Ack]) => void
      : Events[Name]
    : Events[Name];
};
";

pub(super) fn file(declarations: &Declarations) -> String {
    let mut text = HEAD.to_owned();
    let of = |event: &DeclaredEvent| signature(event, "ack", true);
    let from_client = declarations.from_client.iter();
    events(
        &mut text,
        "What clients send.",
        "ClientToServerEvents",
        from_client.map(|event| (event, of(event))),
    );
    let of = |event: &DeclaredEvent| signature(event, "ack?", false);
    let to_client = declarations.to_client.iter();
    events(
        &mut text,
        "What clients hear.",
        "ServerToClientEvents",
        to_client.map(|event| (event, of(event))),
    );
    for (name, defined) in &declarations.types {
        text.push('\n');
        doc(&mut text, "", defined.doc.as_deref());
        let _ = match &defined.json {
            JsonType::Object(fields) => {
                let _ = writeln!(text, "export interface {name} {{");
                put_fields(&mut text, fields);
                writeln!(text, "}}")
            }
            other => writeln!(text, "export type {name} = {};", type_of(other)),
        };
    }
    text
}

fn events<'a>(
    text: &mut String,
    what: &str,
    name: &str,
    events: impl Iterator<Item = (&'a DeclaredEvent, String)>,
) {
    let _ = write!(text, "\n/** {what} */\nexport interface {name} {{\n");
    for (event, signature) in events {
        doc(text, "  ", event.doc.as_deref());
        let _ = writeln!(text, "  {}: {signature};", key(event.name));
    }
    text.push_str("}\n");
}

fn signature(event: &DeclaredEvent, ack: &str, may_fail: bool) -> String {
    let arguments = &event.arguments;
    let mut parameters = named("data", arguments.iter().map(type_of));
    if !event.ack.is_empty() {
        let mut answers: Vec<String> = event.ack.iter().map(type_of).collect();
        if may_fail {
            answers[0].push_str(" | Failure");
        }
        let mut answers = named("answer", answers.into_iter());
        // A failure is the first alone.
        for later in answers
            .iter_mut()
            .skip(usize::from(may_fail))
            .filter(|_| may_fail)
        {
            *later = later.replacen(": ", "?: ", 1);
        }
        parameters.push(format!("{ack}: ({}) => void", answers.join(", ")));
    }
    format!("({}) => void", parameters.join(", "))
}

/// Parameters: one has a name, of several each a letter.
fn named(one: &str, types: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    if types.len() == 1 {
        return types.map(|of| format!("{one}: {of}")).collect();
    }
    let letters = ('a'..='z').map(String::from);
    let letters = letters.chain((1..).map(|number| format!("a{number}")));
    let named = letters.zip(types);
    named
        .map(|(letter, of)| format!("{letter}: {of}"))
        .collect()
}

fn put_fields(text: &mut String, fields: &[DeclaredField]) {
    for field in fields {
        doc(text, "  ", field.doc.as_deref());
        let _ = writeln!(text, "  {};", field_of(field));
    }
}

fn field_of(field: &DeclaredField) -> String {
    let mark = if field.is_required { "" } else { "?" };
    format!("{}{mark}: {}", key(&field.name), type_of(&field.json))
}

fn key(name: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_plain = name.chars().all(is_word) && !name.starts_with(|c: char| c.is_ascii_digit());
    match is_plain && !name.is_empty() {
        true => name.to_owned(),
        false => Value::from(name).to_string(),
    }
}

fn type_of(json: &JsonType) -> String {
    let join = |types: &[JsonType], between: &str| -> String {
        let types: Vec<_> = types.iter().map(type_of).collect();
        types.join(between)
    };
    match json {
        JsonType::Any => "unknown".into(),
        JsonType::Null => "null".into(),
        JsonType::Bool => "boolean".into(),
        JsonType::Integer(_) | JsonType::Float => "number".into(),
        JsonType::Text => "string".into(),
        JsonType::Attachment => "ArrayBuffer | Uint8Array".into(),
        JsonType::Literals(values) => {
            let values: Vec<_> = values.iter().map(Value::to_string).collect();
            values.join(" | ")
        }
        JsonType::List(of) => match **of {
            JsonType::Attachment
            | JsonType::Literals(_)
            | JsonType::OneOf(_)
            | JsonType::AllOf(_) => format!("({})[]", type_of(of)),
            _ => format!("{}[]", type_of(of)),
        },
        JsonType::Tuple(types) => format!("[{}]", join(types, ", ")),
        JsonType::Map(of) => format!("{{ [key: string]: {} }}", type_of(of)),
        JsonType::Object(fields) => {
            let fields: Vec<_> = fields.iter().map(field_of).collect();
            format!("{{ {} }}", fields.join("; "))
        }
        JsonType::Named(name) => name.clone(),
        JsonType::OneOf(types) => join(types, " | "),
        JsonType::AllOf(types) => {
            let types: Vec<_> = types
                .iter()
                .map(|of| format!("({})", type_of(of)))
                .collect();
            types.join(" & ")
        }
    }
}

fn doc(text: &mut String, indent: &str, words: Option<&str>) {
    let Some(words) = words else { return };
    let words = words.replace("*/", "* /");
    let lines: Vec<_> = words.lines().collect();
    let _ = match lines.as_slice() {
        [line] => writeln!(text, "{indent}/** {line} */"),
        lines => {
            let lines = lines.join(&format!("\n{indent} * "));
            writeln!(text, "{indent}/**\n{indent} * {lines}\n{indent} */")
        }
    };
}
