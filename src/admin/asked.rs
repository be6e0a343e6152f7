//! What a browser says of itself: its cookie, whether a page of the view asks, and whether it came over TLS.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};

/// The cookie with the token of a session.
pub(super) const SESSION: &str = "dondo-admin";
/// The cookie of a browser that a password was typed in.
pub(super) const KNOWN: &str = "dondo-admin-known";
/// Cookies of that name that are looked at: others on this machine may set more of them.
const COOKIES_MAX: usize = 8;

/// What a browser shows in its cookies of a name.
pub(super) fn shown<'a>(
    request: &'a HttpRequest,
    cookie: &'static str,
) -> impl Iterator<Item = &'a str> {
    let all = request.headers().get_all(header::COOKIE);
    let all = all.filter_map(|line| line.to_str().ok());
    let named = all.flat_map(|line| line.split(';')).filter_map(move |one| {
        let (name, value) = one.split_once('=')?;
        (name.trim() == cookie).then(|| value.trim())
    });
    named.take(COOKIES_MAX)
}

/// The header that gives a browser a cookie. No script reads it, and no other site's page makes the browser send it. It names no
/// path: a browser takes that of the folder it asked, which is the view's also where a proxy has it below a prefix.
pub(super) fn given(
    cookie: &'static str,
    value: &str,
    longest: Duration,
    request: &HttpRequest,
) -> String {
    let secure = if is_over_tls(request.headers()) {
        "; Secure"
    } else {
        ""
    };
    let seconds = longest.as_secs();
    format!("{cookie}={value}; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

/// The header that takes the one of a session away.
pub(super) fn no_cookie() -> String {
    format!("{SESSION}=; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// Whether a page of this very origin asks. A browser always says where from it writes; what says nothing is no browser that has
/// somebody logged in.
pub(super) fn is_own_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    match (
        text(header::HeaderName::from_static("sec-fetch-site")),
        text(header::ORIGIN),
    ) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            let asked = text(header::HOST).filter(|host| !host.is_empty());
            let both = host.zip(asked);
            both.is_some_and(|(host, asked)| host.eq_ignore_ascii_case(asked))
        }
        (None, None) => false,
    }
}

/// The page itself says which scheme it came by. Who lies about that keeps but its own cookie from plain connections.
fn is_over_tls(headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN);
    origin.is_some_and(|origin| origin.as_bytes().starts_with(b"https://"))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn request(headers: &[(&'static str, &'static str)]) -> HttpRequest {
        let request = TestRequest::default();
        let request = headers
            .iter()
            .fold(request, |request, header| request.append_header(*header));
        request.to_http_request()
    }

    /// Fails if a page of another site or port may write, or one of the view may not.
    #[test]
    fn a_write_comes_from_a_page_of_the_view_alone() {
        let host = ("host", "127.0.0.1:11001");
        for (headers, is_own) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("origin", "http://127.0.0.1:11001")], true),
            (&[("origin", "https://127.0.0.1:11001")], true),
            (&[("origin", "http://127.0.0.1:11000")], false),
            (&[("origin", "http://evil.example")], false),
            (&[("origin", "null")], false),
            (&[("origin", "http://")], false),
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "http://127.0.0.1:11001"),
                ],
                false,
            ),
            (&[], false),
        ] {
            let headers: Vec<_> = headers.iter().copied().chain([host]).collect();
            let asked = request(&headers);
            assert_eq!(is_own_page(asked.headers()), is_own, "{headers:?}");
        }
    }

    /// Fails if a cookie beside others is not found, or one of another name is taken.
    #[test]
    fn the_token_is_found_among_other_cookies() {
        let asked = request(&[
            ("cookie", "a=b; dondo-admin=one;dondo-adminx=no"),
            ("cookie", "xdondo-admin=no; dondo-admin = two"),
        ]);
        let found: Vec<_> = shown(&asked, SESSION).collect();
        assert_eq!(found, ["one", "two"]);
        let many = "dondo-admin=x; ".repeat(100);
        let asked = TestRequest::default().append_header(("cookie", many));
        let asked = asked.to_http_request();
        assert_eq!(shown(&asked, SESSION).count(), COOKIES_MAX);
    }

    /// Fails if the cookie is for another place than where the view is, goes over plain connections after TLS, or scripts and
    /// other sites have it.
    #[test]
    fn the_cookie_is_for_the_view_alone_and_stays_within_tls() {
        let day = Duration::from_secs(86_400);
        let plain = request(&[("origin", "http://127.0.0.1:11001")]);
        assert_eq!(
            given(SESSION, "t", day, &plain),
            "dondo-admin=t; HttpOnly; SameSite=Strict; Max-Age=86400"
        );
        let secure = given(
            SESSION,
            "t",
            day,
            &request(&[("origin", "https://ops.example")]),
        );
        assert!(secure.ends_with("; Secure"), "{secure}");
    }
}
