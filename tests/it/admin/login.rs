//! Who comes in, and for how long.

use std::time::Instant;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{
    PASSWORD, PasswordFile, VIEWERS, ask, given, hub, hub_with, log_in, member_of, request, state,
    type_password,
};
use crate::hub::program::Program;
use crate::support::{Hub, PATIENCE, http};

/// Fails if there is a view without a password, if clients reach one, or if it shows anything to who is not logged in.
#[test]
fn there_is_a_view_where_there_is_a_password_and_nowhere_else() {
    let without = Hub::start();
    for target in [
        "/admin",
        "/admin/",
        "/admin/state",
        "/admin/api/v1/node",
        "/admin/admin.js",
    ] {
        let answer = http::get_at(without.operators(), target);
        assert_eq!(answer.status, 404, "{target}");
        assert!(answer.text().contains("--admin.password-file"), "{target}");
    }
    let hub = hub();
    assert_eq!(
        http::get_at(hub.operators(), "/admin").header("location"),
        Some("admin/")
    );
    let form = http::get_at(hub.operators(), "/admin/");
    assert_eq!(form.status, 200);
    assert!(form.text().contains("type=\"password\"") && !form.text().contains("admin.js"));
    let policy = form.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"));
    for path in ["state", "api/v1/node", "api/v1/members"] {
        for cookie in [
            "",
            "dondo-admin=",
            "dondo-admin=0123456789012345678901234567890123456789",
        ] {
            let (status, told) = ask(hub.operators(), cookie, "GET", path, &Value::Null);
            assert_eq!(
                (status, &told["error"]["code"]),
                (401, &json!("unauthorized")),
                "{path}"
            );
        }
    }
    for target in ["/admin", "/admin/", "/admin/state", "/admin/login"] {
        assert_eq!(
            http::get(&hub, target).status,
            404,
            "{target} where clients are"
        );
    }
}

