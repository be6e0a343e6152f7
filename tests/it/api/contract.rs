//! The API is what `src/docs/openapi.json` says: each answer code of each route is called for and held against its schema,
//! and schemathesis makes up requests of its own.

use super::hub;
use crate::support::Application;

/// Fails if an answer is not what the contract says, or an answer that it tells of never comes.
#[test]
fn each_route_gives_each_answer_that_the_contract_has() {
    run("codes");
}

/// Fails if a request that somebody makes up from the contract is answered as it does not say.
#[test]
fn schemathesis_finds_nothing() {
    run("schemathesis");
}

fn run(what: &str) {
    let hub = hub();
    let url = format!("http://{}", hub.operators());
    let mut script = Application::python("api.py", &[&url, what]);
    script.say(&hub.url());
    let mut last = None;
    while let Some(line) = script.line() {
        last = Some(line);
    }
    assert_eq!(last.as_deref(), Some("ok"));
}
