//! The store without its threads, on a disk that fails where a test wants it to.

mod crashes;
mod damage;
mod faults;
mod full;
mod replay;
pub(crate) mod rows;
mod services;
mod snapshots;

pub(crate) use self::faults::Faults;
