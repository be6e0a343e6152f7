//! The files of the admin view, and the headers that they are sent with. No secret and nothing of the hub is in them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};

use crate::http::page::{BASE_STYLE, mount_files};

/// Where somebody logs in; what is told stands for `{{said}}`.
pub(super) const LOGIN: &str = include_str!("page/login.html");
/// What who is logged in sees.
pub(super) const VIEW: &str = include_str!("page/view.html");
/// Where there is no view.
pub(super) const NONE: &str = "<!doctype html><html lang=\"en\"><title>dondo</title><p>There is no admin view: --admin.password-file names the file \
                               with its password.</p></html>";

/// Nothing inline and nothing foreign: what strangers are called is text, whatever it holds.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

const SCRIPT: &str = "application/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// The files that the pages name.
const FILES: [(&str, &str, &str); 9] = [
    ("/admin/base.css", STYLE, BASE_STYLE),
    ("/admin/admin.css", STYLE, include_str!("page/admin.css")),
    ("/admin/admin.js", SCRIPT, include_str!("page/admin.js")),
    ("/admin/ask.js", SCRIPT, include_str!("page/ask.js")),
    ("/admin/make.js", SCRIPT, include_str!("page/make.js")),
    ("/admin/numbers.js", SCRIPT, include_str!("page/numbers.js")),
    ("/admin/tree.js", SCRIPT, include_str!("page/tree.js")),
    ("/admin/rooms.js", SCRIPT, include_str!("page/rooms.js")),
    ("/admin/act.js", SCRIPT, include_str!("page/act.js")),
];

/// A page.
pub(super) fn html(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // Not `no-referrer`: a form would come from nowhere then.
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}

/// Mounts the files.
pub(super) fn configure(app: &mut ServiceConfig) {
    mount_files(app, &FILES);
    // Relative: what a proxy in front is called is not known here.
    let to_page = || async {
        HttpResponse::SeeOther()
            .insert_header((header::LOCATION, "admin/"))
            .finish()
    };
    app.service(web::resource("/admin").route(web::get().to(to_page)));
}
