//! `cartage:plugin@1.0.0` as wasmtime sees it. The generated types are converted to those of `cartage_contract` here and go no further.

mod convert;

use super::guest::Guest;
use cartage_contract::manifest::Manifest;
use cartage_model::exchange::{Call, HostCall, HostReply, Outcome};
use convert::Convert;
use wasmtime::component::{Component, ComponentExportIndex, ComponentNamedList, HasSelf, InstancePre, Lift, Linker, Lower};
use wasmtime::{Engine, Result, Store};

/// The WIT package that this module implements.
pub(super) const PACKAGE: &str = "cartage:plugin";
/// The version of that package.
pub(super) const VERSION: &str = "1.0.0";
/// The interfaces of the package: everything that a plugin may import.
pub(super) const IMPORTS: [&str; 7] = ["http", "signing", "log", "manifest", "orders", "delivery", "growth"];
/// The functions that a plugin exports.
pub(super) const EXPORTS: [&str; 4] = ["describe", "list-choices", "check", "send-order-status"];

#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated from the WIT files, which document it")]
mod wit {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "plugin",
        imports: { default: async | trappable },
        exports: { default: async },
        require_store_data_send: true,
    });
}

use wit::cartage::plugin::{delivery, growth, http, log, manifest, orders, signing};

/// A component whose imports and exports were checked, ready to be instantiated.
///
/// The generated `Plugin` checks the types of all exports in each instance, which costs a quarter of a usual call. A call needs only one
/// export.
pub(super) struct Ready {
    resolved: InstancePre<Guest>,
    describe: ComponentExportIndex,
    list_choices: ComponentExportIndex,
    check: ComponentExportIndex,
    send_order_status: ComponentExportIndex,
}

/// Why a component cannot be made [`Ready`].
pub(super) enum Unfit {
    /// The imports could not be resolved.
    Imports(wasmtime::Error),
    /// The exports do not have the types of the package.
    Exports(wasmtime::Error),
    /// The component lacks this export.
    Missing(&'static str),
}

type Returned<T> = std::result::Result<T, delivery::Failure>;

impl Ready {
    /// Checks the types of a component's imports and exports, and resolves the imports, once for all calls.
    pub(super) fn new(linker: &Linker<Guest>, component: &Component) -> std::result::Result<Ready, Unfit> {
        let resolved = linker.instantiate_pre(component).map_err(Unfit::Imports)?;
        wit::PluginPre::new(resolved.clone()).map_err(Unfit::Exports)?;
        let export = |name| component.get_export_index(None, name).ok_or(Unfit::Missing(name));
        let [describe, list_choices, check, send_order_status] = EXPORTS.map(export);
        let (describe, list_choices) = (describe?, list_choices?);
        Ok(Ready { resolved, describe, list_choices, check: check?, send_order_status: send_order_status? })
    }

    /// Calls `describe` in a fresh instance.
    pub(super) async fn describe(&self, store: &mut Store<Guest>) -> Result<Manifest> {
        let manifest: manifest::Manifest = self.export(store, &self.describe, ()).await?;
        Ok(manifest.convert())
    }

    /// Performs a call in a fresh instance.
    pub(super) async fn call(&self, store: &mut Store<Guest>, call: Call) -> Result<Outcome> {
        Ok(match call {
            Call::ListChoices { of, context } => {
                let (of, context): (delivery::ChoicesOf, delivery::Context) = (of.convert(), context.convert());
                let returned: Returned<Vec<delivery::Choice>> = self.export(store, &self.list_choices, (&of, &context)).await?;
                outcome(returned, |choices| Outcome::Choices(choices.convert()))
            }
            Call::Check { order, context } => {
                let (order, context): (Option<delivery::OrderKey>, delivery::Context) = (order.convert(), context.convert());
                let returned: Returned<delivery::Report> = self.export(store, &self.check, (order.as_ref(), &context)).await?;
                outcome(returned, |report| Outcome::Report(report.convert()))
            }
            Call::SendOrderStatus { update, delivery, context } => {
                let (update, delivery): (orders::Update, delivery::Delivery) = ((*update).convert(), delivery.convert());
                let context: delivery::Context = context.convert();
                let parameters = (&update, &delivery, &context);
                let returned: Returned<delivery::Applied> = self.export(store, &self.send_order_status, parameters).await?;
                outcome(returned, |applied| Outcome::Applied(applied.convert()))
            }
        })
    }

    /// Calls one export in a fresh instance.
    async fn export<P, R>(&self, store: &mut Store<Guest>, export: &ComponentExportIndex, parameters: P) -> Result<R>
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: Lift + Send + Sync + 'static,
    {
        let instance = self.resolved.instantiate_async(&mut *store).await?;
        let function = instance.get_typed_func::<P, (R,)>(&mut *store, export)?;
        let (returned,) = function.call_async(store, parameters).await?;
        Ok(returned)
    }
}

fn outcome<T>(result: Returned<T>, succeeded: impl FnOnce(T) -> Outcome) -> Outcome {
    match result {
        Ok(value) => succeeded(value),
        Err(failure) => Outcome::Failed(failure.convert()),
    }
}

/// A linker with everything that a guest can reach.
pub(super) fn linker(engine: &Engine) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wit::Plugin::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    Ok(linker)
}

impl http::Host for Guest {
    async fn send(&mut self, request: http::Request) -> Result<std::result::Result<http::Response, http::Error>> {
        match self.ask(HostCall::Send(request.convert())).await? {
            HostReply::Sent(Ok(response)) => Ok(Ok(response.convert())),
            HostReply::Sent(Err(error)) => Ok(Err(error.convert())),
            other @ (HostReply::Signed(_) | HostReply::Logged | HostReply::End(_)) => Err(self.end(other)),
        }
    }
}

impl signing::Host for Guest {
    async fn mac(
        &mut self,
        slot: String,
        algorithm: signing::Algorithm,
        message: Vec<http::Part>,
    ) -> Result<std::result::Result<Vec<u8>, signing::Error>> {
        self.sign(HostCall::Mac { slot, algorithm: algorithm.convert(), message: message.convert() }).await
    }

    async fn digest(
        &mut self,
        algorithm: signing::Algorithm,
        message: Vec<http::Part>,
    ) -> Result<std::result::Result<Vec<u8>, signing::Error>> {
        self.sign(HostCall::Digest { algorithm: algorithm.convert(), message: message.convert() }).await
    }
}

impl Guest {
    async fn sign(&mut self, ask: HostCall) -> Result<std::result::Result<Vec<u8>, signing::Error>> {
        match self.ask(ask).await? {
            HostReply::Signed(Ok(signature)) => Ok(Ok(signature)),
            HostReply::Signed(Err(error)) => Ok(Err(error.convert())),
            other @ (HostReply::Sent(_) | HostReply::Logged | HostReply::End(_)) => Err(self.end(other)),
        }
    }
}

impl log::Host for Guest {
    async fn log(&mut self, level: log::Level, message: String) -> Result<()> {
        self.log(level.convert(), message).await
    }
}

// These interfaces have types only.
impl manifest::Host for Guest {}
impl orders::Host for Guest {}
impl delivery::Host for Guest {}
impl growth::Host for Guest {}
