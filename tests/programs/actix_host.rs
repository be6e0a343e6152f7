//! The host of examples/tokio_host.rs under actix-web's own runtime, for tests/it/hosts.rs.

#[allow(dead_code, reason = "its own `main` is tokio's")]
#[path = "../../examples/tokio_host.rs"]
mod tokio_host;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    tokio_host::served().await
}
