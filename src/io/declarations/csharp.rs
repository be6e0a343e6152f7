//! Declarations as a file in C#, for System.Text.Json: it has no types for what is one of several, which is a `JsonElement` there.

use std::fmt::Write;

use serde_json::Value;

use super::{
    Declarations, DeclaredEvent,
    schema::{DeclaredField, Defined, JsonType},
};

const HEAD: &str = "\
// Written by dondo from the types of its events.
#nullable enable

using System.Collections.Generic;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dondo;
";

const FAILURE: &str = r#"
/// <summary>The answer of the server where it did not do what it was asked for.</summary>
public sealed record Failure
{
    [JsonPropertyName("ok")] public required bool Ok { get; init; }
    [JsonPropertyName("event")] public required string Event { get; init; }
    [JsonPropertyName("code")] public required string Code { get; init; }
    [JsonPropertyName("message")] public required string Message { get; init; }
    [JsonPropertyName("data")] public JsonElement? Data { get; init; }
}
"#;

/// Names of types that stand for others are followed so far: they may stand for themselves.
const DEPTH_MAX: usize = 8;

pub(super) fn file(declarations: &Declarations) -> String {
    let file = CSharp(declarations);
    let mut text = HEAD.to_owned();
    let from_client = &declarations.from_client;
    file.put_names(
        &mut text,
        "What clients send.",
        "ClientToServer",
        from_client,
        " or <c>Failure</c>",
    );
    file.put_names(
        &mut text,
        "What clients hear.",
        "ServerToClient",
        &declarations.to_client,
        "",
    );
    text.push_str(FAILURE);
    for (name, Defined { doc: words, json }) in &declarations.types {
        match json {
            JsonType::Object(_) | JsonType::AllOf(_) => {
                let Some(fields) = file.fields(json, 0) else {
                    continue;
                };
                text.push('\n');
                doc(&mut text, "", words.as_deref());
                let _ = writeln!(text, "public sealed record {name}\n{{");
                for field in &fields {
                    file.put_field(&mut text, name, field);
                }
                text.push_str("}\n");
            }
            JsonType::Literals(values) if values.iter().all(Value::is_string) => {
                text.push('\n');
                doc(&mut text, "", words.as_deref());
                let _ = writeln!(text, "public static class {name}\n{{");
                for value in values.iter().filter_map(Value::as_str) {
                    let _ = writeln!(text, "    {}", constant(value));
                }
                text.push_str("}\n");
            }
            _ => {}
        }
    }
    text
}

/// What all types of a file are written with: one that is no record is what it stands for.
struct CSharp<'a>(&'a Declarations);

