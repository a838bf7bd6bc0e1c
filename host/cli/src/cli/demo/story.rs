//! The daemon's story: a status that must not be sent, one that is sent, one that survives a kill, and one that an Order Manager posts. The story runs the
//! commands that a person would type, on a data directory of its own.

use super::{Error, failed};
use crate::cli::{Failure, report};
use cartage_demo_cart::{DemoCart, DemoOrder};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// Longest wait until the daemon has delivered one update. This includes compiling a plugin.
const PATIENCE: Duration = Duration::from_secs(120);
/// The order numbers of the story, one for each act.
pub(super) const ORDERS: [&str; 3] = ["2001", "2002", "2003"];
const CART: &str = "demo-shop";
const EVENT: &str = "Tracking Number Imported";

/// A command of the story and its output, for JSON.
#[derive(Debug, Serialize)]
pub(super) struct Said {
    command: String,
    exit: i32,
    output: String,
}

/// The state of the story: the data directory, the password and the commands run so far.
struct Stage<'a> {
    folder: &'a Path,
    password: &'a str,
    aloud: bool,
    said: Vec<Said>,
}

/// A running daemon, which is killed when this value is dropped.
struct Daemon {
    child: Child,
    seti: String,
    /// Kept open while the daemon serves, as a terminal would be.
    _printed: BufReader<tokio::process::ChildStdout>,
}

/// Tells the story of the cart that this file defines; the folder holds a copy of its plugin. Returns the commands and their output.
pub(super) async fn tell(definition: &Path, plugins: &Path, cart: &DemoCart, password: &str, aloud: bool) -> Result<Vec<Said>, Failure> {
    let folder = definition.parent().unwrap_or(Path::new("."));
    let mut stage = Stage { folder, password, aloud, said: Vec::new() };
    stage.prepare(definition, plugins).await?;
    stage.act("a status that must not go: the cart's system parameter is off").await;
    let mut daemon = stage.serve().await?;
    stage.expect(&raise(ORDERS[0]), 1).await?;
    stage.expect(&["explain", "--cart", CART, "--order", ORDERS[0]], 0).await?;
    stage.untold(cart, ORDERS[0])?;

    stage.act("the same event once the parameter is on").await;
    stage.expect(&["param", "set", "UseGenericStatusUpdates", "True", "--cart", CART], 0).await?;
    stage.expect(&raise(ORDERS[0]), 0).await?;
    stage.told(cart, ORDERS[0], 1).await?;

    stage.act("the daemon is killed while an update waits, and started again").await;
    stage.expect(&["cart", "pause", CART], 0).await?;
    // The update is queued, and exit code 1 says that somebody must resume the cart.
    stage.expect(&raise(ORDERS[1]), 1).await?;
    stage.narrate("kill -9 (the daemon)");
    daemon.child.kill().await?;
    daemon = stage.serve().await?;
    stage.untold(cart, ORDERS[1])?;
    stage.expect(&["cart", "resume", CART], 0).await?;
    stage.told(cart, ORDERS[1], 1).await?;

    stage.act("an Order Manager posts a status by SETI in one encoding, and the cart gets it in the other").await;
    let answer = stage.post(&daemon.seti, ORDERS[2]).await?;
    stage.narrate(&format!("POST /seti/{CART} setifunction=updatestatus ordernumber={} (delimited)", ORDERS[2]));
    stage.remember("the post of the Order Manager", 0, &answer);
    stage.told(cart, ORDERS[2], 1).await?;
    stage.settled().await?;
    stage.expect(&["delivery", "list"], 0).await?;
    daemon.child.kill().await?;
    Ok(stage.said)
}

fn raise(order: &str) -> [&str; 9] {
    ["event", "raise", EVENT, "--order", order, "--cart", CART, "--package", "carrier=UPS,number=1Z9876543218754187"]
}

