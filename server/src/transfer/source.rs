//! Where an import reads: files and standard input, plain or gzip, in a thread of its own.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use rewind_domain::ndjson::Line;
use tokio::sync::mpsc;

/// How many lines a batch has at most. Redis is busy with it for a millisecond or two, and more lines gain little.
pub(super) const BATCH_LINES: usize = 1_000;
/// How much text a batch has at most, unless a single line has more.
const BATCH_BYTES: usize = 1 << 20;
/// The longest line that is read. Redis takes 512 MB in a value, but a line is held several times over on its way.
const MAX_LINE_BYTES: usize = 256 << 20;
/// How much is read from a file at once.
const READ_BYTES: usize = 256 << 10;
/// How every gzip file begins, and no line does.
const GZIP_MAGIC: u8 = 0x1f;

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Standard input.
    Stdin,
    /// A file, or what looks like one.
    File {
        /// Where it is.
        path: PathBuf,
        /// Whether it is on a disk, so that it has a size, and reading does not wait for anybody.
        regular_bytes: Option<u64>,
    },
}

/// Lines that follow each other in one source.
#[derive(Debug)]
pub(super) struct Batch {
    /// The source's name.
    pub(super) source: Arc<str>,
    /// The lines, at least one.
    pub(super) lines: Vec<Line>,
    /// The number of each line, counted from 1.
    numbers: Vec<u64>,
}

/// A line of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of the file, or `<stdin>`.
    pub source: Arc<str>,
    /// The number of the line, counted from 1.
    pub line: u64,
}

/// Why reading came to an end before the end.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error("{place}: {problem}")]
    Line { place: Place, problem: String },
    #[error("`{source_name}` {problem}")]
    Source { source_name: Arc<str>, problem: String },
}

impl Source {
    /// Takes a path from the command line, and makes sure that it can be read, so that a mistyped name is found before
    /// anything is written.
    pub(super) fn new(path: PathBuf) -> Result<Self, SourceError> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdin);
        }
        let failed = |error: &io::Error| SourceError::Source {
            source_name: name(&path),
            problem: format!("cannot be read: {}", plain_io_error(error)),
        };
        let metadata = fs::metadata(&path).map_err(|error| failed(&error))?;
        if metadata.is_dir() {
            return Err(SourceError::Source {
                source_name: name(&path),
                problem: "is a folder; name the files in it".into(),
            });
        }
        if !metadata.is_file() {
            // A pipe must not be opened twice.
            return Ok(Self::File { path, regular_bytes: None });
        }
        File::open(&path).map_err(|error| failed(&error))?;
        Ok(Self::File { path, regular_bytes: Some(metadata.len()) })
    }

    /// How many bytes it has, where that is known.
    pub(super) fn bytes(&self) -> Option<u64> {
        match self {
            Self::Stdin => None,
            Self::File { regular_bytes, .. } => *regular_bytes,
        }
    }

    fn name(&self) -> Arc<str> {
        match self {
            Self::Stdin => "<stdin>".into(),
            Self::File { path, .. } => name(path),
        }
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Stdin => Box::new(io::stdin()),
            Self::File { path, .. } => Box::new(File::open(path)?),
        })
    }

    fn is_gzip_by_name(&self) -> bool {
        match self {
            Self::Stdin => false,
            Self::File { path, .. } => {
                path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"))
            }
        }
    }
}

impl Batch {
    /// Where the line with this index is.
    pub(super) fn place(&self, index: usize) -> Place {
        let line = self.numbers.get(index).copied().unwrap_or_default();
        Place { source: Arc::clone(&self.source), line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.line)
    }
}

/// Reads the sources one after the other, until the end, the first problem, or until nobody listens any more. Blocks.
/// `bytes_read` tells others how far it is.
pub(super) fn read_all(
    sources: Vec<Source>,
    bytes_read: &Arc<AtomicU64>,
    batches: &mpsc::Sender<Result<Batch, SourceError>>,
) {
    for source in sources {
        match read(&source, bytes_read, batches) {
            Ok(()) => {}
            Err(Stop::NobodyListens) => return,
            Err(Stop::Problem(error)) => {
                // Nobody may be listening for this one either.
                let _ = batches.blocking_send(Err(error));
                return;
            }
        }
    }
}

