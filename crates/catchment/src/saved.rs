//! What a collector ran with, kept in its data directory for whoever reads without a collector: the pipelines, to make the same
//! records of the lines that are in the journal only, and where on object storage parts are.

use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::{Pipeline, Remote};

/// One JSON document: a list of pipelines as the configuration had them. Written whole, renamed into place.
const PIPELINES: &str = "pipelines.json";

/// The same of the place on object storage; `null` without. Its options may hold a secret, so it is its owner's alone.
const REMOTE: &str = "remote.json";

/// Keeps what is about to run.
pub(crate) fn save(data_dir: &Path, pipelines: &[Pipeline], remote: Option<&Remote>) -> io::Result<()> {
    write(data_dir, PIPELINES, &pipelines)?;
    write(data_dir, REMOTE, &remote)
}

/// The pipelines of the last run; the default one if none are there or nobody can read them.
pub(crate) fn load(data_dir: &Path) -> Vec<Pipeline> {
    read(data_dir, PIPELINES).unwrap_or_else(|_| vec![Pipeline::main()])
}

/// The place on object storage of the last run.
pub(crate) fn remote(data_dir: &Path) -> Option<Remote> {
    read(data_dir, REMOTE).ok().flatten()
}

#[expect(clippy::disallowed_methods, reason = "a file of a few hundred bytes for people and commands")]
fn write(data_dir: &Path, name: &str, value: &impl Serialize) -> io::Result<()> {
    let (file, unfinished) = (data_dir.join(name), data_dir.join(format!("{name}.tmp")));
    let options = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).clone();
    io::Write::write_all(&mut options.open(&unfinished)?, &serde_json::to_vec_pretty(value)?)?;
    std::fs::rename(unfinished, file)
}

fn read<T: DeserializeOwned>(data_dir: &Path, name: &str) -> io::Result<T> {
    Ok(serde_json::from_slice(&std::fs::read(data_dir.join(name))?)?)
}

#[cfg(test)]
mod tests {
    use super::{load, remote, save};
    use parse::Format;
    use pipeline::{JoinRule, Multiline, OwnedValue, Stage};

    use crate::config::{Output, Pipeline, Remote};

    #[test]
    fn what_was_saved_is_loaded() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!((load(dir.path()), remote(dir.path())), (vec![Pipeline::main()], None));
        let set =
            vec![("a.b".to_owned(), OwnedValue::Int(1)), ("c".to_owned(), OwnedValue::Str("x".to_owned()))];
        let pipelines = [Pipeline {
            name: "p".to_owned(),
            from: vec!["s".to_owned()],
            multiline: Some(Multiline {
                rule: JoinRule::Continues("^ ".to_owned()),
                bytes_max: 7,
                wait: std::time::Duration::from_millis(1),
            }),
            stages: vec![
                Stage::Parse(Format::Json.into()),
                Stage::Set(set),
                Stage::Python(Box::new(workers::Spec::new("h.py:f", "/d"))),
            ],
            threads: 2,
            to: vec![Output::Store, Output::File { path: "/f".into(), json: true }],
        }];
        let place = Remote {
            url: "s3://b/p".to_owned(),
            options: [("region".to_owned(), "x".to_owned())].into(),
            cache_bytes: 7,
            linger: std::time::Duration::from_secs(1),
        };
        save(dir.path(), &pipelines, Some(&place)).unwrap();
        assert_eq!((load(dir.path()), remote(dir.path())), (pipelines.to_vec(), Some(place)));
        save(dir.path(), &pipelines, None).unwrap();
        assert_eq!(remote(dir.path()), None);
    }
}
