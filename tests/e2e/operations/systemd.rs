//! What a service manager hears, and the sockets that it holds.

use super::{PATIENCE, wait_for, with_a_shop};
use crate::daemon::Daemon;
use cartage_tests::command::cartage;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};

/// A process that ends with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn hear(manager: &UnixDatagram) -> String {
    let mut bytes = [0; 256];
    let length = manager.recv(&mut bytes).expect("the daemon says something in time");
    String::from_utf8(bytes[..length].to_vec()).expect("it is text").trim_end().to_owned()
}

#[test]
fn it_says_when_it_is_ready_that_it_lives_and_when_it_stops() {
    let mut daemon = with_a_shop();
    let socket = daemon.path("notify");
    let manager = UnixDatagram::bind(&socket).expect("the folder can be written");
    manager.set_read_timeout(Some(PATIENCE)).expect("it is a socket");
    let name = socket.display().to_string();
    daemon.serve_with(&[("NOTIFY_SOCKET", &name), ("WATCHDOG_USEC", "200000")]);
    assert_eq!(hear(&manager), "READY=1");
    assert_eq!(hear(&manager), "WATCHDOG=1");
    assert_eq!(hear(&manager), "WATCHDOG=1");
    assert!(daemon.stop());
    let last = wait_for("the word that it stops", || Some(hear(&manager)).filter(|said| said != "WATCHDOG=1"));
    assert_eq!(last, "STOPPING=1");
}

#[test]
fn without_a_manager_nobody_is_told() {
    let mut daemon = with_a_shop();
    daemon.serve();
    assert!(daemon.stop());
}

/// Starts the daemon with a socket that this test holds, as a service manager would. The shell puts it where such sockets are, and knows the
/// process id that the daemon will have.
fn activated(daemon: &Daemon, held: &TcpListener, names: &str) -> Command {
    let mut command = Command::new("sh");
    let script = "exec 3<&0 0</dev/null; export LISTEN_PID=$$; exec \"$@\"";
    command.args(["-c", script, "sh"]).arg(cartage().get_program());
    command.args(["serve", "--seti-listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--json"]);
    command.env("CARTAGE_DATA", daemon.path("data")).env("SHOP_PASSWORD", "x").env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", names);
    let copy = OwnedFd::from(held.try_clone().expect("it can be copied"));
    command.stdin(Stdio::from(copy)).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

#[test]
fn a_request_waits_for_the_daemon_at_a_socket_that_the_manager_holds() {
    let daemon = with_a_shop();
    let held = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = held.local_addr().expect("it listens");
    for _start in 0..2 {
        // Nobody serves yet: it is the manager who has the socket.
        let mut early = TcpStream::connect(address).expect("it is taken");
        write!(early, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("it is sent");
        let _daemon = Killed(activated(&daemon, &held, "api").spawn().expect("there is a shell"));
        early.set_read_timeout(Some(PATIENCE)).expect("it is a socket");
        let mut answer = String::new();
        early.read_to_string(&mut answer).expect("it is answered");
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"up\""), "{answer}");
    }
}

#[test]
fn a_socket_of_another_name_is_refused() {
    let daemon = with_a_shop();
    let held = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let output = activated(&daemon, &held, "web").stdout(Stdio::piped()).output().expect("there is a shell");
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it says why");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said["error"]["message"].as_str().is_some_and(|why| why.contains("a socket called \"web\"")), "{said}");
}