/// Fails if a wrong password opens the view, the cookie is one that others read or send, or a session outlives its logout.
#[test]
fn a_password_opens_a_session_until_its_logout() {
    let hub = hub();
    let address = hub.operators();
    for wrong in [
        "",
        "correct horse",
        "correct horse & batterY",
        "correct horse & battery ",
    ] {
        let answer = type_password(address, wrong, &[]);
        assert_eq!(answer.status, 401, "{wrong}");
        assert!(answer.text().contains("That is not the password."));
        assert_eq!(answer.header("set-cookie"), None);
    }
    let answer = type_password(address, PASSWORD, &[]);
    let cookie = answer.header("set-cookie").unwrap();
    for part in ["; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let (cookie, other) = (given(&answer).unwrap(), log_in(address, PASSWORD));
    assert_ne!(cookie, other);
    assert_eq!(state(&hub, &cookie)["role"], "write");
    let headers = [("Cookie", cookie.as_str())];
    let view = request(address, "GET", "/admin/", &headers, "");
    assert!(view.text().contains("admin.js"));

    let origin = format!("http://{address}");
    let headers = [("Cookie", cookie.as_str()), ("Origin", &origin)];
    let out = request(address, "POST", "/admin/logout", &headers, "");
    assert_eq!(out.status, 303);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(ask(address, &cookie, "GET", "state", &Value::Null).0, 401);
    assert_eq!(
        state(&hub, &other)["role"],
        "write",
        "the other one goes on"
    );
}

/// Fails if passwords are guessed at any speed, or who guesses is told which guess was right; or if others are kept out with the
/// guesser.
#[test]
fn who_guesses_too_often_is_told_nothing_and_others_come_in() {
    let proxied = |config: &mut dondo::config::Settings| {
        config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    };
    let hub = hub_with(proxied, |builder| builder);
    let from = |password: &str, address| {
        type_password(hub.operators(), password, &[("X-Forwarded-For", address)])
    };
    let deadline = Instant::now() + PATIENCE;
    // A guess becomes free each second: the right one may be just that.
    loop {
        while from("a wrong guess", "10.0.0.1").status == 401 {
            assert!(Instant::now() < deadline, "every guess is looked at");
        }
        let right = from(PASSWORD, "10.0.0.1");
        if right.status == 429 {
            assert_eq!(right.header("set-cookie"), None);
            break;
        }
        assert!(Instant::now() < deadline, "the right one is always taken");
    }
    assert_eq!(from(PASSWORD, "10.0.0.2").status, 303);
}

/// Fails if somebody who guesses from the address of an operator keeps out the browser that it has logged in from before, or if
/// such a browser guesses at any speed, a made up mark makes one, or a mark opens anything by itself.
#[test]
fn a_browser_that_was_in_before_comes_in_beside_a_guesser_of_its_address() {
    let hub = hub();
    let address = hub.operators();
    let mark = mark_of(&type_password(address, PASSWORD, &[]));
    let typed = |password: &str, cookie: &str| {
        let headers: &[(&str, &str)] = &[("Cookie", cookie)];
        type_password(address, password, headers).status
    };
    let shut_out = |cookie: &str| {
        let deadline = Instant::now() + PATIENCE;
        while typed("a wrong guess", cookie) != 429 {
            assert!(Instant::now() < deadline, "every guess is looked at");
        }
    };
    shut_out("");
    assert_eq!(typed(PASSWORD, &mark), 303, "it is known");
    let made_up = format!("{}x", &mark[..mark.len() - 1]);
    shut_out(&made_up);
    assert_eq!(ask(address, &mark, "GET", "state", &Value::Null).0, 401);
    // Who looks alone gets no more guesses at the other password by logging in again.
    let viewers = mark_of(&type_password(address, VIEWERS, &[("Cookie", &mark)]));
    shut_out(&viewers);
    let again = mark_of(&type_password(address, VIEWERS, &[("Cookie", &mark)]));
    shut_out(&again);
    assert_eq!(again, viewers, "they are counted together");
    assert_eq!(typed(PASSWORD, &mark), 303, "apart from who moderates");
}

/// What an answer gives a browser to be known by.
fn mark_of(answer: &http::Answer) -> String {
    let cookies = answer.headers.iter().filter(|(name, value)| {
        name.eq_ignore_ascii_case("set-cookie") && value.starts_with("dondo-admin-known=")
    });
    let marks: Vec<_> = cookies.map(|(_, value)| value).collect();
    assert_eq!(marks.len(), 1, "{:?}", answer.headers);
    marks[0].split(';').next().unwrap().to_owned()
}

/// Fails if right passwords count as guesses.
#[test]
fn whoever_knows_the_password_comes_in_however_often() {
    let hub = hub();
    for _ in 0..30 {
        log_in(hub.operators(), PASSWORD);
    }
}

/// Fails if the page of another site logs somebody in or out, or moderates with the cookie of who looks at it.
#[test]
fn another_sites_page_changes_nothing() {
    let hub = hub();
    let address = hub.operators();
    let cookie = log_in(address, PASSWORD);
    let (_client, id) = member_of(&hub, "lobby");
    let body = json!({ "member": id }).to_string();
    let own = format!("http://{address}");
    let foreign = [
        &[][..],
        &[("Origin", "http://evil.example")],
        &[("Origin", "null")],
        &[("Origin", &*own), ("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
    ];
    for from in foreign {
        let with = [("Cookie", &*cookie), ("Content-Type", "application/json")];
        let headers: Vec<_> = with.iter().chain(from).copied().collect();
        for target in [
            "/admin/api/v1/disconnect",
            "/admin/api/v1/ban",
            "/admin/logout",
        ] {
            let answer = request(address, "POST", target, &headers, &body);
            assert_eq!(answer.status, 403, "{target} {from:?}");
        }
        let form = "password=correct%20horse%20%26%20battery";
        let answer = request(address, "POST", "/admin/login", &headers, form);
        assert_eq!(
            (answer.status, answer.header("set-cookie")),
            (403, None),
            "{from:?}"
        );
    }
    assert_eq!(
        state(&hub, &cookie)["counts"]["members"],
        1,
        "it is still there"
    );
}

/// Fails if who may look only can do more, or is told nothing.
#[test]
fn who_has_the_viewers_password_looks_and_changes_nothing() {
    let hub = hub();
    let address = hub.operators();
    let cookie = log_in(address, VIEWERS);
    let (_client, id) = member_of(&hub, "lobby");
    assert_eq!(state(&hub, &cookie)["role"], "read");
    let (status, told) = ask(
        address,
        &cookie,
        "GET",
        "api/v1/channels/lobby/members",
        &Value::Null,
    );
    assert_eq!((status, &told["members"][0]["id"]), (200, &json!(id)));
    for (method, path, body) in [
        ("POST", "disconnect", json!({ "member": id })),
        ("POST", "kick", json!({ "member": id, "channel": "lobby" })),
        ("POST", "ban", json!({ "member": id })),
        ("POST", "mute", json!({ "member": id })),
        ("POST", "lock", json!({ "room": "r", "locked": true })),
        (
            "POST",
            "publish",
            json!({ "to": { "channel": "lobby" }, "message": "hi" }),
        ),
        ("DELETE", "ban?address=127.0.0.1", Value::Null),
        ("GET", "bans", Value::Null),
    ] {
        let (status, told) = ask(address, &cookie, method, &format!("api/v1/{path}"), &body);
        assert_eq!(
            (status, &told["error"]["code"]),
            (403, &json!("forbidden")),
            "{path}"
        );
        // The view itself says so, before the rights of its key do.
        let said = told["error"]["message"].as_str().unwrap();
        let is_told = said.contains("--admin.password-file");
        assert_eq!(is_told, method != "GET", "{path}: {said}");
    }
    assert_eq!(
        state(&hub, &cookie)["counts"]["members"],
        1,
        "it is still there"
    );
}

/// Fails if a password of before opens the view, a session of before goes on, or a wrong file shuts everybody out.
#[test]
fn another_password_counts_at_once_and_ends_the_sessions_of_the_old_one() {
    let (write, view) = (PasswordFile::of(PASSWORD), PasswordFile::of(VIEWERS));
    let files = [
        "--admin.password-file",
        write.path(),
        "--admin.viewer-password-file",
        view.path(),
    ];
    let mut program = Program::start(&[&["--listen", "127.0.0.1:0"][..], &files].concat(), &[]);
    let address = program.operators();
    let (cookie, viewers) = (log_in(address, PASSWORD), log_in(address, VIEWERS));
    let status = |cookie: &str| ask(address, cookie, "GET", "state", &Value::Null).0;
    let mut again = |told: &str| {
        program.signal(Signal::HUP);
        program.wait_for(told);
    };
    let (taken, refused) = (
        "the admin view's passwords are read",
        "passwords stay as they are",
    );
    write.write("short");
    again(refused);
    assert_eq!(status(&cookie), 200, "the old one stays");
    write.write("quite another one");
    again(taken);
    assert_eq!(status(&cookie), 401, "the session goes on");
    assert_eq!(status(&viewers), 200, "its password is as before");
    assert_eq!(type_password(address, PASSWORD, &[]).status, 401);
    let cookie = log_in(address, "quite another one");
    write.write("short");
    again(refused);
    // Both are read together: while one is wrong, neither changes.
    view.write("another for viewers");
    again(refused);
    assert_eq!((status(&cookie), status(&viewers)), (200, 200));
    write.write("quite another one");
    again(taken);
    assert_eq!((status(&cookie), status(&viewers)), (200, 401));
}

/// Fails if a view without a password is served because somebody forgot to write one, or the refusal does not say so.
#[test]
fn a_view_without_a_password_starts_nothing_and_says_why() {
    let empty = PasswordFile::of("");
    let file = empty.path();
    for (flags, told) in [
        (&["--admin.password-file", file][..], "less than 12 letters"),
        (
            &["--admin.viewer-password-file", file],
            "less than 12 letters",
        ),
        (&["--admin.password-file", "/nowhere"], "cannot be read"),
        (
            &["--admin.password-file", file, "--admin-listen", "off"],
            "no operators' listener",
        ),
    ] {
        let program = std::process::Command::new(env!("CARGO_BIN_EXE_dondo"))
            .args(["--listen", "127.0.0.1:0"])
            .args(flags)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&program.stderr).into_owned();
        assert_eq!(program.status.code(), Some(2), "{said}");
        assert!(said.contains(flags[0]) && said.contains(told), "{said}");
    }
}
