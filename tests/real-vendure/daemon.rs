//! The daemon: `cartage serve` with its own data directory, which can be killed and restarted.

use crate::Result;
use cartage_tests::command::{cartage, plugin};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The longest time until an update is settled.
const SETTLED_WITHIN: Duration = Duration::from_secs(300);
/// The interval at which a delivery is polled.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A data directory, and the daemon that serves it.
pub(crate) struct Daemon {
    folder: TempDir,
    /// Environment variables with the credentials to which the carts' files refer.
    environment: Vec<(String, String)>,
    serving: Option<Serving>,
    client: reqwest::Client,
    token: String,
}

struct Serving {
    child: Child,
    /// The standard output, which stays open while the daemon serves, as a terminal would.
    _said: BufReader<ChildStdout>,
    api: String,
}

impl Daemon {
    /// A data directory without a cart, and no running daemon.
    pub(crate) fn new(environment: &[(&str, &str)]) -> Result<Daemon> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (folder, client, token) = (tempfile::tempdir()?, reqwest::Client::new(), String::new());
        let mut daemon = Daemon { folder, environment, serving: None, client, token };
        daemon.run(&["init"])?;
        daemon.run(&["param", "set", "UseStatusUpdates", "True"])?;
        std::fs::copy(plugin("vendure"), daemon.folder.path().join("vendure.wasm"))?;
        let made = daemon.run(&["token", "new", "story", "--role", "operator", "--json"])?;
        daemon.token = member(&serde_json::from_str(&made)?, "text").ok_or("no token was made")?;
        Ok(daemon)
    }

    /// Adds a cart and switches its status updates on.
    pub(crate) fn add_cart(&self, id: &str, definition: &str) -> Result<()> {
        std::fs::write(self.folder.path().join("cart.toml"), definition)?;
        self.run(&["apply", "cart.toml"])?;
        self.run(&["param", "set", "UseGenericStatusUpdates", "True", "--cart", id])?;
        Ok(())
    }

    /// Runs a command and returns its result.
    pub(crate) fn run(&self, words: &[&str]) -> Result<String> {
        let output = self.command(words).output()?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        let [printed, said] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        Err(format!("cartage {}: {}\n{printed}{said}", words.join(" "), output.status).into())
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = cartage();
        command.args(words).env("CARTAGE_DATA", self.folder.path().join("data")).current_dir(self.folder.path());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the daemon and waits until it serves.
    pub(crate) fn serve(&mut self) -> Result<()> {
        let log = std::fs::File::options().create(true).append(true).open(self.log())?;
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0", "--seti-listen", "127.0.0.1:0", "--json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn()?;
        let mut said = BufReader::new(child.stdout.take().ok_or("the daemon's output is not there")?);
        let told = told(&mut said);
        let api = told.as_ref().and_then(|told| member(told, "api")).unwrap_or_default();
        self.serving = Some(Serving { child, _said: said, api });
        if told.is_none() { Err(format!("the daemon did not start: {}", std::fs::read_to_string(self.log())?).into()) } else { Ok(()) }
    }

    fn log(&self) -> std::path::PathBuf {
        Path::join(self.folder.path(), "log")
    }

    /// Kills the daemon with SIGKILL, as a crash would.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(mut serving) = self.serving.take() {
            serving.child.kill()?;
            serving.child.wait()?;
        }
        Ok(())
    }

    /// Sends an update, which must be accepted, and returns the delivery's id.
    pub(crate) async fn send(&self, update: Value) -> Result<String> {
        let request = self.request(reqwest::Method::POST, "/v1/status-updates")?.header("content-type", "application/json");
        let answer = request.body(update.to_string()).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        let answer: Value = serde_json::from_str(&text)?;
        if status != 202 {
            return Err(format!("the update {update} was not accepted: {text}").into());
        }
        member(&answer, "delivery").ok_or_else(|| format!("the answer names no delivery: {text}").into())
    }

    /// The present state of a delivery.
    pub(crate) async fn delivery(&self, id: &str) -> Result<Value> {
        let answer = self.request(reqwest::Method::GET, &format!("/v1/deliveries/{id}"))?.send().await?.text().await?;
        Ok(serde_json::from_str(&answer)?)
    }

    /// Waits until a delivery is no longer queued, and returns its state.
    pub(crate) async fn settled(&self, id: &str) -> Result<String> {
        self.when(id, |delivery| delivery["state"] != "queued").await
    }

    /// Waits until a delivery has this number of attempts, and returns its state.
    pub(crate) async fn attempted(&self, id: &str, attempts: usize) -> Result<String> {
        self.when(id, |delivery| delivery["receipts"].as_array().is_some_and(|receipts| receipts.len() >= attempts)).await
    }

    async fn when(&self, id: &str, is: impl Fn(&Value) -> bool) -> Result<String> {
        let mut left = SETTLED_WITHIN.as_millis() / LOOK_EVERY.as_millis();
        loop {
            let delivery = self.delivery(id).await?;
            if is(&delivery) {
                return Ok(delivery["state"].as_str().unwrap_or_default().to_owned());
            }
            left = left.checked_sub(1).ok_or_else(|| format!("the delivery did not come to its end: {delivery:#}"))?;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn request(&self, method: reqwest::Method, path: &str) -> Result<reqwest::RequestBuilder> {
        let serving = self.serving.as_ref().ok_or("the daemon does not serve")?;
        let request = self.client.request(method, format!("http://{}{path}", serving.api));
        Ok(request.header("authorization", format!("Bearer {}", self.token)))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // A failed kill cannot be reported here.
        let _ = self.kill();
    }
}

/// The document that the daemon prints when it serves. `None` if the daemon ended before.
fn told(said: &mut BufReader<ChildStdout>) -> Option<Value> {
    let mut text = String::new();
    while said.read_line(&mut text).ok()? > 0 {
        if let Ok(told) = serde_json::from_str(&text) {
            return Some(told);
        }
    }
    None
}

/// The first text with this name in a document, at any depth.
fn member(document: &Value, name: &str) -> Option<String> {
    match document {
        Value::Object(members) => {
            let own = members.get(name).and_then(Value::as_str).map(str::to_owned);
            own.or_else(|| members.values().find_map(|value| member(value, name)))
        }
        Value::Array(elements) => elements.iter().find_map(|value| member(value, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
