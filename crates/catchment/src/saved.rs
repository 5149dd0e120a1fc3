//! The pipelines that a collector ran with, kept in its data directory: whoever reads without a collector makes the same records of
//! the lines that are in the journal only.

use std::io;
use std::path::Path;

use crate::config::Pipeline;

/// One JSON document: a list of pipelines as the configuration had them. Written whole, renamed into place.
const FILE: &str = "pipelines.json";

/// Keeps the pipelines that are about to run.
pub(crate) fn save(data_dir: &Path, pipelines: &[Pipeline]) -> io::Result<()> {
    let (file, unfinished) = (data_dir.join(FILE), data_dir.join(format!("{FILE}.tmp")));
    std::fs::write(&unfinished, serde_json::to_vec_pretty(pipelines)?)?;
    std::fs::rename(unfinished, file)
}

/// The pipelines of the last run; the default one if none are there or nobody can read them.
pub(crate) fn load(data_dir: &Path) -> Vec<Pipeline> {
    let read =
        || -> io::Result<Vec<Pipeline>> { Ok(serde_json::from_slice(&std::fs::read(data_dir.join(FILE))?)?) };
    read().unwrap_or_else(|_| vec![Pipeline::main()])
}

#[cfg(test)]
mod tests {
    use super::{load, save};
    use crate::config::{Output, Pipeline, Scalar, Stage};

    #[test]
    fn what_was_saved_is_loaded() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(load(dir.path()), [Pipeline::main()]);
        let set = vec![("a.b".to_owned(), Scalar::Int(1)), ("c".to_owned(), Scalar::Text("x".to_owned()))];
        let pipelines = [Pipeline {
            name: "p".to_owned(),
            from: vec!["s".to_owned()],
            stages: vec![Stage::ParseJson, Stage::Set(set)],
            to: vec![Output::Store, Output::File { path: "/f".into(), json: true }],
        }];
        save(dir.path(), &pipelines).unwrap();
        assert_eq!(load(dir.path()), pipelines);
    }
}
