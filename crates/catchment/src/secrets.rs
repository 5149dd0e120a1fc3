//! What is never shown: in the log, in errors, in the status, on the page.
//!
//! Whoever holds a secret does not print it. This is for texts that come from elsewhere, such as an error of a library that holds the address
//! it was given.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use crate::config::Config;

/// What stands for a secret.
const SHOWN: &str = "…";

/// Shorter ones are words that texts may have by themselves.
const BYTES_MIN: usize = 8;

/// Parts of names of settings whose values are secret.
const NAMES: [&str; 6] = ["secret", "token", "password", "account_key", "access_key", "sas"];

/// Variables of the environment by which object storage is told secrets.
const VARIABLES: [&str; 8] = [
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_CLIENT_SECRET",
    "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
];

/// Parameters of URLs that let in whoever has them.
const PARAMETERS: [&str; 6] =
    ["sig", "signature", "x-amz-signature", "x-amz-security-token", "token", "access_token"];

/// The secrets that are known, each as it is configured.
static KNOWN: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// Remembers the secrets of a configuration and of the environment: no text shows them from now on.
pub(crate) fn know(config: &Config) {
    let options = config.store.remote.iter().flat_map(|remote| &remote.options);
    let configured = options.filter(|(name, _)| is_secret(name)).map(|(_, value)| value.clone());
    let given = VARIABLES.iter().filter_map(|name| std::env::var(name).ok());
    let token = config.web.token_file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
    let all = configured.chain(given).chain(token.map(|token| token.trim().to_owned()));
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    for secret in all.filter(|secret| secret.len() >= BYTES_MIN) {
        if !known.contains(&secret) {
            known.push(secret);
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // `access_key_id` is a name.
    !name.ends_with("_id") && NAMES.iter().any(|part| name.contains(part))
}

/// A text without secrets: those that are known, what lets in at `scheme://user:password@host`, and what signs a URL. JSON stays JSON.
pub(crate) fn hidden(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for secret in &*KNOWN.read().unwrap_or_else(PoisonError::into_inner) {
        if text.contains(secret.as_str()) {
            text = text.replace(secret.as_str(), SHOWN).into();
        }
    }
    if !text.contains("://") {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some(at) = rest.find("://") {
        let (before, url) = rest.split_at(at + 3);
        let end = url.find(|c: char| c.is_whitespace() || "\"'`<>\\".contains(c)).unwrap_or(url.len());
        shown.push_str(before);
        hide(&url[..end], &mut shown);
        rest = &url[end..];
    }
    shown.push_str(rest);
    shown.into()
}

/// The same for a text that nobody else needs as it was.
pub(crate) fn harmless(text: String) -> String {
    let shown = match hidden(&text) {
        Cow::Borrowed(_) => None,
        Cow::Owned(shown) => Some(shown),
    };
    shown.unwrap_or(text)
}

/// Adds what stands behind the `://` of a URL.
fn hide(url: &str, shown: &mut String) {
    let url = match credentials(url) {
        0 => url,
        end => {
            shown.push_str(SHOWN);
            &url[end..]
        }
    };
    let Some((path, query)) = url.split_once('?') else { return shown.push_str(url) };
    shown.push_str(path);
    for (index, pair) in query.split('&').enumerate() {
        shown.push(if index == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, _)) if PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret)) => {
                shown.push_str(name);
                shown.push('=');
                shown.push_str(SHOWN);
            }
            _ => shown.push_str(pair),
        }
    }
}

/// Where the `@` stands behind user and password, or 0 without them. A password may have a `/` that should have been encoded.
fn credentials(url: &str) -> usize {
    let authority = url.find(['/', '?', '#']).unwrap_or(url.len());
    if let Some(at) = url[..authority].rfind('@') {
        return at;
    }
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match url[..authority].split_once(':') {
        Some((_, behind)) if !is_port(behind) && !url.starts_with('[') => url.rfind('@').unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, hidden, is_secret};

    #[test]
    fn users_and_passwords_of_urls() {
        for (text, shown) in [
            ("no URL, a@b", "no URL, a@b"),
            ("https://h/p?x=1#a", "https://h/p?x=1#a"),
            ("`https://u:geheim@h/p`: no", "`https://…@h/p`: no"),
            ("s3://AKIA:ge/heim@bucket/p and gs://u@b", "s3://…@bucket/p and gs://…@b"),
            ("http://h:80/a@b http://[::1]:80/a@b", "http://h:80/a@b http://[::1]:80/a@b"),
            ("{\"a\":\"ftp://x:geheim@h\"}", "{\"a\":\"ftp://…@h\"}"),
            ("az://c/p?sv=1&Sig=geheim&x=2", "az://c/p?sv=1&Sig=…&x=2"),
            ("http://u:p@@h http://", "http://…@h http://"),
        ] {
            assert_eq!(hidden(text), shown);
        }
    }

    #[test]
    fn what_is_known_to_be_secret() {
        KNOWN.write().unwrap().push("GeheimGeheim".to_owned());
        assert_eq!(hidden("key=GeheimGeheim, said twice: GeheimGeheim"), "key=…, said twice: …");
        assert!(is_secret("aws_secret_access_key") && is_secret("SAS_KEY") && is_secret("account_key"));
        assert!(!is_secret("access_key_id") && !is_secret("endpoint") && !is_secret("region"));
    }
}
