//! `cartage plugin ban`, `unban` and `bans`: manages the list of plugins that must not run.

use crate::cli::{Failure, Verdict, client, directory, report};
use cartage::id::{self, CartId, Digest};
use cartage::service::{Banned, Service, Unbanned};
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
        within(data, async |service| {
            let Ban { digest, why } = &self;
            let Banned { new, carts } = service.bans().ban(*digest, why).await.map_err(directory::failure)?;
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
        within(data, async |service| {
            let Unbanned { was_banned, carts } = service.bans().unban(self.digest).await.map_err(directory::failure)?;
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
        within(data, async |service| {
            let bans = service.bans().list().await.map_err(directory::failure)?;
            if json {
                let one = |ban: &cartage::store::bans::Ban| serde_json::json!({ "digest": ban.digest, "why": ban.why, "banned_at_unix_ms": ban.banned_at_unix_ms });
                report::json(&serde_json::json!({ "bans": bans.iter().map(one).collect::<Vec<_>>() }));
            } else if bans.is_empty() {
                report::line("no plugin is banned");
            } else {
                let row = |ban: &cartage::store::bans::Ban| {
                    (ban.digest.to_string(), format!("since {}: {}", report::time(ban.banned_at_unix_ms), ban.why))
                };
                report::rows(&bans.iter().map(row).collect::<Vec<_>>());
            }
            Ok(Verdict::Done)
        })
    }
}

fn within(data: &Path, work: impl AsyncFnOnce(&Service) -> Result<Verdict, Failure>) -> Result<Verdict, Failure> {
    let service = directory::open(data)?;
    client::block_on(work(&service))
}

fn names(carts: &[CartId]) -> String {
    carts.iter().map(CartId::as_str).collect::<Vec<_>>().join(", ")
}
