//! What goes over the socket between a daemon and a command: frames, each a length of four bytes, the highest first, and so many bytes of JSON.
//!
//! A conversation: the command opens it with [`Opening`]. The daemon writes [`Ask`]s: what to print, and what it needs of the user; what is
//! needed is answered with [`Answer`]s before anything else is said. [`Ask::Done`] or [`Ask::Refused`] ends it. Bytes of files go in pieces,
//! so that no frame is long. Buffers are wiped: a credential may have been in them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cartage::plugin::file;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Bytes of a frame, without its length, at most.
pub(super) const FRAME_BYTES_MAX: usize = 1 << 20;
/// Bytes of a file or a text in one frame, at most: as base64 they leave room for the rest of the frame.
pub(super) const PIECE_BYTES_MAX: usize = 512 << 10;

/// Why a frame could not be sent or read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("could not use the socket")]
    Socket(#[from] io::Error),
    #[error("a message of {bytes} bytes is too long; {FRAME_BYTES_MAX} are the most")]
    TooLong { bytes: usize },
    #[error("the other side ended the conversation in the middle of a message")]
    Cut,
    #[error("the other side ended the conversation")]
    Ended,
    #[error("the other side sent a message that cannot be read")]
    Garbage(#[source] serde_json::Error),
}

/// Bytes, as base64 within JSON: a text of the system need not be Unicode.
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

/// Who speaks, of which everything but the version may be otherwise in another release.
#[derive(Debug, Deserialize)]
pub(super) struct Version {
    pub(super) version: String,
}

/// The first frame: the command that shall be run, and at what desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opening {
    pub(super) version: String,
    /// As they were typed, with the command's own name.
    pub(super) arguments: Vec<Blob>,
    /// The data directory as its user calls it.
    pub(super) data: Blob,
    pub(super) result_has_colours: bool,
    pub(super) talk_has_colours: bool,
}

/// What the daemon says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Ask {
    /// Print this to standard output.
    Result(Blob),
    /// Print this to standard error.
    Talk(Blob),
    /// Answered with pieces, then [`Answer::End`], [`Answer::TooLarge`] or [`Answer::Failed`].
    StandardInput { bytes_max: u64 },
    /// The same.
    File { path: Blob, bytes_max: u64 },
    /// The same, or [`Answer::NoPlugin`].
    Plugin { folder: Blob, name: String },
    /// Answered with [`Answer::Variable`].
    Variable { name: String },
    /// Answered with [`Answer::End`] or [`Answer::Failed`]. After the first, pieces follow and [`Ask::End`], which is answered the same way,
    /// or [`Ask::Abandon`], which is not answered.
    Write { path: Blob, place: Place },
    /// Copy the store, which whoever may use the directory may read, to this new file. Answered with [`Answer::End`] or [`Answer::Failed`].
    CopyStore { to: Blob, at_unix_ms: u64 },
    /// A piece of what is written.
    Piece(Blob),
    /// What is written is complete.
    End,
    /// What is written shall not be kept.
    Abandon,
    /// The command was not run.
    Refused { message: String, what_to_do: String },
    /// The command has ended.
    Done { exit_code: u8 },
}

/// Where a file is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Place {
    /// Where nothing is yet; it appears when it is complete.
    New,
    /// Where something may be, which it replaces.
    Any,
}

/// What the command answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Answer {
    /// A piece of what was asked for.
    Piece(Blob),
    /// That was all; or: done.
    End,
    /// It has more bytes than was said.
    TooLarge,
    /// It could not be done.
    Failed(Trouble),
    /// The plugin's file was not read.
    NoPlugin(NoPlugin),
    /// The value of a variable, if it is set.
    Variable(Option<Blob>),
}

/// An error of the operating system, or one that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trouble {
    code: Option<i32>,
    kind: Kind,
    message: String,
}

/// The kinds by which something is decided.
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
    /// The same error again: the same kind, and the same text.
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

/// Why a plugin's file was not read. What it is called, whoever asked knows.
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
    /// The same error again.
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

/// The bytes of the next frame. What is longer than a frame may be is not read.
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

/// What a frame says.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(Error::Garbage)
}

/// The next frame.
pub(super) fn receive<T: DeserializeOwned>(from: &mut impl Read) -> Result<T, Error> {
    read(&receive_bytes(from)?)
}

#[cfg(test)]
mod tests;
