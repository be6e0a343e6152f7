//! Over a hundred wrong configurations, each with the one sentence that it is answered with.
//! Over 400 lines: the table of them.

use std::os::unix::fs::symlink;

use super::file::{Folder, filed};
use super::*;

/// What stands in `dondo.toml`, and the answer.
const FILES: [(&str, &str); 155] = [
    (
        "[auth]\nsecret-file = \"nowhere\"",
        "dondo.toml:2: auth.secret-file = \"nowhere\": nowhere cannot be read: No such file or directory (os error 2); write a file with a secret, or none",
    ),
    (
        "[auth]\npublic-key-file = \"Cargo.toml\"",
        "dondo.toml:2: auth.public-key-file = \"Cargo.toml\": Cargo.toml: there is no public key of RSA, P-256 or Ed25519 in it; `openssl pkey -in KEY -pubout` writes one; write a file with a public key, or none",
    ),
    (
        "[auth]\njwks-file = \"Cargo.toml\"",
        "dondo.toml:2: auth.jwks-file = \"Cargo.toml\": Cargo.toml: it is no set of keys in JSON: expected value at line 1 column 2; write a file with a set of public keys, or none",
    ),
    (
        "[auth]\njwks-url = \"http://id.example/jwks.json\"",
        "dondo.toml:2: auth.jwks-url = \"http://id.example/jwks.json\": \"http://id.example/jwks.json\" is another machine's without TLS, so that whoever is between could write keys of its own; write one like https://id.example/.well-known/jwks.json, or none",
    ),
    (
        "[auth]\njwks-refresh = \"1s\"",
        "dondo.toml:2: auth.jwks-refresh = \"1s\": 1s is too little; write 1m to 7days",
    ),
    (
        "[auth]\naccount-claim = \"room\"",
        "dondo.toml:2: auth.account-claim = \"room\": \"room\" means something else in each token; write another claim",
    ),
    (
        "[endpoints]\nwebsocket = \"/api/v1/ws/\"",
        "dondo.toml:2: endpoints.websocket = \"/api/v1/ws/\": \"/api/v1/ws/\" is the hub's own; write another path, or off",
    ),
    (
        "[auth]\nsecret = \"abc\"",
        "dondo.toml:2: auth.secret is no setting; the nearest is auth.secret-file",
    ),
    (
        "port = 80",
        "dondo.toml:1: port is no setting; to say where it listens write listen = \"127.0.0.1:11000\"",
    ),
    (
        "host = \"0.0.0.0\"",
        "dondo.toml:1: host is no setting; to say where it listens write listen = \"127.0.0.1:11000\", under which names hosts",
    ),
    (
        "bind = \"127.0.0.1:80\"",
        "dondo.toml:1: bind is no setting; to say where it listens write listen = \"127.0.0.1:11000\"",
    ),
    (
        "[server]\nport = 80",
        "dondo.toml:2: server.port is no setting; to say where it listens write listen = \"127.0.0.1:11000\"",
    ),
    (
        "[server]\nlisten = \"127.0.0.1:80\"",
        "dondo.toml:2: server.listen is no setting; the nearest is listen",
    ),
    (
        "lisen = \"127.0.0.1:80\"",
        "dondo.toml:1: lisen is no setting; the nearest is listen",
    ),
    (
        "[limits]\nsesions-max = 5",
        "dondo.toml:2: limits.sesions-max is no setting; the nearest is limits.sessions-max",
    ),
    (
        "[limits]\nsessions_max = 5",
        "dondo.toml:2: limits.sessions_max is no setting; the nearest is limits.sessions-max",
    ),
    (
        "[limit]\nsessions-max = 5",
        "dondo.toml:2: limit.sessions-max is no setting; the nearest is limits.sessions-max",
    ),
    (
        "limits.sessionsmax = 5",
        "dondo.toml:1: limits.sessionsmax is no setting; the nearest is limits.sessions-max",
    ),
    (
        "sessions-max = 5",
        "dondo.toml:1: sessions-max is no setting; the nearest is limits.sessions-max",
    ),
    (
        "[Limits]\nsessions-max = 5",
        "dondo.toml:2: Limits.sessions-max is no setting; the nearest is limits.sessions-max",
    ),
    (
        "[engine]\nping-intervall = \"25s\"",
        "dondo.toml:2: engine.ping-intervall is no setting; the nearest is engine.ping-interval",
    ),
    (
        "[hub]\neccho = \"on\"",
        "dondo.toml:2: hub.eccho is no setting; the nearest is hub.echo",
    ),
    (
        "max-payloads = \"2MB\"",
        "dondo.toml:1: max-payloads is no setting; the nearest is engine.max-payload",
    ),
    (
        "[hub.presence]\ninterval = \"1s\"",
        "dondo.toml:2: hub.presence.interval is no setting; the nearest is presence.interval",
    ),
    (
        "verbosity = 3",
        "dondo.toml:1: verbosity is no setting; --help has all settings",
    ),
    (
        "static-files = \"/nowhere\"",
        "dondo.toml:1: static-files = \"/nowhere\": there is no such folder; write a folder with a page in it",
    ),
    (
        "static-files = \"/dev\"",
        "dondo.toml:1: static-files = \"/dev\": there is no index.html in it; write a folder with a page in it",
    ),
    (
        "[tls]\nkey = \"a.pem\"",
        "dondo.toml:2: tls.key is no setting; the nearest is tls.key-file",
    ),
    (
        "[tls]\ncertificate-file = \"nowhere.pem\"",
        "dondo.toml:2: tls.certificate-file = \"nowhere.pem\": there is no key to it; write --tls.key-file, too",
    ),
    (
        "[tls]\nkey-file = \"nowhere.pem\"",
        "dondo.toml:2: tls.key-file = \"nowhere.pem\": there is no certificate to it; write --tls.certificate-file, too",
    ),
    (
        "[tls]\ncertificate-file = \"nowhere.pem\"\nkey-file = \"nowhere.pem\"",
        "dondo.toml:2: tls.certificate-file = \"nowhere.pem\": there is no such file; write the name of a file in PEM",
    ),
    (
        "[tls]\ncertificate-file = \"/\"\nkey-file = \"nowhere.pem\"",
        "dondo.toml:2: tls.certificate-file = \"/\": no file; write the name of a file in PEM",
    ),
    (
        "config = \"other.toml\"",
        "dondo.toml:1: config is no setting; --help has all settings",
    ),
    (
        "DONDO_WORKERS = 2",
        "dondo.toml:1: DONDO_WORKERS is no setting; the nearest is workers",
    ),
    (
        "\"--workers\" = 2",
        "dondo.toml:1: --workers is no setting; the nearest is workers",
    ),
    (
        "[logging]",
        "dondo.toml:1: logging is no section; the sections are tls, endpoints, engine, limits, delivery, history, auth, hub, presence, api, admin, insecure",
    ),
    (
        "limits = 5",
        "dondo.toml:1: limits is a section; write [limits], and its settings below",
    ),
    (
        "[[limits]]\nsessions-max = 5",
        "dondo.toml:1: limits is a section; write [limits], and its settings below",
    ),
    (
        "workers.max = 5",
        "dondo.toml:1: workers is a setting and no section; write workers = and a value",
    ),
    (
        "[workers]",
        "dondo.toml:1: workers is a setting and no section; write workers = and a value",
    ),
    (
        "workers = \"many\"",
        "dondo.toml:1: workers = \"many\": \"many\" is not a whole number; write for example 10000",
    ),
    (
        "workers = \"0\"",
        "dondo.toml:1: workers = \"0\": 0 is too little; write 1 to 1024",
    ),
    (
        "workers = 0",
        "dondo.toml:1: workers = 0: 0 is too little; write 1 to 1024",
    ),
    (
        "workers = -1",
        "dondo.toml:1: workers = -1: \"-1\" is not a whole number; write for example 10000",
    ),
    (
        "workers = 2.5",
        "dondo.toml:1: workers = 2.5: \"2.5\" is not a whole number; write for example 10000",
    ),
    (
        "workers = true",
        "dondo.toml:1: workers = true: \"true\" is not a whole number; write for example 10000",
    ),
    (
        "workers = 0x10",
        "dondo.toml:1: workers = 0x10: \"0x10\" is not a whole number; write for example 10000",
    ),
    (
        "workers = \"\"",
        "dondo.toml:1: workers = \"\": \"\" is not a whole number; write for example 10000",
    ),
    (
        "workers = [2]",
        "dondo.toml:1: workers = [2]: a list; write one value, without brackets",
    ),
    (
        "workers = 100_000",
        "dondo.toml:1: workers = 100_000: 100000 is too much; write 1 to 1024",
    ),
    (
        "workers = 1979-05-27",
        "dondo.toml:1: workers = 1979-05-27: \"1979-05-27\" is not a whole number; write for example 10000",
    ),
    (
        "grace = 10",
        "dondo.toml:1: grace = 10: a duration needs a unit: write 10s or 10ms (for example 25s, 250ms), in quotes",
    ),
    (
        "grace = 0.5",
        "dondo.toml:1: grace = 0.5: a duration needs a unit: write 0.5s or 0.5ms (for example 25s, 250ms), in quotes",
    ),
    (
        "grace = \"10\"",
        "dondo.toml:1: grace = \"10\": a duration needs a unit: write 10s or 10ms (for example 25s, 250ms)",
    ),
    (
        "grace = \"soon\"",
        "dondo.toml:1: grace = \"soon\": not a duration (expected number at 0); write for example 250ms, 25s or 2m",
    ),
    (
        "grace = \"10 parsecs\"",
        "dondo.toml:1: grace = \"10 parsecs\": not a duration (unknown time unit \"parsecs\", supported units: ns, us/µs, ms, sec, min, hours, days, weeks, months, years (and few variations)); write for example 250ms, 25s or 2m",
    ),
    (
        "grace = \"-1s\"",
        "dondo.toml:1: grace = \"-1s\": not a duration (expected number at 0); write for example 250ms, 25s or 2m",
    ),
    (
        "grace = \"2days\"",
        "dondo.toml:1: grace = \"2days\": 2days is too much; write 0s to 1day",
    ),
    (
        "grace = false",
        "dondo.toml:1: grace = false: not a duration (expected number at 0); write for example 250ms, 25s or 2m, in quotes",
    ),
    (
        "grace = \"\"",
        "dondo.toml:1: grace = \"\": not a duration (value was empty); write for example 250ms, 25s or 2m",
    ),
    (
        "engine.ping-interval = \"0s\"",
        "dondo.toml:1: engine.ping-interval = \"0s\": 0s is too little; write 1ms to 1day",
    ),
    (
        "engine.ping-interval = 25000",
        "dondo.toml:1: engine.ping-interval = 25000: a duration needs a unit: write 25000s or 25000ms (for example 25s, 250ms), in quotes",
    ),
    (
        "delivery.stall-timeout = \"0s\"",
        "dondo.toml:1: delivery.stall-timeout = \"0s\": 0s is too little; write 1ms to 1day",
    ),
    (
        "memory-max = 4096",
        "dondo.toml:1: memory-max = 4096: a size needs a unit: write 4096B or 4096KB (for example 1MB, 64KiB; 1MB = 1,000,000 bytes), in quotes",
    ),
    (
        "memory-max = \"4\"",
        "dondo.toml:1: memory-max = \"4\": a size needs a unit: write 4B or 4KB (for example 1MB, 64KiB; 1MB = 1,000,000 bytes)",
    ),
    (
        "memory-max = \"4TB\"",
        "dondo.toml:1: memory-max = \"4TB\": not a size; write for example 512B, 64KiB or 1MB (whole numbers of B, KB, MB, GB, KiB, MiB or GiB)",
    ),
    (
        "memory-max = \"1.5GB\"",
        "dondo.toml:1: memory-max = \"1.5GB\": not a size; write for example 512B, 64KiB or 1MB (whole numbers of B, KB, MB, GB, KiB, MiB or GiB)",
    ),
    (
        "memory-max = \"none\"",
        "dondo.toml:1: memory-max = \"none\": not a size; write for example 512B, 64KiB or 1MB (whole numbers of B, KB, MB, GB, KiB, MiB or GiB)",
    ),
    (
        "engine.max-payload = \"0B\"",
        "dondo.toml:1: engine.max-payload = \"0B\": 0B is too little; write 1B to 1048576GiB",
    ),
    (
        "engine.max-payload = \"1 MegaByte\"",
        "dondo.toml:1: engine.max-payload = \"1 MegaByte\": not a size; write for example 512B, 64KiB or 1MB (whole numbers of B, KB, MB, GB, KiB, MiB or GiB)",
    ),
    (
        "engine.max-payload = [\"1MB\"]",
        "dondo.toml:1: engine.max-payload = [\"1MB\"]: a list; write one value, without brackets",
    ),
    (
        "limits.bytes-per-s = \"9999999GB\"",
        "dondo.toml:1: limits.bytes-per-s = \"9999999GB\": 9999999GB is too much; write 1B to 1048576GiB",
    ),
    (
        "history.count = \"none\"",
        "dondo.toml:1: history.count = \"none\": \"none\" is not a whole number; write for example 10000",
    ),
    (
        "limits.sessions-max = 0",
        "dondo.toml:1: limits.sessions-max = 0: 0 is too little; write 1 to 4294967295",
    ),
    (
        "limits.sessions-max = 99999999999",
        "dondo.toml:1: limits.sessions-max = 99999999999: 99999999999 is too much; write 1 to 4294967295",
    ),
    (
        "hub.echo = \"yes\"",
        "dondo.toml:1: hub.echo = \"yes\": neither on nor off; write one of them",
    ),
    (
        "hub.echo = 1",
        "dondo.toml:1: hub.echo = 1: neither on nor off; write one of them, in quotes",
    ),
    (
        "hub.echo = \"true\"",
        "dondo.toml:1: hub.echo = \"true\": neither on nor off; write one of them",
    ),
    (
        "hub.echo = []",
        "dondo.toml:1: hub.echo = []: a list; write one value, without brackets",
    ),
    (
        "insecure.no-rate-limits = \"none\"",
        "dondo.toml:1: insecure.no-rate-limits = \"none\": neither on nor off; write one of them",
    ),
    (
        "[hub]\nslow-mode = \"a=1s,b=1s,a=2s\"",
        "dondo.toml:2: hub.slow-mode = \"a=1s,b=1s,a=2s\": a stands twice in it, as a=1s and as a=2s; write it once",
    ),
    (
        "[hub]\nchannel-capacity = [\"a=1\", \" a =1\"]",
        "dondo.toml:2: hub.channel-capacity = [\"a=1\", \" a =1\"]: a stands twice in it, as a=1 and as a=1; write it once",
    ),
    (
        "log-format = \"xml\"",
        "dondo.toml:1: log-format = \"xml\": not one of the words for it; write text or json",
    ),
    (
        "hub.room-scope = \"loose\"",
        "dondo.toml:1: hub.room-scope = \"loose\": not one of the words for it; write match or flat or strict",
    ),
    (
        "rate-limits = \"off\"",
        "dondo.toml:1: rate-limits is no setting; for off write insecure.no-rate-limits = \"on\", and for anything else nothing",
    ),
    (
        "[hub]\nclient-id = \"keep\"",
        "dondo.toml:2: hub.client-id is no setting; for keep write insecure.keep-client-id = \"on\", and for anything else nothing",
    ),
    (
        "presence.online-users = \"none\"",
        "dondo.toml:1: presence.online-users = \"none\": not one of the words for it; write all or channel or off",
    ),
    (
        "hub.rooms-default-access = \"closed\"",
        "dondo.toml:1: hub.rooms-default-access = \"closed\": not one of the words for it; write open or invite",
    ),
    (
        "listen = \"localhost:80\"",
        "dondo.toml:1: listen = \"localhost:80\": \"localhost:80\" is a name, and may be two addresses; write 127.0.0.1:80 or [::1]:80",
    ),
    (
        "listen = \":80\"",
        "dondo.toml:1: listen = \":80\": \":80\" says no address; write 127.0.0.1:80 for this machine alone, or [::]:80 for all that reach it",
    ),
    (
        "listen = \"127.0.0.1\"",
        "dondo.toml:1: listen = \"127.0.0.1\": \"127.0.0.1\" has no port; write for example 127.0.0.1:11000",
    ),
    (
        "listen = 11000",
        "dondo.toml:1: listen = 11000: \"11000\" says no address; write 127.0.0.1:11000 for this machine alone, or [::]:11000 for all that reach it, in quotes",
    ),
    (
        "listen = [11000]",
        "dondo.toml:1: listen = [11000]: not a list of texts; write each in quotes, with commas between",
    ),
    (
        "listen = []",
        "dondo.toml:1: listen = []: no address to listen on; write one, for example 127.0.0.1:11000",
    ),
    (
        "listen = [\"127.0.0.1:80\", \"here\"]",
        "dondo.toml:1: listen = [\"127.0.0.1:80\", \"here\"]: \"here\" is not an IP address with a port; write for example 127.0.0.1:11000",
    ),
    (
        "listen = \"::1:80\"",
        "dondo.toml:1: listen = \"::1:80\": \"::1:80\" lacks the brackets of an IPv6 address; write [::1]:80 or [::1:80]:11000",
    ),
    (
        "listen = \"0.0.0.0:http\"",
        "dondo.toml:1: listen = \"0.0.0.0:http\": \"http\" is no port; write for example 0.0.0.0:11000",
    ),
    (
        "listen = \"off\"",
        "dondo.toml:1: listen = \"off\": no address to listen on; write one, for example 127.0.0.1:11000",
    ),
    (
        "listen = [\"127.0.0.1:80\", \"127.0.0.1:80\"]",
        "dondo.toml:1: listen = [\"127.0.0.1:80\", \"127.0.0.1:80\"]: 127.0.0.1:80 is given twice; write it once",
    ),
    (
        "admin-listen = \"on\"",
        "dondo.toml:1: admin-listen = \"on\": \"on\" is not an IP address with a port; write for example 127.0.0.1:11000, or off",
    ),
    (
        "admin-listen = false",
        "dondo.toml:1: admin-listen = false: \"false\" is not an IP address with a port; write for example 127.0.0.1:11000, or off, in quotes",
    ),
    (
        "namespaces = \"chat\"",
        "dondo.toml:1: namespaces = \"chat\": \"chat\" does not begin with a slash; write namespaces like / or /chat, each once, separated by commas",
    ),
    (
        "namespaces = [\"/\", \"/\"]",
        "dondo.toml:1: namespaces = [\"/\", \"/\"]: \"/\" is given twice; write namespaces like / or /chat, each once, separated by commas",
    ),
    (
        "namespaces = []",
        "dondo.toml:1: namespaces = []: an empty list; write at least one value, or leave it out",
    ),
    (
        "namespaces = \"/a b\"",
        "dondo.toml:1: namespaces = \"/a b\": \"/a b\" has a comma, question mark, space or control character in it; write namespaces like / or /chat, each once, separated by commas",
    ),
    (
        "path = \"/\"",
        "dondo.toml:1: path = \"/\": \"/\" is where the first page stands; write it like /socket.io/",
    ),
    (
        "path = \"socket.io\"",
        "dondo.toml:1: path = \"socket.io\": \"socket.io\" does not begin with a slash; write it like /socket.io/",
    ),
    (
        "path = \"/api/v1/\"",
        "dondo.toml:1: path = \"/api/v1/\": \"/api/v1/\" is the hub's own; write another path, like /socket.io/",
    ),
    (
        "path = \"/readyz\"",
        "dondo.toml:1: path = \"/readyz\": \"/readyz/\" is the hub's own; write another path, like /socket.io/",
    ),
    (
        "chat-hub = \"/api\"",
        "dondo.toml:1: chat-hub = \"/api\": \"/api/\" is the hub's own; write another path, or off",
    ),
    (
        "path = \"/a//b\"",
        "dondo.toml:1: path = \"/a//b\": \"/a//b\" has an empty part in it; write it like /socket.io/",
    ),
    (
        "path = \"/a/../b\"",
        "dondo.toml:1: path = \"/a/../b\": \"/a/../b\" has a part in it that browsers take out; write it like /socket.io/",
    ),
    (
        "chat-hub = true",
        "dondo.toml:1: chat-hub = true: \"true\" does not begin with a slash; write it like /socket.io/, or off, in quotes",
    ),
    (
        "endpoints.websocket = \"/healthz\"",
        "dondo.toml:1: endpoints.websocket = \"/healthz\": \"/healthz/\" is the hub's own; write another path, or off",
    ),
    (
        "endpoints.events = \"ws\"",
        "dondo.toml:1: endpoints.events = \"ws\": \"ws\" does not begin with a slash; write it like /socket.io/, or off",
    ),
    (
        "origins = \"a.example\"",
        "dondo.toml:1: origins = \"a.example\": `a.example` is no origin; write scheme and host, and the port if it is not the scheme's own, as in `https://chat.example` or `http://localhost:3000`, with no path, slash at the end, or pattern",
    ),
    (
        "origins = \"https://a.example/chat\"",
        "dondo.toml:1: origins = \"https://a.example/chat\": `https://a.example/chat` is no origin; write scheme and host, and the port if it is not the scheme's own, as in `https://chat.example` or `http://localhost:3000`, with no path, slash at the end, or pattern",
    ),
    (
        "origins = [\"*\", \"https://a.example\"]",
        "dondo.toml:1: origins = [\"*\", \"https://a.example\"]: `*` must stand alone, not in a list",
    ),
    (
        "hosts = \"http://a.example\"",
        "dondo.toml:1: hosts = \"http://a.example\": \"http://a.example\" is no host name; write names without scheme, port and pattern, for example chat.example",
    ),
    (
        "hosts = \"any,a.example\"",
        "dondo.toml:1: hosts = \"any,a.example\": \"any\" cannot stand beside others; write it alone, or leave it out",
    ),
    (
        "hosts = \"*.example\"",
        "dondo.toml:1: hosts = \"*.example\": \"*.example\" is no host name; write names without scheme, port and pattern, for example chat.example",
    ),
    (
        "trusted-proxies = \"10.0.0.0/33\"",
        "dondo.toml:1: trusted-proxies = \"10.0.0.0/33\": \"10.0.0.0/33\" is not an IP address or a network; write for example 10.0.0.0/8",
    ),
    (
        "trusted-proxies = \"nginx\"",
        "dondo.toml:1: trusted-proxies = \"nginx\": \"nginx\" is not an IP address or a network; write for example 10.0.0.0/8",
    ),
    (
        "[api]\nkeys-file = \"/nowhere\"",
        "dondo.toml:2: api.keys-file = \"/nowhere\": /nowhere cannot be read: No such file or directory (os error 2); write the name of a file with [[key]] in it, see src/docs/http-api.md",
    ),
    (
        "[admin]\npassword-file = \"/nowhere\"",
        "dondo.toml:2: admin.password-file = \"/nowhere\": /nowhere cannot be read: No such file or directory (os error 2); write a file with one, or none",
    ),
    (
        "client-dist = \"/nowhere\"",
        "dondo.toml:1: client-dist = \"/nowhere\": there is no socket.io.js in /nowhere; write the dist folder of the npm package socket.io-client",
    ),
    (
        "engine.subprotocols = \"chat v1\"",
        "dondo.toml:1: engine.subprotocols = \"chat v1\": \"chat v1\" is no subprotocol; write names of letters, digits and -._, for example chat.v1",
    ),
    (
        "grace = 10s",
        "dondo.toml:1: grace = 10s is not TOML (string values must be quoted); write grace = \"10s\"",
    ),
    (
        "[limits]\nsessions-max: 5",
        "dondo.toml:2: sessions-max: 5 is not TOML (key with no value, expected `=`); write lines like sessions-max = 10000 below a line like [limits], and texts in quotes",
    ),
    (
        "[limits",
        "dondo.toml:1: [limits is not TOML (unclosed table, expected `]`); write lines like sessions-max = 10000 below a line like [limits], and texts in quotes",
    ),
    (
        "workers = ",
        "dondo.toml:1: workers = is not TOML (string values must be quoted); write workers = and a value",
    ),
    (
        "workers",
        "dondo.toml:1: workers is not TOML (key with no value, expected `=`); write lines like sessions-max = 10000 below a line like [limits], and texts in quotes",
    ),
    (
        "= 5",
        "dondo.toml:1: = 5 is not TOML (unquoted keys cannot be empty, expected letters, numbers, `-`, `_`); write lines like sessions-max = 10000 below a line like [limits], and texts in quotes",
    ),
    (
        "log-format = json",
        "dondo.toml:1: log-format = json is not TOML (string values must be quoted); write log-format = \"json\"",
    ),
    (
        "workers = 2\nworkers = 3",
        "dondo.toml:2: workers stands twice; write it once",
    ),
    (
        "[limits]\n[hub]\n[limits]",
        "dondo.toml:3: [limits] stands twice; write all of it in one place",
    ),
    (
        "[limits]\nburst = \"1s\"\n[hub]\n[limits]\nburst = \"2s\"",
        "dondo.toml:4: [limits] stands twice; write all of it in one place",
    ),
    (
        "limits.burst = \"1s\"\n[limits]\nburst = \"2s\"",
        "dondo.toml:2: [limits] stands twice; write all of it in one place",
    ),
    (
        "listen = [\"127.0.0.1:80\"",
        "dondo.toml:1: listen = [\"127.0.0.1:80\" is not TOML (unclosed array, expected `]`); write lines like sessions-max = 10000 below a line like [limits], and texts in quotes",
    ),
    (
        "namespaces = \"/",
        "dondo.toml:1: namespaces = \"/ is not TOML (invalid basic string, expected `\"`); write lines like sessions-max = 10000 below a line like [limits], and texts in quotes",
    ),
    (
        "origins = 'same-host",
        "dondo.toml:1: origins = 'same-host is not TOML (invalid literal string, expected `'`); write lines like sessions-max = 10000 below a line like [limits], and texts in quotes",
    ),
    (
        "workers = 2 3",
        "dondo.toml:1: workers = 2 3 is not TOML (string values must be quoted); \"2 3\" is not a whole number; write for example 10000",
    ),
    (
        "{\"workers\": 2}",
        "dondo.toml:1: {\"workers\": 2} is not TOML (invalid key-value pair, expected key); write lines like sessions-max = 10000 below a line like [limits], and texts in quotes",
    ),
    (
        "--workers 2",
        "dondo.toml:1: --workers 2 is not TOML (key with no value, expected `=`); write lines like sessions-max = 10000 below a line like [limits], and texts in quotes",
    ),
    (
        "path = \"\\d\"",
        "dondo.toml:1: path = \"\\d\" is not TOML (missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\\`, `\"`, `x`, `u`, `U`); write lines like sessions-max = 10000 below a line like [limits], and texts in quotes",
    ),
    (
        "DONDO_WORKERS=two",
        "dondo.toml:1: DONDO_WORKERS=two is not TOML (invalid boolean, expected `true`); write lines like sessions-max = 10000 below a line like [limits], and texts in quotes",
    ),
    (
        "admin-listen = 127.0.0.1:80",
        "dondo.toml:1: admin-listen = 127.0.0.1:80 is not TOML (invalid float); write admin-listen = \"127.0.0.1:80\"",
    ),
    (
        "workers = 02",
        "dondo.toml:1: workers = 02 is not TOML (unexpected leading zero); write workers = 2",
    ),
    (
        "origins = []",
        "dondo.toml:1: origins = []: an empty list; write at least one value, or leave it out",
    ),
    (
        "hub.echo = on",
        "dondo.toml:1: hub.echo = on is not TOML (string values must be quoted); write hub.echo = \"on\"",
    ),
    (
        "hub.echo = yes",
        "dondo.toml:1: hub.echo = yes is not TOML (string values must be quoted); neither on nor off; write one of them, in quotes",
    ),
    (
        "[limits]\nsessions-max = many",
        "dondo.toml:2: sessions-max = many is not TOML (string values must be quoted); \"many\" is not a whole number; write for example 10000",
    ),
    (
        "workers = 2\nworkers = 3\n[hub]\necho = \"on\"\necho = \"off\"",
        "dondo.toml:2: workers stands twice; write it once\ndondo.toml:5: echo stands twice; write it once",
    ),
    (
        "[engine]\nport = 80",
        "dondo.toml:2: engine.port is no setting; to say where it listens write listen = \"127.0.0.1:11000\"",
    ),
    (
        "[delivery]\nage = \"5s\"",
        "dondo.toml:2: delivery.age is no setting; the nearest is history.age",
    ),
];

