//! What the compiler says of handlers that are none: whoever writes one reads what is wrong, in words of ours. Compiled by
//! `rustc` against the crate that cargo built for these tests, so that nothing is built twice.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A namespace with something that is wrong, and what has to be said of it.
const WRONG: [(&str, &str, &str); 10] = [
    (
        "a parameter that is no extractor",
        r#".on("say", async |text: String| {})"#,
        "String` cannot be a parameter of a handler of this kind",
    ),
    (
        "a parameter that this kind of handler has not",
        r#".on_connect(async |Data(text): Data<String>| {})"#,
        "String>` cannot be a parameter of a handler of this kind",
    ),
    (
        "a socket before there is one",
        r#".middleware(async |socket: Socket| {})"#,
        "`Socket` cannot be a parameter of a handler of this kind",
    ),
    (
        "data that serde cannot read",
        r#".on("say", async |Data(text): Data<std::net::TcpStream>| {})"#,
        "TcpStream: serde::Deserialize<'de>` is not satisfied",
    ),
    (
        "a closure that is not async",
        r#".on("say", |socket: Socket| {})"#,
        "is no handler",
    ),
    (
        "an answer that cannot be written",
        r#".on("say", async || Ok(std::thread::current()))"#,
        "a handler cannot come to `Result<Thread, dondo::Error>` here",
    ),
    (
        "an answer without Ok",
        r#".on("say", async || "delivered")"#,
        "a handler cannot come to `&str` here",
    ),
    (
        "another error than the one that errors turn into",
        r#".on("say", async || Err::<(), _>("no"))"#,
        "a handler cannot come to `Result<(), &str>` here",
    ),
    (
        "an answer where nobody waits for one",
        r#".on_connect(async || dondo::Result::Ok("welcome"))"#,
        "a handler cannot come to `Result<&str, _>` here",
    ),
    (
        "a target that is none",
        r#".on("say", async |socket: Socket| { socket.to(7.5).emit("said", ())?; Ok(()) })"#,
        "`{float}` is nobody that something can be said to",
    ),
];

#[test]
fn what_is_wrong_with_a_handler_is_named_by_the_compiler() {
    assert_eq!(errors(r#".on("say", async |socket: Socket| {})"#), "");
    let mut missed = String::new();
    for (title, code, expected) in WRONG {
        let errors = errors(code);
        if !errors.contains(expected) {
            missed.push_str(&format!("\n{title}: {expected:?} is not in {errors}"));
        }
    }
    assert!(missed.is_empty(), "{missed}");
}

/// What the compiler says of a namespace with this.
fn errors(code: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("wrong_handler.rs");
    let program = format!(
        "use dondo::{{Data, Namespace, Socket}};\n\
         pub fn namespace() -> Namespace {{ Namespace::new(\"/\"){code} }}\n"
    );
    fs::write(&file, program).unwrap();
    let (deps, dondo) = built();
    let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
        ])
        .args(["--cap-lints", "allow"])
        .arg("--out-dir")
        .arg(folder)
        .arg("-L")
        .arg(format!("dependency={}", deps.display()))
        .arg("--extern")
        .arg(format!("dondo={}", dondo.display()))
        .arg(&file)
        .output()
        .unwrap();
    String::from_utf8(output.stderr).unwrap()
}

/// Where cargo puts what it builds, and the crate in there that it built last.
fn built() -> (PathBuf, PathBuf) {
    let test = env::current_exe().unwrap();
    let deps = test.parent().unwrap();
    let files = fs::read_dir(deps).unwrap().map(|file| file.unwrap().path());
    let libraries = files.filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libdondo-") && name.ends_with(".rlib")
    });
    let last = libraries.max_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    (deps.to_owned(), last.expect("cargo built the crate"))
}