enum Stop {
    NobodyListens,
    Problem(SourceError),
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        Self::Problem(error)
    }
}

fn read(
    source: &Source,
    bytes_read: &Arc<AtomicU64>,
    batches: &mpsc::Sender<Result<Batch, SourceError>>,
) -> Result<(), Stop> {
    let problem = |problem: String| SourceError::Source { source_name: source.name(), problem };
    let cannot = |error: io::Error| problem(format!("cannot be read: {}", plain_io_error(&error)));
    let raw = Counted { inner: source.open().map_err(cannot)?, read: Arc::clone(bytes_read) };
    let mut raw = BufReader::with_capacity(READ_BYTES, raw);
    let is_gzip = fill(&mut raw).map_err(cannot)?.first() == Some(&GZIP_MAGIC);
    if source.is_gzip_by_name() && !is_gzip {
        let text = "is not gzip data, although its name says so; rename it if it is plain text";
        return Err(problem(text.into()).into());
    }
    // What is on a disk is there at once. Elsewhere lines may come slowly, and none waits for those behind it.
    let is_slow = source.bytes().is_none();
    if is_gzip {
        let lines = Lines::new(MultiGzDecoder::new(raw), source.name());
        read_lines(lines, is_slow, batches)
    } else {
        read_lines(Lines::new(raw, source.name()), is_slow, batches)
    }
}

fn read_lines(
    mut lines: Lines<impl Read>,
    is_slow: bool,
    batches: &mpsc::Sender<Result<Batch, SourceError>>,
) -> Result<(), Stop> {
    let mut filling = Filling::default();
    loop {
        let next = lines.next_line();
        let is_end = !matches!(next, Ok(Some(_)));
        let problem = match next {
            Ok(Some((number, line, bytes))) => {
                filling.push(number, line, bytes);
                None
            }
            Ok(None) => None,
            Err(error) => Some(error),
        };
        let is_due = filling.is_full() || is_end || (is_slow && !lines.has_line_at_hand());
        if is_due && let Some(batch) = filling.take(&lines.source) {
            batches.blocking_send(Ok(batch)).map_err(|_| Stop::NobodyListens)?;
        }
        if let Some(problem) = problem {
            return Err(problem.into());
        }
        if is_end {
            return Ok(());
        }
    }
}

/// A batch in the making.
#[derive(Default)]
struct Filling {
    lines: Vec<Line>,
    numbers: Vec<u64>,
    bytes: usize,
}

impl Filling {
    fn push(&mut self, number: u64, line: Line, bytes: usize) {
        self.lines.push(line);
        self.numbers.push(number);
        self.bytes += bytes;
    }

    fn is_full(&self) -> bool {
        self.lines.len() >= BATCH_LINES || self.bytes >= BATCH_BYTES
    }

    /// What is in it, if anything is. Afterwards it is empty.
    fn take(&mut self, source: &Arc<str>) -> Option<Batch> {
        let Self { lines, numbers, .. } = std::mem::take(self);
        (!lines.is_empty()).then(|| Batch { source: Arc::clone(source), lines, numbers })
    }
}

