//! The parameters that Cartage knows. A new one needs a row here and code that reads it.

use super::{Error, Group, Parameter, ScopeKind, ValueKind, retention};
use crate::origin::Origin;
use cartage_base::nearest::nearest;

/// Whether status updates are sent at all.
pub static USE_STATUS_UPDATES: Parameter = Parameter {
    name: "UseStatusUpdates",
    group: Group::Program,
    kind: ValueKind::Boolean,
    default: "False",
    scopes: &[ScopeKind::System],
    origin: Origin::StoneEdge,
    help: "Whether status updates are sent to carts at all.",
};

/// Whether status updates are sent to one cart.
pub static USE_GENERIC_STATUS_UPDATES: Parameter = Parameter {
    name: "UseGenericStatusUpdates",
    group: Group::Program,
    kind: ValueKind::Boolean,
    default: "False",
    scopes: &[ScopeKind::Cart],
    origin: Origin::StoneEdge,
    help: "Whether status updates are sent to this cart. Set it for each cart that is to receive updates.",
};

/// Whether the classic protocol's XML encoding is used, instead of the delimited one.
pub static GENERIC_STATUS_SEND_XML: Parameter = Parameter {
    name: "GenericStatusSendXML",
    group: Group::GenericCarts,
    kind: ValueKind::Boolean,
    default: "False",
    scopes: &[ScopeKind::System, ScopeKind::Cart],
    origin: Origin::StoneEdge,
    help: "Whether an integration script is sent XML (True) or plain form fields (False). Once set, it supplies the setting `encoding` of the \
           plugin integration-script.",
};

/// The form of order numbers.
pub static GENERIC_ORDER_NUMBER_TYPE: Parameter = Parameter {
    name: "GenericOrderNumberType",
    group: Group::GenericCarts,
    kind: ValueKind::Choice(&["text", "numeric"]),
    default: "text",
    scopes: &[ScopeKind::System, ScopeKind::Cart],
    origin: Origin::StoneEdge,
    help: "Whether a cart's order numbers are any text or digits only. With numeric, an order number with other characters is refused.",
};

/// Every parameter, group by group.
pub static REGISTRY: [&Parameter; 10] = [
    &USE_STATUS_UPDATES,
    &USE_GENERIC_STATUS_UPDATES,
    &GENERIC_STATUS_SEND_XML,
    &GENERIC_ORDER_NUMBER_TYPE,
    &retention::KEEP_IDEMPOTENCY_KEYS_DAYS,
    &retention::KEEP_RECEIPTS_DAYS,
    &retention::KEEP_CASSETTES_DAYS,
    &retention::KEEP_FAILED_CASSETTES_DAYS,
    &retention::KEEP_AUDIT_DAYS,
    &retention::KEEP_ORDER_STATE_DAYS,
];

/// Parameters of the Order Manager that people may look for here, with their effect there.
pub(super) static ELSEWHERE: [(&str, &str); 6] = [
    ("GenericImportMethod", "it says how the Order Manager fetches orders"),
    ("GenericQOHChangeSendAsXML", "it says how the Order Manager sends stock levels"),
    ("GenericScriptVersionNumber", "it is the script version that the Order Manager expects"),
    ("GenericUseAdvancedFunctions", "it chooses which functions of a script the Order Manager uses"),
    ("SetActualShipDate", "it says when the Order Manager enters a ship date; True there can be why no status update came"),
    (
        "TrackImportSetActualShipDate",
        "it says whether imported tracking numbers enter a ship date; False there can be why no status update came",
    ),
];

/// Looks up a parameter by name, in any case.
///
/// # Errors
///
/// [`Error::Unknown`] with the nearest name; [`Error::Elsewhere`] for one that only the Order Manager has.
pub fn find(name: &str) -> Result<&'static Parameter, Error> {
    let name = name.trim();
    if let Some(parameter) = REGISTRY.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name)) {
        return Ok(parameter);
    }
    if let Some((name, why)) = ELSEWHERE.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        return Err(Error::Elsewhere { name, why });
    }
    let nearest = nearest(name, REGISTRY.iter().map(|parameter| parameter.name));
    Err(Error::Unknown { name: name.to_owned(), nearest })
}
