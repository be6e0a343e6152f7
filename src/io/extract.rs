//! What a handler can have as a parameter.

use std::{any::TypeId, ops::Deref, sync::Arc};

use dondo_actors::{error::CloseReason as DisconnectReason, handshake::Handshake};
use serde::de::DeserializeOwned;

use super::{
    Account, Connecting, NamespaceHandle, RemoteSocket, Socket,
    ack::Ack,
    arguments::Arguments,
    context::{
        AdmissionContext, ConnectContext, Context, DisconnectContext, EventContext, SocketContext,
    },
    error::{BadArguments, Error, OrFail, Result},
    incoming::Incoming,
};
use crate::failures::WRONG_STREAMS;

/// What a handler can have as a parameter, taken from its context.
///
/// | parameter | what it is | `when` | middlewares | `on_connect` | events | disconnects | `engine` |
/// |---|---|---|---|---|---|---|---|
/// | [`Data<T>`] | the event's next argument by serde, of a tuple as many as it has | | | | yes | | |
/// | [`Rest<T>`] | all that are left | | | | yes | | |
/// | [`Incoming<T>`] | the next stream of items that the client sends with the event | | | | yes | | |
/// | [`Arguments`], [`EventName`], [`Ack`] | all arguments as they came, the event's name, its answer | | | | yes | | |
/// | [`Connecting`] | the client before it is let in | | yes | | | | |
/// | [`Socket`], [`RemoteSocket`], [`NamespaceHandle`] | the client, the same for any thread, and its namespace | | | yes | yes | yes | |
/// | [`EngineSocket`](crate::EngineSocket) | the connection | | | | | | yes |
/// | [`DisconnectReason`](crate::DisconnectReason) | why it is gone | | | | | yes | |
/// | [`Auth<T>`] | what it sent with its CONNECT | yes | yes | yes | yes | yes | `null` |
/// | [`Handshake`] | what it sent with the request that opened its session | yes | yes | yes | yes | yes | yes |
/// | [`Path<T>`] | what the captures of its namespace's pattern are | yes | yes | yes | yes | yes | fails |
/// | [`State<T>`] | what the application was given | yes | yes | yes | yes | yes | yes |
/// | [`Identity<U>`] | who is logged in | nobody | yes | yes | yes | yes | yes |
/// | [`Extension<T>`] | what was kept with the client | nothing | yes | yes | yes | yes | nothing |
/// | `Option<…>` of the last two, `Result<E>` of any | `None`, or the error, in place of a failure | as `E` | as `E` | as `E` | as `E` | as `E` | as `E` |
///
/// Events are those of `on`, `once`, `on_event`, `on_events`, `on_any`, `on_any_outgoing`, `fallback` and `event_middleware`, disconnects
/// `on_disconnecting` and `on_disconnect`, middlewares those of [`Namespace::middleware`](crate::Namespace::middleware), and `engine` is
/// [`Builder::engine`](crate::Builder::engine). Where a field is empty a handler that takes it does not compile. `nobody` and `nothing`
/// compile and find none; a `Path` fails, too, where the namespace has no pattern. The login of
/// [`Builder::identify`](crate::Builder::identify) takes extractors of actix-web instead.
///
/// Handlers start in the order in which events came, so a parameter is taken without waiting.
///
/// ```
/// use dondo::{Context, Extract, Extension, Needs, Result};
///
/// #[derive(Clone)]
/// struct Seat(String);
///
/// /// The room that the client said it was in.
/// struct Room(String);
///
/// impl<C: Context> Extract<C> for Room {
///     fn extract(context: &mut C) -> Result<Self> {
///         let Extension(Seat(room)) = Extension::extract(context)?;
///         Ok(Self(room))
///     }
///
///     fn needs(needs: &mut Needs) {
///         <Extension<Seat> as Extract<C>>::needs(needs);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a handler of this kind",
    note = "data of the client are `Data<T>` with a `T` that is `Deserialize`, what the application keeps is `State<T>`, what it \
            keeps with a client `Extension<T>`; which parameters there are, and where, stands at `dondo::Extract`"
)]
pub trait Extract<C>: Sized + 'static {
    /// Takes it.
    ///
    /// # Errors
    /// It is not there; the handler does not run, and the client reads the error.
    fn extract(context: &mut C) -> Result<Self>;

    /// What has to be given or kept for it: an extractor of one's own that uses others calls theirs.
    fn needs(_: &mut Needs) {}
}