type Contradiction = (
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    &'static str,
);

/// What stands in the file, the flags and the variables, each right alone or hidden by another, and the answer.
const CONTRADICTIONS: [Contradiction; 25] = [
    (
        "listen = \"0.0.0.0:80\"",
        &["--dev"],
        &[],
        "--dev on: other machines can reach 0.0.0.0:80 of listen = \"0.0.0.0:80\" in dondo.toml:1, and this is for development on one; write 127.0.0.1:80 there, or off here",
    ),
    (
        "dev = true",
        &["--admin-listen", "[::]:81"],
        &[],
        "dondo.toml:1: dev = true: other machines can reach [::]:81 of --admin-listen [::]:81, and rooms can be crashed there; write 127.0.0.1:81 there, or off here",
    ),
    (
        "admin-listen = \"off\"",
        &[],
        &[("DONDO_DEV", "on")],
        "DONDO_DEV=on: rooms are crashed by the operators' listener, and admin-listen = \"off\" in dondo.toml:1 has none; write 127.0.0.1:11001 there, or off here",
    ),
    (
        "admin-listen = \"off\"",
        &["--admin.password-file", PASSWORD_FILE],
        &[],
        concat!(
            "--admin.password-file ",
            env!("CARGO_MANIFEST_DIR"),
            "/target/client-dist/password: no operators' listener serves it, as of admin-listen = \"off\" in dondo.toml:1; write an address there, or none here"
        ),
    ),
    (
        "",
        &[
            "--admin.password-file",
            PASSWORD_FILE,
            "--admin.viewer-password-file",
            PASSWORD_FILE,
        ],
        &[],
        concat!(
            "--admin.viewer-password-file ",
            env!("CARGO_MANIFEST_DIR"),
            "/target/client-dist/password: the password is that of --admin.password-file ",
            env!("CARGO_MANIFEST_DIR"),
            "/target/client-dist/password, too; write another one"
        ),
    ),
    (
        "[engine]\nmax-payload = \"2MB\"\n[delivery]\noutbox-bytes-max = \"3MB\"",
        &[],
        &[],
        "dondo.toml:4: delivery.outbox-bytes-max = \"3MB\": 3MB is less than two messages of the size that engine.max-payload = \"2MB\" in dondo.toml:2 allows; write at least 4MB",
    ),
    (
        "[engine]\nmax-payload = \"2MB\"",
        &["--delivery.outbox-bytes-max", "3MB"],
        &[],
        "--delivery.outbox-bytes-max 3MB: 3MB is less than two messages of the size that engine.max-payload = \"2MB\" in dondo.toml:2 allows; write at least 4MB",
    ),
    (
        "[delivery]\noutbox-bytes-max = \"3MB\"",
        &[],
        &[("DONDO_ENGINE_MAX_PAYLOAD", "2MB")],
        "dondo.toml:2: delivery.outbox-bytes-max = \"3MB\": 3MB is less than two messages of the size that DONDO_ENGINE_MAX_PAYLOAD=2MB allows; write at least 4MB",
    ),
    (
        "",
        &["--engine.max-payload", "2MB"],
        &[("DONDO_DELIVERY_OUTBOX_BYTES_MAX", "3MB")],
        "DONDO_DELIVERY_OUTBOX_BYTES_MAX=3MB: 3MB is less than two messages of the size that --engine.max-payload 2MB allows; write at least 4MB",
    ),
    (
        "session-bytes-max = \"1MB\"",
        &[],
        &[],
        "dondo.toml:1: session-bytes-max = \"1MB\": 1MB is less than two messages of the size that --engine.max-payload allows; write at least 2MB",
    ),
    (
        "memory-max = \"40MB\"",
        &["--session-bytes-max", "41MB"],
        &[],
        "dondo.toml:1: memory-max = \"40MB\": 40MB is less than one session may hold; write at least 41MB (--session-bytes-max 41MB)",
    ),
    (
        "memory-max = \"20MB\"",
        &[],
        &[],
        "dondo.toml:1: memory-max = \"20MB\": 20MB is less than one session may hold; write at least 32MiB (--session-bytes-max)",
    ),
    (
        "history.bytes = \"30MB\"",
        &[],
        &[("DONDO_MEMORY_MAX", "40MB")],
        "dondo.toml:1: history.bytes = \"30MB\": 30MB is too much; write 1B to 20MB, half of DONDO_MEMORY_MAX=40MB",
    ),
    (
        "limits.address-bytes-max = \"1MB\"",
        &["--engine.max-payload", "2MB"],
        &[],
        "dondo.toml:1: limits.address-bytes-max = \"1MB\": 1MB is less than one message of the size that --engine.max-payload 2MB allows; write at least 2MB",
    ),
    (
        "limits.unfinished-bytes-max = \"999KB\"",
        &[],
        &[],
        "dondo.toml:1: limits.unfinished-bytes-max = \"999KB\": 999KB is less than one message of the size that --engine.max-payload allows; write at least 1MB",
    ),
    (
        "engine.packet-bytes-max = \"500KB\"",
        &["--engine.max-payload", "600KB"],
        &[],
        "dondo.toml:1: engine.packet-bytes-max = \"500KB\": 500KB is less than one message of the size that --engine.max-payload 600KB allows; write at least 600KB",
    ),
    (
        "engine.packet-bytes-max = \"9MB\"",
        &[],
        &[("DONDO_SESSION_BYTES_MAX", "16MB")],
        "dondo.toml:1: engine.packet-bytes-max = \"9MB\": 9MB is more than half of what may wait for one session; write at most 8MB, or raise --delivery.outbox-bytes-max and DONDO_SESSION_BYTES_MAX=16MB",
    ),
    (
        "path = \"/live\"",
        &["--chat-hub", "/live"],
        &[],
        "--chat-hub /live: \"/live/\" is the path of path = \"/live\" in dondo.toml:1 too, or below or above it; write a path of its own, or off",
    ),
    (
        "path = \"/ws\"",
        &[],
        &[],
        "--endpoints.websocket: \"/ws/\" is the path of path = \"/ws\" in dondo.toml:1 too, or below or above it; write a path of its own, or off",
    ),
    (
        "endpoints.echo = \"/echo\"",
        &["--endpoints.events", "/echo/live"],
        &[],
        "dondo.toml:1: endpoints.echo = \"/echo\": \"/echo/\" is the path of --endpoints.events /echo/live too, or below or above it; write a path of its own, or off",
    ),
    (
        "admin-listen = \"127.0.0.1:80\"",
        &[],
        &[("DONDO_LISTEN", "127.0.0.1:80")],
        "dondo.toml:1: admin-listen = \"127.0.0.1:80\": 127.0.0.1:80 is an address of DONDO_LISTEN=127.0.0.1:80 too; write another port, or off",
    ),
    (
        "namespaces = \"/a-long-name\"",
        &[],
        &[("DONDO_HUB_NAME_BYTES_MAX", "5")],
        "dondo.toml:1: namespaces = \"/a-long-name\": \"/a-long-name\" is longer than DONDO_HUB_NAME_BYTES_MAX=5; write namespaces like / or /chat, each once, separated by commas",
    ),
    (
        "workers = \"many\"",
        &["--workers", "2"],
        &[],
        "dondo.toml:1: workers = \"many\": \"many\" is not a whole number; write for example 10000",
    ),
    (
        "limits.sessions-max = 0",
        &["--limits.sessions-max", "5"],
        &[],
        "dondo.toml:1: limits.sessions-max = 0: 0 is too little; write 1 to 4294967295",
    ),
    (
        "max-payload = \"2MB\"",
        &["--outbox-bytes-max", "3MB"],
        &[],
        "--outbox-bytes-max 3MB: 3MB is less than two messages of the size that max-payload = \"2MB\" in dondo.toml:1 allows; write at least 4MB",
    ),
];

