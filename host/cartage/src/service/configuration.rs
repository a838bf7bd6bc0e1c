//! A merchant's settings: parameters, status events, labels. Each change adds a line to the audit in its own transaction.

use super::Error;
use super::cart_clients::Changes;
use super::tenant::Tenant;
use cartage_model::events::{self, Event, Label, Labels, Setting, Settings};
use cartage_model::id::MerchantId;
use cartage_model::parameters::{self, Assignment, Assignments, Parameter, Scope};
use cartage_store::{self as store, Tx, View, audit};

/// A merchant's parameters, status events and labels.
#[derive(Clone)]
pub struct Configuration {
    pub(super) tenant: Tenant,
    pub(super) changes: Changes,
}

impl Configuration {
    /// Reads every parameter that is set.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn assignments(&self) -> Result<Assignments, Error> {
        let merchant = self.tenant.merchant.clone();
        self.tenant.store.read(move |view| assignments(view, &merchant)).await
    }

    /// Sets a parameter.
    ///
    /// # Errors
    ///
    /// [`Error::NoCart`] if the value is for a cart that does not exist.
    pub async fn set_parameter(&self, assignment: &Assignment) -> Result<(), Error> {
        let scope = assignment.scope();
        self.must_exist(scope).await?;
        let (name, value) = (assignment.parameter().name.to_owned(), assignment.value().to_string());
        let line = self.tenant.line("param set", &name, format!("{value}{}", of(scope)));
        let parameter = store::parameters::ParameterRow { scope: scope.clone(), name, value, set_at_unix_ms: line.at_unix_ms };
        self.tenant.change(line, move |tx, merchant| store::parameters::set(tx, merchant, &parameter)).await?;
        self.outdate(scope);
        Ok(())
    }

    /// Removes a parameter's value, so that the system's value or the default holds. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a scope that the parameter does not have, [`Error::NoCart`] for a cart that does not exist.
    pub async fn unset_parameter(&self, parameter: &'static Parameter, scope: &Scope) -> Result<bool, Error> {
        parameter.allows(scope.kind())?;
        self.must_exist(scope).await?;
        let line = self.tenant.line("param unset", parameter.name, of(scope).trim_start().to_owned());
        let (merchant, unset) = (self.tenant.merchant.clone(), scope.clone());
        let write = move |tx: &Tx<'_>| {
            let was_set = store::parameters::unset(tx, &merchant, &unset, parameter.name)?;
            if was_set {
                audit::add(tx, &merchant, &line)?;
            }
            Ok(was_set)
        };
        let was_set = self.tenant.store.write::<_, store::Error>(write).await?;
        self.outdate(scope);
        Ok(was_set)
    }

    /// Has the carts made ready anew whose settings a parameter of this scope may supply.
    fn outdate(&self, scope: &Scope) {
        match scope {
            Scope::System => self.changes.outdate_all(),
            Scope::Cart(cart) => self.changes.outdate(cart),
        }
    }

    /// Checks that the cart of a scope exists.
    async fn must_exist(&self, scope: &Scope) -> Result<(), Error> {
        match scope {
            Scope::System => Ok(()),
            Scope::Cart(cart) => self.tenant.must_have_cart(cart).await,
        }
    }

    /// Reads the settings of every status event.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn events(&self) -> Result<Settings, Error> {
        let merchant = self.tenant.merchant.clone();
        self.tenant.store.read(move |view| event_settings(view, &merchant)).await
    }

    /// Sets the labels of an event and whether it notifies the cart. A new label is added to the merchant's labels.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn set_event(&self, event: &'static Event, setting: &Setting) -> Result<(), Error> {
        let Setting { order_label, item_label, notify_cart } = setting.clone();
        let detail = serde_json::to_string(setting).expect("a setting is plain data");
        let line = self.tenant.line("event set", event.name, detail);
        let row = store::events::StatusEvent {
            event: event.name.to_owned(),
            item_label: item_label.map(String::from),
            order_label: order_label.map(String::from),
            notify_cart,
            changed_at_unix_ms: line.at_unix_ms,
        };
        self.tenant
            .change(line, move |tx, merchant| {
                for label in row.order_label.iter().chain(&row.item_label) {
                    store::events::add_label(tx, merchant, label, row.changed_at_unix_ms)?;
                }
                store::events::set(tx, merchant, &row)
            })
            .await
    }

    /// Reads the merchant's labels.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], [`Error::Label`].
    pub async fn labels(&self) -> Result<Labels, Error> {
        let merchant = self.tenant.merchant.clone();
        let labels = self.tenant.store.read::<_, store::Error>(move |view| store::events::labels(view, &merchant)).await?;
        labels.iter().map(|label| Label::new(label)).collect::<Result<_, _>>().map_err(Error::kept("a label"))
    }

    /// Adds labels; those that exist are left alone.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn add_labels(&self, labels: &Labels) -> Result<(), Error> {
        let texts: Vec<String> = labels.iter().map(Label::to_string).collect();
        let line = self.tenant.line("event labels", "labels", texts.join(", "));
        let at = line.at_unix_ms;
        self.tenant
            .change(line, move |tx, merchant| {
                texts.iter().try_for_each(|label| store::events::add_label(tx, merchant, label, at).map(drop))
            })
            .await
    }
}

/// The scope of a parameter, as the end of a line of the audit.
fn of(scope: &Scope) -> String {
    match scope {
        Scope::System => String::new(),
        Scope::Cart(cart) => format!(" for cart {cart}"),
    }
}

/// Reads every parameter that is set.
pub(super) fn assignments(view: &View<'_>, merchant: &MerchantId) -> Result<Assignments, Error> {
    let read = |row: store::parameters::ParameterRow| -> Result<Assignment, parameters::Error> {
        parameters::assign(&row.name, row.scope, &row.value)
    };
    store::parameters::list(view, merchant)?.into_iter().map(read).collect::<Result<_, _>>().map_err(Error::kept("a parameter"))
}

/// Reads the settings of every status event.
pub(super) fn event_settings(view: &View<'_>, merchant: &MerchantId) -> Result<Settings, Error> {
    let mut settings = Settings::default();
    for row in store::events::list(view, merchant)? {
        let label = |text: Option<String>| text.map(|text| Label::new(&text)).transpose().map_err(Error::kept("a label"));
        let setting = Setting { order_label: label(row.order_label)?, item_label: label(row.item_label)?, notify_cart: row.notify_cart };
        settings.set(events::find(&row.event).map_err(Error::kept("a status event"))?, setting);
    }
    Ok(settings)
}
