//! What is known of keys, for how long, and how much of it.

#![allow(clippy::panic, clippy::unwrap_used)]

use super::*;

fn name(key: &str) -> Name {
    ("shop".into(), key.into())
}

fn published(answer: &str) -> Option<SaidOnce> {
    let answer = serde_json::value::to_raw_value(answer).unwrap();
    Some(SaidOnce::Published(answer.into()))
}

/// What came of each, in a letter.
fn letters(said: &[Option<SaidOnce>]) -> String {
    let letters = said.iter().map(|said| match said {
        Some(SaidOnce::Published(_)) => 'p',
        Some(SaidOnce::Unknown) => '?',
        None => '-',
    });
    letters.collect()
}

fn claim(store: &Idempotency, key: &str, messages: usize, now: Instant) -> Claimed {
    store.claim_at(name(key), ([0; 32], messages), 1, now)
}

fn first(store: &Idempotency, key: &str, messages: usize, now: Instant) -> Claim {
    match claim(store, key, messages, now) {
        Claimed::First(claim) => claim,
        _ => panic!("{key} is not the first"),
    }
}

/// Says the one message of a request.
fn say(mut claim: Claim, now: Instant) {
    claim.came_to(0, published("done"));
    claim.end_at(now);
}

fn share(store: &Idempotency) -> Share {
    store.0.find("shop").unwrap_or_default()
}

/// Fails if a request is done twice, with another body under its key, or never again after it failed.
#[test]
fn who_comes_again_has_the_answer_of_the_first_or_is_the_first() {
    let (store, now) = (Idempotency::default(), Instant::now());
    let under_way = first(&store, "a", 1, now);
    let again = |digest| store.claim_at(name("a"), (digest, 1), 1, now);
    let Claimed::UnderWay(waiting) = again([0; 32]) else {
        panic!("done twice");
    };
    assert!(matches!(again([1; 32]), Claimed::Different));
    drop(under_way);
    assert!(waiting.has_changed().is_err(), "who waits is told");
    say(first(&store, "a", 1, now), now);
    let Claimed::Done(said) = again([0; 32]) else {
        panic!("done twice");
    };
    assert_eq!(letters(&said), "p");
    assert!(matches!(again([1; 32]), Claimed::Different));
    let other = ("till".into(), "a".into());
    assert!(matches!(
        store.claim_at(other, ([1; 32], 1), 1, now),
        Claimed::First(_)
    ));
    drop(first(&store, "a", 1, now + LIFETIME));
}

/// Fails if what was said, or may have been, is said again under its key, or what certainly was not is never said.
#[test]
fn of_a_request_that_failed_in_part_the_rest_alone_is_left_to_say() {
    let (store, now) = (Idempotency::default(), Instant::now());
    let mut request = first(&store, "a", 4, now);
    request.came_to(0, published("one"));
    request.begins(1);
    request.came_to(1, None);
    request.begins(2);
    // Its worker ends here.
    request.end_at(now);
    let mut request = first(&store, "a", 4, now);
    assert_eq!(letters(&request.said), "p-?-");
    assert!(matches!(request.said(2), Some(SaidOnce::Unknown)));
    request.begins(1);
    request.came_to(1, published("two"));
    request.end_at(now);
    let left = first(&store, "a", 4, now + Duration::from_secs(1));
    assert_eq!(letters(&left.said), "pp?-");
    // It fails as the others did, and says nothing.
    drop(left);
    let mut request = first(&store, "a", 4, now);
    assert_eq!(letters(&request.said), "pp?-");
    request.came_to(3, published("four"));
    drop(request);
    let Claimed::Done(said) = claim(&store, "a", 4, now) else {
        panic!("something is left");
    };
    assert_eq!(letters(&said), "pp?p");
    // However often it was tried, its time is counted from the first.
    drop(first(&store, "a", 4, now + LIFETIME));
    let left = share(&store);
    assert_eq!((left.kept.len(), left.said.len(), left.bytes), (0, 0, 0));
}