/// A variable, its value, and the answer.
const VARIABLES: [(&str, &str, &str); 13] = [
    (
        "DONDO_WORKERS",
        "many",
        "DONDO_WORKERS=many: \"many\" is not a whole number; write for example 10000",
    ),
    (
        "DONDO_WORKERS",
        "",
        "DONDO_WORKERS=: \"\" is not a whole number; write for example 10000",
    ),
    (
        "DONDO_LIMITS_SESSIONS_MAX",
        "0",
        "DONDO_LIMITS_SESSIONS_MAX=0: 0 is too little; write 1 to 4294967295",
    ),
    (
        "DONDO_GRACE",
        "10",
        "DONDO_GRACE=10: a duration needs a unit: write 10s or 10ms (for example 25s, 250ms)",
    ),
    (
        "DONDO_ENGINE_MAX_PAYLOAD",
        "1000000",
        "DONDO_ENGINE_MAX_PAYLOAD=1000000: a size needs a unit: write 1000000B or 1000000KB (for example 1MB, 64KiB; 1MB = 1,000,000 bytes)",
    ),
    (
        "DONDO_HUB_ECHO",
        "true",
        "DONDO_HUB_ECHO=true: neither on nor off; write one of them",
    ),
    (
        "DONDO_LISTEN",
        "8080",
        "DONDO_LISTEN=8080: \"8080\" says no address; write 127.0.0.1:8080 for this machine alone, or [::]:8080 for all that reach it",
    ),
    (
        "DONDO_LISTEN",
        "0.0.0.0",
        "DONDO_LISTEN=0.0.0.0: \"0.0.0.0\" has no port; write for example 0.0.0.0:11000",
    ),
    (
        "DONDO_ORIGINS",
        "chat.example",
        "DONDO_ORIGINS=chat.example: `chat.example` is no origin; write scheme and host, and the port if it is not the scheme's own, as in `https://chat.example` or `http://localhost:3000`, with no path, slash at the end, or pattern",
    ),
    (
        "DONDO_PING_INTERVAL",
        "0s",
        "DONDO_PING_INTERVAL=0s: 0s is too little; write 1ms to 1day",
    ),
    (
        "DONDO_HISTORY_AGE",
        "5",
        "DONDO_HISTORY_AGE=5: a duration needs a unit: write 5s or 5ms (for example 25s, 250ms)",
    ),
    (
        "DONDO_ADMIN_LISTEN",
        "no",
        "DONDO_ADMIN_LISTEN=no: \"no\" is not an IP address with a port; write for example 127.0.0.1:11000, or off",
    ),
    (
        "DONDO_LOG_FORMAT",
        "JSON",
        "DONDO_LOG_FORMAT=JSON: not one of the words for it; write text or json",
    ),
];

