//! A plugin's description of itself, built field by field.
//!
//! The operator sees the whole manifest before the plugin runs, and grants it or not; so ask for little, and say what each item is for. The host
//! denies whatever is not declared here. [`testing::Cart`](crate::testing::Cart) checks a manifest by the host's own rules.
//!
//! ```
//! use cartage_sdk::manifest::{Endpoint, Features, Field, Manifest, Setting, Slot, Statuses};
//! use cartage_sdk::http::Method;
//!
//! let manifest = Manifest::new("example-shop", "1.0.0")
//!     .cart("Example Shop 3 or later")
//!     .summary("Sets an order's status and adds its tracking numbers.")
//!     .vendor("Example Ltd")
//!     .endpoint(
//!         Endpoint::new("api", "the shop's REST interface", "https://shop.example/api")
//!             .methods([Method::Get, Method::Post])
//!             .paths(["/orders"])
//!             .request_types(["application/json"])
//!             .response_types(["application/json"]),
//!     )
//!     .slot(Slot::bearer("token", "Settings > API > Access tokens in the shop's back office").for_endpoints(["api"]))
//!     .setting(Setting::boolean("notify", "Mail the customer").help("The shop mails the customer on each change.").default(false))
//!     .statuses(Statuses::FreeText)
//!     .features(Features { tracking: true, ..Features::default() });
//! assert_eq!(manifest.slots[0].fields[0].name, "token");
//! # let _ = Field::secret("x", "y");
//! ```

use cartage_contract::manifest as contract;

pub use cartage_contract::delivery::{Choice, ChoicesOf};
pub use cartage_contract::growth::Extension;
pub use cartage_contract::http::Method;
pub use cartage_contract::manifest::{
    Carriers, Choices, ClientAuthentication, Features, HeaderPlacement, KeyEncoding, Login, LoginToken, Oauth1, Oauth1Placement,
    Oauth1Signature, Oauth2, Pace, ReplacedField, Statuses, TokenPlacement, TokenSource,
};

mod endpoint;
mod log_in;
mod setting;
mod slot;

pub use endpoint::Endpoint;
pub use log_in::LogIn;
pub use setting::{Default, Setting};
pub use slot::{Field, Slot};

crate::wraps! {
    /// A plugin's whole description of itself. See the [module](self).
    Manifest(contract::Manifest)
}

impl Manifest {
    /// A manifest with a name (`[a-z0-9][a-z0-9-]{0,62}`) and a version (Semantic Versioning). The plugin accepts any text as a status and no other data
    /// until [`statuses`](Manifest::statuses) and [`features`](Manifest::features) say otherwise.
    pub fn new(name: &str, version: &str) -> Manifest {
        Manifest(contract::Manifest {
            name: name.to_owned(),
            version: version.to_owned(),
            cart: String::new(),
            summary: String::new(),
            about: contract::About { vendor: String::new(), support: None, licence: None, changelog: None },
            endpoints: Vec::new(),
            slots: Vec::new(),
            settings: Vec::new(),
            statuses: Statuses::FreeText,
            features: Features::default(),
            carriers: Carriers::Any,
            personal_fields: Vec::new(),
            pace: Pace::default(),
            requires: Vec::new(),
            extra: Vec::new(),
        })
    }

    /// The cart's name, as its users know it, and the supported versions.
    #[must_use]
    pub fn cart(mut self, cart: &str) -> Manifest {
        cart.clone_into(&mut self.0.cart);
        self
    }

    /// A description of what the plugin does, in one or two sentences.
    #[must_use]
    pub fn summary(mut self, summary: &str) -> Manifest {
        summary.clone_into(&mut self.0.summary);
        self
    }

    /// The name of the plugin's vendor.
    #[must_use]
    pub fn vendor(mut self, vendor: &str) -> Manifest {
        vendor.clone_into(&mut self.0.about.vendor);
        self
    }

    /// The vendor's mail address or URL for support.
    #[must_use]
    pub fn support(mut self, support: &str) -> Manifest {
        self.0.about.support = Some(support.to_owned());
        self
    }

    /// The plugin's licence, as an SPDX expression.
    #[must_use]
    pub fn licence(mut self, licence: &str) -> Manifest {
        self.0.about.licence = Some(licence.to_owned());
        self
    }

    /// The URL of the plugin's changelog.
    #[must_use]
    pub fn changelog(mut self, changelog: &str) -> Manifest {
        self.0.about.changelog = Some(changelog.to_owned());
        self
    }

    /// Adds an endpoint that the plugin needs.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Manifest {
        self.0.endpoints.push(endpoint.into());
        self
    }

    /// Adds a secret that the plugin needs.
    #[must_use]
    pub fn slot(mut self, slot: Slot) -> Manifest {
        self.0.slots.push(slot.into());
        self
    }

    /// Adds a value that the operator can set.
    #[must_use]
    pub fn setting(mut self, setting: Setting) -> Manifest {
        self.0.settings.push(setting.into());
        self
    }

    /// The statuses that the cart accepts.
    #[must_use]
    pub fn statuses(mut self, statuses: Statuses) -> Manifest {
        self.0.statuses = statuses;
        self
    }

    /// The data that the plugin can carry, and how the plugin behaves.
    #[must_use]
    pub fn features(mut self, features: Features) -> Manifest {
        self.0.features = features;
        self
    }

    /// The carriers that the cart accepts; [`choices`] makes a list of them.
    #[must_use]
    pub fn carriers(mut self, carriers: Carriers) -> Manifest {
        self.0.carriers = carriers;
        self
    }

    /// The load that the cart tolerates and the limits that a call needs. The operator's own settings start from these values.
    ///
    /// ```
    /// use cartage_sdk::manifest::{Manifest, Pace};
    ///
    /// let manifest = Manifest::new("example", "1.0.0").pace(Pace { requests_per_minute: Some(120), ..Pace::default() });
    /// assert_eq!(manifest.pace.requests_per_minute, Some(120));
    /// ```
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Manifest {
        self.0.pace = pace;
        self
    }

    /// Requires a name from the contract's registry, without which the plugin does not work. A host that does not know the name refuses the plugin.
    #[must_use]
    pub fn requires(mut self, name: &str) -> Manifest {
        self.0.requires.push(name.to_owned());
        self
    }

    /// Adds data under a name from the contract's registry, or under your own name behind a domain of yours. A host that does not know the name ignores it.
    #[must_use]
    pub fn extra(mut self, name: &str, value: &str) -> Manifest {
        self.0.extra.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Names of fields with personal data in the cart's requests and answers. Recordings leave their values out.
    #[must_use]
    pub fn personal_fields<'a>(mut self, fields: impl IntoIterator<Item = &'a str>) -> Manifest {
        self.0.personal_fields = owned(fields);
        self
    }
}

/// Makes a list of values without titles, for [`Statuses::Fixed`] and [`Carriers`].
///
/// ```
/// use cartage_sdk::manifest::{Carriers, Statuses, choices};
///
/// let statuses = Statuses::Fixed(choices(["open", "shipped"]));
/// let carriers = Carriers::Known(choices(["ups", "usps"]));
/// # let _ = (statuses, carriers);
/// ```
pub fn choices<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Choice> {
    values.into_iter().map(|value| Choice { value: value.to_owned(), title: None }).collect()
}

fn owned<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}
