//! A proxy in a process of its own, in front of a hub. Started in the foreground on a free port; ended when dropped.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::support::{Hub, PATIENCE, installed};

/// How often another port is tried: between its choice and its use somebody else may take it.
const TRIES: usize = 5;

pub(crate) struct Proxy {
    _running: Running,
    front: Hub,
    hub: Hub,
}

struct Running {
    child: Child,
    folder: PathBuf,
}

impl Proxy {
    /// nginx, with these lines in its `http` block.
    pub fn nginx(hub: Hub, http: &str) -> Self {
        let config = format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log error.log;\nevents {{}}\nhttp {{\n\
             access_log off;\nclient_body_temp_path body;\nproxy_temp_path proxy;\nfastcgi_temp_path fastcgi;\n\
             uwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\n{http}\n}}\n"
        );
        Self::start(hub, "nginx", &config, listens, |command, folder| {
            command
                .arg("-p")
                .arg(folder)
                .args(["-c", "config", "-e", "error.log"]);
        })
    }

    /// HAProxy, with these sections.
    pub fn haproxy(hub: Hub, sections: &str) -> Self {
        let config = format!("global\n  maxconn 200\n{sections}\n");
        Self::start(hub, "haproxy", &config, listens, |command, _| {
            command.args(["-q", "-f", "config"]);
        })
    }

    /// Apache, with these lines in its only virtual host.
    pub fn apache(hub: Hub, host: &str) -> Self {
        let modules = [
            "mpm_event",
            "authz_core",
            "proxy",
            "proxy_http",
            "proxy_wstunnel",
            "rewrite",
            "headers",
        ];
        let modules = modules.map(|name| {
            format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n")
        });
        let config = format!(
            "{}ServerName localhost\nUser nobody\nGroup nogroup\nPidFile apache.pid\nErrorLog error.log\n\
             Mutex pthread\nListen LISTEN\n{host}\n",
            modules.concat()
        );
        Self::start(hub, "apache2", &config, listens, |command, folder| {
            // One process: nothing is left when it is ended.
            command
                .arg("-X")
                .arg("-d")
                .arg(folder)
                .args(["-f", "config"]);
        })
    }

    /// Vite's development server, with this configuration and an empty page of its own.
    pub fn vite(hub: Hub, config: &str) -> Self {
        let vite = installed("node_modules/vite/bin/vite.js");
        // Whether its port is free it finds out by listening there for a moment.
        Self::start(hub, "node", config, answers, |command, folder| {
            fs::rename(folder.join("config"), folder.join("vite.config.mjs")).unwrap();
            fs::write(folder.join("index.html"), "<!doctype html>").unwrap();
            command.arg(&vite);
        })
    }

    /// `LISTEN` in a configuration becomes the proxy's address, `PORT` its port, `HOST` the rest, and `HUB` the hub's address.
    fn start(
        hub: Hub,
        program: &str,
        config: &str,
        is_ready: fn(SocketAddr) -> bool,
        arguments: impl Fn(&mut Command, &Path),
    ) -> Self {
        for _ in 0..TRIES {
            let free = TcpListener::bind((own_address(), 0)).unwrap();
            let address = free.local_addr().unwrap();
            let config = config
                .replace("LISTEN", &address.to_string())
                .replace("PORT", &address.port().to_string())
                .replace("HOST", &address.ip().to_string())
                .replace("HUB", &hub.address().to_string());
            let folder = folder();
            fs::write(folder.join("config"), config).unwrap();
            let log = fs::File::create(folder.join("said")).unwrap();
            let mut command = Command::new(program);
            arguments(&mut command, &folder);
            command
                .current_dir(&folder)
                // Where Debian has what only root starts by default.
                .env(
                    "PATH",
                    format!("{}:/usr/sbin", std::env::var("PATH").unwrap()),
                )
                .stdin(Stdio::null())
                .stdout(log.try_clone().unwrap())
                .stderr(log);
            drop(free);
            let child = command.spawn().unwrap_or_else(|error| {
                panic!("{program} cannot be started: {error}; ./tests/run installs it, or: apt install nginx haproxy apache2-bin")
            });
            let mut running = Running { child, folder };
            if running.becomes(|| is_ready(address)) {
                let front = Hub::around(address, hub.dondo().clone());
                return Self {
                    _running: running,
                    front,
                    hub,
                };
            }
            let said = running.said();
            assert!(
                said.to_lowercase().contains("in use"),
                "{program} does not start: {said}"
            );
        }
        panic!("{program} found no free port in {TRIES} tries");
    }

    /// The hub behind it.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The hub as clients reach it.
    pub fn front(&self) -> &Hub {
        &self.front
    }
}

impl Running {
    /// What it wrote, wherever.
    fn said(&self) -> String {
        let files = ["said", "error.log"].map(|file| self.folder.join(file));
        files
            .map(|file| fs::read_to_string(file).unwrap_or_default())
            .concat()
    }

    /// Waits until it is ready; false if it ended instead.
    fn becomes(&mut self, is_ready: impl Fn() -> bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while !is_ready() {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "it does not listen");
            std::thread::yield_now();
        }
        self.child.try_wait().unwrap().is_none()
    }
}

fn listens(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}

/// Whether somebody answers there over HTTP.
fn answers(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok_and(|mut stream| {
        let asked = stream.write_all(b"GET / HTTP/1.0\r\n\r\n");
        asked.is_ok() && stream.read(&mut [0]).is_ok_and(|read| read > 0)
    })
}

/// An address that nobody else binds, and from which no connection begins: between the choice of a port and its use
/// somebody else would take it now and then, or a connection to it come back to itself.
fn own_address() -> Ipv4Addr {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed) % 250 + 1;
    Ipv4Addr::new(127, 77, (std::process::id() % 250) as u8, number as u8)
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let ended = self.child.wait();
        if std::thread::panicking() {
            println!("the proxy ended with {ended:?} and said: {}", self.said());
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A new folder, which also a server that gives up its rights may enter.
fn folder() -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("dondo-proxy-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The first block of this language below a heading of README, as its reader would copy it.
pub(crate) fn readme(heading: &str, language: &str) -> String {
    let text = include_str!("../../../README.md");
    let (_, section) = text.split_once(&format!("### {heading}\n")).expect(heading);
    let (_, block) = section
        .split_once(&format!("```{language}\n"))
        .expect(heading);
    block.split("```").next().unwrap().to_owned()
}
