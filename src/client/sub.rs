//! `dondo sub`: what is said in a channel or a room, a line of JSON each, from the hub's event stream. It comes back where the stream
//! breaks off, and is told what it missed; a refusal ends it.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Value, json};

use super::key_file::alone;
use super::silence::silence;
use super::{given, said_in, word};
use crate::asking::listener;

/// Where clients connect if nobody says otherwise: a hub with its defaults.
const HUB: &str = "http://127.0.0.1:11000";
const HUB_VARIABLE: &str = "DONDO_HUB";
const TOKEN_VARIABLE: &str = "DONDO_TOKEN_FILE";
/// Variables of the environment that are this command's own.
pub(super) const VARIABLES: [&str; 2] = [HUB_VARIABLE, TOKEN_VARIABLE];
/// The first time until it comes back, if the hub says none; twice as long each time that it fails, up to the last.
const AGAIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(30);
/// A hub that asks it to stay away for longer is not heeded.
const RETRY_MAX: Duration = Duration::from_secs(3600);
/// Where event streams are, if nobody says otherwise.
const EVENTS: &str = "/events";
/// How often whoever reads the lines is looked at while nothing is said.
const LOOK: Duration = Duration::from_secs(1);
/// A line of a stream has no more bytes, nor an answer that is none.
const LINE_MAX: u64 = 64 << 20;
/// Lines that wait for whoever reads them: then the hub waits.
const AHEAD: usize = 64;

pub(super) fn command() -> Command {
    Command::new("sub")
        .about("Prints what is said in a channel or a room, a line of JSON each, until it is stopped.")
        .arg(word("CHANNEL", "The channel; - for a room in none."))
        .args([
            given("room", "ROOM", "A room in place of the channel, or within it."),
            given("history", "COUNT", "So many earlier messages first, up to 100."),
            given("user", "NAME", "What others see of it, if it shows no token."),
            super::namespace(),
            given(
                "hub",
                "URL",
                "Where clients connect to the hub, also DONDO_HUB [default: http://127.0.0.1:11000].",
            ),
            given(
                "events",
                "PATH",
                "Where the hub's event streams are, its --endpoints.events [default: /events].",
            ),
            given(
                "token-file",
                "FILE",
                "A file with a token to show, also DONDO_TOKEN_FILE; a guest without one.",
            ),
            Arg::new("all")
                .long("all")
                .action(ArgAction::SetTrue)
                .help("Joins, leaves and presence, too."),
        ])
}

/// Prints until nobody reads it, or until it is refused.
pub(super) fn followed(
    flags: &ArgMatches,
    variables: &[(OsString, OsString)],
) -> Result<String, String> {
    let request = StreamRequest::new(flags, variables)?;
    let mut place = StreamPlace::default();
    let mut wait = AGAIN;
    loop {
        let (lines, came) = sync_channel(AHEAD);
        let (agent, reader) = (listener(), request.clone());
        let last = place.id.clone();
        // It may wait for a hub that is gone: it is left to itself then.
        thread::spawn(move || reader.read(&agent, last.as_deref(), &lines));
        let broken = match request.follow(&came, &mut place)? {
            Followed::Unread => return Ok(String::new()),
            Followed::Broken(why) => why,
        };
        if std::mem::take(&mut place.is_in) {
            wait = place.retry.unwrap_or(AGAIN);
        } else if !place.was_in {
            return Err(broken);
        }
        eprintln!("{broken}; it comes back in {} s", wait.as_secs().max(1));
        thread::sleep(wait);
        wait = (wait * 2).min(AGAIN_MAX.max(wait));
    }
}

/// How far it is.
#[derive(Default)]
struct StreamPlace {
    /// The last record's.
    id: Option<String>,
    retry: Option<Duration>,
    /// How often the hub says something, as it says.
    ping: Option<Duration>,
    /// The present stream has let it in, and any has.
    is_in: bool,
    was_in: bool,
}

enum Followed {
    /// Nobody reads what is printed.
    Unread,
    /// It may come back.
    Broken(String),
}

/// What the thread that reads has to say.
enum StreamNews {
    Line(String),
    /// The hub has answered otherwise, and would again.
    Refused(String),
    Broken(String),
}

