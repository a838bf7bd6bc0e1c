//! `cartage cart`: commands for the carts of a data directory.

mod ask;
mod base_url;
mod change;
mod check;
mod examples;
mod new;
mod pause;
mod show;

use super::api::{Client, to};
use super::apply::Consent;
use super::arguments::{cart_id, order_number};
use super::{Failure, Verdict, client, report};
use cartage::carts::{LabelTarget, Mode};
use cartage::id::{self, CartId, Digest, SenderOrderNumber};
use cartage::service::{RAW_MS_MAX, REHEARSED_MAX};
use cartage_http::api::documents::{CartPatch, RecordingBody, RecordingState, RemovedCart};
use clap::ValueEnum;
use serde::de::IgnoredAny;
use std::path::{Path, PathBuf};

pub(super) use check::run as run_check;
pub(super) use show::{warn_of, whole};

const EXAMPLES: &str = "\
Examples:
  Make a cart from its plugin: its file first, with a comment for each value that the plugin takes, then the cart:
      cartage cart new seed-shop --plugin integration-script.wasm
      cartage apply seed-shop.toml
  The same by questions and answers:
      cartage cart new seed-shop --plugin integration-script.wasm --ask
  See whether it works, and let it send:
      cartage cart check seed-shop
      cartage cart mode seed-shop live
  Try one order first:
      cartage cart mode seed-shop only-orders --order 1021";

/// Make, look at, switch and upgrade carts.
#[derive(Debug, clap::Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(crate) enum Command {
    New(new::Args),
    #[command(flatten)]
    Stored(Stored),
}

/// What is done with carts of a data directory.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Stored {
    /// List the carts.
    #[command(after_long_help = examples::LIST)]
    List,
    /// Show one cart: its state, its plugin, its definition.
    #[command(after_long_help = examples::SHOW)]
    Show(One),
    /// Switch a cart on.
    #[command(after_long_help = examples::ENABLE)]
    Enable(One),
    /// Switch a cart off: nothing is sent to it until it is enabled.
    #[command(after_long_help = examples::DISABLE)]
    Disable(One),
    /// Pause a cart, or all carts, until they are resumed.
    #[command(after_long_help = examples::PAUSE)]
    Pause {
        #[command(flatten)]
        which: pause::OneOrAll,
        /// The reason, for whoever looks at this next.
        #[arg(long, value_name = "TEXT", default_value = "by hand")]
        reason: String,
    },
    /// Resume a paused cart, or all carts that were paused together.
    #[command(after_long_help = examples::RESUME)]
    Resume(pause::OneOrAll),
    /// Remove a cart with its parameters and credentials. A later cart with the same ID starts without any record of orders.
    #[command(after_long_help = examples::REMOVE)]
    Remove {
        #[command(flatten)]
        one: One,
        /// Discard the cart's waiting deliveries and its dead letters, without sending them.
        #[arg(long)]
        discard_queue: bool,
    },
    /// Set what recordings of a cart's attempts contain: no personal data, as by default, or everything for a limited time.
    #[command(after_long_help = examples::RECORDING)]
    Recording {
        #[command(flatten)]
        one: One,
        /// What recordings contain.
        #[arg(value_name = "WHAT")]
        what: Recording,
        /// For how long recordings are raw: a number with s, m or h, at most 24h.
        #[arg(long = "for", value_name = "TIME", value_parser = raw_ms, required_if_eq("what", "raw"))]
        time: Option<u64>,
        /// The reason, for the audit.
        #[arg(long, value_name = "TEXT", default_value = "by hand")]
        why: String,
    },
    /// Ask the plugin whether the cart works. Nothing is changed at the cart.
    #[command(after_long_help = examples::CHECK)]
    Check {
        #[command(flatten)]
        one: One,
        /// An order that the plugin looks up as well, by the number that its sender gives.
        #[arg(long, value_name = "NUMBER", value_parser = order_number)]
        order: Option<SenderOrderNumber>,
    },
    /// Set what a label of the Order Manager becomes at the cart.
    #[command(after_long_help = examples::LABEL)]
    Label {
        #[command(flatten)]
        one: One,
        /// The label.
        #[arg(value_name = "LABEL")]
        label: String,
        /// The cart's status, exactly.
        #[arg(long, value_name = "TEXT", required_unless_present = "target")]
        status: Option<String>,
        /// What to do instead of setting a status.
        #[arg(long = "as", value_name = "WHAT", conflicts_with = "status")]
        target: Option<Target>,
    },
    /// Set a cart's mode: whether updates that pass the gate are sent.
    #[command(after_long_help = examples::MODE)]
    Mode {
        #[command(flatten)]
        one: One,
        /// The mode.
        #[arg(value_name = "MODE")]
        mode: ModeWord,
        /// An order that is sent in the mode only-orders, by the number that its sender gives, before the cart's order-number rule strips it. May be
        /// given several times.
        #[arg(long = "order", value_name = "NUMBER", value_parser = order_number, required_if_eq("mode", "only-orders"))]
        orders: Vec<SenderOrderNumber>,
    },
    /// Give a cart another version of its plugin, or another plugin, showing first what it asks for.
    #[command(after_long_help = examples::UPGRADE)]
    Upgrade {
        #[command(flatten)]
        one: One,
        /// The plugin's file. The data directory keeps a copy of it.
        #[arg(long, value_name = "FILE")]
        plugin: PathBuf,
        /// First replay the cart's last recorded attempts, at most this many, with the present plugin and the new one. Differences need --approve.
        #[arg(long, value_name = "ATTEMPTS", value_parser = clap::value_parser!(u32).range(1..=i64::from(REHEARSED_MAX)))]
        replay_last: Option<u32>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Go back to a plugin that ran for this cart before.
    #[command(after_long_help = examples::ROLLBACK)]
    Rollback {
        #[command(flatten)]
        one: One,
        /// The plugin's digest [default: the plugin that ran before the present one].
        #[arg(value_name = "DIGEST", value_parser = digest)]
        digest: Option<Digest>,
    },
}

