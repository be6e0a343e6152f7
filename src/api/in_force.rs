//! What whoever moderates has set and what has not ended, besides bans and mutes: limits of channels, and tokens that are taken
//! back. A page at a time, in the order of their names.

use std::sync::Arc;

use serde::Serialize;

use super::answer::{ApiAnswer, ApiError};
use super::keys::ApiRight;
use super::limits::shown_time;
use super::query::ApiQuery;
use super::{Api, ApiCaller};

/// On a page.
const PAGE_MAX: usize = 100;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LimitedChannel {
    channel: String,
    slow_mode: Option<String>,
    capacity: Option<usize>,
}

#[derive(Serialize)]
struct LimitedChannelsAnswer<'a> {
    namespace: &'a str,
    limits: Vec<LimitedChannel>,
    next: Option<String>,
}

#[derive(Serialize)]
struct LimitedChannelsCount<'a> {
    namespace: &'a str,
    count: usize,
}

#[derive(Serialize)]
struct RevokedTokenForm {
    id: String,
    until: String,
}

#[derive(Serialize)]
struct RevokedTokensAnswer {
    tokens: Vec<RevokedTokenForm>,
    next: Option<String>,
}

#[derive(Serialize)]
struct RevokedTokensCount {
    count: usize,
}

impl Api {
    /// The channels that have limits of their own, those of the key, with what is in force in each.
    pub(super) fn channel_limits(
        &self,
        caller: &ApiCaller,
        query: &ApiQuery,
    ) -> Result<ApiAnswer, ApiError> {
        let namespace = self.namespace(query.text("namespace"))?;
        let namespace = namespace.name();
        let limits = self.0.parts.pack.channels();
        let all = limits.ruled(namespace).into_iter();
        let all = all.filter(|(_, channel)| caller.is_for(Some(channel), "channel").is_ok());
        let all: Vec<_> = all.map(|key| (key.1.clone(), key)).collect();
        let limit = query.limit(PAGE_MAX)?;
        if query.count()? {
            return Ok(ApiAnswer::ok(&LimitedChannelsCount {
                namespace,
                count: all.len(),
            }));
        }
        let (page, next) = page(all, query.text("after"), limit);
        let limits = page.into_iter().map(|key| LimitedChannel {
            slow_mode: limits.slow_mode(&key).map(shown_time),
            capacity: limits.capacity(&key),
            channel: key.1.to_string(),
        });
        Ok(ApiAnswer::ok(&LimitedChannelsAnswer {
            namespace,
            limits: limits.collect(),
            next,
        }))
    }

    /// The tokens that are taken back.
    pub(super) fn revoked_tokens(
        &self,
        caller: &ApiCaller,
        query: &ApiQuery,
    ) -> Result<ApiAnswer, ApiError> {
        caller.is_for_clients(ApiRight::Moderate)?;
        let all = self.0.parts.revoked.all().into_iter();
        let all: Vec<_> = all.map(|(id, until)| (id.clone(), (id, until))).collect();
        let limit = query.limit(PAGE_MAX)?;
        if query.count()? {
            return Ok(ApiAnswer::ok(&RevokedTokensCount { count: all.len() }));
        }
        let (page, next) = page(all, query.text("after"), limit);
        let tokens = page.into_iter().map(|(id, until)| RevokedTokenForm {
            id: id.to_string(),
            until: humantime::format_rfc3339_seconds(until).to_string(),
        });
        Ok(ApiAnswer::ok(&RevokedTokensAnswer {
            tokens: tokens.collect(),
            next,
        }))
    }
}

/// Those behind a name, in the order of their names, and the name behind which others follow.
fn page<T>(
    mut all: Vec<(Arc<str>, T)>,
    after: Option<&str>,
    limit: usize,
) -> (Vec<T>, Option<String>) {
    all.retain(|(name, _)| after.is_none_or(|after| &**name > after));
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    let next = (all.len() > limit).then(|| all[limit - 1].0.to_string());
    all.truncate(limit);
    (all.into_iter().map(|(_, one)| one).collect(), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if a walk meets something twice or not at all, or does not come to its end.
    #[test]
    fn a_walk_over_the_pages_meets_each_once() {
        let names = ["c", "a", "d", "b"];
        let all = || names.map(|name| (Arc::from(name), name)).to_vec();
        let (first, next) = page(all(), None, 3);
        assert_eq!((first, next.as_deref()), (vec!["a", "b", "c"], Some("c")));
        assert_eq!(page(all(), Some("c"), 3), (vec!["d"], None));
        assert_eq!(page(all(), None, 4).1, None);
        assert_eq!(page(all(), Some("z"), 1), (vec![], None));
    }
}
