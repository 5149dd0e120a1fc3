use pipeline::Stage;

use super::Kind;
use crate::config::value::count;

pub(super) const KIND: Kind = Kind {
    name: "sample",
    options: &[],
    example: "`{ sample = 10 }`, which lets one record of ten go on",
    read: |table, _| {
        let one_in = table.require("sample", count(1..=u32::MAX as usize))?;
        Ok(Stage::Sample(u32::try_from(one_in).unwrap_or(u32::MAX)))
    },
};
