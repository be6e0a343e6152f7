//! Which paths the API has, by which methods, and the right that each asks for. `src/docs/openapi.json` has the same ones.

use actix_web::http::{Method, StatusCode};

use super::answer::ApiError;
use super::keys::ApiRight;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApiOperation {
    OpenApi,
    Node,
    Publish,
    Batch,
    Channels,
    ChannelMembers,
    Rooms,
    RoomMembers,
    Members,
    Presence,
    Disconnect,
    Kick,
    Ban,
    Unban,
    Bans,
    Mute,
    Unmute,
    Mutes,
    Lock,
    Limits,
    ChannelLimits,
    Revoke,
    LiftRevocation,
    RevokedTokens,
}

/// A path below the base, a method, the right, what it is, and the parameters of its query. A part in braces is a name.
type Route = (
    &'static str,
    &'static str,
    Option<ApiRight>,
    ApiOperation,
    &'static [&'static str],
);

#[rustfmt::skip]
const ROUTES: [Route; 24] = [
    ("/openapi.json", "GET", None, ApiOperation::OpenApi, &[]),
    ("/node", "GET", Some(ApiRight::Read), ApiOperation::Node, &[]),
    ("/publish", "POST", Some(ApiRight::Publish), ApiOperation::Publish, &[]),
    ("/batch", "POST", Some(ApiRight::Publish), ApiOperation::Batch, &[]),
    ("/channels", "GET", Some(ApiRight::Read), ApiOperation::Channels, &["namespace", "after", "limit", "count"]),
    ("/channels/{channel}/members", "GET", Some(ApiRight::Read), ApiOperation::ChannelMembers, &["namespace", "after", "limit", "count"]),
    ("/rooms", "GET", Some(ApiRight::Read), ApiOperation::Rooms, &["namespace", "after", "limit", "count"]),
    ("/rooms/{room}/members", "GET", Some(ApiRight::Read), ApiOperation::RoomMembers, &["namespace", "channel", "after", "limit", "count"]),
    ("/members", "GET", Some(ApiRight::Read), ApiOperation::Members, &["namespace", "account", "after", "limit", "count"]),
    ("/presence", "GET", Some(ApiRight::Read), ApiOperation::Presence, &["namespace"]),
    ("/disconnect", "POST", Some(ApiRight::Moderate), ApiOperation::Disconnect, &[]),
    ("/kick", "POST", Some(ApiRight::Moderate), ApiOperation::Kick, &[]),
    ("/ban", "POST", Some(ApiRight::Moderate), ApiOperation::Ban, &[]),
    ("/ban", "DELETE", Some(ApiRight::Moderate), ApiOperation::Unban, &["account", "address"]),
    ("/bans", "GET", Some(ApiRight::Moderate), ApiOperation::Bans, &["after", "limit", "count"]),
    ("/mute", "POST", Some(ApiRight::Moderate), ApiOperation::Mute, &[]),
    ("/mute", "DELETE", Some(ApiRight::Moderate), ApiOperation::Unmute, &["account", "address", "member"]),
    ("/mutes", "GET", Some(ApiRight::Moderate), ApiOperation::Mutes, &["after", "limit", "count"]),
    ("/lock", "POST", Some(ApiRight::Moderate), ApiOperation::Lock, &[]),
    ("/limits", "POST", Some(ApiRight::Moderate), ApiOperation::Limits, &[]),
    ("/limits", "GET", Some(ApiRight::Moderate), ApiOperation::ChannelLimits, &["namespace", "after", "limit", "count"]),
    ("/tokens/revoke", "POST", Some(ApiRight::Moderate), ApiOperation::Revoke, &[]),
    ("/tokens/revoke", "DELETE", Some(ApiRight::Moderate), ApiOperation::LiftRevocation, &["id"]),
    ("/tokens/revoked", "GET", Some(ApiRight::Moderate), ApiOperation::RevokedTokens, &["after", "limit", "count"]),
];

impl ApiOperation {
    /// What may stand in its query.
    pub(super) fn parameters(self) -> &'static [&'static str] {
        let route = ROUTES.iter().find(|(.., operation, _)| *operation == self);
        route.map_or(&[], |(.., parameters)| *parameters)
    }
}

/// A route that was found.
pub(super) struct FoundRoute {
    pub(super) operation: ApiOperation,
    pub(super) right: Option<ApiRight>,
    /// What stands for the parts in braces.
    pub(super) names: Vec<String>,
}