/// What is asked for, and of whom.
#[derive(Clone)]
struct StreamRequest {
    hub: String,
    target: String,
    /// Read each time: whoever signs tokens puts another one there before the last one ends.
    token_file: Option<String>,
    /// The event by which the channel's messages come.
    channel: Option<String>,
    is_all: bool,
}

/// The token in a file.
fn token(file: &str) -> Result<String, String> {
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| format!("{file}: cannot be read: {error}"))?;
    alone(&text).ok_or_else(|| format!("{file}: a token stands alone in it, on one line"))
}

impl StreamRequest {
    fn new(flags: &ArgMatches, variables: &[(OsString, OsString)]) -> Result<Self, String> {
        let value = |flag, variable| said_in(flags, variables, flag, variable);
        let flag = |name: &str| flags.get_one::<String>(name).map(String::as_str);
        let hub = value("hub", HUB_VARIABLE).unwrap_or_else(|| HUB.to_owned());
        let token_file = value("token-file", TOKEN_VARIABLE);
        token_file.as_deref().map(token).transpose()?;
        let channel = flag("CHANNEL").filter(|channel| *channel != "-");
        let room = flag("room");
        let mut query = form_urlencoded::Serializer::new(String::new());
        match (channel, room) {
            (None, None) => return Err("name a channel, or a room with --room".to_owned()),
            (Some(channel), _) => {
                query.append_pair("channel", channel);
            }
            (None, Some(_)) => {}
        }
        for (parameter, name) in [
            ("room", "room"),
            ("history", "history"),
            ("userName", "user"),
            ("namespace", "namespace"),
        ] {
            if let Some(value) = flag(name) {
                query.append_pair(parameter, value);
            }
        }
        let hub = hub.trim_end_matches('/').to_owned();
        let events = flag("events").unwrap_or(EVENTS);
        if events.contains(['?', '#']) {
            return Err(format!("--events {events:?} is no path"));
        }
        Ok(Self {
            target: format!("{hub}/{}?{}", events.trim_matches('/'), query.finish()),
            hub,
            token_file,
            // With a room it is the channel that the room is in.
            channel: channel.filter(|_| room.is_none()).map(str::to_owned),
            is_all: flags.get_flag("all"),
        })
    }

    /// Reads a stream, to its end or until nobody takes its lines.
    fn read(self, agent: &ureq::Agent, last: Option<&str>, lines: &SyncSender<StreamNews>) {
        let mut request = agent
            .get(&self.target)
            .header("Accept", "text/event-stream, */*");
        match self.token_file.as_deref().map(token).transpose() {
            Ok(None) => {}
            Ok(Some(token)) => {
                request = request.header("Authorization", &format!("Bearer {token}"));
            }
            Err(error) => {
                let _ = lines.send(StreamNews::Broken(error));
                return;
            }
        }
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let hub = &self.hub;
        let heard = match request.call() {
            Err(error) => StreamNews::Broken(format!(
                "{hub} does not answer: {error}; is it the hub's --listen?"
            )),
            Ok(mut answer) if answer.status() != 200 => {
                let status = answer.status();
                let text = answer.body_mut().read_to_string().unwrap_or_default();
                let hint = match status.as_u16() {
                    404 => {
                        "; are its event streams elsewhere (--events PATH), or off (--endpoints.events off)?"
                    }
                    _ => "",
                };
                let text = format!("{hub} answers {status}: {}{hint}", refusal(&text));
                match status.is_server_error() || status.as_u16() == 429 {
                    true => StreamNews::Broken(text),
                    false => StreamNews::Refused(text),
                }
            }
            Ok(answer) => {
                let mut reader = BufReader::new(answer.into_body().into_reader());
                loop {
                    let mut line = String::new();
                    match reader.by_ref().take(LINE_MAX).read_line(&mut line) {
                        Ok(0) => break StreamNews::Broken(format!("{hub} has ended the stream")),
                        Ok(_) if !line.ends_with('\n') => {
                            break StreamNews::Broken(format!("{hub} broke off within a line"));
                        }
                        Ok(_) => {
                            let line = line.trim_end_matches(['\r', '\n']).to_owned();
                            if lines.send(StreamNews::Line(line)).is_err() {
                                return;
                            }
                        }
                        Err(error) => {
                            break StreamNews::Broken(format!(
                                "the stream of {hub} broke off: {error}"
                            ));
                        }
                    }
                }
            }
        };
        // Nobody waits for it where the hub was silent for too long.
        let _ = lines.send(heard);
    }

