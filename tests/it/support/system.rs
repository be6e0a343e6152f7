//! What the operating system says of a process and its sockets, and signals and socket options that std does not have.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use socket2::{Domain, SockRef, Socket, Type};

use super::{Hub, PATIENCE};

/// Resident memory of a process in bytes.
pub fn memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kilobytes.unwrap().trim().parse::<u64>().unwrap() * 1024
}

/// Open file descriptors of a process.
pub fn open_files(process: u32) -> usize {
    let files = fs::read_dir(format!("/proc/{process}/fd"));
    files.unwrap().count()
}

/// Waits until a process has at most so many files open.
pub fn wait_for_files(process: u32, most: usize) {
    let deadline = Instant::now() + PATIENCE;
    while open_files(process) > most {
        let open = open_files(process);
        assert!(Instant::now() < deadline, "{open} files open, not {most}");
        std::thread::yield_now();
    }
}

/// Whether a process has a handler for a signal: it would end by it otherwise.
pub fn catches(process: u32, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
    caught & (1 << (signal.as_raw() - 1)) != 0
}

/// Sends signals that are all there at once: the process stands still until they have come.
pub fn signal_at_once(process: u32, signals: &[Signal]) {
    let pid = Pid::from_raw(process.cast_signed()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let status = format!("/proc/{process}/status");
    let deadline = Instant::now() + PATIENCE;
    while !fs::read_to_string(&status).unwrap().contains("\nState:\tT") {
        assert!(Instant::now() < deadline, "it does not stand still");
        std::thread::yield_now();
    }
    for &signal in signals {
        kill_process(pid, signal).unwrap();
    }
    kill_process(pid, Signal::CONT).unwrap();
}

/// Closes a connection with RST instead of FIN.
pub fn reset(stream: TcpStream) {
    SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
}

/// A connection whose kernel takes as little as it can for a reader that does not read.
pub fn narrow(hub: &Hub) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&hub.address().into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Any port of an address of this machine that is nobody else's, and from which no connection begins: a port of it that
/// becomes free stays free, where another test would take one of 127.0.0.1 now and then.
pub fn own_address() -> SocketAddr {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed) % 250 + 1;
    SocketAddr::from(([127, 78, (std::process::id() % 250) as u8, number as u8], 0))
}

/// Whether the server's end of a connection still belongs to a process.
pub fn is_served(server: SocketAddr, client: SocketAddr) -> bool {
    let (server, client) = (hex(server), hex(client));
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields.len() > 9 && fields[1] == server && fields[2] == client && fields[9] != "0"
    })
}

/// Waits until the server's end of a connection is gone.
pub fn wait_until_cut(server: SocketAddr, client: SocketAddr) {
    let deadline = Instant::now() + PATIENCE;
    while is_served(server, client) {
        assert!(
            Instant::now() < deadline,
            "the server still holds {client}'s connection"
        );
        std::thread::yield_now();
    }
}

fn hex(address: SocketAddr) -> String {
    let SocketAddr::V4(address) = address else {
        panic!("the tests speak IPv4");
    };
    let ip = u32::from_ne_bytes(address.ip().octets());
    format!("{ip:08X}:{:04X}", address.port())
}
