//! `cartage:plugin@0.1.0` as wasmtime sees it. Its generated types are turned into `cartage_contract`'s here and leave no further.

mod convert;

use super::admit;
use super::guest::Guest;
use crate::exchange::{Answer, Ask, Call, Outcome};
use cartage_contract::manifest::Manifest;
use convert::Convert;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Result, Store};

/// The package that this module implements.
pub(super) const PACKAGE: &str = "cartage:plugin";
/// Its version.
pub(super) const VERSION: &str = "0.1.0";
/// Its interfaces: all that a plugin may import.
pub(super) const IMPORTS: [&str; 6] = ["http", "signing", "log", "manifest", "orders", "delivery"];
/// The functions that a plugin exports.
pub(super) const EXPORTS: [&str; 4] = ["describe", "list-statuses", "check", "send-order-status"];

#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated from the WIT files, which document it")]
mod wit {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "plugin",
        imports: { default: async | trappable },
        exports: { default: async },
        require_store_data_send: true,
    });
}

use wit::cartage::plugin::{delivery, http, log, manifest, orders, signing};

/// A component whose imports and exports were found to fit, ready to be instantiated.
pub(super) struct Ready(wit::PluginPre<Guest>);

impl Ready {
    /// Checks the types of a component's imports and exports, and resolves the imports, once for all calls.
    pub(super) fn new(linker: &Linker<Guest>, component: &Component) -> std::result::Result<Ready, admit::Error> {
        let resolved = linker.instantiate_pre(component).map_err(|error| admit::Error::ImportType(error.into_boxed_dyn_error()))?;
        let fitting = wit::PluginPre::new(resolved).map_err(|error| admit::Error::ExportType(error.into_boxed_dyn_error()))?;
        Ok(Ready(fitting))
    }

    /// Calls `describe` in a fresh instance.
    pub(super) async fn describe(&self, store: &mut Store<Guest>) -> Result<Manifest> {
        let plugin = self.0.instantiate_async(&mut *store).await?;
        Ok(plugin.call_describe(store).await?.convert())
    }

    /// Performs a call in a fresh instance.
    pub(super) async fn call(&self, store: &mut Store<Guest>, call: Call) -> Result<Outcome> {
        let plugin = self.0.instantiate_async(&mut *store).await?;
        Ok(match call {
            Call::ListStatuses { context } => {
                outcome(plugin.call_list_statuses(store, &context.convert()).await?, |statuses| Outcome::Statuses(statuses.convert()))
            }
            Call::Check { order, context } => {
                let order: Option<delivery::OrderKey> = order.convert();
                outcome(plugin.call_check(store, order.as_ref(), &context.convert()).await?, |report| Outcome::Report(report.convert()))
            }
            Call::SendOrderStatus { update, delivery, context } => {
                let (update, delivery, context) = ((*update).convert(), delivery.convert(), context.convert());
                let result = plugin.call_send_order_status(store, &update, &delivery, &context).await?;
                outcome(result, |applied| Outcome::Applied(applied.convert()))
            }
        })
    }
}

fn outcome<T>(result: std::result::Result<T, delivery::Failure>, succeeded: impl FnOnce(T) -> Outcome) -> Outcome {
    match result {
        Ok(value) => succeeded(value),
        Err(failure) => Outcome::Failed(failure.convert()),
    }
}

/// Everything that a guest can reach.
pub(super) fn linker(engine: &Engine) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wit::Plugin::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    Ok(linker)
}

impl http::Host for Guest {
    async fn send(&mut self, request: http::Request) -> Result<std::result::Result<http::Response, http::Error>> {
        match self.ask(Ask::Send(request.convert())).await? {
            Answer::Sent(Ok(response)) => Ok(Ok(response.convert())),
            Answer::Sent(Err(error)) => Ok(Err(error.convert())),
            other @ (Answer::Signed(_) | Answer::Logged | Answer::End(_)) => Err(self.end(other)),
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
        self.sign(Ask::Mac { slot, algorithm: algorithm.convert(), message: message.convert() }).await
    }

    async fn digest(
        &mut self,
        algorithm: signing::Algorithm,
        message: Vec<http::Part>,
    ) -> Result<std::result::Result<Vec<u8>, signing::Error>> {
        self.sign(Ask::Digest { algorithm: algorithm.convert(), message: message.convert() }).await
    }
}

impl Guest {
    async fn sign(&mut self, ask: Ask) -> Result<std::result::Result<Vec<u8>, signing::Error>> {
        match self.ask(ask).await? {
            Answer::Signed(Ok(signature)) => Ok(Ok(signature)),
            Answer::Signed(Err(error)) => Ok(Err(error.convert())),
            other @ (Answer::Sent(_) | Answer::Logged | Answer::End(_)) => Err(self.end(other)),
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
