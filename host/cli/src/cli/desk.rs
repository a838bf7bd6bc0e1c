//! The desk: where the user of a command sits. Everything that a command reads from its user or writes to them goes through it: the lines of
//! its result and its talk, standard input, the files and environment variables that the user names, and the data directory.
//!
//! A command that runs by itself sits at the process's own desk, [`Here`]. One that a daemon runs for a client sits at the client's, behind a
//! socket, and does not know it: so both say the same, and files are read and written where the user is, with the user's permissions. A
//! command runs on one thread from its beginning to its end, and that thread knows its desk.

use super::{Failure, log, report};
use cartage::clock::SystemClock;
use cartage::data_dir::copy::{self, copy};
use cartage::data_dir::room::ThisDisk;
use cartage::data_dir::{self, DataDir};
use cartage::office::{self, Office};
use cartage::plugin::file::{self, PluginDir};
use cartage::store;
use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

/// One of the two ways in which a command speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output: the result.
    Result,
    /// Standard error: the talk.
    Talk,
}

/// Makes a file of this path.
pub(crate) type Make<'a> = &'a mut dyn FnMut(&Path) -> Result<(), Failure>;

/// Where the user of a command sits.
pub(crate) trait Desk {
    /// Writes text. Where nobody reads it any more it is dropped.
    fn put(&self, stream: Stream, text: &str);
    /// Whether text may be coloured.
    fn has_colours(&self, stream: Stream) -> bool;
    /// All of standard input. None: it has more bytes than that.
    fn standard_input(&self, bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>>;
    /// All of a file. None: it has more bytes than that.
    fn file(&self, path: &Path, bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>>;
    /// A plugin's file below a folder.
    fn plugin(&self, folder: &Path, name: &str) -> Result<Vec<u8>, file::Error>;
    /// Writes a file, in the place of one that is there.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Has a file made that must not be there yet, and that is complete under its name or not there.
    fn new_file(&self, path: &Path, make: Make<'_>) -> Result<(), Failure>;
    /// Copies the store of a data directory to a new file, which is complete under its name or not there.
    fn copy_store(&self, data: &Path, to: &Path, at_unix_ms: u64) -> io::Result<()>;
    /// An environment variable.
    fn variable(&self, name: &str) -> io::Result<Option<OsString>>;
    /// The data directory, opened.
    fn office(&self, data: &Path) -> Result<Arc<Office>, office::Error>;
    /// The runtime that serves the command's asynchronous part. None: the command makes one.
    fn runtime(&self) -> Option<Handle>;
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<dyn Desk>>> = const { RefCell::new(None) };
}

/// The desk of the command that this thread runs: the process's own, unless it was said otherwise.
pub(crate) fn current() -> Rc<dyn Desk> {
    CURRENT.with_borrow(Clone::clone).unwrap_or_else(|| Rc::new(Here::default()))
}

/// Does some work at a desk.
pub(crate) fn at<T>(desk: Rc<dyn Desk>, work: impl FnOnce() -> T) -> T {
    /// Puts the desk before back, also when the work panics: the thread may serve another.
    struct Leave(Option<Rc<dyn Desk>>);
    impl Drop for Leave {
        fn drop(&mut self) {
            CURRENT.set(self.0.take());
        }
    }
    let _leave = Leave(CURRENT.replace(Some(desk)));
    work()
}

/// All of a file that the user names, as text. None: it has more bytes than that.
pub(crate) fn text(path: &Path, bytes_max: u64) -> io::Result<Option<String>> {
    current().file(path, bytes_max)?.map(as_text).transpose()
}

/// What was read, as text.
pub(crate) fn as_text(mut bytes: Zeroizing<Vec<u8>>) -> io::Result<String> {
    String::from_utf8(std::mem::take(&mut *bytes)).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        io::Error::new(ErrorKind::InvalidData, "it is no UTF-8 text")
    })
}

/// Answers of a person, line by line. Only for a command that no daemon runs.
pub(crate) fn answers() -> io::StdinLock<'static> {
    io::stdin().lock()
}

