//! Asks a hub from outside whether it answers, for containers that have no program for that. Knows settings, and nothing of
//! the hub.

use std::io::{Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::asking::reached;
use crate::config::{CommandAnswer, Settings};

/// How long a connection, and then each piece of an answer, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The status line is in the first piece of an answer.
const PIECE: usize = 64;

/// Asks `/healthz` of the addresses that the clients of these settings have, until one is connected. With TLS it is the operators'
/// listener that is asked: no certificate is made out to this machine's own name.
pub fn health_check(settings: &Settings) -> CommandAnswer {
    let mut complaint = String::new();
    let addresses = match (&settings.tls.certificate_file, settings.admin_listen) {
        (None, _) => settings.listen.clone(),
        (Some(_), Some(address)) => vec![address],
        (Some(_), None) => {
            complaint.push_str(
                "with TLS the operators' listener is asked, and --admin-listen is off; give it a port\n",
            );
            Vec::new()
        }
    };
    for address in addresses.into_iter().flat_map(reached) {
        let hosts = settings.hosts.first();
        // The operators' listener is asked by its address.
        let host = hosts
            .filter(|_| settings.tls.certificate_file.is_none())
            .cloned();
        match asked(address, &host.unwrap_or_else(|| address.to_string())) {
            Ok(status) if status.contains(" 200 ") => {
                return CommandAnswer {
                    said: format!("{address} answers\n"),
                    ..CommandAnswer::default()
                };
            }
            Ok(status) => {
                complaint = format!("{address} answers with {status}; see its log\n");
                break;
            }
            Err(error) => complaint.push_str(&format!(
                "{address}: {error}; start the hub, or name its own settings: flags, DONDO_LISTEN or --config\n"
            )),
        }
    }
    CommandAnswer {
        complaint,
        code: 1,
        ..CommandAnswer::default()
    }
}

/// The status line of the answer.
fn asked(address: SocketAddr, host: &str) -> Result<String, Error> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let head = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut piece = [0; PIECE];
    let read = stream.read(&mut piece)?;
    let answer = String::from_utf8_lossy(piece.get(..read).unwrap_or_default());
    match answer.lines().next() {
        Some(status) if status.starts_with("HTTP/1.1 ") => Ok(status.to_owned()),
        _ => Err(Error::new(ErrorKind::InvalidData, "it is no HTTP server")),
    }
}
