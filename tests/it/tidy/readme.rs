//! What README tells a reader to copy is what is built here.

use super::source::read;

/// A test that does not compile, or fails where it is copied.
#[test]
fn the_test_in_readme_is_one_that_is_run() {
    let test = read("tests/socketless.rs");
    assert_eq!(block("A test of it", "rust"), test);
}

/// The first block of a language in a section of README.
fn block(heading: &str, language: &str) -> String {
    let text = read("README.md");
    let (_, section) = text.split_once(&format!("## {heading}\n")).expect(heading);
    let (_, block) = section
        .split_once(&format!("```{language}\n"))
        .expect(heading);
    block.split("```").next().unwrap().to_owned()
}

#[test]
fn the_program_in_readme_is_the_example_that_is_built() {
    let example = read("examples/mount.rs");
    assert_eq!(block("In your own application", "rust"), example);
}

#[test]
fn an_application_that_takes_readmes_dependencies_has_the_actix_web_of_the_hub() {
    let manifest = read("Cargo.toml");
    let version = |text: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with("actix-web = "))
            .unwrap()
            .to_owned();
        line.split('"').nth(1).unwrap().to_owned()
    };
    assert_eq!(
        version(&block("In your own application", "toml")),
        version(&manifest)
    );
}
