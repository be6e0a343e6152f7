//! Sockets that listen, with the options that those of clients inherit.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that wait to be accepted, at most.
pub(super) const BACKLOG: i32 = 4096;
/// What the kernel takes per connection beyond what it has sent: without it Linux hides megabytes from a slow reader's
/// outbox.
const NOT_SENT_MAX: u32 = 32 * 1024;
/// What the kernel takes in for the hub beyond what it has read: senders that are made to wait must notice, and what was
/// taken is delivered within seconds. Costs a single upload speed only where the round trip is long (1 MB in about 3 s at
/// 100 ms).
const NOT_READ_MAX: usize = 32 * 1024;
/// A peer that acknowledges nothing for so long is gone.
const PEER_LOST: Duration = Duration::from_secs(30);

/// Listens on all of these; an error names each that cannot be had, so that nobody finds them one by one.
pub(super) fn listen_on(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let (mut listeners, mut failed) = (Vec::new(), Vec::new());
    for &address in addresses {
        match listen_beside(address, addresses) {
            Ok(listener) => listeners.push(listener),
            Err(error) => failed.push((address, error)),
        }
    }
    let Some((_, first)) = failed.first() else {
        return Ok(listeners);
    };
    let kind = first.kind();
    let said: Vec<_> = failed
        .iter()
        .map(|(address, error)| format!("cannot listen on {address}: {error}"))
        .collect();
    let said = format!("{}; choose another --listen", said.join(", "));
    Err(io::Error::new(kind, said))
}

/// A listening socket with the options that its accepted sockets inherit, for the `listen` of a host's `HttpServer`. Of
/// several addresses the first that can be had; `[::]` takes connections over IPv4, too.
///
/// # Errors
/// No address can be bound.
pub fn listen(address: impl ToSocketAddrs) -> io::Result<TcpListener> {
    let mut last = None;
    for address in address.to_socket_addrs()? {
        match listen_beside(address, &[]) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no address")))
}

/// The same where these addresses are listened on as well: with one of IPv4 on the same port, `[::]` leaves IPv4 to it.
fn listen_beside(address: SocketAddr, all: &[SocketAddr]) -> io::Result<TcpListener> {
    let shared = |other: &SocketAddr| other.is_ipv4() && other.port() == address.port();
    let both = address.ip().is_unspecified() && (address.port() == 0 || !all.iter().any(shared));
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(!both)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_recv_buffer_size(NOT_READ_MAX)?;
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_user_timeout(Some(PEER_LOST))?;
        socket.set_tcp_notsent_lowat(NOT_SENT_MAX)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::net::TcpStream as Client;

    use socket2::SockRef;

    use super::*;

    /// The hub's end of a connection to it from this address.
    fn accepted(listener: &TcpListener, from: &str) -> std::net::TcpStream {
        listener.set_nonblocking(false).unwrap();
        let port = listener.local_addr().unwrap().port();
        let _client = Client::connect((from, port)).expect(from);
        listener.accept().unwrap().0
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_peer_that_is_lost_is_given_up_by_the_kernel_and_little_waits_in_it() {
        let listener = listen("127.0.0.1:0").unwrap();
        let accepted = accepted(&listener, "127.0.0.1");
        let socket = SockRef::from(&accepted);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(PEER_LOST));
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), NOT_SENT_MAX);
        assert!(socket.tcp_nodelay().unwrap());
    }

    #[test]
    fn all_addresses_are_those_of_both_families_unless_one_of_ipv4_is_listened_on_as_well() {
        let only_v6 = |listener: &TcpListener| SockRef::from(listener).only_v6().unwrap();
        let any: SocketAddr = "[::]:0".parse().unwrap();
        let both = listen(any).expect("this machine has IPv6, which the tests need");
        assert!(!only_v6(&both));
        accepted(&both, "127.0.0.1");
        accepted(&both, "::1");
        let other = listen("127.0.0.1:0").unwrap();
        let other = other.local_addr().unwrap();
        let beside = SocketAddr::new(any.ip(), other.port());
        let alone = listen_beside(beside, &[other, beside]).unwrap();
        assert!(only_v6(&alone));
        accepted(&alone, "::1");
        let loopback = listen("[::1]:0").unwrap();
        assert!(only_v6(&loopback));
    }
}
