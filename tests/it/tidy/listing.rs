//! All that an application can name, in one list (`tests/it/tidy/api.txt`), so that a change of it is seen where changes are read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::face::public;
use super::source::{read, sources};

const LISTING: &str = "tests/it/tidy/api.txt";

/// A public item that changed unseen, or went.
#[test]
fn the_public_items_are_those_that_are_listed() {
    let items = items();
    let listed = read(LISTING);
    let changed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("api.txt");
    if items != listed {
        fs::write(&changed, &items).unwrap();
    }
    let (now, before) = (lines(&items), lines(&listed));
    let new: Vec<_> = now.difference(&before).collect();
    let gone: Vec<_> = before.difference(&now).collect();
    assert!(
        items == listed,
        "new: {new:#?}\ngone: {gone:#?}\nif that is meant: cp {} {LISTING}",
        changed.display()
    );
}

#[test]
fn what_is_hidden_or_of_a_type_that_is_not_exported_is_no_item() {
    let code = "impl Socket {\n    pub fn join(\n        &self,\n        room: &str,\n    ) -> Joining {\n    }\n\n    \
        pub(super) fn inner() {\n    }\n\n    #[doc(hidden)]\n    pub fn tests() {\n    }\n}\n\
        impl<T> Hidden<T> {\n    pub fn open() {\n    }\n}\n\
        pub struct Data<T>(pub T);\npub trait Extract<C>: Sized {\n    fn extract(context: &mut C) -> Self;\n}\n";
    let face = BTreeSet::from(["Socket", "Data", "Extract", "Joining"]);
    let items: Vec<_> = of(code, &face).into_iter().collect();
    assert_eq!(
        items,
        [
            "Extract: fn extract(context: &mut C) -> Self",
            "Socket: pub fn join(&self, room: &str) -> Joining",
            "pub struct Data<T>(pub T)",
            "pub trait Extract<C>: Sized",
        ]
    );
}

/// Fails if a variant or a method of a trait can come or go unseen, or a type of the core under the name that it has here.
#[test]
fn what_an_enum_or_a_trait_consists_of_is_listed() {
    let code = "#[non_exhaustive]\npub enum Told {\n    /// It came.\n    Came,\n    Went(Arc<str>, u8),\n    \
        #[non_exhaustive]\n    Moved {\n        from: Place,\n        to: BTreeMap<u8, Place>,\n    },\n    \
        #[doc(hidden)]\n    Inner,\n}\npub enum Never {}\npub trait Reads<C>: Sized {\n    type Of: Copy;\n    \
        fn read(\n        &self,\n        all: [u8; 4],\n    ) -> Result<Self, C>;\n    fn name(&self) -> Place {\n        \
        { Place; }\n    }\n    #[doc(hidden)]\n    fn inner();\n}\n";
    let items: Vec<_> = of(code, &BTreeSet::from(["Told", "Never", "Reads"]))
        .into_iter()
        .collect();
    let expected = [
        "Reads: fn name(&self) -> Place { .. }",
        "Reads: fn read(&self, all: [u8; 4]) -> Result<Self, C>",
        "Reads: type Of: Copy",
        "Told: Came",
        "Told: Moved { from: Place, to: BTreeMap<u8, Place> }",
        "Told: Went(Arc<str>, u8)",
        "pub enum Never",
        "pub enum Told",
        "pub trait Reads<C>: Sized",
    ];
    assert_eq!(items, expected);
    let names = re_exported(
        "pub use dondo_actors::{\n    error::{Fault, Inner as Outer},\n    id::Id,\n};\n",
    );
    let expected = [("Fault", "Fault"), ("Id", "Id"), ("Inner", "Outer")];
    assert_eq!(names, BTreeMap::from(expected));
    assert_eq!(
        renamed("Inner: pub id: Id<InnerId>", &names),
        "Outer: pub id: Id<InnerId>"
    );
}

fn lines(text: &str) -> BTreeSet<&str> {
    text.lines().collect()
}

