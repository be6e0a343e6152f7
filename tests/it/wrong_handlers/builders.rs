//! What the compiler says of a login, of a handler of bare connections, and of an observer, that is none.

use super::{built_with, compile, each_is_named};

/// What is wrong in a builder, and what has to be said of it.
const WRONG_BUILDERS: [(&str, &str, &str); 12] = [
    (
        "a user who is no account",
        r#".identify(async |_: actix_web::HttpRequest| Ok(Some(7_u8)))"#,
        "`u8` is nobody who is logged in",
    ),
    (
        "a login that is not sure",
        r#".identify(async |_: actix_web::HttpRequest| Some("ama".to_owned()))"#,
        "a login cannot come to `Option<std::string::String>`",
    ),
    (
        "a login with another error",
        r#".identify(async |_: actix_web::HttpRequest| Err::<Option<String>, &str>("no"))"#,
        "a login cannot come to `Result<Option<std::string::String>, &str>`",
    ),
    (
        "a login that is not async",
        r#".identify(|_: actix_web::HttpRequest| Ok::<_, actix_web::Error>(Some("ama".to_owned())))"#,
        "is no handler",
    ),
    (
        "an actor that would look on",
        r#".namespace(Namespace::new("/").on_any_outgoing(dondo::actor::<u8, u8>(loop {})))"#,
        "a `dondo::actor` is none: what it says would be observed again, and so on",
    ),
    (
        "a login that blocks",
        r#".identify(dondo::blocking(|| Ok(Some("ama".to_owned()))))"#,
        "a login cannot come to `Result<Option<std::string::String>, dondo::Error>`",
    ),
    (
        "a login of a socket",
        r#".identify(async |_: Socket| Ok::<_, actix_web::Error>(Some("ama".to_owned())))"#,
        "the trait bound `Socket: FromRequest` is not satisfied",
    ),
    (
        "a socket of Socket.IO where there is none",
        r#".engine("/raw/", async |socket: Socket| {})"#,
        "`Socket` cannot be a parameter of a handler of this kind",
    ),
    (
        "a word to a connection that is not sent",
        r#".engine("/raw/", async || dondo::Result::Ok("hi"))"#,
        "a handler cannot come to `Result<&str, _>` here",
    ),
    (
        "an answer to a message that is no result",
        r#".engine("/raw/", async |s: dondo::EngineSocket| s.on_message(async |_: dondo::EngineMessage| 7))"#,
        "a handler cannot come to `{integer}` here",
    ),
    (
        "another message than there is",
        r#".engine("/raw/", async |s: dondo::EngineSocket| s.on_message(async |_: String| {}))"#,
        "EngineMessage,)) -> _`",
    ),
    (
        "an answer to a connection that is gone",
        r#".engine("/raw/", async |s: dondo::EngineSocket| s.on_close(async |_: dondo::DisconnectReason| dondo::Result::Ok("bye")))"#,
        "a handler cannot come to `Result<&str, _>` here",
    ),
];

/// Right uses: what is known of a login's types is enough.
const RIGHT: [&str; 4] = [
    r#".identify(async |_: actix_web::HttpRequest| Ok(Some("ama".to_owned())))"#,
    r#".identify(async |r: actix_web::HttpRequest| Ok(r.headers().get("x").map(|_| "ama".to_owned())))"#,
    ".identify(async || Ok(None::<String>))",
    r#".engine("/raw/", async |s: dondo::EngineSocket| s.on_close(async |_: dondo::DisconnectReason| {}))"#,
];

/// Fails if a login or a handler of bare connections is refused in the compiler's words alone, or a right one is.
#[test]
fn what_is_wrong_with_a_login_or_a_bare_connection_is_named_by_the_compiler() {
    let actix_web = built_with("actix_web", &builder(RIGHT[0]));
    let errors = |code: &str| compile(&builder(code), &[("actix_web", &actix_web)]);
    for right in RIGHT {
        assert_eq!(errors(right), "", "{right}");
    }
    each_is_named(&WRONG_BUILDERS, errors);
}

fn builder(code: &str) -> String {
    format!("pub fn builder() -> dondo::Builder {{ dondo::Dondo::builder(){code} }}\n")
}
