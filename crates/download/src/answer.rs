//! What a server's answer means: RFC 9110, without I/O.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED};

use crate::checkpoint::Validator;

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The first byte that is wanted; 0 for all.
    pub(crate) from: u64,
    /// The text that is known.
    pub(crate) known: &'a Validator,
    /// All of it is here already.
    pub(crate) complete: bool,
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The bytes that were wanted, of so many in all.
    Rest { total: Option<u64> },
    /// All bytes, of the text that is known or of another one.
    Whole { validator: Validator, same: bool, total: Option<u64> },
    /// There is nothing that is not here already.
    Nothing,
    /// The text that is known is not there any more.
    Changed,
    /// It may be there later.
    Later(String),
    /// It will not.
    Never(String),
}

impl Answer {
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, asked: Asked<'_>) -> Self {
        let Asked { from, known, complete } = asked;
        match status.as_u16() {
            200 => {
                let validator =
                    Validator { etag: text(headers, &ETAG), modified: text(headers, &LAST_MODIFIED) };
                let same = known.is_like(&validator);
                let total = text(headers, &CONTENT_LENGTH).and_then(|length| length.parse().ok());
                if same && complete { Self::Nothing } else { Self::Whole { validator, same, total } }
            }
            206 => match range(headers) {
                Some((Some(begin), total)) if begin == from => Self::Rest { total },
                _ => Self::Later("it sent another range than it was asked for".to_owned()),
            },
            304 if complete => Self::Nothing,
            416 if from > 0 => match range(headers) {
                Some((None, Some(total))) if total == from => Self::Nothing,
                _ => Self::Changed,
            },
            408 | 425 | 429 | 500..=599 => Self::Later(format!("the server answered {status}")),
            _ => Self::Never(format!("the server answered {status}")),
        }
    }
}

/// `bytes 5-9/10`, `bytes 5-9/*` or `bytes */10`: where it begins, and how many there are.
fn range(headers: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
    let text = text(headers, &CONTENT_RANGE)?;
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let begin = match range.split_once('-') {
        Some((begin, _)) => Some(begin.trim().parse().ok()?),
        None => None,
    };
    Some((begin, total.trim().parse().ok()))
}

pub(crate) fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::{Answer, Asked};
    use crate::checkpoint::Validator;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], from: u64, complete: bool) -> Answer {
        let known = Validator { etag: Some("\"1\"".to_owned()), modified: None };
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        Answer::read(StatusCode::from_u16(status).unwrap(), &headers, Asked { from, known: &known, complete })
    }

    #[test]
    fn the_rest_is_what_was_asked_for_and_nothing_else() {
        let range = |range| [("content-range", range)];
        assert_eq!(answer(206, &range("bytes 5-9/10"), 5, false), Answer::Rest { total: Some(10) });
        assert_eq!(answer(206, &range("bytes 5-9/*"), 5, false), Answer::Rest { total: None });
        for bad in ["bytes 4-9/10", "bytes */10", "lines 5-9/10", ""] {
            assert!(matches!(answer(206, &range(bad), 5, false), Answer::Later(_)), "{bad}");
        }
        assert_eq!(answer(416, &range("bytes */5"), 5, false), Answer::Nothing);
        assert_eq!(answer(416, &range("bytes */4"), 5, false), Answer::Changed);
    }

    #[test]
    fn a_whole_text_is_the_known_one_or_another() {
        let whole = |headers: &[(&'static str, &'static str)]| match answer(200, headers, 5, false) {
            Answer::Whole { same, total, .. } => (same, total),
            other => panic!("{other:?}"),
        };
        assert_eq!(whole(&[("etag", "\"1\""), ("content-length", "9")]), (true, Some(9)));
        assert_eq!(whole(&[("etag", "\"2\"")]), (false, None));
        assert_eq!(whole(&[]), (false, None));
        assert_eq!(answer(200, &[("etag", "\"1\"")], 0, true), Answer::Nothing);
        assert_eq!(answer(304, &[], 0, true), Answer::Nothing);
    }

    #[test]
    fn some_failures_pass_and_others_do_not() {
        for status in [408, 429, 500, 503] {
            assert!(matches!(answer(status, &[], 0, false), Answer::Later(_)), "{status}");
        }
        for status in [204, 304, 400, 401, 404, 410, 416] {
            assert!(matches!(answer(status, &[], 0, false), Answer::Never(_)), "{status}");
        }
        assert_eq!(answer(404, &[], 0, false), Answer::Never("the server answered 404 Not Found".to_owned()));
    }
}
