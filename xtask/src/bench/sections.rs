//! One file of results, of which each benchmark writes its own section.

use std::fs;
use std::io;
use std::path::Path;

/// The line a section begins with; it ends before the next such line.
fn mark(name: &str) -> String {
    format!("<!-- cargo xtask bench {name} -->")
}

/// Puts `text` into the section `name` of the file, in place of what was there. Other sections stay as they are.
pub(crate) fn write(path: &Path, name: &str, text: &str) -> io::Result<()> {
    let before = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read?,
    };
    fs::write(path, replaced(&before, name, text))
}

fn replaced(file: &str, name: &str, text: &str) -> String {
    let mark = mark(name);
    let mut sections: Vec<String> = Vec::new();
    for line in file.lines() {
        if line.starts_with("<!-- cargo xtask bench ") {
            sections.push(String::new());
        }
        if let Some(section) = sections.last_mut() {
            section.push_str(line);
            section.push('\n');
        }
    }
    sections.retain(|section| !section.starts_with(&mark));
    sections.push(format!("{mark}\n\n{}\n", text.trim()));
    sections.sort();
    let sections: Vec<&str> = sections.iter().map(|section| section.trim()).collect();
    format!("{}\n", sections.join("\n\n"))
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn a_section_is_replaced_and_the_others_stay() {
        let one = replaced("", "store", "# Store\n");
        assert_eq!(one, "<!-- cargo xtask bench store -->\n\n# Store\n");
        let both = replaced(&one, "ingest", "# Ingest\n\ntext\n");
        let expected = "<!-- cargo xtask bench ingest -->\n\n# Ingest\n\ntext\n\n<!-- cargo xtask bench store -->\n\n# Store\n";
        assert_eq!(both, expected);
        assert_eq!(replaced(&both, "ingest", "# Ingest\n\ntext"), both);
        assert_eq!(replaced(&both, "store", "# New"), both.replace("# Store", "# New"));
    }
}
