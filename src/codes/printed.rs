//! The catalogue as text for people, as JSON for programs, and as the page of the documentation.

use serde::Serialize;

use super::{Carrier, CodeRow, all};

#[derive(Serialize)]
struct Catalogue {
    codes: Vec<&'static CodeRow>,
}

/// One object: `{ "codes": [{ "code", "carried", "cause", "settings", "remedy" }] }`.
pub(super) fn json() -> String {
    let catalogue = Catalogue {
        codes: all().collect(),
    };
    serde_json::to_string_pretty(&catalogue).unwrap_or_default() + "\n"
}

/// All of it, or one code of it.
pub(super) fn text(code: Option<&str>) -> Result<String, String> {
    let wanted = |row: &&CodeRow| code.is_none_or(|code| row.code == code);
    let found: String = all().filter(wanted).map(entry).collect();
    match (found.is_empty(), code) {
        (true, Some(code)) => Err(format!(
            "{code:?} is no code of dondo's; `dondo codes` lists all, and an application has its own"
        )),
        _ => Ok(found),
    }
}

fn entry(row: &CodeRow) -> String {
    let carried: Vec<_> = row.carried.iter().map(|one| one.told().0).collect();
    let mut text = format!(
        "{} ({})\n  cause:   {}\n",
        row.code,
        carried.join("; "),
        row.cause
    );
    if !row.settings.is_empty() {
        text += &format!("  setting: {}\n", row.settings.join(", "));
    }
    text + &format!("  remedy:  {}\n", row.remedy)
}

const HEAD: &str = "# Codes

Every refusal has one, and they are stable: programs may branch on them, while the sentence beside a code may change. This page is
what `dondo codes --markdown` prints; `dondo codes CODE` explains one, `dondo codes --json` is for programs. Errors of an
application's own, written in Rust, have its own codes.

Too much at once is no refusal: a client that sends faster than `limits.…-per-s` is read later, and nothing of it is lost.
";

/// A table for each way by which codes travel; one that has several stands in each of them.
pub(super) fn page() -> String {
    let mut page = HEAD.to_owned();
    for carrier in Carrier::ALL {
        let (name, place) = carrier.told();
        let place = place.to_owned();
        page += &format!("\n## By {name}\n\nIt stands in {place}.\n");
        page += "\n| code | cause | setting | remedy |\n|---|---|---|---|\n";
        for row in all().filter(|row| row.carried.contains(&carrier)) {
            let settings: Vec<_> = row.settings.iter().map(|one| format!("`{one}`")).collect();
            page += &format!(
                "| `{}` | {} | {} | {} |\n",
                row.code,
                row.cause,
                settings.join(", "),
                row.remedy
            );
        }
    }
    page
}
