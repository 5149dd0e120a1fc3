//! What object storage says when it fails, as a person needs it: short, on one line.

use std::error::Error as _;
use std::io;

use object_store::Error;

/// The longest message that is passed on, in characters.
const SAID_MAX: usize = 300;

/// The same error with a kind that the store understands.
pub(crate) fn error(error: &Error) -> io::Error {
    let text = error.to_string();
    // A missing bucket is said with the same status as a missing object, and is something else.
    let whole_place = ["NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist"];
    let kind = match error {
        Error::NotFound { .. } if !whole_place.iter().any(|code| text.contains(code)) => {
            io::ErrorKind::NotFound
        }
        Error::AlreadyExists { .. } => io::ErrorKind::AlreadyExists,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => io::ErrorKind::PermissionDenied,
        Error::NotImplemented { .. } | Error::NotSupported { .. } => io::ErrorKind::Unsupported,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, message(error, &text))
}

fn message(error: &Error, text: &str) -> String {
    if let Some(code) = element(text, "Code") {
        let more = element(text, "Message").unwrap_or_default();
        return shortened(&format!("{code}: {more}"));
    }
    // The innermost cause says most: `connection refused`.
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let (outer, inner) = (error.source().map(ToString::to_string), cause.to_string());
    match outer {
        Some(outer) if !outer.contains(&inner) => shortened(&format!("{outer}: {inner}")),
        Some(outer) => shortened(&outer),
        None => shortened(&inner),
    }
}

/// The text of an element of an error's XML.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once("</")?.0)
}

pub(crate) fn shortened(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(SAID_MAX) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use object_store::Error;

    use super::error;

    fn not_found(source: &str) -> Error {
        Error::NotFound { path: "p".to_owned(), source: source.into() }
    }

    #[test]
    fn a_missing_bucket_is_no_missing_object() {
        let xml =
            |code: &str| format!("404: <Error><Code>{code}</Code><Message>Not\n there</Message></Error>");
        let object = error(&not_found(&xml("NoSuchKey")));
        assert_eq!(
            (object.kind(), object.to_string().as_str()),
            (ErrorKind::NotFound, "NoSuchKey: Not there")
        );
        assert_eq!(error(&not_found(&xml("NoSuchBucket"))).kind(), ErrorKind::Other);
    }

    #[test]
    fn long_answers_are_shortened() {
        let said = error(&not_found(&"ä ".repeat(10_000))).to_string();
        assert_eq!(said.chars().count(), 301);
    }
}
