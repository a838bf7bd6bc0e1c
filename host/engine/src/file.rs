//! Plugin files, which are opened only beneath one directory.
//!
//! A name that an operator writes into a cart's definition is a path below that directory, made of plain names. No part of it may be a
//! symbolic link, and only a regular file is read, whole and bounded. The checks are made on what was opened, so nothing can be
//! exchanged between a check and its use.

use super::admit::PLUGIN_BYTES_MAX;
use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use cartage_base::fault::Fault;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Why a plugin's file was not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory cannot be opened.
    #[error("cannot open the plugin directory {}", path.display())]
    Directory {
        /// The directory's path.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
    /// The name does not stay beneath the directory.
    #[error(
        "{name:?} does not name a plugin file; use a path below the plugin directory, such as `carts/shop.wasm`, of ASCII letters, digits, `.`, `_` and `-`"
    )]
    Name {
        /// The name as given.
        name: String,
    },
    /// The file does not exist, or the system does not let us read it.
    #[error("cannot open the plugin file {name}; check that it exists and may be read, and that no part of the path is a symbolic link")]
    Open {
        /// The name as given.
        name: String,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
    /// The name leads to a directory, a pipe, a device or a socket.
    #[error("the plugin file {name} is not a regular file")]
    NotAFile {
        /// The name as given.
        name: String,
    },
    /// The file is larger than [`PLUGIN_BYTES_MAX`].
    #[error("the plugin file {name} has more than {max} bytes; build it without debug information", max = PLUGIN_BYTES_MAX)]
    TooLarge {
        /// The name as given.
        name: String,
    },
    /// Reading failed midway.
    #[error("cannot read the plugin file {name}")]
    Read {
        /// The name as given.
        name: String,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// What kept the file from being read; `None` if the file was examined and is not a file that can be read.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            // A file may be missing; a directory that is gone has more than one file missing.
            Error::Directory { source, .. } => {
                Some(Fault::of(source)).map(|fault| if fault == Fault::NotThere { Fault::Other } else { fault })
            }
            Error::Open { source, .. } | Error::Read { source, .. } => Some(Fault::of(source)),
            Error::Name { .. } | Error::NotAFile { .. } | Error::TooLarge { .. } => None,
        }
    }
}

/// The most characters of a plugin file's name.
const NAME_CHARS_MAX: usize = 255;

/// The directory that holds plugin files.
#[derive(Debug)]
pub struct PluginDir(Dir);

impl PluginDir {
    /// Opens the directory.
    pub fn open(path: &Path) -> Result<PluginDir, Error> {
        let opened = Dir::open_ambient_dir(path, ambient_authority());
        opened.map(PluginDir).map_err(|source| Error::Directory { path: path.to_owned(), source })
    }

