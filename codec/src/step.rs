//! Steps: what is taken off a value before there is anything to read.

use std::io::{self, Read};

use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::bufread::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use crate::bytes::Bytes;
use crate::error::CodecError;
use crate::limits::MAX_BYTES;
use crate::meter::Meter;

/// How often a value may be wrapped. Base64 around compression around a frame is three.
pub(crate) const MAX_STEPS: usize = 4;

/// A wrapper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Base64,
    Gzip,
    Zlib,
    Zstd,
    /// In frames.
    Lz4,
    /// In frames, or a single block.
    Snappy,
    /// The five bytes that serializers of the Confluent platform put before a value: 0, and the number of its schema.
    Confluent,
    /// The same and the place of the message in its file, which they put before Protobuf.
    ConfluentProtobuf,
}

/// How much is decompressed at a time.
const CHUNK_BYTES: usize = 32 << 10;

const GZIP: &[u8] = &[0x1f, 0x8b, 0x08];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const LZ4: &[u8] = &[0x04, 0x22, 0x4d, 0x18];
const SNAPPY: &[u8] = b"\xff\x06\x00\x00sNaPpY";

impl Step {
    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Snappy => "snappy",
            Self::Confluent | Self::ConfluentProtobuf => "confluent",
        }
    }

    /// The wrapper of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Base64, Self::Gzip, Self::Zlib, Self::Zstd, Self::Lz4, Self::Snappy, Self::Confluent]
            .into_iter()
            .find(|step| step.name() == name)
    }

    /// The wrapper that begins in a way that nothing else does.
    pub(crate) fn recognised(bytes: &[u8]) -> Option<Self> {
        [(Self::Gzip, GZIP), (Self::Zstd, ZSTD), (Self::Lz4, LZ4), (Self::Snappy, SNAPPY)]
            .into_iter()
            .find(|(_, magic)| bytes.starts_with(magic))
            .map(|(step, _)| step)
    }

    /// Takes the wrapper off.
    pub(crate) fn unwrap(self, bytes: &[u8], meter: &mut Meter) -> Result<Vec<u8>, CodecError> {
        match self {
            Self::Base64 => base64(bytes, meter),
            Self::Gzip => {
                read_all(bytes, meter, |rest, meter| read(&mut MultiGzDecoder::new(rest), meter))
            }
            Self::Zlib => read_all(bytes, meter, zlib),
            Self::Zstd => read_all(bytes, meter, zstd),
            Self::Lz4 => read_all(bytes, meter, lz4),
            Self::Snappy if bytes.starts_with(SNAPPY) => read_all(bytes, meter, |rest, meter| {
                read(&mut snap::read::FrameDecoder::new(rest), meter)
            }),
            Self::Snappy => snappy_block(bytes, meter),
            Self::Confluent => confluent(bytes, false, meter),
            Self::ConfluentProtobuf => confluent(bytes, true, meter),
        }
    }
}

/// Whether bytes begin as zlib does: with a method and a window, and a check of both. Other things may begin like that too.
pub(crate) fn may_be_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [0x78, flags @ (0x01 | 0x5e | 0x9c | 0xda), ..] if (0x7800 + u16::from(*flags)) % 31 == 0)
}

