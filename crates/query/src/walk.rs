//! Goes through a part in the order of the query, when only few rows are wanted.

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use futures::stream::{self, StreamExt, TryStreamExt};
use part::Look;

use crate::cut::{Cut, Stretch};
use crate::parts::{Batches, Opener, Piece, failed};
use crate::reader::PartFile;
use crate::statistics;

/// One row group of a part after the other, a few pages at a time, as long as they can matter: what has been found by then
/// may rule out the rest. The index of a row group is read when its turn comes.
pub(crate) struct Walk {
    opener: Opener,
    file: PartitionedFile,
    look: Option<Arc<Look>>,
    /// Row groups to come.
    groups: VecDeque<usize>,
    cut: Cut,
    /// What is left of the last one.
    ready: VecDeque<Piece>,
}

impl Walk {
    pub(crate) fn new(opener: Opener, file: PartitionedFile, look: Option<Arc<Look>>) -> Result<Self> {
        let oldest_first = opener.source.shape.oldest_first;
        let count = PartFile::of(&file)?.metadata().map_err(failed)?.num_row_groups();
        let groups = if oldest_first { (0..count).collect() } else { (0..count).rev().collect() };
        Ok(Self { opener, file, look, groups, cut: Cut::new(oldest_first), ready: VecDeque::new() })
    }

    /// The rows, as they are asked for.
    pub(crate) fn batches(self) -> Batches {
        stream::try_unfold(self, Self::next).try_flatten().boxed()
    }

    async fn next(mut self) -> Result<Option<(Batches, Self)>> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some((self.opener.read(piece).await?, self)));
            }
            let Some(group) = self.groups.pop_front() else { return Ok(None) };
            self.cut_group(group)?;
        }
    }

    /// Makes pieces of a row group, if it can still matter.
    fn cut_group(&mut self, group: usize) -> Result<()> {
        let pages = PartFile::of(&self.file)?.pages(group).map_err(failed)?;
        let Some(whole) = Stretch::whole(&pages) else { return Ok(()) };
        if !self.opener.may_matter(&self.known(&whole))? {
            return Ok(());
        }
        for (_, rows) in self.opener.choose(&self.file, &|one| one == group)? {
            for stretch in self.cut.row_group(&pages, rows) {
                let file = self.known(&stretch);
                let chosen = vec![(group, Some(stretch.selection))];
                self.ready.push_back(Piece { file, chosen, look: self.look.clone() });
            }
        }
        Ok(())
    }

    /// The part, as if it had only these rows.
    fn known(&self, rows: &Stretch) -> PartitionedFile {
        let schema = self.opener.config.file_schema();
        let known = statistics::of_rows(rows.rows, rows.time, rows.position, schema);
        self.file.clone().with_statistics(Arc::new(known))
    }
}
