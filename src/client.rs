//! The program's commands that ask a running hub over its HTTP API: `dondo pub` and its like; `dondo sub` hears it as its clients do.
//! Thin: what they say and what is wrong with it, the hub knows.

mod key_file;
mod silence;
mod sub;

use std::ffi::OsString;
use std::io::Read;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command};
use serde_json::{Map, Value, json};

use crate::asking::agent;

/// Where the API stands if nobody says otherwise: the operators' listener of a hub with its defaults.
const API: &str = "http://127.0.0.1:11001";
const API_VARIABLE: &str = "DONDO_API";
const KEY_VARIABLE: &str = "DONDO_KEY_FILE";
/// Variables of the environment that are these commands' own, and no settings.
pub(crate) const VARIABLES: [&str; 4] = [
    API_VARIABLE,
    KEY_VARIABLE,
    sub::VARIABLES[0],
    sub::VARIABLES[1],
];
/// How long a hub may take for an answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// An answer has no more bytes, nor a text to be said.
const BYTES_MAX: u64 = 64 << 20;

/// The commands, for the program's command line.
pub(crate) fn commands() -> [Command; 7] {
    let room = || {
        given(
            "room",
            "ROOM",
            "A room in place of the channel, or within it.",
        )
    };
    let channel = || given("channel", "CHANNEL", "The channel.");
    [
        asking(Command::new("pub").about("Says something in a channel or a room."))
            .arg(word("CHANNEL", "The channel; - for a room in none."))
            .arg(word(
                "TEXT",
                "What is said; - for what comes on standard input.",
            ))
            .args([
                room(),
                given("user", "NAME", "The name that is shown as the sender's."),
                namespace(),
            ]),
        sub::command(),
        asking(Command::new("channels").about("Lists channels, and how many are in each."))
            .arg(namespace()),
        asking(Command::new("rooms").about("Lists rooms, and how many are in each."))
            .arg(namespace()),
        asking(
            Command::new("members")
                .about("Lists who is connected, or who is in a channel or a room."),
        )
        .args([channel(), room(), namespace()]),
        asking(Command::new("kick").about("Sends a client out of a channel or a room."))
            .arg(word("MEMBER", "The client's id."))
            .args([
                channel(),
                room(),
                given("reason", "TEXT", "What the client is told."),
                namespace(),
            ]),
        asking(
            Command::new("ban")
                .about("Closes the connections of somebody, and lets none in until the ban ends."),
        )
        .args([
            given("account", "NAME", "All clients of an account."),
            given("address", "ADDR", "All clients of an address."),
            given("member", "ID", "The account or address of a client."),
            given(
                "for",
                "DURATION",
                "How long, like 15m or 7days; until the hub ends if it is not said.",
            ),
            given("reason", "TEXT", "What clients are told."),
        ]),
    ]
}

fn word(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .required(true)
        .allow_hyphen_values(true)
        .help(help)
}

fn given(flag: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(flag).long(flag).value_name(value).help(help)
}

fn namespace() -> Arg {
    given(
        "namespace",
        "NAMESPACE",
        "The namespace, if it is not the main one.",
    )
}

fn asking(command: Command) -> Command {
    command
        .arg(given(
            "api",
            "URL",
            "Where the hub's HTTP API stands, also DONDO_API [default: http://127.0.0.1:11001].",
        ))
        .arg(given(
            "key-file",
            "FILE",
            "A file with the secret of a key alone, or the hub's own file of keys, also DONDO_KEY_FILE.",
        ))
        .arg(given(
            "key",
            "NAME",
            "Which key, if that file has several.",
        ))
}

/// What one of these commands says, or why it was not done, if there is one on the command line. `variables` is the environment.
pub fn api_answered(
    flags: &ArgMatches,
    variables: &[(OsString, OsString)],
) -> Option<Result<String, String>> {
    let (command, flags) = flags.subcommand()?;
    if !commands().iter().any(|known| known.get_name() == command) {
        return None;
    }
    if command == "sub" {
        return Some(sub::followed(flags, variables));
    }
    let asked = ApiCommand::new(flags, variables);
    Some(asked.and_then(|asked| asked.carry_out(command)))
}

/// What a flag says, else a variable.
fn said_in(
    flags: &ArgMatches,
    variables: &[(OsString, OsString)],
    flag: &str,
    variable: &str,
) -> Option<String> {
    let of_environment = || {
        let (_, value) = variables.iter().find(|(name, _)| name == variable)?;
        value.to_str().map(str::to_owned)
    };
    let flag = flags.get_one::<String>(flag).cloned();
    flag.or_else(of_environment)
}

/// A command, and whom it asks.
struct ApiCommand<'a> {
    flags: &'a ArgMatches,
    agent: ureq::Agent,
    base: String,
    key: String,
}

impl<'a> ApiCommand<'a> {
    fn new(flags: &'a ArgMatches, variables: &[(OsString, OsString)]) -> Result<Self, String> {
        let value = |flag, variable| said_in(flags, variables, flag, variable);
        let base = value("api", API_VARIABLE).unwrap_or_else(|| API.to_owned());
        let file = value("key-file", KEY_VARIABLE)
            .ok_or("no key; name a file with the secret of one: --key-file or DONDO_KEY_FILE")?;
        let name = flags.get_one::<String>("key").map(String::as_str);
        let key = key_file::secret(&file, name)?;
        Ok(Self {
            flags,
            agent: agent(PATIENCE),
            base: format!("{}/api/v1", base.trim_end_matches('/')),
            key: format!("Bearer {key}"),
        })
    }