/// Which cart.
#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// The Cart ID.
    #[arg(value_name = "CART", value_parser = cart_id)]
    cart: CartId,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Target {
    /// The order's status stays; tracking data and notes are sent.
    TrackingOnly,
    /// Nothing is sent.
    Ignore,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeWord {
    /// Nothing is sent; updates are recorded.
    Shadow,
    /// Updates of the named orders are sent, others are recorded.
    OnlyOrders,
    /// Everything is sent.
    Live,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Recording {
    /// Names, addresses, e-mail, telephone and notes are taken out.
    Redacted,
    /// Nothing is taken out.
    Raw,
}

/// Reads a time of at most 24 hours, in milliseconds.
fn raw_ms(text: &str) -> Result<u64, String> {
    let ms = super::delivery::span_ms(text)?;
    if (1..=RAW_MS_MAX).contains(&ms) {
        Ok(ms)
    } else {
        Err("recordings can be raw for 24h at most; repeat the command after that".to_owned())
    }
}

fn digest(text: &str) -> Result<Digest, id::Error> {
    Digest::try_from(text.to_owned())
}

impl Command {
    pub(crate) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        match self {
            Command::New(args) => args.run(data, json),
            Command::Stored(command) => {
                let api = Client::open(data)?;
                client::block_on(command.run(&api, json))
            }
        }
    }
}

impl Stored {
    async fn run(self, api: &Client, json: bool) -> Result<Verdict, Failure> {
        match self {
            Stored::List => show::list(api, json).await,
            Stored::Show(one) => show::one(api, &one.cart, json).await,
            Stored::Enable(one) => switch(api, &one.cart, "enable", "enabled", json).await,
            Stored::Disable(one) => switch(api, &one.cart, "disable", "disabled", json).await,
            Stored::Pause { which, reason } => pause::pause(api, which, reason, json).await,
            Stored::Resume(which) => pause::resume(api, which, json).await,
            Stored::Remove { one, discard_queue } => {
                let removed = to(&["carts", one.cart.as_str()]).flag("discard_queue", discard_queue);
                let RemovedCart { discarded, .. } = api.delete(removed).await?;
                let state = match discarded {
                    0 => "removed".to_owned(),
                    1 => "removed, and 1 of its updates was discarded".to_owned(),
                    more => format!("removed, and {more} of its updates were discarded"),
                };
                Ok(done(&one.cart, &state, json))
            }
            Stored::Recording { one, what, time, why } => {
                if what == Recording::Redacted && time.is_some() {
                    return Err(Failure::wrong_use("--for says how long recordings are raw; leave it out, or choose raw"));
                }
                let body = RecordingBody { raw_for_ms: time.filter(|_| what == Recording::Raw), why };
                let RecordingState { raw_until_unix_ms, .. } = api.put(to(&["carts", one.cart.as_str(), "recording"]), &body).await?;
                Ok(recording(&one.cart, raw_until_unix_ms, json))
            }
            Stored::Check { one, order } => check::run(api, &one.cart, order, json).await,
            Stored::Label { one, label, status, target } => {
                let target = match (status, target) {
                    (_, Some(Target::TrackingOnly)) => LabelTarget::TrackingOnly,
                    (_, Some(Target::Ignore)) => LabelTarget::Ignore,
                    (status, None) => LabelTarget::Status(status.unwrap_or_default()),
                };
                let patch = CartPatch { labels: [(label, Some(target))].into(), ..CartPatch::default() };
                change::redefine(api, &one.cart, patch, json).await
            }
            Stored::Mode { one, mode, orders } => {
                if mode != ModeWord::OnlyOrders && !orders.is_empty() {
                    return Err(Failure::wrong_use("--order names orders of the mode only-orders; leave it out, or choose that mode"));
                }
                let mode = match mode {
                    ModeWord::Shadow => Mode::Shadow,
                    ModeWord::OnlyOrders => Mode::OnlyOrders(orders.into_iter().collect()),
                    ModeWord::Live => Mode::Live,
                };
                change::redefine(api, &one.cart, CartPatch { mode: Some(mode), ..CartPatch::default() }, json).await
            }
            Stored::Upgrade { one, plugin, replay_last, consent } => {
                change::upgrade(api, &one.cart, &plugin, replay_last, consent, json).await
            }
            Stored::Rollback { one, digest } => change::roll_back(api, &one.cart, digest, json).await,
        }
    }
}

/// Switches a cart by the request of this name.
async fn switch(api: &Client, cart: &CartId, request: &str, state: &str, json: bool) -> Result<Verdict, Failure> {
    let _: IgnoredAny = api.act(to(&["carts", cart.as_str(), request])).await?;
    Ok(done(cart, state, json))
}

fn recording(cart: &CartId, until: Option<u64>, json: bool) -> Verdict {
    match until {
        _ if json => report::json(&serde_json::json!({ "cart": cart, "raw_until_unix_ms": until })),
        None => report::line(&format!("recordings of cart {cart} hold no personal data")),
        Some(until) => {
            report::line(&format!("recordings of cart {cart} hold personal data until {}", report::time(until)));
            report::talk(&format!(
                "`cartage delivery show ID --cassette` shows one; raw recordings are deleted after a day; `cartage cart recording {cart} redacted` ends them"
            ));
        }
    }
    Verdict::Done
}

fn done(cart: &CartId, state: &str, json: bool) -> Verdict {
    if json {
        report::json(&serde_json::json!({ "cart": cart, "done": state }));
    } else {
        report::line(&format!("cart {cart} is {state}"));
    }
    Verdict::Done
}

#[cfg(test)]
mod tests;