/// The lines of a source.
struct Lines<R> {
    inner: BufReader<R>,
    source: Arc<str>,
    text: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<R> {
    fn new(inner: R, source: Arc<str>) -> Self {
        let inner = BufReader::with_capacity(READ_BYTES, inner);
        Self { inner, source, text: Vec::new(), number: 0 }
    }

    /// The next line that is not empty, its number, and how long it is.
    fn next_line(&mut self) -> Result<Option<(u64, Line, usize)>, SourceError> {
        loop {
            // One long line must not hold its memory for ever.
            self.text.clear();
            self.text.shrink_to(BATCH_BYTES);
            let mut limited = (&mut self.inner).take(MAX_LINE_BYTES as u64 + 1);
            let read = limited.read_until(b'\n', &mut self.text);
            if read.map_err(|error| self.broken(&error))? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.text.len() > MAX_LINE_BYTES {
                let mib = MAX_LINE_BYTES >> 20;
                return Err(self.problem(format!("the line is longer than {mib} MiB")));
            }
            let text = std::str::from_utf8(&self.text).map_err(|error| {
                let column = error.valid_up_to() + 1;
                self.problem(format!(
                    "not UTF-8 at column {column}; such bytes are written as {{\"$base64\": \"…\"}}"
                ))
            })?;
            let text = text.trim_ascii_end();
            if text.is_empty() {
                continue;
            }
            let line = Line::parse(text).map_err(|error| self.problem(error.to_string()))?;
            return Ok(Some((self.number, line, self.text.len())));
        }
    }

    /// Whether the next line can be had without waiting for anybody.
    fn has_line_at_hand(&self) -> bool {
        self.inner.buffer().contains(&b'\n')
    }

    fn problem(&self, problem: String) -> SourceError {
        let place = Place { source: Arc::clone(&self.source), line: self.number };
        SourceError::Line { place, problem }
    }

    fn broken(&self, error: &io::Error) -> SourceError {
        let after = self.number;
        let problem = match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                format!("is cut short: its gzip data ends in the middle, after line {after}")
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                format!("is damaged: its gzip data cannot be read after line {after} ({error})")
            }
            _ => format!("cannot be read after line {after}: {}", plain_io_error(error)),
        };
        SourceError::Source { source_name: Arc::clone(&self.source), problem }
    }
}

/// Counts the bytes that are read.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

