//! Makes a cart ready from its file, for `send`, `demo` and `doctor`.

use super::{Failure, console, report};
use cartage::carts::Cart;
use cartage::clock::SystemClock;
use cartage::deliver::CartClient;
use cartage::egress::address::ThisMachine;
use cartage::egress::{Egress, secrets};
use cartage::engine::Runtime;
use cartage::engine::file::PluginDir;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest size of a cart's file, in bytes.
const CART_FILE_BYTES_MAX: u64 = 1 << 20;

/// A cart that is ready to use, and its definition.
pub(super) struct Ready {
    pub(super) cart: Cart,
    pub(super) client: CartClient,
}

/// Why a cart's file could not be read.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not read the cart in {file}")]
    File { file: PathBuf, source: std::io::Error },
    #[error("the file {file} is too large for a cart: it has more than {CART_FILE_BYTES_MAX} bytes")]
    TooLarge { file: PathBuf },
    #[error("could not open the plugin {plugin} of cart {cart} in the folder {folder}")]
    Plugin { plugin: String, cart: String, folder: PathBuf, source: cartage::engine::file::Error },
    #[error("the plugin {plugin} of cart {cart} was not admitted")]
    NotAdmitted { plugin: String, cart: String, source: cartage::engine::admit::Error },
}

/// Reads a cart's file, admits its plugin from the plugin folder and binds its endpoints and credentials. Nothing is sent.
pub(super) async fn ready(file: &Path, plugins: Option<&Path>) -> Result<Ready, Failure> {
    let cart = read(file)?;
    // The parent of a bare file name is the empty path, which names no folder.
    let beside = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let folder = plugins.unwrap_or(beside).to_owned();
    let bytes = PluginDir::open(&folder).and_then(|plugins| plugins.read(&cart.plugin)).map_err(|source| {
        let (plugin, cart) = (cart.plugin.clone(), cart.id.to_string());
        Failure::from(Error::Plugin { plugin, cart, folder: folder.clone(), source })
            .what_to_do("name the folder that holds the plugin with --plugins DIR, or build it: cartage plugin build CRATE-DIR")
    })?;
    let plugin = Runtime::new()?.admit(bytes).await.map_err(|source| Error::NotAdmitted {
        plugin: cart.plugin.clone(),
        cart: cart.id.to_string(),
        source,
    })?;
    let secrets = secrets::fetch(&cart, plugin.manifest())?;
    let clock = Arc::new(SystemClock);
    let egress = Egress::new(clock.clone()).at_this_machine(ThisMachine::of_environment());
    let client = CartClient::new(&cart, plugin, secrets, &egress, clock).map_err(|error| {
        Failure::from(error).otherwise_do(format!("change {}; `cartage plugin inspect` shows what the plugin asks for", file.display()))
    })?;
    for warning in client.warnings() {
        report::talk(&format!("warning: {warning}"));
    }
    Ok(Ready { cart, client })
}

/// Reads a cart's file.
pub(super) fn read(file: &Path) -> Result<Cart, Failure> {
    definition(file).map(|(cart, _)| cart)
}

/// Reads a cart's file, and returns its text as well.
pub(super) fn definition(file: &Path) -> Result<(Cart, String), Failure> {
    let failed = |source: std::io::Error| {
        let missing = source.kind() == std::io::ErrorKind::NotFound;
        let failure = Failure::from(Error::File { file: file.to_owned(), source });
        if missing {
            failure.what_to_do("check the name; `cartage cart new NAME --plugin FILE` writes the file of a new cart")
        } else {
            failure
        }
    };
    let text = console::text(file, CART_FILE_BYTES_MAX).map_err(failed)?;
    let text = text.ok_or_else(|| Error::TooLarge { file: file.to_owned() })?;
    Ok((Cart::parse(&file.display().to_string(), &text)?, text))
}

/// The folder that holds the plugins: the typed one, or the one in the environment of the command's user.
pub(super) fn plugins(typed: Option<PathBuf>) -> Option<PathBuf> {
    typed.or_else(|| std::env::var_os("CARTAGE_PLUGINS").filter(|value| !value.is_empty()).map(PathBuf::from))
}

/// Runs a command's asynchronous part on this thread. A command does one thing at a time: the same thread drives the work, and polls sockets often enough
/// that a busy guest does not delay a deadline.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().event_interval(4).build()?.block_on(work)
}
