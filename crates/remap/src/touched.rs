use vrl::compiler::Program;
use vrl::path::{OwnedSegment, PathPrefix};

/// Which parts of a record a script may read or set: nothing else has to be made for it, or can have changed.
#[derive(Debug)]
pub(crate) enum Touched {
    All,
    /// Members of `.`.
    Names(Vec<String>),
}

impl Touched {
    pub(crate) fn of(program: &Program, text: &str) -> Self {
        let info = program.info();
        // `unnest(.a)` copies all of `.`, and says nothing of it.
        if text.contains("unnest") {
            return Self::All;
        }
        let mut names: Vec<String> = Vec::new();
        for path in info.target_queries.iter().chain(&info.target_assignments) {
            match (path.prefix, path.path.segments.first()) {
                (PathPrefix::Metadata, _) => {}
                (PathPrefix::Event, Some(OwnedSegment::Field(name))) => {
                    let name = head(name);
                    if !names.iter().any(|other| other == name) {
                        names.push(name.to_owned());
                    }
                }
                (PathPrefix::Event, _) => return Self::All,
            }
        }
        Self::Names(names)
    }

    /// True for a member of `.`, or for a field within one.
    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Names(names) => names.iter().any(|head| match name.strip_prefix(head.as_str()) {
                Some(rest) => rest.is_empty() || rest.starts_with('.'),
                None => false,
            }),
        }
    }
}

fn head(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}
