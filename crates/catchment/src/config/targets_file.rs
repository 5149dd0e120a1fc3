use std::path::Path;

use super::problem::{Place, Report, Reported};
use super::read::{At, Read};
use super::target::Target;
use super::text::{self, Text};

/// No source has more targets than this, whatever `targets_max` says.
pub(super) const TARGETS_MAX: usize = 100_000;

/// Reads a file of targets: one `host:port` per line, with blank lines and comments from `#` to the line's end. A file
/// that cannot be read is reported at `blame`.
pub(super) fn read(path: &Path, blame: &Place, report: &Report) -> Vec<Read<Target>> {
    match text::read(path, blame, "write the file, with one `host:port` per line", report) {
        Ok(text) => parse(&path.display().to_string(), &text, report),
        Err(reported) => vec![Err(reported)],
    }
}

fn parse(file: &str, text: &str, report: &Report) -> Vec<Read<Target>> {
    let places = Text::new(file, text);
    let mut targets = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.split('#').next().unwrap_or_default();
        let content = if start == 0 { content.trim_start_matches('\u{feff}') } else { content };
        let target = content.trim();
        let indent = content.len() - content.trim_start().len();
        let place = || places.place(start + indent);
        if !target.is_empty() {
            if targets.len() == TARGETS_MAX {
                targets.push(Err(report.add(&place(), format!("more than {TARGETS_MAX} targets"), "")));
                break;
            }
            targets.push(one(target, place(), report));
        }
        start += line.len();
    }
    targets
}

fn one(text: &str, place: Place, report: &Report) -> Result<At<Target>, Reported> {
    match text.parse() {
        Ok(value) => Ok(At { value, place, written: true }),
        Err(error) => Err(report.add(&place, format!("{error}"), "")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::check;
    use super::super::problem::{Place, Problems, Report};
    use super::super::target::Target;
    use super::TARGETS_MAX;

    fn read_targets_file(path: &Path) -> Result<Vec<Target>, Problems> {
        let report = Report::new();
        let name = path.display().to_string();
        let targets = super::read(path, &Place::file(&name), &report);
        check::targets_differ(targets.iter().flatten(), &report);
        match report.finish(&name) {
            Some(problems) => Err(problems),
            None => Ok(targets.into_iter().flatten().map(|target| target.value).collect()),
        }
    }

    fn read(bytes: &[u8]) -> Result<Vec<String>, String> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("t");
        std::fs::write(&path, bytes).expect("room for a small file");
        let shown = |text: String| text.replace(&path.display().to_string(), "t");
        match read_targets_file(&path) {
            Ok(targets) => Ok(targets.into_iter().map(|target| target.text).collect()),
            Err(problems) => Err(shown(problems.to_string())),
        }
    }

    #[test]
    fn files() {
        for (text, targets) in [
            ("", &[][..]),
            ("# none yet\n\n", &[]),
            ("a:1", &["a:1"]),
            ("a:1\nb:2\n", &["a:1", "b:2"]),
            ("\u{feff}a:1\r\n\r\n  b:2 # the new one\r\n\t#c:3\r\n", &["a:1", "b:2"]),
        ] {
            let expected = targets.iter().map(ToString::to_string).collect();
            assert_eq!(read(text.as_bytes()), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn every_mistake_with_its_line() {
        for (text, problems) in [
            (
                &b"a:1\n  b\nc:0\n"[..],
                "t:2:3: `b` is not a target: write `host:port`\nt:3:1: `0` is not a port: write a number from 1 to 65535",
            ),
            (b"a:1 b:2\n", "t:1:1: `a:1 b:2` is not a target: write `host:port`"),
            (b"a:1\n\n# x\nA:1\n", "t:4:1: `A:1` is a target already, in line 1; remove one of them"),
            (b"a:1\n\xff:2\n", "t:2:1: not UTF-8 text"),
        ] {
            assert_eq!(read(text), Err(problems.to_owned()));
        }
    }

    #[test]
    fn a_list_without_end() {
        let many: String = (0..=TARGETS_MAX).map(|number| format!("h{number}:1\n")).collect();
        assert_eq!(read(many.as_bytes()), Err("t:100001:1: more than 100000 targets".to_owned()));
    }

    #[test]
    fn a_file_that_is_not_there() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("t");
        let problems = read_targets_file(&path).expect_err("there is no file").to_string();
        let expected = "cannot be read: No such file or directory (os error 2); write the file, with one `host:port` per line";
        assert_eq!(problems, format!("{}: {expected}", path.display()));
    }
}
