//! What must hold between sections: what two of them may not both say.

use std::collections::HashMap;
use std::hash::Hash;
use std::path::PathBuf;

use super::listen::Address;
use super::output;
use super::problem::{Place, Report};
use super::read::At;
use super::source::{Written, WrittenKind};
use super::target::Target;
use super::value::quoted;
use crate::units::Bytes;

/// Reports what does not go together among the sources, and between them and `journal.batch_bytes`.
pub(super) fn sources(sources: &[&Written], batch_bytes: Option<&At<usize>>, report: &Report) {
    names_differ(sources, report);
    target_lists_differ(sources, report);
    if let Some(batch) = batch_bytes {
        chunks_fit(sources, batch, report);
    }
}

/// Reports every target that an earlier one is already: two connections would carry every line twice.
pub(super) fn targets_differ<'t>(targets: impl Iterator<Item = &'t At<Target>>, report: &Report) {
    each_repeated(targets, Target::identity, |target, earlier| {
        let seen = earlier.place.seen_from(&target.place);
        let message = format!("{} is a target already, in {seen}", quoted(&target.value.text));
        report.add(&target.place, message, "remove one of them");
    });
}

fn names_differ(sources: &[&Written], report: &Report) {
    let names = sources.iter().filter_map(|source| source.name.as_ref().ok());
    each_repeated(names, String::clone, |name, earlier| {
        let message =
            format!("{} is the name of the source in line {}", quoted(&name.value), earlier.place.line);
        report.add(&name.place, message, "give each source its own");
    });
}

/// Reports each address that an earlier one leaves no room for.
pub(super) fn addresses_differ(sources: &[&Written], outputs: &[&output::Written], report: &Report) {
    let of_sources = sources.iter().filter_map(|source| match &source.kind {
        Ok(WrittenKind::Listen(listen)) => {
            listen.address.as_ref().ok()?.as_ref().map(|address| (&address.value, &address.place))
        }
        _ => None,
    });
    let mut seen: Vec<(&Address, &Place)> = Vec::new();
    for (address, place) in of_sources.chain(outputs.iter().filter_map(|output| output.address())) {
        if let Some((theirs, earlier)) = seen.iter().find(|(earlier, _)| earlier.overlaps(address)) {
            let (ours, theirs) = (address.to_string(), theirs.to_string());
            let message =
                format!("{} is in use by {} in line {}", quoted(&ours), quoted(&theirs), earlier.line);
            report.add(place, message, "choose another port or path");
        }
        seen.push((address, place));
    }
}

/// A file that two sources name is one mistake, not one for each target in it.
fn target_lists_differ(sources: &[&Written], report: &Report) {
    let mut files: Vec<&At<PathBuf>> = Vec::new();
    let mut targets = Vec::new();
    for source in sources {
        let Ok(WrittenKind::Connect(connect)) = &source.kind else { continue };
        targets.extend(connect.targets.iter().flatten());
        if let Ok(Some(file)) = &connect.targets_file {
            if let Some(earlier) = files.iter().find(|earlier| earlier.value == file.value) {
                let message = format!("the source in line {} has this file already", earlier.place.line);
                report.add(&file.place, message, "give each source its own targets");
                continue;
            }
            files.push(file);
        }
        targets.extend(connect.file_targets.iter().flatten());
    }
    targets_differ(targets.into_iter(), report);
}

/// A batch takes a whole chunk, and the headers around it.
fn chunks_fit(sources: &[&Written], batch: &At<usize>, report: &Report) {
    for chunk in sources.iter().filter_map(|source| source.chunk_bytes.as_ref().ok()) {
        if chunk.value > batch.value / 4 {
            let [chunk_bytes, batch_bytes] = [chunk.value, batch.value].map(|bytes| Bytes(bytes as u64));
            let message = format!(
                "`chunk_bytes`, {chunk_bytes}, is more than a quarter of `journal.batch_bytes`, {batch_bytes}"
            );
            report.add(&chunk.place, message, "lower the first or raise the second");
        }
    }
}

/// Calls `found` with each value whose key an earlier one has, and with the first of those.
fn each_repeated<'v, T: 'v, K: Eq + Hash>(
    values: impl Iterator<Item = &'v At<T>>,
    key: impl Fn(&T) -> K,
    found: impl Fn(&At<T>, &At<T>),
) {
    let mut seen = HashMap::new();
    for value in values {
        let earlier = *seen.entry(key(&value.value)).or_insert(value);
        if !std::ptr::eq(earlier, value) {
            found(value, earlier);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::{problems_of, try_parse};

    const A: &str = "[[source]]\nname = 'a'\n";
    const B: &str = "[[source]]\nname = 'b'\n";

    #[test]
    fn between_sources() {
        let twice = |keys: &str| format!("{A}{keys}\n{B}{keys}");
        for (text, expected) in [
            (
                format!("{A}kind = 'connect'\ntargets = ['a:1']\n{A}kind = 'connect'\ntargets = ['b:1']"),
                "a:6: source[2].name: `a` is the name of the source in line 2; give each source its own",
            ),
            (
                twice("kind = 'listen'\naddress = '[::1]:1'"),
                "a:8: source[2].address: `[::1]:1` is in use by `[::1]:1` in line 4; choose another port or path",
            ),
            (
                twice("kind = 'connect'\ntargets = ['a:1', 'a:2']"),
                "a:8: source[2].targets[1]: `a:1` is a target already, in line 4; remove one of them\n\
                 a:8: source[2].targets[2]: `a:2` is a target already, in line 4; remove one of them",
            ),
            (
                format!(
                    "{A}kind = 'connect'\ntargets = ['a:1']\nchunk_bytes = '64 KiB'\n[journal]\nbatch_bytes = '64 KiB'"
                ),
                "a:5: source[1].chunk_bytes: `chunk_bytes`, 64 KiB, is more than a quarter of `journal.batch_bytes`, 64 KiB; \
                 lower the first or raise the second",
            ),
        ] {
            assert_eq!(problems_of(&text), expected, "{text}");
        }
        let free_ports = twice("kind = 'listen'\naddress = '[::1]:0'");
        assert!(try_parse(&free_ports, "/base".as_ref()).is_ok());
    }

    #[test]
    fn one_file_for_two_sources_is_one_mistake() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(dir.path().join("t"), "a:1\nb\na:2\n").expect("room for a small file");
        let keys = "kind = 'connect'\ntargets_file = 't'";
        let problems =
            try_parse(&format!("{A}{keys}\n{B}{keys}"), dir.path()).expect_err("mistakes").to_string();
        assert_eq!(
            problems.replace(&format!("{}/", dir.path().display()), ""),
            "a:8: source[2].targets_file: the source in line 4 has this file already; give each source its own targets\n\
             t:2:1: `b` is not a target: write `host:port`"
        );
    }
}