/// The route of a path below the base.
pub(super) fn find(method: &Method, path: &str) -> Result<FoundRoute, ApiError> {
    let fitting = ROUTES
        .iter()
        .filter_map(|route| Some((names(route.0, path)?, route)));
    let mut methods = Vec::new();
    for (names, (_, of, right, operation, _)) in fitting {
        if method.as_str() == *of {
            let (operation, right) = (*operation, *right);
            return Ok(FoundRoute {
                operation,
                right,
                names: names?,
            });
        }
        methods.push(*of);
    }
    if methods.is_empty() {
        return Err(ApiError::not_found(
            "there is no such path; /api/v1/openapi.json has all",
        ));
    }
    Err(ApiError {
        allow: Some(methods.join(", ")),
        ..ApiError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("the path has {} alone", methods.join(" and ")),
        )
    })
}

/// What stands for the names of a pattern, if the path fits it.
fn names(pattern: &str, path: &str) -> Option<Result<Vec<String>, ApiError>> {
    let mut parts = path.split('/');
    let mut names = Vec::new();
    for wanted in pattern.split('/') {
        let part = parts.next()?;
        match wanted.starts_with('{') {
            true => names.push((part, wanted.trim_matches(['{', '}']))),
            false if part == wanted => {}
            false => return None,
        }
    }
    if parts.next().is_some() {
        return None;
    }
    let decoded = names.into_iter().map(|(part, name)| {
        let text = decoded(part).filter(|text| !text.is_empty());
        text.ok_or_else(|| ApiError::bad("the name in the path is no text in UTF-8").at(name))
    });
    Some(decoded.collect())
}

/// A part of a path without its percents.
fn decoded(part: &str) -> Option<String> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = part.bytes();
    let mut text = Vec::with_capacity(part.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
                text.push(u8::try_from(high * 16 + low).ok()?);
            }
            byte => text.push(byte),
        }
    }
    String::from_utf8(text).ok()
}

/// Every path and method, for the test that compares them with the contract.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|(path, method, ..)| (*path, *method))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use serde_json::Value;

    use super::*;

    /// Fails if a name loses what is written with percents, or a slash in one makes it two.
    #[test]
    fn names_in_paths_may_hold_anything() {
        let found = find(&Method::GET, "/channels/a%2Fb%20%C3%A9+/members")
            .ok()
            .unwrap();
        assert_eq!(found.names, ["a/b é+"]);
        for path in [
            "/channels/%zz/members",
            "/channels/%ff/members",
            "/channels//members",
        ] {
            let error = find(&Method::GET, path).err().unwrap();
            assert_eq!(
                (error.status, error.field.as_deref()),
                (StatusCode::BAD_REQUEST, Some("channel"))
            );
        }
        let error = find(&Method::GET, "/channels/a/b/members").err().unwrap();
        assert_eq!(error.status, StatusCode::NOT_FOUND);
    }

    /// Fails if a method is refused without those that there are.
    #[test]
    fn another_method_is_told_those_of_the_path() {
        let error = find(&Method::GET, "/ban").err().unwrap();
        assert_eq!(error.allow.as_deref(), Some("POST, DELETE"));
        assert_eq!(error.status, StatusCode::METHOD_NOT_ALLOWED);
    }

    /// Fails if a route is not in the contract, or the contract has one that is not served.
    #[test]
    fn the_contract_has_the_routes_that_there_are() {
        let contract: Value = serde_json::from_str(super::super::OPENAPI).unwrap();
        let mut told: Vec<(String, String)> = Vec::new();
        for (path, methods) in contract["paths"].as_object().unwrap() {
            if let Some(path) = path.strip_prefix(super::super::BASE) {
                for method in methods.as_object().unwrap().keys() {
                    told.push((path.to_owned(), method.to_uppercase()));
                }
            }
        }
        let mut served: Vec<(String, String)> = all()
            .map(|(path, method)| (path.into(), method.into()))
            .collect();
        told.sort();
        served.sort();
        assert_eq!(told, served);
    }

    /// Fails if a query takes a parameter that the contract does not have, or refuses one that it has.
    #[test]
    fn the_contract_has_the_parameters_that_there_are() {
        let contract: Value = serde_json::from_str(super::super::OPENAPI).unwrap();
        for (path, method, _, operation, _) in ROUTES {
            let all = &contract["paths"][format!("/api/v1{path}")][method.to_lowercase()];
            let all = all["parameters"].as_array().cloned().unwrap_or_default();
            let resolved = all
                .iter()
                .map(|parameter| match parameter["$ref"].as_str() {
                    Some(reference) => contract
                        .pointer(reference.trim_start_matches('#'))
                        .unwrap_or_else(|| panic!("{reference} is nowhere")),
                    None => parameter,
                });
            let of_query = resolved.filter(|parameter| parameter["in"] == "query");
            let mut told: Vec<&str> = of_query
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            told.sort_unstable();
            let mut taken = operation.parameters().to_vec();
            taken.sort_unstable();
            assert_eq!(told, taken, "{method} {path}");
        }
    }
}
