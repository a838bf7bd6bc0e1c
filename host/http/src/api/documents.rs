//! The documents of the API, as its handlers read and send them: for a client of the same release in Rust, such as the command line.

pub use super::access_tokens::{NewTokenDocument, RemovedToken, TokenBody, TokenList, TokenState};
pub use super::all_carts::{PauseAllBody, PausedCarts, ResumedCarts, StillPaused};
pub use super::bans::{AllBans, BanBody, BanResult, BanState, UnbanResult};
pub use super::carts::{
    CartChange, CartChanges, CartDocument, CartPatch, CartPause, CartPlugin, CheckBody, CheckResult, DefinitionsBody, ListedCarts,
    MissingCredential, PatchedCart, PauseBody, PluginBytes, PluginFileState, PluginRuns, PluginVersion, ProposedCart, RanPlugin,
    RecordingBody, RecordingState, RemovedCart, RollbackBody, SuppliedSetting, UnreadableCart, Upgrade, UpgradeBody, WholeCart,
};
pub use super::credentials::{CartCredentials, CredentialField, ForgottenField, SetField, ValueBody};
pub use super::deliveries::DiscardBody;
pub use super::deliveries::documents::{
    AttemptCounts, CartCounts, DeadCount, DeadDelivery, DeliveredDelivery, Delivery, DeliveryCounts, DeliveryPage, EndedDelivery,
    QueuedDelivery,
};
pub use super::deliveries::summary::DeliverySummary;
pub use super::deliveries::together::{DeliveriesBody, NAMED_MAX, RetriedDeadLetters, RetryOutcome, TriedDelivery};
pub use super::deliveries::whole::{EndedNow, OnRecord, Placed, QueueEnd, RecordedDelivery, RecordedState, Was, WholeDelivery};
pub use super::machine::{ApproveBody, ApprovedSlots, ClockState, RetainedKind, RetainedKinds, RetentionBody, SealingKey};
pub use super::merchant::{AllLabels, EventState, Events, LabelsBody, ParameterBody, ParameterValue, Parameters, UnsetParameter};
pub use super::orders::{AllLabelsBody, ForgetBody, ForgottenOrder, IN_LOG, RecordedLabels};
pub use super::problem::{Correct, Document as Problem, More};
pub use super::seen::{CartOverview, ExplainedOrder, OpenAlert, OpenAlerts, StatusDocument};
pub use super::sending::SentUpdate;
