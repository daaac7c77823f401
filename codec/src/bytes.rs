//! Reading bytes from the front, none twice and none behind the end.

use crate::error::CodecError;

/// A place in some bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'b> {
    all: &'b [u8],
    at: usize,
}

impl<'b> Bytes<'b> {
    pub(crate) fn new(all: &'b [u8]) -> Self {
        Self { all, at: 0 }
    }

    /// How many were read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// How many are left.
    pub(crate) fn left(&self) -> usize {
        self.all.len() - self.at
    }

    /// What was read since an earlier place.
    pub(crate) fn since(&self, at: usize) -> &'b [u8] {
        self.all.get(at..self.at).unwrap_or_default()
    }

    /// The next one, which stays the next one.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.all.get(self.at).copied()
    }

    /// The next bytes, this many.
    pub(crate) fn take(&mut self, count: usize) -> Result<&'b [u8], CodecError> {
        let end = self.at.checked_add(count);
        match end.and_then(|end| self.all.get(self.at..end)) {
            Some(taken) => {
                self.at += count;
                Ok(taken)
            }
            None => Err(CodecError::at(self.all.len(), "it ends too early")),
        }
    }

    /// The next bytes, as many as a number from the bytes says.
    pub(crate) fn take_u64(&mut self, count: u64) -> Result<&'b [u8], CodecError> {
        self.take(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// The next bytes as an array of this length.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, CodecError> {
        self.array().map(|[byte]| byte)
    }

    /// A big-endian number of 1, 2, 4 or 8 bytes.
    pub(crate) fn big_endian(&mut self, bytes: usize) -> Result<u64, CodecError> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// A number in groups of seven bits, the lowest first, as Protobuf and Avro have it.
    pub(crate) fn varint(&mut self) -> Result<u64, CodecError> {
        let start = self.at;
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(CodecError::at(start, "a number has more than 64 bits"))
    }

    /// The same with the sign in the lowest bit.
    pub(crate) fn zigzag(&mut self) -> Result<i64, CodecError> {
        Ok(unzigzag(self.varint()?))
    }

    /// Nothing must be left.
    pub(crate) fn finish(&self) -> Result<(), CodecError> {
        if self.left() == 0 {
            return Ok(());
        }
        Err(CodecError::at(self.at, format!("{} bytes follow the value", self.left())))
    }
}

/// The number whose sign is in the lowest bit.
pub(crate) fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}
