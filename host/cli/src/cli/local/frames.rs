//! The protocol between a daemon and a command: each frame is a length of four bytes, big-endian, followed by that number of bytes of JSON.
//!
//! The command begins with [`Opening`]. The daemon sends [`Ask`]s: text to print, and requests for what it needs from the user. The command answers each
//! request with [`Answer`]s before anything else is sent. [`Ask::Done`] or [`Ask::Refused`] ends the connection. File content is sent in pieces, so that
//! frames stay short. Buffers are wiped after use, because they may hold a credential.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cartage::engine::file;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Largest size of a frame in bytes, without its length.
pub(super) const FRAME_BYTES_MAX: usize = 1 << 20;
/// Largest number of bytes of a file or a text in one frame. As base64 they leave room for the rest of the frame.
pub(super) const PIECE_BYTES_MAX: usize = 512 << 10;

/// Why a frame could not be sent or read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("could not use the socket")]
    Socket(#[from] io::Error),
    #[error("a message of {bytes} bytes is too long; at most {FRAME_BYTES_MAX} are allowed")]
    TooLong { bytes: usize },
    #[error("the other side closed the connection in the middle of a message")]
    Cut,
    #[error("the other side closed the connection")]
    Ended,
    #[error("the other side sent a message that cannot be read")]
    Garbage(#[source] serde_json::Error),
}

/// Bytes, as base64 within JSON, because text of the operating system need not be Unicode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob(pub(super) Zeroizing<Vec<u8>>);

impl Blob {
    pub(super) fn of(bytes: &[u8]) -> Blob {
        Blob(Zeroizing::new(bytes.to_vec()))
    }

    pub(super) fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    pub(super) fn os(&self) -> OsString {
        OsString::from_vec(self.0.to_vec())
    }
}

impl From<&OsStr> for Blob {
    fn from(text: &OsStr) -> Blob {
        Blob::of(text.as_bytes())
    }
}

impl From<&Path> for Blob {
    fn from(path: &Path) -> Blob {
        path.as_os_str().into()
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(STANDARD.encode(&*self.0)))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Blob, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        STANDARD.decode(text.as_bytes()).map(|bytes| Blob(Zeroizing::new(bytes))).map_err(serde::de::Error::custom)
    }
}

/// The sender's release. All other fields of an opening may differ between releases.
#[derive(Debug, Deserialize)]
pub(super) struct Version {
    pub(super) version: String,
}

/// The first frame: the command to run, and its console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opening {
    pub(super) version: String,
    /// The arguments as typed, with the command's own name.
    pub(super) arguments: Vec<Blob>,
    /// The data directory as the user named it.
    pub(super) data: Blob,
    pub(super) result_has_colours: bool,
    pub(super) talk_has_colours: bool,
}

/// A frame that the daemon sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Ask {
    /// Print this to standard output.
    Result(Blob),
    /// Print this to standard error.
    Talk(Blob),
    /// Read standard input. Answered with pieces, then [`Answer::End`], [`Answer::TooLarge`] or [`Answer::Failed`].
    StandardInput { bytes_max: u64 },
    /// Read a file. Answered as [`Ask::StandardInput`].
    File { path: Blob, bytes_max: u64 },
    /// Read a plugin's file. Answered as [`Ask::StandardInput`], or with [`Answer::NoPlugin`].
    Plugin { folder: Blob, name: String },
    /// Read an environment variable. Answered with [`Answer::Variable`].
    Variable { name: String },
    /// Begin to write a file. Answered with [`Answer::End`] or [`Answer::Failed`]. After [`Answer::End`] the daemon sends pieces, then [`Ask::End`], which is
    /// answered the same way, or [`Ask::Abandon`], which is not answered.
    Write { path: Blob, place: WriteMode },
    /// Copy the store, which every user of the directory may read, to this new file. Answered with [`Answer::End`] or [`Answer::Failed`].
    CopyStore { to: Blob, at_unix_ms: u64 },
    /// A piece of the file that is being written.
    Piece(Blob),
    /// The file that is being written is complete.
    End,
    /// Discard the file that is being written.
    Abandon,
    /// The command was not run.
    Refused { message: String, what_to_do: String },
    /// The command has ended.
    Done { exit_code: u8 },
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WriteMode {
    /// To a path where no file exists yet. The file appears when it is complete.
    New,
    /// To a path where a file may exist, which is replaced.
    Any,
}

/// A frame that the command sends as an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Answer {
    /// A piece of the requested content.
    Piece(Blob),
    /// The content is complete, or the operation succeeded.
    End,
    /// The content has more bytes than the request allows.
    TooLarge,
    /// The operation failed.
    Failed(Trouble),
    /// Why the plugin's file was not read.
    NoPlugin(NoPlugin),
    /// The value of a variable; `None` if it is not set.
    Variable(Option<Blob>),
}

