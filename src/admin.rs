//! The admin view, `/admin` on the operators' listener: who has its password sees rooms, members, rates and the tree of supervision, and
//! moderates if the password is for that. Here is who may come in; lists and commands are those of the HTTP API.
//! `src/docs/admin.md` tells of it.

mod asked;
mod known;
mod page;
pub(crate) mod passwords;
mod sessions;
mod state;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;

use self::asked::{KNOWN, SESSION, given, is_own_page, no_cookie, shown};
use self::known::KnownBrowsers;
use self::page::{LOGIN, VIEW, html};
use self::passwords::{AdminRole, Password, Passwords};
use self::sessions::{AdminSessions, LONGEST};
use self::state::AdminSources;
use crate::api::Api;
use crate::api::guesses::Guesses;
use crate::api::keys::{ApiKey, ApiRight};
use crate::http::health::Health;
use crate::notices;
use crate::secret_file::warn_of_readers;
use crate::transport::doors::Doors;

/// Bytes of a form with a password.
const FORM_BYTES_MAX: usize = 8 * 1024;
/// How long that may take.
const FORM: Duration = Duration::from_secs(10);

/// What the view is made of.
pub(crate) struct AdminParts {
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) viewer_password_file: Option<PathBuf>,
    pub(crate) room_threads: usize,
    pub(crate) api: Api,
    pub(crate) health: Arc<Health>,
    pub(crate) doors: Doors,
}

/// The view of one hub. Clones are the same.
#[derive(Clone)]
pub(crate) struct Admin(Arc<AdminState>);

struct AdminState {
    write_file: Option<PathBuf>,
    read_file: Option<PathBuf>,
    passwords: watch::Sender<Passwords>,
    sessions: AdminSessions,
    guesses: Guesses,
    /// Of browsers that are known: apart, so that no address shares a place with them.
    known_guesses: Guesses,
    known: KnownBrowsers,
    doors: Doors,
    api: Api,
    /// What the HTTP API takes who writes for, and who looks.
    writer: Arc<ApiKey>,
    reader: Arc<ApiKey>,
    sources: AdminSources,
}

impl Admin {
    /// # Errors
    /// What is wrong with a file of a password.
    pub(crate) fn new(parts: AdminParts) -> Result<Self, String> {
        let (write_file, read_file) = (parts.password_file, parts.viewer_password_file);
        let passwords = read(write_file.as_deref(), read_file.as_deref())?;
        Ok(Self(Arc::new(AdminState {
            write_file,
            read_file,
            passwords: watch::Sender::new(passwords),
            sessions: AdminSessions::default(),
            guesses: Guesses::default(),
            known_guesses: Guesses::default(),
            known: KnownBrowsers::new()
                .map_err(|error| format!("the machine has no randomness: {error}"))?,
            doors: parts.doors,
            api: parts.api,
            // No key of a file has a name with a space.
            writer: Arc::new(ApiKey::unfiled(
                "admin view",
                &[ApiRight::Read, ApiRight::Moderate],
            )),
            reader: Arc::new(ApiKey::unfiled("admin viewer", &[ApiRight::Read])),
            sources: AdminSources::new(parts.health, parts.room_threads),
        })))
    }

    /// Reads the passwords again; sessions that one opened which is none any more end. Whether there is a view.
    ///
    /// # Errors
    /// What is wrong with a file: the passwords stay as they are.
    pub(crate) fn read_again(&self) -> Result<bool, String> {
        let state = &self.0;
        let now = read(state.write_file.as_deref(), state.read_file.as_deref())?;
        state.passwords.send_replace(now);
        state.sessions.keep(|by| now.role(by).is_some());
        Ok(self.is_on())
    }

    fn is_on(&self) -> bool {
        self.0.write_file.is_some() || self.0.read_file.is_some()
    }

