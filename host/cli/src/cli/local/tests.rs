//! The daemon's side of the socket, on a data directory of its own, with commands that run through the daemon and beside it.

mod same;
mod visits;

use super::client::Client;
use super::frames::{self, Ask, Opening};
use super::*;
use crate::cli::console::{Console, Here, Make, Stream};
use cartage::clock::ManualClock;
use cartage::engine::file;
use cartage::fault::Identity;
use cartage::service;
use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

/// The clock of both sides, so that they report the same times.
const NOW_UNIX_MS: u64 = 1_795_442_706_789;

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(NOW_UNIX_MS))
}

/// A folder with a data directory `data` in it.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
    drop(Service::init(&folder.path().join("data"), clock()).expect("it is made"));
    folder
}

/// A user in a folder whose console records the output.
struct Seat {
    folder: PathBuf,
    input: &'static [u8],
    said: RefCell<[String; 2]>,
}

impl Seat {
    fn new(folder: &Path, input: &'static [u8]) -> Seat {
        Seat { folder: folder.to_owned(), input, said: RefCell::default() }
    }

    /// The recorded output, with the folder's name replaced.
    fn said(&self) -> [String; 2] {
        self.said.take().map(|text| text.replace(&self.folder.display().to_string(), "<folder>"))
    }
}

impl Console for Seat {
    fn put(&self, stream: Stream, text: &str) {
        self.said.borrow_mut()[usize::from(stream == Stream::Talk)].push_str(text);
    }

    fn has_colours(&self, stream: Stream) -> bool {
        stream == Stream::Result
    }

    fn standard_input(&self, bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        console::bounded(self.input, bytes_max)
    }

    fn file(&self, path: &Path, bytes_max: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        Here::default().file(&self.folder.join(path), bytes_max)
    }

    fn plugin(&self, folder: &Path, name: &str) -> Result<Vec<u8>, file::Error> {
        Here::default().plugin(&self.folder.join(folder), name).map_err(|error| match error {
            file::Error::Directory { source, .. } => file::Error::Directory { path: folder.to_owned(), source },
            other => other,
        })
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        Here::default().write(&self.folder.join(path), bytes)
    }

    fn new_file(&self, path: &Path, make: Make<'_>) -> Result<(), crate::cli::Failure> {
        Here::default().new_file(path, make)
    }

    fn copy_store(&self, data: &Path, to: &Path, at_unix_ms: u64) -> io::Result<()> {
        Here::default().copy_store(&self.folder.join(data), &self.folder.join(to), at_unix_ms)
    }

    fn variable(&self, name: &str) -> io::Result<Option<OsString>> {
        Ok((name == "SHOP_PASSWORD").then(|| "marked-secret-0123456789".into()))
    }

    fn service(&self, data: &Path) -> Result<Arc<Service>, service::Error> {
        Service::open(&self.folder.join(data), clock()).map(Arc::new)
    }

    fn runtime(&self) -> Option<Handle> {
        None
    }
}

/// The daemon's side of the socket, on a runtime of its own.
struct Daemon {
    folder: TempDir,
    runtime: Runtime,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Daemon {
    fn start() -> Daemon {
        Daemon::start_in(folder())
    }

    fn start_in(folder: TempDir) -> Daemon {
        let service = Arc::new(Service::open(&folder.path().join("data"), clock()).expect("it is there"));
        let runtime = Runtime::new().expect("there are threads");
        let (stop, stopped) = oneshot::channel();
        let listener = runtime.block_on(Listener::bind(service)).expect("the socket can be made");
        let served = runtime.spawn(listener.serve(async { drop(stopped.await) }));
        Daemon { folder, runtime, stop, served }
    }

    fn socket(&self) -> PathBuf {
        DataDir::socket(&self.folder.path().join("data"))
    }

    /// Runs a command through the daemon.
    fn run(&self, line: &[&str], input: &'static [u8]) -> (u8, [String; 2]) {
        let seat = Seat::new(self.folder.path(), input);
        let client = Client::reach(&self.socket()).expect("the daemon answers");
        let exit_code =
            client.run(&seat, &arguments(line), Path::new("data")).unwrap_or_else(|failure| panic!("{line:?}: {}", failure.text()));
        (exit_code, seat.said())
    }

    /// A client that has sent its opening and nothing more yet.
    fn remote_console(&self, line: &[&str]) -> UnixStream {
        self.opened(&opening(line, VERSION))
    }

    fn opened(&self, opening: &Opening) -> UnixStream {
        let mut stream = UnixStream::connect(self.socket()).expect("the daemon answers");
        frames::send(&mut stream, opening).expect("the daemon listens");
        stream
    }

    /// Stops the daemon as `cartage serve` does, and waits until it has ended.
    fn stop(self) -> TempDir {
        let Daemon { folder, runtime, stop, served } = self;
        stop.send(()).expect("it listens to it");
        runtime.block_on(served).expect("it does not panic");
        folder
    }
}

fn arguments(line: &[&str]) -> Vec<OsString> {
    ["cartage"].iter().chain(line).map(OsString::from).collect()
}

fn opening(line: &[&str], version: &str) -> Opening {
    let arguments = arguments(line).iter().map(|argument| argument.as_os_str().into()).collect();
    Opening { version: version.into(), arguments, data: Path::new("data").into(), result_has_colours: false, talk_has_colours: false }
}

fn next(stream: &mut UnixStream) -> Ask {
    frames::receive(stream).expect("the daemon says something")
}
