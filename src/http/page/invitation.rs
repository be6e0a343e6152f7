//! An invitation's link as a picture that phones read. The page says the link, as it alone knows the name that it came under.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

/// What a longer link makes no phone reads well, and it bounds what a picture costs.
const LINK_MAX: usize = 1_000;
/// Pixels of a side, at least.
const SIDE: u32 = 240;
const KEPT: Duration = Duration::from_secs(60 * 60);

/// Adds the picture beside the pages at `place`.
pub(super) fn configure(app: &mut ServiceConfig, place: &str) {
    let picture = web::get().to(|request: HttpRequest| async move { answer(&request) });
    let head = web::head().to(|request: HttpRequest| async move { answer(&request) });
    let resource = web::resource(format!("{place}invitation.svg"));
    app.service(resource.route(picture).route(head));
}

fn answer(request: &HttpRequest) -> HttpResponse {
    match picture(request.query_string()) {
        Ok(picture) => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "image/svg+xml"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'"))
            .insert_header((
                header::CACHE_CONTROL,
                format!("private, max-age={}", KEPT.as_secs()),
            ))
            .body(picture),
        Err(wrong) => HttpResponse::BadRequest()
            .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .body(wrong),
    }
}

/// The picture of the link in a query. Nothing of the link stands in it as text.
fn picture(query: &str) -> Result<String, &'static str> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let link = pairs.find_map(|(name, link)| (name == "link").then_some(link));
    let link = link.ok_or("There is no ?link= of an invitation")?;
    if !["http://", "https://"]
        .iter()
        .any(|web| link.starts_with(web))
    {
        return Err("The link does not begin with http:// or https://");
    }
    if link.len() > LINK_MAX {
        return Err("The link has more than 1000 bytes");
    }
    let code = QrCode::with_error_correction_level(link.as_bytes(), EcLevel::M);
    let code = code.map_err(|_| "The link is too long")?;
    // Dark on light, whatever the page's colours: some phones read nothing else.
    let mut drawn = code.render::<svg::Color<'_>>();
    Ok(drawn.min_dimensions(SIDE, SIDE).build())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn asked(link: &str) -> Result<String, &'static str> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        picture(&query.append_pair("link", link).finish())
    }

    /// Fails if a link's text gets into the picture, or a picture is made of what is no link or has no bound.
    #[test]
    fn links_are_pictures_without_text_and_nothing_else_is() {
        let picture = asked("http://127.0.0.1:11000/?room=<script>").unwrap();
        assert!(picture.contains("<svg") && !picture.contains("script"));
        assert!(!picture.contains("href") && !picture.contains("style"));
        let long = |bytes| format!("http://a/{}", "x".repeat(bytes - "http://a/".len()));
        assert!(asked(&long(LINK_MAX)).is_ok());
        for wrong in [&*long(LINK_MAX + 1), "javascript:alert(1)", "", "ftp://a/"] {
            assert!(asked(wrong).is_err(), "{wrong}");
        }
        assert!(super::picture("link").is_err());
        assert!(super::picture("other=http://a/").is_err());
    }

    /// Fails if two links have one picture.
    #[test]
    fn another_link_is_another_picture() {
        assert_ne!(asked("http://a/?room=1"), asked("http://a/?room=2"));
    }
}