/// What the command line is, and the answer up to the line on usage.
const FLAGS: [(&[&str], &str); 25] = [
    (
        &["--workers", "many"],
        "--workers many: \"many\" is not a whole number; write for example 10000",
    ),
    (
        &["--workers", "0"],
        "--workers 0: 0 is too little; write 1 to 1024",
    ),
    (
        &["--workers", "-1"],
        "--workers -1: \"-1\" is not a whole number; write for example 10000",
    ),
    (
        &["--grace", "10"],
        "--grace 10: a duration needs a unit: write 10s or 10ms (for example 25s, 250ms)",
    ),
    (
        &["--listen", "80"],
        "--listen 80: \"80\" says no address; write 127.0.0.1:80 for this machine alone, or [::]:80 for all that reach it",
    ),
    (
        &["--limits.sessions-max", "0"],
        "--limits.sessions-max 0: 0 is too little; write 1 to 4294967295",
    ),
    (
        &["--hub.echo", "no"],
        "--hub.echo no: neither on nor off; write one of them",
    ),
    (
        &["--path", "/"],
        "--path /: \"/\" is where the first page stands; write it like /socket.io/",
    ),
    (
        &["--workrs", "2"],
        "error: unexpected argument '--workrs' found\n\n  tip: a similar argument exists: '--workers'",
    ),
    (
        &["--limits.sesions-max", "5"],
        "error: unexpected argument '--limits.sesions-max' found\n\n  tip: a similar argument exists: '--limits.sessions-max'",
    ),
    (
        &["--port", "80"],
        "error: --port is no setting; to say where it listens write --listen 127.0.0.1:11000",
    ),
    (
        &["--workers"],
        "error: a value is required for '--workers <COUNT>' but none was supplied",
    ),
    (
        &["--log-format", "xml"],
        "error: invalid value 'xml' for '--log-format <WORD>'\n  [possible values: text, json]",
    ),
    (
        &["--workers", "2", "--workers", "3"],
        "error: the argument '--workers <COUNT>' cannot be used multiple times",
    ),
    (&["serve"], "error: unrecognized subcommand 'serve'"),
    (
        &["chek"],
        "error: unrecognized subcommand 'chek'\n\n  tip: some similar subcommands exist: 'channels', 'check'",
    ),
    (
        &["check", "--workers", "0"],
        "--workers 0: 0 is too little; write 1 to 1024",
    ),
    (
        &["config", "shwo"],
        "error: unrecognized subcommand 'shwo'\n\n  tip: a similar subcommand exists: 'show'",
    ),
    (
        &["config", "show", "--grace", "1"],
        "--grace 1: a duration needs a unit: write 1s or 1ms (for example 25s, 250ms)",
    ),
    (
        &["--verbose"],
        "error: unexpected argument '--verbose' found\n\n  tip: a similar argument exists: '--version'",
    ),
    (
        &["types"],
        "error: the following required arguments were not provided:\n  <--ts|--cs>",
    ),
    (&["init", "a", "b"], "error: unexpected argument 'b' found"),
    (&["-p", "80"], "error: unexpected argument '-p' found"),
    (
        &["--host", "0.0.0.0"],
        "error: --host is no setting; to say where it listens write --listen 127.0.0.1:11000, under which names --hosts",
    ),
    (
        &["check", "--addr", "x"],
        "error: --addr is no setting; to say where it listens write --listen 127.0.0.1:11000",
    ),
];

