//! What a command reads and writes on behalf of its user: the lines of its result and its messages, standard input, and the files that the user names.

use super::log;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::path::Path;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// One of the two output streams of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output: the result.
    Result,
    /// Standard error: the messages to the user.
    Talk,
}

/// Writes text. Text that nobody can read any more is dropped.
pub(crate) fn put(stream: Stream, text: &str) {
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

/// Whether text may be coloured.
pub(crate) fn has_colours(stream: Stream) -> bool {
    let terminal = match stream {
        Stream::Result => io::stdout().is_terminal(),
        Stream::Talk => io::stderr().is_terminal(),
    };
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Reads all of standard input; `None` if there are more than `bytes_max` bytes.
pub(crate) fn standard_input(bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    bounded(io::stdin().lock(), bytes_max)
}

/// A person's answers, line by line.
pub(crate) fn answers() -> io::StdinLock<'static> {
    io::stdin().lock()
}

/// Reads all of a file; `None` if it has more than `bytes_max` bytes.
pub(crate) fn file(path: &Path, bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    bounded(File::open(path)?, bytes_max)
}

/// Reads all of a file as text; `None` if it has more than `bytes_max` bytes.
pub(crate) fn text(path: &Path, bytes_max: u64) -> io::Result<Option<String>> {
    file(path, bytes_max)?.map(as_text).transpose()
}

/// Converts the bytes to text. Bytes that are not UTF-8 are wiped.
pub(crate) fn as_text(mut bytes: Zeroizing<Vec<u8>>) -> io::Result<String> {
    String::from_utf8(std::mem::take(&mut *bytes)).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        io::Error::new(ErrorKind::InvalidData, "the content is not UTF-8 text")
    })
}

/// Writes a file that only its owner can read, and replaces an existing one: recordings contain order data.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).truncate(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

/// Writes a file that only its owner can read, and that must not exist yet. It appears under its name only when it is complete.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // The parent of a bare name is the empty path, which names no folder.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::metadata(folder)?;
    if path.symlink_metadata().is_ok() {
        return Err(io::Error::from_raw_os_error(rustix::io::Errno::EXIST.raw_os_error()));
    }
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// Reads everything; `None` if there are more than `bytes_max` bytes.
fn bounded(from: impl Read, bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
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
    fn a_new_file_is_whole_private_and_replaces_nothing() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
        let file = folder.path().join("new.json");
        write_new(&file, b"whole").expect("there is no such file");
        assert_eq!(
            (std::fs::read(&file).ok().as_deref(), std::fs::metadata(&file).map(|it| it.mode() & 0o777).ok()),
            (Some(&b"whole"[..]), Some(0o600))
        );
        assert_eq!(write_new(&file, b"other").expect_err("there is one").kind(), ErrorKind::AlreadyExists);
        let nowhere = write_new(&folder.path().join("nowhere/new.json"), b"").expect_err("there is no such folder");
        assert_eq!(nowhere.to_string(), "No such file or directory (os error 2)");
        let left: Vec<_> = std::fs::read_dir(folder.path()).expect("it is there").flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left, ["new.json"]);
        assert_eq!(std::fs::read(&file).expect("it stays"), b"whole");
    }
}