impl CSharp<'_> {
    fn put_names(
        &self,
        text: &mut String,
        what: &str,
        class: &str,
        events: &[DeclaredEvent],
        or: &str,
    ) {
        let _ = write!(
            text,
            "\n/// <summary>{what}</summary>\npublic static class {class}\n{{\n"
        );
        let of = |types: &[JsonType]| {
            let types: Vec<_> = types.iter().map(|json| self.type_of(json, 0)).collect();
            escaped(&types.join(", "))
        };
        for event in events {
            let mut words = match event.arguments.is_empty() {
                true => "Without data".to_owned(),
                false => format!("With <c>{}</c>", of(&event.arguments)),
            };
            if !event.ack.is_empty() {
                let _ = write!(words, ", answered with <c>{}</c>{or}", of(&event.ack));
            }
            if let Some(more) = &event.doc {
                let _ = write!(words, ". {}", escaped(more.trim_end_matches('.')));
            }
            let _ = writeln!(
                text,
                "    /// <summary>{}.</summary>",
                words.replace('\n', " ")
            );
            let _ = writeln!(text, "    {}", constant(event.name));
        }
        text.push_str("}\n");
    }

    fn put_field(&self, text: &mut String, record: &str, field: &DeclaredField) {
        doc(text, "    ", field.doc.as_deref());
        let mut of = self.type_of(&field.json, 0);
        let mut may_lack = String::new();
        if !field.is_required {
            may_lack.push_str("[JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ");
            if !of.ends_with('?') {
                of.push('?');
            }
        }
        let name = Value::from(field.name.as_str());
        let mut member = pascal(&field.name);
        // No member may be called like its type.
        if member == record {
            member.push('_');
        }
        let required = if field.is_required { "required " } else { "" };
        let _ = writeln!(
            text,
            "    {may_lack}[JsonPropertyName({name})] public {required}{of} {member} {{ get; init; }}"
        );
    }

    /// The fields of what is an object, if it is one and nothing else.
    fn fields(&self, json: &JsonType, depth: usize) -> Option<Vec<DeclaredField>> {
        if depth > DEPTH_MAX {
            return None;
        }
        match json {
            JsonType::Object(fields) => Some(fields.clone()),
            JsonType::AllOf(parts) => {
                let parts = parts.iter().map(|part| self.fields(part, depth + 1));
                Some(parts.collect::<Option<Vec<_>>>()?.concat())
            }
            JsonType::Named(name) => self.fields(&self.0.types.get(name)?.json, depth + 1),
            _ => None,
        }
    }

    fn type_of(&self, json: &JsonType, depth: usize) -> String {
        const ANY: &str = "JsonElement";
        if depth > DEPTH_MAX {
            return ANY.into();
        }
        let of = |json: &JsonType| self.type_of(json, depth + 1);
        match json {
            JsonType::Bool => "bool".into(),
            JsonType::Integer(bounds) => integer(bounds.as_deref()).into(),
            JsonType::Float => "double".into(),
            JsonType::Text => "string".into(),
            JsonType::Attachment => "byte[]".into(),
            JsonType::Literals(values) => match values.first() {
                Some(Value::String(_)) if values.iter().all(Value::is_string) => "string".into(),
                Some(Value::Bool(_)) if values.iter().all(Value::is_boolean) => "bool".into(),
                _ => ANY.into(),
            },
            JsonType::List(json) => format!("IReadOnlyList<{}>", of(json)),
            JsonType::Map(json) => format!("IReadOnlyDictionary<string, {}>", of(json)),
            JsonType::Named(name) => match self.0.types.get(name) {
                Some(defined) if self.fields(&defined.json, 0).is_some() => name.clone(),
                Some(defined) => of(&defined.json),
                None => ANY.into(),
            },
            JsonType::OneOf(types) => {
                let mut others = types.iter().filter(|json| **json != JsonType::Null);
                let is_null = types.contains(&JsonType::Null);
                match (others.next(), others.next()) {
                    (Some(one), None) if is_null => format!("{}?", of(one).trim_end_matches('?')),
                    _ => ANY.into(),
                }
            }
            JsonType::Any
            | JsonType::Null
            | JsonType::Tuple(_)
            | JsonType::Object(_)
            | JsonType::AllOf(_) => ANY.into(),
        }
    }
}

fn integer(bounds: Option<&str>) -> &'static str {
    match bounds {
        Some("int8" | "int16" | "int32" | "uint8" | "uint16") => "int",
        Some("uint32") => "uint",
        Some("uint64" | "uint") => "ulong",
        _ => "long",
    }
}

fn constant(value: &str) -> String {
    let text = Value::from(value);
    format!("public const string {} = {text};", pascal(value))
}

/// `join-room`, `join_room` and `joinRoom` are all `JoinRoom`.
fn pascal(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let mut pascal: String = words
        .map(|word| {
            let (first, rest) = word.split_at(usize::from(!word.is_empty()));
            first.to_ascii_uppercase() + rest
        })
        .collect();
    if !pascal.starts_with(|c: char| c.is_ascii_alphabetic()) {
        pascal.insert(0, '_');
    }
    pascal
}

fn doc(text: &mut String, indent: &str, words: Option<&str>) {
    let Some(words) = words else { return };
    let words = escaped(words).replace('\n', &format!("\n{indent}/// "));
    let _ = writeln!(text, "{indent}/// <summary>{words}</summary>");
}

fn escaped(words: &str) -> String {
    let words = words.replace('&', "&amp;");
    words.replace('<', "&lt;").replace('>', "&gt;")
}
