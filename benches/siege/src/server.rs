//! The server under siege: starts it, reads its log, watches its memory and its numbers.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loadgen::net::now_ns;

use crate::crowd::{MS, SEC};

#[derive(Default)]
pub struct Watched {
    pub rss: AtomicU64,
    pub peak: AtomicU64,
    /// Largest sum of `dondo_bytes` (today: `dondo_outbox_bytes`) that was scraped.
    pub account: AtomicU64,
    pub account_peak: AtomicU64,
    pub metrics: Mutex<String>,
    pub log: Mutex<Vec<(u64, String)>>,
    stop: AtomicBool,
}

pub struct Server {
    child: Child,
    pub port: u16,
    pub watched: Arc<Watched>,
    /// A pipe that nobody reads.
    _deaf: Option<std::process::ChildStderr>,
}

pub struct How<'a> {
    pub command: &'a str,
    /// Flags that are given where `--help` of the server knows them.
    pub flags: &'a [&'a str],
    /// The most descriptors that the server may have.
    pub files: Option<u64>,
    /// Its stderr is a pipe that nobody reads.
    pub deaf: bool,
    /// Metrics are scraped all the time.
    pub scrape: bool,
}

/// Two ports that differ: both are held until both are known.
fn free_ports() -> (u16, u16) {
    let held = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [port, admin] = held.each_ref().map(|l| l.local_addr().unwrap().port());
    (port, admin)
}

fn keys_path() -> PathBuf {
    std::env::temp_dir().join(format!("siege-{}.toml", std::process::id()))
}

/// A file of keys for the HTTP API, with one that nobody asks with.
fn keys_file() -> String {
    let path = keys_path();
    let secret = "k".repeat(64);
    let text = format!("[[key]]\nname = \"siege\"\nsecret = \"{secret}\"\nrights = [\"read\"]\n");
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = made {
        loadgen::die(&format!("{}: {error}", path.display()));
    }
    path.display().to_string()
}

/// How often a server that ended before it listened is started anew: somebody may take a port before it does.
const TRIES: usize = 3;

impl Server {
    pub fn start(how: &How) -> Server {
        let mut last = String::new();
        for _ in 0..TRIES {
            match Self::start_once(how) {
                Ok(server) => return server,
                Err(said) => last = said,
            }
        }
        loadgen::die(&last)
    }

