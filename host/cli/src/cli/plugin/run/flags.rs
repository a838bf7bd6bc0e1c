//! Turns the flags of `plugin run` into a cart. The flags become the TOML of a cart's file, so that they pass the same checks. Unknown and missing names are
//! reported before that, in terms of the flags.

use crate::cli::plugin::needs::{self, Need};
use crate::cli::plugin::typed;
use crate::cli::{Failure, report};
use cartage::carts::Cart;
use cartage::counted::counted;
use cartage::egress::credential::alternatives;
use cartage::egress::endpoint::{CheckedBinding, exception_for};
use cartage::egress::secrets::{self, Secrets};
use cartage::nearest::nearest;
use cartage_contract::manifest::{Manifest, Plain, Slot, SlotField};
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::{Table, Value};

/// The Cart ID of a cart that flags describe.
const CART: &str = "plugin-run";

/// A cart, in flags.
#[derive(Debug, clap::Args)]
pub(super) struct CartFlags {
    /// Where an endpoint leads: its name and a base URL. May be given several times.
    #[arg(long = "bind", value_name = "ENDPOINT=URL")]
    binds: Vec<String>,
    /// A credential, by its slot or slot.field: from a file, from an environment variable, or as text where it is no secret. May be given several times.
    #[arg(long = "credential", value_name = "SLOT[.FIELD]=@FILE|env:NAME|TEXT")]
    credentials: Vec<String>,
    /// A setting of the plugin. May be given several times; a map takes one entry at a time: NAME=KEY=VALUE.
    #[arg(long = "setting", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// Let endpoints lead to this machine and to private networks, if --bind says so.
    #[arg(long)]
    loopback: bool,
}

/// The values of the flags, by the manifest's names, and the problems found in them.
struct Reader<'m> {
    manifest: &'m Manifest,
    endpoints: BTreeMap<String, String>,
    credentials: BTreeMap<String, Table>,
    settings: BTreeMap<String, Plain>,
    problems: Vec<String>,
}

impl CartFlags {
    /// Binds an endpoint to a URL, as a flag would.
    pub(super) fn bind(&mut self, endpoint: &str, url: &str) {
        self.binds.push(format!("{endpoint}={url}"));
        self.loopback = true;
    }

    /// Supplies a credential, as a flag would, unless a flag supplies it already.
    pub(super) fn supply(&mut self, slot: &str, field: &str, source: &str) {
        let place = format!("{slot}.{field}=");
        if !self.credentials.iter().any(|given| given.starts_with(&place)) {
            self.credentials.push(format!("{place}{source}"));
        }
    }

    /// The cart that the flags describe, for a plugin file of this name.
    pub(super) fn cart(&self, file: &str, manifest: &Manifest) -> Result<Cart, Failure> {
        let mut reader =
            Reader { manifest, endpoints: BTreeMap::new(), credentials: BTreeMap::new(), settings: BTreeMap::new(), problems: Vec::new() };
        self.binds.iter().for_each(|given| reader.bind(given));
        self.credentials.iter().for_each(|given| reader.credential(given));
        self.settings.iter().for_each(|given| reader.set(given));
        reader.missing();
        if !reader.problems.is_empty() {
            return Err(refused(manifest, &reader.problems));
        }
        let text = reader.toml(file, self.loopback);
        let cart = Cart::parse("the flags", &text)?;
        for (name, binding) in &cart.endpoints {
            let Some(endpoint) = manifest.endpoint(name) else { continue };
            CheckedBinding::new(endpoint, binding).map_err(|error| self.unbound(name, &binding.base_url, &error))?;
        }
        Ok(cart)
    }

    /// The failure for an endpoint that cannot be bound to the URL.
    fn unbound(&self, endpoint: &str, url: &str, error: &cartage::egress::endpoint::Error) -> Failure {
        let failure = Failure::wrong_use(format!("--bind {endpoint}={url} cannot be used: {}", report::chain(error)));
        if !self.loopback && exception_for(url).is_some() {
            failure.what_to_do("add --loopback, which lets endpoints lead to this machine and to private networks")
        } else {
            failure.what_to_do("name an https URL that the plugin takes; `cartage plugin inspect` shows which")
        }
    }
}

/// Reads the values of the cart's credentials.
pub(super) fn secrets(cart: &Cart, manifest: &Manifest) -> Result<Secrets, Failure> {
    secrets::fetch(cart, manifest).map_err(|error| {
        Failure::wrong_use(format!("a credential cannot be read: {}", report::chain(&error))).what_to_do(
            "check the file or the variable that --credential names; `--credential SLOT.FIELD=@FILE` reads a file, env:NAME a variable",
        )
    })
}

