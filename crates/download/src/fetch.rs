//! What is behind a URL, fetched until all of it is here.

use std::cell::RefCell;
use std::error::Error as _;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use record::backoff;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};
use tokio::runtime::{Builder, Runtime};

use crate::DownloadError;
use crate::answer::{Answer, Asked, text};
use crate::checkpoint::{Place, Validator};
use crate::decode::{Decoder, Packing};
use crate::shared::Shared;
use crate::sink::Sink;

/// Redirects that are followed for one request.
const REDIRECTS_MAX: usize = 10;

/// How long connecting, and how long a silence, may last.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// So many attempts in a row may bring nothing.
const ATTEMPTS: u32 = 10;
const BACKOFF_MIN: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// Fetches a URL into the sink.
///
/// What it owns: an HTTP client on a runtime of its own, which has no thread beside this one, and what unpacks. What bounds it: what the
/// client reads at once, less than 1 MiB, and what unpacking needs; while the sink waits, nothing is read. It stops when everything
/// is given, or when the collector is gone. When an attempt fails it goes on where it was, after a [`backoff`], and gives up after
/// [`ATTEMPTS`] that brought nothing.
pub(crate) struct Fetch {
    url: Url,
    name: String,
    runtime: Runtime,
    client: Client,
    out: Out,
    shared: Arc<Shared>,
    known: Validator,
    /// All of it was here already when this began.
    complete: bool,
    body: Option<Body>,
    /// The present attempt has brought something.
    brought: bool,
    random: fastrand::Rng,
}

/// What is being received.
struct Body {
    /// Bytes of it that came, as they are sent.
    came: u64,
    decoder: Decoder<Decoder<Out>>,
}

/// The sink, below whatever unpacks.
#[derive(Clone)]
struct Out(Rc<RefCell<Sink>>);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why an attempt did not bring everything.
enum Trouble {
    /// Another one may.
    Passing(String),
    Final(DownloadError),
}

impl Fetch {
    pub(crate) fn new(
        url: Url,
        name: String,
        sink: Sink,
        shared: Arc<Shared>,
        place: Option<Place>,
    ) -> Result<Self, DownloadError> {
        let failed = |why: String| DownloadError::Start { name: name.clone(), why };
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| failed(error.to_string()))?;
        let client = Client::builder()
            .redirect(Policy::limited(REDIRECTS_MAX))
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .user_agent(concat!("catchment/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| failed(why(&error)))?;
        let out = Out(Rc::new(RefCell::new(sink)));
        let mut fetch = Self {
            url,
            name,
            runtime,
            client,
            out,
            shared,
            known: Validator::default(),
            complete: false,
            body: None,
            brought: false,
            random: fastrand::Rng::new(),
        };
        if let Some(place) = place {
            fetch.known = place.validator;
            fetch.complete = place.complete;
            if !place.packed && !place.complete && place.offset > 0 {
                let decoder = fetch.decoder(None).map_err(|error| DownloadError::Start {
                    name: fetch.name.clone(),
                    why: error.to_string(),
                })?;
                fetch.body = Some(Body { came: place.offset, decoder });
            }
            fetch.shared.update(|state| {
                (state.validator, state.packed) = (fetch.known.clone(), place.packed);
                state.received = fetch.body.as_ref().map_or(0, |body| body.came);
            });
        }
        Ok(fetch)
    }

    pub(crate) fn run(mut self) -> Result<(), DownloadError> {
        let mut failures = 0;
        loop {
            self.brought = false;
            let trouble = match self.attempt() {
                Ok(()) => break,
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Passing(why)) => why,
            };
            if self.brought {
                failures = 0;
            }
            failures += 1;
            if failures >= ATTEMPTS {
                return Err(DownloadError::GaveUp { name: self.name, attempts: failures, why: trouble });
            }
            let wait = backoff(failures - 1, BACKOFF_MIN, BACKOFF_MAX, self.random.u64(..));
            tracing::warn!(url = self.name, why = trouble, ?wait, "interrupted: tried again");
            self.shared.update(|state| state.trouble = Some(trouble));
            if !self.shared.pause(wait) {
                return Err(self.stopped());
            }
        }
        self.out.0.borrow_mut().complete().map_err(|_| self.stopped())
    }

    fn came(&self) -> u64 {
        self.body.as_ref().map_or(0, |body| body.came)
    }

    fn attempt(&mut self) -> Result<(), Trouble> {
        let (from, request) = self.request();
        // Within the runtime: sending begins with a timer.
        let sent = self.runtime.block_on(async { request.send().await });
        let response = sent.map_err(|error| self.failed(&error))?;
        let asked = Asked { from, known: &self.known, complete: self.complete };
        match Answer::read(response.status(), response.headers(), asked) {
            Answer::Rest { total } => self.shared.update(|state| state.total = total),
            Answer::Whole { validator, same, total } => self.begin(&response, validator, same, total)?,
            Answer::Nothing => return self.finish(),
            Answer::Changed => {
                self.known = Validator::default();
                return Err(Trouble::Passing("what is there is another text now".to_owned()));
            }
            Answer::Later(why) => return Err(Trouble::Passing(why)),
            Answer::Never(why) => {
                return Err(Trouble::Final(DownloadError::Refused { name: self.name.clone(), why }));
            }
        }
        self.receive(response)?;
        self.finish()
    }

