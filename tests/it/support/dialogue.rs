//! A stock client as a child process that reads commands and writes answers and events, a line of JSON each.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Application, PATIENCE, QUIET};

/// What is said with it; ends with the value.
pub struct Dialogue {
    script: Application,
    events: VecDeque<(String, Vec<Value>)>,
    answers: VecDeque<Value>,
    count: u64,
}

impl Dialogue {
    pub fn new(script: Application) -> Self {
        Self {
            script,
            events: VecDeque::new(),
            answers: VecDeque::new(),
            count: 0,
        }
    }

    /// Gives a command and does not wait for its answer.
    pub fn command(&mut self, verb: &str, args: &[Value]) -> u64 {
        self.count += 1;
        let mut line = vec![json!(self.count), json!(verb)];
        line.extend_from_slice(args);
        self.script.say(&Value::Array(line).to_string());
        self.count
    }

    /// Waits for the answer to a command: its value, or the error.
    pub fn answer(&mut self, number: u64) -> Result<Value, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let is_it = |answer: &Value| answer["answer"] == number;
            if let Some(at) = self.answers.iter().position(is_it) {
                let mut answer = self.answers.remove(at).unwrap();
                return match answer["error"].as_str() {
                    Some(error) => Err(error.to_owned()),
                    None => Ok(answer["value"].take()),
                };
            }
            if !self.read(deadline) {
                let events = &self.events;
                self.script.fail(&format!(
                    "does not answer its command {number}; events: {events:?}"
                ));
            }
        }
    }

    /// Gives a command and waits for its answer.
    pub fn ask(&mut self, verb: &str, args: &[Value]) -> Result<Value, String> {
        let number = self.command(verb, args);
        self.answer(number)
    }

    /// The next event of this name; others stay for later. Those with a `$` are the client library's own.
    pub fn event(&mut self, name: &str) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.events.iter().position(|(event, _)| event == name) {
                return self.events.remove(at).unwrap().1;
            }
            if !self.read(deadline) {
                let events = &self.events;
                self.script
                    .fail(&format!("has no {name}; there are {events:?}"));
            }
        }
    }

    /// Everything that has arrived before the last answer.
    pub fn arrived(&mut self) -> Vec<(String, Vec<Value>)> {
        self.events.drain(..).collect()
    }

    /// Everything that has arrived and arrives until nothing has for a while.
    pub fn drain(&mut self) -> Vec<(String, Vec<Value>)> {
        while self.read(Instant::now() + QUIET) {}
        self.arrived()
    }

    fn read(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = self.script.line_within(left.max(Duration::from_millis(1)));
        let Some(line) = line else {
            return false;
        };
        let mut line: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        if line["answer"].is_u64() {
            self.answers.push_back(line);
        } else {
            let name = line["event"].as_str().unwrap().to_owned();
            let Value::Array(args) = line["args"].take() else {
                panic!("{line}");
            };
            self.events.push_back((name, args));
        }
        true
    }
}
