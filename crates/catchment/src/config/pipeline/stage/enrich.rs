use std::path::Path;

use pipeline::{Enrich, Key, Missing, Stage};
use toml::de::DeValue;

use super::Kind;
use crate::config::inline::{Inline, texts};
use crate::config::value::{Wrong, choice, memory, path, text};

pub(super) const KIND: Kind = Kind {
    name: "enrich",
    options: &[],
    example: "`{ enrich = { table = \"hosts.csv\", key = \"peer\", prefix = \"host.\" } }`",
    read: |table, base| table.require("enrich", |value| enrich(value, base)).map(Stage::Enrich),
};

const BYTES_MAX: usize = 8 << 20;

fn enrich(value: &DeValue<'_>, base: &Path) -> Result<Enrich, Wrong> {
    let table = Inline::of(
        value,
        "a table and what is looked up in it, such as `{ table = \"hosts.csv\", key = \"peer\", fields = [\"site\", \"rack\"], prefix = \"host.\" }`",
    )?;
    table.allow(&["table", "key", "column", "fields", "prefix", "missing", "bytes_max"])?;
    Ok(Enrich {
        table: table.require("table", path(base))?,
        key: table.require("key", key)?,
        column: table.get("column", text("the name of a column", |name| Ok(name.to_owned())))?,
        fields: table.get("fields", texts("the name of a column"))?.unwrap_or_default(),
        prefix: table.get("prefix", prefix)?.unwrap_or_default(),
        missing: table.get("missing", missing)?.unwrap_or_default(),
        bytes_max: table.get("bytes_max", memory(4 << 10..=1 << 30))?.unwrap_or(BYTES_MAX),
    })
}

/// What is looked up.
pub(super) fn key(value: &DeValue<'_>) -> Result<Key, Wrong> {
    text("`\"peer\"`, `\"source\"` or the name of a field", |name| match name {
        "peer" => Ok(Key::Peer),
        "source" => Ok(Key::Source),
        "" => {
            Err(Wrong::new("a field needs a name", "write `\"peer\"`, `\"source\"` or the name of a field"))
        }
        name => Ok(Key::Field(name.to_owned())),
    })(value)
}

pub(super) fn prefix(value: &DeValue<'_>) -> Result<String, Wrong> {
    text("what comes before the names of fields", |prefix| Ok(prefix.to_owned()))(value)
}

pub(super) fn missing(value: &DeValue<'_>) -> Result<Missing, Wrong> {
    choice(&[("keep", Missing::Keep), ("mark", Missing::Mark)])(value)
}

#[cfg(test)]
mod tests {
    use pipeline::{Enrich, Geoip, Key, Missing, Stage};
    use testkit::mmdb::Mmdb;

    use crate::config::testing::try_parse;

    const SOURCE: &str = "[[source]]\nname = 's'\nkind = 'listen'\naddress = '127.0.0.1:0'\n";

    fn stages(dir: &std::path::Path, stages: &str) -> Result<Vec<Stage>, String> {
        let text = format!("{SOURCE}[[pipeline]]\nname = 'main'\nto = ['tail']\nstages = [{stages}]");
        let config = try_parse(&text, dir).map_err(|problems| problems.to_string())?;
        Ok(config.pipelines.into_iter().flat_map(|pipeline| pipeline.stages).collect())
    }

    #[test]
    fn keys_and_their_defaults() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("t.csv"), "id,a,b\n1,2,3\n").expect("room for a small file");
        std::fs::write(at("g.mmdb"), Mmdb::new().bytes()).expect("room for a small file");
        let enrich = Enrich {
            table: at("t.csv"),
            key: Key::Peer,
            column: None,
            fields: Vec::new(),
            prefix: String::new(),
            missing: Missing::Keep,
            bytes_max: 8 << 20,
        };
        let geoip = Geoip {
            database: at("g.mmdb"),
            key: Key::Field("client".to_owned()),
            prefix: "geo.".to_owned(),
            missing: Missing::Keep,
            bytes_max: 128 << 20,
        };
        for (written, expected) in [
            ("{ enrich = { table = 't.csv', key = 'peer' } }", Stage::Enrich(enrich.clone())),
            (
                "{ enrich = { table = 't.csv', key = 'source', column = 'b', fields = 'a', prefix = 'x.', missing = 'mark', \
                 bytes_max = '1 MiB' } }",
                Stage::Enrich(Enrich {
                    key: Key::Source,
                    column: Some("b".to_owned()),
                    fields: vec!["a".to_owned()],
                    prefix: "x.".to_owned(),
                    missing: Missing::Mark,
                    bytes_max: 1 << 20,
                    ..enrich.clone()
                }),
            ),
            ("{ geoip = { database = 'g.mmdb', key = 'client' } }", Stage::Geoip(geoip.clone())),
            (
                "{ geoip = { database = 'g.mmdb', key = 'peer', prefix = '', bytes_max = 4096 } }",
                Stage::Geoip(Geoip {
                    key: Key::Peer,
                    prefix: String::new(),
                    bytes_max: 4096,
                    ..geoip.clone()
                }),
            ),
        ] {
            assert_eq!(stages(dir.path(), written), Ok(vec![expected]), "{written}");
        }
        for (written, expected) in [
            (
                "{ enrich = { table = 't.csv' } }",
                "`enrich`: `key` is missing; write a table and what is looked up",
            ),
            (
                "{ enrich = { table = 't.csv', key = 'a', missing = 'drop' } }",
                "`enrich`: `missing`: expected one of",
            ),
            (
                "{ enrich = { table = 't.csv', key = 'a', fields = ['c'] } }",
                "it has no column `c`: there are `id`, `a`, `b`",
            ),
            ("{ geoip = { key = 'a' } }", "`geoip`: `database` is missing"),
            ("{ geoip = { database = 't.csv', key = 'a' } }", "it is no database of MaxMind's format"),
        ] {
            let wrong = stages(dir.path(), written).expect_err(written);
            assert!(wrong.starts_with("a:8: pipeline[1].stages[1]: ") && wrong.contains(expected), "{wrong}");
        }
    }
}
