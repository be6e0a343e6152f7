//! Floods: one client in twenty is hostile and sends at full speed for a minute, from an address of its own. What honest
//! members wait is judged against the quiet part of the same run.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::attack::{scenario, together, Attack, Ctx, Scenario, BIG};
use crate::raw::Raw;

/// One in twenty of 200 honest members; in the short form of 20.
fn hostile(ctx: &Ctx) -> usize {
    ctx.n(10, 1)
}

const fn flood(name: &'static str, about: &'static str, attack: Attack) -> Scenario {
    scenario(name, 13, about, attack).flood()
}

pub const FLOODS: &[Scenario] = &[
    flood(
        "flood-handshakes",
        "WebSockets that are opened, enter and are gone",
        handshakes,
    ),
    flood(
        "flood-events",
        "messages to channels in which the hostile are alone",
        events,
    ),
    flood(
        "flood-joins",
        "joins and leaves of the honest members' channel",
        joins,
    ),
    flood("flood-bytes", "unknown events of 0.95 MB", bytes),
    flood(
        "flood-bad-keys",
        "calls of the HTTP API with a wrong key",
        bad_keys,
    )
    .flags(&["--api.keys-file {keys}", "--api.public on"]),
];

/// Runs `one` again and again for each hostile client, and counts how often it was done: `per_s` at least, all together.
fn each_again(
    ctx: &Ctx,
    (what, per_s): (&str, f64),
    one: impl Fn(usize) -> io::Result<()> + Sync,
) -> io::Result<()> {
    let (done, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    together(ctx, hostile(ctx), |k| {
        while !ctx.over() {
            match one(k) {
                Ok(()) => done.fetch_add(1, Relaxed),
                // A refusal takes no time here, and what is measured is not this program's own turning.
                Err(_) => {
                    std::thread::sleep(Duration::from_millis(1));
                    refused.fetch_add(1, Relaxed)
                }
            };
        }
        Ok(())
    });
    ctx.note(format!(
        "{} {what}, {} refused",
        done.load(Relaxed),
        refused.load(Relaxed)
    ));
    let least = ctx.least(per_s);
    if (done.load(Relaxed) as u64) < least {
        ctx.fault(format!("no flood: {least} {what} are the least"));
    }
    Ok(())
}

/// Writes `block` as often as it is taken, from members of the namespace that read whatever comes.
fn each_writes(ctx: &Ctx, block: impl Fn(&mut Raw, usize) + Sync) -> io::Result<()> {
    let (opened, cuts) = (AtomicUsize::new(0), AtomicUsize::new(0));
    together(ctx, hostile(ctx), |k| {
        while !ctx.over() {
            let Ok(mut raw) = Raw::in_channel(ctx, k, &own(k)) else {
                std::thread::sleep(Duration::from_millis(50));
                continue;
            };
            opened.fetch_add(1, Relaxed);
            while !ctx.over() && !raw.gone {
                if raw.left() == 0 {
                    block(&mut raw, k);
                }
                let wrote = raw.write();
                ctx.sent.fetch_add(wrote as u64, Relaxed);
                if wrote + raw.swallow() == 0 {
                    std::thread::sleep(Duration::from_micros(300));
                }
            }
            cuts.fetch_add(usize::from(raw.gone), Relaxed);
        }
        Ok(())
    });
    ctx.note(format!("hostile clients cut {} times", cuts.load(Relaxed)));
    if opened.load(Relaxed) == 0 {
        ctx.fault("no hostile client was let in");
    }
    let (sent, least) = (ctx.sent.load(Relaxed), ctx.least(20_000.0));
    if sent < least {
        ctx.fault(format!("no flood: {sent} bytes, and {least} are the least"));
    }
    Ok(())
}

/// The channel in which a hostile client is alone.
fn own(k: usize) -> String {
    format!("hostile{k}")
}

fn handshakes(ctx: &Ctx) -> io::Result<()> {
    each_again(ctx, ("handshakes", 1000.0), |k| Raw::member(ctx, k).map(drop))
}

fn events(ctx: &Ctx) -> io::Result<()> {
    each_writes(ctx, |raw, k| {
        let text = format!("42[\"{}\",1]", own(k));
        (0..4000).for_each(|_| raw.text(&text));
    })
}

fn joins(ctx: &Ctx) -> io::Result<()> {
    each_writes(ctx, |raw, _| {
        for verb in ["join", "leave"].iter().cycle().take(1000) {
            raw.text(&format!(
                "42[\"{verb}-channel\",{{\"data\":{{\"roomChannel\":\"crowd0\"}}}}]"
            ));
        }
    })
}

fn bytes(ctx: &Ctx) -> io::Result<()> {
    let text = format!("42[\"zz\",\"{}\"]", "x".repeat(BIG));
    each_writes(ctx, |raw, _| raw.text(&text))
}

/// Of ten clients with a wrong key, each of which waits a second for an answer to one too many.
const ANSWERED: f64 = 5.0;

/// Each answer is waited for, as a client of the API does. The hub may close a connection behind one.
fn bad_keys(ctx: &Ctx) -> io::Result<()> {
    let call = format!(
        "GET /api/v1/channels HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n\r\n",
        "0".repeat(64)
    );
    let calls = AtomicUsize::new(0);
    each_again(ctx, ("connections", ANSWERED), |k| {
        let mut raw = Raw::tcp(ctx, k)?;
        let mut answered = 0;
        // One at least, also where the time was over before the connection stood.
        loop {
            raw.put(call.as_bytes());
            match raw.send().and_then(|()| raw.answer()) {
                Ok((401 | 429, _)) => answered += 1,
                Ok((status, _)) => {
                    ctx.fault(format!("a wrong key was answered {status}"));
                    break;
                }
                Err(_) if answered > 0 => break,
                Err(error) => return Err(error),
            }
            ctx.sent.fetch_add(call.len() as u64, Relaxed);
            if ctx.over() {
                break;
            }
        }
        calls.fetch_add(answered, Relaxed);
        Ok(())
    })?;
    let calls = calls.into_inner();
    ctx.note(format!("{calls} calls"));
    let least = ctx.least(ANSWERED);
    if (calls as u64) < least {
        ctx.fault(format!("no flood: {least} calls are the least"));
    }
    Ok(())
}
