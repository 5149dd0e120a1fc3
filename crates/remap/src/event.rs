//! From a record to the object that a script sees.

use record::{Level, Record, Value as Field};
use vrl::value::{ObjectMap, Value};

use crate::convert::{time, to_script};
use crate::touched::Touched;

/// What says where a record comes from.
pub(crate) const FIXED: [&str; 4] = ["source", "peer", "received", "position"];
/// Names of so many parts are taken apart; objects below so many others are text.
pub(crate) const LEVELS: usize = 16;
/// The longest name of a field, in bytes, dots included.
pub(crate) const NAME_BYTES_MAX: usize = 255;

/// Puts what a script may touch of the record into `event`, whose memory and keys are used again.
pub(crate) fn fill(event: &mut Value, record: Record<'_>, touched: &Touched) {
    if !event.is_object() {
        *event = Value::Object(ObjectMap::new());
    }
    let Some(map) = event.as_object_mut() else { return };
    map.values_mut().for_each(|value| *value = Value::Null);
    for name in FIXED.into_iter().chain(["message", "time", "level"]) {
        if touched.has(name)
            && let Some(value) = own(record, name)
        {
            set(map, name, value);
        }
    }
    let has_level = record.level().is_some();
    for (name, value) in record.fields() {
        if touched.has(name)
            && is_shown(name, value, has_level)
            && let Some(value) = to_script(value)
        {
            set_field(map, name, value);
        }
    }
    // What no record has is there only from the ones before.
    map.retain(|_, value| !value.is_null());
}

/// What each record has.
pub(crate) fn own(record: Record<'_>, name: &str) -> Option<Value> {
    Some(match name {
        "message" => Value::from(record.message()),
        "time" => time(record.time()),
        "level" => Value::from(record.level().map(Level::name)?),
        "source" => Value::from(record.source()),
        "peer" => Value::from(record.peer()),
        "received" => time(record.received()),
        "position" => Value::Integer(i64::try_from(record.position().0).unwrap_or(i64::MAX)),
        _ => return None,
    })
}

/// False for a field of which a script sees nothing: what is the record's own comes before a field of that name.
pub(crate) fn is_shown(name: &str, value: Field<'_>, has_level: bool) -> bool {
    match name {
        "message" | "time" | "source" | "peer" | "received" | "position" => false,
        "level" => !has_level,
        _ => {
            (1..=NAME_BYTES_MAX).contains(&name.len())
                && !matches!(value, Field::Float(number) if number.is_nan())
        }
    }
}

fn set(map: &mut ObjectMap, name: &str, value: Value) {
    replace(map, name, value);
}

/// Gives also what was there before.
fn replace(map: &mut ObjectMap, name: &str, value: Value) -> Option<Value> {
    match map.get_mut(name) {
        Some(slot) => Some(std::mem::replace(slot, value)),
        None => map.insert(name.into(), value),
    }
}

/// Sets a field where its name leads. Of `a` and `a.b` the longer is a name of its own.
fn set_field(map: &mut ObjectMap, name: &str, value: Value) {
    if name.bytes().filter(|byte| *byte == b'.').count() >= LEVELS || is_blocked(map, name) {
        set(map, name, value);
    } else if let Some(Value::Object(members)) = nest(map, name, value) {
        members.into_iter().for_each(|(member, below)| set_apart(map, &format!("{name}.{member}"), below));
    }
}

/// True when there is a value that is no object on the way.
fn is_blocked(map: &ObjectMap, name: &str) -> bool {
    let (mut map, mut rest) = (map, name);
    while let Some((head, tail)) = rest.split_once('.') {
        match map.get(head) {
            None | Some(Value::Null) => return false,
            Some(Value::Object(below)) => (map, rest) = (below, tail),
            Some(_) => return true,
        }
    }
    false
}

/// Gives also what was there before.
fn nest(map: &mut ObjectMap, name: &str, value: Value) -> Option<Value> {
    let Some((head, tail)) = name.split_once('.') else { return replace(map, name, value) };
    match map.get_mut(head) {
        Some(Value::Object(below)) => nest(below, tail, value),
        _ => {
            let mut below = ObjectMap::new();
            nest(&mut below, tail, value);
            replace(map, head, Value::Object(below))
        }
    }
}

/// Gives what was nested, at most [`LEVELS`] deep, its whole name.
fn set_apart(map: &mut ObjectMap, name: &str, value: Value) {
    match value {
        Value::Object(members) => {
            members
                .into_iter()
                .for_each(|(member, below)| set_apart(map, &format!("{name}.{member}"), below));
        }
        value => set(map, name, value),
    }
}
