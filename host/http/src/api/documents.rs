//! The documents of the API: what requests hold, and what answers hold. The command `cartage` asks the API, and shares these types with it.

pub use super::all_carts::{PauseAllBody, PausedCarts, ResumedCarts, StillPaused};
pub use super::carts::{
    CartPatch, CartState, Carts, Change, Changes, CheckBody, CheckResult, Definition, DefinitionsBody, MissingCredential, PatchedCart,
    Pause, PauseBody, Plugin, PluginBytes, PluginRun, PluginRuns, PluginState, PluginVersion, RecordingBody, RecordingState, RemovedCart,
    RollbackBody, SuppliedSetting, UnreadableCart, Upgrade, UpgradeBody, WholeCart,
};
pub use super::credentials::{CredentialField, Credentials, ForgottenField, SetField, ValueBody};
pub use super::machine::{ApproveBody, ApprovedSlots};
pub use super::merchant::{AllLabels, EventState, Events, LabelsBody, ParameterBody, ParameterValue, Parameters, UnsetParameter};
pub use super::problem::Correct;
