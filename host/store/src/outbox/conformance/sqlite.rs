//! The subject of the suite whose outbox is a store's file.

use super::{Subject, carts, merchants};
use crate::carts::DefinitionRow;
use crate::orders::{OrderRef, OrderRow};
use crate::outbox::Sqlite;
use crate::outbox::model::CartState;
use crate::{self as store, Store, Tx};
use cartage_model::id::{CartId, MerchantId};
use tempfile::TempDir;

/// A store in a directory that is removed with it.
pub(in crate::outbox) struct Kept {
    folder: TempDir,
    pub store: Store,
    outbox: Option<Sqlite>,
}

impl Kept {
    pub(in crate::outbox) fn new() -> Kept {
        let folder = tempfile::tempdir().expect("the tests need a directory for temporary files");
        let store = Store::create(&folder.path().join("store.sqlite"), 0).expect("a new file in a new directory");
        let kept = Kept { folder, outbox: Some(Sqlite::new(store.clone())), store };
        kept.write(|tx| {
            for merchant in merchants() {
                store::merchants::put(tx, &merchant, 0)?;
                for cart in carts() {
                    let definition = DefinitionRow { cart, text: String::new(), plugin: None, mode: "live".into() };
                    store::carts::put(tx, &merchant, &definition, 0)?;
                }
            }
            Ok(())
        });
        kept
    }

    /// Writes from any thread of a test, also within a runtime.
    pub(in crate::outbox) fn write<T: Send + 'static>(&self, write: impl FnOnce(&Tx<'_>) -> Result<T, store::Error> + Send + 'static) -> T {
        let store = self.store.clone();
        std::thread::spawn(move || store.write_blocking(write)).join().expect("the write does not panic").expect("it can be written")
    }
}

impl Subject for Kept {
    type Outbox = Sqlite;

    fn outbox(&self) -> &Sqlite {
        self.outbox.as_ref().expect("it is open")
    }

    fn reopen(&mut self) {
        // Opened beside the old one first, which a killed program leaves behind as well.
        let file = self.folder.path().join("store.sqlite");
        let store = Store::open(&file, 0).expect("a store that was made here");
        self.outbox = Some(Sqlite::new(store.clone()));
        self.store = store;
    }

    fn order(&self, merchant: &MerchantId, order: &OrderRef) -> Option<OrderRow> {
        self.store.read_blocking(|view| store::orders::get(view, merchant, order)).expect("it can be read")
    }

    fn cart(&self, merchant: &MerchantId, cart: &CartId) -> CartState {
        let cart = self.store.read_blocking(|view| store::carts::get(view, merchant, cart)).expect("it can be read");
        let cart = cart.expect("it was made with the store");
        CartState { disabled: !cart.enabled, pause: cart.pause }
    }

    fn doubt(&self, merchant: &MerchantId, order: &OrderRef) {
        let (merchant, order) = (merchant.clone(), order.clone());
        self.write(move |tx| {
            let sql = "UPDATE orders SET doubtful = 1 WHERE merchant = ?1 AND cart = ?2 AND order_number = ?3";
            tx.run("put an order in doubt", sql, (&merchant, &order.cart, &order.number)).map(drop)
        });
    }
}
