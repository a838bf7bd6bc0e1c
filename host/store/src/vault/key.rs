//! The key file: one line, kept outside the database, readable by its owner alone.

use super::Error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretBox};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;
use zeroize::Zeroizing;

/// The beginning of the line.
const PREFIX: &str = "cartage-key-1 ";
/// A limit above the size of any key file, in bytes.
const FILE_BYTES_MAX: u64 = 256;

/// The name of a key, which does not reveal it: eight bytes of a hash, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyId(pub(super) String);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key: 32 random bytes.
pub struct Key {
    bytes: SecretBox<[u8; 32]>,
    id: KeyId,
}

impl Key {
    /// Makes a new key.
    ///
    /// # Errors
    ///
    /// [`Error::Random`].
    pub fn generate() -> Result<Key, Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut()).map_err(|source| Error::Random { source })?;
        Ok(Key::of(&bytes))
    }

    fn of(bytes: &[u8; 32]) -> Key {
        let hash = Sha256::new_with_prefix(b"cartage key id\0").chain_update(bytes).finalize();
        let id = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Key { bytes: SecretBox::init_with_mut(|kept: &mut [u8; 32]| kept.copy_from_slice(bytes)), id: KeyId(id) }
    }

    /// The key's name.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// A copy of the key, for another thread.
    pub(super) fn copy(&self) -> Key {
        Key::of(self.bytes())
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        self.bytes.expose_secret()
    }

    /// Reads a key file.
    ///
    /// # Errors
    ///
    /// [`Error::NoKey`], [`Error::NotAKey`], [`Error::KeyFile`].
    pub fn read(file: &Path) -> Result<Key, Error> {
        let mut text = Zeroizing::new(String::new());
        let read = File::open(file).and_then(|open| open.take(FILE_BYTES_MAX).read_to_string(&mut text));
        let not_a_key = |reason| Error::NotAKey { file: file.to_owned(), reason };
        read.map_err(|source| match source.kind() {
            ErrorKind::NotFound => Error::NoKey { file: file.to_owned() },
            ErrorKind::InvalidData => not_a_key("it is not text"),
            _ => Error::KeyFile { what: "read", file: file.to_owned(), source },
        })?;
        let written = text.strip_prefix(PREFIX).ok_or_else(|| not_a_key("it does not begin with `cartage-key-1 `"))?;
        let bytes = STANDARD.decode(written.trim_end()).map_err(|_| not_a_key("what follows `cartage-key-1 ` is not Base64"))?;
        let bytes = Zeroizing::new(bytes);
        let bytes = bytes.as_slice().try_into().map_err(|_| not_a_key("it does not have 32 bytes"))?;
        Ok(Key::of(bytes))
    }

    /// Writes the key to a new file, mode 0600, and syncs it and its folder.
    ///
    /// # Errors
    ///
    /// [`Error::KeyFile`], also if the file exists already.
    pub fn write_new(&self, file: &Path) -> Result<(), Error> {
        let line = Zeroizing::new(format!("{PREFIX}{}\n", STANDARD.encode(self.bytes())));
        let failed = |source| Error::KeyFile { what: "write", file: file.to_owned(), source };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut open = options.open(file).map_err(failed)?;
        let written = open.write_all(line.as_bytes()).and_then(|()| open.sync_all()).and_then(|()| sync_folder(file));
        written.map_err(|source| {
            // Half a key is worse than none. If it cannot be removed either, the first error still says what to do.
            let _ = std::fs::remove_file(file);
            failed(source)
        })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Syncs a folder, so that a new or renamed file in it survives a loss of power.
pub(super) fn sync_folder(file: &Path) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
