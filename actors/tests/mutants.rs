//! The simulation finds what it is for: the core is copied, single safeguards are taken out of the copy, and the simulation of
//! the copy must fail, by the fault that the safeguard is against. Nothing of this is in the core itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Within so many seeds a missing safeguard must be found.
const FOUND_WITHIN: &str = "200";

struct Mutant {
    name: &'static str,
    file: &'static str,
    /// Stands there once.
    safeguard: &'static str,
    /// Stands in its place; `mutant("name")` is whether it is the one that is played.
    without: &'static str,
    /// What the simulation says.
    found: &'static str,
}

const MUTANTS: [Mutant; 8] = [
    Mutant {
        name: "guard",
        file: "guard.rs",
        safeguard: "match catch_unwind(AssertUnwindSafe(|| run(actor, ctx))) {",
        without: r#"let caught = match crate::mutant("guard") {
            true => Ok(run(actor, ctx)),
            false => catch_unwind(AssertUnwindSafe(|| run(actor, ctx))),
        };
        match caught {"#,
        found: "and was dropped, though it is no poison",
    },
    Mutant {
        name: "joins are in the log before they are applied",
        file: "room/commits.rs",
        safeguard: "ends.extend_from_slice(self.links.under_way.ends());",
        without: r#"if crate::mutant("joins are in the log before they are applied") {
            let joins = events.iter().filter(|event| matches!(event, RoomEvent::Joined(_)));
            joins.for_each(|event| drop(self.state.apply(event)));
        }
        ends.extend_from_slice(self.links.under_way.ends());"#,
        found: "no courier mirrors",
    },
    Mutant {
        name: "each member once",
        file: "courier/selections.rs",
        safeguard: "let mut seen = excluded;
                let of_rooms = rooms.iter();
                let of_rooms =
                    of_rooms.flat_map(|key| self.seated(namespace, key, &selected.under));
                let of_accounts = self.logged_in(namespace, &selected.accounts);
                for served in of_rooms.chain(of_accounts) {
                    if seen.insert(served.local_id) {",
        without: r#"let kept_out = excluded.clone();
                let mut seen = excluded;
                let of_rooms = rooms.iter();
                let of_rooms =
                    of_rooms.flat_map(|key| self.seated(namespace, key, &selected.under));
                let of_accounts = self.logged_in(namespace, &selected.accounts);
                for served in of_rooms.chain(of_accounts) {
                    let is_again = crate::mutant("each member once") && !kept_out.contains(&served.local_id);
                    if seen.insert(served.local_id) || is_again {"#,
        found: "came twice",
    },
    Mutant {
        name: "credit",
        file: "flow/window.rs",
        safeguard: "let cost = self.within(cost);
        if let Ok(room)",
        without: r#"let cost = self.within(cost);
        if crate::mutant("credit") {
            return Some(self.permit(cost, Pool::Free));
        }
        if let Ok(room)"#,
        found: "undigested",
    },
    Mutant {
        name: "order of targets",
        file: "session/member/queue.rs",
        safeguard: "|| changes {",
        without: r#"|| (changes && !crate::mutant("order of targets")) {"#,
        found: "overtook",
    },
    Mutant {
        name: "capacity",
        file: "state/room.rs",
        safeguard: "&& self.roster.matching(address) >= capacity",
        without: r#"&& self.roster.matching(address) >= capacity
                && !crate::mutant("capacity")"#,
        found: "is one too many",
    },
    Mutant {
        name: "closed addresses",
        file: "state/room/policy.rs",
        safeguard: "false => policy.admits(joined, has_token),",
        without: r#"false if crate::mutant("closed addresses") => Ok(()),
            false => policy.admits(joined, has_token),"#,
        found: "which is closed to it",
    },
    Mutant {
        name: "a letter's audience",
        file: "room/letters.rs",
        safeguard: "let place = (!said.echo).then(|| self.local.place(&said.from))?;",
        without: r#"let hears = said.echo || crate::mutant("a letter's audience");
        let place = (!hears).then(|| self.local.place(&said.from))?;"#,
        found: "was due",
    },
];

const SWITCH: &str = r#"
#[cfg(test)]
pub(crate) fn mutant(name: &str) -> bool {
    static PLAYED: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var("DONDO_MUTANT").ok());
    PLAYED.as_deref() == Some(name)
}
#[cfg(not(test))]
pub(crate) fn mutant(_: &str) -> bool {
    false
}
"#;

#[test]
fn without_a_safeguard_the_simulation_finds_what_it_is_against_within_200_seeds() {
    let copy = Copy::new();
    let whole = copy.simulate("none");
    assert!(whole.status.success(), "without a mutant: {}", said(&whole));
    for mutant in MUTANTS {
        let played = copy.simulate(mutant.name);
        let said = said(&played);
        assert!(
            !played.status.success() && said.contains(mutant.found),
            "nobody misses {:?}: no fault with {:?} in {FOUND_WITHIN} seeds: {said}",
            mutant.name,
            mutant.found
        );
    }
}

fn said(output: &Output) -> String {
    let both = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    both.concat()
}

/// The core with all mutants, each behind its switch.
struct Copy(PathBuf);

impl Copy {
    fn new() -> Self {
        let core = Path::new(env!("CARGO_MANIFEST_DIR"));
        let top = core.parent().unwrap();
        let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
        let sources = copy.join("actors/src");
        let _ = fs::remove_dir_all(&sources);
        copy_folder(&core.join("src"), &sources);
        fs::copy(core.join("Cargo.toml"), copy.join("actors/Cargo.toml")).unwrap();
        fs::copy(top.join("Cargo.lock"), copy.join("Cargo.lock")).unwrap();
        // Of the workspace all but the package at its top, and of its members the core alone.
        let workspace = fs::read_to_string(top.join("Cargo.toml")).unwrap();
        let (workspace, _) = workspace.split_once("\n[package]").unwrap();
        let members = |line: &str| match line.starts_with("members = ") {
            true => "members = [\"actors\"]\n".to_owned(),
            false => format!("{line}\n"),
        };
        let workspace: String = workspace.lines().map(members).collect();
        fs::write(copy.join("Cargo.toml"), workspace).unwrap();
        for mutant in MUTANTS {
            let file = sources.join(mutant.file);
            let text = fs::read_to_string(&file).unwrap();
            assert_eq!(
                text.matches(mutant.safeguard).count(),
                1,
                "{} has not one {:?}: where is that safeguard now?",
                mutant.file,
                mutant.safeguard
            );
            fs::write(file, text.replace(mutant.safeguard, mutant.without)).unwrap();
        }
        let lib = sources.join("lib.rs");
        let text = fs::read_to_string(&lib).unwrap();
        fs::write(lib, text + SWITCH).unwrap();
        Self(copy)
    }

    fn simulate(&self, mutant: &str) -> Output {
        Command::new(env!("CARGO"))
            .current_dir(&self.0)
            .args(["test", "--offline", "--quiet", "--lib", "every_seed"])
            .env("CARGO_TARGET_DIR", self.0.join("target"))
            .env("DONDO_MUTANT", mutant)
            .env("DONDO_SEEDS", FOUND_WITHIN)
            .env("RUST_BACKTRACE", "0")
            .output()
            .unwrap()
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}
