//! The subjects of the service: what can be done for a merchant, each with the handles that it needs. Only those that act for all
//! merchants hold the service itself.

use super::caches::Caches;
use super::cart_clients::Changes;
use super::plugin_files::PluginFiles;
use super::{
    AccessTokens, Alerts, Approvals, Bans, Carts, Checks, Clients, Configuration, Credentials, Definitions, Deliveries, DiskSpace, Health,
    Inlets, Intake, Orders, Overview, Plugins, Recordings, Removal, Retention, Sending, Service, Watch,
};

impl Service {
    /// Accepts statuses for the merchant's carts.
    pub fn intake(&self) -> Intake {
        Intake {
            tenant: self.tenant.clone(),
            carts: self.carts(),
            settings: self.shared.settings.clone(),
            counts: self.shared.counts.clone(),
            wake_signal: self.shared.wake_signal.clone(),
            seen: self.shared.seen.clone(),
            disk_space: self.disk_space(),
        }
    }

    /// Sends statuses while their callers wait.
    pub fn sending(&self) -> Sending {
        Sending {
            tenant: self.tenant.clone(),
            intake: self.intake(),
            clients: self.clients(),
            carts: self.carts(),
            orders: self.orders(),
            deliverer: self.deliverer(),
            over: self.shared.over.clone(),
            serving: self.shared.serving.clone(),
            wake_signal: self.shared.wake_signal.clone(),
        }
    }

    /// The merchant's orders: where each stands, and why.
    pub fn orders(&self) -> Orders {
        Orders {
            tenant: self.tenant.clone(),
            intake: self.intake(),
            deliveries: self.deliveries(),
            alerts: self.alerts(),
            seen: self.shared.seen.clone(),
            serving: self.shared.serving.clone(),
            changes: self.changes(),
        }
    }

    /// The merchant's deliveries: queued, dead, ended and delivered.
    pub fn deliveries(&self) -> Deliveries {
        Deliveries { tenant: self.tenant.clone(), locks: self.shared.locks.clone(), wake_signal: self.shared.wake_signal.clone() }
    }

    /// The recordings of attempts.
    pub fn recordings(&self) -> Recordings {
        Recordings { tenant: self.tenant.clone(), carts: self.carts(), deliveries: self.deliveries(), changes: self.changes() }
    }

    /// The merchant's carts.
    pub fn carts(&self) -> Carts {
        Carts {
            tenant: self.tenant.clone(),
            plugins: self.plugins(),
            bans: self.bans(),
            cache: self.shared.carts.clone(),
            changes: self.changes(),
            seen: self.shared.seen.clone(),
        }
    }

    /// The definitions of the merchant's carts, and how they change.
    pub fn definitions(&self) -> Definitions {
        Definitions {
            tenant: self.tenant.clone(),
            carts: self.carts(),
            plugins: self.plugins(),
            bans: self.bans(),
            approvals: self.approvals(),
            configuration: self.configuration(),
            changes: self.changes(),
        }
    }

    /// The removal of carts.
    pub fn removal(&self) -> Removal {
        Removal {
            tenant: self.tenant.clone(),
            carts: self.carts(),
            deliveries: self.deliveries(),
            changes: self.changes(),
            caches: self.caches(),
        }
    }

    /// Makes carts ready to be called.
    pub fn clients(&self) -> Clients {
        Clients {
            tenant: self.tenant.clone(),
            plugins: self.plugins(),
            bans: self.bans(),
            configuration: self.configuration(),
            approvals: self.approvals(),
            credentials: self.credentials(),
            egress: self.shared.egress.clone(),
            changes: self.changes(),
        }
    }

    /// Calls of a cart's plugin that deliver nothing.
    pub fn checks(&self) -> Checks {
        Checks {
            tenant: self.tenant.clone(),
            clients: self.clients(),
            credentials: self.credentials(),
            configuration: self.configuration(),
            plugins: self.plugins(),
            recordings: self.recordings(),
        }
    }

