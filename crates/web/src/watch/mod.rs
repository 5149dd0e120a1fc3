//! How the collector is: peers, queues, pipelines, parts, status, metrics.

mod peers;
mod reports;
mod views;

pub(crate) use peers::peers;
pub(crate) use reports::Reports;
pub(crate) use views::{healthz, metrics, parts, pipelines, queues, readyz, status};
