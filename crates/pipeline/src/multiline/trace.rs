/// Where in a stack trace the last line of a record was, as Java (with Kotlin, .NET and JavaScript, whose frames look alike), Python
/// and Go write them. It never guesses from indentation alone: a peer that indents every line is no trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Trace {
    /// In none yet.
    #[default]
    Plain,
    /// Among frames: what is indented is part of it.
    Frames,
    /// Between `Traceback` and the exception.
    Python,
    /// Behind the exception; another one may follow, which it led to.
    PythonEnd,
    /// In the lines between the two.
    PythonChain,
    /// In the dump of goroutines.
    Go,
}

const TRACEBACK: &[u8] = b"Traceback (most recent call last):";
const CHAINS: [&[u8]; 2] = [
    b"During handling of the above exception, another exception occurred:",
    b"The above exception was the direct cause of the following exception:",
];

impl Trace {
    /// What the first line of a record leads to.
    pub(super) fn begin(line: &[u8]) -> Self {
        if line.ends_with(b":") && line.ends_with(TRACEBACK) {
            return Self::Python;
        }
        if line.starts_with(b"panic: ") || line.starts_with(b"fatal error: ") || is_goroutine(line) {
            return Self::Go;
        }
        Self::Plain
    }

    /// True when `line` is the next one of the trace.
    pub(super) fn goes_on(&mut self, line: &[u8]) -> bool {
        match self.next(line) {
            Some(next) => {
                *self = next;
                true
            }
            None => false,
        }
    }

    fn next(self, line: &[u8]) -> Option<Self> {
        let indented = matches!(line.first(), Some(b' ' | b'\t'));
        match self {
            Self::Python if indented => return Some(Self::Python),
            Self::Python if is_exception(line) => return Some(Self::PythonEnd),
            Self::PythonEnd if indented => return Some(Self::PythonEnd),
            Self::PythonEnd if line.is_empty() => return Some(Self::PythonChain),
            Self::PythonChain if line.is_empty() || CHAINS.contains(&line) => return Some(Self::PythonChain),
            Self::Go if indented || line.is_empty() || is_of_go(line) => return Some(Self::Go),
            Self::Frames if indented && starts_python(line).is_none() => return Some(Self::Frames),
            _ => {}
        }
        match line.first()? {
            b' ' | b'\t' => {
                starts_python(line).or_else(|| is_frame(line.trim_ascii_start()).then_some(Self::Frames))
            }
            b'T' if line == TRACEBACK => Some(Self::Python),
            b'g' if is_goroutine(line) => Some(Self::Go),
            b'C' if line.starts_with(b"Caused by: ") => Some(Self::Frames),
            _ if is_qualified_exception(line) => Some(Self::Frames),
            _ => None,
        }
    }
}

/// A frame, or a header that only traces have, which are indented.
fn starts_python(line: &[u8]) -> Option<Trace> {
    let line = line.trim_ascii_start();
    if line.starts_with(b"File \"") && memchr::memmem::find(line, b"\", line ").is_some() {
        return Some(Trace::Python);
    }
    (line.starts_with(b"+ Exception Group ") && line.ends_with(TRACEBACK)).then_some(Trace::Frames)
}

fn is_frame(line: &[u8]) -> bool {
    if let Some(place) = line.strip_prefix(b"at ") {
        return place.iter().any(|byte| b"(.:".contains(byte));
    }
    if let Some(rest) = line.strip_prefix(b"... ") {
        return rest.first().is_some_and(u8::is_ascii_digit);
    }
    [&b"Caused by: "[..], b"Suppressed: ", b"---> ", b"--- End of "]
        .iter()
        .any(|start| line.starts_with(start))
}

/// `name: text` or `name`, with or without dots: how Python ends a trace.
fn is_exception(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.".contains(byte);
    name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') && name.iter().all(is_word)
}

