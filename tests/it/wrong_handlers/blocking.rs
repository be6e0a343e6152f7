//! What the compiler says of a function for `dondo::blocking` that is none.

use super::{each_is_named, errors};

/// What is wrong in a namespace, and what has to be said of it.
const WRONG_FUNCTIONS: [(&str, &str, &str); 6] = [
    (
        "a socket that would leave its thread",
        r#".on("say", dondo::blocking(|socket: Socket| Ok(())))"#,
        "a function of `dondo::blocking` runs on a thread of its own, where no socket and no ack may go",
    ),
    (
        "a function that blocks, and comes to no result",
        r#".on("say", dondo::blocking(|Data(n): Data<u8>| n))"#,
        "a function of `dondo::blocking` cannot come to `u8`",
    ),
    (
        "a function that blocks, and comes to nothing",
        r#".on("say", dondo::blocking(|| {}))"#,
        "a function of `dondo::blocking` cannot come to `()`",
    ),
    (
        "a function that blocks, with another error",
        r#".on("say", dondo::blocking(|| Err::<(), _>("no")))"#,
        "a function of `dondo::blocking` cannot come to `Result<(), &str>`",
    ),
    (
        "an async function that is to block",
        r#".on("say", dondo::blocking(async |Data(n): Data<u8>| Ok(n)))"#,
        "it is no async function: while it runs it has its thread",
    ),
    (
        "a function that blocks, and holds what stays on its thread",
        r#".on("say", { let held = std::rc::Rc::new(1_u8); dondo::blocking(move || Ok(*held)) })"#,
        "of up to eight parameters that are `Send`, and so is what it holds",
    ),
];

/// Right uses: what is known of their types is enough.
const RIGHT: [&str; 3] = [
    r#".on("say", dondo::blocking(|Data(n): Data<u8>| Ok(n)))"#,
    r#".on("say", dondo::blocking(|Data(n): Data<String>, seats: dondo::State<u8>| Ok((n.parse::<u8>()?, *seats))))"#,
    r#".on_connect(dondo::blocking(|| Ok(())))"#,
];

/// Fails if a function that blocks is refused in the compiler's words alone, or in words for something else; or if a right one is.
#[test]
fn what_is_wrong_with_a_function_that_blocks_is_named_by_the_compiler() {
    for right in RIGHT {
        assert_eq!(errors(right), "", "{right}");
    }
    each_is_named(&WRONG_FUNCTIONS, errors);
}