/// Why reading ended early.
enum Stop {
    Bound(CodecError),
    Io(io::Error),
    Other(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Decompresses all of `bytes` with what decompresses one frame.
fn read_all(
    bytes: &[u8],
    meter: &mut Meter,
    mut frame: impl FnMut(&mut &[u8], &mut Meter) -> Result<Vec<u8>, Stop>,
) -> Result<Vec<u8>, CodecError> {
    let mut rest = bytes;
    let mut all = Vec::new();
    loop {
        let before = rest.len();
        let at = |rest: &[u8]| bytes.len() - rest.len();
        match frame(&mut rest, meter) {
            Ok(out) if all.is_empty() => all = out,
            Ok(out) => all.extend_from_slice(&out),
            Err(Stop::Bound(error)) => return Err(error),
            Err(Stop::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(CodecError::at(at(rest), "it ends too early"));
            }
            Err(Stop::Io(error)) => return Err(CodecError::at(at(rest), error.to_string())),
            Err(Stop::Other(what)) => return Err(CodecError::at(at(rest), what)),
        }
        if rest.is_empty() {
            return Ok(all);
        }
        if rest.len() == before {
            return Err(CodecError::at(at(rest), "nothing can be read any more"));
        }
    }
}

/// Reads to the end, but no more than there may be.
fn read(reader: &mut impl Read, meter: &mut Meter) -> Result<Vec<u8>, Stop> {
    let bound = u64::try_from(meter.bytes_left()).unwrap_or(u64::MAX);
    let mut out = Vec::new();
    let outcome = reader.take(bound.saturating_add(1)).read_to_end(&mut out);
    meter.bytes(out.len()).map_err(Stop::Bound)?;
    outcome?;
    Ok(out)
}

/// flate2's own reader takes it for the end where the bytes end.
fn zlib(rest: &mut &[u8], meter: &mut Meter) -> Result<Vec<u8>, Stop> {
    let mut inflate = Decompress::new(true);
    let (mut out, mut chunk) = (Vec::new(), vec![0; CHUNK_BYTES]);
    loop {
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let status = inflate
            .decompress(rest, &mut chunk, FlushDecompress::None)
            .map_err(|error| Stop::Other(error.to_string()))?;
        let count = |from: u64, to: u64| usize::try_from(to - from).unwrap_or(usize::MAX);
        let (read, written) =
            (count(read, inflate.total_in()), count(written, inflate.total_out()));
        *rest = rest.get(read..).unwrap_or_default();
        meter.bytes(written).map_err(Stop::Bound)?;
        out.extend_from_slice(chunk.get(..written).unwrap_or_default());
        match status {
            Status::StreamEnd => return Ok(out),
            _ if read == 0 && written == 0 => {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            _ => {}
        }
    }
}

fn zstd(rest: &mut &[u8], meter: &mut Meter) -> Result<Vec<u8>, Stop> {
    let mut decoder = FrameDecoder::new();
    // A frame says how much it looks back, and so much memory is taken before anything is read.
    decoder.set_max_window_size(MAX_BYTES as u64);
    let mut stream = StreamingDecoder::new_with_decoder(&mut *rest, decoder)
        .map_err(|error| Stop::Other(error.to_string()))?;
    let out = read(&mut stream, meter)?;
    let decoder = stream.into_frame_decoder();
    let written = decoder.get_checksum_from_data();
    if written.is_some() && written != decoder.get_calculated_checksum() {
        return Err(Stop::Other("the checksum is another one".to_owned()));
    }
    Ok(out)
}

fn lz4(rest: &mut &[u8], meter: &mut Meter) -> Result<Vec<u8>, Stop> {
    let mut source = Noting { rest, met_end: false };
    let out = read(&mut lz4_flex::frame::FrameDecoder::new(&mut source), meter)?;
    // The decoder takes it for the end of a frame where there is no block any more.
    if source.met_end { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) } else { Ok(out) }
}

/// Notes whether somebody wanted to read on at the end.
struct Noting<'r, 'b> {
    rest: &'r mut &'b [u8],
    met_end: bool,
}

impl Read for Noting<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.rest.read(buffer)?;
        self.met_end |= count == 0 && !buffer.is_empty();
        Ok(count)
    }
}

fn snappy_block(bytes: &[u8], meter: &mut Meter) -> Result<Vec<u8>, CodecError> {
    let failed = |error: snap::Error| CodecError::at(0, error.to_string());
    meter.bytes(snap::raw::decompress_len(bytes).map_err(failed)?)?;
    snap::raw::Decoder::new().decompress_vec(bytes).map_err(failed)
}

/// In either alphabet, with and without padding, broken into lines or not.
fn base64(bytes: &[u8], meter: &mut Meter) -> Result<Vec<u8>, CodecError> {
    let compact: Vec<u8> = bytes.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    meter.bytes(compact.len().div_ceil(4) * 3)?;
    let is_url_safe = compact.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let alphabet: &Alphabet = if is_url_safe { &URL_SAFE } else { &STANDARD };
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config).decode(&compact).map_err(|error| match error {
        base64::DecodeError::InvalidByte(at, byte) => {
            CodecError::at(at, format!("0x{byte:02x} is no character of it"))
        }
        _ => CodecError::at(compact.len(), "it ends too early"),
    })
}

fn confluent(
    bytes: &[u8],
    has_message_place: bool,
    meter: &mut Meter,
) -> Result<Vec<u8>, CodecError> {
    let mut reader = Bytes::new(bytes);
    if reader.byte()? != 0 {
        return Err(CodecError::at(0, "it does not begin with 0"));
    }
    reader.take(4)?;
    if has_message_place {
        // How deep the message is in others, and its place in each; 0 alone for the first of the file.
        for _ in 0..reader.zigzag()? {
            reader.varint()?;
        }
    }
    let rest = reader.take(reader.left())?;
    meter.bytes(rest.len())?;
    Ok(rest.to_vec())
}
