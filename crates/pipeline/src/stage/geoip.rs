use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maxminddb::{MaxMindDbError, Reader};
use record::{Batch, Value};
use serde::{Deserialize, Serialize};

use super::failures::Failures;
use super::loaded::{Loaded, Shelf};
use super::lookup::{self, Key, Missing};
use super::{BadStage, StageCounts};

/// Gives each record what a database in the format of MaxMind says of an address: `country`, `city`, `continent`, `latitude`,
/// `longitude`, `asn` and `organisation`, as far as it knows. The database is read again when its file has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Geoip {
    /// The file, such as `GeoLite2-City.mmdb`.
    pub database: PathBuf,
    /// Where the address is, perhaps with a port.
    pub key: Key,
    /// What comes before the names of the fields.
    pub prefix: String,
    /// What becomes of a record without an address, or with one that is not known.
    pub missing: Missing,
    /// The largest file that is read: it is held in memory.
    pub bytes_max: usize,
}

type Database = Reader<Vec<u8>>;

static DATABASES: Shelf<(PathBuf, usize), Database> = Shelf::new();

/// [`Geoip`] at work. Shares the database with all that are told the same.
#[derive(Debug)]
pub(super) struct Locator {
    told: Geoip,
    database: Arc<Loaded<Database>>,
    names: Names,
    changed: u64,
    failures: Failures,
}

/// The names of the fields, with their prefix.
#[derive(Debug)]
struct Names {
    country: String,
    city: String,
    continent: String,
    latitude: String,
    longitude: String,
    asn: String,
    organisation: String,
}

/// What is wanted of an entry. Databases that know only part of it have only part of it.
#[derive(Debug, Default, Deserialize)]
struct Place<'d> {
    #[serde(borrow, default)]
    city: Named<'d>,
    #[serde(borrow, default)]
    continent: Continent<'d>,
    #[serde(borrow, default)]
    country: Country<'d>,
    #[serde(default)]
    location: Location,
    autonomous_system_number: Option<u32>,
    #[serde(borrow)]
    autonomous_system_organization: Option<&'d str>,
}

#[derive(Debug, Default, Deserialize)]
struct Named<'d> {
    #[serde(borrow, default)]
    names: English<'d>,
}

#[derive(Debug, Default, Deserialize)]
struct English<'d> {
    #[serde(borrow)]
    en: Option<&'d str>,
}

#[derive(Debug, Default, Deserialize)]
struct Continent<'d> {
    #[serde(borrow)]
    code: Option<&'d str>,
}

#[derive(Debug, Default, Deserialize)]
struct Country<'d> {
    #[serde(borrow)]
    iso_code: Option<&'d str>,
}

#[derive(Debug, Default, Deserialize)]
struct Location {
    latitude: Option<f64>,
    longitude: Option<f64>,
}

impl Geoip {
    /// The most memory that it may need: for the database, and for the one that replaces it.
    pub(super) fn memory_bytes(&self) -> u64 {
        2 * self.bytes_max as u64
    }
}

impl Locator {
    pub(super) fn new(told: &Geoip) -> Result<Self, BadStage> {
        let name = |name: &str| format!("{}{name}", told.prefix);
        if told.prefix.len() > 200 {
            return Err(BadStage::Name);
        }
        let key = (told.database.clone(), told.bytes_max);
        let loaded = DATABASES.get(&key, &told.database, load(told.bytes_max));
        Ok(Self {
            told: told.clone(),
            database: loaded.map_err(BadStage::File)?,
            names: Names {
                country: name("country"),
                city: name("city"),
                continent: name("continent"),
                latitude: name("latitude"),
                longitude: name("longitude"),
                asn: name("asn"),
                organisation: name("organisation"),
            },
            changed: 0,
            failures: Failures::default(),
        })
    }

