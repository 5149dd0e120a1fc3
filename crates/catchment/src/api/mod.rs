//! The page and the HTTP API, as the configuration says.

mod bridge;
mod metrics;
mod parquet;
mod token;

use std::sync::Arc;

use web::{StartError, TokenError, Web};

use self::bridge::Bridge;
pub(crate) use self::token::token;
use crate::config::{self, Config};
use crate::control::Parts;

/// Why there is no page although one was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{0}")]
    Start(#[from] StartError),
    #[error("{0}")]
    Token(#[from] TokenError),
}

/// Serves the page. When nobody has chosen its address and that is taken, the collector goes on without.
pub(crate) fn start(config: &Config, parts: &Arc<Parts>) -> Result<Option<Web>, ApiError> {
    let config::Web { address, chosen, token_file, tls, hosts, tails_max } = &config.web;
    let Some(address) = *address else { return Ok(None) };
    let token = token_file.as_deref().map(web::Token::read).transpose()?;
    let options =
        web::Options { address, tls: tls.clone(), token, hosts: hosts.clone(), tails_max: *tails_max };
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    let bridge = Bridge(Arc::clone(parts));
    match Web::start(options, Arc::new(bridge), Arc::clone(&parts.engine)) {
        Ok(web) => {
            tracing::info!(url = %format_args!("{scheme}://{}/", web.address()), "the page is there");
            Ok(Some(web))
        }
        Err(error @ StartError::Address { .. }) if !chosen => {
            tracing::warn!(%error, "there is no page; `[web]` in the configuration gives it another address");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
