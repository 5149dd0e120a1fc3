//! From the text of a JSON object to its fields, as the parser comes past them.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::text;
use crate::found::{Found, Reason};
use crate::value::Parsed;

/// Objects below so many others are kept as text.
const LEVELS: usize = 16;

/// Reads the object that `line` is.
///
/// # Errors
/// Why it is none, or not one that can be taken apart.
pub(crate) fn read(line: &str, found: &mut Found) -> Result<(), Reason> {
    // A parser's message would quote the line.
    if !line.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{') {
        return Err("not a JSON object".into());
    }
    let mut parser = serde_json::Deserializer::from_str(line);
    Object { found, level: 1 }
        .deserialize(&mut parser)
        .and_then(|()| parser.end())
        .map_err(|error| error.to_string().into())
}

/// The members of an object, under the path.
struct Object<'a> {
    found: &'a mut Found,
    level: usize,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let above = self.found.path.len();
        while members.next_key_seed(Key(&mut self.found.path))?.is_some() {
            if !Found::is_name_len(self.found.path.len()) {
                return Err(de::Error::custom("a field has no name, or one of more than 255 bytes"));
            }
            if self.found.is_full() {
                return Err(de::Error::custom("more than 1024 fields"));
            }
            members.next_value_seed(Member { found: &mut *self.found, level: self.level })?;
            self.found.path.truncate(above);
        }
        Ok(())
    }
}

/// Goes one name down the path.
struct Key<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<(), E> {
        if !self.0.is_empty() {
            self.0.push('.');
        }
        self.0.push_str(name);
        Ok(())
    }
}

/// The value at the path.
struct Member<'a> {
    found: &'a mut Found,
    level: usize,
}

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.found.offer_at_path(Parsed::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.found.offer_at_path(Parsed::Int(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.found.offer_at_path(Parsed::Int(value)),
            // More likely an id than a quantity: no digit of it may be lost.
            Err(_) => self.found.offer_at_path(Parsed::Text(&value.to_string())),
        }
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.found.offer_at_path(Parsed::Float(value));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.found.offer_at_path(Parsed::Text(value));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        self.found.add_json(|out| text::write_array(out, elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        if self.level < LEVELS {
            Object { found: self.found, level: self.level + 1 }.visit_map(members)
        } else {
            self.found.add_json(|out| text::write_object(out, members))
        }
    }
}
