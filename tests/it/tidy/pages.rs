//! What the pages list is what the code has: events, codes, names that are kept. Flags are compared in
//! src/config/flags/tests.rs, metrics in src/http/metrics.rs.

use std::collections::BTreeSet;
use std::process::Command;

use super::source::read;
use super::tests_by_name;

const EVENTS: &str = include_str!("../../../src/docs/events.md");
const FAULT: &str = include_str!("../../../src/packs/hub/contract/fault.rs");
const NAME: &str = include_str!("../../../src/packs/hub/contract/name.rs");
const RESERVED: &str = include_str!("../../../src/reserved.rs");
const DERIVED: &str = include_str!("../../../src/derive/src/event.rs");
const COMMAND: &str = include_str!("../../../src/packs/hub/command.rs");

/// What stands in quotes between two marks of a source.
fn quoted(source: &'static str, from: &str, to: &str) -> BTreeSet<&'static str> {
    let (_, rest) = source.split_once(from).expect(from);
    let (part, _) = rest.split_once(to).expect(to);
    part.split('"').skip(1).step_by(2).collect()
}

/// What stands in backquotes in the first cells of the table with this head.
fn listed(head: &str) -> BTreeSet<&'static str> {
    let (_, rest) = EVENTS.split_once(head).expect(head);
    let rows = rest.lines().skip(2).take_while(|row| row.starts_with('|'));
    rows.flat_map(|row| {
        let cell = row.trim_start_matches('|').split('|').next().unwrap();
        cell.split('`').skip(1).step_by(2)
    })
    .collect()
}

#[test]
fn every_code_is_in_the_table_of_codes_and_no_other() {
    let code = quoted(FAULT, "fn as_str(self)", "\n    }\n}");
    assert!(code.len() > 10, "{code:?}");
    assert_eq!(listed("| code | when |"), code);
}

#[test]
fn every_event_that_the_hub_takes_is_in_the_table_of_events_and_no_other() {
    let mut taken = quoted(COMMAND, "match event {", "Self::NotifyChannel");
    taken.retain(|name| COMMAND.contains(&format!("\"{name}\" =>")));
    assert_eq!(listed("| event | does | who gets what |"), taken);
    let told = ["online-users", "room-online-users", "hub-error"];
    let all: BTreeSet<_> = taken.into_iter().chain(told).collect();
    assert_eq!(quoted(NAME, "HUB_EVENTS: [&str", "];"), all);
}

