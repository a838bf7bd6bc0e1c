//! Release of memory that no cart needs any more: secrets, definitions, compiled code.

use super::{Error, Service};
use cartage_model::id::Digest;
use cartage_policy::schedule::CartKey;
use cartage_store::{self as store, View, merchants};
use std::collections::BTreeSet;

impl Service {
    /// The plugins whose compiled code is in memory.
    pub fn compiled(&self) -> Vec<Digest> {
        self.shared.plugins.lock().expect("nobody panics while holding it").keys().copied().collect()
    }

    /// Releases what no cart of any merchant needs any more. A cart or a call that is under way keeps its data to its end.
    pub(super) async fn let_go(&self) -> Result<(), Error> {
        let look = |view: &View<'_>| -> Result<_, store::Error> {
            let (mut carts, mut plugins): (BTreeSet<CartKey>, BTreeSet<Digest>) = Default::default();
            for merchant in merchants::list(view)? {
                for row in store::carts::list(view, &merchant)? {
                    plugins.extend(row.definition.plugin);
                    carts.insert((merchant.clone(), row.definition.cart));
                }
            }
            Ok((carts, plugins))
        };
        let (carts, plugins) = self.shared.store.read(look).await?;
        self.shared.clients.keep_only(&carts);
        self.shared.tokens.keep_only(&carts);
        self.shared.carts.keep_only(&carts);
        self.shared.plugins.lock().expect("nobody panics while holding it").retain(|digest, _| plugins.contains(digest));
        Ok(())
    }
}
