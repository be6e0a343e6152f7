//! A thousand joins of stock clients while others speak.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use super::{Target, message};
use crate::clients::{Kind, Robot};
use crate::support::{Client, Hub};

/// Who joins: a stock client, or one in Rust that reads PascalCase.
enum Newcomer {
    Robot(Box<Robot>),
    DotNet(Client),
}

impl Newcomer {
    fn ask(&mut self, event: &str, args: &[Value]) -> Value {
        match self {
            Self::Robot(robot) => robot.ask(event, args),
            Self::DotNet(client) => client.ask(event, args),
        }
    }

    /// The messages that came to a target until now.
    fn messages(&mut self, event: &str) -> Vec<String> {
        let events = match self {
            Self::Robot(robot) if robot.kind == Kind::PythonAsync => robot.drain(),
            Self::Robot(robot) => robot.arrived(),
            Self::DotNet(client) => client.arrived(),
        };
        let of_target = events.into_iter().filter(|(name, _)| name == event);
        of_target.map(|(_, args)| message(&args[0])).collect()
    }

    /// A new connection, whose upgrade is under way if it has one.
    fn connect_again(&mut self) {
        if let Self::Robot(robot) = self {
            robot.tell("end", &[]);
            robot.event("$disconnect");
            robot.tell("connect", &[]);
            robot.event("$connect");
        }
    }
}

/// What a newcomer asked for.
#[derive(Clone, Debug)]
enum Asked {
    Last(usize),
    /// Since its join of this number among the runs.
    Since(usize),
}

/// One join and what came until the leave.
#[derive(Debug)]
struct Run {
    target: Target,
    asked: Asked,
    ack: Value,
    messages: Vec<String>,
}

/// Somebody speaks, in both places by turns, until it is told to stop.
fn speaker(hub: &Hub, number: usize, stop: &Arc<AtomicBool>) -> JoinHandle<()> {
    let (mut client, stop) = (Client::connect(hub), stop.clone());
    thread::spawn(move || {
        for count in 0.. {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let text = format!("{number}-{count}");
            for target in Target::ALL {
                let said = target.data(json!({ "message": text }));
                let ack = client.ask(target.event(), &[said]);
                assert_eq!(ack["ok"], true, "{ack}");
            }
        }
    })
}

/// A member that hears everything: what was said where, in order.
fn witness(hub: &Hub, stop: &Arc<AtomicBool>) -> JoinHandle<HashMap<Target, Vec<String>>> {
    let (mut client, stop) = (Client::connect(hub), stop.clone());
    for target in Target::ALL {
        let ack = client.ask(target.join(), &[target.data(json!({}))]);
        assert_eq!(ack["ok"], true, "{ack}");
    }
    thread::spawn(move || {
        let mut heard: HashMap<Target, Vec<String>> = HashMap::new();
        while !stop.load(Ordering::Relaxed) {
            client.ask("leave-room", &[json!("nowhere")]);
            for (name, args) in client.arrived() {
                let target = Target::ALL
                    .into_iter()
                    .find(|target| target.event() == name);
                if let Some(target) = target {
                    heard.entry(target).or_default().push(message(&args[0]));
                }
            }
        }
        // What anybody else was told came before this, however late it comes here.
        for target in Target::ALL {
            let last = target.data(json!({ "message": LAST }));
            assert_eq!(client.ask(target.event(), &[last])["ok"], true);
            loop {
                let text = message(&client.event(target.event())[0]);
                if text == LAST {
                    break;
                }
                heard.entry(target).or_default().push(text);
            }
        }
        heard
    })
}

/// What the witness says itself, when all others were told what they were.
const LAST: &str = "the last";

fn runs(newcomer: &mut Newcomer, count: usize, reconnects: bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for number in 0..count {
        if reconnects && number % 5 == 0 {
            newcomer.connect_again();
        }
        let target = Target::ALL[number % 2];
        let earlier = runs.len().checked_sub(2).filter(|_| number % 3 != 0);
        let asked = earlier.map_or(Asked::Last(number * 7 % 101), Asked::Since);
        let more = match asked {
            Asked::Last(count) => json!({ "history": count }),
            Asked::Since(earlier) => json!({ "since": runs[earlier].ack["position"] }),
        };
        let ack = newcomer.ask(target.join(), &[target.data(more)]);
        assert_eq!(ack["ok"], true, "{ack}");
        let left = newcomer.ask(target.leave(), &[target.data(json!({}))]);
        assert_eq!(left["already"], false, "{left}");
        let messages = newcomer.messages(target.event());
        runs.push(Run {
            target,
            asked,
            ack,
            messages,
        });
    }
    runs
}

