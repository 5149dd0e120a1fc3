//! Packed text, unpacked as it comes.

use std::io::{self, ErrorKind, Write};

use flate2::write::MultiGzDecoder;
use zstd::stream::raw::{DParameter, Decoder as RawDecoder, InBuffer, Operation as _, OutBuffer};

/// The largest window of zstd that is unpacked, 8 MiB: what RFC 9659 allows on the web, and `zstd -19` writes.
const WINDOW_LOG_MAX: u32 = 23;

/// So much is unpacked at once, in bytes.
const OUT_BYTES: usize = 64 << 10;

/// How text is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// RFC 1952; several members in a row are one text.
    Gzip,
    /// RFC 8878; several frames in a row are one text.
    Zstd,
}

impl Packing {
    /// What `Content-Encoding` calls it. An error for what nobody here can unpack.
    pub(crate) fn of_encoding(encoding: &str) -> Result<Option<Self>, String> {
        match encoding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(None),
            "gzip" | "x-gzip" => Ok(Some(Self::Gzip)),
            "zstd" => Ok(Some(Self::Zstd)),
            other => Err(format!("it is packed as `{other}`, which cannot be unpacked here")),
        }
    }

    /// What the name of a file says.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "gz" => Some(Self::Gzip),
            "zst" | "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// How a text begins that is packed so.
    fn magic(self) -> &'static [u8] {
        match self {
            Self::Gzip => &[0x1f, 0x8b],
            Self::Zstd => &[0x28, 0xb5, 0x2f, 0xfd],
        }
    }
}

/// Takes packed bytes and writes what is in them to `W`.
///
/// What it owns: the window of the format, at most 8 MiB, and one buffer. What bounds it: that; a byte may stand for a thousand, and
/// they are written 64 KiB at a time. It ends with [`Decoder::finish`]. What is damaged, or needs a larger window, is an error.
pub(crate) enum Decoder<W: Write> {
    Plain(W),
    /// The name says that it is packed. Whether it is, its first bytes decide: a server may have unpacked it.
    Named(Packing, Vec<u8>, Option<W>),
    Gzip(Box<MultiGzDecoder<W>>),
    Zstd(Box<Zstd<W>>),
}

impl<W: Write> Decoder<W> {
    pub(crate) fn new(packing: Option<Packing>, out: W) -> io::Result<Self> {
        Ok(match packing {
            None => Self::Plain(out),
            Some(Packing::Gzip) => Self::Gzip(Box::new(MultiGzDecoder::new(out))),
            Some(Packing::Zstd) => Self::Zstd(Box::new(Zstd::new(out)?)),
        })
    }

    /// For a file whose name says how it is packed.
    pub(crate) fn named(name: &str, out: W) -> Self {
        match Packing::of_name(name) {
            None => Self::Plain(out),
            Some(packing) => Self::Named(packing, Vec::new(), Some(out)),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.write_all(bytes),
            Self::Gzip(out) => out.write_all(bytes),
            Self::Zstd(out) => out.push(bytes),
            Self::Named(packing, head, _) => {
                let missing = packing.magic().len().saturating_sub(head.len()).min(bytes.len());
                let (first, rest) = bytes.split_at(missing);
                head.extend_from_slice(first);
                if head.len() == packing.magic().len() {
                    self.decide()?;
                    self.push(rest)?;
                }
                Ok(())
            }
        }
    }

    /// Nothing follows. The text must be whole. Returns where it was written to.
    pub(crate) fn finish(&mut self) -> io::Result<&mut W> {
        self.decide()?;
        match self {
            Self::Plain(out) => Ok(out),
            Self::Gzip(out) => {
                out.try_finish()?;
                Ok(out.get_mut())
            }
            Self::Zstd(out) => out.finish(),
            Self::Named(..) => Err(ErrorKind::Other.into()),
        }
    }

    fn decide(&mut self) -> io::Result<()> {
        let Self::Named(packing, head, out) = self else { return Ok(()) };
        let (packing, head) = (*packing, std::mem::take(head));
        let Some(out) = out.take() else { return Ok(()) };
        *self = Self::new((head == packing.magic()).then_some(packing), out)?;
        self.push(&head)
    }
}

