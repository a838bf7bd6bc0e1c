//! `cartage apply`: loads carts from their files into the data directory. Other commands use this module to show and apply changes of a cart.

use super::api::{self, Client, to};
use super::{Failure, Verdict, client, report};
use cartage::counted::counted;
use cartage::engine::file::{self, PluginDir};
use cartage::service::Rehearsed;
use cartage::service::definitions::Field;
use cartage::visible;
use cartage_commands::Commands;
use cartage_http::api::documents::{CartChange, CartChanges, Correct, DefinitionsBody, PluginBytes, ProposedCart};
use serde::Serialize;
use serde::de::DeserializeOwned;
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
    pub(super) dry_run: bool,
    /// Agree to what a plugin asks for beyond the one before it, and to taking a cart out of live mode.
    #[arg(long)]
    pub(super) approve: bool,
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
        let Consent { dry_run, approve } = self.consent;
        let mut body = DefinitionsBody { dry_run, approve, ..DefinitionsBody::default() };
        let plugins = client::plugins(self.plugins);
        for path in &self.files {
            let (cart, definition) = client::definition(path)?;
            let beside = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let plugin = plugin_in(plugins.as_deref().unwrap_or(beside), &cart.plugin)?;
            let plugin = plugin.map(|bytes| place(&mut body.plugins, bytes));
            body.definitions.push(ProposedCart { definition, plugin });
        }
        let api = Client::open(data)?;
        client::block_on(async {
            let CartChanges { changes, .. } = match api.post(to(&["carts"]), &body).await {
                Err(error) if error.is("too-large") => {
                    return Err(
                        Failure::from(error).what_to_do("load fewer files at once: these are too large together with their plugins")
                    );
                }
                answer => unless_unapproved(answer)?,
            };
            Ok(shown(&changes, None, self.consent, json))
        })
    }
}

/// The place of a plugin's file among these, to which it is added unless it is there.
fn place(plugins: &mut Vec<PluginBytes>, bytes: Vec<u8>) -> usize {
    plugins.iter().position(|known| known.0 == bytes).unwrap_or_else(|| {
        plugins.push(PluginBytes(bytes));
        plugins.len() - 1
    })
}

/// Reads a plugin's file in a folder; `None` if there is no such file.
fn plugin_in(folder: &Path, name: &str) -> Result<Option<Vec<u8>>, Failure> {
    match PluginDir::open(folder).and_then(|folder| folder.read(name)) {
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
    Ok((name.to_owned(), PluginDir::open(folder)?.read(name)?))
}

/// The answer to a request that changes carts. Where the change needs approval, it is what would change.
pub(super) fn unless_unapproved<A: DeserializeOwned>(answer: Result<A, api::Error>) -> Result<A, Failure> {
    answer.or_else(|error| {
        let unapproved = error.problem().and_then(|problem| problem.more.as_ref()?.change.clone());
        unapproved.and_then(|change| serde_json::from_value(change).ok()).ok_or_else(|| invalid(error))
    })
}

/// Shows what was changed, or would be, with the result of a rehearsal of the new plugin.
pub(super) fn shown(changes: &[CartChange], rehearsed: Option<&[Rehearsed]>, consent: Consent, json: bool) -> Verdict {
    let made = changes.iter().all(|change| change.made);
    let needs_approval = changes.iter().any(|change| change.needs_approval);
    if json {
        let carts = changes.iter().map(of).collect();
        report::json(&Report { made, needs_approval, carts, rehearsed });
    } else {
        show(changes);
        rehearsed.into_iter().for_each(show_rehearsed);
    }
    if made {
        next(changes).iter().for_each(|line| report::talk(line));
        return Verdict::Done;
    }
    if needs_approval {
        let differs = rehearsed.is_some_and(|all| all.iter().any(|one| !one.differences.is_empty()));
        report::talk(&not_approved(changes, differs));
        return if consent.dry_run { Verdict::Done } else { Verdict::NotDone };
    }
    report::talk("nothing was changed: this was a dry run");
    Verdict::Done
}

/// Why nothing is changed until the operator agrees.
fn not_approved(changes: &[CartChange], differs: bool) -> String {
    let asks = changes.iter().any(|change| !change.asks.is_empty());
    let mut why: Vec<&str> = changes.iter().filter_map(|change| change.leaves_live.as_deref()).collect();
    let mut what_to_do = "if that is intended, repeat the command with --approve; a cart's file without `mode` leaves the mode alone";
    if asks {
        why.push("a plugin asks for more than the one before it");
    }
    if differs {
        why.push("the plugin behaves differently in recorded attempts");
    }
    if asks || differs {
        what_to_do = "read what was shown, and repeat the command with --approve";
    }
    format!("nothing was changed: {}; {what_to_do}", why.join("; "))
}

/// Why a definition is not taken, and what to do.
pub(super) fn invalid(error: api::Error) -> Failure {
    match error.problem().and_then(|problem| problem.more.as_ref()?.correct) {
        Some(Correct::PluginFile) => {
            Failure::from(error).what_to_do("put the plugin beside the cart's file, or name the folder that holds it with --plugins DIR")
        }
        Some(Correct::Definition) => Failure::from(error)
            .otherwise_do("change the cart's file; `cartage plugin inspect` shows what the plugin asks for; nothing was loaded"),
        None => error.into(),
    }
}

fn of(change: &CartChange) -> CartReport<'_> {
    let what = match (change.new, change.mended, change.changes.is_empty()) {
        (true, _, _) => "new",
        (false, true, _) => "mended",
        (false, false, false) => "changed",
        (false, false, true) => "unchanged",
    };
    CartReport {
        cart: change.cart.as_str(),
        plugin: format!("{} {}", change.plugin.name, change.plugin.version),
        change: what,
        fields: &change.changes,
        asks: &change.asks,
        leaves_live: change.leaves_live.as_deref(),
        warnings: change.warnings.iter().map(|warning| warning.text(&Commands)).collect(),
    }
}

fn show(changes: &[CartChange]) {
    for cart in changes.iter().map(of) {
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
fn next(changes: &[CartChange]) -> Vec<String> {
    let mut lines = Vec::new();
    for CartChange { cart, new, missing_credentials, .. } in changes {
        lines.extend(missing_credentials.iter().map(|one| format!("next: cartage credential set {cart} {} {}", one.slot, one.field)));
        lines.extend(new.then(|| format!("next: cartage cart check {cart}")));
    }
    lines
}