/// `org.example.SomeException: text`: how Java names one below the line that was logged with it.
fn is_qualified_exception(line: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_$.".contains(byte);
    let end = line.iter().position(|byte| !is_name(byte)).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    (rest.is_empty() || rest[0] == b':')
        && name.contains(&b'.')
        && [&b"Exception"[..], b"Error", b"Throwable"].iter().any(|kind| name.ends_with(kind))
}

/// `goroutine 1 [running]:`
fn is_goroutine(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"goroutine ") else { return false };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && rest[digits..].starts_with(b" [") && rest.ends_with(b"]:")
}

fn is_of_go(line: &[u8]) -> bool {
    if [&b"created by "[..], b"[signal ", b"exit status ", b"..."].iter().any(|start| line.starts_with(start))
    {
        return true;
    }
    // `main.(*T).method(0x1, 0x2)`
    let Some(open) = memchr::memchr(b'(', line) else { return is_goroutine(line) };
    let name = &line[..open];
    line.ends_with(b")") && name.contains(&b'.') && !name.iter().any(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::Trace;

    /// The numbers of lines in each record that `auto` makes.
    fn joined(lines: &str) -> Vec<usize> {
        let (mut counts, mut trace) = (Vec::new(), Trace::Plain);
        for line in lines.lines() {
            match counts.last_mut() {
                Some(count) if trace.goes_on(line.as_bytes()) => *count += 1,
                _ => {
                    trace = Trace::begin(line.as_bytes());
                    counts.push(1);
                }
            }
        }
        counts
    }

    #[test]
    fn java() {
        let lines = "\
2026-11-22 10:00:00 INFO started
2026-11-22 10:00:01 ERROR cannot serve
java.lang.IllegalStateException: no
\tat org.example.App.run(App.java:12)
\tat java.base/java.lang.Thread.run(Thread.java:833)
\tSuppressed: java.io.IOException: closed
\t\tat org.example.App.close(App.java:99)
Caused by: java.sql.SQLException: gone
\tat org.example.Db.get(Db.java:7)
\t... 23 more
2026-11-22 10:00:02 INFO on it goes
Exception in thread \"main\" java.lang.RuntimeException: twice
\tat org.example.App.main(App.java:1)
   at System.String.Format() in /src/a.cs:line 4
   --- End of inner exception stack trace ---
done";
        assert_eq!(joined(lines), [1, 9, 1, 4, 1]);
    }

    #[test]
    fn python() {
        let lines = "\
2026-11-22 10:00:01,123 ERROR app: it failed
Traceback (most recent call last):
  File \"/srv/app.py\", line 3, in run
    go()
    ~~^^
KeyError: 'a'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"/srv/app.py\", line 5, in run
    raise app.errors.Failed(1)
app.errors.Failed: 1
2026-11-22 10:00:02,123 INFO app: next
ERROR Traceback (most recent call last):
  File \"/srv/app.py\", line 5, in run
KeyboardInterrupt
INFO app: next
  + Exception Group Traceback (most recent call last):
  |   File \"/srv/app.py\", line 5, in run
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
INFO app: next";
        // What stands directly above a bare trace is taken for the line that was logged with it.
        assert_eq!(joined(lines), [13, 1, 3, 5, 1]);
    }

    #[test]
    fn go() {
        let lines = "\
listening on :8080
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x45e]

goroutine 1 [running]:
main.(*server).serve(0xc000012345, {0x4, 0x5})
\t/src/main.go:12 +0x1d
created by main.main in goroutine 1
\t/src/main.go:9 +0x2
exit status 2
2026/11/22 10:00:00 http: panic serving 127.0.0.1:4: boom
goroutine 34 [running]:
net/http.(*conn).serve.func1(0xc0)
\t/usr/lib/go/src/net/http/server.go:1 +0xbf
2026/11/22 10:00:01 next";
        assert_eq!(joined(lines), [1, 9, 4, 1]);
    }

    #[test]
    fn what_is_only_indented_is_no_trace() {
        let lines = "  12:00 one\n  12:01 two\n\n at noon\nkey: value\norg.example.App: up\nTraceback of nothing\n ... and more";
        assert_eq!(joined(lines), [1; 8]);
    }
}
