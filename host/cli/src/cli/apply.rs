//! `cartage apply`: loads carts from their files into the data directory. Other commands use this module to show and apply changes of a cart.

use super::{Failure, Verdict, client, console, directory, report};
use cartage::counted::counted;
use cartage::engine::file;
use cartage::service::definitions::{Field, Invalid, Prepared, PreparedCart, Proposal};
use cartage::service::{self, Rehearsed, Service};
use cartage::visible;
use cartage_commands::Commands;
use cartage_contract::manifest::Slot;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  See what a cart's file would change, then load it:
      cartage apply seed-shop.toml --dry-run
      cartage apply seed-shop.toml
  Load a cart whose plugin was upgraded and asks for more, having read what it asks for:
      cartage apply seed-shop.toml --approve

Cartage looks for the plugin that a file names in the folder of that file, or in the folder that
--plugins names. If the plugin's file is not there, an existing cart keeps its present plugin. The
cart is pinned to the digest of the plugin's file, and the data directory keeps a copy of the file
under that digest; that copy runs from then on. Loading a file twice changes nothing the second
time. A file without `mode` leaves the mode of an existing cart alone; a new cart begins in
shadow. Taking a cart out of live mode is shown first and needs --approve. Either all of the files
are loaded or none. Exit code 0: loaded, or nothing to do; 1: not loaded.";

/// Load carts from their files, showing first what changes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The carts' definitions, TOML files.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The folder that holds the plugins [env: CARTAGE_PLUGINS] [default: the folder of each cart's file].
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,
    #[command(flatten)]
    consent: Consent,
}

/// Whether something is changed, and what the operator agrees to.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Consent {
    /// Show what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Agree to what a plugin asks for beyond the one before it, and to taking a cart out of live mode.
    #[arg(long)]
    approve: bool,
}

impl Consent {
    /// Agrees to everything, for changes that were approved before.
    pub(super) const GIVEN: Consent = Consent { dry_run: false, approve: true };
}

#[derive(Serialize)]
struct Report<'a> {
    made: bool,
    needs_approval: bool,
    carts: Vec<CartReport<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rehearsed: Option<&'a [Rehearsed]>,
}

#[derive(Serialize)]
struct CartReport<'a> {
    cart: &'a str,
    plugin: String,
    change: &'static str,
    fields: &'a [Field],
    asks: &'a [String],
    leaves_live: Option<&'a str>,
    warnings: Vec<String>,
}

impl Args {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        let mut proposals = Vec::new();
        let plugins = client::plugins(self.plugins)?;
        for path in &self.files {
            let cart = client::read(path)?;
            let beside = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let plugin = plugin_in(plugins.as_deref().unwrap_or(beside), &cart.plugin)?;
            proposals.push(Proposal { cart, plugin });
        }
        let service = directory::open(data)?;
        client::block_on(change(&service, proposals, self.consent, json))
    }
}