    /// `Err` says what the server wrote before it ended.
    fn start_once(how: &How) -> Result<Server, String> {
        let (port, admin) = free_ports();
        let line = how
            .command
            .replace("{port}", &port.to_string())
            .replace("{admin}", &admin.to_string());
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let help = Command::new(&words[0])
            .arg("--help")
            .output()
            .map(|o| String::from_utf8_lossy(&o.stdout).into_owned());
        let help = help.unwrap_or_else(|error| loadgen::die(&format!("{}: {error}", words[0])));
        let admin_flag = format!("--admin-listen 127.0.0.1:{admin}");
        for flag in how
            .flags
            .iter()
            .copied()
            .chain([admin_flag.as_str(), "--namespaces /,/pair"])
        {
            let name = flag.split(' ').next().unwrap_or(flag);
            if help.contains(&format!("{name} ")) && !words.iter().any(|word| word == name) {
                let flag = if flag.contains("{keys}") { flag.replace("{keys}", &keys_file()) } else { flag.to_owned() };
                words.extend(flag.split(' ').map(str::to_owned));
            }
        }
        let files = how.files;
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        unsafe {
            command.pre_exec(move || {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                if let Some(files) = files {
                    let limit = libc::rlimit {
                        rlim_cur: files,
                        rlim_max: files,
                    };
                    libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
                }
                Ok(())
            });
        }
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| loadgen::die(&format!("{line}: {error}")));
        let watched = Arc::new(Watched::default());
        let stderr = child.stderr.take().unwrap();
        let mut deaf = None;
        if how.deaf {
            deaf = Some(stderr);
        } else {
            let watched = watched.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                    let line = String::from_utf8_lossy(&line).into_owned();
                    watched.log.lock().unwrap().push((now_ns(), line));
                }
            });
        }
        let t0 = now_ns();
        // A connection to a free port may come back to itself, as a port of its own is chosen for it.
        let accepts = || {
            let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
            Some(stream.local_addr().ok()?.port() != port)
        };
        while accepts() != Some(true) {
            let has_ended = child.try_wait().unwrap().is_some();
            if has_ended || now_ns() - t0 > 10 * SEC {
                let log = watched.log.lock().unwrap();
                let said = format!("{line} does not listen: {:?}", log.last());
                if has_ended {
                    return Err(said);
                }
                loadgen::die(&said);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let (eye, pid) = (watched.clone(), child.id());
        std::thread::spawn(move || eye.watch(pid));
        if how.scrape {
            let eye = watched.clone();
            std::thread::spawn(move || {
                while !eye.stop.load(Relaxed) {
                    if let Some(text) = get(admin, "/metrics").or_else(|| get(port, "/metrics")) {
                        let sum = sum(&text, "dondo_bytes{")
                            .or_else(|| sum(&text, "dondo_outbox_bytes "))
                            .unwrap_or(0);
                        eye.account.store(sum, Relaxed);
                        eye.account_peak.fetch_max(sum, Relaxed);
                        *eye.metrics.lock().unwrap() = text;
                    }
                    std::thread::sleep(Duration::from_millis(500));
                }
            });
        }
        Ok(Server {
            child,
            port,
            watched,
            _deaf: deaf,
        })
    }

    pub fn terminate(&self) {
        unsafe { libc::kill(self.child.id() as i32, libc::SIGTERM) };
    }

    pub fn alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn rss(&self) -> u64 {
        self.watched.rss.load(Relaxed)
    }

    /// Forgets the peak so far.
    pub fn mark(&self) {
        self.watched.peak.store(self.rss(), Relaxed);
    }

    pub fn peak(&self) -> u64 {
        self.watched.peak.load(Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.watched.stop.store(true, Relaxed);
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(keys_path());
    }
}

impl Watched {
    fn watch(&self, pid: u32) {
        while !self.stop.load(Relaxed) {
            let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
            let pages: u64 = text
                .split(' ')
                .nth(1)
                .and_then(|pages| pages.parse().ok())
                .unwrap_or(0);
            self.rss.store(pages * 4096, Relaxed);
            self.peak.fetch_max(pages * 4096, Relaxed);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What was logged since then: all lines, and the most in one second.
    pub fn logged(&self, since: u64) -> (Vec<String>, usize) {
        let log = self.log.lock().unwrap();
        let new: Vec<_> = log.iter().filter(|(at, _)| *at >= since).collect();
        // A cause may have a line a second; what names none counts as one cause.
        let cause = |line: &str| {
            let named = line.split_once("cause=").map_or("", |(_, rest)| rest);
            let (quoted, end) = named.strip_prefix('"').map_or((named, ' '), |rest| (rest, '"'));
            quoted.split(end).next().unwrap_or_default().to_owned()
        };
        let mut seconds: HashMap<(String, u64), usize> = HashMap::new();
        for (at, line) in &new {
            *seconds.entry((cause(line), at / SEC)).or_default() += 1;
        }
        let most = seconds.into_values().max().unwrap_or(0);
        (new.iter().map(|(_, line)| line.clone()).collect(), most)
    }
}

/// The sum of all samples whose line begins so; none where there is none.
pub fn sum(text: &str, prefix: &str) -> Option<u64> {
    let mut found = text
        .lines()
        .filter(|line| line.starts_with(prefix))
        .peekable();
    found.peek()?;
    Some(
        found
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum::<f64>() as u64,
    )
}

/// A GET of an operator.
pub fn get(port: u16, path: &str) -> Option<String> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2)).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_nanos(5000 * MS)))
        .ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    text.starts_with("HTTP/1.1 200").then_some(text)
}
