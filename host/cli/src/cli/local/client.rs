//! The client of the socket: it sends the typed command, then does at its own console what the daemon asks for.

use super::frames::{self, Answer, Ask, Blob, FRAME_BYTES_MAX, Opening, PIECE_BYTES_MAX, WriteMode};
use crate::cli::Failure;
use crate::cli::console::{Console, Stream, private};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// A connection to a daemon.
#[derive(Debug)]
pub(in crate::cli) struct Client {
    stream: UnixStream,
}

/// Why a daemon did not run a command to its end.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{message}")]
    Refused { message: String },
    #[error("the command line is too long to send to the daemon: it has more than {FRAME_BYTES_MAX} bytes")]
    TooLong,
    #[error("lost the connection to the daemon while it ran this command; whether the command did its work is not known")]
    Lost(#[source] frames::Error),
}

impl Error {
    fn lost(source: frames::Error) -> Failure {
        Failure::from(Error::Lost(source)).what_to_do(
            "check the result with a command that lists it, and check the daemon's log; then repeat this command if it is still needed",
        )
    }
}

impl Client {
    /// Connects to the daemon that works in a data directory; `None` if there is none. The caller must have checked the directory's owner and mode, because a
    /// daemon may ask for any file of its user.
    pub(in crate::cli) fn reach(socket: &Path) -> Option<Client> {
        UnixStream::connect(socket).ok().map(Client::over)
    }

    pub(super) fn over(stream: UnixStream) -> Client {
        Client { stream }
    }

    /// Runs a command in the daemon and returns its exit code.
    ///
    /// # Errors
    ///
    /// The daemon refused the command, or the connection was lost.
    pub(in crate::cli) fn run(mut self, console: &dyn Console, arguments: &[OsString], data: &Path) -> Result<u8, Failure> {
        let opening = Opening {
            version: super::VERSION.to_owned(),
            arguments: arguments.iter().map(|argument| argument.as_os_str().into()).collect(),
            data: data.into(),
            result_has_colours: console.has_colours(Stream::Result),
            talk_has_colours: console.has_colours(Stream::Talk),
        };
        match frames::send(&mut self.stream, &opening) {
            Ok(()) => {}
            Err(frames::Error::TooLong { .. }) => {
                return Err(
                    Failure::from(Error::TooLong).what_to_do("put the text into a file if the command takes one, or stop the daemon first")
                );
            }
            // The daemon may have sent a reason before it closed the connection; the loop below reads it.
            Err(_) => {}
        }
        let mut writing = None;
        loop {
            match frames::receive(&mut self.stream).map_err(Error::lost)? {
                Ask::Result(text) => console.put(Stream::Result, &String::from_utf8_lossy(&text.0)),
                Ask::Talk(text) => console.put(Stream::Talk, &String::from_utf8_lossy(&text.0)),
                Ask::StandardInput { bytes_max } => self.give(console.standard_input(bytes_max))?,
                Ask::File { path, bytes_max } => self.give(console.file(path.path(), bytes_max))?,
                Ask::Plugin { folder, name } => match console.plugin(folder.path(), &name) {
                    Ok(bytes) => self.give(Ok(Some(bytes.into())))?,
                    Err(error) => self.answer(&Answer::NoPlugin((&error).into()))?,
                },
                Ask::Variable { name } => match console.variable(&name) {
                    Ok(value) => self.answer(&Answer::Variable(value.as_deref().map(Blob::from)))?,
                    Err(error) => self.answer(&Answer::Failed((&error).into()))?,
                },
                Ask::Write { path, place } => {
                    let begun = Writing::begin(path.path(), place);
                    self.say(begun.as_ref().map(drop))?;
                    writing = begun.ok();
                }
                Ask::CopyStore { to, at_unix_ms } => {
                    let copied = console.copy_store(data, to.path(), at_unix_ms);
                    self.say(copied.as_ref().map(drop))?;
                }
                Ask::Piece(piece) => writing.iter_mut().for_each(|writing| writing.add(&piece.0)),
                Ask::End => {
                    let ended = writing.take().map_or_else(|| Err(io::Error::other("no file was begun")), Writing::end);
                    self.say(ended.as_ref().map(drop))?;
                }
                Ask::Abandon => writing = None,
                Ask::Refused { message, what_to_do } => return Err(Failure::from(Error::Refused { message }).what_to_do(what_to_do)),
                Ask::Done { exit_code } => return Ok(exit_code),
            }
        }
    }

    fn answer(&mut self, answer: &Answer) -> Result<(), Failure> {
        frames::send(&mut self.stream, answer).map_err(Error::lost)
    }

    /// Answers whether an operation succeeded.
    fn say(&mut self, done: Result<(), &io::Error>) -> Result<(), Failure> {
        self.answer(&done.map_or_else(|error| Answer::Failed(error.into()), |()| Answer::End))
    }

    /// Answers with the bytes that were read.
    fn give(&mut self, read: io::Result<Option<Zeroizing<Vec<u8>>>>) -> Result<(), Failure> {
        match read {
            Ok(Some(bytes)) => {
                for piece in bytes.chunks(PIECE_BYTES_MAX) {
                    self.answer(&Answer::Piece(Blob::of(piece)))?;
                }
                self.answer(&Answer::End)
            }
            Ok(None) => self.answer(&Answer::TooLarge),
            Err(error) => self.answer(&Answer::Failed((&error).into())),
        }
    }
}

/// A file that is being written for the daemon. The first error is reported at its end.
struct Writing {
    file: Target,
    so_far: io::Result<()>,
}

enum Target {
    /// A new file, which appears under its name when it is complete.
    New(NamedTempFile, PathBuf),
    /// A file that is written in place.
    Any(File),
}

impl Writing {
    fn begin(path: &Path, place: WriteMode) -> io::Result<Writing> {
        let file = match place {
            WriteMode::New if path.exists() => return Err(io::ErrorKind::AlreadyExists.into()),
            WriteMode::New => Target::New(NamedTempFile::new_in(folder(path))?, path.to_owned()),
            WriteMode::Any => Target::Any(private().truncate(true).create(true).open(path)?),
        };
        Ok(Writing { file, so_far: Ok(()) })
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.so_far.is_ok() {
            self.so_far = match &mut self.file {
                Target::New(file, _) => file.write_all(bytes),
                Target::Any(file) => file.write_all(bytes),
            };
        }
    }

    fn end(self) -> io::Result<()> {
        self.so_far?;
        match self.file {
            Target::Any(_) => Ok(()),
            Target::New(file, path) => {
                file.as_file().sync_all()?;
                file.persist_noclobber(&path).map_err(|error| error.error)?;
                File::open(folder(&path))?.sync_all()
            }
        }
    }
}

/// The folder of a file. The parent of a bare name is the empty path, so the current folder is returned.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
