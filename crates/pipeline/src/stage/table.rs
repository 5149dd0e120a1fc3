use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};
use record::Value;

use super::lookup::write_key;

/// A name of a field has at most so many bytes.
const NAME_BYTES_MAX: usize = 255;
const COLUMNS_MAX: usize = 1024;

/// What of a CSV file becomes a [`Table`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// The column that has the keys; the first one without.
    pub(super) key: Option<String>,
    /// The columns that become fields; all others without.
    pub(super) fields: Vec<String>,
    /// What comes before a column's name.
    pub(super) prefix: String,
    /// The most memory that the table may take.
    pub(super) bytes_max: usize,
}

/// The rows of a CSV file, by their keys.
///
/// What it owns: one arena of all cells, and a hash index of four-byte places in it, with a quarter of them free. `bytes_max` bounds
/// both together; a file that needs more is refused. A row is its line in the file, its key, and its cells, each a tag and a value.
#[derive(Debug)]
pub(super) struct Table {
    names: Vec<String>,
    arena: Vec<u8>,
    /// Where each row begins, plus one; 0 is free. Their number is a power of two.
    slots: Vec<u32>,
    hasher: RandomState,
}

const EMPTY: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;
const TEXT: u8 = 5;

impl Table {
    /// Reads a file whose first row names the columns.
    ///
    /// # Errors
    /// What is wrong with it, with its name and the line.
    pub(super) fn read(file: File, path: &Path, columns: &Columns) -> Result<Self, String> {
        let told = |wrong: String| format!("`{}`: {wrong}", path.display());
        let bytes = file.metadata().map_or(0, |metadata| metadata.len());
        if bytes > columns.bytes_max as u64 {
            return Err(told(too_large(&format!("it has {bytes} bytes"), columns)));
        }
        let mut rows =
            ReaderBuilder::new().flexible(true).has_headers(false).trim(Trim::All).from_reader(file);
        let mut row = StringRecord::new();
        let next = |rows: &mut csv::Reader<File>, row: &mut StringRecord| {
            rows.read_record(row).map_err(|error| told(broken(&error)))
        };
        if !next(&mut rows, &mut row)? {
            return Err(told("it is empty: its first row is to name the columns".to_owned()));
        }
        let header = row.clone();
        let (key, fields) = places(&header, columns).map_err(told)?;
        let names = fields.iter().map(|field| format!("{}{}", columns.prefix, &header[*field])).collect();
        let mut table = Self { names, arena: Vec::new(), slots: Vec::new(), hasher: RandomState::new() };
        let mut count = 0_usize;
        while next(&mut rows, &mut row)? {
            let line = row.position().map_or(0, csv::Position::line);
            if row.len() != header.len() {
                let (cells, named) = (row.len(), header.len());
                return Err(told(format!("line {line} has {cells} cells, and the first row names {named}")));
            }
            if row[key].is_empty() {
                return Err(told(format!("line {line} has no key: its `{}` is empty", &header[key])));
            }
            table.push(line, &row[key], fields.iter().map(|field| &row[*field]));
            count += 1;
            if table.arena.len() + slots(count) * size_of::<u32>() > columns.bytes_max {
                return Err(told(too_large(&format!("up to line {line} it takes more memory"), columns)));
            }
        }
        table.index(count).map_err(told)?;
        Ok(table)
    }

