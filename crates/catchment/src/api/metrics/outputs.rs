use pipeline::OutputStatus;
use web::Metrics;

/// The outputs of one pipeline, by their names: a pipeline leads to each once, or to several files, which are told apart by a number.
pub(super) fn add(metrics: &mut Metrics, pipeline: &str, outputs: &[OutputStatus]) {
    for (index, output) in outputs.iter().enumerate() {
        let same = outputs[..index].iter().filter(|other| other.output == output.output).count();
        let name = if same == 0 { output.output.clone() } else { format!("{}#{}", output.output, same + 1) };
        let labels = [("pipeline", pipeline), ("output", name.as_str())];
        for (name, help, count) in [
            ("catchment_output_records_total", "Records that an output took.", output.records),
            (
                "catchment_output_failures_total",
                "How often an output did not take records, or could not make them durable.",
                output.failures,
            ),
            (
                "catchment_output_retries_total",
                "How often an output was tried again after a failure.",
                output.retries,
            ),
        ] {
            metrics.counter(name, help, &labels, count);
        }
        for (name, help, value) in [
            (
                "catchment_output_behind_bytes",
                "Bytes of the journal that were not given to an output yet.",
                output.behind_bytes,
            ),
            (
                "catchment_output_position",
                "Where an output stands: it was given everything up to here.",
                output.position.0,
            ),
        ] {
            metrics.gauge(name, help, &labels, value as f64);
        }
    }
}
