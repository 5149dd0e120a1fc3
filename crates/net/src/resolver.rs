use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use crate::event_loop::{Answer, Resolve};

/// Names resolved at once. A name whose server does not answer holds one of them for seconds.
const THREADS: usize = 16;

/// `getaddrinfo` needs some stack of its own; this is address space, touched only as needed.
const STACK_BYTES: usize = 512 * 1024;

/// Turns names into addresses on threads of its own, since `getaddrinfo` blocks.
///
/// What it owns: up to 16 threads, started when there is a question for them. What bounds it: a target asks one
/// question at a time, so there are never more questions than targets. It stops with the last handle: threads end after the
/// question they are at. A question that fails is answered with the error.
#[derive(Clone)]
pub(crate) struct Resolver {
    shared: Arc<Shared>,
    /// Told apart from the threads' own references: when the last of these goes, the threads end.
    _handle: Arc<Handle>,
}

struct Handle(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    questions: VecDeque<Question>,
    threads: usize,
    idle: usize,
    closed: bool,
}

struct Question {
    host: String,
    port: u16,
    answer: Answer,
}

impl Resolver {
    pub(crate) fn new() -> Self {
        let shared = Arc::new(Shared::default());
        Self { _handle: Arc::new(Handle(Arc::clone(&shared))), shared }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, host: &str, port: u16, answer: Answer) {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.questions.push_back(Question { host: host.to_owned(), port, answer });
        if state.idle == 0 && state.threads < THREADS {
            let shared = Arc::clone(&self.shared);
            let thread = thread::Builder::new().name("resolver".to_owned()).stack_size(STACK_BYTES);
            match thread.spawn(move || shared.work()) {
                Ok(_) => state.threads += 1,
                Err(error) if state.threads == 0 => {
                    // Nobody will ever answer: say so, and the target tries again later.
                    let questions = std::mem::take(&mut state.questions);
                    drop(state);
                    for question in questions {
                        (question.answer)(Err(io::Error::new(error.kind(), error.to_string())));
                    }
                    return;
                }
                Err(_) => {}
            }
        }
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn work(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.closed {
            let Some(question) = state.questions.pop_front() else {
                state.idle += 1;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
                continue;
            };
            drop(state);
            (question.answer)(addresses(&question.host, question.port));
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.0.changed.notify_all();
    }
}

/// All addresses, in the order of RFC 6724 that the system's resolver gives, each once.
fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in (host, port).to_socket_addrs()? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}
