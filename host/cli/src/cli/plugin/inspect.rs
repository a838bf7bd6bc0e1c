//! `cartage plugin inspect`: shows what a plugin is and what it asks for, before an operator grants that.

use super::powers::{Credential, Powers};
use super::setting::{takes, value_text, values};
use super::{file, needs};
use crate::cli::{Failure, Verdict, report};
use cartage::egress::credential::alternatives;
use cartage::engine::unsupported;
use cartage::id::Digest;
use cartage_contract::manifest::{Carriers, Features, Manifest, Pace, Setting, Slot, Statuses};
use serde::Serialize;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  Look at a plugin before you let it near a shop:
      cartage plugin inspect target/plugins/integration-script.wasm
  The names of its settings, for a program:
      cartage plugin inspect --json shop.wasm | jq -r '.manifest.settings[].name'

The command compiles the plugin and has it describe itself, under limits and without access to
anything. Exit code 1: the file is not a plugin, or imports what no plugin is given.";

/// Show what a plugin is and what it asks for.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The plugin's file: a WebAssembly component.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    file: &'a Path,
    bytes: usize,
    digest: Digest,
    manifest: &'a Manifest,
    powers: Powers,
    /// A command that runs the plugin once.
    next: String,
}

impl Args {
    pub(crate) fn run(self, json: bool) -> Result<Verdict, Failure> {
        let bytes = file::read(&self.file)?;
        let (size, imports) = (bytes.len(), cartage::engine::admit::imports(&bytes));
        let plugin = super::judged(&self.file, bytes)?;
        let manifest = plugin.manifest();
        let next = format!("{} --dry-run", needs::command(&self.file, manifest));
        let powers = Powers::of(manifest, imports);
        let report = Report { file: &self.file, bytes: size, digest: plugin.digest(), manifest, powers, next };
        if json {
            report::json(&report)
        } else {
            report.print()
        }
        Ok(Verdict::Done)
    }
}

impl Report<'_> {
    fn print(&self) {
        let plugin = self.manifest;
        report::heading(&format!("{} {}", plugin.name, plugin.version));
        report::line(&plugin.summary);
        let about = &plugin.about;
        let mut rows = vec![("speaks to", plugin.cart.clone()), ("vendor", about.vendor.clone())];
        rows.extend(
            [("support", &about.support), ("licence", &about.licence), ("changelog", &about.changelog)]
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.clone()?))),
        );
        rows.extend([("digest", self.digest.to_string()), ("size", report::size(self.bytes))]);
        report::rows(&rows);

        report::heading("what the plugin may do: ask the host for the following, and nothing else");
        report::rows(&self.powers.imports.iter().map(|import| (import.name.as_str(), import.gives)).collect::<Vec<_>>());
        report::heading("endpoints: where the plugin may send requests, once you bind them");
        for requests in &self.powers.endpoints {
            report::line(&format!("  {}", named(&requests.endpoint, requests.required)));
            report::rows(&requests.rows().iter().map(|(name, value)| (format!("  {name}"), value)).collect::<Vec<_>>());
        }
        section("credentials: only the host ever sees their values", &plugin.slots, |slot| self.credential(slot));
        section("settings", &plugin.settings, setting);
        report::heading("statuses");
        report::rows(&statuses(&plugin.statuses));
        report::heading("what the plugin can carry and do");
        report::rows(&features(plugin.features));
        report::rows(&[("carriers", carriers(&plugin.carriers))]);
        pace(&plugin.pace);
        if !plugin.personal_fields.is_empty() {
            report::rows(&[("left out of recordings", plugin.personal_fields.join(", "))]);
        }
        for what in unsupported(plugin) {
            report::line(&format!("note: {what}"));
        }
        for (name, slots) in alternatives(plugin) {
            let slots: Vec<&str> = slots.into_iter().map(|slot| slot.name.as_str()).collect();
            report::line(&format!("note: of the credentials {} (one of {name}) exactly one must be set", slots.join(", ")));
        }
        report::lines(&format!("next: see what the plugin would send, with your own values in place of these\n  {}", self.next));
    }
}

