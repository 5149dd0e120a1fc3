use pipeline::{Condition, Stage, Vrl};
use toml::de::DeValue;

use super::{Kind, select};
use crate::config::inline::{Inline, within};
use crate::config::value::Wrong;

pub(super) const KIND: Kind = Kind {
    name: "route",
    options: &[],
    example: "`{ route = { errors = '.level == \"error\"' } }`",
    read: |table, _| table.require("route", routes).map(Stage::Route),
};

fn routes(value: &DeValue<'_>) -> Result<Vec<(String, Condition)>, Wrong> {
    let table = Inline::of(
        value,
        "outputs with their conditions, such as `{ errors = '.level == \"error\"', gateways = { source = \"gateways\" } }`",
    )?;
    let routes: Vec<_> = table
        .rows()
        .map(|(name, value)| Ok((name.to_owned(), within(name, condition(value))?)))
        .collect::<Result<_, Wrong>>()?;
    if routes.is_empty() { Err(table.wrong("there is no output")) } else { Ok(routes) }
}

fn condition(value: &DeValue<'_>) -> Result<Condition, Wrong> {
    match value.as_str() {
        Some(text) => Ok(Condition::True(Vrl { text: text.to_owned(), environment: false })),
        None => select::origin(value).map(Condition::Origin),
    }
}
