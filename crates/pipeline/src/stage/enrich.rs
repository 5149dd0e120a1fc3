use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use record::{Batch, Record};
use serde::{Deserialize, Serialize};

use super::failures::Failures;
use super::loaded::{Loaded, Shelf};
use super::lookup::{self, Key, Missing};
use super::table::{Columns, Table};
use super::{BadStage, StageCounts};

/// Gives each record the fields that a row of a table has for its key. The table is read again when its file has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrich {
    /// A CSV file whose first row names the columns.
    pub table: PathBuf,
    /// What of a record is looked up.
    pub key: Key,
    /// The column in which it is looked up; the first one without.
    pub column: Option<String>,
    /// The columns that become fields; all others without.
    pub fields: Vec<String>,
    /// What comes before a column's name in that of the field.
    pub prefix: String,
    /// What becomes of a record of which the table says nothing.
    pub missing: Missing,
    /// The most memory that the table may take.
    pub bytes_max: usize,
}

static TABLES: Shelf<(PathBuf, Columns), Table> = Shelf::new();

/// [`Enrich`] at work. Shares the table with all that are told the same.
#[derive(Debug)]
pub(super) struct Enricher {
    told: Enrich,
    columns: Columns,
    table: Arc<Loaded<Table>>,
    key: String,
    changed: u64,
    failures: Failures,
}

impl Enrich {
    /// The most memory that it may need: for the table, for the one that replaces it, and for a row of the file.
    pub(super) fn memory_bytes(&self) -> u64 {
        3 * self.bytes_max as u64
    }
}

impl Enricher {
    pub(super) fn new(told: &Enrich) -> Result<Self, BadStage> {
        let columns = Columns {
            key: told.column.clone(),
            fields: told.fields.clone(),
            prefix: told.prefix.clone(),
            bytes_max: told.bytes_max,
        };
        let key = (told.table.clone(), columns.clone());
        let table = TABLES.get(&key, &told.table, load(&columns)).map_err(BadStage::File)?;
        let (key, failures) = (String::new(), Failures::default());
        Ok(Self { told: told.clone(), columns, table, key, changed: 0, failures })
    }

    pub(super) fn apply(&mut self, batch: &mut Batch) {
        let table = self.table.get(load(&self.columns));
        for index in 0..batch.len() {
            let has_key = self.told.key.write(batch.get(index), &mut self.key);
            let found = if has_key { self.find(&table, batch.get(index)) } else { None };
            if found.is_some() {
                self.changed += 1;
            } else if self.told.missing == Missing::Mark {
                let reason = self.reason(has_key);
                self.failures.mark(batch, index, "enrich", &reason);
            }
            for (name, value) in table.names().iter().zip(found.into_iter().flatten()) {
                if let Some(value) = value {
                    batch.set_field(index, name, value);
                }
            }
        }
    }

    pub(super) fn tell(&self, counts: &mut StageCounts) {
        counts.changed = self.changed;
        counts.trouble = self.table.trouble();
        self.failures.tell(counts);
    }

    fn find<'t>(
        &self,
        table: &'t Table,
        record: Record<'_>,
    ) -> Option<impl Iterator<Item = Option<record::Value<'t>>> + use<'t>> {
        let row = table.row(&self.key);
        match (&self.told.key, row) {
            (Key::Peer, None) => table.row(lookup::host(record.peer())?),
            (_, row) => row,
        }
    }

    fn reason(&self, has_key: bool) -> String {
        let name = self.told.key.name();
        if has_key {
            format!("the table has no row for the {name} `{}`", self.key)
        } else {
            format!("the record has no field `{name}`")
        }
    }
}

