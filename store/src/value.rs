//! Single values that are too large to be held: read from Redis as they are passed on.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::Stream;
use futures::stream::try_unfold;
use rewind_domain::{EntryId, StreamKey};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::time::timeout;

use super::reader::Reader;
use super::transport::Duplex;
use super::{EntryRange, IdRange, PageOrder, Store, StoreError, StoreUrl};

/// How much is passed on at a time, in bytes.
const CHUNK: usize = 64 * 1024;
/// How long Redis may keep silent while a reply is expected.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a line of a reply can be that says how long something is, in bytes; errors are longer, and cut.
const LINE_BYTES: u64 = 512;

/// A value that is still to be read.
pub struct LongValue {
    /// Its length in bytes.
    pub length: u64,
    reply: Reply,
}

/// A reply that is read piece by piece.
struct Reply {
    stream: BufReader<Box<dyn Duplex>>,
    url: StoreUrl,
}

impl Store {
    /// Begins to read the value of the field at this place of an entry. `None` where there is none.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn long_value(
        &self,
        key: &StreamKey,
        id: EntryId,
        at: usize,
    ) -> Result<Option<LongValue>, StoreError> {
        let part = self.part(key).await?;
        let key = part.as_ref().map_or(key, |part| &part.stream);
        let range = EntryRange::new(IdRange::within(id, id), PageOrder::OldestFirst, 1);
        let mut reader = self.readers_of(key, None).connect().await?;
        reader.send(&[&range.command(key, &range.arguments())]).await?;
        let mut reply = Reply::of(reader);
        if reply.length(b'*').await? != 1 {
            return Ok(None);
        }
        // The entry is its id and its fields.
        reply.length(b'*').await?;
        reply.skip_text().await?;
        let texts = reply.length(b'*').await?;
        let before = 2 * at as u64 + 1;
        if before >= texts {
            return Ok(None);
        }
        for _ in 0..before {
            reply.skip_text().await?;
        }
        let length = reply.length(b'$').await?;
        Ok(Some(LongValue { length, reply }))
    }
}

impl LongValue {
    /// Its bytes, piece by piece. Ends with an error where Redis goes away.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        try_unfold((self.reply, self.length), |(mut reply, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let mut chunk = BytesMut::with_capacity(CHUNK);
            let mut rest = (&mut reply.stream).take(left);
            let read = timeout(RESPONSE_TIMEOUT, rest.read_buf(&mut chunk)).await;
            let read = match read {
                Ok(Ok(read)) if read > 0 => read as u64,
                Err(_) => return Err(reply.url.unavailable("it does not answer in time")),
                Ok(_) => return Err(reply.url.unavailable("the connection was lost")),
            };
            Ok(Some((chunk.freeze(), (reply, left.saturating_sub(read)))))
        })
    }
}

impl Reply {
    fn of(reader: Reader) -> Self {
        let (stream, url) = reader.into_parts();
        Self { stream: BufReader::with_capacity(CHUNK, stream), url }
    }

    /// The length that the next line tells, of an array or a text as the sign says.
    async fn length(&mut self, sign: u8) -> Result<u64, StoreError> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(LINE_BYTES);
        match timeout(RESPONSE_TIMEOUT, limited.read_until(b'\n', &mut line)).await {
            Ok(Ok(read)) if read > 0 => {}
            Err(_) => return Err(self.url.unavailable("it does not answer in time")),
            Ok(_) => return Err(self.url.unavailable("the connection was lost")),
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        match text.as_bytes().first() {
            Some(b'-') => Err(StoreError::from_reply(&self.url, text.trim_start_matches('-'))),
            Some(first) if *first == sign => text
                .get(1..)
                .and_then(|digits| digits.parse().ok())
                .ok_or(StoreError::unexpected("a length that is no number")),
            _ => Err(StoreError::unexpected("an entry of another shape")),
        }
    }

    /// Passes over a text.
    async fn skip_text(&mut self) -> Result<(), StoreError> {
        const LINE_END: u64 = 2;
        let mut left = self.length(b'$').await? + LINE_END;
        while left > 0 {
            let arrived = match timeout(RESPONSE_TIMEOUT, self.stream.fill_buf()).await {
                Ok(Ok(bytes)) if !bytes.is_empty() => bytes.len(),
                Err(_) => return Err(self.url.unavailable("it does not answer in time")),
                Ok(_) => return Err(self.url.unavailable("the connection was lost")),
            };
            let passed = arrived.min(usize::try_from(left).unwrap_or(arrived));
            self.stream.consume(passed);
            left -= passed as u64;
        }
        Ok(())
    }
}
