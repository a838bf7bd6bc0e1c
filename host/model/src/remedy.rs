//! What can be done about a condition that does not hold, as data. Each way in words a remedy for its own users: the command line as a command, the
//! HTTP API as a request.
//!
//! An error says what failed and why, and gives its remedy as data, so that no message names a command or a request. A log line holds the message alone.
//! Remedies are stored with decisions. What an earlier release stored as text reads back as [`Remedy::Text`].

mod sentence;

pub use sentence::Sentence;

use crate::id::{CartId, DeliveryId, Digest, SenderOrderNumber};
use serde::{Deserialize, Serialize};

/// One thing that a person or a program can do, with the names that it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Remedy {
    /// Set a parameter.
    SetParameter {
        /// The parameter's name.
        name: String,
        /// The value.
        value: String,
        /// The cart; `None` for the system.
        cart: Option<CartId>,
    },
    /// Tick Notify Cart for a status event.
    SetEvent {
        /// The event's name.
        event: String,
        /// The order label that the event gets; `None` if it keeps its labels.
        order_label: Option<String>,
    },
    /// Send a label for an order.
    Send {
        /// The cart.
        cart: CartId,
        /// The order's number as its sender gives it.
        order: SenderOrderNumber,
        /// The label.
        label: String,
    },
    /// Send a label for an order, although the cart was told it before.
    SendAgain {
        /// The cart.
        cart: CartId,
        /// The order's number as its sender gives it.
        order: SenderOrderNumber,
        /// The label.
        label: String,
    },
    /// Write a cart's file for a plugin, which the operator names.
    WriteCart {
        /// The cart.
        cart: CartId,
    },
    /// Load the cart's file.
    LoadCart {
        /// The cart.
        cart: CartId,
    },
    /// Enable a cart.
    EnableCart {
        /// The cart.
        cart: CartId,
    },
    /// Resume a paused cart.
    ResumeCart {
        /// The cart.
        cart: CartId,
    },
    /// Set a cart's mode to live.
    MakeLive {
        /// The cart.
        cart: CartId,
    },
    /// Give a cart another file of its plugin, or another plugin. The operator names the file.
    UpgradePlugin {
        /// The cart.
        cart: CartId,
    },
    /// Give a cart a plugin, and agree to the rights that it asks for.
    ApprovePlugin {
        /// The cart.
        cart: CartId,
    },
    /// Map a label to a status of the cart.
    MapLabel {
        /// The cart.
        cart: CartId,
        /// The label.
        label: String,
        /// The status; `STATUS` if the operator chooses it.
        status: String,
    },
    /// List all carts.
    ListCarts,
    /// List an order's deliveries.
    ListOrderDeliveries {
        /// The cart.
        cart: CartId,
        /// The order's number as its sender gives it.
        order: SenderOrderNumber,
    },
    /// Show a delivery.
    ShowDelivery {
        /// The delivery.
        delivery: DeliveryId,
    },
    /// Show the recording of an attempt.
    ShowRecording {
        /// The delivery.
        delivery: DeliveryId,
        /// The number of the attempt.
        attempt: u32,
    },
    /// Retry a dead letter.
    RetryDelivery {
        /// The delivery.
        delivery: DeliveryId,
    },
    /// Retry a waiting delivery at once.
    RetryNow {
        /// The delivery.
        delivery: DeliveryId,
    },
    /// Discard a delivery, with a reason.
    DiscardDelivery {
        /// The delivery.
        delivery: DeliveryId,
    },
    /// Explain why an order's status is sent or not.
    Explain {
        /// The cart.
        cart: CartId,
        /// The order's number as its sender gives it.
        order: SenderOrderNumber,
    },
    /// Show the open alerts and the state of every cart.
    ShowStatus,
    /// Run the daemon, which sends what is due.
    Serve,
    /// List all status events.
    ListEvents,
    /// List all system parameters.
    ListParameters,
    /// List the tokens of the API.
    ListTokens,
    /// Set a parameter that belongs to a cart. The operator fills in the cart and the value.
    SetForCart {
        /// The parameter's name.
        name: String,
    },
    /// Set a parameter that belongs to the system. The operator fills in the value.
    SetForSystem {
        /// The parameter's name.
        name: String,
    },
    /// Set a cart's mode. The operator chooses it.
    SetMode {
        /// The cart.
        cart: CartId,
    },
    /// Correct a cart's file and load it, or set the credential that is missing.
    CorrectCart {
        /// The cart.
        cart: CartId,
    },
    /// Load the file of a cart again.
    LoadCartAgain {
        /// The cart.
        cart: CartId,
    },
    /// Bind an endpoint in the cart's definition.
    BindEndpoint {
        /// The cart.
        cart: CartId,
    },
    /// List a cart's deliveries, or remove the cart with all of them.
    DiscardQueue {
        /// The cart.
        cart: CartId,
    },
    /// Look at the credentials of a cart's plugin.
    ListCredentials {
        /// The cart.
        cart: CartId,
    },
    /// Take a secret out of a cart's definition, and store it sealed or have it read from elsewhere.
    SealCredential {
        /// The cart.
        cart: CartId,
        /// The credential slot.
        slot: String,
        /// The field.
        field: String,
    },
    /// Take a field that log-ins replace out of a cart's definition, and store it sealed.
    SealReplaced {
        /// The cart.
        cart: CartId,
        /// The credential slot.
        slot: String,
        /// The field.
        field: String,
    },
    /// Let one of several alternative credential slots have a value.
    KeepOneCredential,
    /// Approve the hosts to which a credential would be sent now, if they are right.
    ApproveOrigins {
        /// The cart.
        cart: CartId,
        /// The credential slot.
        slot: String,
    },
    /// Restore the key file, or make a new key.
    RestoreKey,
    /// Put a plugin's file into the data directory.
    AddPluginFile,
    /// Replace the damaged copy of a plugin's file.
    ReplacePluginFile {
        /// The cart; `None` if it is not known where the damage was found.
        cart: Option<CartId>,
    },
    /// Accept another file of a cart's plugin, or restore the file that the cart is pinned to.
    AcceptPluginFile {
        /// The cart.
        cart: CartId,
    },
    /// Give a cart another plugin than a banned one, or lift the ban.
    LiftBan {
        /// The digest of the banned file.
        digest: Digest,
    },
    /// Build a plugin as a component.
    BuildPlugin,
    /// Make a data directory, or name the right one.
    MakeDataDir,
    /// Restore the last backup.
    RestoreBackup,
    /// Choose another name for a token, or remove the one that has it.
    RemoveToken {
        /// The token's name.
        name: String,
    },
    /// Read a recording with the release that wrote it.
    ReadWithItsRelease,
    /// Use a recording as it was written.
    UseAsWritten,
    /// Copy a recording's file again.
    CopyAgain,
    /// Name a file that is a recording.
    NameCassette,
    /// List a cart's deliveries of a state.
    ListDeliveries {
        /// The cart.
        cart: CartId,
        /// The state.
        state: DeliveryState,
    },
    /// List a cart's dead letters, and retry or discard each.
    SettleDeliveries {
        /// The cart.
        cart: CartId,
        /// The state.
        state: DeliveryState,
        /// The reason of death, by name; `None` for all.
        reason: Option<String>,
    },
    /// Check what a cart answers now.
    CheckCart {
        /// The cart.
        cart: CartId,
    },
    /// Remove a cart.
    RemoveCart {
        /// The cart.
        cart: CartId,
    },
    /// Give the credentials the missing right at the shop.
    GrantRight,
    /// Correct what is wrong, then resume the cart.
    ResumeCorrected {
        /// The cart.
        cart: CartId,
    },
    /// Find the credential that is wrong, and set it again.
    ReplaceCredential {
        /// The cart.
        cart: CartId,
    },
    /// Change a credential that became known, at the shop and here.
    RenewCredential {
        /// The cart.
        cart: CartId,
    },
    /// List the plugins that are banned.
    ListBans,
    /// Compare an Order Manager's log-in with the cart's inlet, or set the inlet's password again.
    CompareLogIn {
        /// The cart.
        cart: CartId,
    },
    /// Add an inlet to a cart's definition, and set its password.
    AddInlet {
        /// The cart.
        cart: CartId,
    },
    /// Set the password of a cart's inlet.
    SetInletPassword {
        /// The cart.
        cart: CartId,
    },
    /// Correct the wall clock, or confirm that it is right.
    ConfirmClock,
    /// A remedy in the words of the release that stored it: a command.
    #[serde(untagged)]
    Text(String),
}

/// The state of the deliveries that a remedy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// Updates that wait, or are under way.
    Queued,
    /// Dead letters.
    Dead,
    /// Dead letters that block their order.
    Blocked,
}

/// How one way in words remedies for its users.
pub trait Words {
    /// The remedy by itself, on a line of its own.
    fn remedy(&self, remedy: &Remedy) -> String;

    /// The remedy as an answer to the question what to do about an error.
    fn advice(&self, remedy: &Remedy) -> String;

    /// The remedy as part of a sentence.
    fn within(&self, remedy: &Remedy) -> String {
        format!("`{}`", self.remedy(remedy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_is_kept_as_data_and_an_older_one_as_text() {
        let cart = CartId::new("shop").expect("it is a Cart ID");
        let remedies = vec![Remedy::EnableCart { cart }, Remedy::ListCarts, Remedy::Text("cartage cart enable shop".to_owned())];
        let json = r#"[{"do":"enable-cart","cart":"shop"},{"do":"list-carts"},"cartage cart enable shop"]"#;
        assert_eq!(serde_json::to_string(&remedies).expect("it is plain data"), json);
        assert_eq!(serde_json::from_str::<Vec<Remedy>>(json).expect("it reads back"), remedies);
    }
}
