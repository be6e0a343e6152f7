//! Load generator for Socket.IO v5 servers. One thread, one JSON line per run.
//! See `loadgen help`. A library too: the siege kit shares its clients.

pub mod dialect;
pub mod hist;
mod modes;
pub mod net;
pub mod polling;
pub mod procstat;

use std::collections::HashMap;

const HELP: &str = "\
loadgen MODE --port P [options]         prints one JSON line
modes
  connect       --n N --conc C --settle S [--close-settle S]
  echo          --conns C --inflight K --size S
  fanout        --rooms R --members M [--senders 1] --size S
                closed loop: --window W        open loop: --rate B (broadcasts/s per room)
  churn         --conns C
  polling-echo  --conns C --inflight K --size S
  calib         speed of this core just now (CPU time of a loopback send + recv); no server
common
  --host 127.0.0.1 --port P --path /socket.io/ --nsp / --auth JSON --query a=b
  --header 'Name: value' (may repeat)
  --pid PID            server process (its tree is measured)
  --warmup S --duration S --drain S --timeout S
  --src-base 127.0.0.1 --src-count N   (default: enough addresses for the connections)
  --poll nap|block|spin   --nap-us 50
wire (fanout)
  --wire socket.io|half-signalr|signalr|half-plain|plain    what each connection speaks, or every second one
dialect
  --dialect plain|hubtel|hubtel-room|FILE   FILE holds `key = value` lines (base, join, ...)
  --join T --leave T --publish T --echo T --recv NAME --join-ack true|false --to-sender true|false
  templates are JSON argument arrays with {room} {payload} {client} {time}
";

pub struct Args {
    pub kv: HashMap<String, String>,
    pub headers: Vec<String>,
}

impl Args {
    pub fn s(&self, k: &str, d: &str) -> String {
        self.kv.get(k).cloned().unwrap_or_else(|| d.to_string())
    }
    pub fn n(&self, k: &str, d: usize) -> usize {
        self.f(k, d as f64) as usize
    }
    pub fn f(&self, k: &str, d: f64) -> f64 {
        match self.kv.get(k) {
            None => d,
            Some(v) => v.parse().unwrap_or_else(|_| die(&format!("--{k} {v}: not a number"))),
        }
    }
    pub fn secs(&self, k: &str, d: f64) -> u64 {
        (self.f(k, d) * 1e9) as u64
    }
    pub fn pid(&self) -> Option<u32> {
        self.kv.get("pid").map(|v| v.parse().unwrap_or_else(|_| die("--pid: not a number")))
    }
}

pub fn die(m: &str) -> ! {
    eprintln!("loadgen: {m}");
    std::process::exit(2)
}

const KEYS: &[&str] = &[
    "host", "port", "path", "nsp", "auth", "query", "pid", "warmup", "duration", "drain", "timeout",
    "src-base", "src-count", "poll", "wire", "nap-us", "dialect", "join", "leave", "publish", "echo", "recv",
    "join-ack", "to-sender", "n", "conc", "settle", "close-settle", "conns", "inflight", "size",
    "rooms", "members", "senders", "window", "rate", "debug", "label",
];

fn ip(s: &str) -> [u8; 4] {
    let v: Vec<u8> = s.split('.').filter_map(|x| x.parse().ok()).collect();
    let a: [u8; 4] = v.try_into().unwrap_or_else(|_| die(&format!("{s}: not an IPv4 address")));
    if a[0] != 127 {
        die("only loopback addresses (127.0.0.0/8)");
    }
    a
}

pub fn config(a: &Args, conns: usize, default_poll: &str, churn: bool) -> net::Cfg {
    let base = ip(&a.s("src-base", "127.0.0.1"));
    let dflt = if churn { 8 } else { conns.div_ceil(20_000) };
    let count = a.n("src-count", dflt);
    let srcs = if count <= 1 && !a.kv.contains_key("src-base") {
        Vec::new()
    } else {
        (0..count.max(1)).map(|k| (u32::from_be_bytes(base) + k as u32).to_be_bytes()).collect()
    };
    let (other, other_all) = match a.s("wire", "socket.io").as_str() {
        "socket.io" => (net::Wire::SocketIo, false),
        "half-signalr" => (net::Wire::SignalR, false),
        "signalr" => (net::Wire::SignalR, true),
        "half-plain" => (net::Wire::Plain, false),
        "plain" => (net::Wire::Plain, true),
        o => die(&format!("--wire {o}?")),
    };
    net::Cfg {
        other,
        other_all,
        host: ip(&a.s("host", "127.0.0.1")),
        port: a.n("port", 0) as u16,
        path: a.s("path", "/socket.io/"),
        query: a.s("query", ""),
        headers: a.headers.clone(),
        nsp: a.s("nsp", "/"),
        auth: a.s("auth", ""),
        srcs,
        poll: match a.s("poll", default_poll).as_str() {
            "nap" => net::Poll::Nap,
            "block" => net::Poll::Block,
            "spin" => net::Poll::Spin,
            o => die(&format!("--poll {o}?")),
        },
        nap_ns: a.n("nap-us", 50) as u64 * 1000,
        debug: a.kv.contains_key("debug"),
    }
}

pub fn dialect_of(a: &Args) -> dialect::Dialect {
    let mut over = HashMap::new();
    for k in ["join", "leave", "publish", "echo", "recv", "join-ack", "to-sender"] {
        if let Some(v) = a.kv.get(k) {
            over.insert(k.replace('-', "_"), v.clone());
        }
    }
    dialect::load(&a.s("dialect", "plain"), &over).unwrap_or_else(|e| die(&e))
}

/// The program.
pub fn run() {
    let mut it = std::env::args().skip(1);
    let mode = it.next().unwrap_or_else(|| "help".into());
    if mode == "help" || mode == "--help" {
        print!("{HELP}");
        return;
    }
    let mut a = Args { kv: HashMap::new(), headers: Vec::new() };
    while let Some(k) = it.next() {
        let key = k.strip_prefix("--").unwrap_or_else(|| die(&format!("unexpected {k}")));
        let v = it.next().unwrap_or_else(|| die(&format!("{k} needs a value")));
        if key == "header" {
            a.headers.push(v);
        } else if KEYS.contains(&key) {
            a.kv.insert(key.to_string(), v);
        } else {
            die(&format!("unknown option {k}"));
        }
    }
    if a.n("port", 0) == 0 && mode != "calib" {
        die("--port is needed");
    }
    let (ok, line) = match mode.as_str() {
        "connect" => modes::connect(&a),
        "echo" => modes::echo(&a),
        "fanout" => modes::fanout(&a),
        "churn" => modes::churn(&a),
        "calib" => modes::calib(&a),
        "polling-echo" => polling::run(&a),
        m => die(&format!("unknown mode {m}")),
    };
    println!("{line}");
    std::process::exit(if ok { 0 } else { 1 });
}

pub fn esc(s: &str) -> String {
    s.chars()
        .flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            c if (c as u32) < 32 => vec![' '],
            c => vec![c],
        })
        .collect()
}