/// What the extractors of a namespace's handlers need, known before the hub is built.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Handshakes are to be kept.
    pub(crate) handshake: bool,
    /// Streams of items that clients are to send.
    pub(crate) incoming: usize,
    /// Types of [`State`] with their names.
    pub(crate) states: Vec<(TypeId, &'static str)>,
}

/// The event's next argument; of a tuple as many as it has, and of `()` none. The first `Data` of a handler takes the first, the
/// next goes on behind it. An argument that was not sent reads as `null`.
#[derive(Clone, Debug)]
pub struct Data<T>(pub T);

impl<T: DeserializeOwned + 'static> Extract<EventContext> for Data<T> {
    fn extract(context: &mut EventContext) -> Result<Self> {
        context.next_data().map(Self)
    }
}

/// All arguments that no extractor before it has taken.
#[derive(Clone, Debug)]
pub struct Rest<T>(pub Vec<T>);

impl<T: DeserializeOwned + 'static> Extract<EventContext> for Rest<T> {
    fn extract(context: &mut EventContext) -> Result<Self> {
        Ok(Self(context.arguments.rest(context.next)?))
    }
}

impl Extract<EventContext> for Arguments {
    fn extract(context: &mut EventContext) -> Result<Self> {
        Ok(context.arguments.clone())
    }
}

/// The event's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventName(pub Arc<str>);

impl Extract<EventContext> for EventName {
    fn extract(context: &mut EventContext) -> Result<Self> {
        Ok(Self(context.name.clone()))
    }
}

impl Extract<EventContext> for Ack {
    fn extract(context: &mut EventContext) -> Result<Self> {
        Ok(context.ack.clone())
    }
}

impl<T: DeserializeOwned + 'static> Extract<EventContext> for Incoming<T> {
    fn extract(context: &mut EventContext) -> Result<Self> {
        let next = context.streams.next().map(Self::new);
        next.or_fail(WRONG_STREAMS, "another handler took the client's stream")
    }

    fn needs(needs: &mut Needs) {
        needs.incoming += 1;
    }
}

impl Extract<AdmissionContext> for Connecting {
    fn extract(context: &mut AdmissionContext) -> Result<Self> {
        Ok(context.connecting.clone())
    }

    fn needs(needs: &mut Needs) {
        needs.handshake = true;
    }
}

impl Extract<DisconnectContext> for DisconnectReason {
    fn extract(context: &mut DisconnectContext) -> Result<Self> {
        Ok(context.reason)
    }
}

macro_rules! of_sockets {
    ($($context:ty),*) => {$(
        impl Extract<$context> for Socket {
            fn extract(context: &mut $context) -> Result<Self> {
                Ok(context.socket().clone())
            }
        }

        impl Extract<$context> for RemoteSocket {
            fn extract(context: &mut $context) -> Result<Self> {
                Ok(context.socket().remote())
            }
        }

        impl Extract<$context> for NamespaceHandle {
            fn extract(context: &mut $context) -> Result<Self> {
                Ok(context.socket().namespace())
            }
        }
    )*};
}

of_sockets!(EventContext, ConnectContext, DisconnectContext);

/// What the client sent with its CONNECT; nothing reads as `null`.
#[derive(Clone, Debug)]
pub struct Auth<T>(pub T);

impl<C: Context, T: DeserializeOwned + 'static> Extract<C> for Auth<T> {
    fn extract(context: &mut C) -> Result<Self> {
        context.state().auth().map(Self)
    }
}