    /// The names of the fields.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The values of the row with this key, in the order of the names; `None` for an empty cell.
    pub(super) fn row<'t>(&'t self, key: &str) -> Option<impl Iterator<Item = Option<Value<'t>>> + use<'t>> {
        let mut slot = self.slot(key);
        loop {
            let mut at = (*self.slots.get(slot)?).checked_sub(1)? as usize + size_of::<u32>();
            if self.text(&mut at) == key {
                return Some(self.names.iter().map(move |_| self.value(&mut at)));
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    fn push<'c>(&mut self, line: u64, key: &str, cells: impl Iterator<Item = &'c str>) {
        self.arena.extend((line as u32).to_le_bytes());
        let mut canonical = String::new();
        write_key(Value::Str(key), &mut canonical);
        self.push_text(&canonical);
        for cell in cells {
            match parse::typed_value(cell) {
                Value::Str("") => self.arena.push(EMPTY),
                Value::Bool(value) => self.arena.push(if value { TRUE } else { FALSE }),
                Value::Int(value) | Value::Time(value) => {
                    self.arena.push(INT);
                    self.arena.extend(value.to_le_bytes());
                }
                Value::Float(value) => {
                    self.arena.push(FLOAT);
                    self.arena.extend(value.to_le_bytes());
                }
                Value::Str(text) => {
                    self.arena.push(TEXT);
                    self.push_text(text);
                }
            }
        }
    }

    /// The length, seven bits a byte, the lowest first, and the text.
    fn push_text(&mut self, text: &str) {
        let mut length = text.len();
        while length >= 0x80 {
            self.arena.push(length as u8 | 0x80);
            length >>= 7;
        }
        self.arena.push(length as u8);
        self.arena.extend(text.as_bytes());
    }

    /// Finds a slot for each row.
    fn index(&mut self, rows: usize) -> Result<(), String> {
        self.arena.shrink_to_fit();
        self.slots = vec![0; slots(rows)];
        let mut at = 0;
        for _ in 0..rows {
            let start = at;
            at += size_of::<u32>();
            let key = self.text(&mut at).to_owned();
            for _ in 0..self.names.len() {
                self.value(&mut at);
            }
            let mut slot = self.slot(&key);
            while let Some(other) = self.slots[slot].checked_sub(1) {
                if self.text(&mut (other as usize + size_of::<u32>())) == key {
                    let (line, earlier) = (self.line(start), self.line(other as usize));
                    return Err(format!("line {line} has the key `{key}`, which line {earlier} has already"));
                }
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            self.slots[slot] = start as u32 + 1;
        }
        Ok(())
    }

    fn slot(&self, key: &str) -> usize {
        self.hasher.hash_one(key) as usize & self.slots.len().wrapping_sub(1)
    }

    fn line(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(&mut { at }))
    }

    fn value(&self, at: &mut usize) -> Option<Value<'_>> {
        let [tag] = self.bytes(at);
        match tag {
            FALSE | TRUE => Some(Value::Bool(tag == TRUE)),
            INT => Some(Value::Int(i64::from_le_bytes(self.bytes(at)))),
            FLOAT => Some(Value::Float(f64::from_le_bytes(self.bytes(at)))),
            TEXT => Some(Value::Str(self.text(at))),
            _ => None,
        }
    }

    fn text(&self, at: &mut usize) -> &str {
        let (mut length, mut shift) = (0, 0);
        loop {
            let [byte] = self.bytes(at);
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        let from = *at;
        *at += length;
        // It was text when it was put in.
        std::str::from_utf8(&self.arena[from..*at]).unwrap_or_default()
    }

    fn bytes<const N: usize>(&self, at: &mut usize) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.arena[*at..*at + N]);
        *at += N;
        bytes
    }
}

/// So many slots for so many rows: a power of two, with a quarter free.
fn slots(rows: usize) -> usize {
    (rows * 4).div_ceil(3).next_power_of_two()
}

/// Where the key is, and where the fields are.
fn places(header: &StringRecord, columns: &Columns) -> Result<(usize, Vec<usize>), String> {
    if header.len() > COLUMNS_MAX {
        return Err(format!("it has {} columns, more than {COLUMNS_MAX}", header.len()));
    }
    for (index, name) in header.iter().enumerate() {
        if name.is_empty() {
            return Err(format!("column {} has no name in the first row", index + 1));
        }
        if header.iter().take(index).any(|earlier| earlier == name) {
            return Err(format!("two columns are called `{name}`"));
        }
    }
    let find = |name: &String| {
        let found = header.iter().position(|column| column == name);
        let all = || header.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        found.ok_or_else(|| format!("it has no column `{name}`: there are {}", all()))
    };
    let key = columns.key.as_ref().map_or(Ok(0), find)?;
    let fields = match columns.fields[..] {
        [] => (0..header.len()).filter(|column| *column != key).collect(),
        ref names => names.iter().map(find).collect::<Result<Vec<_>, _>>()?,
    };
    if fields.is_empty() {
        return Err("it has no column but the key: there is nothing to look up".to_owned());
    }
    for name in fields.iter().map(|field| format!("{}{}", columns.prefix, &header[*field])) {
        if super::set::is_own(&name) {
            return Err(format!("`{name}` is what every record has: choose a `prefix`, such as `host.`"));
        }
        if name.len() > NAME_BYTES_MAX {
            return Err(format!("the name `{name}` is longer than {NAME_BYTES_MAX} bytes"));
        }
    }
    Ok((key, fields))
}

fn too_large(what: &str, columns: &Columns) -> String {
    format!("{what}, more than `bytes_max`, which is {}: raise that, or shorten the table", columns.bytes_max)
}

fn broken(error: &csv::Error) -> String {
    let line = error.position().map(csv::Position::line);
    let what = match error.kind() {
        ErrorKind::Utf8 { .. } => "it is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    };
    match line {
        Some(line) => format!("line {line}: {what}"),
        None => what,
    }
}
