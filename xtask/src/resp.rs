//! As much of Redis' protocol as it takes to wait for a server, to ask for counts, and to add an
//! entry. Rewind's own client is a thousand times this, and xtask must compile in seconds.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A local server that takes longer than this for one small command is not coming back.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to a server on this machine.
pub(crate) struct Connection {
    stream: BufReader<UnixStream>,
}

/// What a server answers to the commands that are used here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// A status such as `PONG`, or a string such as an entry id.
    Text(String),
    /// A count.
    Integer(u64),
    /// The server refuses, and says why.
    Error(String),
}

impl Connection {
    /// Connects to the server that listens on `socket`.
    pub(crate) fn open(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends one command and waits for the answer.
    pub(crate) fn call(&mut self, words: &[&str]) -> io::Result<Reply> {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.read()
    }

    fn read(&mut self) -> io::Result<Reply> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        let malformed = || io::Error::new(ErrorKind::InvalidData, format!("`{line}` is no answer"));
        let (kind, rest) = line.split_at_checked(1).ok_or_else(malformed)?;
        match kind {
            "+" => Ok(Reply::Text(rest.to_owned())),
            "-" => Ok(Reply::Error(rest.to_owned())),
            ":" => Ok(Reply::Integer(rest.parse().map_err(|_| malformed())?)),
            "$" => {
                let length: usize = rest.parse().map_err(|_| malformed())?;
                let mut body = vec![0; length + "\r\n".len()];
                self.stream.read_exact(&mut body)?;
                body.truncate(length);
                Ok(Reply::Text(String::from_utf8_lossy(&body).into_owned()))
            }
            _ => Err(malformed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    fn answers_to(command: &[&str], answers: &'static [u8]) -> (String, io::Result<Reply>) {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 64];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(answers).unwrap();
            String::from_utf8(request[..length].to_vec()).unwrap()
        });
        let reply = Connection::open(&socket).unwrap().call(command);
        (server.join().unwrap(), reply)
    }

    #[test]
    fn a_command_is_sent_with_the_length_of_each_word_in_bytes() {
        let (request, reply) = answers_to(&["XLEN", "zoë"], b":42\r\n");
        assert_eq!(request, "*2\r\n$4\r\nXLEN\r\n$4\r\nzoë\r\n");
        assert_eq!(reply.unwrap(), Reply::Integer(42));
    }

    #[test]
    fn statuses_strings_and_refusals_are_told_apart() {
        let reply = |answer| answers_to(&["PING"], answer).1.unwrap();
        assert_eq!(reply(b"+PONG\r\n"), Reply::Text("PONG".to_owned()));
        assert_eq!(reply(b"$3\r\n1-0\r\n"), Reply::Text("1-0".to_owned()));
        assert_eq!(reply(b"-LOADING soon\r\n"), Reply::Error("LOADING soon".to_owned()));
    }

    #[test]
    fn a_server_that_hangs_up_or_talks_nonsense_is_an_error() {
        let kind = |answer| answers_to(&["PING"], answer).1.unwrap_err().kind();
        assert_eq!(kind(b""), ErrorKind::UnexpectedEof);
        assert_eq!(kind(b"HTTP/1.1 400\r\n"), ErrorKind::InvalidData);
        assert_eq!(kind(b"\r\n"), ErrorKind::InvalidData);
    }
}
