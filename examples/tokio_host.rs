//! A host under tokio's own runtime: TLS by rustls, two hubs at two paths, and a middleware and a login of its own.
//!
//! `cargo run --example tokio_host`. Its certificate is made when it starts, so clients must not ask who signed it.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorForbidden, ErrorUnauthorized};
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ReqData};
use actix_web::{App, Error, HttpMessage, HttpServer};
use clap::Parser;
use dondo::config::Settings;
use dondo::{Account, Dondo, Identity, Namespace, Socket, listen};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;

/// Two hubs, over TLS.
#[derive(Parser)]
struct Flags {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:3443")]
    listen: SocketAddr,
}

/// Whom a token names.
#[derive(Clone)]
struct User {
    name: String,
    is_staff: bool,
}

impl Account for User {
    fn account(&self) -> &str {
        &self.name
    }
}

/// Reads the token of each request, for pages and hubs alike: here it is the name itself, after `staff:` that of one of ours.
async fn read_token(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if let Some(token) = request.headers().get(header::AUTHORIZATION) {
        let token = token.to_str().map_err(ErrorUnauthorized)?;
        let name = token.trim_start_matches("Bearer ");
        request.extensions_mut().insert(User {
            name: name.to_owned(),
            is_staff: name.starts_with("staff:"),
        });
    }
    next.call(request).await
}

/// Whoever has a token may chat.
async fn any_user(user: Option<ReqData<User>>) -> Result<Option<User>, Error> {
    let user = user.ok_or_else(|| ErrorUnauthorized("a token is needed"))?;
    Ok(Some(user.into_inner()))
}

async fn staff_alone(user: Option<ReqData<User>>) -> Result<Option<User>, Error> {
    let user = any_user(user).await?;
    match user.as_ref().is_some_and(|user| user.is_staff) {
        true => Ok(user),
        false => Err(ErrorForbidden("staff alone")),
    }
}

fn root() -> Namespace {
    Namespace::hub("/").on(
        "whoami",
        async |Identity(user): Identity<User>, socket: Socket| {
            socket.broadcast().emit("asked", &user.name)?;
            Ok(user.name.clone())
        },
    )
}

fn certificate() -> Result<ServerConfig, Box<dyn std::error::Error + Send + Sync>> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder().with_no_client_auth();
    Ok(config.with_single_cert(vec![cert.into()], key.into())?)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    served().await
}

pub(crate) async fn served() -> std::io::Result<()> {
    env_logger::init();
    let flags = Flags::parse();
    let mut settings = Settings::default();
    settings.grace = Duration::from_secs(1);
    let builder = || {
        let builder = Dondo::builder().settings(settings.clone());
        builder.namespace(root())
    };
    let chat = builder().identify(any_user).build()?;
    let staff = builder().identify(staff_alone).build()?;

    let mounts = (chat.clone(), staff.clone());
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(read_token))
            .service(web::scope("/chat").configure(mounts.0.configure()))
            .service(web::scope("/staff").configure(mounts.1.configure()))
    });
    let listener = listen(flags.listen)?;
    eprintln!("listening on https://{}", listener.local_addr()?);
    let tls = certificate().map_err(std::io::Error::other)?;
    // How long a stop waits for who says nothing.
    let server = chat.tune(server).shutdown_timeout(1);
    // Long enough for clients of a busy machine.
    let server = server.tls_handshake_timeout(Duration::from_secs(10));
    let server = server.listen_rustls_0_23(listener, tls)?;
    Dondo::serve_all([&chat, &staff], server.run()).await
}
