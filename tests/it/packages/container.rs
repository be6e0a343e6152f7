//! The container's file, without a container: that what it says of the program is so, and that all is copied that a build needs.

use std::fs;
use std::path::Path;

use super::{folder, printed, said};

const FILE: &str = include_str!("../../../src/packages/Dockerfile");
const COPIED: &str = include_str!("../../../src/packages/Dockerfile.dockerignore");

/// What stands behind an instruction, of all lines that begin so.
fn instructions(name: &'static str) -> impl Iterator<Item = &'static str> {
    let lines = FILE.lines().map(str::trim);
    lines.filter_map(move |line| line.strip_prefix(name)?.strip_prefix(' '))
}

/// Fails if the image sets a variable that is no setting, runs as root, or asks for its health by a command that there is not.
#[test]
fn what_the_image_says_of_the_program_is_so() {
    let known = printed(&["config", "env"]);
    let mut set = 0;
    for (name, value) in instructions("ENV").filter_map(|line| line.split_once('=')) {
        let begin = format!("{name}=");
        assert!(known.lines().any(|line| line.starts_with(&begin)), "{name}");
        let checked = said(&["check"], &[(name, value)]);
        assert!(checked.status.success(), "{checked:?}");
        set += 1;
    }
    assert!(set > 0);
    let user = instructions("USER").last().unwrap();
    assert!(
        user.split(':').all(|id| id.parse::<u32>().unwrap() > 0),
        "{user}"
    );
    let health = instructions("HEALTHCHECK").next().unwrap();
    let (_, words) = health.split_once("CMD ").unwrap();
    let words: Vec<String> = serde_json::from_str(words).unwrap();
    let entry: Vec<String> =
        serde_json::from_str(instructions("ENTRYPOINT").next().unwrap()).unwrap();
    assert_eq!(words[0], entry[0]);
    let manual = said(&[&words[1], "--help"], &[]);
    assert!(manual.status.success(), "{manual:?}");
}

/// Fails if the image's own variables come before the file of whoever runs it, or nobody reaches it without one.
#[test]
fn the_image_listens_where_a_file_says_and_else_everywhere() {
    let file = folder("container-settings").join("dondo.toml");
    let variables: Vec<_> = instructions("ENV")
        .filter_map(|line| line.split_once('='))
        .chain([("DONDO_CONFIG", file.to_str().unwrap())])
        .collect();
    let listens = |text: &str| {
        fs::write(&file, text).unwrap();
        let shown = said(&["config", "show"], &variables);
        assert!(shown.status.success(), "{shown:?}");
        let shown = String::from_utf8(shown.stdout).unwrap();
        let mut lines = shown
            .lines()
            .filter_map(|line| line.strip_prefix("listen = "));
        let (value, place) = lines.next().unwrap().split_once(" # ").unwrap();
        (value.to_owned(), place.to_owned())
    };
    let (everywhere, place) = listens("");
    assert_eq!(everywhere, r#"["0.0.0.0:11000", "[::]:11000"]"#);
    assert_eq!(place, "as DONDO_CONTAINER=on implies");
    let (written, _) = listens("listen = \"0.0.0.0:80\"\n");
    assert_eq!(written, r#""0.0.0.0:80""#);
}

/// Fails if a file that Cargo.toml names, or that cargo finds by itself, is not copied: then the image is not built.
#[test]
fn all_that_the_manifest_names_is_copied() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copied: Vec<_> = COPIED
        .lines()
        .filter_map(|line| line.strip_prefix('!'))
        .collect();
    for path in &copied {
        assert!(top.join(path).exists(), "{path}");
    }
    let manifest = fs::read_to_string(top.join("Cargo.toml")).unwrap();
    let (_, manifest) = manifest.split_once("\n[package]\n").unwrap();
    let paths = manifest.lines().filter_map(|line| {
        let (_, rest) = line.split_once("path = \"")?;
        rest.split('"').next()
    });
    let tests = manifest.split("[[test]]\nname = \"").skip(1);
    let tests = tests.map(|rest| format!("tests/{}.rs", rest.split('"').next().unwrap()));
    let named: Vec<_> = paths.map(str::to_owned).chain(tests).collect();
    assert!(named.len() > 5, "{named:?}");
    for path in named {
        let is_copied = copied.iter().any(|copied| {
            let rest = path.strip_prefix(copied);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        assert!(is_copied, "{path}");
    }
}