fn refused(manifest: &Manifest, problems: &[String]) -> Failure {
    let Manifest { name, version, .. } = manifest;
    let needs = needs::all(manifest);
    let failure = Failure::wrong_use(format!("the flags do not fit the plugin {name} {version}:\n{}", problems.join("\n")));
    if needs.is_empty() {
        return failure.what_to_do("leave out what it does not have; `cartage plugin inspect` shows what it takes");
    }
    let flags: Vec<String> = needs.iter().map(|need| format!("  {}", need.flag)).collect();
    failure.what_to_do(format!(
        "give it these, and leave out what it does not have; `cartage plugin inspect` shows all that it takes\n{}",
        flags.join("\n")
    ))
}

impl Reader<'_> {
    fn bind(&mut self, given: &str) {
        let Some((name, url)) = given.split_once('=') else {
            return self.problems.push(format!("--bind {given:?} does not have the form ENDPOINT=URL"));
        };
        if self.manifest.endpoint(name).is_none() {
            let names = self.manifest.endpoints.iter().map(|endpoint| endpoint.name.as_str());
            self.problems.push(unknown("--bind", "endpoint", name, names));
        } else if self.endpoints.insert(name.to_owned(), url.to_owned()).is_some() {
            self.problems.push(format!("--bind names endpoint {name} twice"));
        }
    }

    /// The flag may contain a secret, so messages repeat only names from the plugin and the text before the `=`.
    fn credential(&mut self, given: &str) {
        let Some((place, source)) = given.split_once('=') else {
            return self.problems.push("a --credential has no `=`: it is SLOT=@FILE, SLOT.FIELD=@FILE or SLOT.FIELD=env:NAME".to_owned());
        };
        let manifest = self.manifest;
        let (slot, field) = place.split_once('.').map_or((place, None), |(slot, field)| (slot, Some(field)));
        let Some(slot) = manifest.slot(slot) else {
            let names = manifest.slots.iter().map(|slot| slot.name.as_str());
            return self.problems.push(unknown("--credential", "credential slot", slot, names));
        };
        let field = match self.field(slot, field) {
            Ok(field) => field,
            Err(problem) => return self.problems.push(problem),
        };
        let source = match source_of(slot, field, source) {
            Ok(source) => source,
            Err(problem) => {
                // The user tried to supply the value, so it is not reported as missing too.
                self.credentials.entry(slot.name.clone()).or_default().insert(field.name.clone(), Value::from(""));
                return self.problems.push(problem);
            }
        };
        if self.credentials.entry(slot.name.clone()).or_default().insert(field.name.clone(), source).is_some() {
            self.problems.push(format!("--credential gives {}.{} twice", slot.name, field.name));
        }
    }

    /// The field of a slot that a flag names. A slot with one field needs no field name.
    fn field<'s>(&self, slot: &'s Slot, named: Option<&str>) -> Result<&'s SlotField, String> {
        let names = || slot.fields.iter().map(|field| field.name.as_str());
        match (named, slot.fields.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => Err(format!(
                "--credential {} names no field, and the slot has {}: {}; write --credential {}.FIELD=@FILE",
                slot.name,
                counted(slot.fields.len(), "field"),
                names().collect::<Vec<_>>().join(", "),
                slot.name
            )),
            (Some(name), _) => slot
                .field(name)
                .ok_or_else(|| unknown("--credential", &format!("field in the credential slot {}", slot.name), name, names())),
        }
    }

    fn set(&mut self, given: &str) {
        let Some((name, text)) = given.split_once('=') else {
            return self.problems.push(format!("--setting {given:?} does not have the form NAME=VALUE"));
        };
        let known = |setting: &&cartage_contract::manifest::Setting| {
            setting.name == name || setting.former_names.iter().any(|former| former == name)
        };
        let Some(setting) = self.manifest.settings.iter().find(known) else {
            let names = self.manifest.settings.iter().map(|setting| setting.name.as_str());
            return self.problems.push(unknown("--setting", "setting", name, names));
        };
        let read = typed(&setting.kind, text);
        let plain = match read.and_then(|plain| setting.read(plain.clone()).map(|_| plain).map_err(|error| error.to_string())) {
            Ok(plain) => plain,
            Err(why) => return self.problems.push(format!("--setting {name}={text:?} is not valid: {why}")),
        };
        match (self.settings.get_mut(&setting.name), plain) {
            (Some(Plain::Map(all)), Plain::Map(entry)) => all.extend(entry),
            (Some(_), _) => self.problems.push(format!("--setting gives {} twice", setting.name)),
            (None, plain) => drop(self.settings.insert(setting.name.clone(), plain)),
        }
    }

    /// Records what the plugin requires and no flag supplies.
    fn missing(&mut self) {
        let manifest = self.manifest;
        let mut needs: Vec<(String, Need)> = Vec::new();
        for endpoint in manifest.endpoints.iter().filter(|endpoint| endpoint.required && !self.endpoints.contains_key(&endpoint.name)) {
            needs.push((format!("endpoint {} is not bound", endpoint.name), needs::bind(endpoint)));
        }
        needs.extend(self.missing_values());
        for setting in manifest.settings.iter().filter(|setting| needs::is_required(setting) && !self.settings.contains_key(&setting.name))
        {
            needs.push((format!("setting {} has no value", setting.name), needs::set(setting)));
        }
        self.problems.extend(needs.into_iter().map(|(what, need)| format!("{what} ({}): add {}", one_line(&need.purpose), need.flag)));
    }

    /// The missing credentials: required ones, and the rest of those that were supplied in part.
    fn missing_values(&self) -> Vec<(String, Need)> {
        let manifest = self.manifest;
        let given = |slot: &Slot| self.credentials.contains_key(&slot.name);
        let mut needs = Vec::new();
        for slot in manifest.slots.iter().filter(|slot| (slot.required && slot.alternative.is_none()) || given(slot)) {
            let has = |field: &SlotField| self.credentials.get(&slot.name).is_some_and(|values| values.contains_key(&field.name));
            for field in slot.fields.iter().filter(|field| field.required && !has(field)) {
                needs.push((format!("credential {}.{} has no value", slot.name, field.name), needs::value(slot, field)));
            }
            if slot.fields.iter().all(|field| !field.required) && !given(slot) {
                needs.extend(needs::credential(slot).into_iter().map(|need| (format!("credential {} has no value", slot.name), need)));
            }
        }
        for (_, slots) in alternatives(manifest) {
            if !slots.iter().any(|slot| given(slot)) {
                let names: Vec<&str> = slots.iter().map(|slot| slot.name.as_str()).collect();
                let first = slots.first().and_then(|slot| needs::credential(slot).into_iter().next());
                needs.extend(first.map(|need| (format!("one of the credentials {} must have a value", names.join(", ")), need)));
            }
        }
        needs
    }

    /// The cart's file as an operator would write it.
    fn toml(&self, file: &str, loopback: bool) -> String {
        let text = |text: &str| Value::from(text);
        let table = |entries: Vec<(&str, Value)>| Value::Table(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        let endpoint = |(name, url): (&String, &String)| {
            let private = exception_for(url).filter(|_| loopback);
            let private: Vec<Value> =
                private.iter().map(|exception| table(vec![("name", text(&exception.name)), ("allow", text(&exception.allow))])).collect();
            (name.clone(), table(vec![("base_url", text(url)), ("private", Value::Array(private))]))
        };
        let setting = |(name, plain): (&String, &Plain)| {
            (name.clone(), Value::try_from(plain).expect("a setting's value is text, a number, a list or a map"))
        };
        let cart = table(vec![
            ("cart", text(CART)),
            ("plugin", text(file)),
            ("mode", text("live")),
            ("endpoints", Value::Table(self.endpoints.iter().map(endpoint).collect())),
            ("settings", Value::Table(self.settings.iter().map(setting).collect())),
            ("credentials", Value::Table(self.credentials.iter().map(|(slot, fields)| (slot.clone(), fields.clone().into())).collect())),
        ]);
        toml::to_string(&cart).expect("tables and texts are TOML")
    }
}

