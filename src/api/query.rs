//! The query of a request: each parameter is known, stands once, and is what it should be; else the refusal names it.

use std::sync::Arc;

use super::answer::ApiError;
use super::fields::unknown;

/// A parameter has no more bytes.
const VALUE_MAX: usize = 4096;

/// Parameters, decoded.
pub(super) struct ApiQuery(Vec<(String, String)>);

impl ApiQuery {
    /// A query of which these parameters are known.
    pub(super) fn of(text: &str, known: &[&str]) -> Result<Self, ApiError> {
        let mut all: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if !known.contains(&&*name) {
                return Err(unknown(&name, known));
            }
            if all.iter().any(|(other, _)| *other == *name) {
                return Err(ApiError::bad("the parameter stands twice").at(name));
            }
            if value.len() > VALUE_MAX {
                return Err(ApiError::bad("the parameter is too long").at(name));
            }
            all.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(all))
    }

    /// A parameter as text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(parameter, _)| parameter == name)?;
        Some(value)
    }

    /// The place behind which a page begins.
    pub(super) fn after(&self) -> Option<Arc<str>> {
        self.text("after").map(Arc::from)
    }

    /// How many may be on a page: `most` of them if nothing is said.
    pub(super) fn limit(&self, most: usize) -> Result<usize, ApiError> {
        let Some(text) = self.text("limit") else {
            return Ok(most);
        };
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let limit = text.parse().ok().filter(|_| is_number);
        limit
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| ApiError::bad(format!("a page has 1 to {most}")).at("limit"))
    }

    /// Whether how many there are is all that is asked for.
    pub(super) fn count(&self) -> Result<bool, ApiError> {
        match self.text("count") {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(ApiError::bad("it is true or false").at("count")),
        }
    }
}