fn check(who: &str, runs: &[Run], heard: &HashMap<Target, Vec<String>>) {
    let places: HashMap<(Target, &str), usize> = heard
        .iter()
        .flat_map(|(target, texts)| {
            let places = texts.iter().enumerate();
            places.map(|(place, text)| ((*target, &**text), place))
        })
        .collect();
    let first = |run: &Run| Some(places[&(run.target, &**run.messages.first()?)]);
    for (number, run) in runs.iter().enumerate() {
        let what = || format!("{who}, run {number}: {:?} {}", run.asked, run.ack);
        let came: Vec<usize> = run
            .messages
            .iter()
            .map(|text| places[&(run.target, &**text)])
            .collect();
        let whole = came.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        assert!(whole, "{}: a hole or a repeat in {came:?}", what());
        let replayed = run.ack["replayed"].as_u64().unwrap() as usize;
        assert!(
            replayed <= came.len(),
            "{}: told of more than came: {came:?}",
            what()
        );
        let complete = run.ack["complete"] == true;
        match run.asked {
            Asked::Last(count) => {
                assert!(complete, "{}", what());
                let all = replayed == count || came.first().is_none_or(|first| *first == 0);
                assert!(all, "{}: fewer than there are: {came:?}", what());
            }
            Asked::Since(earlier) => {
                let earlier = &runs[earlier];
                let told = earlier.ack["replayed"].as_u64().unwrap() as usize;
                // Behind the last that the earlier join was told of former times.
                let (Some(from), Some(first)) = (first(earlier), came.first()) else {
                    continue;
                };
                match complete {
                    true => assert_eq!(*first, from + told, "{}: {came:?}", what()),
                    false => assert!(*first > from + told, "{}: {came:?}", what()),
                }
            }
        }
    }
}

/// Would fail with a hole or a repeat where what was kept meets what is live, and if an ack told of more or less than came.
#[test]
fn whoever_joins_while_others_speak_misses_nothing_and_hears_nothing_twice() {
    let hub = Hub::with(|settings| {
        settings.workers = 2;
        settings.insecure.no_rate_limits = true;
    });
    let stop = Arc::new(AtomicBool::new(false));
    let witness = witness(&hub, &stop);
    let speakers: Vec<_> = (0..2).map(|number| speaker(&hub, number, &stop)).collect();
    let mut all = Vec::new();
    let kinds = [
        (Kind::JsPolling, 200, false),
        (Kind::JsWebSocket, 250, false),
        // Their joins fall into the upgrade.
        (Kind::JsDefault, 250, true),
        (Kind::PythonAsync, 50, true),
    ];
    for (kind, count, reconnects) in kinds {
        let mut robot = Robot::start(&hub, kind);
        robot.tell("connect", &[]);
        robot.event("$connect");
        let mut newcomer = Newcomer::Robot(Box::new(robot));
        let runs = runs(&mut newcomer, count, reconnects);
        all.push((format!("{kind:?}"), runs));
    }
    let mut dotnet = Newcomer::DotNet(Client::connect_to(&hub, "/", "&dialect=dotnet"));
    all.push(("dialect=dotnet".into(), runs(&mut dotnet, 250, false)));
    stop.store(true, Ordering::Relaxed);
    speakers
        .into_iter()
        .for_each(|speaker| speaker.join().unwrap());
    let heard = witness.join().unwrap();
    for (who, runs) in &all {
        check(who, runs, &heard);
        let told: u64 = runs
            .iter()
            .map(|run| run.ack["replayed"].as_u64().unwrap())
            .sum();
        assert!(told > runs.len() as u64, "{who}: nothing was kept");
        let live = runs
            .iter()
            .any(|run| run.messages.len() as u64 > run.ack["replayed"].as_u64().unwrap());
        assert!(live, "{who}: nothing was said meanwhile");
    }
    let joins: usize = all.iter().map(|(_, runs)| runs.len()).sum();
    assert_eq!(joins, 1000);
}
