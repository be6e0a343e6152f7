//! What `dondo types` prints: TypeScript that a compiler takes with stock clients' own types, and that what the hub sends is so.
//! C# is kept as a file to be looked at: no compiler of it is at hand.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::clients::{Kind, Robot};
use crate::support::{Hub, installed};

const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/types");
const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");

/// What the program says to these words.
fn said(program: &str, words: &[&str]) -> Output {
    let output = Command::new(program).args(words).output();
    output.unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// The hub's events in a language.
fn declared(flag: &str) -> String {
    let output = said(env!("CARGO_BIN_EXE_dondo"), &["types", flag]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A type that changed unseen: clients are compiled against these.
#[test]
fn the_declarations_are_those_that_are_kept() {
    for (flag, file) in [("--ts", "hub.ts"), ("--cs", "hub.cs")] {
        let (now, kept) = (declared(flag), Path::new(VECTORS).join(file));
        let changed = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
        fs::write(&changed, &now).unwrap();
        assert!(
            fs::read_to_string(&kept).is_ok_and(|kept| kept == now),
            "if that is meant: cp {} {}",
            changed.display(),
            kept.display()
        );
    }
}

#[test]
fn types_are_printed_in_one_language_and_in_nothing_else() {
    for words in [
        &["types"][..],
        &["types", "--ts", "--cs"],
        &["types", "--rs"],
    ] {
        let output = said(env!("CARGO_BIN_EXE_dondo"), words);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{words:?}");
    }
}

/// Files in a folder of their own, beside the stock clients' packages.
pub(crate) fn folder(name: &str, files: &[(&str, String)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    symlink(installed("node_modules"), folder.join("node_modules")).unwrap();
    fs::copy(
        Path::new(PROGRAMS).join("tsconfig.json"),
        folder.join("tsconfig.json"),
    )
    .unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    folder
}

/// What the compiler says of them.
pub(crate) fn compiled(folder: &Path) -> String {
    installed("node_modules/typescript");
    let output = Command::new("node")
        .arg(folder.join("node_modules/typescript/bin/tsc"))
        .args(["--pretty", "false"])
        .current_dir(folder)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn program(name: &str) -> String {
    fs::read_to_string(Path::new(PROGRAMS).join(name)).unwrap()
}

/// A declaration that a stock client's types do not take, or that lets something wrong through.
#[test]
fn a_program_of_a_stock_client_compiles_where_it_is_right_and_nowhere_else() {
    let wrong = program("wrong.ts");
    let files = [
        ("hub.ts", declared("--ts")),
        ("right.ts", program("right.ts")),
        ("wrong.ts", wrong.clone()),
    ];
    let errors = compiled(&folder("types-programs", &files));
    let of = |file: &str| -> Vec<usize> {
        let start = format!("{file}(");
        let lines = errors.lines().filter_map(|line| line.strip_prefix(&start));
        let mut lines: Vec<usize> = lines
            .map(|line| line.split(',').next().unwrap().parse().unwrap())
            .collect();
        lines.dedup();
        lines
    };
    let marked = wrong.lines().zip(1..);
    let marked = marked.filter(|(line, _)| line.ends_with("// wrong"));
    let marked: Vec<usize> = marked.map(|(_, number)| number).collect();
    assert!(
        of("right.ts").is_empty() && of("hub.ts").is_empty(),
        "{errors}"
    );
    assert_eq!(of("wrong.ts"), marked, "{errors}");
    // And nothing but errors of theirs: a compiler that does not start is none that agrees.
    assert!(
        errors
            .lines()
            .all(|line| line.starts_with("wrong.ts(") || line.starts_with(' ')),
        "{errors}"
    );
}

/// What went over the wire, as lines of a program that compiles if it is as declared. A field that is not declared is an error there, too.
#[derive(Default)]
struct Wire(String);

impl Wire {
    fn put(&mut self, of: &str, value: &Value) {
        let number = self.0.lines().count();
        self.0
            .push_str(&format!("export const v{number}: {of} = {value};\n"));
    }

    /// Sends an event with an ack, and takes down both.
    fn ask(&mut self, client: &mut Robot, event: &str, data: Value) -> Value {
        let ack = client.ask(event, std::slice::from_ref(&data));
        self.put(&format!("Data<Sent[\"{event}\"]>"), &data);
        self.put(&format!("Ack<\"{event}\">"), &ack);
        ack
    }

    fn heard(&mut self, client: &mut Robot, event: &str) {
        let letter = client.letter(event);
        self.put(&format!("Data<Heard[\"{event}\"]>"), &letter);
    }
}

const WIRE: &str = "\
import type { ClientToServerEvents as Sent, ServerToClientEvents as Heard } from \"./hub\";
type Data<Event extends (...data: never[]) => void> = Parameters<Event>[0];
type Ack<Name extends keyof Sent> = Parameters<Parameters<Sent[Name]>[1]>[0];
";

/// The hub sends something else than it declares: a field more, a field less, another kind.
#[test]
fn what_a_stock_client_hears_of_the_hub_is_what_is_declared() {
    let hub = Hub::start();
    let mut wire = Wire::default();
    let [mut ama, mut kofi] = [Kind::JsWebSocket, Kind::JsPolling].map(|kind| {
        let mut robot = Robot::start(&hub, kind);
        robot.tell("connect", &[]);
        robot.event("$connect");
        robot
    });
    let source = json!({ "userName": "Ama", "platform": "web" });
    let lobby = json!({ "data": { "roomChannel": "lobby" } });
    let den = json!({ "data": { "roomId": "den", "roomChannel": "lobby" } });
    let with = |more: Value| {
        let mut letter = den.clone();
        let Value::Object(more) = more else { panic!() };
        letter["data"].as_object_mut().unwrap().extend(more);
        letter
    };

    let mut first = lobby.clone();
    first["source"] = source.clone();
    first["time"] = json!("2026-01-01T00:00:00.000Z");
    wire.ask(&mut ama, "join-channel", first);
    wire.heard(&mut ama, "join-channel");
    wire.heard(&mut ama, "online-users");
    let mut second = den.clone();
    second["source"] = source;
    wire.ask(&mut ama, "join-room", second);
    wire.heard(&mut ama, "join-room");
    wire.heard(&mut ama, "room-online-users");
    wire.ask(&mut kofi, "join-channel", lobby.clone());
    wire.ask(&mut kofi, "join-channel", lobby.clone());
    wire.ask(&mut kofi, "join-room", den.clone());
    for event in ["join-channel", "join-room"] {
        wire.heard(&mut ama, event);
    }
    wire.ask(
        &mut kofi,
        "notify-room",
        with(json!({ "message": { "any": [1] } })),
    );
    wire.heard(&mut ama, "notify-room");
    wire.ask(
        &mut kofi,
        "notify-room",
        json!({ "data": { "roomChannel": "lobby" } }),
    );
    let said = ama.ask("lobby", &[json!({ "data": { "message": "hi" } })]);
    wire.put("Ack<\"notify-room\">", &said);
    let letter = kofi.letter("lobby");
    wire.put("Data<Heard[\"notify-room\"]>", &letter);

    let kofis = kofi.id();
    wire.ask(&mut ama, "lock-room", with(json!({ "locked": true })));
    wire.heard(&mut kofi, "lock-room");
    wire.ask(&mut ama, "lock-room", den.clone());
    wire.heard(&mut kofi, "lock-room");
    wire.ask(&mut ama, "invite-room", with(json!({ "invite": ["esi"] })));
    wire.heard(&mut kofi, "invite-room");
    wire.ask(&mut kofi, "kick-room", with(json!({ "kick": [kofis] })));
    wire.ask(&mut ama, "kick-room", with(json!({ "kick": [kofis] })));
    wire.heard(&mut ama, "kick-room");
    wire.heard(&mut ama, "leave-room");

    wire.ask(&mut kofi, "leave-channel", lobby.clone());
    wire.heard(&mut ama, "leave-channel");
    wire.ask(&mut kofi, "leave-channel", lobby.clone());
    // Of a room of one's own with all that can be asked for.
    let asked = json!({
        "data": {
            "roomId": "attic", "capacity": 3, "access": "invite", "invite": ["esi"], "history": 5,
        },
    });
    let joined = wire.ask(&mut kofi, "join-room", asked);
    assert_eq!(joined["allChannels"], true, "{joined}");
    let since = json!({ "data": { "roomChannel": "lobby", "since": joined["position"] } });
    wire.ask(&mut ama, "join-channel", since);
    wire.ask(
        &mut kofi,
        "leave-room",
        json!({ "data": { "roomId": "attic" } }),
    );
    wire.ask(
        &mut kofi,
        "leave-room",
        json!({ "data": { "roomId": "attic" } }),
    );
    kofi.emit("join-room", &[json!({ "data": {} })]);
    wire.heard(&mut kofi, "hub-error");

    let files = [
        ("hub.ts", declared("--ts")),
        ("wire.ts", format!("{WIRE}{}", wire.0)),
    ];
    let errors = compiled(&folder("types-wire", &files));
    assert!(errors.is_empty(), "{errors}\n{}", wire.0);
}
