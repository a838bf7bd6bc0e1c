//! Commands that run in a daemon: while a daemon works in a data directory, every user of the directory reaches it over a socket there.
//!
//! The typed command sends its arguments. The daemon parses them as the command would, and runs the command with its own opened [`Service`] and the
//! [`Console`](super::console::Console) of the client. So both ways run the same code, and the daemon's store has one writer.
//!
//! A command that began runs to its end, whether or not its client is still connected. A client that does not answer does not delay the daemon: each command
//! has a thread of its own, at most [`COMMANDS_MAX`] run at once, and a daemon that stops closes the connections of clients that keep it waiting.

mod client;
mod frames;
mod remote_console;

#[cfg(test)]
mod tests;

pub(super) use client::Client;

use super::socket::{ACCEPT_REST, Error, SAY_AGAIN, Socket};
use super::{Cli, console};
use cartage::data_dir::DataDir;
use cartage::service::Service;
use clap::Parser as _;
use frames::{Ask, Opening, Version};
use std::ffi::OsString;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Largest number of commands that run at once.
pub(super) const COMMANDS_MAX: usize = 16;
/// Largest number of commands that wait for a free thread. Further commands are refused at once.
const WAITING_MAX: usize = 64;
/// Largest number of open connections of commands.
pub(super) const CONNECTIONS_MAX: usize = COMMANDS_MAX + WAITING_MAX;
/// How long a command waits for a free thread.
const TURN_WAIT: Duration = if cfg!(test) { Duration::from_millis(200) } else { Duration::from_secs(5) };
/// How long a client may take to send the first frame.
const OPENING_WAIT: Duration = Duration::from_secs(5);
/// How long sending one frame may take. After that the client counts as disconnected.
const WRITE_WAIT: Duration = Duration::from_secs(30);
/// How long a daemon that stops lets clients answer before it closes their connections.
const DRAIN_WAIT: Duration = if cfg!(test) { Duration::from_millis(200) } else { Duration::from_secs(5) };
/// The release. The daemon and the command must have the same one.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The daemon's side of the socket.
#[derive(Debug)]
pub(super) struct Listener {
    service: Arc<Service>,
    socket: Socket,
}

impl Listener {
    /// Listens in the service's data directory.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] if the socket cannot be made, or if another process accepts connections at it.
    pub(super) async fn bind(service: Arc<Service>) -> Result<Listener, Error> {
        let data = service.data_dir().path();
        let socket = Socket::bind(DataDir::socket(data)).await?;
        remove_copies(data);
        Ok(Listener { service, socket })
    }

    /// Runs commands until `stop` completes, then waits for the running commands. Connections that are still open after [`DRAIN_WAIT`] are closed; their
    /// commands run on to their end.
    pub(super) async fn serve(self, stop: impl Future<Output = ()>) {
        let (turns, room) = (Arc::new(Semaphore::new(COMMANDS_MAX)), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
        let mut visits = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        let (hang_up, ends) = tokio::sync::watch::channel(false);
        let mut said = None;
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = self.socket.listener.accept() => accepted,
                Some(ended) = visits.join_next() => {
                    warn_of(ended);
                    continue;
                }
            };
            let stream = accepted.and_then(|(stream, _)| ready(stream.into_std()?));
            match (stream, room.clone().try_acquire_owned()) {
                (Ok(stream), Ok(place)) => {
                    let (service, turns, ends) = (self.service.clone(), turns.clone(), ends.clone());
                    visits.spawn(async move {
                        visit(stream, service, &turns, ends).await;
                        drop(place);
                    });
                }
                (Ok(mut stream), Err(_)) => busy(&mut stream),
                (Err(error), _) => {
                    if said.is_none_or(|at: Instant| at.elapsed() >= SAY_AGAIN) {
                        tracing::warn!(error = %error, "commands cannot be accepted now; the daemon keeps trying");
                        said = Some(Instant::now());
                    }
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
        // New commands wait for the directory's lock from here on.
        self.socket.close();
        if tokio::time::timeout(DRAIN_WAIT, all(&mut visits)).await.is_err() {
            hang_up.send_replace(true);
            all(&mut visits).await;
        }
    }
}

/// Waits until all commands have ended.
async fn all(visits: &mut JoinSet<()>) {
    while let Some(ended) = visits.join_next().await {
        warn_of(ended);
    }
}

/// Makes a connection blocking, with timeouts.
fn ready(stream: UnixStream) -> std::io::Result<UnixStream> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(OPENING_WAIT))?;
    stream.set_write_timeout(Some(WRITE_WAIT))?;
    Ok(stream)
}

