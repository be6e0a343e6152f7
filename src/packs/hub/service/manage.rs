//! invite-room, kick-room and lock-room: what a room's owner may ask for (contract 3, private rooms).
//! Knows no owner: the room does.

use std::sync::Arc;

use bytes::Bytes;
use dondo_actors::{
    event_template::EventTemplate,
    id::{MemberId, RoomKey},
    message::{Action, Command},
};

use super::{
    super::contract::{
        fault::{Code, Fault},
        name::{self, Named},
        normal_form,
        payload::{Payload, Use},
        room_options::people,
    },
    Request,
};

/// Socket ids or accounts in one command.
const PEOPLE_MAX: usize = 256;

/// invite-room: `data.invite` lists socket ids or accounts that may join.
pub(crate) async fn invite(request: &Request) -> Result<Bytes, Fault> {
    let payload = request.payload(Use::Command)?;
    let guests = listed(request, &payload, "invite")?;
    command(request, payload, Action::Invite(guests)).await
}

/// kick-room: `data.kick` lists socket ids that are sent out; their invitations end.
pub(crate) async fn kick(request: &Request) -> Result<Bytes, Fault> {
    let payload = request.payload(Use::Command)?;
    let ids = listed(request, &payload, "kick")?.into_iter();
    command(
        request,
        payload,
        Action::Kick(ids.map(MemberId::new).collect()),
    )
    .await
}

/// lock-room: closes the room to newcomers; `data.locked` false opens it again.
pub(crate) async fn lock(request: &Request) -> Result<Bytes, Fault> {
    let payload = request.payload(Use::Command)?;
    let locked = match payload.field("locked") {
        None | Some(b"true") => true,
        Some(b"false") => false,
        Some(_) => {
            return Err(Fault::new(Code::BadPayload, "data.locked is true or false"));
        }
    };
    command(request, payload, Action::Lock(locked)).await
}

/// Has the room carry the command out at the owner's address; the members there are told.
async fn command(request: &Request, payload: Payload, action: Action) -> Result<Bytes, Fault> {
    let (target, tag) = request.own_address(&payload)?;
    let told = normal_form::compose(
        request.event().into(),
        &payload,
        Some(&target.room),
        target.channel.as_deref(),
        &request.stamp(),
    );
    drop(payload);
    let announce = EventTemplate::new(told.name, told.args, vec![], told.blobs);
    let key = RoomKey::room(target.room.clone());
    let command = Command { tag, action };
    request
        .member()
        .manage(key, command, Some(announce))
        .await?;
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
        name::check(Named::Other, person, request.settings().name_bytes_max)?;
    }
    Ok(people)
}
