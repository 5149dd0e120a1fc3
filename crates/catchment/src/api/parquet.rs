use std::io;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use web::FileWriter;

use crate::read::parquet_properties;

/// A Parquet file in the making. What it owns: a row group, and what of the file was not taken yet.
struct Writer(ArrowWriter<Vec<u8>>);

/// Begins a Parquet file of rows like these.
pub(super) fn writer(schema: SchemaRef) -> io::Result<Box<dyn FileWriter>> {
    let writer = ArrowWriter::try_new(Vec::new(), schema, Some(parquet_properties()?)).map_err(into_io)?;
    Ok(Box::new(Writer(writer)))
}

impl FileWriter for Writer {
    fn rows(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.0.write(batch).map_err(into_io)
    }

    fn take(&mut self) -> bytes::Bytes {
        std::mem::take(self.0.inner_mut()).into()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.finish().map(drop).map_err(into_io)
    }
}

fn into_io(error: ParquetError) -> io::Error {
    io::Error::other(error)
}
