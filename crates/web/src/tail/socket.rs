use std::sync::Arc;

use axum::body::Body;
use axum::extract::State as Shared;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::Response;
use serde_json::json;
use tokio::time::timeout;

use super::events::QUIET;
use super::follow::{Follow, Told};
use crate::params::Params;
use crate::problem::Problem;
use crate::state::State;

/// Nobody has more to say to us.
const MESSAGE_BYTES_MAX: usize = 4 << 10;

/// What is written to a follower and not taken yet.
const WRITE_BYTES_MAX: usize = 4 << 20;

/// `GET tail/ws`: the same as [`super::events()`], over a WebSocket.
pub(crate) async fn socket(
    Shared(state): Shared<Arc<State>>,
    mut params: Params,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response<Body>, Problem> {
    let upgrade = upgrade.map_err(|error| Problem::bad_request(error.to_string()))?;
    let (query, after) = (params.query()?, params.number("after", 0..=u64::MAX)?);
    params.end()?;
    let follow = Follow::start(&state, query, after).await?;
    let upgrade = upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .read_buffer_size(MESSAGE_BYTES_MAX)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |mut socket| async move {
        // Who has gone need not be told.
        let _ = tell(&mut socket, follow).await;
    }))
}

async fn tell(socket: &mut WebSocket, mut follow: Follow) -> Result<(), axum::Error> {
    let start =
        json!({ "event": "start", "id": follow.cursor.to_string(), "data": { "after": follow.cursor } });
    socket.send(Message::text(start.to_string())).await?;
    loop {
        let told = tokio::select! {
            told = timeout(QUIET, follow.next()) => told,
            // What the client says does not matter, but that it is there does.
            received = socket.recv() => match received {
                None | Some(Err(_)) => return Ok(()),
                Some(Ok(_)) => continue,
            },
        };
        match told {
            Err(_) => socket.send(Message::Ping(axum::body::Bytes::new())).await?,
            Ok(None) => return socket.send(Message::Close(None)).await,
            Ok(Some(Told::Chunk(chunk, upto))) => {
                for message in chunk.messages(upto) {
                    socket.send(Message::text(message)).await?;
                }
            }
            Ok(Some(Told::Skipped(skipped))) => {
                let text = format!("{{\"event\":\"skipped\",\"data\":{}}}", skipped.json());
                socket.send(Message::text(text)).await?;
            }
            Ok(Some(Told::End(reason))) => {
                let end = json!({ "event": "end", "data": { "reason": reason } });
                socket.send(Message::text(end.to_string())).await?;
            }
        }
    }
}
