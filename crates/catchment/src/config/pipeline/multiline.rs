//! How lines become one record.

use std::time::Duration;

use pipeline::{JoinRule, Multiline};
use toml::de::DeValue;

use crate::config::inline::Inline;
use crate::config::value::{Wrong, boolean, memory, mismatch, period, quoted, text};

const EXPECTED: &str = "`\"auto\"`, or a rule such as `{ start = '^\\d{4}-', wait = \"1s\", bytes_max = \"256 KiB\" }` or `{ continues = '^\\s' }`";

const BYTES_MAX: usize = 256 << 10;
const WAIT: Duration = Duration::from_secs(1);

pub(super) fn read(value: &DeValue<'_>) -> Result<Multiline, Wrong> {
    if let Some(word) = value.as_str() {
        return match word {
            "auto" => Ok(Multiline { rule: JoinRule::Auto, bytes_max: BYTES_MAX, wait: WAIT }),
            _ => Err(Wrong::new(format!("{} is no rule", quoted(word)), format!("write {EXPECTED}"))),
        };
    }
    if value.as_table().is_none() {
        return Err(mismatch(EXPECTED, value));
    }
    let table = Inline::of(value, EXPECTED)?;
    table.allow(&["auto", "start", "continues", "bytes_max", "wait"])?;
    let regex = |key| table.get(key, text("a regular expression", |regex| Ok(regex.to_owned())));
    let auto = table.get("auto", boolean)?.unwrap_or(false);
    let rule = match (auto, regex("start")?, regex("continues")?) {
        (true, None, None) => JoinRule::Auto,
        (false, Some(start), None) => JoinRule::Start(start),
        (false, None, Some(continues)) => JoinRule::Continues(continues),
        _ => return Err(table.wrong("one rule is needed: `auto = true`, `start` or `continues`")),
    };
    let wait = period(Duration::from_millis(1)..=Duration::from_secs(60));
    let multiline = Multiline {
        rule,
        bytes_max: table.get("bytes_max", memory(1 << 10..=1 << 20))?.unwrap_or(BYTES_MAX),
        wait: table.get("wait", wait)?.unwrap_or(WAIT),
    };
    match pipeline::Joiner::new(&multiline, 0) {
        Ok(_) => Ok(multiline),
        Err(bad) => Err(Wrong::new(bad.to_string(), "")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pipeline::{JoinRule, Multiline};

    use crate::config::testing::{config, problems};

    fn pipeline(multiline: &str) -> String {
        format!("[[pipeline]]\nname = 'main'\nto = ['tail']\nmultiline = {multiline}")
    }

    #[test]
    fn rules() {
        let default = |rule| Multiline { rule, bytes_max: 256 << 10, wait: Duration::from_secs(1) };
        for (written, expected) in [
            ("false", None),
            ("'auto'", Some(default(JoinRule::Auto))),
            (
                "{ auto = true, wait = '2s' }",
                Some(Multiline { wait: Duration::from_secs(2), ..default(JoinRule::Auto) }),
            ),
            ("{ start = '^\\S' }", Some(default(JoinRule::Start("^\\S".to_owned())))),
            (
                "{ continues = '^ ', bytes_max = '1 KiB' }",
                Some(Multiline { bytes_max: 1024, ..default(JoinRule::Continues("^ ".to_owned())) }),
            ),
        ] {
            assert_eq!(config(&pipeline(written)).pipelines[0].multiline, expected, "{written}");
        }
    }

    #[test]
    fn mistakes() {
        for (written, expected) in [
            ("'java'", "`java` is no rule; write `\"auto\"`, or a rule such as "),
            ("7", "expected `\"auto\"`, or a rule such as "),
            ("{ wait = '1s' }", "one rule is needed: `auto = true`, `start` or `continues`; write "),
            ("{ start = 'a', continues = 'b' }", "one rule is needed: "),
            ("{ start = '(' }", "the regular expression: "),
            ("{ start = 'a', wait = '2m' }", "`wait`: `2m` is out of range; write 1ms to 1m"),
        ] {
            let found = problems(&pipeline(written));
            assert!(found.starts_with(&format!("a:4: pipeline[1].multiline: {expected}")), "{found}");
        }
    }
}
