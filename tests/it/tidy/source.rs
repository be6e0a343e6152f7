//! The sources as the tests beside this file read them.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file: its path from the repository's top, its text, and the text without tests and comments.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
    pub(super) code: String,
}

impl Source {
    /// A file that only tests are in may use whatever it takes to test.
    pub(super) fn is_test(&self) -> bool {
        let path = &self.path;
        path.contains("/tests/") || path.ends_with("/tests.rs")
    }
}

pub(super) fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn read(path: impl AsRef<Path>) -> String {
    let path = top().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(super) fn sources(folder: &str) -> impl Iterator<Item = Source> {
    let mut files = Vec::new();
    collect(&top().join(folder), &mut files);
    files.sort();
    assert!(!files.is_empty(), "no source in {folder}");
    files.into_iter().map(|path| source(&path))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
    {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["node_modules", ".venv", "target"].contains(&name.as_str()) {
            collect(&path, files);
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
}

pub(super) fn source(path: &Path) -> Source {
    let text = read(path);
    let code = without_tests(&text)
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let path = path
        .strip_prefix(top())
        .unwrap_or(path)
        .display()
        .to_string();
    Source { path, text, code }
}

/// The lines of a text but for its test modules, wherever in it they stand.
fn without_tests(text: &str) -> impl Iterator<Item = &str> {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        while lines.peek() == Some(&"#[cfg(test)]") {
            let gate = lines.next();
            if !lines.peek().is_some_and(|line| is_module(line)) {
                return gate;
            }
            let head = lines.next().unwrap_or_default();
            if !head.ends_with(';') {
                lines.by_ref().find(|line| *line == "}");
            }
        }
        lines.next()
    })
}

fn is_module(line: &str) -> bool {
    let seen = ["", "pub ", "pub(crate) ", "pub(super) "];
    seen.into_iter().any(|seen| {
        line.strip_prefix(seen)
            .is_some_and(|line| line.starts_with("mod "))
    })
}

/// Fails if what stands behind a test module, or behind something else that only tests have, is not read.
#[test]
fn of_a_source_all_is_read_but_its_test_modules() {
    let text = "a\n#[cfg(test)]\nmod tests;\nb\n#[cfg(test)]\npub(crate) mod tests {\n    x {\n    }\n}\nc\n\
        #[cfg(test)]\nuse d;\n    #[cfg(test)]\n    e\n#[cfg(test)]\nmod last {\n}\n";
    let read: Vec<_> = without_tests(text).collect();
    let kept = [
        "a",
        "b",
        "c",
        "#[cfg(test)]",
        "use d;",
        "    #[cfg(test)]",
        "    e",
    ];
    assert_eq!(read, kept);
}
