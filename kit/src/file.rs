//! Reads a script from its folder: checks the size, then the format version, then the whole text.

use crate::check;
use crate::script::{FORMAT, Script};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The name of the file in a script's folder.
pub const FILE: &str = "script.toml";
/// The largest script that is read, in bytes.
pub const SCRIPT_BYTES_MAX: u64 = 256 << 10;

/// Why a script could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file does not exist, or the system does not let this process read it.
    #[error("cannot read the cart script {}", .path.display())]
    Unreadable {
        /// The script's path.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The file is larger than [`SCRIPT_BYTES_MAX`].
    #[error("the cart script {} has more than {SCRIPT_BYTES_MAX} bytes; describe the cart by fewer rules", .path.display())]
    TooLarge {
        /// The script's path.
        path: PathBuf,
    },
    /// The file is not UTF-8 text.
    #[error("the cart script {} is not UTF-8 text", .path.display())]
    NotText {
        /// The script's path.
        path: PathBuf,
    },
    /// The file is not TOML, or has a key or a value that the format does not have. The cause names the line.
    #[error("the cart script {} is not valid; docs/conformance.md describes its format", .path.display())]
    Form {
        /// The script's path.
        path: PathBuf,
        /// The parser's error, with the line and the reason.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// The script does not state the version of its format.
    #[error("the cart script {} does not say its format; write `format = {FORMAT}` on its first line", .path.display())]
    NoFormat {
        /// The script's path.
        path: PathBuf,
    },
    /// The script has a later format than this crate reads.
    #[error("the cart script {} has the format {found}, and this Cartage reads the format {FORMAT}; use a later Cartage", .path.display())]
    Newer {
        /// The script's path.
        path: PathBuf,
        /// The version that the script states.
        found: i64,
    },
    /// The script's entries contradict each other, or name something that does not exist.
    #[error("the cart script {} is not consistent:\n{}", .path.display(), problems.join("\n"))]
    Invalid {
        /// The script's path.
        path: PathBuf,
        /// A sentence for each entry that is wrong; at least one.
        problems: Vec<String>,
    },
}

impl Script {
    /// Reads the script [`FILE`] in a folder.
    ///
    /// # Errors
    /// [`Error`] names the file and, where one is at fault, the line or the entry.
    pub fn read(folder: &Path) -> Result<Script, Error> {
        let path = folder.join(FILE);
        let unreadable = |source| Error::Unreadable { path: path.clone(), source };
        let mut bytes = Vec::new();
        File::open(&path).and_then(|file| file.take(SCRIPT_BYTES_MAX + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
        if bytes.len() as u64 > SCRIPT_BYTES_MAX {
            return Err(Error::TooLarge { path });
        }
        let text = String::from_utf8(bytes).map_err(|_| Error::NotText { path: path.clone() })?;
        Script::parse(&path, &text)
    }

    /// Parses the text of a script. `path` is used in messages only.
    ///
    /// # Errors
    /// As [`Script::read`], except for the errors of reading the file.
    pub fn parse(path: &Path, text: &str) -> Result<Script, Error> {
        let path = || path.to_owned();
        let form = |source| Error::Form { path: path(), source: Box::new(source) };
        // The version is read first by itself: a later version may have keys that this one would refuse.
        let table: Table = text.parse().map_err(form)?;
        match table.get("format") {
            Some(Value::Integer(FORMAT)) => {}
            Some(Value::Integer(found)) => return Err(Error::Newer { path: path(), found: *found }),
            _ => return Err(Error::NoFormat { path: path() }),
        }
        let script: Script = toml::from_str(text).map_err(form)?;
        let problems = check::problems(&script);
        if problems.is_empty() { Ok(script) } else { Err(Error::Invalid { path: path(), problems }) }
    }
}

#[cfg(test)]
mod tests;
