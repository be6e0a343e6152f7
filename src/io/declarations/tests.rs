//! What serde and schemars make of a type, in both languages.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "most types are for their schemas"
)]

use std::collections::BTreeMap;

use dondo_derive::{Event, Events};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declarations;
use crate::io::{Blob, RoomName, Value};

/// What a client says.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("say it", ack = (u8, Seen))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Say {
    room_name: RoomName,
    /// Its words,
    /// if any.
    #[serde(rename = "the-text")]
    text: Option<String>,
    #[serde(skip)]
    hidden: u8,
    #[serde(flatten)]
    more: More,
    mood: Mood,
    tree: Option<Box<Tree>>,
    pictures: Vec<Blob>,
    any: Value,
    pairs: Vec<(u8, String)>,
    counts: BTreeMap<String, u64>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct More {
    #[serde(default)]
    urgent: bool,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Mood {
    /// As on most days.
    Plain,
    /// As on the best of days.
    VeryGlad,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Tree {
    leaves: Vec<Tree>,
    shape: Shape,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Shape {
    Round { radius: f64 },
    Flat,
}

/// Seen by so many.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Seen(u32);

/// Where to.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("move", ack = ())]
struct Move(i64, Option<Mood>);

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("who", ack = Option<String>)]
struct Who;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("note")]
struct Note([u8; 2]);

#[derive(Events)]
enum FromClient {
    Say(Say),
    Move(Move),
    Who(Who),
}

#[derive(Events)]
enum ToClient {
    Say(Say),
    Note(Note),
    Who(Who),
}

#[derive(Events)]
enum Nothing {}

/// A type of another form than serde gives it.
#[test]
fn types_are_written_in_typescript_as_serde_has_them() {
    let file = Declarations::new::<FromClient, ToClient>().typescript();
    for part in [
        "  \"say it\": (data: SayInput, ack: (a: number | Failure, b?: Seen) => void) => void;\n",
        "  /** Where to. */\n  move: (a: number, b: Mood | null) => void;\n",
        "  who: (ack: (answer: string | null | Failure) => void) => void;\n",
        "  \"say it\": (data: Say, ack?: (a: number, b: Seen) => void) => void;\n",
        "  note: (data: Note) => void;\n  who: (ack?: (answer: string | null) => void) => void;\n",
        "/** What a client says. */\nexport interface SayInput {\n",
        "  roomName: string | number;\n",
        "  roomName: string;\n",
        "  /**\n   * Its words,\n   * if any.\n   */\n  \"the-text\"?: string | null;\n",
        "   */\n  \"the-text\": string | null;\n",
        "  urgent?: boolean;\n",
        "  urgent: boolean;\n",
        "  pictures: (ArrayBuffer | Uint8Array)[];\n",
        "  any: unknown;\n",
        "  pairs: [number, string][];\n",
        "  counts: { [key: string]: number };\n",
        "  tree?: Tree | null;\n",
        "export type Mood = \"plain\" | \"very-glad\";\n",
        "export type Note = [number, number];\n",
        "/** Seen by so many. */\nexport type Seen = number;\n",
        "export type Shape = { kind: \"Round\"; radius: number } | { kind: \"Flat\" };\n",
        "export interface Tree {\n  leaves: Tree[];\n  shape: Shape;\n}\n",
    ] {
        assert!(file.contains(part), "{part} is not in {file}");
    }
    assert!(
        !file.contains("hidden") && !file.contains("TreeInput"),
        "{file}"
    );
    let nothing = Declarations::new::<Nothing, Nothing>().typescript();
    assert!(nothing.contains("export interface ServerToClientEvents {\n}\n"));
}

#[test]
fn types_are_written_in_csharp_as_serde_has_them() {
    let file = Declarations::new::<FromClient, ToClient>().csharp();
    for part in [
        "    /// <summary>With <c>SayInput</c>, answered with <c>int, uint</c> or <c>Failure</c>.</summary>\n    \
         public const string SayIt = \"say it\";\n",
        "    /// <summary>With <c>long, string?</c>. Where to.</summary>\n",
        "    /// <summary>Without data, answered with <c>string?</c>.</summary>\n",
        "    [JsonPropertyName(\"roomName\")] public required string RoomName { get; init; }\n",
        "[JsonPropertyName(\"roomName\")] public required JsonElement RoomName { get; init; }\n",
        "    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName(\"the-text\")] public string? TheText { get; init; }\n",
        "[JsonPropertyName(\"urgent\")] public bool? Urgent { get; init; }\n",
        "public required IReadOnlyList<byte[]> Pictures { get; init; }\n",
        "public required IReadOnlyList<JsonElement> Pairs { get; init; }\n",
        "public required IReadOnlyDictionary<string, ulong> Counts { get; init; }\n",
        "public required JsonElement Any { get; init; }\n",
        "public required string Mood { get; init; }\n",
        "public static class Mood\n{\n    public const string Plain = \"plain\";\n    public const string VeryGlad = \"very-glad\";\n}\n",
        "public required IReadOnlyList<Tree> Leaves { get; init; }\n",
        "public required JsonElement Shape { get; init; }\n",
    ] {
        assert!(file.contains(part), "{part} is not in {file}");
    }
}
