const ACK: &[u8] = b"ACK\n";

/// No line is longer: neither an ACK, nor one that [`said`] makes, nor a notice.
const LINE_BYTES_MAX: usize = 64;

/// The line that goes to all with this number.
pub(super) fn said(number: u64) -> String {
    format!("> {number}.")
}

/// What a peer reads: ACKs, and between them lines of others. It owns an unfinished line.
#[derive(Debug, Default)]
pub(super) struct Ears {
    line: Vec<u8>,
    /// The number of the line that follows, once one was heard.
    next: Option<u64>,
    /// A line came without its end: a notice must follow.
    cut: bool,
    /// Lines of others that came whole, and those that it was told of.
    pub(super) heard: u64,
    pub(super) missed: u64,
}

impl Ears {
    /// Takes a byte. Returns true when it completes an ACK.
    pub(super) fn hear(&mut self, byte: u8) -> Result<bool, String> {
        self.line.push(byte);
        if byte == b'\n' {
            let line = std::mem::take(&mut self.line);
            if line == ACK && !self.cut {
                return Ok(true);
            }
            self.hear_line(&String::from_utf8_lossy(&line[..line.len() - 1]))?;
        } else if self.line.len() > LINE_BYTES_MAX {
            return Err(format!(
                "read {:?}, which is nothing that is sent",
                String::from_utf8_lossy(&self.line)
            ));
        }
        Ok(false)
    }

    /// True when a part of an ACK has come.
    pub(super) fn is_amid_ack(&self) -> bool {
        self.line.first() == Some(&ACK[0])
    }

    fn hear_line(&mut self, line: &str) -> Result<(), String> {
        let notice = line.strip_prefix("# ").and_then(|rest| rest.split_once(" line")?.0.parse::<u64>().ok());
        if let Some(missed) = notice {
            (self.next, self.cut) = (self.next.map(|next| next + missed), false);
            self.missed += missed;
            return Ok(());
        }
        let number = line.strip_prefix("> ").and_then(|rest| rest.strip_suffix('.')?.parse::<u64>().ok());
        match (number, self.next) {
            (Some(number), next) if !self.cut && next.is_none_or(|next| next == number) => {
                self.next = Some(number + 1);
                self.heard += 1;
                Ok(())
            }
            (None, next) if !self.cut && next.is_none_or(|next| said(next).starts_with(line)) => {
                self.cut = true;
                Ok(())
            }
            (_, next) => Err(format!("read {line:?} where line {next:?} follows, cut before: {}", self.cut)),
        }
    }
}
