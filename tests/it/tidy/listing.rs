//! All that an application can name, in one list (`tests/it/tidy/api.txt`), so that a change of it is seen where changes are read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::face::public;
use super::source::read;

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
            "Socket: pub fn join(&self, room: &str) -> Joining",
            "pub struct Data<T>(pub T)",
            "pub trait Extract<C>: Sized",
        ]
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
    let items: BTreeSet<String> = public()
        .filter(|source| !source.path.starts_with("src/config"))
        .flat_map(|source| of(&source.code, &face))
        .collect();
    items.into_iter().map(|item| item + "\n").collect()
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
            false => item.trim_end_matches(','),
        };
        let signature = signature.split_whitespace().collect::<Vec<_>>().join(" ");
        let signature = signature
            .replace("( ", "(")
            .replace(", )", ")")
            .replace("< ", "<");
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
        match top {
            true if face.contains(&*name) => found.insert(signature),
            false if face.contains(&*owner) => found.insert(format!("{owner}: {signature}")),
            _ => false,
        };
    }
    found
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
