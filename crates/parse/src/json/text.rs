//! Values that are kept as JSON text: written again as they are read, without white space. The parser bounds how deep that goes.

use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use record::json::{write_float, write_str};

pub(super) fn write_array<'de, A: SeqAccess<'de>>(out: &mut String, mut elements: A) -> Result<(), A::Error> {
    out.push('[');
    let empty = out.len();
    loop {
        let end = out.len();
        if end > empty {
            out.push(',');
        }
        if elements.next_element_seed(Text(out))?.is_none() {
            out.truncate(end);
            out.push(']');
            return Ok(());
        }
    }
}

pub(super) fn write_object<'de, A: MapAccess<'de>>(out: &mut String, mut members: A) -> Result<(), A::Error> {
    out.push('{');
    let empty = out.len();
    loop {
        let end = out.len();
        if end > empty {
            out.push(',');
        }
        if members.next_key_seed(Text(out))?.is_none() {
            out.truncate(end);
            out.push('}');
            return Ok(());
        }
        out.push(':');
        members.next_value_seed(Text(out))?;
    }
}

/// Writes one value.
struct Text<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{value}");
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        let _ = write!(self.0, "{value}");
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        write_float(self.0, value);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        write_str(self.0, value);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.push_str("null");
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        write_array(self.0, elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        write_object(self.0, members)
    }
}