impl<W: Write> Write for Decoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The same for zstd.
pub(crate) struct Zstd<W> {
    raw: RawDecoder<'static>,
    buffer: Box<[u8]>,
    /// A frame has begun and has not ended.
    within: bool,
    out: W,
}

impl<W: Write> Zstd<W> {
    fn new(out: W) -> io::Result<Self> {
        let mut raw = RawDecoder::new()?;
        raw.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        Ok(Self { raw, buffer: vec![0; OUT_BYTES].into(), within: false, out })
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut input = InBuffer::around(bytes);
        loop {
            let (before, mut output) = (input.pos(), OutBuffer::around(&mut self.buffer[..]));
            let expects = self.raw.run(&mut input, &mut output)?;
            let written = output.pos();
            self.out.write_all(&self.buffer[..written])?;
            // Without a byte it only says that it could take a frame.
            if input.pos() > before || written > 0 {
                self.within = expects > 0;
            }
            // A full buffer may have more behind it.
            if input.pos() == bytes.len() && written < self.buffer.len() {
                return Ok(());
            }
        }
    }

    fn finish(&mut self) -> io::Result<&mut W> {
        if self.within {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "the zstd data ends in the middle"));
        }
        Ok(&mut self.out)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::{Decoder, Packing};

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        zstd::encode_all(text, 3).unwrap()
    }

    fn through(decoder: Decoder<Vec<u8>>, packed: &[u8], cut: usize) -> std::io::Result<Vec<u8>> {
        let mut decoder = decoder;
        packed.chunks(cut.max(1)).try_for_each(|piece| decoder.push(piece))?;
        decoder.finish().map(std::mem::take)
    }

    proptest! {
        #[test]
        fn text_comes_back_however_it_is_packed_and_cut(
            texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..4),
            repeat in 1_usize..2000,
            cut in 1_usize..5000,
        ) {
            let texts: Vec<Vec<u8>> = texts.iter().map(|text| text.repeat(repeat)).collect();
            let whole = texts.concat();
            for (packing, pack) in [(Packing::Gzip, gzip as fn(&[u8]) -> Vec<u8>), (Packing::Zstd, zstd)] {
                // Several texts packed one by one are one.
                let packed: Vec<u8> = texts.iter().flat_map(|text| pack(text)).collect();
                let decoder = || Decoder::new(Some(packing), Vec::new()).unwrap();
                if !packed.is_empty() {
                    prop_assert_eq!(&through(decoder(), &packed, cut).unwrap(), &whole);
                    prop_assert!(through(decoder(), &packed[..packed.len() - 1], cut).is_err());
                }
                let name = if packing == Packing::Gzip { "a.log.gz" } else { "a.ZST" };
                prop_assert_eq!(&through(Decoder::named(name, Vec::new()), &packed, cut).unwrap(), &whole);
                let unpacked = [b"text ", &whole[..]].concat();
                prop_assert_eq!(&through(Decoder::named(name, Vec::new()), &unpacked, cut).unwrap(), &unpacked);
            }
            prop_assert_eq!(through(Decoder::named("a.log", Vec::new()), &whole, cut).unwrap(), whole);
        }
    }

    #[test]
    fn less_than_its_first_bytes_is_no_packed_text() {
        for text in [&b""[..], b"\x1f", b"x"] {
            assert_eq!(through(Decoder::named("a.gz", Vec::new()), text, 1).unwrap(), text);
        }
    }

    #[test]
    fn damage_is_an_error() {
        for (packing, mut packed) in [(Packing::Gzip, gzip(b"text")), (Packing::Zstd, zstd(b"text"))] {
            packed[0] ^= 0xff;
            assert!(through(Decoder::new(Some(packing), Vec::new()).unwrap(), &packed, 100).is_err());
        }
        assert!(Packing::of_encoding("br").unwrap_err().contains("`br`"));
        assert_eq!(Packing::of_encoding(" GZIP"), Ok(Some(Packing::Gzip)));
    }
}
