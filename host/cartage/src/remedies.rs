//! The remedy of an error of any layer.

use crate::service::definitions::InvalidCarts;
use crate::service::{self, access_tokens};
use crate::{data_dir, deliver, egress, engine, events, outbox, parameters, store, vault};
use cartage_model::remedy::Remedy;
use std::error::Error;
use std::iter::successors;

/// What can be done about an error: the remedy of the outermost error in its chain of causes that has one. `None` if none has.
pub fn of(error: &(dyn Error + 'static)) -> Option<Remedy> {
    successors(Some(error), |&error| error.source()).find_map(known)
}

/// The remedy of an error of a type that has remedies.
fn known(error: &(dyn Error + 'static)) -> Option<Remedy> {
    let service = || error.downcast_ref::<service::Error>().and_then(service::Error::remedy);
    let below = || {
        (error.downcast_ref::<InvalidCarts>().and_then(InvalidCarts::remedy))
            .or_else(|| error.downcast_ref::<access_tokens::Error>()?.remedy())
            .or_else(|| error.downcast_ref::<deliver::Error>()?.remedy())
            .or_else(|| error.downcast_ref::<engine::admit::Error>()?.remedy())
            .or_else(|| error.downcast_ref::<egress::credential::Error>()?.remedy())
            .or_else(|| error.downcast_ref::<egress::secrets::Error>()?.remedy())
    };
    let kept = || {
        (error.downcast_ref::<data_dir::Error>().and_then(data_dir::Error::remedy))
            .or_else(|| error.downcast_ref::<store::Error>()?.remedy())
            .or_else(|| error.downcast_ref::<store::WriteStop>()?.remedy())
            .or_else(|| error.downcast_ref::<vault::Error>()?.remedy())
            .or_else(|| error.downcast_ref::<outbox::Error>()?.remedy())
            .or_else(|| error.downcast_ref::<parameters::Error>()?.remedy())
            .or_else(|| error.downcast_ref::<events::Error>()?.remedy())
    };
    service().or_else(below).or_else(kept)
}