impl Stage<'_> {
    /// Makes the data directory, the cart and the event, and enables the parameter for all carts. The cart's own parameter stays off.
    async fn prepare(&mut self, definition: &Path, plugins: &Path) -> Result<(), Failure> {
        self.act("the daemon's story: a data directory, a cart, and what the event does").await;
        let (definition, plugins) = (definition.to_string_lossy(), plugins.to_string_lossy());
        self.expect(&["init"], 0).await?;
        self.expect(&["apply", &definition, "--plugins", &plugins], 0).await?;
        self.expect(&["credential", "set", CART, "seti", "password", "--file", "password"], 0).await?;
        self.expect(&["event", "set", EVENT, "--order-label", "Order Shipped", "--notify-cart"], 0).await?;
        self.expect(&["param", "set", "UseStatusUpdates", "True"], 0).await
    }

    async fn act(&self, title: &str) {
        if self.aloud {
            report::line("");
            report::heading(title);
        }
    }

    fn narrate(&self, command: &str) {
        if self.aloud {
            report::line(&format!("$ {command}"));
        }
    }

    fn remember(&mut self, command: &str, exit: i32, output: &str) {
        if self.aloud {
            output.lines().for_each(|line| report::line(&format!("  {line}")));
        }
        self.said.push(Said { command: command.to_owned(), exit, output: output.to_owned() });
    }

    fn command(&self, words: &[&str]) -> Result<Command, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(words).env("CARTAGE_DATA", self.folder.join("data")).current_dir(self.folder).stdin(Stdio::null()).kill_on_drop(true);
        Ok(command)
    }

    /// Runs a command and expects this exit code.
    async fn expect(&mut self, words: &[&str], exit: i32) -> Result<(), Failure> {
        let typed = typed(words);
        self.narrate(&typed);
        let output = self.command(words)?.output().await?;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let ended = output.status.code().unwrap_or(-1);
        self.remember(&typed, ended, &said);
        if ended == exit { Ok(()) } else { Err(Error::Ended { command: typed, ended, exit }.into()) }
    }

    async fn serve(&self) -> Result<Daemon, Failure> {
        let words = ["serve", "--listen", "127.0.0.1:0", "--seti-listen", "127.0.0.1:0", "--json"];
        self.narrate(&typed(&words[..5]));
        let log = self.folder.join("log");
        let written = std::fs::File::options().create(true).append(true).open(&log).map_err(failed(&log))?;
        let mut child = self.command(&words)?.stdout(Stdio::piped()).stderr(written).spawn()?;
        let mut printed = BufReader::new(child.stdout.take().expect("it was piped"));
        let mut said = String::new();
        loop {
            let read = printed.read_line(&mut said).await?;
            if read == 0 {
                return Err(Error::NoDaemon { log: std::fs::read_to_string(&log).unwrap_or_default() }.into());
            }
            let document: Result<Value, _> = serde_json::from_str(&said);
            if let Some(seti) = document.ok().and_then(|document| document["seti"].as_str().map(str::to_owned)) {
                return Ok(Daemon { child, seti, _printed: printed });
            }
        }
    }

    /// Posts a status as an Order Manager does, and returns the response.
    async fn post(&self, seti: &str, order: &str) -> Result<String, Failure> {
        let fields = [("setifunction", "updatestatus"), ("setiuser", "om"), ("password", self.password), ("code", "")];
        let fields = fields.into_iter().chain([("ordernumber", order), ("orderstatus", "Order Shipped"), ("trackcount", "0")]);
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let head = format!(
            "POST /seti/{CART} HTTP/1.1\r\nhost: {seti}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let mut stream = tokio::net::TcpStream::connect(seti).await?;
        stream.write_all((head + &body).as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).trim().to_owned();
        if body.starts_with("SETIResponse: update=OK") { Ok(body) } else { Err(Error::NotTaken { answer: body }.into()) }
    }

    /// Fails if the cart was told of an order.
    fn untold(&self, cart: &DemoCart, number: &str) -> Result<(), Failure> {
        let updates = cart.orders().get(number).map_or(0, |order| order.updates);
        if updates == 0 { Ok(()) } else { Err(Error::Told { number: number.to_owned(), updates, should: 0 }.into()) }
    }

    /// Waits until the cart was told of an order `should` times.
    async fn told(&mut self, cart: &DemoCart, number: &str, should: u32) -> Result<(), Failure> {
        let start = Instant::now();
        let order = loop {
            let order: DemoOrder = cart.orders().get(number).cloned().unwrap_or_default();
            if order.updates >= should {
                break order;
            }
            if start.elapsed() > PATIENCE {
                return Err(Error::Told { number: number.to_owned(), updates: order.updates, should }.into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        if order.updates != should {
            return Err(Error::Told { number: number.to_owned(), updates: order.updates, should }.into());
        }
        if self.aloud {
            report::line(&format!("the cart's own view of order {number}: {}, {} update taken", order.status, order.updates));
        }
        Ok(())
    }

    /// Waits until the response to the last update is recorded.
    async fn settled(&self) -> Result<(), Failure> {
        let start = Instant::now();
        loop {
            let output = self.command(&["delivery", "list", "--json"])?.output().await?;
            let listed: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            if listed["carts"][0]["queued"] == 0 || start.elapsed() > PATIENCE {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A command as a person types it.
fn typed(words: &[&str]) -> String {
    let quoted = words.iter().map(|word| if word.contains(' ') { format!("{word:?}") } else { (*word).to_owned() });
    std::iter::once("cartage".to_owned()).chain(quoted).collect::<Vec<_>>().join(" ")
}