/// Fails if a request that goes on beyond its key's time keeps anything, or takes from what is counted what it has not added.
#[test]
fn what_is_said_behind_the_time_of_its_key_is_forgotten() {
    let (store, now) = (Idempotency::default(), Instant::now());
    let mut claim = first(&store, "a", 2, now);
    claim.came_to(0, published("one"));
    claim.end_at(now);
    let mut late = first(&store, "a", 2, now);
    late.came_to(1, published("two"));
    say(first(&store, "b", 1, now + LIFETIME), now + LIFETIME);
    let of_other = share(&store).bytes;
    drop(late);
    let left = share(&store);
    assert_eq!((left.kept.len(), left.bytes), (1, of_other));
}

/// Fails if requests are known without end, or are forgotten before their time.
#[test]
fn as_many_are_kept_as_may_be_and_those_that_are_over_make_room() {
    let (store, now) = (Idempotency::default(), Instant::now());
    let later = now + Duration::from_secs(1);
    for number in 0..KEPT_MAX {
        let at = if number < 3 { now } else { later };
        say(first(&store, &number.to_string(), 1, now), at);
    }
    let claim = |key, at| claim(&store, key, 1, at);
    assert!(matches!(claim("x", now), Claimed::Full));
    assert!(matches!(claim("0", now), Claimed::Done(_)));
    assert_eq!(share(&store).kept.len(), KEPT_MAX);
    drop(first(&store, "x", 1, now + LIFETIME));
    assert_eq!(share(&store).kept.len(), KEPT_MAX - 3);
    assert!(matches!(claim("3", now + LIFETIME), Claimed::Done(_)));
    for _ in 0..KEPT_MAX {
        drop(first(&store, "x", 1, later + LIFETIME));
    }
    let left = share(&store);
    assert_eq!((left.kept.len(), left.said.len(), left.bytes), (0, 0, 0));
}

/// Fails if one key of the API can take the room of another, if many keys may keep more than all together, or if a
/// request looks at more of what is over than it may.
#[test]
fn each_key_of_the_api_has_a_share_of_its_own() {
    let (store, now) = (Idempotency::default(), Instant::now());
    let claim = |owner: &str, key: &str, at| {
        store.claim_at((owner.into(), key.into()), ([0; 32], 1), 8, at)
    };
    let fill = |owner: &str| {
        let mut count = 0;
        while let Claimed::First(claim) = claim(owner, &count.to_string(), now) {
            say(claim, now);
            count += 1;
        }
        count
    };
    assert_eq!((fill("till"), fill("shop")), (5_000, 5_000));
    drop(claim("shop", "x", now + LIFETIME));
    assert_eq!(share(&store).kept.len(), 5_000 - FORGOTTEN_MAX);
    store.remove("shop");
    assert_eq!(fill("shop"), 5_000);
    assert!(matches!(claim("till", "0", now), Claimed::Done(_)));
}

/// Fails if large answers, or many small ones in a request, are kept without end.
#[test]
fn large_answers_have_a_bound_of_bytes() {
    let (store, now) = (Idempotency::default(), Instant::now());
    let large = published(&"x".repeat(BYTES_MAX / 4));
    for key in ["0", "1", "2", "3"] {
        let mut claim = first(&store, key, 1, now);
        claim.came_to(0, large.clone());
        claim.end_at(now);
    }
    assert!(matches!(claim(&store, "4", 1, now), Claimed::Full));
    store.remove("shop");
    let (mut count, messages) = (0, 100);
    while let Claimed::First(mut claim) = claim(&store, &count.to_string(), messages, now) {
        (0..messages).for_each(|message| claim.begins(message));
        claim.end_at(now);
        count += 1;
    }
    let one = OVERHEAD + messages * MESSAGE_OVERHEAD;
    assert_eq!(count, BYTES_MAX.div_ceil(one));
}

/// Fails if a request whose key of the API has gone and come again frees what another one claimed.
#[test]
fn a_claim_frees_its_own_key_alone() {
    let (store, now) = (Idempotency::default(), Instant::now());
    let old = first(&store, "a", 1, now);
    store.remove("shop");
    let new = first(&store, "a", 1, now);
    drop(old);
    assert!(matches!(claim(&store, "a", 1, now), Claimed::UnderWay(_)));
    drop(new);
}
