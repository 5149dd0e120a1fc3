//! `fields`: the names of all fields, with their types.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use serde_json::{Value, json};

use crate::json::{is_core, type_name};
use crate::params::Params;
use crate::problem::Problem;
use crate::state::State;

/// `GET fields`.
pub(crate) async fn fields(
    Shared(state): Shared<Arc<State>>,
    params: Params,
) -> Result<Json<Value>, Problem> {
    params.end()?;
    let schema = crate::answer::ask(&state, |asker| Ok(asker.snapshot.schema())).await?;
    let fields: Vec<Value> = schema
        .fields()
        .iter()
        .map(|field| {
            let name = field.name();
            json!({ "name": name, "type": type_name(field.data_type()), "core": is_core(name) })
        })
        .collect();
    Ok(Json(json!({ "fields": fields })))
}
