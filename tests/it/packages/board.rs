//! The board for Grafana beside the metrics of a hub: it asks for nothing that is not there.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Client, Hub, http};

const BOARD: &str = include_str!("../../../src/packages/grafana.json");

fn board() -> Value {
    serde_json::from_str(BOARD).unwrap()
}

/// The panels that show something; rows are only lines between them.
fn panels(board: &Value) -> Vec<&Value> {
    let all = board["panels"].as_array().unwrap();
    all.iter().filter(|panel| panel["type"] != "row").collect()
}

fn expressions(board: &Value) -> Vec<&str> {
    let panels = panels(board).into_iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    targets
        .map(|target| target["expr"].as_str().unwrap())
        .collect()
}

/// Words of an expression or a sample: names of families and labels.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let letters = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    letters.filter(|word| !word.is_empty())
}

/// Fails if the board asks for a family or a label that a hub does not have, which would show as an empty panel.
#[test]
fn the_board_asks_for_families_and_labels_that_a_hub_has() {
    let hub = Hub::start();
    // The first session starts the courier of its worker, which has samples then.
    let _client = Client::connect(&hub);
    hub.wait_for_some("dondo_sessions_alive");
    let scrape = http::get_at(hub.operators(), "/metrics").text();
    let samples = scrape.lines().filter(|line| !line.starts_with('#'));
    let mut families = BTreeSet::new();
    // Prometheus has these of each that it asks.
    let mut labels = BTreeSet::from(["instance", "job"]);
    for sample in samples {
        let (name, rest) = sample.split_once(['{', ' ']).unwrap();
        families.insert(name);
        let keys = rest.split('=').filter(|_| sample.contains('{'));
        labels.extend(keys.filter_map(|part| words(part).last()));
    }
    let board = board();
    let named: BTreeSet<_> = expressions(&board).into_iter().flat_map(words).collect();
    let asked: BTreeSet<_> = named
        .into_iter()
        .filter(|word| word.starts_with("dondo_"))
        .collect();
    let missing: Vec<_> = asked.difference(&families).collect();
    assert!(missing.is_empty(), "{missing:?} in {scrape}");
    let unseen: Vec<_> = families.difference(&asked).collect();
    assert!(unseen.is_empty(), "nobody sees {unseen:?}");
    for expression in expressions(&board) {
        for by in expression.split("by (").skip(1) {
            let by = by.split(')').next().unwrap();
            for label in words(by) {
                assert!(labels.contains(label), "{label} in {expression}");
            }
        }
    }
}

/// Fails if a panel shows what a linter of boards finds: a data source of one machine's own, all hubs in place of those that are
/// chosen, a counter that only grows, a window that is shorter than what Prometheus asks in, no unit, no words, or two at one place; or if a click changes it for all.
#[test]
fn the_board_is_one_that_a_linter_lets_pass() {
    let board = board();
    assert_eq!(board["editable"], false);
    let variables: Vec<_> = board["templating"]["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variable| (&variable["name"], &variable["type"]))
        .collect();
    assert_eq!(
        serde_json::to_value(variables).unwrap(),
        serde_json::json!([
            ["datasource", "datasource"],
            ["job", "query"],
            ["instance", "query"]
        ])
    );
    let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels(&board) {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}");
        assert!(
            panel["description"]
                .as_str()
                .is_some_and(|words| words.len() > 20),
            "{title}"
        );
        assert!(
            panel["fieldConfig"]["defaults"]["unit"].is_string(),
            "{title}"
        );
        let at = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{title}");
        for cell in (at("x")..at("x") + at("w"))
            .flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y)))
        {
            assert!(cells.insert(cell), "{title} stands on another");
        }
        for source in panel["targets"].as_array().unwrap().iter().chain([panel]) {
            assert_eq!(source["datasource"]["uid"], "${datasource}", "{title}");
        }
        for target in panel["targets"].as_array().unwrap() {
            assert!(
                target["legendFormat"]
                    .as_str()
                    .is_some_and(|words| !words.is_empty())
            );
        }
    }
    let chosen = r#"{job=~"$job", instance=~"$instance"}"#;
    for expression in expressions(&board) {
        let asked = words(expression).filter(|word| word.starts_with("dondo_") || *word == "up");
        assert_eq!(
            expression.matches(chosen).count(),
            asked.count(),
            "{expression}"
        );
        let balance =
            |open, close| expression.matches(open).count() == expression.matches(close).count();
        assert!(
            balance('(', ')') && balance('{', '}') && balance('[', ']'),
            "{expression}"
        );
        for counter in words(expression).filter(|word| word.ends_with("_total")) {
            let rates = [
                format!("rate({counter}{chosen}[$__rate_interval])"),
                format!("increase({counter}{chosen}[1h])"),
            ];
            assert!(
                rates.iter().any(|rate| expression.contains(rate)),
                "{expression}"
            );
        }
    }
}