/// An I/O error as it is sent: from the operating system, or made by a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trouble {
    code: Option<i32>,
    kind: Kind,
    message: String,
}

/// The kinds of error that some code distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    NotFound,
    AlreadyExists,
    InvalidData,
    Other,
}

impl From<&io::Error> for Trouble {
    fn from(error: &io::Error) -> Trouble {
        let kind = match error.kind() {
            ErrorKind::NotFound => Kind::NotFound,
            ErrorKind::AlreadyExists => Kind::AlreadyExists,
            ErrorKind::InvalidData => Kind::InvalidData,
            _ => Kind::Other,
        };
        Trouble { code: error.raw_os_error(), kind, message: error.to_string() }
    }
}

impl From<Trouble> for io::Error {
    /// Rebuilds the error with the same kind and text.
    fn from(trouble: Trouble) -> io::Error {
        let kind = match trouble.kind {
            Kind::NotFound => ErrorKind::NotFound,
            Kind::AlreadyExists => ErrorKind::AlreadyExists,
            Kind::InvalidData => ErrorKind::InvalidData,
            Kind::Other => ErrorKind::Other,
        };
        trouble.code.map_or_else(|| io::Error::new(kind, trouble.message), io::Error::from_raw_os_error)
    }
}

/// Why a plugin's file was not read. The requester knows the folder and the name already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NoPlugin {
    Directory(Trouble),
    Name,
    Open(Trouble),
    NotAFile,
    TooLarge,
    Read(Trouble),
}

impl From<&file::Error> for NoPlugin {
    fn from(error: &file::Error) -> NoPlugin {
        match error {
            file::Error::Directory { source, .. } => NoPlugin::Directory(source.into()),
            file::Error::Name { .. } => NoPlugin::Name,
            file::Error::Open { source, .. } => NoPlugin::Open(source.into()),
            file::Error::NotAFile { .. } => NoPlugin::NotAFile,
            file::Error::TooLarge { .. } => NoPlugin::TooLarge,
            file::Error::Read { source, .. } => NoPlugin::Read(source.into()),
        }
    }
}

impl NoPlugin {
    /// Rebuilds the error.
    pub(super) fn of(self, folder: &Path, name: &str) -> file::Error {
        let (path, name): (PathBuf, _) = (folder.to_owned(), name.to_owned());
        match self {
            NoPlugin::Directory(trouble) => file::Error::Directory { path, source: trouble.into() },
            NoPlugin::Name => file::Error::Name { name },
            NoPlugin::Open(trouble) => file::Error::Open { name, source: trouble.into() },
            NoPlugin::NotAFile => file::Error::NotAFile { name },
            NoPlugin::TooLarge => file::Error::TooLarge { name },
            NoPlugin::Read(trouble) => file::Error::Read { name, source: trouble.into() },
        }
    }
}

/// Sends a frame.
pub(super) fn send(to: &mut impl Write, frame: &impl Serialize) -> Result<(), Error> {
    let mut bytes = Zeroizing::new(vec![0; 4]);
    serde_json::to_writer(&mut *bytes, frame).expect("frames have text keys only, and memory takes all that is written");
    let length = bytes.len() - 4;
    if length > FRAME_BYTES_MAX {
        return Err(Error::TooLong { bytes: length });
    }
    bytes[..4].copy_from_slice(&u32::try_from(length).expect("it is no more than the most").to_be_bytes());
    to.write_all(&bytes)?;
    Ok(to.flush()?)
}

/// The bytes of the next frame. A frame that is too long is not read.
pub(super) fn receive_bytes(from: &mut impl Read) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut length = [0; 4];
    let mut filled = 0;
    while filled < length.len() {
        match from.read(&mut length[filled..]) {
            Ok(0) if filled == 0 => return Err(Error::Ended),
            Ok(0) => return Err(Error::Cut),
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(Error::TooLong { bytes: length });
    }
    let mut bytes = Zeroizing::new(vec![0; length]);
    from.read_exact(&mut bytes).map_err(|error| if error.kind() == ErrorKind::UnexpectedEof { Error::Cut } else { error.into() })?;
    Ok(bytes)
}

/// Decodes a frame.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(Error::Garbage)
}

/// Receives and decodes the next frame.
pub(super) fn receive<T: DeserializeOwned>(from: &mut impl Read) -> Result<T, Error> {
    read(&receive_bytes(from)?)
}

#[cfg(test)]
mod tests;
