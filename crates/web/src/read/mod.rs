//! What is answered from the store.

mod context;
mod encode;
mod export;
mod facets;
mod fields;
mod histogram;
mod record;
mod search;
mod sql;

pub(crate) use context::context;
pub(crate) use export::export;
pub(crate) use facets::facets;
pub(crate) use fields::fields;
pub(crate) use histogram::histogram;
pub(crate) use record::record;
pub(crate) use search::{search, search_sql};
pub(crate) use sql::{read as body, sql};
