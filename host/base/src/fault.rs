//! Sorts errors of the operating system by what they say of this machine and by what corrects them.
//!
//! The important question about an error is whether it is a fact (the file is missing) or a fault of the moment (no file handle, no memory, no
//! space). A fault never decides about an order.

use rustix::io::Errno;
use std::error::Error;
use std::io;
use std::iter::successors;
use std::path::Path;

/// The kinds of errors that need different remedies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A file, or a folder above it, does not exist.
    NotThere,
    /// The disk or the user's quota is full, or the file has reached the process's limit of size.
    NoRoom,
    /// The file system is read only.
    ReadOnly,
    /// The process or the machine has no more file handles, memory, threads or locks.
    Exhausted,
    /// Another error of the system, such as a missing permission or a failing disk.
    Other,
    /// Not an error of the system: the contents are not as expected, for example not text, or too long.
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

    /// Whether the error states a fact, and not only that the fact could not be determined now.
    pub fn is_fact(self) -> bool {
        matches!(self, Fault::NotThere | Fault::Content)
    }

    /// The kind of the first error of the operating system among an error and its causes. `None` if there is none.
    pub fn within(error: &(dyn Error + 'static)) -> Option<Fault> {
        successors(Some(error), |&error| error.source()).find_map(|error| {
            let numbered = || error.downcast_ref::<Errno>().map(|errno| Fault::numbered(errno.raw_os_error()));
            error.downcast_ref::<io::Error>().map(Fault::of).or_else(numbered)
        })
    }
}

/// The identity of a file or folder, whatever its path: the numbers of its disk and of its inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity(u64, u64);

impl Identity {
    /// The identity of what the path names now.
    ///
    /// # Errors
    ///
    /// The system's error if the path names nothing.
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
