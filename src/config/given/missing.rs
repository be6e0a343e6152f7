//! Which addresses are listened on where the machine lacks one: what was written must be had, a default may be left out.
//! Opens no socket itself.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use rustix::io::Errno;

use super::{Given, Settings};

impl Given {
    /// The settings without the default addresses that this machine lacks, as many containers lack `::1`, and a line to
    /// log for each of those. `bind` says whether an address can be had, on any port.
    ///
    /// What was written stays, and so do the defaults if all of them are missing: whoever listens on them says why they
    /// cannot be had.
    pub fn present(&self, bind: impl Fn(SocketAddr) -> Result<()>) -> (Settings, Vec<String>) {
        let mut settings = self.settings.clone();
        let mut missing = Vec::new();
        // Of any other fault the one who listens there tells more.
        let is_here = |address: &SocketAddr| {
            !bind(SocketAddr::new(address.ip(), 0)).is_err_and(|error| is_missing(&error))
        };
        if self.written("listen").is_none() {
            let (here, gone): (Vec<_>, Vec<_>) =
                settings.listen.iter().partition(|&at| is_here(at));
            if !here.is_empty() {
                (settings.listen, missing) = (here, gone);
            }
        }
        if self.written("admin-listen").is_none() {
            let gone = settings.admin_listen.take_if(|address| !is_here(address));
            missing.extend(gone);
        }
        let line =
            |address| format!("{address} is left out: this machine does not have the address");
        (settings, missing.into_iter().map(line).collect())
    }
}

/// No interface has the address, or the system does not know its family at all.
fn is_missing(error: &Error) -> bool {
    error.kind() == ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(Errno::AFNOSUPPORT.raw_os_error())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use crate::config::flags::command;

    use super::*;

    const FOUR: &str = "127.0.0.1:11000";
    const SIX: &str = "[::1]:11000";
    const OPERATORS: &str = "127.0.0.1:11001";

    /// What is listened on, and the lines, for these flags, where binding an address of these families ends so.
    fn present(
        flags: &[&str],
        four: Option<Errno>,
        six: Option<Errno>,
    ) -> (Vec<String>, Vec<String>) {
        let flags = command().get_matches_from([&["dondo"], flags].concat());
        let given = Given::read(&flags, |_| None).unwrap();
        let (settings, lines) = given.present(|address| {
            assert_eq!(address.port(), 0, "a taken port is no missing address");
            match if address.is_ipv4() { four } else { six } {
                Some(errno) => Err(errno.into()),
                None => Ok(()),
            }
        });
        let all = settings.listen.iter().chain(&settings.admin_listen);
        (all.map(SocketAddr::to_string).collect(), lines)
    }

    fn left_out(address: &str) -> String {
        format!("{address} is left out: this machine does not have the address")
    }

    #[test]
    fn a_container_without_ipv6_starts_on_the_address_that_it_has_and_says_so() {
        for errno in [Errno::ADDRNOTAVAIL, Errno::AFNOSUPPORT] {
            let (addresses, lines) = present(&[], None, Some(errno));
            assert_eq!(addresses, [FOUR, OPERATORS]);
            assert_eq!(lines, [left_out(SIX)]);
        }
    }

    /// Fails if a container is not reached by its own addresses, does not start where the kernel knows no IPv6, or is reached
    /// otherwise than somebody wrote.
    #[test]
    fn a_container_listens_on_all_addresses_that_there_are_unless_told_where() {
        let [four, six] = ["0.0.0.0:11000", "[::]:11000"];
        let (addresses, lines) = present(&["--container"], None, None);
        assert_eq!(addresses, [four, six, OPERATORS]);
        assert!(lines.is_empty(), "{lines:?}");
        let (addresses, lines) = present(&["--container"], None, Some(Errno::AFNOSUPPORT));
        assert_eq!(addresses, [four, OPERATORS]);
        assert_eq!(lines, [left_out(six)]);
        let (addresses, _) = present(&["--container", "--listen", FOUR], None, None);
        assert_eq!(addresses, [FOUR, OPERATORS]);
    }

    #[test]
    fn a_machine_without_ipv4_has_no_operators_unless_told_where() {
        let missing = Some(Errno::ADDRNOTAVAIL);
        let (addresses, lines) = present(&[], missing, None);
        assert_eq!(addresses, [SIX]);
        assert_eq!(lines, [left_out(FOUR), left_out(OPERATORS)]);
        let (addresses, _) = present(&["--admin-listen", "[::1]:11001"], missing, None);
        assert_eq!(addresses, [SIX, "[::1]:11001"]);
    }

    #[test]
    fn an_address_that_was_written_is_never_left_out() {
        let missing = Some(Errno::ADDRNOTAVAIL);
        let operators = "[::1]:11001";
        let flags = [
            "--listen",
            SIX,
            "--listen",
            FOUR,
            "--admin-listen",
            operators,
        ];
        let (addresses, lines) = present(&flags, None, missing);
        assert_eq!(addresses, [SIX, FOUR, operators]);
        assert!(lines.is_empty(), "{lines:?}");
    }

    #[test]
    fn where_all_defaults_are_missing_listening_on_them_says_why() {
        let missing = Some(Errno::AFNOSUPPORT);
        let flags = ["--admin-listen", "off"];
        let (addresses, lines) = present(&flags, missing, missing);
        assert_eq!(addresses, [FOUR, SIX]);
        assert!(lines.is_empty(), "{lines:?}");
    }

    #[test]
    fn any_other_fault_is_left_to_whoever_listens() {
        for errno in [Errno::ACCESS, Errno::MFILE, Errno::ADDRINUSE] {
            let (addresses, lines) = present(&[], Some(errno), Some(errno));
            assert_eq!(addresses, [FOUR, SIX, OPERATORS], "{errno:?}");
            assert!(lines.is_empty(), "{lines:?}");
        }
    }
}
