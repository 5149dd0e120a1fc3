use web::Metrics;
use workers::{End, Status};

/// The workers of one pipeline's Python handlers. Two handlers may be called the same: each has its place as well, from 1.
pub(super) fn add(metrics: &mut Metrics, pipeline: &str, handlers: &[(String, Status)]) {
    for (index, (handler, status)) in handlers.iter().enumerate() {
        let place = (index + 1).to_string();
        let labels = [("pipeline", pipeline), ("handler", handler.as_str()), ("place", place.as_str())];
        for (name, help, value) in [
            ("catchment_workers_wanted", "Worker processes that there are to be.", status.wanted),
            ("catchment_workers_alive", "Worker processes that there are.", status.pids.len()),
            ("catchment_workers_ready", "Worker processes that take batches.", status.ready),
            ("catchment_workers_busy", "Worker processes that have a batch.", status.busy),
        ] {
            metrics.gauge(name, help, &labels, value as f64);
        }
        for (name, help, count) in [
            ("catchment_worker_restarts_total", "How often a worker was replaced.", status.restarts),
            ("catchment_worker_batches_total", "Batches that came back from workers.", status.batches),
            ("catchment_worker_lines_total", "Lines that came back from workers.", status.lines),
            (
                "catchment_worker_lines_failed_total",
                "Records that are marked with an error of the handler, or since no worker could do their line.",
                status.failed,
            ),
            (
                "catchment_worker_lines_unhandled_total",
                "Lines that no worker could do; they went on as they were.",
                status.unhandled,
            ),
            (
                "catchment_worker_output_left_out_bytes_total",
                "What workers printed and is not in the log.",
                status.left_out_bytes,
            ),
        ] {
            metrics.counter(name, help, &labels, count);
        }
        for end in End::ALL {
            let [pipeline, handler, place] = labels;
            let labels = [pipeline, handler, place, ("reason", end.name())];
            let count = status.ends.get(end.name()).copied().unwrap_or(0);
            let help = "Workers that ended unasked, or were killed, and why.";
            metrics.counter("catchment_worker_ends_total", help, &labels, count);
        }
    }
}
