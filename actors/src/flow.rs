//! All back-pressure of the core. What a peer causes leaves with a unit that comes back when its last effect is done:
//! between a transport and its session that is an [`InboundUnit`], between rooms and a courier a [`DeliveryPermit`],
//! and a room whose readers are behind holds a [`Brake`]. Every actor's turn ends by a time budget.

mod brake;
mod inbound;
mod price;
mod turn;
mod window;
mod words;

pub use self::{
    brake::Brake,
    inbound::{InboundCredit, InboundUnit},
    window::{DeliveryPermit, DeliveryWindow},
    words::HubWord,
};
pub(crate) use self::{
    brake::{Braking, Patience, READ_RATE},
    inbound::InboundLoan,
    turn::{LONG, Turn, give_way},
    window::{FEW, GLANCE},
    words::HubWords,
};
