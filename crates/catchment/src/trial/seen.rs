use pipeline::output::json::{write_str, write_value};
use record::{Record, Value};

/// A record as a person sees it: what a stage can change, by name, each value as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen(pub(super) Vec<(String, String)>);

/// What became of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Added { name: String, value: String },
    Changed { name: String, from: String, to: String },
    Removed { name: String, value: String },
}

impl Seen {
    pub(super) fn of(record: Record<'_>) -> Self {
        let json = |value| {
            let mut out = String::new();
            write_value(&mut out, value);
            out
        };
        let mut values = vec![("time".to_owned(), json(Value::Time(record.time())))];
        values.extend(record.level().map(|level| ("level".to_owned(), json(Value::Str(level.name())))));
        values.push(("message".to_owned(), json(Value::Str(record.message()))));
        values.extend(record.fields().map(|(name, value)| (name.to_owned(), json(value))));
        Self(values)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What is different in `after`: what was added and changed in its order, then what is gone.
    pub(super) fn changes(&self, after: &Self) -> Vec<Change> {
        let came = after.0.iter().filter_map(|(name, to)| match self.get(name) {
            None => Some(Change::Added { name: name.clone(), value: to.clone() }),
            Some(from) if from != to => {
                Some(Change::Changed { name: name.clone(), from: from.to_owned(), to: to.clone() })
            }
            Some(_) => None,
        });
        let went = self.0.iter().filter(|(name, _)| after.get(name).is_none());
        let went = went.map(|(name, value)| Change::Removed { name: name.clone(), value: value.clone() });
        came.chain(went).collect()
    }

    /// As a JSON object.
    pub(super) fn json(&self) -> String {
        object(self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// An object of values that are JSON already.
pub(super) fn object<'v>(values: impl Iterator<Item = (&'v str, &'v str)>) -> String {
    let mut out = "{".to_owned();
    for (name, value) in values {
        if out.len() > 1 {
            out.push(',');
        }
        write_str(&mut out, name);
        out.push(':');
        out.push_str(value);
    }
    out + "}"
}

#[cfg(test)]
mod tests {
    use super::{Change, Seen};

    fn seen(values: &[(&str, &str)]) -> Seen {
        Seen(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn what_came_changed_and_went() {
        let (before, after) =
            (seen(&[("a", "1"), ("b", "2"), ("c", "3")]), seen(&[("c", "3"), ("b", "4"), ("d", "5")]));
        let text = |text: &str| text.to_owned();
        let expected = [
            Change::Changed { name: text("b"), from: text("2"), to: text("4") },
            Change::Added { name: text("d"), value: text("5") },
            Change::Removed { name: text("a"), value: text("1") },
        ];
        assert_eq!(before.changes(&after), expected);
        assert_eq!(before.changes(&before), []);
        assert_eq!(after.json(), "{\"c\":3,\"b\":4,\"d\":5}");
    }
}
