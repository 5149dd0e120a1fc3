use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use super::problem::{Place, Report, Reported};
use crate::units::Bytes;

/// A file is read to this length, in bytes, and refused beyond it.
pub(super) const FILE_BYTES_MAX: u64 = 4 << 20;

/// The text of a file, in which places are found.
pub(super) struct Text<'t> {
    file: Arc<str>,
    text: &'t str,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl<'t> Text<'t> {
    pub(super) fn new(file: &str, text: &'t str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(newlines.map(|(index, _)| index + 1)).collect();
        Self { file: file.into(), text, starts }
    }

    pub(super) fn as_str(&self) -> &'t str {
        self.text
    }

    /// The place of the byte at `offset`, with no key.
    pub(super) fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        Place { file: self.file.clone(), line, column: before.chars().count() + 1, key: String::new() }
    }
}

/// Reads a file of UTF-8 text. `blame` is the place of what named the file: what keeps it from being read is
/// reported there, a byte that is not UTF-8 at its own line.
pub(super) fn read(path: &Path, blame: &Place, hint: &str, report: &Report) -> Result<String, Reported> {
    let name = path.display().to_string();
    let subject = if *blame.file == name { String::new() } else { format!("`{name}` ") };
    let bytes = match read_bytes(path) {
        Ok(bytes) => bytes,
        Err(error) => return Err(report.add(blame, format!("{subject}cannot be read: {error}"), hint)),
    };
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(report.add(blame, format!("{subject}is larger than {}", Bytes(FILE_BYTES_MAX)), ""));
    }
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let good = String::from_utf8_lossy(&error.as_bytes()[..offset]);
        report.add(&Text::new(&name, &good).place(offset), "not UTF-8 text", "")
    })
}

/// One byte more than the limit where there are as many.
#[expect(clippy::disallowed_methods, reason = "the files of the configuration are read here only")]
fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{FILE_BYTES_MAX, Text, read};
    use crate::config::problem::{Place, Report};

    #[test]
    fn places() {
        let text = Text::new("a", "one\nh\u{e9}llo\n\nend");
        for (offset, line, column) in
            [(0, 1, 1), (3, 1, 4), (4, 2, 1), (7, 2, 3), (11, 3, 1), (12, 4, 1), (15, 4, 4)]
        {
            let place = text.place(offset);
            assert_eq!((place.line, place.column), (line, column), "offset {offset}");
        }
        let empty = Text::new("a", "").place(0);
        assert_eq!((empty.line, empty.column), (1, 1));
    }

    #[test]
    fn what_cannot_be_read() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let at = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).expect("room for a small file");
            path
        };
        let missing = dir.path().join("missing");
        let large = at("large", &vec![b'#'; FILE_BYTES_MAX as usize + 1]);
        let latin = at("latin", b"gw-1:514\nz\xfcrich:514\n");
        let just = at("just", &vec![b'#'; FILE_BYTES_MAX as usize]);

        let report = Report::new();
        let key = Place { line: 3, column: 1, ..Place::file("main") }.below("targets_file");
        for path in [&missing, &large, &latin] {
            assert!(read(path, &key, "", &report).is_err());
        }
        assert!(read(&missing, &Place::file(&missing.display().to_string()), "write it", &report).is_err());
        assert!(read(&just, &key, "", &report).is_ok());

        let shown = report.finish("main").expect("some problems").to_string();
        let shown = shown.replace(&format!("{}/", dir.path().display()), "");
        assert_eq!(
            shown,
            "main:3: targets_file: `missing` cannot be read: No such file or directory (os error 2)\n\
             main:3: targets_file: `large` is larger than 4 MiB\n\
             latin:2:2: not UTF-8 text\n\
             missing: cannot be read: No such file or directory (os error 2); write it"
        );
    }
}