    fn carry_out(&self, command: &str) -> Result<String, String> {
        match command {
            "pub" => self.publish(),
            "channels" => self.listed("channels", "channels", None),
            "rooms" => self.listed("rooms", "rooms", None),
            "members" => match (self.flag("channel"), self.flag("room")) {
                (channel, Some(room)) => {
                    let path = format!("rooms/{}/members", in_path(room));
                    self.listed("members", &path, channel)
                }
                (Some(channel), None) => {
                    let path = format!("channels/{}/members", in_path(channel));
                    self.listed("members", &path, None)
                }
                (None, None) => self.listed("members", "members", None),
            },
            "kick" => {
                let mut body = self.fields(&["channel", "room", "reason", "namespace"]);
                body.insert("member".to_owned(), self.flag("MEMBER").into());
                self.post("kick", &body.into()).map(line)
            }
            _ => {
                let body = self.fields(&["account", "address", "member", "for", "reason"]);
                self.post("ban", &body.into()).map(line)
            }
        }
    }

    fn publish(&self) -> Result<String, String> {
        let channel = self.flag("CHANNEL").filter(|channel| *channel != "-");
        let text = match self.flag("TEXT") {
            Some("-") => {
                let mut text = String::new();
                let read = std::io::stdin().take(BYTES_MAX).read_to_string(&mut text);
                read.map_err(|error| format!("standard input cannot be read: {error}"))?;
                text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
            }
            text => text.unwrap_or_default().to_owned(),
        };
        let mut to = self.fields(&["room"]);
        if let Some(channel) = channel {
            to.insert("channel".to_owned(), channel.into());
        }
        let mut body = self.fields(&["namespace"]);
        body.insert("to".to_owned(), to.into());
        body.insert("message".to_owned(), text.into());
        if let Some(user) = self.flag("user") {
            body.insert("userName".to_owned(), user.into());
        }
        self.post("publish", &body.into()).map(line)
    }

    /// All pages of a list, an entry a line; of a room as it is within a channel.
    fn listed(&self, list: &str, path: &str, within: Option<&str>) -> Result<String, String> {
        let (mut said, mut after) = (String::new(), None::<String>);
        loop {
            let mut query = form_urlencoded::Serializer::new(String::new());
            if let Some(namespace) = self.flag("namespace") {
                query.append_pair("namespace", namespace);
            }
            if let Some(channel) = within {
                query.append_pair("channel", channel);
            }
            if let Some(after) = &after {
                query.append_pair("after", after);
            }
            let target = format!("{}/{path}?{}", self.base, query.finish());
            let request = self.agent.get(&target).header("Authorization", &self.key);
            let page = self.answer(request.call())?;
            for entry in page[list].as_array().into_iter().flatten() {
                said.push_str(&entry_line(entry));
            }
            match page["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => return Ok(said),
            }
        }
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let request = self.agent.post(&format!("{}/{path}", self.base));
        let request = request.header("Authorization", &self.key);
        let request = request.header("Content-Type", "application/json");
        self.answer(request.send(body.to_string()))
    }

    /// What the hub answered, or why it did not do it.
    fn answer(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Value, String> {
        let unasked = |error: ureq::Error| {
            format!(
                "{} does not answer: {error}; is it the hub's --admin-listen?",
                self.base
            )
        };
        let mut answer = answer.map_err(unasked)?;
        let status = answer.status();
        let text = answer
            .body_mut()
            .with_config()
            .limit(BYTES_MAX)
            .read_to_string();
        let text = text.map_err(unasked)?;
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        if status.is_success() && value.is_object() {
            return Ok(value);
        }
        let error = &value["error"];
        let field = error["field"].as_str().map(|field| format!(" ({field})"));
        match (error["code"].as_str(), error["message"].as_str()) {
            (Some(code), Some(message)) => {
                Err(format!("{code}: {message}{}", field.unwrap_or_default()))
            }
            _ => Err(format!(
                "{} answers {status}, and not as a hub's HTTP API does; is it the hub's --admin-listen, and has that --api.keys-file?",
                self.base
            )),
        }
    }

    fn flag(&self, name: &str) -> Option<&str> {
        let value = self.flags.try_get_one::<String>(name).ok().flatten();
        value.map(String::as_str)
    }

    fn fields(&self, names: &[&str]) -> Map<String, Value> {
        let given = names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), json!(self.flag(name)?))));
        given.collect()
    }
}

fn line(answer: Value) -> String {
    format!("{answer}\n")
}

fn entry_line(entry: &Value) -> String {
    let text = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
    match (entry["channel"].as_str(), entry["room"].as_str()) {
        (Some(name), _) | (None, Some(name)) => format!("{name}\t{}\n", entry["members"]),
        (None, None) => format!("{}\t{}\t{}\n", text("id"), text("account"), text("address")),
    }
}

/// A name as a part of a path.
fn in_path(name: &str) -> String {
    name.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