/// Reads a plugin's file in a folder; `None` if there is no such file.
fn plugin_in(folder: &Path, name: &str) -> Result<Option<Vec<u8>>, Failure> {
    match console::current().plugin(folder, name) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(file::Error::Open { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Reads a plugin's file at the path that the operator typed.
pub(super) fn plugin_at(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Failure::wrong_use(format!("{} does not end in a file name", path.display())))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((name.to_owned(), console::current().plugin(folder, name)?))
}

/// Shows what the proposals change, and applies them if the operator agrees.
pub(super) async fn change(service: &Service, proposals: Vec<Proposal>, consent: Consent, json: bool) -> Result<Verdict, Failure> {
    change_rehearsed(service, proposals, consent, None, json).await
}

/// Like [`change`], with the result of a rehearsal of the new plugin. The operator must agree to differences as well.
pub(super) async fn change_rehearsed(
    service: &Service,
    proposals: Vec<Proposal>,
    consent: Consent,
    rehearsed: Option<&[Rehearsed]>,
    json: bool,
) -> Result<Verdict, Failure> {
    let prepared = service.definitions().prepare(proposals).await.map_err(invalid)?;
    let differs = rehearsed.is_some_and(|all| all.iter().any(|one| !one.differences.is_empty()));
    let needs_approval = (prepared.asks() || prepared.leaves_live() || differs) && !consent.approve;
    let made = !consent.dry_run && !needs_approval;
    if json {
        let carts = prepared.carts().iter().map(of).collect();
        report::json(&Report { made, needs_approval, carts, rehearsed });
    } else {
        show(&prepared);
        rehearsed.into_iter().for_each(show_rehearsed);
    }
    if made {
        let next = next(service, &prepared).await?;
        service.definitions().make(prepared).await.map_err(directory::failure)?;
        next.iter().for_each(|line| report::talk(line));
        return Ok(Verdict::Done);
    }
    if needs_approval {
        report::talk(&not_approved(&prepared, differs));
        return Ok(if consent.dry_run { Verdict::Done } else { Verdict::NotDone });
    }
    report::talk("nothing was changed: this was a dry run");
    Ok(Verdict::Done)
}

/// Why nothing is changed until the operator agrees.
fn not_approved(prepared: &Prepared, differs: bool) -> String {
    let mut why: Vec<&str> = prepared.carts().iter().filter_map(|cart| cart.leaves_live.as_deref()).collect();
    let mut what_to_do = "if that is intended, repeat the command with --approve; a cart's file without `mode` leaves the mode alone";
    if prepared.asks() {
        why.push("a plugin asks for more than the one before it");
    }
    if differs {
        why.push("the plugin behaves differently in recorded attempts");
    }
    if prepared.asks() || differs {
        what_to_do = "read what was shown, and repeat the command with --approve";
    }
    format!("nothing was changed: {}; {what_to_do}", why.join("; "))
}

fn invalid(error: Invalid) -> Failure {
    match error {
        Invalid::Service(error) => match *error {
            error @ service::Error::PluginFile { .. } if !error.is_fault() => Failure::from(error)
                .what_to_do("put the plugin beside the cart's file, or name the folder that holds it with --plugins DIR"),
            other => directory::failure(other),
        },
        error @ (Invalid::Endpoint { .. } | Invalid::Settings(_) | Invalid::Credential(_)) => Failure::from(error)
            .otherwise_do("change the cart's file; `cartage plugin inspect` shows what the plugin asks for; nothing was loaded"),
        error @ (Invalid::Twice { .. } | Invalid::Digest(_)) => error.into(),
    }
}

fn of(cart: &PreparedCart) -> CartReport<'_> {
    let change = match (cart.difference.new, cart.difference.is_empty()) {
        (true, _) => "new",
        (false, false) if cart.difference.unreadable => "mended",
        (false, false) => "changed",
        (false, true) => "unchanged",
    };
    let plugin = format!("{} {}", cart.manifest.name, cart.manifest.version);
    let PreparedCart { asks, warnings, .. } = cart;
    let leaves_live = cart.leaves_live.as_deref();
    let warnings = warnings.iter().map(|warning| warning.text(&Commands)).collect();
    CartReport { cart: cart.cart.id.as_str(), plugin, change, fields: &cart.difference.fields, asks, leaves_live, warnings }
}

fn show(prepared: &Prepared) {
    for cart in prepared.carts().iter().map(of) {
        let unreadable = if cart.change == "mended" { " (its definition in the data directory was unreadable)" } else { "" };
        report::heading(&format!("cart {}: {}{unreadable}", cart.cart, cart.change));
        let value = |field: &Field| match (&field.before, &field.after) {
            (None, Some(after)) => after.clone(),
            (Some(before), Some(after)) => format!("{after}\nbefore: {before}"),
            (before, None) => format!("taken out\nbefore: {}", before.as_deref().unwrap_or_default()),
        };
        report::rows(&cart.fields.iter().map(|field| (field.key.as_str(), value(field))).collect::<Vec<_>>());
        if !cart.asks.is_empty() {
            report::heading(&format!("the plugin, now {}, asks for more than the one before it", cart.plugin));
            cart.asks.iter().for_each(|ask| report::line(&format!("  {ask}")));
        }
        cart.warnings.iter().for_each(|warning| report::talk(&format!("warning: {warning}")));
    }
}

/// Shows where the new version behaves differently on recorded attempts.
fn show_rehearsed(rehearsed: &[Rehearsed]) {
    let different: Vec<&Rehearsed> = rehearsed.iter().filter(|one| !one.differences.is_empty()).collect();
    let same = counted(rehearsed.len() - different.len(), "recorded attempt");
    if rehearsed.is_empty() {
        report::talk("warning: no attempt of this cart is recorded, so nothing could be replayed");
        return;
    }
    report::heading(&format!("replayed: {same} the same, {} different", different.len()));
    for Rehearsed { delivery, attempt, differences } in different {
        report::line(&format!("  delivery {delivery}, attempt {attempt}"));
        differences.iter().for_each(|difference| report::line(&format!("    {}", visible::line(&difference.to_string()))));
    }
}

/// What the operator does next: set the missing credentials, and check whether the cart works.
async fn next(service: &Service, prepared: &Prepared) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    for PreparedCart { cart, manifest, difference, .. } in prepared.carts() {
        let kept = service.credentials().list(&cart.id).await.map_err(directory::failure)?;
        let kept: BTreeSet<(&str, &str)> = kept.iter().map(|kept| (kept.slot.as_str(), kept.field.as_str())).collect();
        let has = |slot: &Slot, field: &str| {
            kept.contains(&(slot.name.as_str(), field)) || cart.credentials.get(&slot.name).is_some_and(|fields| fields.contains_key(field))
        };
        for slot in manifest.slots.iter().filter(|slot| slot.required) {
            for field in slot.fields.iter().filter(|field| field.required && !has(slot, &field.name)) {
                lines.push(format!("next: cartage credential set {} {} {}", cart.id, slot.name, field.name));
            }
        }
        if difference.new {
            lines.push(format!("next: cartage cart check {}", cart.id));
        }
    }
    Ok(lines)
}
