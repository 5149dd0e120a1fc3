//! The collector's end of what is said between it and a worker, without a process: for the fuzz target.

use std::io::Read as _;

use record::Batch;

use crate::apply::{Part, apply};
use crate::codec::{Frames, Outcome};
use crate::worker::{Said, said};

/// Hears what a worker says, `chunk` bytes at most with each read, and does to the records what each answer says, as if it was given
/// all of them. Returns how many answers meant something.
pub fn hear(mut stream: &[u8], chunk: u64, batch: &mut Batch) -> usize {
    let (mut frames, mut answers) = (Frames::default(), 0);
    while frames.read(&mut stream.by_ref().take(chunk)).is_ok_and(|got| got > 0) {
        loop {
            match frames.next() {
                Ok(None) => break,
                Ok(Some(frame)) => {
                    if let Said::Result(body) = said(frame)
                        && let Ok(outcome) = Outcome::decode(&body, batch.len())
                    {
                        apply(batch, &[(0..batch.len(), Part::Done(outcome))]);
                        answers += 1;
                    }
                }
                Err(_) => return answers,
            }
        }
    }
    answers
}
