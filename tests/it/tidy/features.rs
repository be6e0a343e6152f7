//! What is built with a feature of cargo, and without it.

use super::source::{read, sources};

/// What ships was not what was tested: a feature made clients' messages crash rooms (decision 11). Those that there are add
/// whole modules and change nothing. `types` and `program` are on where nobody says otherwise, and without them there is no program;
/// `testing` is off, and for tests of applications: it lets tokio's time be held, and the program is built without it.
#[test]
fn no_feature_changes_what_is_built() {
    for manifest in ["actors/Cargo.toml", "src/derive/Cargo.toml"] {
        let text = read(manifest);
        assert!(!text.contains("\n[features"), "{manifest}");
    }
    let manifest = read("Cargo.toml");
    let own = manifest.lines().find(|line| line.contains("path = \".\""));
    assert_eq!(own, None, "the crate depends on itself");
    let (_, table) = manifest.split_once("\n[features]\n").unwrap();
    let table = table.split("\n[").next().unwrap();
    let table = table.lines().take_while(|line| !line.is_empty());
    let features: Vec<_> = table.filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        features,
        [
            "default = [\"types\", \"program\"]",
            "types = [\"dep:schemars\"]",
            "program = [\"dep:clap_complete\", \"dep:clap_mangen\", \"dep:sd-notify\", \"dep:tikv-jemallocator\"]",
            "testing = [\"tokio/test-util\"]",
        ]
    );
    assert!(
        manifest.contains("path = \"src/main.rs\"\nrequired-features = [\"types\", \"program\"]")
    );
    for source in ["actors/src", "src"].into_iter().flat_map(sources) {
        let mut lines = source.code.lines().map(str::trim_start);
        while let Some(line) = lines.next() {
            let adds = |item: &str| {
                let seen = ["pub ", "pub(crate) "];
                let bare = seen.iter().find_map(|seen| item.strip_prefix(seen));
                let item = bare.unwrap_or(item);
                item.starts_with("mod ") || item.starts_with("use ")
            };
            let gates = [
                "#[cfg(feature = \"types\")]",
                "#[cfg(feature = \"program\")]",
                "#[cfg(any(test, feature = \"testing\"))]",
            ];
            let is_addition = gates.contains(&line) && lines.next().is_some_and(adds);
            assert!(
                is_addition || !line.contains("feature = "),
                "{} has more behind a feature than a module: {line}",
                source.path
            );
        }
    }
}
