//! `cartage cart new`: a cart's file from its plugin's manifest, with a comment for each thing that the operator fills in or answered.

use super::ask::{Answers, ask};
use super::examples;
use crate::cli::apply::{cart_id, plugin_at};
use crate::cli::plugin::takes;
use crate::cli::{Failure, Verdict, courier, desk, init, report};
use cartage::carts::{Cart, quoted};
use cartage::id::{CartId, Digest};
use cartage::office::{KeptCart, List, PluginKept};
use cartage::plugin::Runtime;
use cartage_contract::delivery::SettingValue;
use cartage_contract::manifest::{Base, Manifest, Setting, SettingKind, Slot, Statuses};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Write the file of a new cart from what its plugin asks for.
#[derive(Debug, clap::Args)]
#[command(after_long_help = examples::NEW)]
pub(crate) struct Args {
    /// The new cart's ID: lower-case letters, digits and hyphens.
    #[arg(value_name = "NAME", value_parser = cart_id)]
    cart: CartId,
    /// The plugin's file.
    #[arg(long, value_name = "FILE")]
    plugin: PathBuf,
    /// Ask for each thing that the plugin takes, and write the answers into the file.
    #[arg(long)]
    ask: bool,
    /// The file to write; - is standard output [default: NAME.toml].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not write the cart's file {}; one that is there is left alone", .file.display())]
    Write { file: PathBuf, source: std::io::Error },
}

impl Args {
    pub(super) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let (name, bytes) = plugin_at(&self.plugin)?;
        let plugin = courier::block_on(async { Ok(Runtime::new()?.admit(bytes).await?) })?;
        let output = self.output.unwrap_or_else(|| PathBuf::from(format!("{}.toml", self.cart)));
        // Nobody shall answer twenty questions for a file that cannot be written.
        if self.ask && output.exists() {
            return Err(not_written(&output)(std::io::ErrorKind::AlreadyExists.into()));
        }
        let lists = if self.ask { kept_lists(data, &self.cart, plugin.digest()) } else { Vec::new() };
        let answers = if self.ask { ask(plugin.manifest(), &lists, &mut desk::answers())? } else { Answers::default() };
        let text = file(&self.cart, &name, plugin.manifest(), &answers);
        Cart::parse("what was answered", &text)?;
        if output == Path::new("-") {
            if json {
                report::json(&serde_json::json!({ "cart": self.cart, "toml": text }));
            } else {
                report::line(text.trim_end());
            }
            return Ok(Verdict::Done);
        }
        let written = OpenOptions::new().write(true).create_new(true).open(&output).and_then(|mut open| open.write_all(text.as_bytes()));
        written.map_err(not_written(&output))?;
        if json {
            report::json(&serde_json::json!({ "cart": self.cart, "file": output }));
        } else {
            let first = if self.ask { "look through it" } else { "fill in what it asks for" };
            report::line(&format!("wrote {}; {first}, and load it with", output.display()));
            report::line(&format!("  cartage apply {}", output.display()));
        }
        Ok(Verdict::Done)
    }
}

/// The lists that the shop gave when a cart of this name was checked with this plugin. None where there is no such cart, or a daemon has its data
/// directory: then they are shown by `cartage cart check`.
fn kept_lists(data: &Path, cart: &CartId, plugin: Digest) -> Vec<List> {
    if !data.is_dir() {
        return Vec::new();
    }
    let Ok(office) = init::open(data) else { return Vec::new() };
    let kept = courier::block_on(async { office.find_cart(cart).await.map_err(init::failure) });
    let same = |kept: &KeptCart| matches!(&kept.plugin, PluginKept::Admitted { digest, .. } if *digest == plugin);
    kept.ok().flatten().filter(same).map(|kept| kept.lists).unwrap_or_default()
}

fn not_written(file: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    |source| {
        let there = source.kind() == std::io::ErrorKind::AlreadyExists;
        let failure = Failure::from(Error::Write { file: file.to_owned(), source });
        if there { failure.what_to_do("name another file with --output FILE, or move that one away") } else { failure }
    }
}

