//! Where an export goes: a file that appears only once it is whole, or standard output.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::event_reader::EventReader;
use flate2::Compression;
use flate2::write::GzEncoder;
use rewind_domain::{Entry, StreamKey};
use tokio::sync::mpsc;

use super::format::FileText;

/// How much is written at once.
const WRITE_BYTES: usize = 256 << 10;

/// Entries of one stream that follow each other.
pub(super) type Page = (StreamKey, Vec<Entry>);

/// What the writing thread is told.
pub(super) enum Order {
    /// Write these.
    Pages(Vec<Page>),
    /// That was all: complete the file.
    Finish,
}

/// How what is written is made.
pub(super) struct Writing {
    pub(super) text: FileText,
    /// What payloads are that are no JSON text.
    pub(super) event_reader: EventReader,
}

/// Where it is written.
pub(super) struct Output {
    writing: Writing,
    writer: Writer,
    partial: Option<Partial>,
    /// Whether someone may be reading along, who is not kept waiting for a full buffer.
    is_read_along: bool,
}

enum Writer {
    Plain(BufWriter<Sink>),
    Gzip(GzEncoder<BufWriter<Sink>>),
}

/// What is written to in the end. Takes nothing any more once it was broken off: an encoder that is dropped writes what a whole file ends
/// with, and whoever reads a pipe would take a part for the whole.
struct Sink {
    inner: Box<dyn Write + Send>,
    is_broken_off: bool,
}

/// A file that is not whole yet. Dropping it removes it.
struct Partial {
    path: PathBuf,
    /// What it becomes, or replaces, once it is whole.
    target: PathBuf,
    is_whole: bool,
}

impl Output {
    /// Begins to write to a file, or to standard output for no path or `-`.
    pub(super) fn create(path: Option<&Path>, writing: Writing) -> io::Result<Self> {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
            let writer = Writer::new(Box::new(io::stdout()), false);
            return Ok(Self { writing, writer, partial: None, is_read_along: true });
        };
        let is_gzip = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
        let there = fs::metadata(path).ok();
        if there.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            // A device or pipe is written to; it must not be replaced by a file.
            let file = File::options().write(true).open(path)?;
            let writer = Writer::new(Box::new(file), is_gzip);
            return Ok(Self { writing, writer, partial: None, is_read_along: true });
        }
        // Where the path is a link, what it leads to is replaced, not the link.
        let target = if there.is_some() { fs::canonicalize(path)? } else { path.to_owned() };
        let mut name = target.clone().into_os_string();
        name.push(".partial");
        let partial = Partial { path: name.into(), target, is_whole: false };
        let file = File::create(&partial.path)?;
        if let Some(there) = there {
            // What only some may read stays so.
            file.set_permissions(there.permissions())?;
        }
        let writer = Writer::new(Box::new(file), is_gzip);
        Ok(Self { writing, writer, partial: Some(partial), is_read_along: false })
    }

    /// Writes what it is told until it is told to finish. Where the orders end without that, the export was broken off,
    /// and no file is left. Blocks.
    pub(super) fn write_all(mut self, orders: &mut mpsc::Receiver<Order>) -> io::Result<()> {
        match self.write_ordered(orders) {
            Ok(true) => self.finish(),
            broken_off => {
                self.writer.break_off();
                broken_off.map(drop)
            }
        }
    }

    /// Writes until it is told to finish; whether it was.
    fn write_ordered(&mut self, orders: &mut mpsc::Receiver<Order>) -> io::Result<bool> {
        self.writer.write_all(self.writing.text.head().as_bytes())?;
        loop {
            match orders.blocking_recv() {
                Some(Order::Pages(pages)) => self.write(&pages)?,
                Some(Order::Finish) => return Ok(true),
                None => return Ok(false),
            }
        }
    }

    fn write(&mut self, pages: &[Page]) -> io::Result<()> {
        let Writing { text, event_reader } = &mut self.writing;
        for (stream, entries) in pages {
            let codec = event_reader.of(stream);
            for entry in entries {
                self.writer.write_all(text.entry(stream, entry, &codec).as_bytes())?;
            }
        }
        if self.is_read_along { self.writer.flush() } else { Ok(()) }
    }

    fn finish(mut self) -> io::Result<()> {
        self.writer.write_all(self.writing.text.foot().as_bytes())?;
        let mut writer = match self.writer {
            Writer::Plain(writer) => writer,
            Writer::Gzip(encoder) => encoder.finish()?,
        };
        writer.flush()?;
        drop(writer);
        match self.partial {
            Some(partial) => partial.complete(),
            None => Ok(()),
        }
    }
}

