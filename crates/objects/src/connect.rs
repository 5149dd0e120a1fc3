use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};
use store::Objects;

use crate::ConnectError;
use crate::client::Client;
use crate::runtime::Thread;
use crate::said::shortened;

/// The prefix of object storage that a URL names: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.
///
/// Credentials and all else come from the environment as for other programs (`AWS_…`, `GOOGLE_…`, `AZURE_…`, or the
/// machine's role), then from `options`, with the names of these variables in small letters, with or without that prefix:
/// `endpoint`, `region`, `allow_http`, `virtual_hosted_style_request`, … Nothing is asked yet.
///
/// # Errors
/// When the URL, the options or the environment are wrong.
pub fn connect(url: &str, options: &BTreeMap<String, String>) -> Result<Arc<dyn Objects>, ConnectError> {
    let url = Url::parse(url)?;
    let built = match url.kind {
        Kind::S3 => {
            let builder = AmazonS3Builder::from_env().with_bucket_name(url.bucket).with_retry(retry());
            let with =
                |builder: AmazonS3Builder, key: AmazonS3ConfigKey, value| builder.with_config(key, value);
            built(url.with_options(builder, options, with)?.build())
        }
        Kind::Google => {
            let builder =
                GoogleCloudStorageBuilder::from_env().with_bucket_name(url.bucket).with_retry(retry());
            let with = |builder: GoogleCloudStorageBuilder, key: GoogleConfigKey, value| {
                builder.with_config(key, value)
            };
            built(url.with_options(builder, options, with)?.build())
        }
        Kind::Azure => {
            let builder =
                MicrosoftAzureBuilder::from_env().with_container_name(url.bucket).with_retry(retry());
            let with =
                |builder: MicrosoftAzureBuilder, key: AzureConfigKey, value| builder.with_config(key, value);
            built(url.with_options(builder, options, with)?.build())
        }
    };
    let bucket = built.map_err(|why| ConnectError::Options { url: url.shown.clone(), why })?;
    let prefix =
        Path::parse(url.prefix).map_err(|_| url.wrong("its prefix has signs that no key may have"))?;
    Ok(Arc::new(Client::new(url.shown, prefix, bucket, Thread::start()?)))
}

fn built<T: ObjectStore>(built: object_store::Result<T>) -> Result<Arc<dyn ObjectStore>, String> {
    match built {
        Ok(bucket) => Ok(Arc::new(bucket)),
        Err(error) => Err(shortened(&error.to_string())),
    }
}

fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig { max_backoff: Duration::from_secs(3), ..BackoffConfig::default() },
        max_retries: 3,
        retry_timeout: Duration::from_secs(20),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    S3,
    Google,
    Azure,
}

#[derive(Debug, PartialEq, Eq)]
struct Url<'a> {
    kind: Kind,
    bucket: &'a str,
    prefix: &'a str,
    /// As it is shown and kept.
    shown: String,
}

impl<'a> Url<'a> {
    fn parse(url: &'a str) -> Result<Self, ConnectError> {
        let wrong = |why| Err(ConnectError::Url { url: harmless(url), why });
        let Some((scheme, rest)) = url.split_once("://") else { return wrong("it has no scheme") };
        let (scheme, kind) = match scheme {
            "s3" | "s3a" => ("s3", Kind::S3),
            "gs" => ("gs", Kind::Google),
            "az" | "abfs" | "abfss" => ("az", Kind::Azure),
            _ => return wrong("its scheme is not known"),
        };
        if rest.contains(['@', '?', '#']) {
            return wrong("credentials and options do not belong in it");
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return wrong("it has no bucket");
        }
        let prefix = prefix.trim_matches('/');
        let slash = if prefix.is_empty() { "" } else { "/" };
        Ok(Self { kind, bucket, prefix, shown: format!("{scheme}://{bucket}{slash}{prefix}") })
    }

    fn with_options<B, K: FromStr>(
        &self,
        builder: B,
        options: &BTreeMap<String, String>,
        with: impl Fn(B, K, String) -> B,
    ) -> Result<B, ConnectError> {
        options.iter().try_fold(builder, |builder, (key, value)| {
            let known = key.parse::<K>().ok().filter(|_| !NOT_OPTIONS.iter().any(|not| key.ends_with(not)));
            let unknown = || ConnectError::Option { url: self.shown.clone(), key: key.clone() };
            Ok(with(builder, known.ok_or_else(unknown)?, value.clone()))
        })
    }

    fn wrong(&self, why: &'static str) -> ConnectError {
        ConnectError::Url { url: self.shown.clone(), why }
    }
}

/// What the URL says, and what the manifests depend on.
const NOT_OPTIONS: [&str; 5] = ["bucket", "bucket_name", "container_name", "container", "conditional_put"];

/// A URL without the parts of it that may be secret.
fn harmless(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    if scheme.is_empty() { rest.to_owned() } else { format!("{scheme}://{rest}") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Kind, Url, connect};

    fn options(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn urls() {
        let url = Url::parse("s3://logs/eu/collector-1/").unwrap();
        assert_eq!((url.kind, url.bucket, url.prefix), (Kind::S3, "logs", "eu/collector-1"));
        assert_eq!(url.shown, "s3://logs/eu/collector-1");
        assert_eq!(Url::parse("gs://b").unwrap().shown, "gs://b");
        assert_eq!(Url::parse("abfss://c/p").unwrap().shown, "az://c/p");
        for wrong in ["", "logs", "s3://", "s3:///p", "http://h/p", "s3://b/p?x=1", "file:///tmp"] {
            assert!(Url::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_error_shows_a_secret() {
        for url in ["s3://key:geheim@bucket/p", "az://c/p?sig=geheim", "ftp://x:geheim@h"] {
            let error = Url::parse(url).unwrap_err().to_string();
            assert!(!error.contains("geheim"), "{error}");
        }
        let wrong = options(&[("secret_access_key", "geheim"), ("access_key_id", "k"), ("regoin", "geheim")]);
        let error = connect("s3://bucket/p", &wrong).unwrap_err().to_string();
        assert_eq!(error, "`s3://bucket/p` has no option `regoin`");
        let good =
            options(&[("secret_access_key", "geheim"), ("access_key_id", "k"), ("region", "eu-central-1")]);
        let objects = connect("s3://bucket/p", &good).unwrap();
        assert!(!format!("{objects:?}").contains("geheim"));
    }

    #[test]
    fn what_the_store_depends_on_is_no_option() {
        for key in ["conditional_put", "aws_conditional_put", "bucket", "aws_bucket_name"] {
            let error = connect("s3://bucket/p", &options(&[(key, "x")])).unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
        connect("gs://bucket/p", &options(&[("bucket", "x")])).unwrap_err();
        connect("az://c/p", &options(&[("container_name", "x")])).unwrap_err();
        let why = connect("s3://bucket/p", &options(&[("allow_http", "maybe")])).unwrap_err().to_string();
        assert!(why.contains("s3://bucket/p") && why.contains("maybe"), "{why}");
    }
}
