//! The secret that lets a client in.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use subtle::{Choice, ConstantTimeEq as _};
use tokio_rustls::rustls::crypto::ring;

/// A token is compared in as much time as one of this length, whatever was sent.
const BYTES_MAX: usize = 256;

/// Who guesses fewer characters would be done too soon.
const BYTES_MIN: usize = 16;

/// The secret that lets a client in. It is never shown.
#[derive(Clone)]
pub struct Token(String);

/// Why a token cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read.
    #[error("cannot read the token file `{path}`: {source}; `catchment token new > {path}` makes one", path = .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What is in it is no token.
    #[error("`{path}` holds no token: one line of {BYTES_MIN} to {BYTES_MAX} letters, digits and - . _ ~ + / =; `catchment token new` makes one", path = .path.display())]
    NoToken {
        /// The file.
        path: PathBuf,
    },
}

impl Token {
    /// A token that nobody has guessed: 256 random bits.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random() -> std::io::Result<Self> {
        let mut bytes = [0; 32];
        let random = ring::default_provider().secure_random;
        random.fill(&mut bytes).map_err(|_| std::io::Error::other("the system gives no random bytes"))?;
        let mut text = String::with_capacity(2 * bytes.len());
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Self(text))
    }

    /// Reads it from its file.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| TokenError::Read { path: path.to_owned(), source })?;
        Self::from_text(text.trim()).ok_or_else(|| TokenError::NoToken { path: path.to_owned() })
    }

    /// A token of these characters, if they can stand in a header and are enough.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let fits = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
        (fits && (BYTES_MIN..=BYTES_MAX).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// Shows it, to who made it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// True for the same token; it takes as long to find out that it is another one.
    pub(crate) fn is(&self, other: &str) -> bool {
        let padded = |text: &str| {
            let mut bytes = [0; BYTES_MAX];
            bytes.iter_mut().zip(text.bytes()).for_each(|(to, byte)| *to = byte);
            bytes
        };
        let same_length: Choice = (self.0.len() as u64).ct_eq(&(other.len() as u64));
        (padded(&self.0).ct_eq(&padded(other)) & same_length).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn only_the_same_is_the_same() {
        let token = Token::from_text("0123456789abcdef").expect("long enough");
        assert!(token.is("0123456789abcdef"));
        for other in ["", "0123456789abcde", "0123456789abcdef0", "0123456789abcdef\0", "0123456789abcdeg"] {
            assert!(!token.is(other), "{other:?}");
        }
        assert!(!format!("{token:?}").contains("0123"));
    }

    #[test]
    fn what_is_no_token() {
        for text in ["", "short", "with a space in it", &"x".repeat(257)] {
            assert!(Token::from_text(text).is_none(), "{text:?}");
        }
        let (one, other) = (Token::random().expect("randomness"), Token::random().expect("randomness"));
        assert!(!one.is(other.reveal()) && Token::from_text(one.reveal()).is_some());
    }
}
