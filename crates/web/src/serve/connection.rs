use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::patient::Patient;
use super::refusal::{REFUSALS_MAX, refuse};
use crate::limits::{HEAD_BYTES_MAX, REQUEST_TIME, WRITE_TIME, connections_max};
use crate::routes::router;
use crate::state::{State, stopped};

/// The most header lines of a request.
const HEADERS_MAX: usize = 64;

/// Takes connections until the collector stops.
pub(super) async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    state: Arc<State>,
    tails_max: usize,
) {
    let router = router(Arc::clone(&state));
    let places = Arc::new(Semaphore::new(connections_max(tails_max)));
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(state.stopping.clone()) => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "a client of the page could not be taken");
                // Without descriptors accepting fails at once, again and again.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            state.counts.refused.fetch_add(1, Ordering::Relaxed);
            // Who comes with TLS sees the connection close, and so does everybody in a flood.
            if tls.is_none()
                && let Ok(turn) = Arc::clone(&refusals).try_acquire_owned()
            {
                tokio::spawn(refuse(stream, turn));
            }
            continue;
        };
        state.counts.accepted.fetch_add(1, Ordering::Relaxed);
        state.counts.connections.fetch_add(1, Ordering::AcqRel);
        let (state, router, tls) = (Open(Arc::clone(&state)), router.clone(), tls.clone());
        tokio::spawn(async move {
            let _place = place;
            serve(stream, tls, router, &state.0).await;
        });
    }
}

/// Counts a connection for as long as it is there.
struct Open(Arc<State>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.counts.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router, state: &State) {
    // Events are small, and somebody waits for them.
    let _ = stream.set_nodelay(true);
    let stream = Patient::new(stream, WRITE_TIME);
    match tls {
        None => answer(stream, router, state).await,
        Some(tls) => match tokio::time::timeout(REQUEST_TIME, tls.accept(stream)).await {
            Ok(Ok(stream)) => answer(stream, router, state).await,
            Ok(Err(error)) => tracing::debug!(%error, "a client of the page does not speak TLS as it should"),
            Err(_) => tracing::debug!("a client of the page was too slow with its TLS handshake"),
        },
    }
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router, state: &State) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIME)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    let connection =
        http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(state.stopping.clone()) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of the page ended");
    }
}