impl Writer {
    fn new(inner: Box<dyn Write + Send>, is_gzip: bool) -> Self {
        let sink = Sink { inner, is_broken_off: false };
        let inner = BufWriter::with_capacity(WRITE_BYTES, sink);
        if is_gzip {
            Self::Gzip(GzEncoder::new(inner, Compression::default()))
        } else {
            Self::Plain(inner)
        }
    }

    fn break_off(&mut self) {
        let buffer = match self {
            Self::Plain(buffer) => buffer,
            Self::Gzip(encoder) => encoder.get_mut(),
        };
        buffer.get_mut().is_broken_off = true;
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.is_broken_off {
            true => Err(io::Error::other("it was broken off")),
            false => self.inner.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(writer) => writer.write(bytes),
            Self::Gzip(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(writer) => writer.flush(),
            Self::Gzip(writer) => writer.flush(),
        }
    }
}

impl Partial {
    fn complete(mut self) -> io::Result<()> {
        // The name must not come to stand for content that a power cut would lose.
        File::open(&self.path)?.sync_all()?;
        fs::rename(&self.path, &self.target)?;
        self.is_whole = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.is_whole {
            // At worst a file is left whose name says what it is.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::Format;
    use super::*;
    use rewind_domain::{EntryId, Fields};
    use std::io::Read as _;

    fn lines() -> Writing {
        Writing { text: FileText::new(Format::Ndjson), event_reader: EventReader::default() }
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("rewind-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn page() -> Vec<Page> {
        let fields = Fields::from_iter([("a", "b")]);
        vec![("s".into(), vec![Entry { id: EntryId::new(5, 0), fields }])]
    }

    const TEXT: &str = "{\"stream\":\"s\",\"id\":\"5-0\",\"fields\":{\"a\":\"b\"}}\n";

    fn export(path: &Path, orders: Vec<Order>) -> io::Result<()> {
        let output = Output::create(Some(path), lines())?;
        let (sender, mut receiver) = mpsc::channel(10);
        for order in orders {
            sender.try_send(order).ok().unwrap();
        }
        drop(sender);
        output.write_all(&mut receiver)
    }

    #[test]
    fn a_file_appears_once_it_is_whole() {
        let folder = folder("whole");
        let path = folder.join("out.ndjson");
        export(&path, vec![Order::Pages(page()), Order::Finish]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn an_export_that_is_broken_off_leaves_what_was_there() {
        let folder = folder("broken-off");
        let path = folder.join("out.ndjson");
        fs::write(&path, "before").unwrap();
        export(&path, vec![Order::Pages(page())]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_ending_asks_for_gzip() {
        let folder = folder("gzip");
        let path = folder.join("out.ndjson.gz");
        export(&path, vec![Order::Pages(page()), Order::Finish]).unwrap();
        let mut text = String::new();
        let file = File::open(&path).unwrap();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        assert_eq!(text, TEXT);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_broken_off_does_not_end_as_a_whole_file_does() {
        let folder = folder("broken-gzip");
        let path = folder.join("out.ndjson.gz");
        let mut writer = Writer::new(Box::new(File::create(&path).unwrap()), true);
        writer.write_all(TEXT.as_bytes()).unwrap();
        writer.flush().unwrap();
        writer.break_off();
        drop(writer);
        let mut text = String::new();
        let mut reader = flate2::read::GzDecoder::new(File::open(&path).unwrap());
        let error = reader.read_to_string(&mut text).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_to_what_is_replaced_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = folder("link");
        let (path, link) = (folder.join("real.ndjson"), folder.join("link.ndjson"));
        fs::write(&path, "before").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&path, &link).unwrap();
        export(&link, vec![Order::Pages(page()), Order::Finish]).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_stays_a_device() {
        use std::os::unix::fs::FileTypeExt as _;
        let path = Path::new("/dev/null");
        export(path, vec![Order::Pages(page()), Order::Finish]).unwrap();
        assert!(fs::metadata(path).unwrap().file_type().is_char_device());
    }

    #[test]
    fn a_folder_is_no_place_for_lines() {
        assert!(Output::create(Some(&std::env::temp_dir()), lines()).is_err());
    }
}
