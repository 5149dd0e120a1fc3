//! The journal as its users see it, on the simulated disk and on the real one.

mod batches;
mod crashes;
mod damage;
mod failing;
#[cfg(feature = "faults")]
mod faults;
mod feeder;
mod format;
mod reading;
mod running;
