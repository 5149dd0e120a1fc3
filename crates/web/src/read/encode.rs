//! Rows as CSV, as an Arrow stream, and as a file.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use std::sync::Arc;

use crate::FileWriter;
use crate::answer::{Broken, Encode, End, Sink};
use crate::problem::Problem;
use crate::state::State;

/// CSV with the names of the columns in the first line.
pub(super) struct Csv;

impl Csv {
    fn write(batch: &RecordBatch, header: bool, out: &mut Sink) -> Result<(), Broken> {
        let mut bytes = Vec::new();
        arrow_csv::WriterBuilder::new().with_header(header).build(&mut bytes).write(batch)?;
        Ok(out.bytes(bytes.into())?)
    }
}

impl Encode for Csv {
    fn begin(&mut self, schema: &SchemaRef, out: &mut Sink) -> Result<(), Broken> {
        Self::write(&RecordBatch::new_empty(Arc::clone(schema)), true, out)
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Sink) -> Result<bool, Broken> {
        Self::write(batch, false, out).map(|()| true)
    }

    fn end(&mut self, _: &End, _: &mut Sink) -> Result<(), Broken> {
        Ok(())
    }

    fn fail(&mut self, _: &Problem, _: &mut Sink) -> bool {
        false
    }
}

/// An Arrow IPC stream.
#[derive(Default)]
pub(super) struct Arrow(Option<arrow_ipc::writer::StreamWriter<Vec<u8>>>);

impl Encode for Arrow {
    fn begin(&mut self, schema: &SchemaRef, _: &mut Sink) -> Result<(), Broken> {
        self.0 = Some(arrow_ipc::writer::StreamWriter::try_new(Vec::new(), schema)?);
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Sink) -> Result<bool, Broken> {
        if let Some(writer) = &mut self.0 {
            writer.write(batch)?;
            out.bytes(std::mem::take(writer.get_mut()).into())?;
        }
        Ok(true)
    }

    fn end(&mut self, _: &End, out: &mut Sink) -> Result<(), Broken> {
        if let Some(mut writer) = self.0.take() {
            writer.finish()?;
            out.bytes(std::mem::take(writer.get_mut()).into())?;
        }
        Ok(())
    }

    fn fail(&mut self, _: &Problem, _: &mut Sink) -> bool {
        false
    }
}

/// A Parquet file.
pub(super) struct Parquet {
    pub(super) state: Arc<State>,
    pub(super) file: Option<Box<dyn FileWriter>>,
}

impl Encode for Parquet {
    fn begin(&mut self, schema: &SchemaRef, _: &mut Sink) -> Result<(), Broken> {
        self.file = Some(self.state.collector.parquet(Arc::clone(schema))?);
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Sink) -> Result<bool, Broken> {
        if let Some(file) = &mut self.file {
            file.rows(batch)?;
            out.bytes(file.take())?;
        }
        Ok(true)
    }

    fn end(&mut self, _: &End, out: &mut Sink) -> Result<(), Broken> {
        if let Some(mut file) = self.file.take() {
            file.finish()?;
            out.bytes(file.take())?;
        }
        Ok(())
    }

    fn fail(&mut self, _: &Problem, _: &mut Sink) -> bool {
        false
    }
}
