//! What is public is read by somebody: a field that only travels promises what nobody keeps.

use std::collections::BTreeSet;

use super::source::{Source, sources};

#[test]
fn a_public_field_that_nobody_reads_is_no_field() {
    let shipped: Vec<Source> = ["actors/src", "src"]
        .into_iter()
        .flat_map(sources)
        .filter(|source| !source.is_test() && !source.path.contains("/testing"))
        .collect();
    let mut read = BTreeSet::new();
    for source in &shipped {
        // What the core hands out is written to clients by the layers around it: there, handing on is reading.
        let core = source.path.starts_with("actors/");
        let lines = source.code.lines();
        read.extend(lines.flat_map(|line| {
            accessed(line).filter(move |name| !core || !is_handed_on(line, name))
        }));
        read.extend(taken_apart(&source.code));
    }
    let mut unread = Vec::new();
    for source in &shipped {
        let fields = source.code.lines().filter_map(public_field);
        for field in fields.filter(|field| !read.contains(field)) {
            unread.push(format!("{}: {field}", source.path));
        }
    }
    assert!(unread.is_empty(), "read by nobody: {unread:#?}");
}

#[test]
fn a_field_that_is_handed_on_under_its_own_name_is_not_read() {
    let reads = |line: &'static str| {
        let names = accessed(line).filter(|name| !is_handed_on(line, name));
        names.collect::<Vec<_>>()
    };
    assert_eq!(reads("if draft.expires < now {"), ["expires"]);
    assert_eq!(reads("expires: self.expires,"), [""; 0]);
    assert_eq!(reads("offset: last.offset + 1,"), ["offset"]);
    assert_eq!(reads("self.expires();"), [""; 0]);
    let apart = |code: &'static str| taken_apart(code).collect::<Vec<_>>();
    assert_eq!(
        apart("let Draft { expires, class: c } = draft;"),
        ["expires", "class"]
    );
    assert_eq!(apart("Draft { expires }"), [""; 0]);
}

/// The name in `pub name: Type`.
fn public_field(line: &str) -> Option<&str> {
    let (name, _) = line.trim_start().strip_prefix("pub ")?.split_once(':')?;
    is_word(name).then_some(name)
}

/// What a line reads as `.name`.
fn accessed(line: &str) -> impl Iterator<Item = &str> {
    let after_dots = line.split('.').skip(1);
    after_dots.filter_map(|rest| {
        let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        (is_word(name) && !behind.starts_with('(')).then_some(name)
    })
}

/// Whether a line is `name: value.name,`.
fn is_handed_on(line: &str, name: &str) -> bool {
    let Some((to, value)) = line.trim().split_once(": ") else {
        return false;
    };
    let value = value.trim_end_matches(',').trim_end_matches(".clone()");
    to == name && value.ends_with(&format!(".{name}"))
}

/// The fields that patterns name: `Type { name, other: … }` before `=`, `=>`, `in` or the type of an argument.
fn taken_apart(code: &str) -> impl Iterator<Item = &str> {
    let patterns = code.split('{').skip(1).filter_map(|from| {
        let (inside, behind) = from.split_once('}')?;
        let behind = behind.trim_start_matches(|c: char| c == ')' || c.is_whitespace());
        let bound = behind.starts_with('=') && !behind.starts_with("==")
            || behind.starts_with(": ")
            || behind.starts_with("in ");
        bound.then_some(inside)
    });
    patterns.flat_map(|inside| {
        let fields = inside.split(',').map(str::trim_start);
        fields.filter_map(|field| {
            let end = field.find(|c| !is_of_word(c)).unwrap_or(field.len());
            is_word(&field[..end]).then_some(&field[..end])
        })
    })
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_of_word)
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
