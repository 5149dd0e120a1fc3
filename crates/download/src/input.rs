use std::path::PathBuf;

use reqwest::Url;

use crate::DownloadError;

/// Where text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Over HTTP.
    Url(Url),
    /// A file, from its beginning to its end.
    File(PathBuf),
    /// Standard input, to its end.
    Stdin,
}

impl Input {
    /// What a word of the command line stands for: a URL, `-`, or the file of this name if it is there; none for anything else.
    ///
    /// # Errors
    /// When it begins like a URL and is none.
    pub fn parse(text: &str) -> Result<Option<Self>, DownloadError> {
        if ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme)) {
            let failed = |why: String| DownloadError::Url { text: text.to_owned(), why };
            let url = Url::parse(text).map_err(|error| failed(error.to_string()))?;
            return Ok(Some(Self::Url(url)));
        }
        if text == "-" {
            return Ok(Some(Self::Stdin));
        }
        let path = PathBuf::from(text);
        Ok(path.is_file().then_some(Self::File(path)))
    }

    /// What the peer is called that its lines come from, and what messages call it: without what may be a secret in a URL.
    pub fn name(&self) -> String {
        match self {
            Self::Url(url) => shown(url),
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "stdin".to_owned(),
        }
    }
}

/// Without user, password, query and fragment.
fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    // Only a URL that cannot be fetched has no place for them.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    format!("{shown}{}", if url.query().is_some() { "?…" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::Input;

    #[test]
    fn words_of_the_command_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.log");
        std::fs::write(&file, "x\n").unwrap();
        assert_eq!(Input::parse("-").unwrap(), Some(Input::Stdin));
        assert_eq!(Input::parse(file.to_str().unwrap()).unwrap(), Some(Input::File(file)));
        assert_eq!(Input::parse("gw-1.example:514").unwrap(), None);
        assert_eq!(Input::parse("no-such-file").unwrap(), None);
        let error = Input::parse("http://").unwrap_err().to_string();
        assert!(error.starts_with("`http://` is not a URL"), "{error}");
    }

    #[test]
    fn no_secret_of_a_url_is_shown() {
        for (text, name) in [
            ("https://h.example/a.log", "https://h.example/a.log"),
            ("http://me:secret@h:81/a?token=secret#x", "http://h:81/a?…"),
        ] {
            assert_eq!(Input::parse(text).unwrap().unwrap().name(), name);
        }
    }
}
