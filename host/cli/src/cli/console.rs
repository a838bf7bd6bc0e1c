//! The console: the place of a command's user. A command reads and writes only through its console: the lines of its result and its messages, standard input, the
//! files and environment variables that the user names, and the data directory.
//!
//! A command that runs in its own process uses that process's console, [`Here`]. A command that a daemon runs for a client uses the client's console through a
//! socket. The code of the command is the same for both, and files are read and written where the user is, with the user's permissions. A command runs on one
//! thread from its beginning to its end, and that thread holds its console.

use super::{Failure, log};
use cartage::causes::chain;
use cartage::clock::SystemClock;
use cartage::data_dir::copy::{self, copy};
use cartage::data_dir::disk_level::ThisDisk;
use cartage::data_dir::{self, DataDir};
use cartage::engine::file::{self, PluginDir};
use cartage::service::{self, Service};
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

/// One of the two output streams of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output: the result.
    Result,
    /// Standard error: the messages to the user.
    Talk,
}

/// Writes the file at this path.
pub(crate) type Make<'a> = &'a mut dyn FnMut(&Path) -> Result<(), Failure>;

/// The input, the output and the files of a command's user.
pub(crate) trait Console {
    /// Writes text. Text that nobody can read any more is dropped.
    fn put(&self, stream: Stream, text: &str);
    /// Whether text may be coloured.
    fn has_colours(&self, stream: Stream) -> bool;
    /// Reads all of standard input; `None` if there are more than `bytes_max` bytes.
    fn standard_input(&self, bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>>;
    /// Reads all of a file; `None` if it has more than `bytes_max` bytes.
    fn file(&self, path: &Path, bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>>;
    /// Reads a plugin's file below a folder.
    fn plugin(&self, folder: &Path, name: &str) -> Result<Vec<u8>, file::Error>;
    /// Writes a file, and replaces an existing one.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Makes a file that must not exist yet. The file appears under its name only when it is complete.
    fn new_file(&self, path: &Path, make: Make<'_>) -> Result<(), Failure>;
    /// Copies the store of a data directory to a new file, which appears under its name only when it is complete.
    fn copy_store(&self, data: &Path, to: &Path, at_unix_ms: u64) -> io::Result<()>;
    /// Reads an environment variable; `None` if it is not set.
    fn variable(&self, name: &str) -> io::Result<Option<OsString>>;
    /// Opens the data directory.
    fn service(&self, data: &Path) -> Result<Arc<Service>, service::Error>;
    /// The runtime for the command's asynchronous part; `None` if the command makes its own.
    fn runtime(&self) -> Option<Handle>;
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<dyn Console>>> = const { RefCell::new(None) };
}

/// The console of the command that runs on this thread; the process's own by default.
pub(crate) fn current() -> Rc<dyn Console> {
    CURRENT.with_borrow(Clone::clone).unwrap_or_else(|| Rc::new(Here::default()))
}

/// Runs some work with this console.
pub(crate) fn at<T>(console: Rc<dyn Console>, work: impl FnOnce() -> T) -> T {
    /// Restores the previous console, even if the work panics, because the thread may serve another command later.
    struct Leave(Option<Rc<dyn Console>>);
    impl Drop for Leave {
        fn drop(&mut self) {
            CURRENT.set(self.0.take());
        }
    }
    let _leave = Leave(CURRENT.replace(Some(console)));
    work()
}

/// Reads all of a file that the user names as text; `None` if it has more than `bytes_max` bytes.
pub(crate) fn text(path: &Path, bytes_max: u64) -> io::Result<Option<String>> {
    current().file(path, bytes_max)?.map(as_text).transpose()
}

/// Converts the bytes to text. Bytes that are not UTF-8 are wiped.
pub(crate) fn as_text(mut bytes: Zeroizing<Vec<u8>>) -> io::Result<String> {
    String::from_utf8(std::mem::take(&mut *bytes)).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        io::Error::new(ErrorKind::InvalidData, "the content is not UTF-8 text")
    })
}

/// A person's answers, line by line. Used only by commands that no daemon runs.
pub(crate) fn answers() -> io::StdinLock<'static> {
    io::stdin().lock()
}

/// The process's own console.
#[derive(Debug, Default)]
pub(crate) struct Here {
    /// The data directory that was locked before the command began, or the error of that attempt.
    opened: RefCell<Option<Result<DataDir, data_dir::Error>>>,
}

impl Here {
    /// Keeps a data directory that is already locked, or the error of locking it, which is reported when the command opens the directory.
    pub(crate) fn with(opened: Result<DataDir, data_dir::Error>) -> Here {
        Here { opened: RefCell::new(Some(opened)) }
    }
}

impl Console for Here {
    fn put(&self, stream: Stream, text: &str) {
        let written = match stream {
            Stream::Result => io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()),
            Stream::Talk => io::stderr().write_all(log::talk(text).as_bytes()),
        };
        match written {
            // The reader, as in `cartage … | head`, has closed the pipe, and nobody would read the rest.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
            // A closed stream leaves nobody to tell; the exit code still reports the result.
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
            io::Error::new(if is_there { ErrorKind::AlreadyExists } else { ErrorKind::Other }, chain(&error))
        })
    }

    fn variable(&self, name: &str) -> io::Result<Option<OsString>> {
        Ok(std::env::var_os(name))
    }

    fn service(&self, data: &Path) -> Result<Arc<Service>, service::Error> {
        let clock = Arc::new(SystemClock);
        let service = match self.opened.take() {
            Some(opened) => Service::of(opened?, clock),
            None => Service::open(data, clock),
        };
        service.map(Arc::new)
    }

    fn runtime(&self) -> Option<Handle> {
        None
    }
}

/// Options for a new file that only its owner can read: exports and recordings contain order data.
pub(in crate::cli) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Reads everything; `None` if there are more than `bytes_max` bytes.
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
