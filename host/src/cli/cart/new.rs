//! `cartage cart new`: a cart's file from its plugin's manifest, with a comment for each thing that the operator fills in.

use crate::cli::apply::{cart_id, plugin_at};
use crate::cli::{Failure, Verdict, courier, report};
use cartage::id::CartId;
use cartage::plugin::Runtime;
use cartage_contract::delivery::SettingValue;
use cartage_contract::manifest::{Base, Manifest, Setting, SettingKind, Statuses};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Write the file of a new cart from what its plugin asks for.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The new cart's ID: lower-case letters, digits and hyphens.
    #[arg(value_name = "NAME", value_parser = cart_id)]
    cart: CartId,
    /// The plugin's file.
    #[arg(long, value_name = "FILE")]
    plugin: PathBuf,
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
    pub(super) fn run(self, json: bool) -> Result<Verdict, Failure> {
        let (name, bytes) = plugin_at(&self.plugin)?;
        let plugin = courier::block_on(async { Ok(Runtime::new()?.admit(bytes).await?) })?;
        let text = file(&self.cart, &name, plugin.manifest());
        let output = self.output.unwrap_or_else(|| PathBuf::from(format!("{}.toml", self.cart)));
        if output == Path::new("-") {
            if json {
                report::json(&serde_json::json!({ "cart": self.cart, "toml": text }));
            } else {
                report::line(text.trim_end());
            }
            return Ok(Verdict::Done);
        }
        let written = OpenOptions::new().write(true).create_new(true).open(&output).and_then(|mut open| open.write_all(text.as_bytes()));
        written.map_err(|source| Error::Write { file: output.clone(), source })?;
        if json {
            report::json(&serde_json::json!({ "cart": self.cart, "file": output }));
        } else {
            report::line(&format!("wrote {}; fill in what it asks for, and load it with", output.display()));
            report::line(&format!("  cartage apply {}", output.display()));
        }
        Ok(Verdict::Done)
    }
}

/// The file's text. What is needed stands there; what is optional stands behind a `#`.
pub(super) fn file(cart: &CartId, plugin: &str, manifest: &Manifest) -> String {
    let mut text = format!(
        "# {} {}: {}\ncart = {}\nplugin = {}\n\n# shadow: what would be sent is recorded. only-orders: those of only_orders are sent. live: everything is.\nmode = \"shadow\"\n\n\
         # Whether the customer is notified where the sender does not say: cart-default, never or always.\n# notify_customer = \"cart-default\"\n\n\
         # What becomes of a label that [labels] does not name: same (its own text is the status), tracking-only, ignore or refuse.\n\
         # unlisted_labels = \"same\"\n\n\
         # What the cart calls an order that the Order Manager knows as WEB-1021, and whether its numbers are digits only.\n\
         # order_number = {{ strip_prefix = \"WEB-\", type = \"numeric\" }}\n",
        manifest.name,
        manifest.version,
        one_line(&manifest.summary),
        quoted(cart.as_str()),
        quoted(plugin)
    );
    for endpoint in &manifest.endpoints {
        let (url, mark) = match &endpoint.base {
            Base::Fixed(url) => (url, optional(endpoint.required)),
            Base::Any | Base::Pattern(_) => (&endpoint.example, optional(endpoint.required)),
        };
        text.push_str(&format!(
            "\n# {}\n{mark}[endpoints.{}]\n{mark}base_url = {}\n",
            one_line(&endpoint.purpose),
            endpoint.name,
            quoted(url)
        ));
    }
    if !manifest.settings.is_empty() {
        text.push_str("\n[settings]\n");
    }
    for setting in &manifest.settings {
        text.push_str(&setting_lines(setting));
    }
    for slot in &manifest.slots {
        text.push_str(&format!("\n# {}. Once the cart is loaded, set what is secret with\n", one_line(&slot.purpose)));
        for field in slot.fields.iter().filter(|field| field.secret) {
            text.push_str(&format!("#   cartage credential set {cart} {} {}\n", slot.name, field.name));
        }
        text.push_str(&format!("[credentials.{}]\n", slot.name));
        for field in slot.fields.iter().filter(|field| !field.secret) {
            text.push_str(&format!(
                "# {}{}\n# {} = {{ text = \"\" }}\n",
                one_line(&field.purpose),
                if field.required { "" } else { " (optional)" },
                field.name
            ));
        }
    }
    text.push_str("\n# What a label of the Order Manager becomes at the cart: one of its statuses, \"tracking-only\" or \"ignore\".\n");
    match &manifest.statuses {
        Statuses::Fixed(all) => {
            let all: Vec<&str> = all.iter().map(|status| status.value.as_str()).collect();
            text.push_str(&format!("# The cart has: {}\n", one_line(&all.join(", "))));
        }
        Statuses::FreeText => text.push_str("# The cart takes whatever text it is given.\n"),
        Statuses::Ask => text.push_str("# Look in the cart for the statuses that it has.\n"),
    }
    text.push_str("[labels]\n# \"Order Shipped\" = \"Shipped\"\n\n# What a carrier of the Order Manager is called at the cart.\n[carriers]\n# FX = \"FedEx\"\n");
    text
}

fn setting_lines(setting: &Setting) -> String {
    let choices = match &setting.kind {
        SettingKind::Choice(all) | SettingKind::ChoiceMap(all) => {
            format!(" One of: {}.", all.iter().map(|choice| choice.value.as_str()).collect::<Vec<_>>().join(", "))
        }
        SettingKind::Text(_) | SettingKind::Integer(_) | SettingKind::Boolean | SettingKind::UrlPath | SettingKind::TextMap(_) => {
            String::new()
        }
    };
    let needed = setting.required && setting.default.is_none();
    let value = match &setting.default {
        Some(default) => value(default),
        None => match &setting.kind {
            SettingKind::Text(_) | SettingKind::UrlPath => "\"\"".to_owned(),
            SettingKind::Choice(all) => quoted(all.first().map_or("", |choice| choice.value.as_str())),
            SettingKind::Integer(limits) => limits.min.to_string(),
            SettingKind::Boolean => "false".to_owned(),
            SettingKind::TextMap(_) | SettingKind::ChoiceMap(_) => "{}".to_owned(),
        },
    };
    format!(
        "# {}: {}{}\n{}{} = {value}\n",
        one_line(&setting.title),
        one_line(&setting.help),
        one_line(&choices),
        optional(needed),
        setting.name
    )
}

fn value(value: &SettingValue) -> String {
    match value {
        SettingValue::Text(text) | SettingValue::Choice(text) | SettingValue::UrlPath(text) => quoted(text),
        SettingValue::Integer(number) => number.to_string(),
        SettingValue::Boolean(yes) => yes.to_string(),
        SettingValue::TextMap(map) => {
            let map: toml::Table = map.iter().map(|(key, value)| (key.clone(), toml::Value::from(value.as_str()))).collect();
            one_line(&toml::Value::Table(map).to_string())
        }
    }
}

/// What stands before something that may be left out.
fn optional(needed: bool) -> &'static str {
    if needed { "" } else { "# " }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A plugin's words as one line of a comment: a line break in them must not end the comment.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
