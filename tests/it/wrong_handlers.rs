//! What the compiler says of handlers and typed events that are none: whoever writes one reads what is wrong, in words of ours. Compiled by
//! `rustc` against the crate that cargo built for these tests, so that nothing is built twice.

mod blocking;
mod builders;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// A namespace with something that is wrong, and what has to be said of it.
const WRONG: [(&str, &str, &str); 19] = [
    (
        "a parameter that is no extractor",
        r#".on("say", async |text: String| {})"#,
        "String` cannot be a parameter of a handler of this kind",
    ),
    (
        "a parameter that this kind of handler has not",
        r#".on_connect(async |Data(text): Data<String>| {})"#,
        "String>` cannot be a parameter of a handler of this kind",
    ),
    (
        "a socket before there is one",
        r#".middleware(async |socket: Socket| {})"#,
        "`Socket` cannot be a parameter of a handler of this kind",
    ),
    (
        "data that serde cannot read",
        r#".on("say", async |Data(text): Data<std::net::TcpStream>| {})"#,
        "TcpStream: serde::Deserialize<'de>` is not satisfied",
    ),
    (
        "a closure that is not async",
        r#".on("say", |socket: Socket| {})"#,
        "is no handler",
    ),
    (
        "an answer that cannot be written",
        r#".on("say", async || Ok(std::thread::current()))"#,
        "a handler cannot come to `Result<Thread, dondo::Error>` here",
    ),
    (
        "a stream that is not in Items",
        r#".on("say", async |items: dondo::Incoming<u8>| Ok(items))"#,
        "a handler cannot come to `Result<dondo::Incoming<u8>, dondo::Error>` here",
    ),
    (
        "items where there is no answer",
        r#".on_connect(async |items: Socket| -> dondo::Items { loop {} })"#,
        "a handler cannot come to `Items` here",
    ),
    (
        "items of a client that comes in",
        r#".on_connect(async |items: dondo::Incoming<u8>| {})"#,
        "Incoming<u8>` cannot be a parameter of a handler of this kind",
    ),
    (
        "an answer without Ok",
        r#".on("say", async || "delivered")"#,
        "a handler cannot come to `&str` here",
    ),
    (
        "another error than the one that errors turn into",
        r#".on("say", async || Err::<(), _>("no"))"#,
        "a handler cannot come to `Result<(), &str>` here",
    ),
    (
        "an answer where nobody waits for one",
        r#".on_connect(async || dondo::Result::Ok("welcome"))"#,
        "a handler cannot come to `Result<&str, _>` here",
    ),
    (
        "a target that is none",
        r#".on("say", async |socket: Socket| { socket.to(7.5).emit("said", ())?; Ok(()) })"#,
        "`{float}` is nobody that something can be said to",
    ),
    (
        "a number that is no name of a room",
        r#".on("say", async |socket: Socket, Data(n): Data<u64>| { socket.join(n).await?; Ok(()) })"#,
        "rooms are named by text, by an `i64`, by `RoomName`",
    ),
    (
        "nine parameters",
        r#".on("say", async |_: Socket, _: Socket, _: Socket, _: Socket, _: Socket, _: Socket, _: Socket, _: Socket, _: Socket| {})"#,
        "is no handler",
    ),
    (
        "a question that is not answered by a bool",
        r#".when(async || "yes")"#,
        "a handler cannot come to `&str` here",
    ),
    (
        "a socket where it is asked for a namespace",
        r#".when(async |socket: Socket| true)"#,
        "`Socket` cannot be a parameter of a handler of this kind",
    ),
    (
        "data of a client that is gone",
        r#".on_disconnect(async |Data(text): Data<String>| {})"#,
        "String>` cannot be a parameter of a handler of this kind",
    ),
    (
        "an answer to nobody",
        r#".on_disconnect(async || dondo::Result::Ok("bye"))"#,
        "a handler cannot come to `Result<&str, _>` here",
    ),
];

/// What the typed events below are heard and said by.
const TYPED: &str = r#"
use dondo::{Event, Events};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event("say", ack = Seen)]
struct Say { text: String }

#[derive(Serialize)]
struct Seen { by: usize }

#[derive(Serialize, Deserialize, Event)]
#[event("move")]
struct Move(u8, u8);

#[derive(Events)]
enum Any { Say(Say), Move(Move) }

#[derive(Events)]
enum Silent { Move(Move) }

#[derive(Event)]
#[event("dumb")]
struct Dumb { text: String }
"#;

/// The right uses beside the wrong ones.
const RIGHT: &str = r#"
#[derive(Serialize, Event)]
#[event("borrowed")]
struct Borrowed<'a> { text: &'a str }

