//! The console of a command that a daemon runs for a client on the socket.
//!
//! If the client has disconnected, printed text is dropped and the command runs on to its end. If the command then needs input from the client, the request
//! fails.

use super::frames::{self, Answer, Ask, Blob, Opening, PIECE_BYTES_MAX, WriteMode};
use crate::cli::Failure;
use crate::cli::console::{Console, Make, Stream};
use cartage::engine::admit::PLUGIN_BYTES_MAX;
use cartage::engine::file;
use cartage::service::{self, Service};
use cartage::store;
use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

/// Prefix of the folders in which copies are made for clients. The folders lie in the data directory, on a disk with room for the store.
pub(super) const COPIES: &str = "copy-for-a-command-";

/// The console of a client on the socket.
pub(super) struct RemoteConsole {
    stream: RefCell<UnixStream>,
    /// Whether the client is still connected.
    is_there: Cell<bool>,
    result_has_colours: bool,
    talk_has_colours: bool,
    service: Arc<Service>,
    runtime: Handle,
}

impl RemoteConsole {
    pub(super) fn new(stream: UnixStream, opening: &Opening, service: Arc<Service>, runtime: Handle) -> RemoteConsole {
        let Opening { result_has_colours, talk_has_colours, .. } = *opening;
        RemoteConsole { stream: RefCell::new(stream), is_there: Cell::new(true), result_has_colours, talk_has_colours, service, runtime }
    }

    /// Sends the exit code, which ends the connection.
    pub(super) fn done(&self, exit_code: u8) {
        self.tell(&Ask::Done { exit_code });
    }

    /// Sends a frame that needs no answer.
    fn tell(&self, ask: &Ask) {
        if self.is_there.get() {
            self.is_there.set(frames::send(&mut *self.stream.borrow_mut(), ask).is_ok());
        }
    }

    /// Receives the next answer.
    fn answer(&self) -> io::Result<Answer> {
        let answer = if self.is_there.get() { frames::receive(&mut *self.stream.borrow_mut()) } else { Err(frames::Error::Ended) };
        answer.map_err(|error| {
            self.is_there.set(false);
            io::Error::other(error)
        })
    }

    /// Receives bytes in pieces; `None` if there are more than `bytes_max`.
    fn pieces(&self, bytes_max: u64) -> io::Result<Result<Option<Zeroizing<Vec<u8>>>, Answer>> {
        let mut all = Zeroizing::new(Vec::new());
        loop {
            match self.answer()? {
                // The client was told the limit and ignored it, so the connection is given up.
                Answer::Piece(piece) if (all.len() + piece.0.len()) as u64 > bytes_max => return Err(self.astray()),
                Answer::Piece(piece) => all.extend_from_slice(&piece.0),
                Answer::End => return Ok(Ok(Some(all))),
                Answer::TooLarge => return Ok(Ok(None)),
                Answer::Failed(trouble) => return Err(trouble.into()),
                other @ (Answer::NoPlugin(_) | Answer::Variable(_)) => return Ok(Err(other)),
            }
        }
    }

    fn content(&self, ask: &Ask, bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        self.tell(ask);
        self.pieces(bytes_max)?.map_err(|_| self.astray())
    }

    /// The error for an answer that does not fit the request. Nothing that follows can be trusted.
    fn astray(&self) -> io::Error {
        self.is_there.set(false);
        io::Error::new(ErrorKind::InvalidData, "the command sent an answer that does not fit the request")
    }

    /// Receives the answer to whether an operation succeeded.
    fn is_done(&self) -> io::Result<()> {
        match self.answer()? {
            Answer::End => Ok(()),
            Answer::Failed(trouble) => Err(trouble.into()),
            Answer::Piece(_) | Answer::TooLarge | Answer::NoPlugin(_) | Answer::Variable(_) => Err(self.astray()),
        }
    }

    fn begin(&self, path: &Path, place: WriteMode) -> io::Result<()> {
        self.tell(&Ask::Write { path: path.into(), place });
        self.is_done()
    }

    fn end(&self) -> io::Result<()> {
        self.tell(&Ask::End);
        self.is_done()
    }

    fn send_file(&self, file: &Path) -> io::Result<()> {
        let mut open = File::open(file)?;
        let mut piece = Zeroizing::new(vec![0; PIECE_BYTES_MAX]);
        while self.is_there.get() {
            match open.read(&mut piece)? {
                0 => break,
                bytes => self.tell(&Ask::Piece(Blob::of(&piece[..bytes]))),
            }
        }
        Ok(())
    }
}

impl Console for RemoteConsole {
    fn put(&self, stream: Stream, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES_MAX));
            rest = more;
            let piece = Blob::of(piece.as_bytes());
            self.tell(&match stream {
                Stream::Result => Ask::Result(piece),
                Stream::Talk => Ask::Talk(piece),
            });
        }
    }

    fn has_colours(&self, stream: Stream) -> bool {
        match stream {
            Stream::Result => self.result_has_colours,
            Stream::Talk => self.talk_has_colours,
        }
    }

    fn standard_input(&self, bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        self.content(&Ask::StandardInput { bytes_max }, bytes_max)
    }

    fn file(&self, path: &Path, bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        self.content(&Ask::File { path: path.into(), bytes_max }, bytes_max)
    }

    fn plugin(&self, folder: &Path, name: &str) -> Result<Vec<u8>, file::Error> {
        let failed = |source| file::Error::Read { name: name.to_owned(), source };
        self.tell(&Ask::Plugin { folder: folder.into(), name: name.to_owned() });
        match self.pieces(PLUGIN_BYTES_MAX as u64).map_err(failed)? {
            Ok(Some(mut bytes)) => Ok(std::mem::take(&mut *bytes)),
            Ok(None) => Err(file::Error::TooLarge { name: name.to_owned() }),
            Err(Answer::NoPlugin(no_plugin)) => Err(no_plugin.of(folder, name)),
            Err(_) => Err(failed(self.astray())),
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.begin(path, WriteMode::Any)?;
        bytes.chunks(PIECE_BYTES_MAX).for_each(|piece| self.tell(&Ask::Piece(Blob::of(piece))));
        self.end()
    }

    fn new_file(&self, path: &Path, make: Make<'_>) -> Result<(), Failure> {
        self.begin(path, WriteMode::New).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => store::Error::Exists { file: path.to_owned() }.into(),
            _ => Failure::from(error),
        })?;
        let made =
            tempfile::Builder::new().prefix(COPIES).tempdir_in(self.service.data_dir().path()).map_err(Failure::from).and_then(|folder| {
                let file = folder.path().join("copy");
                make(&file)?;
                Ok(self.send_file(&file)?)
            });
        if made.is_err() {
            self.tell(&Ask::Abandon);
        }
        made?;
        Ok(self.end()?)
    }

    fn copy_store(&self, _data: &Path, to: &Path, at_unix_ms: u64) -> io::Result<()> {
        self.tell(&Ask::CopyStore { to: to.into(), at_unix_ms });
        self.is_done()
    }

    fn variable(&self, name: &str) -> io::Result<Option<OsString>> {
        self.tell(&Ask::Variable { name: name.to_owned() });
        match self.answer()? {
            Answer::Variable(value) => Ok(value.map(|value| value.os())),
            Answer::Piece(_) | Answer::End | Answer::TooLarge | Answer::Failed(_) | Answer::NoPlugin(_) => Err(self.astray()),
        }
    }

    fn service(&self, _data: &Path) -> Result<Arc<Service>, service::Error> {
        Ok(self.service.clone())
    }

    fn runtime(&self) -> Option<Handle> {
        Some(self.runtime.clone())
    }
}
