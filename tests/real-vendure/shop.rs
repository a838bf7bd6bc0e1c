//! The shop: started from the files that npm installed, and read through its own Admin API.

use crate::Result;
use cartage_tests::command::root;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running shop. It ends when this value is dropped, and also when the run is killed, because its standard input then ends.
pub(crate) struct Shop {
    child: Child,
    commands: Option<ChildStdin>,
    said: BufReader<ChildStdout>,
    client: reqwest::Client,
    pub(crate) told: Told,
}

/// The document that the shop prints when it is ready.
#[derive(Deserialize)]
pub(crate) struct Told {
    /// The URL of its Admin API.
    pub(crate) admin_api: String,
    /// The value of an authorization header that may read everything.
    superadmin: String,
    pub(crate) api_key: String,
    pub(crate) username: String,
    pub(crate) password: String,
    /// The codes of the orders, by their names in the story.
    pub(crate) orders: BTreeMap<String, Vec<String>>,
}

/// An order in the shop.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) state: String,
    /// The fulfilments, in the sequence in which they were made.
    pub(crate) fulfilments: Vec<Fulfilment>,
    /// The notes, the newest first: the text, and whether the customer sees it.
    pub(crate) notes: Vec<(String, bool)>,
}

/// A fulfilment in the shop: its state, carrier and method, tracking code, and the quantity of each SKU.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fulfilment {
    pub(crate) state: String,
    pub(crate) method: String,
    pub(crate) code: String,
    pub(crate) contents: BTreeMap<String, i64>,
}

impl Shop {
    /// Starts the shop and waits until it has its orders.
    pub(crate) fn start() -> Result<Shop> {
        let folder = root().join("target/real-vendure");
        let mut command = Command::new("node");
        command.arg("server.js").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("could not start node: {error}"))?;
        let said = child.stdout.take().ok_or("the shop's output is not there")?;
        let (commands, mut said) = (child.stdin.take(), BufReader::new(said));
        let told = line(&mut said).and_then(|line| Ok(serde_json::from_str(&line)?));
        match told {
            Ok(told) => Ok(Shop { child, commands, said, client: reqwest::Client::new(), told }),
            Err(error) => {
                let _ = child.kill();
                child.wait()?;
                Err(format!("the shop did not start: {error}").into())
            }
        }
    }

    /// Sends a command for something that only the shop can do, and waits until it is done.
    pub(crate) fn command(&mut self, command: &str) -> Result<()> {
        let commands = self.commands.as_mut().ok_or("the shop was told to end")?;
        writeln!(commands, "{command}")?;
        let answer = line(&mut self.said)?;
        if answer.trim() == "done" { Ok(()) } else { Err(format!("the shop answered {command} with {answer}").into()) }
    }

    /// Looks up an order by its code.
    pub(crate) async fn order(&self, code: &str) -> Result<Order> {
        const ORDER: &str = "query($code: String!) { orders(options: {filter: {code: {eq: $code}}}) { items { state \
            lines { id productVariant { sku } } fulfillments { id state method trackingCode lines { orderLineId quantity } } \
            history(options: {filter: {type: {eq: \"ORDER_NOTE\"}}, sort: {createdAt: DESC}}) { items { isPublic data } } } } }";
        let data = self.ask(ORDER, json!({"code": code})).await?;
        let order = &data["orders"]["items"][0];
        let skus: BTreeMap<&str, &str> =
            list(&order["lines"]).map(|line| (text(&line["id"]), text(&line["productVariant"]["sku"]))).collect();
        let mut fulfilments: Vec<(u64, Fulfilment)> = list(&order["fulfillments"])
            .map(|own| {
                let mut contents = BTreeMap::new();
                for line in list(&own["lines"]) {
                    let sku = skus.get(text(&line["orderLineId"])).copied().unwrap_or_default().to_owned();
                    *contents.entry(sku).or_default() += line["quantity"].as_i64().unwrap_or_default();
                }
                let [state, method, code] = ["state", "method", "trackingCode"].map(|name| text(&own[name]).to_owned());
                (text(&own["id"]).parse().unwrap_or_default(), Fulfilment { state, method, code, contents })
            })
            .collect();
        fulfilments.sort_by_key(|(id, _)| *id);
        let notes = list(&order["history"]["items"]).map(|note| (text(&note["data"]["note"]).to_owned(), note["isPublic"] == true));
        Ok(Order {
            state: text(&order["state"]).to_owned(),
            fulfilments: fulfilments.into_iter().map(|(_, fulfilment)| fulfilment).collect(),
            notes: notes.collect(),
        })
    }

    async fn ask(&self, query: &str, variables: Value) -> Result<Value> {
        let body = json!({"query": query, "variables": variables}).to_string();
        let request = self.client.post(&self.told.admin_api).header("content-type", "application/json");
        let answer = request.header("authorization", &self.told.superadmin).body(body).send().await?.text().await?;
        let mut answer: Value = serde_json::from_str(&answer)?;
        if answer.get("errors").is_some() { Err(format!("the shop answered {answer}").into()) } else { Ok(answer["data"].take()) }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // Closing the standard input ends the shop; the kill is for a shop that hangs.
        drop(self.commands.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line(said: &mut BufReader<ChildStdout>) -> Result<String> {
    let mut line = String::new();
    if said.read_line(&mut line)? == 0 { Err("the shop ended; what it said stands above".into()) } else { Ok(line) }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
