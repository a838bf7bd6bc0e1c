//! `cartage cart new`: writes a cart's file from its plugin's manifest, with a comment for each value that the operator fills in or answered.

use super::ask::{Answers, ask};
use super::base_url::usable;
use super::examples;
use crate::cli::api::{Client, to};
use crate::cli::apply::plugin_at;
use crate::cli::arguments::cart_id;
use crate::cli::plugin::takes;
use crate::cli::{Failure, Verdict, client, console, report};
use cartage::carts::{Cart, PrivateException, quoted};
use cartage::egress::endpoint::exception_for;
use cartage::engine::Runtime;
use cartage::id::{CartId, Digest};
use cartage::service::List;
use cartage::visible;
use cartage_contract::delivery::SettingValue;
use cartage_contract::manifest::{Base, Manifest, Setting, SettingKind, Slot, Statuses};
use cartage_http::api::documents::{PluginFileState, WholeCart};
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
    /// The URL of an endpoint of the plugin. The endpoint's name may be left out if only one endpoint needs a URL. May be given several times.
    #[arg(long = "url", value_name = "[ENDPOINT=]URL", conflicts_with = "ask")]
    urls: Vec<String>,
    /// Ask for each value that the plugin takes, and write the answers into the file.
    #[arg(long)]
    ask: bool,
    /// The file to write; - is standard output [default: NAME.toml].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not write the cart's file {}; an existing file is left alone", .file.display())]
    Write { file: PathBuf, source: std::io::Error },
}

impl Args {
    pub(super) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let (name, bytes) = plugin_at(&self.plugin)?;
        let plugin = client::block_on(async { Ok(Runtime::new()?.admit(bytes).await?) })?;
        let output = self.output.unwrap_or_else(|| PathBuf::from(format!("{}.toml", self.cart)));
        // Checked first, so that nobody answers twenty questions for a file that cannot be written.
        if self.ask && output.exists() {
            return Err(not_written(&output)(std::io::ErrorKind::AlreadyExists.into()));
        }
        let lists = if self.ask { kept_lists(data, &self.cart, plugin.digest()) } else { Vec::new() };
        let mut answers = if self.ask { ask(plugin.manifest(), &lists, &mut console::answers())? } else { Answers::default() };
        for given in &self.urls {
            let (endpoint, url) = named_url(plugin.manifest(), given)?;
            answers.endpoints.insert(endpoint, url);
        }
        let text = file(&self.cart, &name, plugin.manifest(), &answers);
        Cart::parse("what was answered", &text)?;
        if output == Path::new("-") {
            if json {
                report::json(&serde_json::json!({ "cart": self.cart, "toml": text }));
            } else {
                report::lines(text.trim_end());
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
            report::line(&format!("  {}", cartage_commands::load_cart_file(&output, plugins_elsewhere(&self.plugin, &output))));
            report::line("docs/cart-file.md describes every key");
        }
        Ok(Verdict::Done)
    }
}

/// The endpoint and the URL of a `--url` argument, checked as they will be when the cart is loaded.
fn named_url(manifest: &Manifest, given: &str) -> Result<(String, String), Failure> {
    let choosable = || manifest.endpoints.iter().filter(|endpoint| !matches!(endpoint.base, Base::Fixed(_)));
    let named = given.split_once('=').filter(|(name, _)| manifest.endpoint(name).is_some());
    let (endpoint, url) = match (named, choosable().filter(|endpoint| endpoint.required).collect::<Vec<_>>().as_slice()) {
        (Some((name, url)), _) => (manifest.endpoint(name).expect("it was looked up just now"), url),
        (None, [only]) => (*only, given),
        (None, _) => {
            let names: Vec<&str> = choosable().map(|endpoint| endpoint.name.as_str()).collect();
            let failure = Failure::wrong_use(format!("--url {given} does not say which endpoint of the plugin has this URL"));
            return Err(failure.what_to_do(format!("write --url ENDPOINT=URL; the plugin has the endpoints {}", names.join(", "))));
        }
    };
    let url = usable(manifest, endpoint, url).map_err(|why| Failure::wrong_use(format!("--url {given} cannot be used: {why}")))?;
    Ok((endpoint.name.clone(), url))
}