fn items() -> String {
    let root = read("src/lib.rs") + &read("src/testing.rs");
    let exported = root.split("pub use self::").skip(1);
    let exported = exported.map(|rest| rest.split(';').next().unwrap());
    let words = exported.flat_map(|names| names.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let face: BTreeSet<&str> = words.filter(|word| !word.is_empty()).collect();
    let mut items: BTreeSet<String> = public()
        .filter(|source| !source.path.starts_with("src/config"))
        .flat_map(|source| of(&source.code, &face))
        .collect();
    items.extend(of_core(&re_exported(&root)));
    items.into_iter().map(|item| item + "\n").collect()
}

/// The items of the core's types that the face has, by the names that they have there.
fn of_core(names: &BTreeMap<&str, &str>) -> BTreeSet<String> {
    let core: BTreeSet<&str> = names.keys().copied().collect();
    let found: BTreeSet<String> = sources("actors/src")
        .filter(|source| !source.is_test())
        .flat_map(|source| of(&source.code, &core))
        .map(|item| renamed(&item, names))
        .collect();
    for name in names.values() {
        let is_type = |item: &String| item.split([' ', '<', '(']).nth(2) == Some(name);
        assert!(found.iter().any(is_type), "{name} is listed nowhere");
    }
    found
}

/// The types that the root has from the core: what they are called there, and what here.
fn re_exported(root: &str) -> BTreeMap<&str, &str> {
    let uses = root.split("pub use dondo_actors::").skip(1);
    let uses = uses.flat_map(|rest| rest.split(';').next().unwrap().split([',', '{', '}']));
    let names = uses.filter_map(|word| {
        let (there, here) = word.split_once(" as ").unwrap_or((word, word));
        let last = |path: &'_ str| path.rfind("::").map_or(0, |at| at + 2);
        let (there, here) = (there.trim(), here.trim());
        let (there, here) = (&there[last(there)..], &here[last(here)..]);
        there
            .starts_with(char::is_uppercase)
            .then_some((there, here))
    });
    names.collect()
}

fn renamed(item: &str, names: &BTreeMap<&str, &str>) -> String {
    let words = item.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_');
    let words = words.map(|word| {
        let name = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
        match names.get(name) {
            Some(here) => word.replace(name, here),
            None => word.to_owned(),
        }
    });
    words.collect()
}

/// The public items of a source that belong to these names.
fn of(code: &str, face: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let (mut owner, mut hidden) = (String::new(), false);
    for line in code.lines() {
        if let Some(head) = line.strip_prefix("impl") {
            owner = named(head);
        }
        let item = line.trim_start();
        if item.starts_with('#') {
            hidden |= item == "#[doc(hidden)]";
            continue;
        }
        let seen = item.starts_with("pub ")
            && !item.starts_with("pub use")
            && !item.starts_with("pub mod");
        if std::mem::take(&mut hidden) || !seen {
            continue;
        }
        let (top, is_function) = (line.starts_with("pub "), item.contains("fn "));
        let rest = &code[item.as_ptr() as usize - code.as_ptr() as usize..];
        let signature = match is_function || top {
            true => rest.split(['{', ';']).next().unwrap(),
            // What a constant is, is no part of it.
            false => item.trim_end_matches(',').split(" = ").next().unwrap(),
        };
        let signature = on_one_line(signature);
        // What others cannot name is nobody's to review here.
        let is_closed = signature.starts_with("pub struct") && !signature.contains("(pub ");
        let signature = match is_closed {
            true => signature.split('(').next().unwrap().to_owned(),
            false => signature,
        };
        let name = signature.split(['(', '<', ' ', ':']).nth(2);
        let name = name.unwrap_or_default().to_owned();
        if top {
            owner.clone_from(&name);
        }
        let nested = ["pub trait", "pub struct", "pub type"];
        if !top && nested.iter().any(|kind| item.starts_with(kind)) {
            continue;
        }
        let is_listed = top && face.contains(&*name);
        if is_listed
            && ["pub enum", "pub trait"]
                .iter()
                .any(|kind| item.starts_with(kind))
        {
            found.extend(parts(rest).map(|part| format!("{name}: {part}")));
        }
        match top {
            true if face.contains(&*name) => found.insert(signature),
            false if face.contains(&*owner) => found.insert(format!("{owner}: {signature}")),
            _ => false,
        };
    }
    found
}

/// What an enum or a trait consists of, but for what is hidden. `code` begins with its head.
fn parts(code: &str) -> impl Iterator<Item = String> {
    let is_enum = code.starts_with("pub enum");
    let body = code.split_once('{').unwrap().1;
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut depth, mut before) = (0, ' ');
    for c in body.chars() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '>' if !['-', '='].contains(&before) => depth -= 1,
            _ => {}
        }
        before = c;
        if depth < 0 {
            break;
        }
        let ends = depth == 0
            && (if is_enum {
                c == ','
            } else {
                c == ';' || c == '}'
            });
        match ends {
            true if c == '}' => parts.push(std::mem::take(&mut part) + "}"),
            true => parts.push(std::mem::take(&mut part)),
            false => part.push(c),
        }
    }
    parts.push(part);
    parts.into_iter().filter_map(move |part| {
        let is_line = |line: &&str| !line.is_empty() && !line.starts_with("//");
        let lines: Vec<&str> = part.lines().map(str::trim).filter(is_line).collect();
        if lines.contains(&"#[doc(hidden)]") {
            return None;
        }
        let lines = lines.into_iter().filter(|line| !line.starts_with('#'));
        let part = on_one_line(&lines.collect::<Vec<_>>().join(" "));
        let part = match part.split_once(" {") {
            Some((method, _)) if !is_enum => format!("{method} {{ .. }}"),
            _ => part,
        };
        (!part.is_empty()).then_some(part)
    })
}

fn on_one_line(signature: &str) -> String {
    let signature = signature.split_whitespace().collect::<Vec<_>>().join(" ");
    signature
        .replace("( ", "(")
        .replace(", )", ")")
        .replace(", }", " }")
        .replace("< ", "<")
}

/// The type that an `impl` is for.
fn named(head: &str) -> String {
    let head = head.split(" for ").last().unwrap();
    let mut depth = 0;
    let outer = head.trim_start_matches(|c| {
        depth += i32::from(c == '<') - i32::from(c == '>');
        depth > 0 || c == '>' || c == ' '
    });
    outer.split(['<', ' ', '{']).next().unwrap().to_owned()
}