    /// Prints what comes, until the stream ends; an error is final.
    fn follow(
        &self,
        came: &Receiver<StreamNews>,
        place: &mut StreamPlace,
    ) -> Result<Followed, String> {
        let (mut event, mut data, mut id) = (String::new(), None::<String>, None::<String>);
        let mut last = Instant::now();
        loop {
            let line = match came.recv_timeout(LOOK) {
                Ok(StreamNews::Line(line)) => line,
                Ok(StreamNews::Refused(why)) => return Err(why),
                Ok(StreamNews::Broken(why)) => return Ok(Followed::Broken(why)),
                Err(RecvTimeoutError::Timeout) if is_unread() => return Ok(Followed::Unread),
                Err(RecvTimeoutError::Timeout) if last.elapsed() < silence(place.ping) => continue,
                Err(_) => return Ok(Followed::Broken(format!("{} is silent", self.hub))),
            };
            last = Instant::now();
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut event),
                "data" => data = Some(value.to_owned()),
                "id" => id = Some(value.to_owned()),
                "retry" => {
                    let asked = value.parse().ok().map(Duration::from_millis);
                    place.retry = asked.map(|asked| asked.min(RETRY_MAX));
                }
                "" if line.is_empty() => {
                    let (event, id) = (std::mem::take(&mut event), id.take());
                    let is_printed = match data.take() {
                        Some(data) => self.take(&event, &data, id.as_deref(), place)?,
                        None => true,
                    };
                    if !is_printed {
                        return Ok(Followed::Unread);
                    }
                    place.id = id.or(place.id.take());
                }
                _ => {}
            }
        }
    }

    /// Takes a record; `false` if nobody reads what is printed of it.
    fn take(
        &self,
        event: &str,
        data: &str,
        id: Option<&str>,
        place: &mut StreamPlace,
    ) -> Result<bool, String> {
        let value: Value = serde_json::from_str(data).unwrap_or_default();
        match event {
            "refused" => Err(refusal(data)),
            "ack" if value["ok"] == false => Err(refusal(data)),
            "ack" => {
                (place.is_in, place.was_in) = (true, true);
                Ok(true)
            }
            "welcome" => {
                place.ping = value["pingInterval"].as_u64().map(Duration::from_millis);
                Ok(true)
            }
            _ if self.is_all || self.is_said(event) => {
                let mut line = json!({"event": event, "payload": value});
                if let Some(id) = id {
                    line["id"] = id.into();
                }
                printed(&format!("{line}\n"))
            }
            _ => Ok(true),
        }
    }

    fn is_said(&self, event: &str) -> bool {
        let Some(channel) = &self.channel else {
            return event == "notify-room";
        };
        // Where the channel has the name of an event of the stream's own.
        event == channel || event.strip_prefix("channel:") == Some(channel)
    }
}

/// Why the hub refuses, in its own words.
fn refusal(text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let code = value["code"].as_str().or(value["data"]["code"].as_str());
    match (code, value["message"].as_str()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (None, Some(message)) => message.to_owned(),
        _ => text.trim().to_owned(),
    }
}

/// Prints a line at once; `false` if nobody reads it.
fn printed(line: &str) -> Result<bool, String> {
    let mut out = std::io::stdout().lock();
    match out.write_all(line.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(format!("standard output cannot be written: {error}")),
    }
}

/// Whether standard output is a pipe that nobody reads any more.
fn is_unread() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let out = std::io::stdout();
    let mut asked = [PollFd::new(&out, PollFlags::empty())];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let is_known = poll(&mut asked, Some(&at_once)).is_ok();
    is_known && asked[0].revents().contains(PollFlags::ERR)
}
