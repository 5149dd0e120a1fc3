use pipeline::StageCounts;
use web::Metrics;

/// The stages of one pipeline. Two may have the same name: each has its place as well, from 1.
pub(super) fn add(metrics: &mut Metrics, pipeline: &str, stages: &[StageCounts]) {
    for (index, stage) in stages.iter().enumerate() {
        let place = (index + 1).to_string();
        let labels = [("pipeline", pipeline), ("stage", stage.stage), ("place", place.as_str())];
        for (name, help, count) in [
            ("catchment_stage_records_in_total", "Records that came to a stage.", stage.records),
            ("catchment_stage_records_out_total", "Records that came out of a stage.", stage.passed),
            ("catchment_stage_records_dropped_total", "Records that a stage dropped.", stage.dropped),
            (
                "catchment_stage_records_failed_total",
                "Records that a stage could not do its work on; they went on, with the reason.",
                stage.failed,
            ),
            (
                "catchment_stage_records_changed_total",
                "Records to which a stage added something, or from which it took something out.",
                stage.changed,
            ),
        ] {
            metrics.counter(name, help, &labels, count);
        }
        let troubled = f64::from(u8::from(stage.trouble.is_some()));
        let help = "1 while a file that a stage reads again cannot be read.";
        metrics.gauge("catchment_stage_in_trouble", help, &labels, troubled);
    }
}
