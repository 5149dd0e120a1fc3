//! The kinds of `[[output]]` that have keys of their own, one file for each; [`fanout`] is what those with receivers have in common.

mod fanout;
mod forward;
mod peers;
mod subscribers;

pub(crate) use fanout::{Fanout, LineFormat};
pub(crate) use forward::Forward;
pub(crate) use peers::Peers;
pub(crate) use subscribers::Subscribers;