    /// The plugins of the merchant's carts.
    pub fn plugins(&self) -> Plugins {
        let files = PluginFiles { dir: self.tenant.dir.clone(), copies: self.shared.copies.clone() };
        Plugins { tenant: self.tenant.clone(), files, code: self.shared.code.clone() }
    }

    /// The plugins that the merchant banned.
    pub fn bans(&self) -> Bans {
        Bans { tenant: self.tenant.clone(), changes: self.changes() }
    }

    /// The credentials of the merchant's carts.
    pub fn credentials(&self) -> Credentials {
        Credentials {
            tenant: self.tenant.clone(),
            vault: self.shared.vault.clone(),
            tokens: self.shared.tokens.clone(),
            changes: self.changes(),
        }
    }

    /// The origins that credentials may be sent to.
    pub fn approvals(&self) -> Approvals {
        Approvals { tenant: self.tenant.clone(), vault: self.shared.vault.clone(), changes: self.changes(), plugins: self.plugins() }
    }

    /// The inlets of the merchant's carts, for Order Managers that post in the classic protocol.
    pub fn inlets(&self) -> Inlets {
        Inlets { tenant: self.tenant.clone(), vault: self.shared.vault.clone(), seen: self.shared.seen.clone() }
    }

    /// The merchant's parameters, status events and labels.
    pub fn configuration(&self) -> Configuration {
        Configuration { tenant: self.tenant.clone(), changes: self.changes() }
    }

    /// The merchant's access tokens for the API.
    pub fn access_tokens(&self) -> AccessTokens {
        AccessTokens { tenant: self.tenant.clone() }
    }

    /// The merchant's alerts.
    pub fn alerts(&self) -> Alerts {
        Alerts {
            tenant: self.tenant.clone(),
            dir: self.tenant.dir.clone(),
            plugins: self.plugins(),
            approvals: self.approvals(),
            seen: self.shared.seen.clone(),
            disk_space: self.disk_space(),
        }
    }

    /// The watch over all merchants, which raises alerts and notifies people.
    pub fn watch(&self) -> Watch {
        Watch { service: self.clone(), health: self.health(), caches: self.caches(), seen: self.shared.seen.clone() }
    }

    /// The state of everything, for people and for metrics.
    pub fn overview(&self) -> Overview {
        Overview {
            tenant: self.tenant.clone(),
            alerts: self.alerts(),
            watch: self.watch(),
            seen: self.shared.seen.clone(),
            disk_space: self.disk_space(),
            counts: self.shared.counts.clone(),
        }
    }

    /// Whether the store and the worker go on.
    pub fn health(&self) -> Health {
        Health { tenant: self.tenant.clone(), pulse: self.shared.pulse.clone(), wake_signal: self.shared.wake_signal.clone() }
    }

    /// The deletion of expired rows, for all merchants.
    pub fn retention(&self) -> Retention {
        Retention { tenant: self.tenant.clone() }
    }

    /// The disk of the data directory.
    pub fn disk_space(&self) -> DiskSpace {
        DiskSpace { dir: self.tenant.dir.clone(), disk: self.shared.disk.clone() }
    }

    fn changes(&self) -> Changes {
        Changes {
            merchant: self.tenant.merchant.clone(),
            cart_clients: self.shared.cart_clients.clone(),
            wake_signal: self.shared.wake_signal.clone(),
            seen: self.shared.seen.clone(),
        }
    }

    fn caches(&self) -> Caches {
        Caches {
            store: self.tenant.store.clone(),
            cart_clients: self.shared.cart_clients.clone(),
            tokens: self.shared.tokens.clone(),
            carts: self.shared.carts.clone(),
            code: self.shared.code.clone(),
            copies: self.shared.copies.clone(),
            seen: self.shared.seen.clone(),
        }
    }
}