/// Fails if something wrong is taken, or its answer does not say any more what was read, where, and what to write.
#[test]
fn each_wrong_configuration_is_answered_by_its_sentence() {
    let refused = |file: &str, flags: &[&str], variables: &[(&str, &str)]| {
        let given = filed(file, flags, variables);
        given.map(|given| given.settings).expect_err(file)
    };
    for (file, told) in FILES {
        assert_eq!(refused(file, &[], &[]), told, "{file}");
    }
    for (file, flags, variables, told) in CONTRADICTIONS {
        assert_eq!(refused(file, flags, variables), told, "{file}");
    }
    for (name, value, told) in VARIABLES {
        assert_eq!(refused("", &[], &[(name, value)]), told, "{name}");
    }
    for (flags, told) in FLAGS {
        let refusal = refused("", flags, &[]);
        let said = refusal.split("\n\nUsage").next().unwrap();
        let said = said.split("\n\nFor more").next().unwrap();
        assert_eq!(said.trim_end(), told, "{flags:?}");
    }
}

/// Fails if one of them is answered without a word on what to write.
#[test]
fn each_answer_says_what_to_do() {
    let files = FILES.iter().map(|(_, told)| *told);
    let others = CONTRADICTIONS.iter().map(|(.., told)| *told);
    let variables = VARIABLES.iter().map(|(.., told)| *told);
    let mut rows = 0;
    for told in files.chain(others).chain(variables) {
        rows += 1;
        for line in told.lines() {
            let remedies = [
                "write ",
                "the nearest is ",
                "--help has",
                "the sections are ",
                " must stand alone",
            ];
            assert!(
                remedies.iter().any(|remedy| line.contains(remedy)),
                "{line}"
            );
        }
    }
    assert!(rows > 100);
}

