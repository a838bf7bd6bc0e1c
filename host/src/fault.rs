//! What an error of the operating system says about this machine, by what mends it.
//!
//! The one question that matters to whoever asked for something: was it a fact (the file is not there) or a fault of the moment (no file handle,
//! no memory, no room)? A fault is never a decision about an order.

use rustix::io::Errno;
use std::error::Error;
use std::io;
use std::iter::successors;
use std::path::Path;

/// The kinds of errors that ask for different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A file, or a folder above it, is not there.
    NotThere,
    /// The disk or the user's quota is full, or the file is as large as the process may make one.
    NoRoom,
    /// The file system takes no writes.
    ReadOnly,
    /// The process or the machine has no more file handles, memory, threads or locks to give.
    Exhausted,
    /// Anything else, such as a missing right or a disk that fails.
    Other,
    /// None of the system's: what was read is not what was expected there, such as no text or too long a text.
    Content,
}

impl Fault {
    /// The kind of an error of the operating system.
    pub fn of(error: &io::Error) -> Fault {
        match (error.raw_os_error(), error.kind()) {
            (Some(number), _) => Fault::numbered(number),
            (None, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Fault::NotThere,
            (None, io::ErrorKind::OutOfMemory) => Fault::Exhausted,
            (None, _) => Fault::Content,
        }
    }

    /// The kind of an error by its number (`errno`).
    pub fn numbered(errno: i32) -> Fault {
        match Errno::from_raw_os_error(errno) {
            Errno::NOENT | Errno::NOTDIR => Fault::NotThere,
            Errno::NOSPC | Errno::DQUOT | Errno::FBIG => Fault::NoRoom,
            Errno::ROFS => Fault::ReadOnly,
            Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS | Errno::AGAIN | Errno::NOLCK => Fault::Exhausted,
            _ => Fault::Other,
        }
    }

    /// Whether it says how things are, and not only that they could not be looked at now.
    pub fn is_fact(self) -> bool {
        matches!(self, Fault::NotThere | Fault::Content)
    }

    /// The kind of the first error of the operating system among an error and its causes. None: there is none.
    pub fn within(error: &(dyn Error + 'static)) -> Option<Fault> {
        successors(Some(error), |&error| error.source()).find_map(|error| {
            let numbered = || error.downcast_ref::<Errno>().map(|errno| Fault::numbered(errno.raw_os_error()));
            error.downcast_ref::<io::Error>().map(Fault::of).or_else(numbered)
        })
    }
}

/// Which file or folder a path leads to, whatever its name: by the disk and the number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity(u64, u64);

impl Identity {
    /// What the path leads to now.
    ///
    /// # Errors
    ///
    /// That of the system, where it leads nowhere.
    pub fn of(path: &Path) -> io::Result<Identity> {
        let found = rustix::fs::stat(path)?;
        // The widths and signs of both differ between systems.
        #[allow(clippy::unnecessary_cast, reason = "they have other types elsewhere")]
        Ok(Identity(found.st_dev as u64, found.st_ino as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_is_a_fact_or_a_fault() {
        for (errno, expected) in [
            (Errno::NOENT, Fault::NotThere),
            (Errno::NOTDIR, Fault::NotThere),
            (Errno::NOSPC, Fault::NoRoom),
            (Errno::DQUOT, Fault::NoRoom),
            (Errno::FBIG, Fault::NoRoom),
            (Errno::ROFS, Fault::ReadOnly),
            (Errno::MFILE, Fault::Exhausted),
            (Errno::NFILE, Fault::Exhausted),
            (Errno::NOMEM, Fault::Exhausted),
            (Errno::AGAIN, Fault::Exhausted),
            (Errno::IO, Fault::Other),
            (Errno::ACCESS, Fault::Other),
            (Errno::LOOP, Fault::Other),
        ] {
            let number = errno.raw_os_error();
            assert_eq!(Fault::of(&io::Error::from_raw_os_error(number)), expected, "{errno:?}");
            let deep = Deep(io::Error::from_raw_os_error(number));
            assert_eq!(Fault::within(&deep), Some(expected), "{errno:?} as a cause");
            assert_eq!(Fault::within(&errno), Some(expected), "{errno:?} by itself");
        }
        assert_eq!(Fault::of(&io::ErrorKind::NotFound.into()), Fault::NotThere);
        assert_eq!(Fault::of(&io::Error::other("it has more bytes than that")), Fault::Content);
        assert_eq!(Fault::within(&std::fmt::Error), None);
    }

    #[derive(Debug, thiserror::Error)]
    #[error("could not read it")]
    struct Deep(#[source] io::Error);
}