    pub(super) fn apply(&mut self, batch: &mut Batch) {
        let database = self.database.get(load(self.told.bytes_max));
        for index in 0..batch.len() {
            let record = batch.get(index);
            let text = match &self.told.key {
                Key::Source => Some(record.source()),
                Key::Peer => Some(record.peer()),
                Key::Field(name) => match record.field(name) {
                    Some(Value::Str(text)) => Some(text),
                    _ => None,
                },
            };
            match self.find(&database, text) {
                Ok(place) => {
                    self.changed += 1;
                    self.names.give(&place, batch, index);
                }
                Err(reason) if self.told.missing == Missing::Mark => {
                    self.failures.mark(batch, index, "geoip", &reason);
                }
                Err(_) => {}
            }
        }
    }

    pub(super) fn tell(&self, counts: &mut StageCounts) {
        counts.changed = self.changed;
        counts.trouble = self.database.trouble();
        self.failures.tell(counts);
    }

    fn find<'d>(&self, database: &'d Database, text: Option<&str>) -> Result<Place<'d>, String> {
        let name = self.told.key.name();
        let text = text.ok_or_else(|| format!("the record has no text `{name}`"))?;
        let address = lookup::address(text).ok_or_else(|| format!("`{name}` is no IP address: `{text}`"))?;
        match place(database, address) {
            Ok(Some(place)) => Ok(place),
            Ok(None) => Err(format!("the database does not know `{address}`")),
            Err(error) => Err(format!("the database cannot be read at `{address}`: {error}")),
        }
    }
}

fn place(database: &Database, address: IpAddr) -> Result<Option<Place<'_>>, MaxMindDbError> {
    if address.is_ipv6() && database.metadata().ip_version == 4 {
        return Ok(None);
    }
    database.lookup(address)?.decode()
}

impl Names {
    fn give(&self, place: &Place<'_>, batch: &mut Batch, index: usize) {
        for (name, value) in [
            (&self.country, place.country.iso_code.map(Value::Str)),
            (&self.city, place.city.names.en.map(Value::Str)),
            (&self.continent, place.continent.code.map(Value::Str)),
            (&self.latitude, place.location.latitude.map(Value::Float)),
            (&self.longitude, place.location.longitude.map(Value::Float)),
            (&self.asn, place.autonomous_system_number.map(|number| Value::Int(number.into()))),
            (&self.organisation, place.autonomous_system_organization.map(Value::Str)),
        ] {
            if let Some(value) = value {
                batch.set_field(index, name, value);
            }
        }
    }
}