/// The plugin's folder if it differs from the folder of the cart's file, where `cartage apply` looks; otherwise `None`.
fn plugins_elsewhere<'p>(plugin: &'p Path, output: &Path) -> Option<&'p Path> {
    let folder = |file: &Path| file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).canonicalize().ok();
    let own = plugin.parent().filter(|own| !own.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (folder(plugin) != folder(output)).then_some(own)
}

/// The lists that the shop gave when a cart of this name was checked with this plugin. Empty if there is no such cart.
fn kept_lists(data: &Path, cart: &CartId, plugin: Digest) -> Vec<List> {
    if !data.is_dir() {
        return Vec::new();
    }
    let Ok(api) = Client::open(data) else { return Vec::new() };
    let kept = client::block_on(async { Ok(api.get::<WholeCart>(to(&["carts", cart.as_str()])).await?) });
    let same = |kept: &WholeCart| kept.cart.plugin.state == PluginFileState::Admitted && kept.cart.plugin.found == Some(plugin);
    kept.ok().filter(same).map(|kept| kept.lists).unwrap_or_default()
}

fn not_written(file: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    |source| {
        let there = source.kind() == std::io::ErrorKind::AlreadyExists;
        let failure = Failure::from(Error::Write { file: file.to_owned(), source });
        if there { failure.what_to_do("name another file with --output FILE, or move that one away") } else { failure }
    }
}

/// The text of the cart's file. Required and answered lines are active; optional lines are commented out with `#`.
pub(super) fn file(cart: &CartId, plugin: &str, manifest: &Manifest, answers: &Answers) -> String {
    let mut text = format!(
        "# {} {}: {}\ncart = {}\nplugin = {}\n\n# docs/cart-file.md describes every key: what it means, its default and its limits.\n\n\
         # Whether statuses are sent. A new cart begins in shadow: what would be sent is recorded. `cartage cart mode {cart} live` switches it, and\n\
         # loading this file again leaves the mode alone as long as it names none. Others: only-orders, with the numbers in only_orders; live.\n\
         # mode = \"shadow\"\n\n\
         # Whether the customer is notified where the sender does not say: cart-default, never or always.\n# notify_customer = \"cart-default\"\n\n\
         # What becomes of a label that [labels] does not name: same (its own text is the status), tracking-only, ignore or refuse.\n\
         # unlisted_labels = \"same\"\n\n\
         # Data that is never sent to the cart, because its plugin cannot carry it.\n\
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
        let fixed = matches!(endpoint.base, Base::Fixed(_));
        // An example is not a real shop: its line stays commented out for the operator to replace.
        let mark = optional((endpoint.required && fixed) || given.is_some());
        let fill_in = if mark.is_empty() || !endpoint.required { "" } else { " Write its URL here, and remove the two marks #." };
        text.push_str(&format!(
            "\n# {}.{choice}{fill_in}\n{mark}[endpoints.{}]\n{mark}base_url = {}\n{}",
            one_line(&endpoint.purpose),
            endpoint.name,
            quoted(url),
            if fixed { String::new() } else { exception_lines(given) }
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
        Statuses::FreeText => text.push_str("# The cart accepts any text.\n"),
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

/// The line with the private exception that a base URL needs, or a commented line that shows how to write one.
fn exception_lines(given: Option<&String>) -> String {
    let line = |PrivateException { name, allow }: &PrivateException| {
        format!("private = [{{ name = {}, allow = {} }}]\n", quoted(name), quoted(allow))
    };
    match given.and_then(|url| exception_for(url)) {
        Some(exception) => format!(
            "# A cart in a private network or on this machine is reached by an exception with a name. It opens {} to this endpoint, which then leads\n\
             # nowhere else.\n{}",
            exception.allow,
            line(&exception)
        ),
        None if given.is_some() => String::new(),
        None => "# A shop in a private network or on this machine needs an exception as well:\n\
                 # private = [{ name = \"the shop on this machine\", allow = \"127.0.0.1/32\" }]\n"
            .to_owned(),
    }
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

/// The mark before a line that may be left out.
fn optional(needed: bool) -> &'static str {
    if needed { "" } else { "# " }
}

/// A plugin's text as one line of a comment. Hidden characters, which could end or reorder the comment, become spaces.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if visible::is_hidden(c) { ' ' } else { c }).collect()
}
