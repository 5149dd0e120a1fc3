//! Writes databases in MaxMind's format, version 2.0, for tests of what reads them.

use std::net::IpAddr;

/// A database of a few networks, of IPv6 with IPv4 within it.
#[derive(Debug)]
pub struct Mmdb {
    /// For each node where a bit of 0 leads, and one of 1.
    nodes: Vec<[Leads; 2]>,
    data: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Leads {
    Nowhere,
    ToNode(usize),
    /// A place in the data.
    ToEntry(usize),
}

/// What is known of a network, or a part of that.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Entry {
    Text(String),
    Double(f64),
    Number(u32),
    Map(Vec<(&'static str, Entry)>),
}

const TEXT: u8 = 2;
const DOUBLE: u8 = 3;
const NUMBER_16: u8 = 5;
const NUMBER_32: u8 = 6;
const MAP: u8 = 7;
const NUMBER_64: u8 = 9;
const ARRAY: u8 = 11;
/// Where the data begins, seen from behind the nodes.
const SEPARATOR_BYTES: usize = 16;

impl Entry {
    /// As databases of cities have it.
    pub fn city(country: &str, continent: &str, city: &str, latitude: f64, longitude: f64) -> Self {
        let text = |text: &str| Self::Text(text.to_owned());
        let names =
            |name: &str| Self::Map(vec![("names", Self::Map(vec![("de", text("?")), ("en", text(name))]))]);
        Self::Map(vec![
            ("city", names(city)),
            ("continent", Self::Map(vec![("code", text(continent)), ("geoname_id", Self::Number(1))])),
            ("country", Self::Map(vec![("iso_code", text(country))])),
            (
                "location",
                Self::Map(vec![("latitude", Self::Double(latitude)), ("longitude", Self::Double(longitude))]),
            ),
        ])
    }

    /// As databases of autonomous systems have it.
    pub fn asn(number: u32, organisation: &str) -> Self {
        Self::Map(vec![
            ("autonomous_system_number", Self::Number(number)),
            ("autonomous_system_organization", Self::Text(organisation.to_owned())),
        ])
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => write_text(text, out),
            Self::Double(number) => {
                head(DOUBLE, 8, out);
                out.extend(number.to_be_bytes());
            }
            Self::Number(number) => write_number(NUMBER_32, (*number).into(), out),
            Self::Map(entries) => {
                head(MAP, entries.len(), out);
                for (name, entry) in entries {
                    write_text(name, out);
                    entry.write(out);
                }
            }
        }
    }
}

impl Default for Mmdb {
    fn default() -> Self {
        Self::new()
    }
}

impl Mmdb {
    /// One that knows nothing.
    pub fn new() -> Self {
        Self { nodes: vec![[Leads::Nowhere; 2]], data: Vec::new() }
    }

    /// Knows something of a network: of the first `bits` of `address`.
    ///
    /// # Panics
    /// When that is no address, or lies within a network that is known already.
    #[must_use]
    pub fn put(mut self, address: &str, bits: u32, entry: &Entry) -> Self {
        let (number, bits) = match address.parse().expect("an address") {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 96 + bits),
            IpAddr::V6(address) => (u128::from(address), bits),
        };
        let place = self.data.len();
        entry.write(&mut self.data);
        let mut node = 0;
        for depth in 0..bits {
            let side = (number >> (127 - depth)) as usize & 1;
            if depth + 1 == bits {
                self.nodes[node][side] = Leads::ToEntry(place);
            } else {
                node = match self.nodes[node][side] {
                    Leads::ToNode(next) => next,
                    Leads::Nowhere => {
                        self.nodes.push([Leads::Nowhere; 2]);
                        self.nodes[node][side] = Leads::ToNode(self.nodes.len() - 1);
                        self.nodes.len() - 1
                    }
                    Leads::ToEntry(_) => panic!("`{address}` lies within another network"),
                };
            }
        }
        self
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> Vec<u8> {
        let count = self.nodes.len();
        let mut out = Vec::new();
        for leads in self.nodes.iter().flatten() {
            let record = match leads {
                Leads::Nowhere => count,
                Leads::ToNode(node) => *node,
                Leads::ToEntry(place) => count + SEPARATOR_BYTES + place,
            };
            out.extend(&(record as u32).to_be_bytes()[1..]);
        }
        out.extend([0; SEPARATOR_BYTES]);
        out.extend(&self.data);
        out.extend(b"\xab\xcd\xefMaxMind.com");
        head(MAP, 9, &mut out);
        for (name, kind, number) in [
            ("binary_format_major_version", NUMBER_16, 2),
            ("binary_format_minor_version", NUMBER_16, 0),
            ("build_epoch", NUMBER_64, 1_795_348_800),
            ("ip_version", NUMBER_16, 6),
            ("node_count", NUMBER_32, count as u64),
            ("record_size", NUMBER_16, 24),
        ] {
            write_text(name, &mut out);
            write_number(kind, number, &mut out);
        }
        write_text("database_type", &mut out);
        write_text("Test-City", &mut out);
        write_text("description", &mut out);
        head(MAP, 0, &mut out);
        write_text("languages", &mut out);
        head(ARRAY, 1, &mut out);
        write_text("en", &mut out);
        out
    }
}

/// The byte before a value: its kind and its length; kinds above 7 have a second one.
fn head(kind: u8, length: usize, out: &mut Vec<u8>) {
    assert!(length < 29, "tests need no longer ones");
    if kind > 7 {
        out.extend([length as u8, kind - 7]);
    } else {
        out.push(kind << 5 | length as u8);
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    if text.len() < 29 {
        head(TEXT, text.len(), out);
    } else {
        assert!(text.len() < 29 + 256, "tests need no longer ones");
        out.extend([TEXT << 5 | 29, (text.len() - 29) as u8]);
    }
    out.extend(text.as_bytes());
}

/// Without the zeros at its front.
fn write_number(kind: u8, number: u64, out: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    head(kind, bytes.len() - zeros, out);
    out.extend(&bytes[zeros..]);
}
