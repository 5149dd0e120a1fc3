//! How long it took to make things durable, and how large they were.

use journal::Stats;
use record::{SIZE_BOUNDS, TIME_BOUNDS, Times};
use store::{Service, Status};
use web::Metrics;

/// Bounds and sums are in microseconds, and shown in seconds.
const MICROS: f64 = 1e6;

/// The commits of the journal.
pub(super) fn of_journal(metrics: &mut Metrics, stats: &Stats) {
    times(metrics, "catchment_journal_sync_seconds", "How long syncs took.", &[], &stats.syncs);
    let sizes = &stats.commit_sizes;
    let buckets = sizes.up_to(&SIZE_BOUNDS).map(|(bound, count)| (bound as f64, count));
    let all = (sizes.sum() as f64, sizes.total());
    let help = "How many bytes each sync made durable.";
    metrics.histogram("catchment_journal_commit_bytes", help, &[], buckets, all);
}

/// The services of the store.
pub(super) fn of_store(metrics: &mut Metrics, status: &Status) {
    let services: [(&str, &Service); 4] = [
        ("flush", &status.flush),
        ("compaction", &status.compaction),
        ("retention", &status.retention),
        ("upload", &status.upload),
    ];
    for (name, service) in services {
        let help = "How long attempts of a service took that changed the table or failed.";
        times(metrics, "catchment_store_service_seconds", help, &[("service", name)], &service.took);
    }
}

fn times(
    metrics: &mut Metrics,
    name: &'static str,
    help: &'static str,
    labels: &[(&str, &str)],
    times: &Times,
) {
    let buckets = times.up_to(&TIME_BOUNDS).map(|(bound, count)| (bound as f64 / MICROS, count));
    metrics.histogram(name, help, labels, buckets, (times.sum() as f64 / MICROS, times.total()));
}
