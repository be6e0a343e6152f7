//! The program: flags, log, signals. Everything else is the library.

use std::io::{Error, Write};
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;

use clap::ArgMatches;
use dondo::config::{
    CommandAnswer, Given, Settings, WrongSettings, answered, matches_from, told_to_a_shell,
    unknown_variables,
};
use dondo::internal::{
    CertificateRenewal, StopSignals, api_answered, csharp, dev_lines, health_check, start_log,
    tell_again, token_command, typescript,
};
use dondo::{Dondo, Operators, Server};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How long the last lines of the log may take: it is written by a thread of its own, which a busy machine may keep waiting.
const LAST_LINES: Duration = Duration::from_secs(5);

/// It gives memory back after a burst; the system's kept most of 600 half packets of 0.9 MB for good.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let flags = matches_from(std::env::args_os()).unwrap_or_else(|refusal| refusal.exit());
    if let Some(types) = flags.subcommand_matches("types") {
        let declarations = match types.get_flag("ts") {
            true => typescript(),
            false => csharp(),
        };
        // Whoever reads no further has what it wanted.
        let _ = std::io::stdout().write_all(declarations.as_bytes());
        return ExitCode::SUCCESS;
    }
    let open_files = raise_open_files();
    let variables: Vec<_> = std::env::vars_os().collect();
    if let Some(done) = api_answered(&flags, &variables) {
        return ended(&done.into());
    }
    let answer = told_to_a_shell(&flags).or_else(|| answered(&flags, &variables, open_files));
    if let Some(answer) = answer {
        return ended(&answer);
    }
    let given = match read(&flags, open_files) {
        Ok(given) => given,
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::from(2);
        }
    };
    if flags.subcommand_matches("health").is_some() {
        return ended(&health_check(&given.settings));
    }
    if let Some(asked) = flags.subcommand_matches("token") {
        return ended(&token_command(asked, &given.settings));
    }
    let log = match start_log(given.settings.log_format) {
        Ok(log) => log,
        Err(error) => {
            eprintln!("no log can be written: {error}");
            return ExitCode::FAILURE;
        }
    };
    let unknown = unknown_variables(variables);
    let idle = given.without_effect();
    for line in given.renamed.iter().chain(&unknown).chain(&idle) {
        log::warn!("{line}");
    }
    if let Some(file) = given.file() {
        log::info!("settings are read from {file}");
    }
    let code = served(given, flags, open_files);
    log.flush(LAST_LINES);
    code
}

fn ended(answer: &CommandAnswer) -> ExitCode {
    let _ = std::io::stdout().write_all(answer.said.as_bytes());
    let _ = std::io::stderr().write_all(answer.complaint.as_bytes());
    ExitCode::from(answer.code)
}

fn read(flags: &ArgMatches, open_files: Option<u64>) -> Result<Given, WrongSettings> {
    Given::for_start(flags, |name| std::env::var_os(name), open_files)
}

