//! invite-room, kick-room and lock-room: what a room's owner may ask for (contract 3, private rooms).
//! Knows no owner: the room does.

use std::sync::Arc;

use bytes::Bytes;
use dondo_actors::{
    event_template::EventTemplate,
    id::{MemberId, RoomKey},
    message::Command,
};

use super::{
    answer::{Code, Fault},
    name, normal,
    payload::{Payload, Use},
    request::Request,
    target,
    wishes::people,
};

/// Socket ids or accounts in one command.
const PEOPLE_MAX: usize = 256;

/// invite-room: `data.invite` lists socket ids or accounts that may join.
pub(super) async fn invite(request: &Request) -> Result<Bytes, Fault> {
    let payload = request.payload(Use::Command)?;
    let guests = listed(request, &payload, "invite")?;
    command(request, payload, vec![Command::Invite(guests)]).await
}

/// kick-room: `data.kick` lists socket ids that are sent out; their invitations end.
pub(super) async fn kick(request: &Request) -> Result<Bytes, Fault> {
    let payload = request.payload(Use::Command)?;
    let ids = listed(request, &payload, "kick")?.into_iter();
    let commands = ids.map(|id| Command::Kick(MemberId::new(id))).collect();
    command(request, payload, commands).await
}

/// lock-room: closes the room to newcomers; `data.locked` false opens it again.
pub(super) async fn lock(request: &Request) -> Result<Bytes, Fault> {
    let payload = request.payload(Use::Command)?;
    let locked = match payload.field("locked") {
        None | Some(b"true") => true,
        Some(b"false") => false,
        Some(_) => {
            return Err(Fault::new(Code::BadPayload, "data.locked is true or false"));
        }
    };
    command(request, payload, vec![Command::Lock(locked)]).await
}

/// Has the room carry the commands out; its members are told once, before the first.
async fn command(
    request: &Request,
    payload: Payload,
    commands: Vec<Command>,
) -> Result<Bytes, Fault> {
    let target = target::room(&payload, &request.channels(), request.rules())?;
    let told = normal::compose(
        request.event().into(),
        &payload,
        Some(&target.room),
        target.channel.as_deref(),
        &request.stamp(),
    );
    drop(payload);
    let mut announce = Some(EventTemplate::new(told.name, told.args, vec![], told.blobs));
    let key = RoomKey::room(target.room.clone());
    let under_way: Vec<_> = commands
        .into_iter()
        .map(|command| {
            request
                .member()
                .manage(key.clone(), command, announce.take())
        })
        .collect();
    for done in under_way {
        done.await?;
    }
    let mut ack = request.success();
    ack.channel = target.channel.as_deref();
    ack.room = Some(&target.room);
    Ok(ack.answer())
}

fn listed(request: &Request, payload: &Payload, field: &str) -> Result<Vec<Arc<str>>, Fault> {
    let people = people(payload, field)?;
    if people.is_empty() {
        return Err(Fault::new(
            Code::BadPayload,
            format!("data.{field} lists nobody"),
        ));
    }
    if people.len() > PEOPLE_MAX {
        return Err(Fault::new(
            Code::LimitReached,
            format!("data.{field} lists at most {PEOPLE_MAX}"),
        ));
    }
    for person in &people {
        name::check(person, request.settings().name_bytes_max)?;
    }
    Ok(people)
}