    /// Reads a plugin's file whole, up to [`PLUGIN_BYTES_MAX`].
    pub fn read(&self, name: &str) -> Result<Vec<u8>, Error> {
        if !is_name(name) {
            return Err(Error::Name { name: name.to_owned() });
        }
        let named = || name.to_owned();
        let file = self.open_file(name).map_err(|source| Error::Open { name: named(), source })?;
        let metadata = file.metadata().map_err(|source| Error::Read { name: named(), source })?;
        if !metadata.is_file() {
            return Err(Error::NotAFile { name: named() });
        }
        if metadata.len() > PLUGIN_BYTES_MAX as u64 {
            return Err(Error::TooLarge { name: named() });
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        // One byte further than allowed: the file may have grown since.
        file.take(PLUGIN_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(|source| Error::Read { name: named(), source })?;
        if bytes.len() > PLUGIN_BYTES_MAX { Err(Error::TooLarge { name: named() }) } else { Ok(bytes) }
    }

    fn open_file(&self, name: &str) -> io::Result<cap_std::fs::File> {
        let mut options = OpenOptions::new();
        // Without blocking: a pipe that nobody writes to would hold the host here.
        options.read(true).follow(FollowSymlinks::No).nonblock(true);
        let Some((folders, file)) = name.rsplit_once('/') else { return self.0.open_with(name, &options) };
        let mut dir = self.0.try_clone()?;
        for folder in folders.split('/') {
            dir = dir.open_dir_nofollow(folder)?;
        }
        dir.open_with(file, &options)
    }
}

/// Whether a text can name a plugin's file: a relative path of at most 255 plain characters.
pub fn is_name(name: &str) -> bool {
    name.len() <= NAME_CHARS_MAX && name.split('/').all(is_plain)
}

/// Whether a part of a path is a plain name: no `.` or `..`, nothing hidden, no drive, no separator of another system.
fn is_plain(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('.')
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn dir() -> (tempfile::TempDir, PluginDir) {
        let temporary = tempfile::tempdir().expect("the system has room for a temporary directory");
        let plugins = temporary.path().join("plugins");
        fs::create_dir_all(plugins.join("carts")).expect("the directory is ours");
        fs::write(plugins.join("shop.wasm"), b"bytes").expect("the directory is ours");
        fs::write(plugins.join("carts/other.wasm"), b"other").expect("the directory is ours");
        fs::write(temporary.path().join("outside.wasm"), b"outside").expect("the directory is ours");
        let opened = PluginDir::open(&plugins).expect("it was just made");
        (temporary, opened)
    }

    #[test]
    fn regular_files_beneath_the_directory_are_read() {
        let (_temporary, plugins) = dir();
        assert_eq!(plugins.read("shop.wasm").expect("it is there"), b"bytes");
        assert_eq!(plugins.read("carts/other.wasm").expect("it is there"), b"other");
    }

    #[test]
    fn names_that_leave_the_directory_or_are_not_plain_are_refused() {
        let (temporary, plugins) = dir();
        let absolute = temporary.path().join("outside.wasm").display().to_string();
        for name in [
            "../outside.wasm",
            "carts/../../outside.wasm",
            "carts/../shop.wasm",
            "/shop.wasm",
            &absolute,
            "carts//other.wasm",
            "shop.wasm/",
            "./shop.wasm",
            ".",
            "..",
            "",
            "/",
            "shop.wasm\0",
            "carts\\other.wasm",
            "C:shop.wasm",
            ".hidden.wasm",
            "shop wasm",
            "shöp.wasm",
        ] {
            let error = plugins.read(name).expect_err(name);
            assert!(matches!(&error, Error::Name { name: told } if told == name), "{name}: {error}");
        }
    }

    #[test]
    fn a_missing_file_is_told_from_a_bad_name() {
        let (_temporary, plugins) = dir();
        let error = plugins.read("missing.wasm").expect_err("it is not there");
        assert!(matches!(&error, Error::Open { source, .. } if source.kind() == io::ErrorKind::NotFound), "{error}");
        let error = PluginDir::open(Path::new("/nonexistent/plugins")).expect_err("it is not there");
        assert!(matches!(error, Error::Directory { .. }));
    }

    #[test]
    fn symbolic_links_are_refused_wherever_they_lead() {
        let (temporary, plugins) = dir();
        let at = |name: &str| temporary.path().join("plugins").join(name);
        symlink(temporary.path().join("outside.wasm"), at("out.wasm")).expect("the directory is ours");
        symlink("shop.wasm", at("in.wasm")).expect("the directory is ours");
        symlink("carts", at("linked")).expect("the directory is ours");
        symlink(temporary.path(), at("parent")).expect("the directory is ours");
        for name in ["out.wasm", "in.wasm", "linked/other.wasm", "parent/outside.wasm"] {
            let error = plugins.read(name).expect_err(name);
            assert!(matches!(error, Error::Open { .. }), "{name}: {error}");
        }
    }

    #[test]
    fn only_regular_files_are_read_and_a_pipe_does_not_hold_the_host() {
        let (temporary, plugins) = dir();
        let pipe = temporary.path().join("plugins/pipe.wasm");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is a standard tool");
        assert!(made.success());
        let _socket = std::os::unix::net::UnixListener::bind(temporary.path().join("plugins/socket.wasm")).expect("the directory is ours");
        for name in ["carts", "pipe.wasm"] {
            let error = plugins.read(name).expect_err(name);
            assert!(matches!(error, Error::NotAFile { .. }), "{name}: {error}");
        }
        assert!(matches!(
            plugins.read("socket.wasm").expect_err("a socket has no bytes to read"),
            Error::Open { .. } | Error::NotAFile { .. }
        ));
    }

    #[test]
    fn size_is_bounded_before_anything_is_read() {
        let (temporary, plugins) = dir();
        let path = temporary.path().join("plugins/large.wasm");
        let file = fs::File::create(&path).expect("the directory is ours");
        file.set_len(PLUGIN_BYTES_MAX as u64).expect("a sparse file takes no room");
        assert_eq!(plugins.read("large.wasm").expect("it is just within the bound").len(), PLUGIN_BYTES_MAX);
        for over in [PLUGIN_BYTES_MAX as u64 + 1, 10 << 30] {
            file.set_len(over).expect("a sparse file takes no room");
            assert!(matches!(plugins.read("large.wasm").expect_err("it is over the bound"), Error::TooLarge { .. }));
        }
    }
}
