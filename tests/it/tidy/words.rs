//! One word, one meaning: no type of a crate has the name of another, and names that gave way to the field's do not come back.

use std::collections::BTreeMap;

use super::source::sources;

/// Definitions that have a better name now. What is not here and was renamed, too, has another meaning today.
const GONE: [&str; 75] = [
    "Adopt",
    "Aim",
    "Announce",
    "Ask",
    "Cord",
    "CourierSays",
    "Enter",
    "Entry",
    "Form",
    "FormId",
    "Gone",
    "Hands",
    "Hangup",
    "Happening",
    "Heard",
    "Herald",
    "Judged",
    "Kept",
    "Kit",
    "Landing",
    "Ledger",
    "MirrorSeat",
    "Numbers",
    "Of",
    "Op",
    "Opening",
    "Outcome",
    "Pace",
    "Part",
    "Plan",
    "Post",
    "Purpose",
    "PutOut",
    "RoomFact",
    "RoomSays",
    "Safeguard",
    "Script",
    "Seat",
    "Secrets",
    "Served",
    "SitDown",
    "Slot",
    "Space",
    "StandUp",
    "Tag",
    "Tags",
    "Tenancy",
    "Tenant",
    "Tenure",
    "Terms",
    "To",
    "Unreadable",
    "UpPost",
    "Upper",
    "Visit",
    "WeakPost",
    "Whereabouts",
    "Which",
    "Wire",
    "Wish",
    "Wishes",
    "breathe",
    "farewell",
    "given_up",
    "hand_over",
    "herald",
    "lapses",
    "may_notify",
    "owe",
    "placement",
    "pump",
    "rooms_lost",
    "stands",
    "strike",
    "whisper",
];

const TYPES: [&str; 4] = ["struct", "enum", "trait", "type"];

/// The names that a text defines, each with the keyword before it: types at the left edge of a line, functions anywhere.
fn definitions(code: &str) -> impl Iterator<Item = (&str, &str)> {
    code.lines().filter_map(|line| {
        let inner = line.starts_with(' ');
        let line = line.trim_start();
        let line = match line.strip_prefix("pub") {
            Some(rest) => rest.trim_start_matches(|c| c != ' ').trim_start(),
            None => line,
        };
        let line = line.strip_prefix("async ").unwrap_or(line);
        let (keyword, rest) = line.split_once(' ')?;
        let known = keyword == "fn" || TYPES.contains(&keyword) && !inner;
        let name = rest
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()?;
        known.then_some((keyword, name))
    })
}

#[test]
fn no_type_of_a_crate_has_the_name_of_another() {
    for folder in ["actors/src", "src"] {
        let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let files = sources(folder).filter(|source| !source.is_test());
        for source in files.filter(|source| !source.path.starts_with("actors/src/testing/")) {
            for (keyword, name) in definitions(&source.code) {
                if keyword != "fn" {
                    let of_name = places.entry(name.to_owned()).or_default();
                    of_name.push(source.path.clone());
                }
            }
        }
        assert!(places.len() > 100, "they were not read: {places:?}");
        places.retain(|_, paths| paths.len() > 1);
        assert!(places.is_empty(), "in {folder}: {places:#?}");
    }
}

#[test]
fn no_name_that_gave_way_is_defined_again() {
    for folder in ["actors/src", "src"] {
        for source in sources(folder) {
            let again = definitions(&source.code).find(|(_, name)| GONE.contains(name));
            assert!(again.is_none(), "{}: {again:?}", source.path);
        }
    }
}

#[test]
fn a_definition_is_seen_however_visible_it_is() {
    let code = "pub(crate) struct A(u8);\nenum B<T> {\n    pub async fn c() {}\n    type D = u8;\npub type E = u8;\nlet f;";
    let found: Vec<_> = definitions(code).map(|(_, name)| name).collect();
    assert_eq!(found, ["A", "B", "c", "E"]);
}