#[derive(Deserialize, Event)]
#[event("page", ack = T)]
struct Page<T>(T, u8);

#[derive(Events)]
enum Lent<'a> { Borrowed(Borrowed<'a>), Move(Move) }

fn lend(socket: &Socket, text: &str) -> dondo::Result {
    socket.emit_event(Borrowed { text })?;
    Ok(socket.emit_event(Lent::Borrowed(Borrowed { text }))?)
}

fn right(namespace: Namespace) -> Namespace {
    namespace
        .on_event(async |say: Say, socket: Socket| { socket.emit_event(Move(1, 2))?; Ok(Seen { by: say.text.len() }) })
        .on_event(async |_: Move| {})
        .on_event(async |_: Move, socket: Socket| { socket.join("r").await?; Ok(()) })
        .on_event(async |Page(text, _): Page<String>| Ok(text))
        .on_events(async |_: Silent| {})
        .on_events(async |_: Silent| Ok(()))
        .on_events(async |any: Any| Ok(match any {
            Any::Say(_) => Say::answer(Seen { by: 1 }),
            Any::Move(_) => Move::answer(()),
        }))
}
"#;

/// A typed event that is used wrongly, and what has to be said of it.
const WRONG_EVENTS: [(&str, &str, &str); 20] = [
    (
        "a name that is missing",
        "#[derive(Event)] struct Nameless;",
        "an event has a name: #[event(\"say\")]",
    ),
    (
        "a name that is no text",
        "#[derive(Event)] #[event(say)] struct Bare;",
        "the event's name comes first: #[event(\"say\")]",
    ),
    (
        "a word that is not known",
        "#[derive(Event)] #[event(\"a\", answer = u8)] struct Odd;",
        "behind its name an event has one `ack = Type` at most",
    ),
    (
        "a name of the client libraries",
        "#[derive(Event)] #[event(\"disconnect\")] struct Reserved;",
        "`disconnect` is an event of the client libraries' own",
    ),
    (
        "an enum that is to be one event",
        "#[derive(Event)] #[event(\"a\")] enum One { A, B }",
        "an event is a struct; an enum of events derives `Events`",
    ),
    (
        "a struct that is to be several",
        "#[derive(Events)] struct Many;",
        "an enum of events derives `Events`; a struct that is an event derives `Event`",
    ),
    (
        "a variant without an event",
        "#[derive(Events)] enum Loose { Say { text: String } }",
        "a variant holds one event: `Say(Say)`",
    ),
    (
        "a variant with what is no event",
        "#[derive(Events)] enum Text { Text(String) }",
        "String` is no event",
    ),
    (
        "one name twice",
        "#[derive(Events)] enum Twice { One(Move), Other(Move) }",
        "two events of an enum have one name",
    ),
    (
        "a handler without an event",
        "fn f(n: Namespace) -> Namespace { n.on_event(async |socket: Socket| {}) }",
        "`Socket` is no event",
    ),
    (
        "a handler of what is named by text",
        "fn f(n: Namespace) -> Namespace { n.on_event(async |text: String| {}) }",
        "String` is no event",
    ),
    (
        "a handler with a parameter that is no extractor",
        "fn f(n: Namespace) -> Namespace { n.on_event(async |say: Move, text: String| {}) }",
        "String` cannot be a parameter of a handler of this kind",
    ),
    (
        "an event that serde cannot read",
        "fn f(n: Namespace) -> Namespace { n.on_event(async |dumb: Dumb| {}) }",
        "Dumb: serde::Deserialize<'de>` is not satisfied",
    ),
    (
        "an event that serde cannot write",
        "fn f(s: Socket) { s.emit_event(Dumb { text: String::new() }); }",
        "the trait `Serialize` is not implemented for `Dumb`",
    ),
    (
        "an event by its name alone",
        "fn f(s: Socket) { s.emit_event(\"say\"); }",
        "`&str` cannot be emitted as an event",
    ),
    (
        "an event without a schema",
        "fn f() -> String { dondo::Declarations::new::<Any, Move>().typescript() }",
        "the trait bound `Seen: schemars::JsonSchema` is not satisfied",
    ),
    (
        "another ack than the event's",
        "fn f(n: Namespace) -> Namespace { n.on_event(async |say: Say| Ok(7)) }",
        "a handler of the event `Say` cannot come to `Result<",
    ),
    (
        "no ack where the event has one",
        "fn f(n: Namespace) -> Namespace { n.on_event(async |say: Say| {}) }",
        "type mismatch resolving `<Say as Event>::Ack == ()`",
    ),
    (
        "no answer where one of the events has an ack",
        "fn f(n: Namespace) -> Namespace { n.on_events(async |any: Any| {}) }",
        "type mismatch resolving `<Say as Event>::Ack == ()`",
    ),
    (
        "an answer that does not say to which event",
        "fn f(n: Namespace) -> Namespace { n.on_events(async |any: Any| Ok(Seen { by: 1 })) }",
        "a handler of the events `Any` cannot come to `Result<Seen, dondo::Error>`",
    ),
];