fn served(given: Given, flags: ArgMatches, open_files: Option<u64>) -> ExitCode {
    match actix_rt::System::new().block_on(run(given, flags, open_files)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(given: Given, flags: ArgMatches, open_files: Option<u64>) -> std::io::Result<()> {
    let (mut settings, left_out) = given.present(|address| TcpListener::bind(address).map(drop));
    for line in left_out {
        log::info!("{line}");
    }
    let from = |name: &str| {
        let written = given.written(name).map(|written| format!(" ({written})"));
        let written = written.unwrap_or_default();
        move |error: Error| Error::new(error.kind(), format!("{error}{written}"))
    };
    let mut signals = StopSignals::listen()?;
    let mut hangup = signal(SignalKind::hangup())?;
    let dondo = Dondo::builder().settings(settings.clone()).build()?;
    let operators = settings
        .admin_listen
        .map(|address| Operators::start(address, &dondo))
        .transpose()
        .map_err(from("admin-listen"));
    let server = Server::start(&settings, dondo.clone()).map_err(from("listen"));
    let (operators, server) = match (operators, server) {
        (Ok(operators), Ok(server)) => (operators, server),
        (Err(error), Err(other)) => {
            log::error!("{other}");
            return Err(error);
        }
        (Err(error), _) | (_, Err(error)) => return Err(error),
    };
    settings.listen = server.bound().to_vec();
    settings.admin_listen = operators.as_ref().map(Operators::bound);
    for line in settings.start_log(open_files) {
        log::info!("{line}");
    }
    for line in dev_lines(&dondo, &settings) {
        log::info!("{line}");
    }
    if let Some(keys) = dondo.token_keys() {
        log::info!("tokens are known by {keys}");
    }
    let (insecure, standing) = watch::channel(settings.insecure());
    actix_rt::spawn(tell_again(standing, |line| log::warn!("{line}")));
    let (renewal, hub, mut holds) = (server.renewal(), dondo.clone(), settings.clone());
    actix_rt::spawn(async move {
        let mut last = given.settings.clone();
        while hangup.recv().await.is_some() {
            let now = read(&flags, open_files);
            last = read_again(now, &given, last, &hub);
            // What else of these lines is of settings that need a restart.
            holds.insecure.no_rate_limits = last.insecure.no_rate_limits;
            insecure.send_if_modified(|lines| {
                let before = std::mem::replace(lines, holds.insecure());
                before != *lines
            });
            // Each of these judges its own files.
            renewal.iter().for_each(CertificateRenewal::ask);
            keys_again(&hub);
            api_keys_again(&hub);
            admin_passwords_again(&hub);
        }
    });
    log::info!("{}", server.client());
    tell_systemd(NotifyState::Ready);
    let (told, stop) = tokio::sync::oneshot::channel::<()>();
    let again = async {
        signals.first().await;
        tell_systemd(NotifyState::Stopping);
        let _ = told.send(());
        signals.second().await;
        // Counted while the server is there: its workers end, and their sessions with them, once it is dropped.
        dondo.sessions()
    };
    let stop = async move {
        let _ = stop.await;
    };
    tokio::select! {
        ended = server.serve(stop, settings.grace) => ended,
        cut = again => {
            log::warn!("stopped at once: {cut} sessions were cut");
            Ok(())
        }
    }
}

/// Tells whoever started the program as a service, if that wants to know.
fn tell_systemd(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        log::warn!(
            "systemd is not told how far the start or stop is: {error}; let this user write to $NOTIFY_SOCKET"
        );
    }
}

/// Has `dondo` take what is live of the settings as they are `now`, and logs what a restart would change. The settings as they
/// were read last.
fn read_again(
    now: Result<Given, WrongSettings>,
    started: &Given,
    last: Settings,
    dondo: &Dondo,
) -> Settings {
    match now {
        // As while it is written anew: what stood in it is meant still.
        Ok(now) if now.file() != started.file() => {
            let file = started.file().or(now.file()).unwrap_or_default();
            let change = if started.file().is_some() {
                "is gone"
            } else {
                "is new"
            };
            log::error!(
                "SIGHUP: the settings' file {file} {change}; the settings stay as they are: put it back, or restart"
            );
            last
        }
        Ok(now) => {
            dondo.take_live(&now.settings);
            let changed = started.changed(&last, &now);
            if changed.is_empty() {
                log::info!("SIGHUP: the settings are those that hold");
            }
            for line in now.renamed.iter().chain(&changed) {
                log::warn!("SIGHUP: {line}");
            }
            now.settings
        }
        Err(wrong) => {
            for line in wrong.iter() {
                log::error!("SIGHUP: {line}; the settings stay as they are");
            }
            last
        }
    }
}

/// Takes the keys of tokens as their files have them now.
fn keys_again(dondo: &Dondo) {
    match dondo.read_keys_again() {
        Ok(None) => {}
        Ok(Some(keys)) => log::info!("SIGHUP: tokens are known by {keys}"),
        Err(wrong) => log::error!("SIGHUP: {wrong}; the keys stay as they are"),
    }
}

/// The keys of the HTTP API count at once. What is wrong leaves those that there are.
fn api_keys_again(dondo: &Dondo) {
    match dondo.read_api_keys_again() {
        Ok(None) => {}
        Ok(Some(count)) => log::info!("SIGHUP: the HTTP API has {count} keys"),
        Err(wrong) => log::error!("SIGHUP: {wrong}; the keys of the HTTP API stay as they are"),
    }
}

/// So do the admin view's passwords: sessions that another one opened end.
fn admin_passwords_again(dondo: &Dondo) {
    match dondo.read_admin_passwords_again() {
        Ok(false) => {}
        Ok(true) => log::info!("SIGHUP: the admin view's passwords are read"),
        Err(wrong) => log::error!("SIGHUP: {wrong}; the admin view's passwords stay as they are"),
    }
}

/// Each connection is an open file: takes as many as the system lets this process have.
fn raise_open_files() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
    if raised.is_ok() {
        limit.maximum
    } else {
        limit.current
    }
}
