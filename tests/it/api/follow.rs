//! `dondo sub`: what it prints, how it comes back, and how it ends.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{hub, hub_with, member_of, post};
use crate::support::{Client, Hub, PATIENCE};

/// A command that runs; ends with the value.
struct Follower {
    child: Option<Child>,
    lines: Receiver<String>,
}

impl Follower {
    fn start(hub: &Hub, words: &[&str]) -> Self {
        Self::of(command(hub, words))
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    break;
                }
            }
        });
        let child = Some(child);
        Self { child, lines }
    }

    fn line(&self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn command(hub: &Hub, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dondo"));
    command
        .arg("sub")
        .args(words)
        .env("DONDO_HUB", hub.url())
        // It may name a proxy.
        .env("http_proxy", "http://127.0.0.1:9")
        .stdin(Stdio::null());
    command
}

/// Waits for its end; what it said.
fn ended(child: Child) -> Output {
    let process = child.id();
    let (over, ends) = channel();
    std::thread::spawn(move || over.send(child.wait_with_output()));
    let Ok(output) = ends.recv_timeout(PATIENCE) else {
        kill_process(pid(process), Signal::KILL).unwrap();
        panic!("it goes on");
    };
    output.unwrap()
}

fn pid(process: u32) -> Pid {
    i32::try_from(process).ok().and_then(Pid::from_raw).unwrap()
}

/// The id of who came in, as others are told.
fn newcomer(member: &mut Client) -> String {
    let joined = member.event("join-channel");
    joined[0]["clientId"].as_str().unwrap().to_owned()
}

/// Fails if something is printed that nobody said, something that was said is not or twice, also where the stream breaks off, or if a
/// signal does not end it.
#[test]
fn it_prints_what_is_said_and_comes_back() {
    let hub = hub();
    let mut member = member_of(&hub, "lobby");
    newcomer(&mut member);
    let mut follower = Follower::start(&hub, &["lobby"]);
    let id = newcomer(&mut member);
    member.ask("lobby", &[json!({"message": "first"})]);
    let first = follower.line();
    assert_eq!(
        (&first["event"], &first["payload"]["data"]["message"]),
        (&json!("lobby"), &json!("first"))
    );
    // What comes before its join is answered has no id yet.
    let mut told = first;
    while told["id"].is_null() {
        member.ask("lobby", &[json!({"message": "again"})]);
        told = follower.line();
    }
    post(&hub, "disconnect", &json!({"member": id}));
    member.event("leave-channel");
    member.ask("lobby", &[json!({"message": "while it was away"})]);
    newcomer(&mut member);
    member.ask("lobby", &[json!({"message": "last"})]);
    for message in ["while it was away", "last"] {
        assert_eq!(follower.line()["payload"]["data"]["message"], message);
    }
    let child = follower.child.take().unwrap();
    kill_process(pid(child.id()), Signal::TERM).unwrap();
    ended(child);
    member.event("leave-channel");
}

/// Fails if a room's messages are not printed, those of its channel are, or joins and leaves are not where they are asked for.
#[test]
fn it_hears_a_room_and_all_that_is_told_where_that_is_asked_for() {
    let hub = hub();
    let mut member = member_of(&hub, "lobby");
    newcomer(&mut member);
    let room = |message: &str| json!({"data": {"roomId": "den", "roomChannel": "lobby", "message": message}});
    member.ask("join-room", &[room("")]);
    member.event("join-room");
    let follower = Follower::start(&hub, &["lobby", "--room", "den", "--user", "Kofi"]);
    assert_eq!(member.event("join-room")[0]["source"]["userName"], "Kofi");
    member.ask("lobby", &[json!("to the channel")]);
    member.ask("notify-room", &[room("to the room")]);
    assert_eq!(follower.line()["payload"]["data"]["message"], "to the room");
    let all = Follower::start(&hub, &["lobby", "--all", "--history", "5"]);
    let events: Vec<Value> = (0..2).map(|_| all.line()).collect();
    let names: Vec<&Value> = events.iter().map(|line| &line["event"]).collect();
    assert_eq!(names, ["lobby", "join-channel"]);
}

/// Fails if it goes on, or complains, when nobody reads what it prints any more, though nothing is said.
#[test]
fn who_reads_no_further_ends_it_quietly() {
    let hub = hub();
    let mut member = member_of(&hub, "lobby");
    newcomer(&mut member);
    let mut child = command(&hub, &["lobby"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    newcomer(&mut member);
    drop(child.stdout.take());
    let output = ended(child);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}

/// Fails if it asks for ever where it is refused or nobody is, or does not say why.
#[test]
fn a_refusal_ends_it_with_one() {
    let hub = hub();
    for (words, told) in [
        (&["join-room"][..], "no channel can have the name"),
        (&["lobby", "--history", "many"], "400"),
        (&["lobby", "--namespace", "/none"], "Invalid namespace"),
        (&["lobby", "--hub", "http://127.0.0.1:9"], "--listen"),
        (
            &["lobby", "--token-file", "/nowhere"],
            "/nowhere: cannot be read",
        ),
        (&["-"], "--room"),
    ] {
        let mut command = command(&hub, words);
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let done = ended(piped.spawn().unwrap());
        let complaint = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(1), "{words:?}: {complaint}");
        assert!(complaint.contains(told), "{words:?}: {complaint}");
        assert!(done.stdout.is_empty());
    }
}

/// Fails if it does not find event streams that stand elsewhere, or does not say that they may where it looks in vain.
#[test]
fn it_asks_at_the_path_that_it_is_told() {
    let hub = hub_with(
        |settings| settings.endpoints.events = Some("/live/stream/".to_owned()),
        |builder| builder,
    );
    let mut member = member_of(&hub, "lobby");
    newcomer(&mut member);
    let follower = Follower::start(&hub, &["lobby", "--events", "/live/stream"]);
    newcomer(&mut member);
    member.ask("lobby", &[json!("over there")]);
    assert_eq!(follower.line()["payload"]["data"]["message"], "over there");
    for (words, told) in [
        (&["lobby"][..], "--events PATH"),
        (&["lobby", "--events", "/live?x"], "is no path"),
    ] {
        let mut command = command(&hub, words);
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let done = ended(piped.spawn().unwrap());
        let complaint = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(1), "{complaint}");
        assert!(complaint.contains(told), "{complaint}");
    }
}

/// Fails if a hub that is gone without a word is waited for as if its comments came as seldom as they do by default.
#[test]
fn a_silent_hub_is_given_up_after_three_of_its_own_comments() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, came) = channel();
    std::thread::spawn(move || {
        let mut streams = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            let mut head = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while head.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let told = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n\
                        event: welcome\ndata: {\"pingInterval\":1}\n\nevent: ack\ndata: {\"ok\":true}\n\n";
            (&stream).write_all(told.as_bytes()).unwrap();
            streams.push(stream);
            if asked.send(()).is_err() {
                break;
            }
        }
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_dondo"));
    command.args(["sub", "lobby", "--hub", &url]);
    let _child = Follower::of(command);
    for _ in ["at first", "when it was silent"] {
        came.recv_timeout(PATIENCE).unwrap();
    }
}
