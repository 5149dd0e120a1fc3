/// What happened, as one number (FNV-1a): two runs of a seed that differ anywhere differ here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trace(u64);

impl Trace {
    pub(super) fn new(seed: u64) -> Self {
        let mut trace = Self(0xcbf2_9ce4_8422_2325);
        trace.note(seed);
        trace
    }

    pub(super) fn note(&mut self, what: u64) {
        self.note_bytes(&what.to_le_bytes());
    }

    pub(super) fn note_bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(super) fn hash(self) -> u64 {
        self.0
    }
}