/// The file's text. What is needed or was answered stands there; what is optional stands behind a `#`.
pub(super) fn file(cart: &CartId, plugin: &str, manifest: &Manifest, answers: &Answers) -> String {
    let mut text = format!(
        "# {} {}: {}\ncart = {}\nplugin = {}\n\n# shadow: what would be sent is recorded. only-orders: the orders that only_orders names are sent, by the numbers that the Order\n\
         # Manager gives them. live: everything is sent.\nmode = \"shadow\"\n\n\
         # Whether the customer is notified where the sender does not say: cart-default, never or always.\n# notify_customer = \"cart-default\"\n\n\
         # What becomes of a label that [labels] does not name: same (its own text is the status), tracking-only, ignore or refuse.\n\
         # unlisted_labels = \"same\"\n\n\
         # What the cart is never told, whatever a sender says, because its plugin cannot carry it.\n\
         # leave_out = [\"notes\", \"line-items\"]\n\n\
         # The time zone of the Order Manager's clock, for a plugin that needs the instant of a change.\n\
         # time_zone = \"America/New_York\"\n\n\
         # What the cart calls an order that the Order Manager knows as WEB-1021, and whether its numbers are digits only.\n\
         # order_number = {{ strip_prefix = \"WEB-\", type = \"numeric\" }}\n",
        manifest.name,
        manifest.version,
        one_line(&manifest.summary),
        quoted(cart.as_str()),
        quoted(plugin)
    );
    for endpoint in &manifest.endpoints {
        let given = answers.endpoints.get(&endpoint.name);
        let url = match &endpoint.base {
            Base::Fixed(url) => url,
            Base::Any | Base::Pattern(_) | Base::OneOf(_) => given.unwrap_or(&endpoint.example),
        };
        let choice = if let Base::OneOf(urls) = &endpoint.base { format!(" One of {}.", urls.join(", ")) } else { String::new() };
        let mark = optional(endpoint.required || given.is_some());
        text.push_str(&format!(
            "\n# {}{choice}\n{mark}[endpoints.{}]\n{mark}base_url = {}\n",
            one_line(&endpoint.purpose),
            endpoint.name,
            quoted(url)
        ));
    }
    if !manifest.settings.is_empty() {
        text.push_str("\n[settings]\n");
    }
    for setting in &manifest.settings {
        text.push_str(&setting_lines(setting, answers.settings.get(&setting.name)));
    }
    for slot in &manifest.slots {
        text.push_str(&slot_lines(cart, manifest, slot, answers));
    }
    text.push_str("\n# What a label of the Order Manager becomes at the cart: one of its statuses, \"tracking-only\" or \"ignore\".\n");
    match &manifest.statuses {
        Statuses::Fixed(all) => {
            let all: Vec<&str> = all.iter().map(|status| status.value.as_str()).collect();
            text.push_str(&format!("# The cart has: {}\n", one_line(&all.join(", "))));
        }
        Statuses::FreeText => text.push_str("# The cart takes whatever text it is given.\n"),
        Statuses::Asked => text.push_str(&format!(
            "# `cartage cart check {cart}` lists the statuses that the cart has, once it is loaded and has its credentials.\n"
        )),
    }
    text.push_str("[labels]\n");
    if answers.labels.is_empty() {
        text.push_str("# \"Order Shipped\" = \"Shipped\"\n");
    }
    for (label, status) in &answers.labels {
        text.push_str(&format!("{} = {}\n", quoted(label), quoted(status)));
    }
    text.push_str("\n# What a carrier of the Order Manager is called at the cart.\n[carriers]\n# FX = \"FedEx\"\n");
    text
}

fn slot_lines(cart: &CartId, manifest: &Manifest, slot: &Slot, answers: &Answers) -> String {
    let mut text = format!("\n# {}. Once the cart is loaded, set what is secret with\n", one_line(&slot.purpose));
    if let Some(name) = &slot.alternative {
        let others = manifest.alternatives(name).map(|slot| slot.name.as_str()).filter(|other| *other != slot.name);
        let others = others.collect::<Vec<_>>().join(", ");
        text = format!("\n# {}. It stands for {others}: set exactly one of them.\n", one_line(&slot.purpose));
    }
    for field in slot.fields.iter().filter(|field| field.secret) {
        text.push_str(&format!("#   cartage credential set {cart} {} {}\n", slot.name, field.name));
    }
    text.push_str(&format!("[credentials.{}]\n", slot.name));
    for field in slot.fields.iter().filter(|field| !field.secret) {
        let given = answers.credentials.get(&(slot.name.clone(), field.name.clone()));
        text.push_str(&format!(
            "# {}{}\n{}{} = {{ text = {} }}\n",
            one_line(&field.purpose),
            if field.required { "" } else { " (optional)" },
            optional(given.is_some()),
            field.name,
            quoted(given.map(String::as_str).unwrap_or_default())
        ));
    }
    text
}

fn setting_lines(setting: &Setting, given: Option<&SettingValue>) -> String {
    let needed = setting.required && setting.default.is_none();
    let value = match given.or(setting.default.as_ref()) {
        Some(known) => value(known),
        None => match &setting.kind {
            SettingKind::Text(_) | SettingKind::UrlPath | SettingKind::Lines(_) | SettingKind::Other(_) => "\"\"".to_owned(),
            SettingKind::Several(_) => "[]".to_owned(),
            SettingKind::Choice(all) => quoted(all.fixed().and_then(<[_]>::first).map_or("", |choice| choice.value.as_str())),
            SettingKind::Integer(limits) => limits.min.to_string(),
            SettingKind::Boolean => "false".to_owned(),
            SettingKind::TextMap(_) | SettingKind::ChoiceMap(_) => "{}".to_owned(),
        },
    };
    format!(
        "# {}: {} It takes {}.\n{}{} = {value}\n",
        one_line(&setting.title),
        one_line(&setting.help),
        one_line(&takes(&setting.kind)),
        optional(needed || given.is_some()),
        setting.name
    )
}

fn value(value: &SettingValue) -> String {
    match value {
        SettingValue::Text(text) | SettingValue::Choice(text) | SettingValue::UrlPath(text) => quoted(text),
        SettingValue::Integer(number) => number.to_string(),
        SettingValue::Boolean(yes) => yes.to_string(),
        SettingValue::Several(values) => format!("[{}]", values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ")),
        SettingValue::TextMap(map) => {
            let pairs: Vec<String> = map.iter().map(|(key, value)| format!("{} = {}", quoted(key), quoted(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}

/// What stands before something that may be left out.
fn optional(needed: bool) -> &'static str {
    if needed { "" } else { "# " }
}

/// A plugin's words as one line of a comment: a line break in them must not end the comment.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
