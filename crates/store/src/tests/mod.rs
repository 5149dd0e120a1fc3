//! The store without its threads, on a disk that fails where a test wants it to.

mod blocks;
mod bucket;
mod crashes;
mod damage;
mod faults;
mod full;
mod remote;
mod replay;
pub(crate) mod rows;
mod services;
mod snapshots;
mod strangers;
mod world;

pub(crate) use self::bucket::{Bucket, LINGER};
pub(crate) use self::faults::Faults;