/// Runs one command on a thread of its own.
async fn visit(mut stream: UnixStream, service: Arc<Service>, turns: &Semaphore, mut ends: tokio::sync::watch::Receiver<bool>) {
    let Ok(Ok(_turn)) = tokio::time::timeout(TURN_WAIT, turns.acquire()).await else { return busy(&mut stream) };
    let Ok(other_end) = stream.try_clone() else { return busy(&mut stream) };
    let runtime = Handle::current();
    let mut command = tokio::task::spawn_blocking(move || run(stream, service, runtime));
    let hang_up = async { drop(ends.wait_for(|hang_up| *hang_up).await) };
    let ended = tokio::select! {
        ended = &mut command => ended,
        () = hang_up => {
            // The connection may be closed already.
            let _ = other_end.shutdown(Shutdown::Both);
            command.await
        }
    };
    warn_of(ended);
}

/// A panic in a command is a fault, but no reason to stop the daemon. The client sees the connection close.
fn warn_of(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(error = %error, "a command ended with a panic");
    }
}

fn busy(stream: &mut UnixStream) {
    refuse(stream, format!("the daemon already runs {COMMANDS_MAX} commands"), "repeat it in a moment");
}

fn refuse(stream: &mut UnixStream, message: String, what_to_do: &str) {
    // A client that has disconnected need not get the message.
    let _ = frames::send(stream, &Ask::Refused { message, what_to_do: what_to_do.to_owned() });
}

/// Reads the arguments and runs the command.
fn run(mut stream: UnixStream, service: Arc<Service>, runtime: Handle) {
    let opening = match open(&mut stream) {
        Ok(opening) => opening,
        Err(Unopened::Refused { message, what_to_do }) => return refuse(&mut stream, message, what_to_do),
        Err(Unopened::Unread(error)) => return tracing::debug!(error = %error, "a client connected and sent no valid command"),
    };
    let arguments: Vec<OsString> = opening.arguments.iter().map(frames::Blob::os).collect();
    // The client has parsed the same arguments; only a different environment can change the result.
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) if cli.command.needs_data_directory() => Cli { data: opening.data.path().to_owned(), ..cli },
        Ok(_) => {
            return refuse(&mut stream, "the daemon does not run this command".to_owned(), "run it in a data directory without a daemon");
        }
        Err(error) => return refuse(&mut stream, format!("the daemon cannot read the arguments: {error}"), "stop the daemon first"),
    };
    let remote_console = Rc::new(remote_console::RemoteConsole::new(stream, &opening, service, runtime));
    let exit_code = console::at(remote_console.clone(), || cli.run());
    remote_console.done(exit_code);
}

/// Why a command did not begin.
enum Unopened {
    Refused { message: String, what_to_do: &'static str },
    Unread(frames::Error),
}

fn open(stream: &mut UnixStream) -> Result<Opening, Unopened> {
    let bytes = frames::receive_bytes(stream).map_err(Unopened::Unread)?;
    let Version { version } = frames::read(&bytes).map_err(Unopened::Unread)?;
    if version != VERSION {
        return Err(Unopened::Refused {
            message: format!("the daemon is Cartage {VERSION} and this command is Cartage {}, so it was not run", version.escape_debug()),
            what_to_do: "restart the daemon after an upgrade, or use the command of its version",
        });
    }
    let opening = frames::read(&bytes).map_err(Unopened::Unread)?;
    // From here on, a person may take any time to answer.
    stream.set_read_timeout(None).map_err(|error| Unopened::Unread(error.into()))?;
    Ok(opening)
}

/// Removes the unfinished copies that a daemon left when it died.
fn remove_copies(data: &Path) {
    for entry in std::fs::read_dir(data).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(remote_console::COPIES)
            && let Err(error) = std::fs::remove_dir_all(entry.path())
        {
            tracing::warn!(error = %error, folder = %entry.path().display(), "could not remove an unfinished copy");
        }
    }
}
