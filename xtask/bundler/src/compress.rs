//! Writes compressed siblings beside the files that the server embeds, so that it never compresses
//! while someone waits. The same input gives the same bytes.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context as _, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

/// What compresses well; fonts and images are compressed already.
const WORTH_IT: [&str; 8] = ["html", "js", "css", "wasm", "svg", "json", "txt", "webmanifest"];

/// A window of 16 MiB covers any file here whole, and every browser supports it.
const BROTLI_WINDOW_BITS: i32 = 24;

const ENCODINGS: [Encoding; 2] =
    [Encoding { ending: "br", encode: brotli }, Encoding { ending: "gz", encode: gzip }];

/// What the files of a folder weigh.
pub(crate) struct Weight {
    /// How many files there are, without the compressed siblings.
    pub(crate) files: usize,
    /// Their size in bytes, as a browser downloads them.
    pub(crate) transferred_bytes: usize,
}

struct Encoding {
    ending: &'static str,
    encode: fn(&[u8]) -> Result<Vec<u8>>,
}

/// Compresses the files in `folder` and below, in place of any earlier compressed siblings.
pub(crate) fn compress(folder: &Path) -> Result<Weight> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    let is_sibling =
        |file: &PathBuf| ENCODINGS.iter().any(|encoding| has_ending(file, encoding.ending));
    let (old, files): (Vec<_>, Vec<_>) = files.into_iter().partition(is_sibling);
    for sibling in old {
        fs::remove_file(&sibling)
            .with_context(|| format!("cannot remove `{}`", sibling.display()))?;
    }
    let mut weight = Weight { files: files.len(), transferred_bytes: 0 };
    for file in files {
        weight.transferred_bytes += compress_file(&file)
            .with_context(|| format!("cannot compress `{}`", file.display()))?;
    }
    Ok(weight)
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files, {} KB with Brotli", self.files, self.transferred_bytes.div_ceil(1000))
    }
}

/// The smallest size in which the file is now there.
fn compress_file(file: &Path) -> Result<usize> {
    let plain = fs::read(file)?;
    if !WORTH_IT.iter().any(|ending| has_ending(file, ending)) {
        return Ok(plain.len());
    }
    let encoded = thread::scope(|scope| {
        let threads =
            ENCODINGS.each_ref().map(|encoding| scope.spawn(|| (encoding.encode)(&plain)));
        threads.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let mut smallest = plain.len();
    for (encoding, encoded) in ENCODINGS.iter().zip(encoded) {
        let encoded = encoded?;
        if encoded.len() < plain.len() {
            let mut sibling = file.to_path_buf().into_os_string();
            sibling.push(format!(".{}", encoding.ending));
            fs::write(sibling, &encoded)?;
            smallest = smallest.min(encoded.len());
        }
    }
    Ok(smallest)
}

fn brotli(plain: &[u8]) -> Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: 11,
        lgwin: BROTLI_WINDOW_BITS,
        size_hint: plain.len(),
        ..BrotliEncoderParams::default()
    };
    let mut encoded = Vec::new();
    brotli::BrotliCompress(&mut &plain[..], &mut encoded, &params)?;
    Ok(encoded)
}

fn gzip(plain: &[u8]) -> Result<Vec<u8>> {
    // The header's time stays zero.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    Ok(encoder.finish()?)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = || format!("cannot read `{}`", folder.display());
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn has_ending(file: &Path, ending: &str) -> bool {
    file.extension().is_some_and(|found| found == ending)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn each_text_gets_two_siblings_that_unpack_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let text = "body { margin: 0 }\n".repeat(200);
        let file = folder.path().join("main.css");
        fs::write(&file, &text).unwrap();
        let weight = compress(folder.path()).unwrap();

        let read = |ending| fs::read(folder.path().join(format!("main.css.{ending}"))).unwrap();
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(&read("gz")[..]).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, text);
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &read("br")[..], &mut unpacked).unwrap();
        assert_eq!(unpacked, text.as_bytes());
        assert_eq!(weight.files, 1);
        assert_eq!(weight.transferred_bytes, read("br").len());
    }

    #[test]
    fn siblings_of_an_earlier_build_go_away_and_what_does_not_shrink_gets_none() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name| folder.path().join(name);
        fs::create_dir(at("assets")).unwrap();
        fs::write(at("assets/old.js.br"), "stale").unwrap();
        fs::write(at("assets/tiny.js"), "1").unwrap();
        fs::write(at("logo.png"), "png ".repeat(100)).unwrap();
        let weight = compress(folder.path()).unwrap();
        assert!(!at("assets/old.js.br").exists());
        assert!(!at("assets/tiny.js.br").exists());
        assert!(!at("logo.png.gz").exists());
        assert_eq!((weight.files, weight.transferred_bytes), (2, 401));
    }

    #[test]
    fn the_same_file_compresses_to_the_same_bytes() {
        let plain = (0..20_000u32).flat_map(|n| (n * n).to_le_bytes()).collect::<Vec<_>>();
        for encoding in &ENCODINGS {
            let [once, twice] = [(); 2].map(|()| (encoding.encode)(&plain).unwrap());
            assert!(once == twice, "{}", encoding.ending);
        }
    }
}
