//! Reading a script: bounded, by its version first, then whole.

use crate::check;
use crate::script::{FORMAT, Script};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The name of the file in a script's folder.
pub const FILE: &str = "script.toml";
/// Bytes of a script, at most.
pub const SCRIPT_BYTES_MAX: u64 = 256 << 10;

/// Why a script was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such file, or the system does not let us read it.
    #[error("cannot read the cart script {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is larger than a script may be.
    #[error("the cart script {} has more than {SCRIPT_BYTES_MAX} bytes; describe the cart by fewer rules", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// It is not text.
    #[error("the cart script {} is not UTF-8 text", .path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// It is not TOML, or has a key or a value that the format does not have. The cause says the line.
    #[error("the cart script {} is not understood; docs/conformance.md says what it may hold", .path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// It does not say its version.
    #[error("the cart script {} does not say its format; write `format = {FORMAT}` on its first line", .path.display())]
    NoFormat {
        /// The file.
        path: PathBuf,
    },
    /// It is of a later version.
    #[error("the cart script {} has the format {found}, and this Cartage reads the format {FORMAT}; use a later Cartage", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version that the script says.
        found: i64,
    },
    /// It does not hang together.
    #[error("the cart script {} does not hang together:\n{}", .path.display(), problems.join("\n"))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Each entry that is wrong, and what is wrong with it. At least one.
        problems: Vec<String>,
    },
}

impl Script {
    /// Reads the script in a folder: its file [`FILE`].
    ///
    /// # Errors
    /// [`Error`], naming the file and, where one is at fault, the line or the entry.
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

    /// Reads a script's text. `path` is for messages.
    ///
    /// # Errors
    /// As [`Script::read`], but for what concerns the file.
    pub fn parse(path: &Path, text: &str) -> Result<Script, Error> {
        let path = || path.to_owned();
        let form = |source| Error::Form { path: path(), source: Box::new(source) };
        // By itself first: a later version may have keys that this one would refuse.
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