    /// Mounts it; without a password there is nothing. To be called in the app factory.
    pub(crate) fn configure(&self, app: &mut ServiceConfig) {
        if !self.is_on() {
            let none = || async { html(StatusCode::NOT_FOUND, page::NONE.to_owned()) };
            app.service(web::resource(["/admin", "/admin/{tail:.*}"]).to(none));
            return;
        }
        page::configure(app);
        let view = self.handler(|admin, request, _| async move { admin.view(&request) });
        app.service(web::resource("/admin/").route(web::get().to(view)));
        let login =
            self.handler(|admin, request, body| async move { admin.login(&request, body).await });
        app.service(web::resource("/admin/login").route(web::post().to(login)));
        let logout = self.handler(|admin, request, _| async move { admin.logout(&request) });
        app.service(web::resource("/admin/logout").route(web::post().to(logout)));
        let told = self.handler(|admin, request, _| async move { admin.state(&request).await });
        app.service(web::resource("/admin/state").route(web::get().to(told)));
        let api =
            self.handler(|admin, request, body| async move { admin.api(&request, body).await });
        app.service(web::resource("/admin/api/v1/{tail:.*}").to(api));
    }

    fn handler<F: Future<Output = HttpResponse> + 'static>(
        &self,
        answer: fn(Self, HttpRequest, Payload) -> F,
    ) -> impl Fn(HttpRequest, Payload) -> F + Clone + 'static {
        let admin = self.clone();
        move |request, body| answer(admin.clone(), request, body)
    }

    fn view(&self, request: &HttpRequest) -> HttpResponse {
        match self.role(request) {
            Some(_) => html(StatusCode::OK, VIEW.to_owned()),
            None => login_page(StatusCode::OK, ""),
        }
    }

    async fn login(&self, request: &HttpRequest, body: Payload) -> HttpResponse {
        let address = self.0.doors.client(request.head());
        if !is_own_page(request.headers()) {
            return login_page(
                StatusCode::FORBIDDEN,
                "That form was on another page. Use this one.",
            );
        }
        // Counted first: whoever has guessed too often learns nothing more, not by many guesses at once either.
        let known_by = self.known_by(request);
        let (is_too_often, said) = match known_by {
            Some(by) => (
                self.0.known_guesses.one_more_of(by.digest()),
                "Too many wrong passwords came from browsers like yours. Wait a few seconds.",
            ),
            None => (
                self.0.guesses.one_more(address),
                "Too many wrong passwords came from your address. Wait a few seconds.",
            ),
        };
        if is_too_often {
            return closing(login_page(StatusCode::TOO_MANY_REQUESTS, said));
        }
        let form = timeout(FORM, body.to_bytes_limited(FORM_BYTES_MAX)).await;
        let Ok(Ok(Ok(form))) = form else {
            return closing(login_page(
                StatusCode::BAD_REQUEST,
                "The form did not come whole.",
            ));
        };
        let mut fields = form_urlencoded::parse(&form);
        let typed = fields.find(|(name, _)| name == "password");
        let by = Password::of(&typed.unwrap_or_default().1);
        let Some(role) = self.0.passwords.borrow().role(by) else {
            notices::ADMIN_PASSWORD.tell(
                address,
                None,
                format_args!("the admin view was asked for with a wrong password"),
            );
            return login_page(StatusCode::UNAUTHORIZED, "That is not the password.");
        };
        match known_by {
            Some(by) => self.0.known_guesses.forgive_of(by.digest()),
            None => self.0.guesses.forgive(address),
        }
        let token = match self.0.sessions.open(by, Instant::now()) {
            Ok(token) => token,
            Err(error) => {
                notices::NO_RANDOMNESS.tell(
                    None,
                    None,
                    format_args!("nobody can be let in: {error}"),
                );
                return login_page(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "The machine has no randomness.",
                );
            }
        };
        let peer = address.map(|address| address.to_string());
        let role = role.as_str();
        log::info!(peer = peer.as_deref(); "somebody opened the admin view, to {role}");
        let mut answer = HttpResponse::SeeOther();
        answer
            .insert_header((header::LOCATION, "./"))
            .append_header((header::SET_COOKIE, given(SESSION, &token, LONGEST, request)))
            .insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(mark) = self.0.known.mark(by) {
            let mark = given(KNOWN, &mark, known::LONGEST, request);
            answer.append_header((header::SET_COOKIE, mark));
        }
        answer.finish()
    }

    /// The password that was typed in this browser before.
    fn known_by(&self, request: &HttpRequest) -> Option<Password> {
        let passwords = *self.0.passwords.borrow();
        let mut marks = shown(request, KNOWN);
        marks.find_map(|mark| self.0.known.find(mark, &passwords))
    }

    fn logout(&self, request: &HttpRequest) -> HttpResponse {
        if !is_own_page(request.headers()) {
            return refused(
                StatusCode::FORBIDDEN,
                "forbidden",
                "another site's page asked",
            );
        }
        shown(request, SESSION).for_each(|token| self.0.sessions.close(token));
        HttpResponse::SeeOther()
            .insert_header((header::LOCATION, "./"))
            .insert_header((header::SET_COOKIE, no_cookie()))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .finish()
    }

    async fn state(&self, request: &HttpRequest) -> HttpResponse {
        match self.role(request) {
            Some(role) => HttpResponse::Ok()
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
                .json(self.0.sources.told(role).await),
            None => logged_out(),
        }
    }

    /// The HTTP API, for who is logged in.
    async fn api(&self, request: &HttpRequest, body: Payload) -> HttpResponse {
        let Some(role) = self.role(request) else {
            return closing(logged_out());
        };
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        if !is_read && role == AdminRole::Read {
            return closing(refused(
                StatusCode::FORBIDDEN,
                "forbidden",
                "this password is for looking; --admin.password-file has the one for moderating",
            ));
        }
        if !is_read && !is_own_page(request.headers()) {
            return closing(refused(
                StatusCode::FORBIDDEN,
                "forbidden",
                "another site's page asked",
            ));
        }
        let key = match role {
            AdminRole::Write => &self.0.writer,
            AdminRole::Read => &self.0.reader,
        };
        let mut answer = self.0.api.serve_known(key.clone(), request, body).await;
        let nosniff = HeaderValue::from_static("nosniff");
        answer
            .headers_mut()
            .insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
        answer
    }

    /// What whoever asks may do. A session is good as long as its password is.
    fn role(&self, request: &HttpRequest) -> Option<AdminRole> {
        let now = Instant::now();
        let mut found =
            shown(request, SESSION).filter_map(|token| self.0.sessions.find(token, now));
        let by = found.next()?;
        self.0.passwords.borrow().role(by)
    }
}

/// Both passwords, as their files have them now.
fn read(write: Option<&Path>, view: Option<&Path>) -> Result<Passwords, String> {
    let one = |path: Option<&Path>, setting: &str| {
        let read = path.map(Password::read).transpose()?;
        warn_of_readers(path, setting);
        Ok::<_, String>(read)
    };
    let passwords = Passwords {
        write: one(write, "admin.password-file")?,
        read: one(view, "admin.viewer-password-file")?,
    };
    match passwords.write.is_some() && passwords.write == passwords.read {
        true => Err("both passwords of the admin view are the same".to_owned()),
        false => Ok(passwords),
    }
}

fn login_page(status: StatusCode, said: &str) -> HttpResponse {
    html(status, LOGIN.replace("{{said}}", said))
}

fn logged_out() -> HttpResponse {
    refused(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "nobody is logged in; open /admin/ and give the password",
    )
}

/// A refusal in the form of those of the HTTP API.
fn refused(status: StatusCode, code: &str, message: &str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(json!({ "error": { "code": code, "message": message } }))
}

/// What comes further on this connection nobody reads.
fn closing(mut answer: HttpResponse) -> HttpResponse {
    answer
        .head_mut()
        .set_connection_type(actix_http::ConnectionType::Close);
    answer
}