fn load(bytes_max: usize) -> impl Fn(File, &Path) -> Result<Database, String> {
    move |mut file, path| {
        let told = |wrong: String| format!("`{}`: {wrong}", path.display());
        let cannot = |error| told(format!("it cannot be read: {error}"));
        let bytes = file.metadata().map_err(cannot)?.len();
        if bytes > bytes_max as u64 {
            return Err(told(format!(
                "it has {bytes} bytes, more than `bytes_max`, which is {bytes_max}: raise that"
            )));
        }
        let mut buffer = Vec::with_capacity(bytes as usize);
        file.by_ref().take(bytes).read_to_end(&mut buffer).map_err(cannot)?;
        Reader::from_source(buffer)
            .map_err(|error| told(format!("it is no database of MaxMind's format: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use record::{Batch, Line, LineFlags, Micros, Position, Value};
    use testkit::mmdb::{Entry, Mmdb};

    use super::super::StageCounts;
    use super::{BadStage, Geoip, Key, Locator, Missing};

    fn told(dir: &tempfile::TempDir, bytes: &[u8]) -> Geoip {
        let database = dir.path().join("geo.mmdb");
        std::fs::write(&database, bytes).unwrap();
        let key = Key::Field("client".to_owned());
        Geoip { database, key, prefix: "geo.".to_owned(), missing: Missing::Mark, bytes_max: 1 << 20 }
    }

    fn located(told: &Geoip, client: Value<'_>) -> Vec<(String, String)> {
        let mut batch = Batch::new();
        let (position, received, flags) = (Position(1), Micros(1), LineFlags::default());
        batch.push(&Line { position, received, source: "s", peer: "[2001:db8::7]:9", bytes: b"x", flags });
        batch.set_field(0, "client", client);
        let mut locator = Locator::new(told).unwrap();
        locator.apply(&mut batch);
        let mut counts = StageCounts::default();
        locator.tell(&mut counts);
        assert_eq!(
            counts.changed + counts.failed,
            u64::from(told.missing == Missing::Mark || counts.changed > 0)
        );
        let shown = |(name, value): (&str, Value<'_>)| (name.to_owned(), format!("{value:?}"));
        batch.get(0).fields().skip(1).map(shown).collect()
    }

    fn database() -> Vec<u8> {
        Mmdb::new()
            .put("81.2.69.0", 24, &Entry::city("GB", "EU", "London", 51.5142, -0.0931))
            .put("10.1.0.0", 16, &Entry::asn(64_512, "Example & Co."))
            .put("2001:db8::", 32, &Entry::city("SE", "EU", "Link\u{f6}ping", 58.4167, 15.6167))
            .bytes()
    }

    #[test]
    fn what_the_database_knows_becomes_fields() {
        let dir = tempfile::tempdir().unwrap();
        let told = told(&dir, &database());
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let london = [
            field("geo.country", "Str(\"GB\")"),
            field("geo.city", "Str(\"London\")"),
            field("geo.continent", "Str(\"EU\")"),
            field("geo.latitude", "Float(51.5142)"),
            field("geo.longitude", "Float(-0.0931)"),
        ];
        for text in ["81.2.69.142", "81.2.69.142:443", "::ffff:81.2.69.1"] {
            assert_eq!(located(&told, Value::Str(text)), london, "{text}");
        }
        let asn = [field("geo.asn", "Int(64512)"), field("geo.organisation", "Str(\"Example & Co.\")")];
        assert_eq!(located(&told, Value::Str("10.1.2.3")), asn);
        let peer = Geoip { key: Key::Peer, ..told };
        assert!(located(&peer, Value::Int(1)).contains(&field("geo.city", "Str(\"Link\u{f6}ping\")")));
    }

    #[test]
    fn what_is_no_address_or_unknown_is_marked_or_kept() {
        let dir = tempfile::tempdir().unwrap();
        let mut told = told(&dir, &database());
        for (value, reason) in [
            (Value::Str("192.0.2.1"), "the database does not know `192.0.2.1`"),
            (Value::Str("gw-1:514"), "`client` is no IP address: `gw-1:514`"),
            (Value::Int(7), "the record has no text `client`"),
        ] {
            told.missing = Missing::Mark;
            let fields = located(&told, value);
            assert_eq!(fields[1], ("error.reason".to_owned(), format!("Str({reason:?})")));
            told.missing = Missing::Keep;
            assert!(located(&told, value).is_empty());
        }
    }

    #[test]
    fn what_is_no_database_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let whole = database();
        for bytes in [&b"nothing"[..], &whole[..whole.len() / 2]] {
            let Err(BadStage::File(wrong)) = Locator::new(&told(&dir, bytes)) else { panic!("it is read") };
            assert!(wrong.contains("geo.mmdb`: it is no database"), "{wrong}");
        }
        let small = Geoip { bytes_max: 10, ..told(&dir, &whole) };
        let Err(BadStage::File(wrong)) = Locator::new(&small) else { panic!("it is read") };
        assert!(wrong.contains("more than `bytes_max`, which is 10"), "{wrong}");
    }

    /// Whatever is in the file: an answer, or a reason.
    #[test]
    fn a_damaged_database_ends_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let whole = database();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            let told = told(&dir, &damaged);
            if Locator::new(&told).is_ok() {
                located(&told, Value::Str("81.2.69.142"));
                located(&told, Value::Str("2001:db8::1"));
            }
        }
    }
}