impl Report<'_> {
    /// A slot as one row: where its value goes, and its fields.
    fn credential(&self, slot: &Slot) -> (String, String) {
        let words = self.powers.credentials.iter().find(|known| known.slot == slot.name).map(Credential::words).unwrap_or_default();
        let fields = slot.fields.iter().map(|field| {
            let secret = if field.secret { "secret" } else { "no secret" };
            format!("\n{}: {} ({secret})", named(&field.name, field.required), field.purpose)
        });
        let name = match &slot.alternative {
            Some(name) => format!("{} (one of {name})", slot.name),
            None => named(&slot.name, slot.required),
        };
        (name, words + &fields.collect::<String>())
    }
}

fn section<T>(title: &str, items: &[T], row: impl Fn(&T) -> (String, String)) {
    report::heading(title);
    if items.is_empty() {
        report::line("  none");
    }
    report::rows(&items.iter().map(row).collect::<Vec<_>>());
}

fn setting(setting: &Setting) -> (String, String) {
    let default = setting.default.as_ref().map(|value| format!("\ndefault: {}", value_text(value))).unwrap_or_default();
    (named(&setting.name, setting.required), format!("{}: {}\n{}{default}", setting.title, setting.help, takes(&setting.kind)))
}

fn named(name: &str, required: bool) -> String {
    if required { name.to_owned() } else { format!("{name} (optional)") }
}

fn statuses(statuses: &Statuses) -> Vec<(String, String)> {
    match statuses {
        Statuses::Fixed(all) => all.iter().map(|status| (status.value.clone(), status.title.clone().unwrap_or_default())).collect(),
        Statuses::FreeText => vec![("any".to_owned(), "the cart accepts any text".to_owned())],
        Statuses::Asked => vec![("ask".to_owned(), "the cart is asked for its statuses".to_owned())],
    }
}

fn carriers(carriers: &Carriers) -> String {
    match carriers {
        Carriers::Any => "any text".to_owned(),
        Carriers::Fixed(all) => values(all),
        Carriers::Known(all) => format!("{}, or any other text", values(all)),
        Carriers::Asked => "the cart is asked for its carriers".to_owned(),
    }
}

fn pace(pace: &Pace) {
    let Pace { requests_per_minute, concurrency, requests_per_call, response_bytes } = *pace;
    let rows = [
        ("requests in a minute", requests_per_minute.map(u64::from)),
        ("orders at once", concurrency.map(u64::from)),
        ("requests of a call", requests_per_call.map(u64::from)),
        ("bytes of an answer", response_bytes),
    ];
    let said: Vec<_> = rows.into_iter().filter_map(|(name, value)| Some((name, value?.to_string()))).collect();
    if !said.is_empty() {
        report::heading("what the cart can take and a call needs, unless you set other values");
        report::rows(&said);
    }
}

fn features(features: Features) -> Vec<(&'static str, &'static str)> {
    let Features {
        tracking,
        several_packages,
        package_contents,
        corrections,
        withdrawals,
        line_items,
        notes,
        without_status,
        customer_notification,
        mails_customer,
        safe_to_repeat,
        full_state,
    } = features;
    let answers = [
        ("tracking numbers", tracking),
        ("several packages", several_packages),
        ("what lies in each package", package_contents),
        ("packages that have changed", corrections),
        ("packages that were withdrawn", withdrawals),
        ("line items", line_items),
        ("notes", notes),
        ("updates without a status", without_status),
        ("notify the customer when asked", customer_notification),
        ("the cart mails the customer by itself", mails_customer),
        ("sending the same again is harmless", safe_to_repeat),
        ("each status tells the whole state", full_state),
    ];
    answers.map(|(name, yes)| (name, if yes { "yes" } else { "no" })).to_vec()
}
