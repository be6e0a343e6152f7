//! Rooms by their names, clients by their ids, accounts, and how handlers write them.

use std::{cmp::Ordering, fmt, sync::Arc};

use dondo_actors::id::MemberId as SocketId;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

/// A room's name. Clients write names as strings or whole numbers; a name is written back as it was sent, and `7` and `"7"`
/// are one room.
#[derive(Clone, Debug)]
pub struct RoomName {
    text: Arc<str>,
    is_number: bool,
}

impl RoomName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for RoomName {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for RoomName {}

impl PartialOrd for RoomName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RoomName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl std::hash::Hash for RoomName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for RoomName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.is_number.then(|| self.text.parse::<i64>()) {
            Some(Ok(number)) => serializer.serialize_i64(number),
            _ => serializer.serialize_str(&self.text),
        }
    }
}

impl<'de> Deserialize<'de> for RoomName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StringOrNumber)
    }
}

struct StringOrNumber;

impl Visitor<'_> for StringOrNumber {
    type Value = RoomName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a room's name: a string or a whole number")
    }

    fn visit_str<E>(self, text: &str) -> Result<RoomName, E> {
        Ok(text.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<RoomName, E> {
        Ok(number.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<RoomName, E> {
        let number = i64::try_from(number);
        number.map(RoomName::from).map_err(E::custom)
    }
}

impl From<i64> for RoomName {
    fn from(number: i64) -> Self {
        Self {
            text: number.to_string().into(),
            is_number: true,
        }
    }
}

impl From<&RoomName> for RoomName {
    fn from(name: &RoomName) -> Self {
        name.clone()
    }
}

impl From<RoomName> for Arc<str> {
    fn from(name: RoomName) -> Self {
        name.text
    }
}

/// A room, a client by its id, or an account. Three spaces: a room named like a client's id or account gets nothing of his.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// The members of a room.
    Room(RoomName),
    /// One client.
    Client(SocketId),
    /// All clients of an account, in the namespace that is spoken to: [`account`].
    Account(Arc<str>),
}

/// All clients of an account: of whoever is logged in under this name, on however many devices. Nobody where nobody is.
///
/// ```no_run
/// use dondo::{NamespaceHandle, account};
///
/// async fn paid(shop: NamespaceHandle, customer: &str) -> dondo::Result<usize> {
///     let told = shop.to(account(customer)).emit("paid", ())?.await?;
///     Ok(told.recipients)
/// }
/// ```
pub fn account(name: impl Into<Arc<str>>) -> Target {
    Target::Account(name.into())
}

/// One room or several: names as text, `i64` or [`RoomName`], arrays, slices and `Vec`s of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no name of a room",
    note = "rooms are named by text, by an `i64`, by `RoomName`, or by an array, slice or `Vec` of these"
)]
pub trait IntoRooms {
    /// Their names.
    fn into_rooms(self) -> Vec<Arc<str>>;
}

/// Whom something is said to, or not: rooms as in [`IntoRooms`], clients by their [`SocketId`](crate::SocketId), an [`account`],
/// or arrays, slices and `Vec`s of [`Target`]s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nobody that something can be said to",
    note = "rooms are named by text, by an `i64` or by `RoomName`, clients by `SocketId`, accounts by `account(…)`; or an array, slice or `Vec` of these"
)]
pub trait IntoTargets {
    /// Them.
    fn into_targets(self) -> Vec<Target>;
}

macro_rules! room_names {
    ($($name:ty),*) => {$(
        impl From<$name> for RoomName {
            fn from(name: $name) -> Self {
                let text: &str = name.as_ref();
                Self { text: text.into(), is_number: false }
            }
        }
    )*};
}

room_names!(&str, &String, String, &Arc<str>, Arc<str>);

macro_rules! rooms {
    ($($name:ty),*) => {$(
        impl From<$name> for Target {
            fn from(room: $name) -> Self {
                Self::Room(room.into())
            }
        }

        impl IntoRooms for $name {
            fn into_rooms(self) -> Vec<Arc<str>> {
                vec![RoomName::from(self).into()]
            }
        }
    )*};
}

rooms!(
    &str,
    &String,
    String,
    &Arc<str>,
    Arc<str>,
    &RoomName,
    RoomName,
    i64
);

impl From<SocketId> for Target {
    fn from(id: SocketId) -> Self {
        Self::Client(id)
    }
}

impl From<&Target> for Target {
    fn from(target: &Target) -> Self {
        target.clone()
    }
}

impl From<&SocketId> for Target {
    fn from(id: &SocketId) -> Self {
        Self::Client(id.clone())
    }
}

macro_rules! targets {
    ($($name:ty),*) => {$(
        impl IntoTargets for $name {
            fn into_targets(self) -> Vec<Target> {
                vec![self.into()]
            }
        }
    )*};
}

targets!(
    i64,
    &str,
    &String,
    String,
    &Arc<str>,
    Arc<str>,
    &RoomName,
    RoomName,
    &SocketId,
    SocketId,
    &Target,
    Target
);

impl<R: IntoRooms, const N: usize> IntoRooms for [R; N] {
    fn into_rooms(self) -> Vec<Arc<str>> {
        self.into_iter().flat_map(R::into_rooms).collect()
    }
}

impl<R: IntoRooms> IntoRooms for Vec<R> {
    fn into_rooms(self) -> Vec<Arc<str>> {
        self.into_iter().flat_map(R::into_rooms).collect()
    }
}

impl<'a, R> IntoRooms for &'a [R]
where
    &'a R: IntoRooms,
{
    fn into_rooms(self) -> Vec<Arc<str>> {
        self.iter().flat_map(IntoRooms::into_rooms).collect()
    }
}

impl<'a, R> IntoRooms for &'a Vec<R>
where
    &'a R: IntoRooms,
{
    fn into_rooms(self) -> Vec<Arc<str>> {
        self.as_slice().into_rooms()
    }
}

impl<T: IntoTargets, const N: usize> IntoTargets for [T; N] {
    fn into_targets(self) -> Vec<Target> {
        self.into_iter().flat_map(T::into_targets).collect()
    }
}

impl<T: IntoTargets> IntoTargets for Vec<T> {
    fn into_targets(self) -> Vec<Target> {
        self.into_iter().flat_map(T::into_targets).collect()
    }
}

impl<'a, T> IntoTargets for &'a [T]
where
    &'a T: IntoTargets,
{
    fn into_targets(self) -> Vec<Target> {
        self.iter().flat_map(IntoTargets::into_targets).collect()
    }
}

impl<'a, T> IntoTargets for &'a Vec<T>
where
    &'a T: IntoTargets,
{
    fn into_targets(self) -> Vec<Target> {
        self.as_slice().into_targets()
    }
}
