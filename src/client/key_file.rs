//! The secret that a command shows: alone in its file, or a key of the file that a hub reads.

use std::fs;

use serde::Deserialize;

const ALONE: &str = "a secret stands alone in it, on one line, or it has [[key]] with name and secret, as the hub's --api.keys-file";

/// As far as it concerns who asks: the rest is the hub's to judge.
#[derive(Deserialize)]
struct NamedKeys {
    key: Vec<NamedKey>,
}

#[derive(Deserialize)]
struct NamedKey {
    name: String,
    secret: String,
}

/// The secret in a file; `name` is the key's, where several are in it.
pub(super) fn secret(file: &str, name: Option<&str>) -> Result<String, String> {
    let wrong = |why: &str| format!("{file}: {why}");
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| wrong(&format!("cannot be read: {error}")))?;
    // The parser's words would quote the line, and a secret may stand in it.
    let keys = toml::from_str(&text).map_or_else(|_| Vec::new(), |NamedKeys { key }| key);
    if keys.is_empty() {
        return match name {
            None => alone(&text).ok_or_else(|| wrong(ALONE)),
            Some(_) => Err(wrong("no [[key]] with names is in it")),
        };
    }
    let mut fitting = keys
        .iter()
        .filter(|key| name.is_none_or(|name| key.name == name));
    let names: Vec<_> = keys.iter().map(|key| key.name.as_str()).collect();
    let names = names.join(", ");
    match (fitting.next(), fitting.next()) {
        (Some(key), None) => alone(&key.secret).ok_or_else(|| wrong(ALONE)),
        (Some(_), Some(_)) => Err(wrong(&format!(
            "it has several keys; name one of them with --key: {names}"
        ))),
        (None, _) => Err(wrong(&format!("it has no such key, but {names}"))),
    }
}

/// What stands alone in a text, and can stand in a header.
pub(super) fn alone(text: &str) -> Option<String> {
    let text = text.trim();
    let is_alone = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_alone.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Fails if a file that `dondo init` writes is of no use to who asks, another key is shown than the one that is named, or what is wrong
    /// is said with a secret in it.
    #[test]
    fn a_secret_stands_alone_or_is_that_of_a_key() {
        let path = std::env::temp_dir().join(format!("dondo-key-file-{}", std::process::id()));
        let file = path.to_str().unwrap();
        let key = |name: &str| {
            format!("[[key]]\nname = \"{name}\"\nsecret = \"hidden-{name}\"\nrights = [\"read\"]\n")
        };
        let pusher = "[[pusher]]\nid = \"3\"\nkey = \"k\"\nsecret = \"hidden-p\"\n";
        let one = key("a");
        let both = format!("{}{}{pusher}", key("a"), key("b"));
        let rows = [
            ("hidden-alone\n", None, Ok("hidden-alone")),
            ("hidden-alone=", None, Ok("hidden-alone=")),
            (&*one, None, Ok("hidden-a")),
            (&*one, Some("a"), Ok("hidden-a")),
            (&*both, Some("b"), Ok("hidden-b")),
            (&*both, None, Err("name one of them with --key: a, b")),
            (&*both, Some("c"), Err("it has no such key, but a, b")),
            (pusher, None, Err("a secret stands alone in it")),
            (
                "hidden-one\nhidden-two\n",
                None,
                Err("a secret stands alone in it"),
            ),
            (
                "[[key]]\nname = hidden-a\n",
                None,
                Err("a secret stands alone in it"),
            ),
            ("", None, Err("a secret stands alone in it")),
            (
                "hidden-alone",
                Some("a"),
                Err("no [[key]] with names is in it"),
            ),
        ];
        for (text, name, expected) in rows {
            fs::write(&path, text).unwrap();
            let found = secret(file, name);
            match expected {
                Ok(secret) => assert_eq!(found.as_deref(), Ok(secret), "{text}"),
                Err(why) => {
                    let said = found.unwrap_err();
                    assert!(
                        said.contains(why) && !said.contains("hidden"),
                        "{text}: {said}"
                    );
                }
            }
        }
        fs::remove_file(&path).unwrap();
    }
}
