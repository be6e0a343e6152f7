//! The server with a handler of its host's that blocks its worker: `block` with a number of seconds. For tests/it/stall.rs,
//! which measures the memory of a process of its own. Flags as for the program.

use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use dondo::config::{Given, matches_from};
use dondo::{Data, Dondo, Namespace, Operators, Server};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let flags = matches_from(std::env::args_os()).unwrap_or_else(|refusal| refusal.exit());
    let given = Given::read(&flags, |_| None)?;
    let (mut settings, _) = given.present(|address| TcpListener::bind(address).map(drop));
    let root = Namespace::hub("/").on("block", async |Data(seconds): Data<u64>| {
        let (_kept, never) = mpsc::channel::<()>();
        let _ = never.recv_timeout(Duration::from_secs(seconds));
    });
    let builder = Dondo::builder().settings(settings.clone());
    let dondo = builder.namespace(root).build()?;
    let address = settings.admin_listen.ok_or("no operators")?;
    let operators = Operators::start(address, &dondo)?;
    let server = Server::start(&settings, dondo.clone())?;
    settings.listen = server.bound().to_vec();
    settings.admin_listen = Some(operators.bound());
    for line in settings.start_log(None) {
        eprintln!("{line}");
    }
    server.serve(std::future::pending(), settings.grace).await?;
    Ok(())
}
