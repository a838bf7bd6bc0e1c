//! `cartage plugin cart`: serves the cart of a cart script on this machine.

use super::test::read_script;
use crate::cli::{Failure, Verdict, client, report};
use cartage_demo_cart::scripted::{ScriptedCart, Served};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// The default port.
const PORT: u16 = 18072;

const EXAMPLES: &str = "\
Examples:
  Serve the cart of this project's cart script, and send it an update from another terminal:
      cartage plugin cart
      cartage plugin run target/plugins/my-shop.wasm \\
          --bind api=http://127.0.0.1:18072/api --loopback \\
          --credential token=env:SHOP_TOKEN --order 1021 --label shipped
  The cart script of another folder, at any free port:
      cartage plugin cart plugins/webhook/cart-script --port 0

The command shows each request, what it changed at the cart and what the cart had already. The
first segment of a URL's path is the endpoint's name. The cart keeps its state until the command
ends, and listens on this machine only. docs/conformance.md describes the script.
Exit code 1: the port is taken; 2: the script is not valid.";

/// Serve the cart of a cart script on this machine, until Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The folder of the cart script.
    #[arg(value_name = "FOLDER", default_value = "cart-script")]
    folder: PathBuf,
    /// The port on 127.0.0.1; 0 for any free port.
    #[arg(long, value_name = "PORT", default_value_t = PORT)]
    port: u16,
}

/// Why a cart is not served.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not listen at {address}")]
    NotListening { address: SocketAddr, source: io::Error },
    #[error("could not wait for Ctrl-C")]
    NoSignal(#[source] io::Error),
}

impl Args {
    pub(crate) fn run(self, json: bool) -> Result<Verdict, Failure> {
        let script = read_script(&self.folder)?;
        let mut endpoints: Vec<String> =
            script.rules.iter().filter_map(|rule| rule.endpoint.clone()).chain(script.bindings.keys().cloned()).collect();
        endpoints.sort();
        endpoints.dedup();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        client::block_on(async move {
            let tell = move |served: Served| if json { report::json_line(&served) } else { show(&served) };
            let cart = ScriptedCart::start(script, address, tell).await.map_err(|source| {
                Failure::from(Error::NotListening { address, source }).what_to_do("name a port that is free: --port 0 takes any")
            })?;
            let names = if endpoints.is_empty() { vec!["ENDPOINT".to_owned()] } else { endpoints };
            if json {
                let urls: serde_json::Map<_, _> = names.iter().map(|name| (name.clone(), cart.base_url(name).into())).collect();
                report::json_line(&serde_json::json!({ "endpoints": urls }));
            } else {
                report::line("the cart listens; Ctrl-C ends it. Bind the plugin's endpoints like this:");
                names.iter().for_each(|name| report::line(&format!("  --bind {name}={}", cart.base_url(name))));
            }
            tokio::signal::ctrl_c().await.map_err(Error::NoSignal)?;
            Ok(Verdict::Done)
        })
    }
}

fn show(served: &Served) {
    report::line(&format!("{} -> {}", served.request, served.status));
    if let Some(why) = &served.no_rule {
        report::line(&format!("  {why}"));
    }
    for done in &served.done {
        let twice = if served.twice.contains(done) { "  (the cart had it already)" } else { "" };
        report::line(&format!("  {done}{twice}"));
    }
}