impl<C: Context> Extract<C> for Handshake {
    fn extract(context: &mut C) -> Result<Self> {
        context.state().handshake().ok_or_else(|| {
            Error::internal(
                "no handshake was kept: some handler of the namespace itself must take it",
            )
        })
    }

    fn needs(needs: &mut Needs) {
        needs.handshake = true;
    }
}

/// What the captures of a parent's pattern are in its child's name: a value of one, a tuple of several, or a struct with their
/// names.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<C: Context, T: DeserializeOwned + 'static> Extract<C> for Path<T> {
    fn extract(context: &mut C) -> Result<Self> {
        let served = context.state().shared();
        let mut path = actix_router::Path::new(&*served.name);
        let pattern = served.pattern.as_ref();
        if !pattern.is_some_and(|pattern| pattern.capture_match_info(&mut path)) {
            return Err(Error::internal("the namespace has no captures"));
        }
        let read = path.load().map(Self);
        Ok(read.map_err(|error| BadArguments::new(format!("the namespace's name: {error}")))?)
    }
}

/// What [`Builder::state`](crate::Builder::state) was given: one value of a type for the whole hub.
#[derive(Debug)]
pub struct State<T: ?Sized>(pub Arc<T>);

impl<T: ?Sized> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: ?Sized> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<C: Context, T: Send + Sync + 'static> Extract<C> for State<T> {
    fn extract(context: &mut C) -> Result<Self> {
        let given = context.state().shared().states.find::<T>();
        given.map(Self).ok_or_else(|| {
            let name = std::any::type_name::<T>();
            Error::internal(format_args!("Builder::state was given no {name}"))
        })
    }

    fn needs(needs: &mut Needs) {
        needs
            .states
            .push((TypeId::of::<T>(), std::any::type_name::<T>()));
    }
}

/// What [`Socket::insert`] or [`Connecting::insert`] keeps with this client: one value of a type.
#[derive(Clone, Debug)]
pub struct Extension<T>(pub T);

impl<C: Context, T: Clone + 'static> Extract<C> for Extension<T> {
    fn extract(context: &mut C) -> Result<Self> {
        let kept = context.state().extension::<T>();
        kept.map(Self).ok_or_else(|| {
            let name = std::any::type_name::<T>();
            Error::internal(format_args!(
                "nothing of type {name} was kept with this client"
            ))
        })
    }
}

impl<C: Context, T: Clone + 'static> Extract<C> for Option<Extension<T>> {
    fn extract(context: &mut C) -> Result<Self> {
        Ok(context.state().extension().map(Extension))
    }
}

/// Who is logged in, as [`Builder::identify`](crate::Builder::identify) found or [`Connecting::login`] was told. Nobody, or somebody of another type, is `unauthorized`.
#[derive(Debug)]
pub struct Identity<U: ?Sized>(pub Arc<U>);

impl<U: ?Sized> Clone for Identity<U> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<U: ?Sized> Deref for Identity<U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.0
    }
}

impl<C: Context, U: Account> Extract<C> for Identity<U> {
    fn extract(context: &mut C) -> Result<Self> {
        let user = context.state().user();
        user.map(Self)
            .ok_or_else(|| Error::new("unauthorized", "log in first"))
    }
}

impl<C: Context, U: Account> Extract<C> for Option<Identity<U>> {
    fn extract(context: &mut C) -> Result<Self> {
        Ok(context.state().user().map(Identity))
    }
}

impl<C, E: Extract<C>> Extract<C> for Result<E> {
    fn extract(context: &mut C) -> Result<Self> {
        Ok(E::extract(context))
    }

    fn needs(needs: &mut Needs) {
        let mut wished = Needs::default();
        E::needs(&mut wished);
        // Who takes the error as well does without.
        needs.handshake |= wished.handshake;
        needs.incoming += wished.incoming;
    }
}
