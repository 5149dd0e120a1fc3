use serde::Deserialize;
use serde::de::DeserializeOwned;

/// One row of `catchment cat --format json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its place in the journal.
    pub position: u64,
    /// RFC 3339.
    pub received: String,
    /// The source's name.
    pub source: String,
    /// The target as written, or the remote address.
    pub peer: String,
    /// The text.
    pub line: String,
    /// `unterminated`, `split`, `head_lost`, `invalid_utf8`.
    #[serde(default)]
    pub flags: Vec<String>,
}

impl Row {
    /// True when it is marked so.
    pub fn is(&self, flag: &str) -> bool {
        self.flags.iter().any(|name| name == flag)
    }
}

/// Rows from JSON, one in each line.
///
/// # Panics
/// When a line is anything else.
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> Vec<T> {
    let parse = |line| {
        serde_json::from_slice(line)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(line)))
    };
    json.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(parse).collect()
}
