//! What a browser says of itself: its cookie, whether a page of the view asks, and whether it came over TLS.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};

use super::sessions::LONGEST;

/// The cookie with the token of a session.
const COOKIE: &str = "dondo-admin";
/// Cookies of that name that are looked at: others on this machine may set more of them.
const COOKIES_MAX: usize = 8;

/// Tokens that a browser shows.
pub(super) fn tokens(request: &HttpRequest) -> impl Iterator<Item = &str> {
    let all = request.headers().get_all(header::COOKIE);
    let all = all.filter_map(|line| line.to_str().ok());
    let named = all.flat_map(|line| line.split(';')).filter_map(|one| {
        let (name, value) = one.split_once('=')?;
        (name.trim() == COOKIE).then(|| value.trim())
    });
    named.take(COOKIES_MAX)
}

/// The header that gives a browser its token. No script reads it, and no other site's page makes the browser send it.
pub(super) fn cookie(token: &str, request: &HttpRequest) -> String {
    let secure = if is_over_tls(request.headers()) {
        "; Secure"
    } else {
        ""
    };
    let seconds = LONGEST.as_secs();
    format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/admin; Max-Age={seconds}{secure}")
}

/// The header that takes it away.
pub(super) fn no_cookie() -> String {
    format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/admin; Max-Age=0")
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
        assert_eq!(tokens(&asked).collect::<Vec<_>>(), ["one", "two"]);
        let many = "dondo-admin=x; ".repeat(100);
        let asked = TestRequest::default().append_header(("cookie", many));
        assert_eq!(tokens(&asked.to_http_request()).count(), COOKIES_MAX);
    }

    /// Fails if the cookie is for others than the view, or goes over plain connections after TLS.
    #[test]
    fn the_cookie_is_for_the_view_alone_and_stays_within_tls() {
        let plain = cookie("t", &request(&[("origin", "http://127.0.0.1:11001")]));
        assert_eq!(
            plain,
            "dondo-admin=t; HttpOnly; SameSite=Strict; Path=/admin; Max-Age=43200"
        );
        let secure = cookie("t", &request(&[("origin", "https://ops.example")]));
        assert!(secure.ends_with("; Secure"), "{secure}");
    }
}