/// Fails if a part of the program has no place in the map of the house, which is where the next maintainer looks for it.
#[test]
fn every_module_is_in_the_map_of_the_house() {
    let page = include_str!("../../../src/docs/architecture.md");
    let (_, map) = page.split_once("\n## Where things are\n").unwrap();
    let (map, _) = map.split_once("\n## ").unwrap();
    let named: BTreeSet<_> = map.split('`').skip(1).step_by(2).collect();
    let lib = include_str!("../../../src/lib.rs");
    let modules: BTreeSet<_> = lib
        .lines()
        .filter_map(|line| {
            let (before, name) = line.strip_suffix(';')?.rsplit_once("mod ")?;
            ["", "pub ", "pub(crate) "]
                .contains(&before)
                .then_some(name)
        })
        .collect();
    assert!(modules.len() > 30, "{modules:?}");
    // What has parts alone is on the map by them.
    let is_named = |module: &str| {
        named
            .iter()
            .any(|name| *name == module || name.starts_with(&format!("{module}/")))
    };
    let missing: Vec<_> = modules.iter().filter(|module| !is_named(module)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_reserved_name_is_on_the_page() {
    let (_, reserved) = EVENTS
        .split_once("\nReserved names: the events above, ")
        .unwrap();
    let (reserved, _) = reserved.split_once("\n\n").unwrap();
    let said: Vec<_> = reserved.split('`').skip(1).step_by(2).collect();
    for (source, list) in [
        (NAME, "HUB_EVENTS"),
        (NAME, "CLIENT_EVENTS"),
        (RESERVED, "RESERVED"),
    ] {
        for name in quoted(source, &format!("{list}: [&str"), "];") {
            let begins = |one: &&str| {
                one.strip_suffix('…')
                    .is_some_and(|one| name.starts_with(one))
            };
            let above = listed("| event | does | who gets what |").contains(name);
            assert!(
                above || said.contains(&name) || said.iter().any(begins),
                "{name} is in {list} and not among the reserved names of events.md"
            );
        }
    }
}

/// Fails if a setting is new, gone or means something else and the page does not say so.
#[test]
fn the_page_of_settings_is_the_one_that_the_program_prints() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_dondo"));
    let printed = program.args(["config", "doc"]).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let page = read("src/docs/settings.md");
    let new: Vec<_> = printed
        .lines()
        .filter(|line| !page.contains(line))
        .collect();
    assert!(
        page == printed,
        "new: {new:#?}\nif that is meant: cargo run -- config doc >src/docs/settings.md"
    );
}

/// The derives are a crate of their own, and have the list once more.
#[test]
fn the_derives_refuse_the_names_that_are_reserved() {
    let of = |source| quoted(source, "RESERVED: [&str", "];");
    assert_eq!(of(DERIVED), of(RESERVED));
}

/// A row would go on promising what its test, renamed or gone, does not hold any more.
#[test]
fn each_row_of_what_others_do_names_a_test_that_there_is_or_says_why_not() {
    let tests = tests_by_name();
    let pages = [
        include_str!("../../../src/docs/from-node.md"),
        include_str!("../../../src/docs/from-signalr.md"),
        include_str!("../../../src/docs/signalr-wire.md"),
    ];
    let rows = |page: &'static str| {
        let is_row = |line: &&str| line.starts_with("| ") && !line.ends_with("test, or why not |");
        page.lines().filter(is_row)
    };
    for page in pages {
        assert!(rows(page).count() > 40, "{}", rows(page).count());
    }
    for row in pages.into_iter().flat_map(rows) {
        let last = row.trim_end_matches(" |").rsplit("| ").next().unwrap();
        assert!(!last.is_empty(), "{row}");
        if !last.starts_with('`') {
            continue;
        }
        for name in last.split(", ") {
            let name = name
                .strip_prefix('`')
                .and_then(|name| name.strip_suffix('`'));
            assert!(name.is_some_and(|name| tests.contains(name)), "{row}");
        }
    }
}

/// What Socket.IO 4.8's server for Node has: its options, those of its engine among them; what its engine, itself and its namespaces,
/// and its sockets have; adapters and what is common to all emitters apart.
const NODES: [&str; 4] = [
    "path addTrailingSlash serveClient parser connectTimeout connectionStateRecovery cleanupEmptyChildNamespaces pingTimeout pingInterval \
     upgradeTimeout maxHttpBufferSize allowRequest transports allowUpgrades perMessageDeflate httpCompression wsEngine cors cookie \
     allowEIO3 destroyUpgrade destroyUpgradeTimeout",
    "generateId clientsCount connection_error initial_headers headers",
    "attach attachApp listen bind onconnection close of use to in except emit send write timeout local volatile compress sockets \
     fetchSockets allSockets socketsJoin socketsLeave disconnectSockets serverSideEmit serverSideEmitWithAck new_namespace connection",
    "id handshake request rooms data nsp connected disconnected recovered conn client broadcast emitWithAck join leave on once off onAny \
     offAny prependAny listenersAny onAnyOutgoing offAnyOutgoing prependAnyOutgoing listenersAnyOutgoing listeners eventNames \
     removeAllListeners disconnect disconnecting",
];

/// Fails if something that those have who come from Node is not on their page: said otherwise here, or not there, and why.
#[test]
fn everything_of_nodes_server_is_on_the_page_of_those_who_come_from_it() {
    let page = include_str!("../../../src/docs/from-node.md");
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let quoted = rows.flat_map(|row| {
        let cell = row.trim_start_matches('|').split(" | ").next().unwrap();
        cell.split('`').skip(1).step_by(2)
    });
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    let said: BTreeSet<_> = quoted
        .flat_map(|text| text.split(|letter| !is_letter(letter)))
        .collect();
    let names = NODES.iter().flat_map(|names| names.split_whitespace());
    let missing: Vec<_> = names.filter(|name| !said.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
