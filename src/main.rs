//! The program: flags, log, signals. Everything else is the library.

use std::io::Write as _;
use std::process::ExitCode;

use dondo::config::{Given, Settings, command};
use dondo::server::Server;
use dondo::service::Dondo;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let flags = command().get_matches();
    env_logger::Builder::from_env(
        env_logger::Env::default().default_filter_or("info,actix_server=warn"),
    )
    .format(|out, record| {
        writeln!(
            out,
            "{} {:5} {}",
            out.timestamp_millis(),
            record.level(),
            record.args()
        )
    })
    .init();
    let given = match Given::read(&flags, |name| std::env::var_os(name)) {
        Ok(given) => given,
        Err(error) => {
            log::error!("{error}");
            return ExitCode::from(2);
        }
    };
    for line in given.renamed {
        log::warn!("{line}");
    }
    match actix_rt::System::new().block_on(run(given.settings)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut settings: Settings) -> std::io::Result<()> {
    let open_files = raise_open_files();
    let dondo = Dondo::builder().settings(settings.clone()).build()?;
    let server = Server::start(&settings, dondo)?;
    settings.listen = server.bound().to_vec();
    for line in settings.start_log(open_files) {
        log::info!("{line}");
    }
    log::info!("{}", server.client());
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (told, stop) = tokio::sync::oneshot::channel::<()>();
    let again = async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        log::info!("asked to stop; once more to stop at once");
        let _ = told.send(());
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    };
    let stop = async move {
        let _ = stop.await;
    };
    tokio::select! {
        ended = server.serve(stop, settings.grace) => ended,
        () = again => Ok(()),
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
