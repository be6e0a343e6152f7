//! Programs that are built for tests, and what they say first.

use std::io::BufRead;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// An example, which is built first: who asks cargo for a test alone gets no examples.
pub fn built_example(name: &str) -> Command {
    let built = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--quiet", "--offline", "--example", name])
        .status();
    assert!(built.unwrap().success());
    let folder = Path::new(env!("CARGO_BIN_EXE_dondo")).parent().unwrap();
    Command::new(folder.join("examples").join(name))
}

/// The address behind these words in a program's log.
pub fn address_after(log: &mut impl BufRead, words: &str) -> SocketAddr {
    let mut line = String::new();
    loop {
        line.clear();
        let count = log.read_line(&mut line).unwrap();
        assert!(count > 0, "the program ended before it listened");
        if let Some((_, url)) = line.split_once(words) {
            return url.trim().split('/').next().unwrap().parse().unwrap();
        }
    }
}
