//! What is left behind by hand: the repository has text, and what its tests need.

use std::fs;
use std::path::{Path, PathBuf};

use super::source::top;

/// What others fill, and git passes over.
const APART: [&str; 6] = [
    "target",
    "node_modules",
    ".venv",
    ".git",
    ".cache",
    "results",
];
const PICTURES: [&str; 6] = ["png", "jpg", "jpeg", "gif", "webp", "ico"];

/// Fails if a screenshot that somebody made while looking at a page stays where it was made.
#[test]
fn there_are_no_pictures() {
    let mut found = Vec::new();
    collect(top(), &mut found);
    assert!(found.is_empty(), "{found:#?}");
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() {
            if !APART.contains(&&*name) {
                collect(&path, found);
            }
        } else if PICTURES
            .iter()
            .any(|end| name.ends_with(&format!(".{end}")))
        {
            found.push(path);
        }
    }
}