fn fill<R: Read>(reader: &mut BufReader<R>) -> io::Result<&[u8]> {
    while let Err(error) = reader.fill_buf() {
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(reader.buffer())
}

/// The error without the number that it has in the operating system.
pub(super) fn plain_io_error(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

fn name(path: &Path) -> Arc<str> {
    path.display().to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn line(n: u64) -> String {
        format!("{{\"stream\":\"s\",\"id\":\"{n}-0\",\"fields\":{{\"a\":\"b\"}}}}\n")
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    /// Writes a file and reads it as an import does.
    fn read_file(name: &str, content: &[u8]) -> Vec<Result<Batch, SourceError>> {
        let folder = std::env::temp_dir().join(format!("rewind-source-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        let source = Source::new(path.clone()).unwrap();
        let (sender, mut receiver) = mpsc::channel(1_000);
        read_all(vec![source], &Arc::default(), &sender);
        drop(sender);
        fs::remove_file(path).unwrap();
        std::iter::from_fn(|| receiver.blocking_recv()).collect()
    }

    fn ids(batches: &[Result<Batch, SourceError>]) -> Vec<u64> {
        let lines = batches.iter().flatten().flat_map(|batch| &batch.lines);
        lines.map(|line| line.entry.id.ms()).collect()
    }

    fn error(batches: &[Result<Batch, SourceError>]) -> String {
        batches.last().unwrap().as_ref().unwrap_err().to_string()
    }

    #[test]
    fn lines_come_in_bounded_batches_with_their_numbers() {
        let text: String = (1..=2_500).map(line).collect();
        let batches = read_file("many.ndjson", text.as_bytes());
        let sizes: Vec<_> = batches.iter().flatten().map(|batch| batch.lines.len()).collect();
        assert_eq!(sizes, [1_000, 1_000, 500]);
        assert_eq!(ids(&batches), (1..=2_500).collect::<Vec<_>>());
        assert_eq!(batches[2].as_ref().unwrap().place(499).line, 2_500);
    }

    #[test]
    fn long_lines_fill_a_batch_sooner() {
        let long = line(1).replace("\"b\"", &format!("\"{}\"", "b".repeat(BATCH_BYTES / 2)));
        let batches = read_file("long.ndjson", long.repeat(5).as_bytes());
        let sizes: Vec<_> = batches.iter().flatten().map(|batch| batch.lines.len()).collect();
        assert_eq!(sizes, [2, 2, 1]);
    }

    #[test]
    fn a_bad_line_is_named_after_all_lines_before_it() {
        let text = line(1) + "\n" + &line(2) + "{\"stream\": 5}\n" + &line(3);
        let batches = read_file("bad.ndjson", text.as_bytes());
        assert_eq!(ids(&batches), [1, 2]);
        assert!(error(&batches).contains("bad.ndjson:4: "), "{}", error(&batches));
    }

    #[test]
    fn a_line_that_is_not_utf8_says_where() {
        let batches = read_file("latin.ndjson", b"{\"stream\":\"\xe4\"}\n");
        assert!(error(&batches).contains("latin.ndjson:1: not UTF-8 at column 12"));
    }

    #[test]
    fn empty_lines_line_ends_of_windows_and_a_missing_last_one_are_fine() {
        let text = format!("\n{}\r\n\r\n  \n{}", line(1).trim(), line(2).trim());
        assert_eq!(ids(&read_file("ends.ndjson", text.as_bytes())), [1, 2]);
        assert!(read_file("empty.ndjson", b"").is_empty());
    }

    #[test]
    fn gzip_of_several_members_is_read_whatever_its_name() {
        let content = [gzip(&line(1)), gzip(&line(2))].concat();
        assert_eq!(ids(&read_file("two.ndjson.gz", &content)), [1, 2]);
        assert_eq!(ids(&read_file("two.ndjson", &content)), [1, 2]);
    }

    #[test]
    fn gzip_that_is_cut_short_or_damaged_is_told_from_gzip_that_is_none() {
        let text: String = (1..=5_000).map(line).collect();
        let whole = gzip(&text);
        let batches = read_file("cut.gz", &whole[..whole.len() / 2]);
        assert!(error(&batches).contains("is cut short"), "{}", error(&batches));
        assert!(!ids(&batches).is_empty());

        let mut damaged = whole;
        let checksum = damaged.len() - 6;
        damaged[checksum] ^= 1;
        let batches = read_file("damaged.gz", &damaged);
        assert!(error(&batches).contains("is damaged"), "{}", error(&batches));

        let batches = read_file("plain.gz", line(1).as_bytes());
        assert!(error(&batches).contains("is not gzip data"), "{}", error(&batches));
        assert!(error(&read_file("empty.gz", b"")).contains("is not gzip data"));
    }

    #[test]
    fn what_cannot_be_read_is_found_before_anything_is() {
        let missing = Source::new("/nowhere/x.ndjson".into()).unwrap_err().to_string();
        assert_eq!(missing, "`/nowhere/x.ndjson` cannot be read: No such file or directory");
        let folder = Source::new(std::env::temp_dir()).unwrap_err().to_string();
        assert!(folder.contains("is a folder"), "{folder}");
    }

    /// Gives what it has in pieces, as a pipe does.
    struct Pieces(std::vec::IntoIter<Vec<u8>>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let piece = self.0.next().unwrap_or_default();
            buffer[..piece.len()].copy_from_slice(&piece);
            Ok(piece.len())
        }
    }

    #[test]
    fn lines_that_come_slowly_wait_for_no_others() {
        let two_and_a_half = line(1) + &line(2) + &line(3)[..9];
        let rest = line(3)[9..].to_owned();
        let pieces = vec![two_and_a_half.into_bytes(), rest.into_bytes()].into_iter();
        let (sender, mut receiver) = mpsc::channel(10);
        let read = read_lines(Lines::new(Pieces(pieces), "<stdin>".into()), true, &sender);
        assert!(read.is_ok());
        drop(sender);
        let batches: Vec<_> = std::iter::from_fn(|| receiver.blocking_recv()).collect();
        let sizes: Vec<_> = batches.iter().flatten().map(|batch| batch.lines.len()).collect();
        assert_eq!(sizes, [2, 1]);
    }
}