    /// Asks for what is not here. Returns from which byte on.
    fn request(&self) -> (u64, RequestBuilder) {
        // What is not packed can be gone on with after a restart as well.
        let request =
            self.client.get(self.url.clone()).header(ACCEPT_ENCODING, "identity, gzip;q=0.5, zstd;q=0.5");
        if self.complete {
            let request = match &self.known.etag {
                Some(tag) => request.header(IF_NONE_MATCH, tag),
                None => request,
            };
            return (
                0,
                match &self.known.modified {
                    Some(date) => request.header(IF_MODIFIED_SINCE, date),
                    None => request,
                },
            );
        }
        match (self.came(), self.known.if_range()) {
            (came @ 1.., Some(validator)) => {
                (came, request.header(RANGE, format!("bytes={came}-")).header(IF_RANGE, validator))
            }
            _ => (0, request),
        }
    }

    /// A text comes from its beginning.
    fn begin(
        &mut self,
        response: &Response,
        validator: Validator,
        same: bool,
        total: Option<u64>,
    ) -> Result<(), Trouble> {
        let encoding = text(response.headers(), &CONTENT_ENCODING).unwrap_or_default();
        let packing = Packing::of_encoding(&encoding)
            .map_err(|why| Trouble::Final(DownloadError::Refused { name: self.name.clone(), why }))?;
        // What unpacks gives the last of what it has when it goes.
        self.body = None;
        let given = self.shared.lock().flight.given();
        if given > 0 && same {
            tracing::info!(
                url = self.name,
                bytes = given,
                "what is here already is received again, and not taken again"
            );
            self.out.0.borrow_mut().skip_given();
        } else if given > 0 {
            let why = if validator == Validator::default() {
                "it cannot be resumed, since the server says neither ETag nor Last-Modified"
            } else {
                "it has changed meanwhile"
            };
            tracing::warn!(url = self.name, "{why}: starts again from its beginning");
            self.out.0.borrow_mut().begin_anew().map_err(|_| Trouble::Final(self.stopped()))?;
        }
        let decoder = self.decoder(packing).map_err(|error| self.cannot_unpack(error))?;
        self.body = Some(Body { came: 0, decoder });
        self.complete = false;
        let packed = packing.is_some() || Packing::of_name(self.url.path()).is_some();
        self.shared.update(|state| {
            (state.validator, state.packed) = (validator.clone(), packed);
            (state.received, state.total) = (0, total);
        });
        self.known = validator;
        Ok(())
    }

    fn decoder(&self, packing: Option<Packing>) -> io::Result<Decoder<Decoder<Out>>> {
        Decoder::new(packing, Decoder::named(self.url.path(), self.out.clone()))
    }

    fn receive(&mut self, mut response: Response) -> Result<(), Trouble> {
        loop {
            let chunk = self.runtime.block_on(response.chunk()).map_err(|error| self.failed(&error))?;
            let (Some(chunk), Some(body)) = (chunk, &mut self.body) else { return Ok(()) };
            body.came += chunk.len() as u64;
            self.brought = true;
            let came = body.came;
            if let Err(error) = body.decoder.push(&chunk) {
                return Err(self.cannot_unpack(error));
            }
            self.shared.update(|state| (state.received, state.trouble) = (came, None));
        }
    }

    /// All bytes are here.
    fn finish(&mut self) -> Result<(), Trouble> {
        if let Some(body) = &mut self.body {
            let finished = body.decoder.finish().and_then(|inner| inner.finish().map(|_| ()));
            if let Err(error) = finished {
                return Err(self.cannot_unpack(error));
            }
        }
        if self.out.0.borrow().is_behind() {
            (self.body, self.known) = (None, Validator::default());
            return Err(Trouble::Passing("it has become shorter".to_owned()));
        }
        Ok(())
    }

    fn failed(&self, error: &reqwest::Error) -> Trouble {
        let why = why(error);
        if error.is_redirect() || error.is_builder() {
            return Trouble::Final(DownloadError::Refused { name: self.name.clone(), why });
        }
        Trouble::Passing(why)
    }

    /// Unpacking failed, or there is nobody any more to unpack for.
    fn cannot_unpack(&self, source: io::Error) -> Trouble {
        if source.kind() == io::ErrorKind::BrokenPipe {
            return Trouble::Final(self.stopped());
        }
        Trouble::Final(DownloadError::Damaged { name: self.name.clone(), source })
    }

    fn stopped(&self) -> DownloadError {
        DownloadError::Stopped { name: self.name.clone() }
    }
}

/// What lies below an error, in short. A URL may hold secrets, so it is not shown.
fn why(error: &reqwest::Error) -> String {
    let mut below = error.source();
    while let Some(next) = below.and_then(std::error::Error::source) {
        below = Some(next);
    }
    match below {
        _ if error.is_timeout() => "no answer in time".to_owned(),
        _ if error.is_redirect() => format!("more than {REDIRECTS_MAX} redirects, or one that leads nowhere"),
        Some(below) => below.to_string(),
        None => "the request failed".to_owned(),
    }
}
