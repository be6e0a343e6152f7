//! What code and tests cite stands in `src/docs`, under the number that they give.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Folders whose texts cite.
const CITING: [&str; 6] = [
    "src",
    "actors/src",
    "actors/tests",
    "tests/it",
    "examples",
    "benches",
];

#[test]
fn every_section_of_the_contract_that_is_cited_is_there() {
    check("contract", "contract.md");
}

#[test]
fn every_section_of_the_wire_reference_that_is_cited_is_there() {
    check("wire reference", "wire.md");
}

#[test]
fn every_decision_that_is_cited_is_there() {
    let folder = fs::read_dir(top().join("src/docs/decisions")).unwrap();
    let decided: BTreeSet<u32> = folder
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .map(|name| name.split('-').next().unwrap().parse().unwrap())
        .collect();
    let mut cited = 0;
    for (path, text) in texts() {
        for number in numbers_behind(&text, "ecision ") {
            let there = number.parse().is_ok_and(|number| decided.contains(&number));
            assert!(there, "{path} cites decision {number}");
            cited += 1;
        }
    }
    assert!(cited > 0, "no decision is cited");
}

#[test]
fn every_file_that_a_page_names_is_there() {
    let folder = top().join("src/docs");
    for page in fs::read_dir(&folder).unwrap() {
        let page = page.unwrap().path();
        if page.is_dir() {
            continue;
        }
        let text = fs::read_to_string(&page).unwrap();
        for named in text.split('`').skip(1).step_by(2) {
            if named.contains('/') && (named.ends_with(".rs") || named.ends_with(".md")) {
                let there = top().join(named).is_file() || folder.join(named).is_file();
                assert!(there, "{} names {named}", page.display());
            }
        }
    }
}

fn check(word: &str, page: &str) {
    let sections = sections(&fs::read_to_string(top().join("src/docs").join(page)).unwrap());
    let mut cited = 0;
    for (path, text) in texts() {
        for number in numbers_behind(&text, &format!("{word} ")) {
            assert!(
                sections.contains(&number),
                "{path} cites {word} {number}, which {page} does not have"
            );
            cited += 1;
        }
    }
    assert!(cited > 0, "nothing cites the {word}");
}

/// `3` and `3.1` of headings, and `1.6` of the sixth point of a numbered list below `## 1.`.
fn sections(page: &str) -> BTreeSet<String> {
    let (mut all, mut part) = (BTreeSet::new(), String::new());
    for line in page.lines() {
        let number = |rest: &str| -> String {
            let digits = |c: &char| c.is_ascii_digit() || *c == '.';
            let number: String = rest.chars().take_while(digits).collect();
            number.trim_end_matches('.').to_owned()
        };
        if let Some(rest) = line.strip_prefix("## ") {
            part = number(rest);
            all.insert(part.clone());
        } else if let Some(rest) = line.strip_prefix("### ") {
            all.insert(number(rest));
        } else if line.starts_with(|first: char| first.is_ascii_digit()) && line.contains(". ") {
            all.insert(format!("{part}.{}", number(line)));
        }
    }
    all
}

/// The numbers behind a word: one, or several after commas or `to`.
fn numbers_behind(text: &str, word: &str) -> Vec<String> {
    // A citation may be broken over two lines of a comment.
    let text = text.replace("\n//! ", " ").replace("\n/// ", " ");
    let mut found = Vec::new();
    for (at, _) in text.match_indices(word) {
        let mut rest = &text[at + word.len()..];
        loop {
            let length = rest
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(rest.len());
            let number = rest[..length].trim_end_matches('.');
            if number.is_empty() {
                break;
            }
            found.push(number.to_owned());
            rest = &rest[number.len()..];
            let Some(more) = rest
                .strip_prefix(", ")
                .or_else(|| rest.strip_prefix(" to "))
            else {
                break;
            };
            rest = more;
        }
    }
    found
}

fn texts() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for folder in CITING {
        collect(&top().join(folder), &mut all);
    }
    all
}

fn collect(folder: &Path, all: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["node_modules", "target"].contains(&&*name) {
            collect(&path, all);
        } else if name.ends_with(".rs") || name.ends_with(".md") {
            all.push((
                path.display().to_string(),
                fs::read_to_string(&path).unwrap(),
            ));
        }
    }
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn lists_and_ranges_of_numbers_are_read_whole() {
    let text = "(paper 2.1, 3 to 4.2). paper 9";
    assert_eq!(numbers_behind(text, "paper "), ["2.1", "3", "4.2", "9"]);
    let page = "## 1. One\n\n1. first\n13. last\n\n### 1.x\n## 2 Two\n### 2.1 Sub\n";
    let sections = sections(page);
    for number in ["1", "1.1", "1.13", "2", "2.1"] {
        assert!(sections.contains(number), "{number} of {sections:?}");
    }
}
