//! A hub in this process, on a free loopback port, with its own worker and room threads. Ends with the value.

use std::io::{BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::middleware::Compress;
use actix_web::{App, HttpServer};
use dondo::config::Settings;
use dondo::internal::Doors;
use dondo::{Builder, Dondo, Operators, Server};
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::oneshot;

use super::programs::{address_after, built_example};
use super::{http, samples, system, tls};

pub struct Hub {
    /// `http`, or `https` of a host that speaks TLS.
    scheme: &'static str,
    address: SocketAddr,
    /// Where its numbers are.
    operators: SocketAddr,
    /// Keeps the rooms of a hub in this process.
    dondo: Option<Dondo>,
    /// Known of a hub in this process.
    workers: Option<usize>,
    program: Option<Child>,
    /// What the program logged, once it has ended.
    log: Option<JoinHandle<String>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Hub {
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    /// With settings changed.
    pub fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::built(change, |builder| builder)
    }

    /// With settings changed, and within TLS.
    pub fn with_tls(change: impl FnOnce(&mut Settings)) -> Self {
        Self::with(|config| {
            let (chain, key) = tls::files();
            config.tls.certificate_file = Some(chain.clone());
            config.tls.key_file = Some(key.clone());
            change(config);
        })
    }

    /// With settings changed, and a builder changed.
    pub fn built(
        change: impl FnOnce(&mut Settings),
        build: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let mut config = Settings::default();
        config.listen = vec!["127.0.0.1:0".parse().unwrap()];
        config.workers = 2;
        config.grace = Duration::ZERO;
        change(&mut config);
        let dondo = build(Dondo::builder().settings(config.clone()))
            .build()
            .expect("the hub starts");
        let (stop, stopped) = oneshot::channel::<()>();
        let (bound, is_bound) = mpsc::channel();
        let workers = config.workers;
        let is_tls = config.tls.certificate_file.is_some();
        let serving = dondo.clone();
        let thread = std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let grace = config.grace;
                let operators = Operators::start("127.0.0.1:0".parse().unwrap(), &serving)
                    .expect("a port is free");
                let server = Server::start(&config, serving).expect("the port is free");
                bound.send((server.bound()[0], operators.bound())).unwrap();
                let stop = async { drop(stopped.await) };
                server
                    .serve(stop, grace)
                    .await
                    .expect("the server ends in order");
            });
        });
        let (address, operators) = is_bound.recv().expect("the server listens");
        Self {
            scheme: if is_tls { "https" } else { "http" },
            address,
            operators,
            dondo: Some(dondo),
            workers: Some(workers),
            program: None,
            log: None,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The same in a plain `App` of actix-web, mounted as an embedder would. Not drained at its end.
    pub fn in_app(
        change: impl FnOnce(&mut Settings),
        build: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let mut config = Settings::default();
        config.workers = 2;
        change(&mut config);
        let dondo = build(Dondo::builder().settings(config.clone()))
            .build()
            .expect("the hub starts");
        let serving = dondo.clone();
        let app = move || {
            App::new()
                .configure(serving.configure_observation())
                .configure(serving.configure())
                // As many hosts have it.
                .wrap(Compress::default())
        };
        let workers = config.workers;
        let mut hub = Self::serving(dondo.clone(), move |listener| {
            dondo
                .tune(HttpServer::new(app))
                // actix-web's own five seconds: a busy machine may keep a test from its request for as long.
                .client_request_timeout(super::PATIENCE)
                .keep_alive(super::PATIENCE)
                .workers(config.workers)
                .shutdown_timeout(0)
                .listen(listener)
                .expect("the listener is taken")
                .run()
        });
        hub.workers = Some(workers);
        hub
    }

    /// A hub in a server of actix-web that `run` starts. Not drained at its end.
    pub fn serving(
        dondo: Dondo,
        run: impl FnOnce(TcpListener) -> actix_web::dev::Server + Send + 'static,
    ) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (bound, is_bound) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let listener = dondo::listen("127.0.0.1:0").expect("a port is free");
                bound.send(listener.local_addr().unwrap()).unwrap();
                let server = run(listener);
                let handle = server.handle();
                actix_rt::spawn(async move {
                    drop(stopped.await);
                    handle.stop(false).await;
                });
                server.await.expect("the server ends in order");
            });
        });
        let address = is_bound.recv().expect("the server listens");
        Self {
            scheme: "http",
            address,
            operators: address,
            dondo: Some(dondo),
            workers: None,
            program: None,
            log: None,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The program itself, in a process of its own, whose memory and files can be measured. Flags as for the program.
    pub fn program(flags: &[&str]) -> Self {
        Self::command(Command::new(env!("CARGO_BIN_EXE_dondo")), flags)
    }

    /// A host of the same flags, of which a handler blocks its worker: tests/programs/blocking.rs.
    pub fn blocking_program(flags: &[&str]) -> Self {
        Self::command(built_example("blocking"), flags)
    }

    /// A program of `examples`, which says nothing to operators.
    pub fn example(name: &str, variables: &[(&str, &str)]) -> Self {
        let mut program = built_example(name)
            .args(["--listen", "127.0.0.1:0"])
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut log = BufReader::new(program.stderr.take().unwrap());
        let tls = ["tokio_host", "actix_host"].contains(&name);
        let scheme = if tls { "https" } else { "http" };
        let address = address_after(&mut log, &format!("listening on {scheme}://"));
        let mut hub = Self::of_program(program, log, address, address);
        hub.scheme = scheme;
        hub
    }

    /// The same with a limit of open files.
    pub fn program_with_files(files: usize, flags: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("ulimit -n {files} && exec \"$0\" \"$@\"")])
            .arg(env!("CARGO_BIN_EXE_dondo"));
        Self::command(shell, flags)
    }

    /// The same with a limit of open files that it may raise.
    pub fn program_that_may_raise_files(files: usize, most: usize) -> Self {
        let mut shell = Command::new("sh");
        let limits = format!("ulimit -Sn {files} && ulimit -Hn {most} && exec \"$0\" \"$@\"");
        shell.args(["-c", &limits]).arg(env!("CARGO_BIN_EXE_dondo"));
        Self::command(shell, &[])
    }

    fn command(mut command: Command, flags: &[&str]) -> Self {
        let mut program = command
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(["--grace", "0s"])
            .args(flags)
            .env("RUST_LOG", "info,actix_server=off")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut log = BufReader::new(program.stderr.take().unwrap());
        let is_tls = flags.contains(&"--tls.certificate-file");
        let scheme = if is_tls { "https" } else { "http" };
        let address = address_after(&mut log, &format!("first page: {scheme}://"));
        let operators = address_after(&mut log, "health in detail: http://");
        let mut hub = Self::of_program(program, log, address, operators);
        hub.scheme = scheme;
        hub
    }

    fn of_program(
        program: Child,
        mut log: BufReader<ChildStderr>,
        address: SocketAddr,
        operators: SocketAddr,
    ) -> Self {
        // A log that nobody reads would block the program.
        let log = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = log.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Self {
            scheme: "http",
            address,
            operators,
            dondo: None,
            workers: None,
            program: Some(program),
            log: Some(log),
            stop: None,
            thread: None,
        }
    }

    /// Returns once the hub, which has one worker, has looked at everything that was sent before: a worker takes
    /// connections and requests in the order in which they came.
    pub fn settle(&self) {
        assert_eq!(
            self.workers,
            Some(1),
            "workers wait for each other in no order"
        );
        assert_eq!(http::get(self, "/healthz").status, 200);
    }

    /// The process of [`Hub::program`].
    pub fn process(&self) -> u32 {
        self.program.as_ref().expect("a program of its own").id()
    }

    /// Signals the process of [`Hub::program`] once it hears signals: a host serves a moment before.
    pub fn signal(&self, signal: Signal) {
        let deadline = std::time::Instant::now() + super::PATIENCE;
        while self.is_running() && !system::catches(self.process(), signal) {
            assert!(std::time::Instant::now() < deadline, "it is deaf");
            std::thread::yield_now();
        }
        let process = Pid::from_raw(self.process().cast_signed()).unwrap();
        kill_process(process, signal).unwrap();
    }

    /// Whether the process of [`Hub::program`] goes on.
    pub fn is_running(&self) -> bool {
        self.log.as_ref().is_some_and(|log| !log.is_finished())
    }

    /// Waits for the end of the process of [`Hub::program`]; how it ended, and what it logged.
    pub fn ended(&mut self) -> (ExitStatus, String) {
        let log = self.log.take().expect("a program of its own");
        let deadline = std::time::Instant::now() + super::PATIENCE;
        while !log.is_finished() {
            assert!(std::time::Instant::now() < deadline, "it goes on");
            std::thread::yield_now();
        }
        let log = log.join().expect("its log is read");
        let program = self.program.as_mut().expect("a program of its own");
        (program.wait().unwrap(), log)
    }

    /// A server that somebody else runs, whose hub this is.
    pub fn around(address: SocketAddr, dondo: Dondo) -> Self {
        Self {
            scheme: "http",
            address,
            operators: address,
            dondo: Some(dondo),
            workers: None,
            program: None,
            log: None,
            stop: None,
            thread: None,
        }
    }

    /// A hub in this process.
    pub fn dondo(&self) -> &Dondo {
        self.dondo.as_ref().expect("a hub in this process")
    }

    /// What its doors know.
    pub fn doors(&self) -> &Doors {
        self.dondo().doors()
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where operators look.
    pub fn operators(&self) -> SocketAddr {
        self.operators
    }

    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// What a family of `/metrics` comes to, by its name; those samples of it that have these labels, where it has some.
    pub fn metric(&self, name: &str) -> u64 {
        let answers = std::iter::repeat_with(|| http::get_at(self.operators, "/metrics"));
        // Operators have five seconds to ask, and tests ask all the time: a machine that stood still for so long has one told 408.
        let answer = answers.take(5).find(|answer| answer.status != 408);
        let text = answer.expect("operators are answered").text();
        samples::sum(&text, name).unwrap_or_else(|| panic!("no metric {name} in:\n{text}"))
    }

    /// Waits until a metric has a value, which it must keep: nobody looks all the time.
    pub fn wait_for(&self, name: &str, value: u64) {
        self.wait_until(name, |now| now == value);
    }

    /// Waits until a metric is no longer zero.
    pub fn wait_for_some(&self, name: &str) {
        self.wait_until(name, |now| now > 0);
    }

    fn wait_until(&self, name: &str, is_so: impl Fn(u64) -> bool) {
        let deadline = std::time::Instant::now() + super::PATIENCE;
        loop {
            let now = self.metric(name);
            if is_so(now) {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "{name} stays {now}");
            std::thread::yield_now();
        }
    }

    /// Drains and ends the server, as SIGTERM does.
    pub fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server's thread ends in order");
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if let Some(program) = &mut self.program {
            let _ = program.kill();
            let _ = program.wait();
        }
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(
                ended.is_ok() || std::thread::panicking(),
                "the server's thread panicked"
            );
        }
    }
}
