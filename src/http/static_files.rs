//! A folder of somebody's own at `/`, in place of the hub's pages. What the hub serves itself goes before it.
//! Knows files and their names; it knows no session and no event.

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

use actix_files::Files;
use actix_web::dev::RequestHead;
use actix_web::guard;
use actix_web::http::header;
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, ServiceConfig};

use super::health::readable_only;

/// What a folder is answered with.
const INDEX: &str = "index.html";

/// The folder. A file of it is read when it is asked for, and is open for as long as its answer takes.
#[derive(Clone, Debug)]
pub(crate) struct StaticFiles(Arc<Path>);

impl StaticFiles {
    /// Finds the folder.
    pub(crate) fn find(folder: &Path) -> io::Result<Self> {
        Ok(Self(folder.canonicalize()?.into()))
    }

    /// Adds the files to an app, behind all that stands there already.
    pub(crate) fn configure(&self, app: &mut ServiceConfig) {
        let folder = self.0.clone();
        let files = Files::new("/", &*self.0)
            .index_file(INDEX)
            .prefer_utf8(true)
            .redirect_to_slash_directory()
            .path_filter(move |path, head| is_served(&folder, path, head));
        let headers = DefaultHeaders::new()
            .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .add((header::CACHE_CONTROL, "no-cache"));
        // HAProxy's `option httpchk` asks for `OPTIONS /`.
        let options = web::resource("/").guard(guard::Options());
        app.service(options.to(readable_only));
        app.service(web::scope("").wrap(headers).service(files));
    }
}

/// Whether a file or folder below this one is for everybody: nothing hidden, and no link out. Who can write to the folder can
/// exchange a file between this look and the opening.
fn is_served(folder: &Path, path: &Path, head: &RequestHead) -> bool {
    // One that leads to a folder is answered with another address, which would be that of a host.
    let path_of = head.uri.path();
    if path_of.starts_with("//") || path_of.contains('\\') {
        return false;
    }
    let whole = folder.join(path);
    if !whole.is_dir() {
        return is_own(folder, &whole);
    }
    is_own_folder(folder, &whole) && is_own(folder, &whole.join(INDEX))
}

fn is_own(folder: &Path, file: &Path) -> bool {
    let found = file.canonicalize();
    found.is_ok_and(|found| found.is_file() && is_below(folder, &found))
}

fn is_own_folder(folder: &Path, inner: &Path) -> bool {
    let found = inner.canonicalize();
    found.is_ok_and(|found| is_below(folder, &found))
}

fn is_below(folder: &Path, found: &Path) -> bool {
    let is_plain = |part: Component<'_>| !starts_with_dot(part.as_os_str());
    found
        .strip_prefix(folder)
        .is_ok_and(|below| below.components().all(is_plain))
}

fn starts_with_dot(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

#[cfg(test)]
mod tests;
