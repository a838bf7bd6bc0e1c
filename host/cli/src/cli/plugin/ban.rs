//! `cartage plugin ban`, `unban` and `bans`: manages the list of plugins that must not run.

use crate::cli::api::{Client, to};
use crate::cli::{Failure, Verdict, client, report};
use cartage::id::{self, CartId, Digest};
use cartage_http::api::documents::{AllBans, BanBody, BanResult, BanState, UnbanResult};
use std::path::Path;

const BAN_EXAMPLES: &str = "\
Examples:
      cartage plugin ban --why \"sends the wrong order number\" \\
          sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

Carts that are pinned to the plugin are paused and keep their queues. No cart can run it, be bound
to it or roll back to it until `cartage plugin unban`. `cartage cart show CART` shows the digest
of a cart's plugin.";

const UNBAN_EXAMPLES: &str = "\
Examples:
      cartage plugin unban sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

Carts that the ban paused are resumed. Exit code 1: the plugin was not banned.";

const BANS_EXAMPLES: &str = "\
Examples:
      cartage plugin bans
      cartage plugin bans --json";

/// Ban a plugin for every cart, by the digest of its file.
#[derive(Debug, clap::Args)]
#[command(after_long_help = BAN_EXAMPLES)]
pub(crate) struct Ban {
    /// The digest of its file.
    #[arg(value_name = "DIGEST", value_parser = digest)]
    digest: Digest,
    /// The reason, for whoever looks at this next.
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    why: String,
}

/// Let a banned plugin run again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = UNBAN_EXAMPLES)]
pub(crate) struct Unban {
    /// The digest of its file.
    #[arg(value_name = "DIGEST", value_parser = digest)]
    digest: Digest,
}

/// List the banned plugins.
#[derive(Debug, clap::Args)]
#[command(after_long_help = BANS_EXAMPLES)]
pub(crate) struct Bans {}

fn digest(text: &str) -> Result<Digest, id::Error> {
    Digest::try_from(text.to_owned())
}

impl Ban {
    pub(super) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        within(data, async |api| {
            let Ban { digest, why } = &self;
            let body = BanBody { why: why.clone() };
            let BanResult { new, carts, .. } = api.put(to(&["plugins", "bans", &digest.to_string()]), &body).await?;
            if json {
                report::json(&serde_json::json!({ "digest": digest, "new": new, "carts": carts }));
                return Ok(Verdict::Done);
            }
            report::line(&format!("{digest} {}", if new { "is banned" } else { "was banned already, and has this reason now" }));
            report::line(&match carts.as_slice() {
                [] => "no cart is pinned to it".to_owned(),
                carts => format!("paused, with their queues kept: {}", names(carts)),
            });
            report::line(
                "next: give each cart another plugin with `cartage cart upgrade CART --plugin FILE`, then `cartage cart resume CART`",
            );
            Ok(Verdict::Done)
        })
    }
}

impl Unban {
    pub(super) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        within(data, async |api| {
            let unbanned = api.delete(to(&["plugins", "bans", &self.digest.to_string()])).await;
            let (was_banned, carts) = match unbanned {
                Ok(UnbanResult { carts, .. }) => (true, carts),
                Err(error) if error.is("not-found") => (false, Vec::new()),
                Err(error) => return Err(error.into()),
            };
            if json {
                report::json(&serde_json::json!({ "digest": self.digest, "was_banned": was_banned, "carts": carts }));
            } else if !was_banned {
                report::line(&format!("{} is not banned; `cartage plugin bans` lists those that are", self.digest));
            } else {
                report::line(&format!("{} may run again", self.digest));
                report::line(&match carts.as_slice() {
                    [] => "no cart was paused by the ban".to_owned(),
                    carts => format!("these carts are resumed: {}", names(carts)),
                });
            }
            Ok(if was_banned { Verdict::Done } else { Verdict::NotDone })
        })
    }
}

impl Bans {
    pub(super) fn run(self, data: &Path, json: bool) -> Result<Verdict, Failure> {
        within(data, async |api| {
            let AllBans { bans } = api.get(to(&["plugins", "bans"])).await?;
            if json {
                report::json(&serde_json::json!({ "bans": bans }));
            } else if bans.is_empty() {
                report::line("no plugin is banned");
            } else {
                let row = |ban: &BanState| (ban.digest.to_string(), format!("since {}: {}", report::time(ban.banned_at_unix_ms), ban.why));
                report::rows(&bans.iter().map(row).collect::<Vec<_>>());
            }
            Ok(Verdict::Done)
        })
    }
}

fn within(data: &Path, work: impl AsyncFnOnce(&Client) -> Result<Verdict, Failure>) -> Result<Verdict, Failure> {
    let api = Client::open(data)?;
    client::block_on(work(&api))
}

fn names(carts: &[CartId]) -> String {
    carts.iter().map(CartId::as_str).collect::<Vec<_>>().join(", ")
}
