//! A socket in the data directory, by which users of the machine reach the daemon. It has mode 0600 and lies in a directory that only its owner may enter: a user
//! who can connect to it could open the store as well.

use cartage::fault::Identity;
use std::fs::Permissions;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};

/// Pause after an `accept` that failed, for example because no file descriptor was free.
pub(super) const ACCEPT_REST: Duration = Duration::from_millis(100);
/// Interval at which the log repeats that nothing can be accepted.
pub(super) const SAY_AGAIN: Duration = Duration::from_secs(10);
/// How long the check of an old socket waits for a connection.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// Why users of the machine cannot reach the daemon.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The socket cannot be made.
    #[error("could not {what} the socket {}; if its path is long, use a data directory with a shorter one", .socket.display())]
    Socket {
        /// The operation that failed.
        what: &'static str,
        /// The path of the socket.
        socket: PathBuf,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// A file that is no socket lies where the socket is to be.
    #[error("{} is no socket, so it was left alone; move it elsewhere: the daemon makes a socket of this name", .file.display())]
    InTheWay {
        /// The path of the file.
        file: PathBuf,
    },
    /// Another process accepts connections at the socket.
    #[error(
        "another daemon answers at the socket {}, although the directory's lock is free: its lock was removed; stop that daemon first",
        .socket.display()
    )]
    Answered {
        /// The path of the socket.
        socket: PathBuf,
    },
}

/// A socket on which a daemon listens.
#[derive(Debug)]
pub(super) struct Socket {
    path: PathBuf,
    /// Identifies the socket's file, because another file may replace it.
    identity: Identity,
    pub(super) listener: UnixListener,
}

impl Socket {
    /// Listens at this path, and replaces the socket of a daemon that died. The directory's lock proves that no other daemon is alive; if a process accepts
    /// connections at the old socket all the same, this function leaves it alone.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] if the socket cannot be made, or if another process accepts connections at it.
    pub(super) async fn bind(path: PathBuf) -> Result<Socket, Error> {
        let failed = |what| {
            let socket = path.clone();
            move |source| Error::Socket { what, socket, source }
        };
        if is_answered(&path).await {
            return Err(Error::Answered { socket: path });
        }
        // Whatever else lies there is somebody's file.
        if std::fs::symlink_metadata(&path).is_ok_and(|found| !found.file_type().is_socket()) {
            return Err(Error::InTheWay { file: path });
        }
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed("remove the old one at")(error)),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&path).map_err(failed("make"))?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(failed("close to others"))?;
        let identity = Identity::of(&path).map_err(failed("look at"))?;
        Ok(Socket { path, identity, listener })
    }

    /// Accepts nothing more, and removes the socket. If the directory was replaced, another daemon's socket may lie there, which stays.
    pub(super) fn close(self) {
        drop(self.listener);
        if Identity::of(&self.path).is_ok_and(|found| found == self.identity)
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(error = &error as &dyn std::error::Error, socket = %self.path.display(), "could not remove the daemon's socket");
        }
    }
}

/// Whether a process listens at a socket, even if its queue of connections is full.
async fn is_answered(socket: &Path) -> bool {
    match tokio::time::timeout(ANSWER_WAIT, UnixStream::connect(socket)).await {
        Ok(connected) => connected.map_or_else(|error| error.kind() == std::io::ErrorKind::WouldBlock, |_| true),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::net;

    fn path(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().join("socket")
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("the tests need a directory for temporary files")
    }

    #[tokio::test]
    async fn a_socket_is_its_owner_s_alone_and_takes_the_place_of_an_old_one() {
        let folder = folder();
        drop(net::UnixListener::bind(path(&folder)).expect("it can be made"));
        let socket = Socket::bind(path(&folder)).await.expect("nobody answers at the old one");
        assert_eq!(std::fs::metadata(path(&folder)).expect("it is there").mode() & 0o777, 0o600);
        assert!(is_answered(&path(&folder)).await);
        socket.close();
        assert!(!path(&folder).exists());
    }

    #[tokio::test]
    async fn a_socket_that_somebody_answers_at_is_left_alone() {
        let folder = folder();
        let other = net::UnixListener::bind(path(&folder)).expect("it can be made");
        let before = Identity::of(&path(&folder)).expect("it is there");
        let error = Socket::bind(path(&folder)).await.expect_err("somebody answers there");
        assert!(matches!(error, Error::Answered { .. }) && Identity::of(&path(&folder)).is_ok_and(|found| found == before), "{error}");
        drop(other);
        let socket = Socket::bind(path(&folder)).await.expect("nobody does any more");
        // The file at the socket's path no longer belongs to this listener when it ends.
        std::fs::remove_file(path(&folder)).expect("it is there");
        let _other = net::UnixListener::bind(path(&folder)).expect("it can be made");
        socket.close();
        assert!(path(&folder).exists());
    }

    #[tokio::test]
    async fn what_cannot_be_a_socket_is_an_error() {
        let folder = folder();
        let long = folder.path().join("x".repeat(120));
        let error = Socket::bind(long).await.expect_err("the path has more bytes than a socket's may have");
        assert!(error.to_string().contains("use a data directory with a shorter one"), "{error}");
        std::fs::write(path(&folder), "somebody's file").expect("it can be written");
        let error = Socket::bind(path(&folder)).await.expect_err("it is no socket");
        assert!(matches!(error, Error::InTheWay { .. }), "{error}");
        assert_eq!(std::fs::read(path(&folder)).expect("it stays"), b"somebody's file");
    }
}