#[test]
fn what_is_wrong_with_a_typed_event_is_named_by_the_compiler() {
    let serde = built_with("serde", &format!("{TYPED}{RIGHT}"));
    each_is_named(&WRONG_EVENTS, |code| {
        compile(&format!("{TYPED}{code}\n"), &[("serde", &serde)])
    });
}

/// What was made and goes nowhere, and what has to be said of it.
const UNUSED: [(&str, &str); 3] = [
    (
        "dondo::Dondo::builder().settings(Default::default());",
        "there is no hub before build",
    ),
    (
        "Namespace::new(\"/\");",
        "nobody is served there before Builder::namespace has it",
    ),
    (
        "namespace.count();",
        "how many there are is what awaiting it comes to",
    ),
];

#[test]
fn what_goes_nowhere_is_named_by_the_compiler() {
    for (code, expected) in UNUSED {
        let errors = compile(
            &format!("fn f(namespace: dondo::NamespaceHandle) {{ {code} }}\n"),
            &[],
        );
        assert!(errors.contains(expected), "{code}: {errors}");
    }
}

#[test]
fn what_is_wrong_with_a_handler_is_named_by_the_compiler() {
    assert_eq!(errors(r#".on("say", async |socket: Socket| {})"#), "");
    each_is_named(&WRONG, errors);
}

/// Fails with all that is not said as it has to be.
fn each_is_named(wrong: &[(&str, &str, &str)], errors: impl Fn(&str) -> String) {
    let mut missed = String::new();
    for (title, code, expected) in wrong {
        let errors = errors(code);
        if !errors.contains(expected) {
            missed.push_str(&format!("\n{title}: {expected:?} is not in {errors}"));
        }
    }
    assert!(missed.is_empty(), "{missed}");
}

/// What the compiler says of a namespace with this.
fn errors(code: &str) -> String {
    let code = format!("pub fn namespace() -> Namespace {{ Namespace::new(\"/\"){code} }}\n");
    compile(&code, &[])
}

/// The crate that dondo was built with, of those that cargo built: only the compiler knows, which takes this code with it.
fn built_with(name: &str, right: &str) -> PathBuf {
    let mut said = String::new();
    let found = built_all(name).into_iter().rev().find(|path| {
        said = compile(right, &[(name, path)]);
        said.is_empty()
    });
    found.unwrap_or_else(|| panic!("{said}"))
}

/// What the compiler says of this, with dondo and these other crates.
fn compile(code: &str, others: &[(&str, &PathBuf)]) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let test = thread::current();
    let test = test.name().unwrap_or("test").replace("::", "_");
    let file = folder.join(format!("{test}.rs"));
    fs::write(
        &file,
        format!("use dondo::{{Data, Namespace, Socket}};\n{code}"),
    )
    .unwrap();
    let dondo = built_all("dondo").pop().expect("cargo built the crate");
    let others = others.iter().map(|(name, path)| (*name, *path));
    let externs = [("dondo", &dondo)].into_iter().chain(others);
    let externs = externs
        .flat_map(|(name, path)| ["--extern".to_owned(), format!("{name}={}", path.display())]);
    let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
        ])
        .args(["-A", "warnings", "-D", "unused_must_use"])
        .arg("--out-dir")
        .arg(folder)
        .arg("-L")
        .arg(format!("dependency={}", dondo.parent().unwrap().display()))
        .args(externs)
        .arg(&file)
        .output()
        .unwrap();
    String::from_utf8(output.stderr).unwrap()
}

/// What cargo built of a crate, the last at the end.
fn built_all(name: &str) -> Vec<PathBuf> {
    let test = env::current_exe().unwrap();
    let deps = test.parent().unwrap();
    let start = format!("lib{name}-");
    let files = fs::read_dir(deps).unwrap().map(|file| file.unwrap().path());
    let libraries = files.filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with(&start) && name.ends_with(".rlib")
    });
    let mut libraries: Vec<_> = libraries.collect();
    libraries.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    libraries
}
