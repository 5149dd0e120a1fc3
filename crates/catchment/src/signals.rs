use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// What the operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// SIGINT or SIGTERM: stop in order. A second one ends the process at once.
    Stop,
    /// SIGHUP: read the configuration again.
    Reload,
    /// Nothing, and the time is over.
    Nothing,
}

/// Turns signals into values.
///
/// What it owns: a thread that waits for signals. What bounds it: one wish waits at a time; another of the same kind says
/// nothing new. It ends with the process.
pub(crate) struct Operator {
    wishes: Receiver<Wish>,
}

impl Operator {
    /// From now on signals arrive here.
    pub(crate) fn listen() -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let (sender, wishes) = sync_channel(1);
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let mut stopping = false;
            for signal in &mut signals {
                if signal == SIGHUP {
                    let _ = sender.try_send(Wish::Reload);
                } else if std::mem::replace(&mut stopping, true) {
                    // Asked twice: whoever asks does not want to wait. 128 + the signal is what a shell expects.
                    std::process::exit(128 + signal);
                } else {
                    let _ = sender.send(Wish::Stop);
                }
            }
        })?;
        Ok(Self { wishes })
    }

    /// Waits for a wish, for at most so long.
    pub(crate) fn wait(&self, time: Duration) -> Wish {
        match self.wishes.recv_timeout(time) {
            Ok(wish) => wish,
            Err(RecvTimeoutError::Timeout) => Wish::Nothing,
            Err(RecvTimeoutError::Disconnected) => Wish::Stop,
        }
    }
}
