use std::fmt;

/// A configuration for tests: small segments, short waits, and the sources that are added.
#[derive(Clone, Debug)]
pub struct Config {
    top: String,
    journal: String,
    sources: String,
    rest: String,
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// Without sources yet.
    pub fn new() -> Self {
        let journal = "segment_bytes = '1 MiB'\nbatch_bytes = '256 KiB'\n".to_owned();
        Self { top: String::new(), journal, sources: String::new(), rest: String::new() }
    }

    /// Adds keys outside of every section, as TOML.
    #[must_use]
    pub fn top(mut self, keys: &str) -> Self {
        self.top += &format!("{keys}\n");
        self
    }

    /// Adds keys to `[journal]`, as TOML. Segments have 1 MiB and batches 256 KiB already.
    #[must_use]
    pub fn journal(mut self, keys: &str) -> Self {
        self.journal += &format!("{keys}\n");
        self
    }

    /// Adds whole sections, as TOML: `[store]`, `[[pipeline]]` and what else there is.
    #[must_use]
    pub fn sections(mut self, sections: &str) -> Self {
        self.rest += &format!("{sections}\n");
        self
    }

    /// Adds a source that listens, with further keys as TOML. It takes 250 peers, if they do not say otherwise: the default
    /// number needs more file descriptors than every machine gives.
    #[must_use]
    pub fn listen(mut self, name: &str, address: impl fmt::Display, keys: &str) -> Self {
        let peers_max = if keys.contains("peers_max") { "" } else { "peers_max = 250\n" };
        self.sources += &format!(
            "[[source]]\nname = '{name}'\nkind = 'listen'\naddress = '{address}'\n{peers_max}{keys}\n"
        );
        self
    }

    /// Adds a source that dials, with further keys as TOML. It comes back soon after a broken connection.
    #[must_use]
    pub fn connect(mut self, name: &str, targets: &[impl fmt::Display], keys: &str) -> Self {
        let targets: Vec<String> = targets.iter().map(|target| format!("'{target}'")).collect();
        let targets = targets.join(", ");
        self.sources += &format!(
            "[[source]]\nname = '{name}'\nkind = 'connect'\ntargets = [{targets}]\nbackoff_min = '10ms'\n\
             backoff_max = '100ms'\n{keys}\n"
        );
        self
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { top, journal, sources, rest } = self;
        // Many collectors run at once: only those that are asked have a page.
        let web = if rest.contains("[web]") { "" } else { "[web]\naddress = false\n" };
        // A busy machine is no reason for a stop that leaves something undone.
        let stop = if top.contains("stop_timeout") { "" } else { "stop_timeout = '100s'\n" };
        write!(f, "{stop}{top}[journal]\n{journal}{sources}{rest}{web}")
    }
}