/// The process's own desk.
#[derive(Debug, Default)]
pub(crate) struct Here {
    /// The data directory that was locked before the command began, or why it could not be.
    opened: RefCell<Option<Result<DataDir, data_dir::Error>>>,
}

impl Here {
    /// With a data directory that was locked already, or the reason why it could not be, which is told when the command asks for it.
    pub(crate) fn with(opened: Result<DataDir, data_dir::Error>) -> Here {
        Here { opened: RefCell::new(Some(opened)) }
    }
}

impl Desk for Here {
    fn put(&self, stream: Stream, text: &str) {
        let written = match stream {
            Stream::Result => io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()),
            Stream::Talk => io::stderr().write_all(log::talk(text).as_bytes()),
        };
        match written {
            // `cartage … | head` has seen enough; what follows would have nobody to read it.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
            // A closed stream leaves nobody to tell; the exit code still says how it went.
            Ok(()) | Err(_) => {}
        }
    }

    fn has_colours(&self, stream: Stream) -> bool {
        let terminal = match stream {
            Stream::Result => io::stdout().is_terminal(),
            Stream::Talk => io::stderr().is_terminal(),
        };
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    fn standard_input(&self, bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        bounded(io::stdin().lock(), bytes_max)
    }

    fn file(&self, path: &Path, bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        bounded(File::open(path)?, bytes_max)
    }

    fn plugin(&self, folder: &Path, name: &str) -> Result<Vec<u8>, file::Error> {
        PluginDir::open(folder)?.read(name)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        private().truncate(true).create(true).open(path)?.write_all(bytes)
    }

    fn new_file(&self, path: &Path, make: Make<'_>) -> Result<(), Failure> {
        make(path)
    }

    fn copy_store(&self, data: &Path, to: &Path, at_unix_ms: u64) -> io::Result<()> {
        copy(data, to, at_unix_ms, &ThisDisk).map_err(|error| {
            let is_there = matches!(error, copy::Error::Store(store::Error::Exists { .. }));
            io::Error::new(if is_there { ErrorKind::AlreadyExists } else { ErrorKind::Other }, report::chain(&error))
        })
    }

    fn variable(&self, name: &str) -> io::Result<Option<OsString>> {
        Ok(std::env::var_os(name))
    }

    fn office(&self, data: &Path) -> Result<Arc<Office>, office::Error> {
        let clock = Arc::new(SystemClock);
        let office = match self.opened.take() {
            Some(opened) => Office::of(opened?, clock),
            None => Office::open(data, clock),
        };
        office.map(Arc::new)
    }

    fn runtime(&self) -> Option<Handle> {
        None
    }
}

/// A file for its owner alone, where it is made: exports and recordings hold what a cart's orders say.
pub(in crate::cli) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Reads all that there is. None: it is more than that.
pub(super) fn bounded(from: impl Read, bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    from.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= bytes_max).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_has_a_limit() {
        for (bytes, fits) in [(0, true), (4, true), (5, false), (6, false)] {
            let read = bounded(&b"xxxxxx"[..bytes], 4).expect("memory can be read");
            assert_eq!(read.map(|read| read.len()), fits.then_some(bytes), "{bytes}");
        }
    }

    #[test]
    fn what_is_no_text_is_not_taken_for_text() {
        assert_eq!(as_text(Zeroizing::new("é".into())).expect("it is text"), "é");
        assert_eq!(as_text(Zeroizing::new(vec![0xe9])).expect_err("it is none").kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn a_thread_goes_back_to_its_own_desk() {
        let there = || CURRENT.with_borrow(Option::is_some);
        assert!(!there());
        assert!(at(Rc::new(Here::default()), there));
        assert!(!there());
        let panicked = std::panic::catch_unwind(|| at(Rc::new(Here::default()), || panic!("the work fails")));
        assert!(panicked.is_err() && !there());
    }
}