fn load(columns: &Columns) -> impl Fn(File, &Path) -> Result<Table, String> {
    move |file, path| Table::read(file, path, columns)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use record::{Batch, Line, LineFlags, Micros, Position, Value};

    use super::super::StageCounts;
    use super::{BadStage, Enrich, Enricher, Key, Missing};

    const HOSTS: &str = "address, site, rack, ratio, on\n10.0.0.7, north, 7, 0.5, true\n10.0.0.7:1,\"a, b\", 007,,\n\n\
                         gw-1:514,south,,,false\n[::1]:9,local,1,2,\n1.10,number,,,\n";

    fn told(dir: &tempfile::TempDir, text: &str) -> Enrich {
        let table = dir.path().join("hosts.csv");
        std::fs::write(&table, text).unwrap();
        Enrich {
            table,
            key: Key::Peer,
            column: None,
            fields: Vec::new(),
            prefix: "host.".to_owned(),
            missing: Missing::Keep,
            bytes_max: 1 << 20,
        }
    }

    fn refused(text: &str, change: impl Fn(&mut Enrich)) -> String {
        let dir = tempfile::tempdir().unwrap();
        let mut told = told(&dir, text);
        change(&mut told);
        match Enricher::new(&told) {
            Err(BadStage::File(wrong)) => wrong.replace(&dir.path().display().to_string(), ""),
            other => panic!("{text:?} is read: {other:?}"),
        }
    }

    fn batch(peers: &[&str]) -> Batch {
        let mut batch = Batch::new();
        for (index, peer) in peers.iter().enumerate() {
            let (position, received, flags) = (Position(index as u64), Micros(1), LineFlags::default());
            batch.push(&Line { position, received, source: "s", peer, bytes: b"x", flags });
        }
        batch
    }

    fn fields(batch: &Batch, index: usize) -> Vec<(&str, Value<'_>)> {
        batch.get(index).fields().collect()
    }

    #[test]
    fn a_peer_is_looked_up_whole_and_then_by_its_host() {
        let dir = tempfile::tempdir().unwrap();
        let mut enricher = Enricher::new(&told(&dir, HOSTS)).unwrap();
        let mut batch = batch(&["10.0.0.7:5140", "10.0.0.7:1", "gw-1:514", "gw-1:515", "[::1]:9"]);
        enricher.apply(&mut batch);
        let (site, rack) = ("host.site", "host.rack");
        let north = [
            (site, Value::Str("north")),
            (rack, Value::Int(7)),
            ("host.ratio", Value::Float(0.5)),
            ("host.on", Value::Bool(true)),
        ];
        assert_eq!(fields(&batch, 0), north);
        assert_eq!(fields(&batch, 1), [(site, Value::Str("a, b")), (rack, Value::Str("007"))]);
        assert_eq!(fields(&batch, 2), [(site, Value::Str("south")), ("host.on", Value::Bool(false))]);
        assert!(fields(&batch, 3).is_empty());
        assert_eq!(fields(&batch, 4).len(), 3);
        let mut counts = StageCounts::default();
        enricher.tell(&mut counts);
        assert_eq!((counts.changed, counts.failed), (4, 0));
    }

    #[test]
    fn a_field_is_looked_up_by_what_it_means() {
        let dir = tempfile::tempdir().unwrap();
        let key = Key::Field("id".to_owned());
        let told = Enrich {
            key,
            fields: vec!["site".to_owned()],
            missing: Missing::Mark,
            prefix: String::new(),
            ..told(&dir, HOSTS)
        };
        let mut enricher = Enricher::new(&told).unwrap();
        let mut batch = batch(&["a", "a", "a", "a"]);
        batch.set_field(0, "id", Value::Float(1.1));
        batch.set_field(1, "id", Value::Str("1.1"));
        batch.set_field(2, "id", Value::Int(3));
        enricher.apply(&mut batch);
        for index in 0..2 {
            assert_eq!(batch.get(index).field("site"), Some(Value::Str("number")));
        }
        for (index, reason) in
            [(2, "the table has no row for the id `3`"), (3, "the record has no field `id`")]
        {
            assert_eq!(batch.get(index).field("error.stage"), Some(Value::Str("enrich")));
            assert_eq!(batch.get(index).field("error.reason"), Some(Value::Str(reason)));
        }
        let mut counts = StageCounts::default();
        enricher.tell(&mut counts);
        assert_eq!((counts.changed, counts.failed, counts.last_failure.unwrap().0), (2, 2, Position(3)));
    }

    #[test]
    fn a_table_that_is_none_is_refused_with_the_line() {
        for (text, expected) in [
            ("", "`/hosts.csv`: it is empty"),
            ("a,b\n1,2\n2,3\n1,4\n", "`/hosts.csv`: line 4 has the key `1`, which line 2 has already"),
            ("a,b\n1.1,2\n1.10,3\n", "`/hosts.csv`: line 3 has the key `1.1`, which line 2 has already"),
            ("a,b\n1,2\n3\n", "`/hosts.csv`: line 3 has 1 cells, and the first row names 2"),
            ("a,b\n,2\n", "`/hosts.csv`: line 2 has no key: its `a` is empty"),
            ("a,a\n", "`/hosts.csv`: two columns are called `a`"),
            ("a,\n", "`/hosts.csv`: column 2 has no name"),
            ("a\n1\n", "`/hosts.csv`: it has no column but the key"),
        ] {
            let wrong = refused(text, |_| ());
            assert!(wrong.starts_with(expected), "{wrong}");
        }
        let wrong = refused("a,b\n", |told| told.fields = vec!["c".to_owned()]);
        assert_eq!(wrong, "`/hosts.csv`: it has no column `c`: there are `a`, `b`");
        let wrong = refused("a,peer\n", |told| told.prefix.clear());
        assert!(wrong.contains("choose a `prefix`"), "{wrong}");
        let wrong = refused("a,b\n1,2\n", |told| {
            told.table.set_extension("txt");
        });
        assert!(wrong.contains("`/hosts.txt` cannot be read"), "{wrong}");
        let wrong = refused("a,b\n1,2\n2,2\n3,3\n", |told| told.bytes_max = 60);
        assert!(
            wrong.contains("up to line 4 it takes more memory, more than `bytes_max`, which is 60"),
            "{wrong}"
        );
        let wrong = refused("a,b\n1,2\n", |told| told.bytes_max = 7);
        assert!(wrong.contains("it has 8 bytes, more than `bytes_max`"), "{wrong}");
    }

    proptest! {
        #[test]
        fn every_row_is_found_with_its_values(keys in proptest::collection::hash_set("[a-z]{1,4}|[0-9]{1,3}", 0..200), long in 0..300_usize) {
            let row = |key: &String| format!("{key},{},{}\n", "x".repeat(long), key.len());
            let keys: Vec<String> = keys.into_iter().filter(|key| !key.starts_with('0')).collect();
            let text: String = keys.iter().map(row).collect();
            let dir = tempfile::tempdir().unwrap();
            let mut enricher = Enricher::new(&told(&dir, &format!("k,long,n\n{text}"))).unwrap();
            let peers: Vec<&str> = keys.iter().map(String::as_str).chain(["none"]).collect();
            let mut batch = batch(&peers);
            enricher.apply(&mut batch);
            for (index, key) in keys.iter().enumerate() {
                prop_assert_eq!(batch.get(index).field("host.n"), Some(Value::Int(key.len() as i64)));
                let found = batch.get(index).field("host.long");
                prop_assert_eq!(found.is_some(), long > 0);
            }
            prop_assert_eq!(batch.get(keys.len()).fields().len(), 0);
        }

        #[test]
        fn any_file_is_read_or_refused(bytes in proptest::collection::vec(prop_oneof![Just(b','), Just(b'\n'), Just(b'"'), any::<u8>()], 0..200)) {
            let dir = tempfile::tempdir().unwrap();
            let told = told(&dir, "");
            std::fs::write(&told.table, bytes).unwrap();
            let _ = Enricher::new(&told);
        }
    }
}
