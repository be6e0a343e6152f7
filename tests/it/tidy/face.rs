//! Who embeds dondo names one crate: nothing that it copies, reads or calls is of the core without being of the face.

use std::collections::BTreeSet;

use super::source::{Source, read, sources};

const CORE: &str = "dondo_actors";
#[test]
fn no_example_and_no_documentation_names_the_core() {
    let pages = [
        "README.md",
        "src/docs/events.md",
        "src/docs/contract.md",
        "src/docs/metrics.md",
    ];
    let examples = sources("examples").map(|source| (source.path.clone(), source.text.clone()));
    let comments = public().map(|source| {
        let text = source.text.clone();
        let lines = text.lines().map(str::trim_start);
        let lines = lines.filter(|line| line.starts_with("///") || line.starts_with("//!"));
        (source.path.clone(), lines.collect::<Vec<_>>().join("\n"))
    });
    let pages = pages.map(|page| (page.to_owned(), read(page)));
    for (path, text) in examples.chain(comments).chain(pages) {
        assert!(!text.contains(CORE), "{path} makes a reader name {CORE}");
    }
}

#[test]
fn no_public_signature_has_a_word_of_the_core_that_the_face_has_not() {
    let root = read("src/lib.rs");
    let face = imported(&root);
    assert!(face.contains("Handshake"), "{face:?}");
    for source in public() {
        let words = foreign(&source.code, &face);
        assert!(
            words.is_empty(),
            "{}: {words:?} in public signatures",
            source.path
        );
    }
}

/// The files of what the root re-exports, and the root.
pub(super) fn public() -> impl Iterator<Item = Source> {
    let face = [
        "lib",
        "io",
        "service",
        "server",
        "operators",
        "config",
        "testing",
        "keys",
        "tokens",
    ];
    sources("src").filter(move |source| {
        let below = source.path["src/".len()..].split(['/', '.']).next();
        !source.is_test() && below.is_some_and(|module| face.contains(&module))
    })
}

/// What a source has from the core, by the names that it has there.
fn imported(code: &str) -> BTreeSet<&str> {
    let uses = code.split("use dondo_actors::").skip(1);
    let uses = uses.flat_map(|rest| rest.split(';').next().unwrap().split([',', '{', '}']));
    let words = uses.filter_map(|word| {
        let name = word.trim().rsplit("::").next()?;
        name.split(" as ").last()
    });
    let is_name = |word: &&str| word.starts_with(char::is_uppercase);
    words.filter(is_name).collect()
}

/// Words of the core in signatures that others see, but for those of the face.
fn foreign(code: &str, face: &BTreeSet<&str>) -> BTreeSet<String> {
    let core = imported(code);
    let mut found = BTreeSet::new();
    let mut hidden = false;
    for line in code.lines() {
        let item = line.trim_start();
        if item.starts_with('#') {
            hidden |= item == "#[doc(hidden)]";
            continue;
        }
        let seen = item.starts_with("pub ") && !item.starts_with("pub use");
        if std::mem::take(&mut hidden) || !seen {
            continue;
        }
        let end = match item {
            item if item.ends_with("{}") => "{",
            item if item.starts_with("pub enum") || item.starts_with("pub trait") => "\n}",
            item if item.contains("fn ") => "{",
            // Its fields are its own, but for those that say otherwise.
            item if item.starts_with("pub struct") && !item.contains("(pub ") => continue,
            _ => "\n",
        };
        let rest = &code[line.as_ptr() as usize - code.as_ptr() as usize..];
        let signature = rest.split(end).next().unwrap();
        let words = signature.split(|c: char| !c.is_alphanumeric() && c != '_');
        let foreign = words.filter(|word| match *word {
            CORE => true,
            word => core.contains(word) && !face.contains(word),
        });
        found.extend(foreign.map(str::to_owned));
    }
    found
}

#[test]
fn a_word_of_the_core_in_a_signature_is_found() {
    let code = "use dondo_actors::{id::{MemberId, RoomKey}, session::Member};\n\
        pub(crate) fn inner(key: RoomKey) {\n}\n\
        #[doc(hidden)]\npub fn tests(key: RoomKey) {\n}\n\
        pub fn id(&self) -> &MemberId {\n    RoomKey::x()\n}\n";
    let face = BTreeSet::from(["MemberId"]);
    assert_eq!(foreign(code, &face), BTreeSet::new());
    assert_eq!(foreign(code, &BTreeSet::new()).len(), 1);
    // The face has another name for it.
    assert_eq!(foreign(code, &BTreeSet::from(["SocketId"])).len(), 1);
    let renamed = code.replace("id::{MemberId", "id::{MemberId as SocketId");
    let renamed = renamed.replace("&MemberId", "&SocketId");
    assert_eq!(foreign(&renamed, &BTreeSet::from(["SocketId"])).len(), 0);
    for item in [
        "pub fn long(\n    key: RoomKey,\n) {\n}\n",
        "pub enum Target {\n    Room(RoomKey),\n}\n",
        "pub struct Place {\n    pub room: RoomKey,\n}\n",
        "pub fn whole(key: dondo_actors::id::RoomKey) {\n}\n",
    ] {
        let code = format!("use dondo_actors::id::RoomKey;\n{item}");
        assert!(!foreign(&code, &face).is_empty(), "{item}");
    }
}

/// Fails if the docs of something that says an event know one of its errors alone: too much may wait, or nobody be there.
#[test]
fn whoever_says_something_reads_of_all_that_may_come_of_it() {
    let alone = "/// It cannot be made an event.\n";
    let pages = sources("src/io").filter(|source| source.text.contains(alone));
    let pages: Vec<_> = pages.map(|source| source.path).collect();
    // What a script says in place of something else is its call's, and waits for nobody.
    assert_eq!(pages, ["src/io/script/context.rs"]);
}