/// Where a value comes from. A secret must not stand on a command line, which other users of the machine can read and a shell remembers.
fn source_of(slot: &Slot, field: &SlotField, source: &str) -> Result<Value, String> {
    let place = format!("{}.{}", slot.name, field.name);
    let (kind, value) = match (source.strip_prefix('@'), source.strip_prefix("env:")) {
        (Some(file), _) => ("file", PathBuf::from(file).display().to_string()),
        (None, Some(variable)) => ("env", variable.to_owned()),
        (None, None) if field.secret => {
            return Err(format!(
                "--credential {place} holds a secret in plain text, which every user of this machine could read: write \
                 --credential {place}=@FILE or --credential {place}=env:NAME"
            ));
        }
        (None, None) => ("text", source.to_owned()),
    };
    if value.is_empty() {
        return Err(format!("--credential {place} is empty: write --credential {place}=@FILE or --credential {place}=env:NAME"));
    }
    Ok(Value::Table(Table::from_iter([(kind.to_owned(), Value::from(value))])))
}

/// The message for a name that the plugin does not have, with the nearest name and all existing ones.
fn unknown<'n>(flag: &str, what: &str, name: &str, names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    let near = nearest(name, names.iter().copied()).map(|near| format!(" Did you mean {near:?}?")).unwrap_or_default();
    let all = if names.is_empty() { "It has none.".to_owned() } else { format!("It has {}.", names.join(", ")) };
    format!("{flag} names {name:?}, and the plugin has no such {what}.{near} {all}")
}

/// A plugin's text as part of one line.
fn one_line(text: &str) -> String {
    cartage::visible::line(text)
}

#[cfg(test)]
mod tests;