/// Fails if a file that cannot be read is taken for none, or is answered with another cause.
#[test]
fn a_file_that_cannot_be_read_is_told_with_the_name_it_was_given_by() {
    let folder = Folder::new();
    let path = |name: &str| folder.0.join(name).to_str().unwrap().to_owned();
    let (missing, inner, loops, long) = (path("a.toml"), path("inner"), path("loop"), path("long"));
    fs::create_dir(&inner).unwrap();
    // Whom no permission stops, a link to itself does.
    symlink(&loops, &loops).unwrap();
    fs::write(&long, vec![b'#'; (1 << 20) + 1]).unwrap();
    for (name, said) in [
        (
            &missing,
            format!("there is no such file; write the name of one, or make it with `dondo init {missing}`"),
        ),
        (&inner, "a folder; write the name of a file".to_owned()),
        (
            &loops,
            "cannot be read: Too many levels of symbolic links (os error 40); write the name of a file that this user may read"
                .to_owned(),
        ),
        (&long, "over 1MiB, so no file of settings; write the name of one".to_owned()),
    ] {
        let flag = given_in(&folder.0, &["--config", name], &[]).unwrap_err();
        assert_eq!(flag, format!("--config {name}: {said}"));
        let variable = given_in(&folder.0, &[], &[("DONDO_CONFIG", name)]).unwrap_err();
        assert_eq!(variable, format!("DONDO_CONFIG={name}: {said}"));
    }
    fs::create_dir(folder.0.join("dondo.toml")).unwrap();
    let told = given_in(&folder.0, &[], &[]).unwrap_err();
    assert_eq!(told, "dondo.toml: a folder; write the name of a file");
    for (bytes, told) in [
        (
            &b"# one\nhosts = \"\xe9.example\""[..],
            "dondo.toml:2: not UTF-8; write it in UTF-8",
        ),
        (
            b"\xff\xfew\0",
            "dondo.toml:1: not UTF-8 but UTF-16; write it in UTF-8",
        ),
    ] {
        assert_eq!(
            given_in(&Folder::with(bytes).0, &[], &[]).unwrap_err(),
            told
        );
    }
    let marked = given_in(&Folder::with("\u{feff}workers = 3\r\n").0, &[], &[]).unwrap();
    assert_eq!(marked.settings.workers, 3);
}

/// Fails if a variable that cannot be read is taken for none.
#[test]
fn a_variable_that_is_no_text_is_told() {
    use std::os::unix::ffi::OsStringExt;
    let flags = matches_from(["dondo".into()]).unwrap();
    let environment = |name: &str| (name == "DONDO_PATH").then(|| OsString::from_vec(vec![0xe9]));
    let wrong = Given::read_in(Path::new("nowhere"), &flags, environment).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "DONDO_PATH: not UTF-8; write it in UTF-8"
    );
}
