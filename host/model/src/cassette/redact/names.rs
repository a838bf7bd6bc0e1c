//! What the name of a field tells about its value.

use std::collections::BTreeSet;

/// The kind of a personal value, which its replacement names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Name,
    Address,
    Email,
    Phone,
    /// A text that people write to each other in their own words.
    Note,
    /// Any other personal value, such as one in a field that a plugin names.
    Personal,
    /// A body of unknown contents, which cannot be read here.
    Body,
}

impl Kind {
    pub(super) const ALL: [Kind; 7] = [Kind::Name, Kind::Address, Kind::Email, Kind::Phone, Kind::Note, Kind::Personal, Kind::Body];

    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Name => "name",
            Kind::Address => "address",
            Kind::Email => "email",
            Kind::Phone => "phone",
            Kind::Note => "note",
            Kind::Personal => "personal",
            Kind::Body => "body",
        }
    }
}

/// Names that are personal everywhere, compared without punctuation, case and trailing digits: in English as shops and their interfaces spell them,
/// and in the languages of their merchants.
const ANYWHERE: &[(Kind, &[&str])] = &[
    (
        Kind::Name,
        &[
            "accountholder",
            "achternaam",
            "ansprechpartner",
            "apellido",
            "apellidos",
            "attention",
            "attn",
            "bedrijf",
            "cardholder",
            "cardholdername",
            "cognome",
            "company",
            "companyname",
            "contactperson",
            "empresa",
            "familyname",
            "firma",
            "firstname",
            "fname",
            "forename",
            "fullname",
            "givenname",
            "lastname",
            "lname",
            "maidenname",
            "middlename",
            "nachname",
            "nombre",
            "nomdefamille",
            "nome",
            "organisation",
            "organization",
            "prenom",
            "salutation",
            "sobrenome",
            "societe",
            "surname",
            "voornaam",
            "vorname",
        ],
    ),
    (
        Kind::Address,
        &[
            "addr",
            "address",
            "addresses",
            "addressline",
            "adres",
            "adresse",
            "apartment",
            "apt",
            "building",
            "calle",
            "cep",
            "cidade",
            "citta",
            "city",
            "ciudad",
            "codepostal",
            "codigopostal",
            "direccion",
            "district",
            "endereco",
            "hausnr",
            "hausnummer",
            "houseno",
            "housenumber",
            "huisnummer",
            "indirizzo",
            "locality",
            "ort",
            "plaats",
            "plz",
            "pobox",
            "postal",
            "postalcode",
            "postcode",
            "postkode",
            "postleitzahl",
            "rue",
            "stadt",
            "straat",
            "strasse",
            "straße",
            "street",
            "streetaddress",
            "streetline",
            "streetname",
            "streetno",
            "streetnumber",
            "suburb",
            "suite",
            "town",
            "ville",
            "wohnort",
            "woonplaats",
            "zip",
            "zipcode",
            "zippostal",
            "zippostalcode",
        ],
    ),
    (
        Kind::Email,
        &[
            "correo",
            "correoelectronico",
            "courriel",
            "email",
            "emailaddress",
            "emailadresse",
            "emails",
            "mail",
            "mailaddress",
            "mailadresse",
        ],
    ),
    (
        Kind::Phone,
        &[
            "cell",
            "cellno",
            "cellphone",
            "fax",
            "faxno",
            "faxnumber",
            "handy",
            "mobile",
            "mobileno",
            "mobilenumber",
            "mobilephone",
            "phone",
            "phoneno",
            "phonenumber",
            "phones",
            "tel",
            "telefon",
            "telefone",
            "telefonnummer",
            "telefono",
            "telefoon",
            "telephone",
            "telephonenumber",
            "telno",
        ],
    ),
    (
        Kind::Note,
        &[
            "anmerkung",
            "bemerkung",
            "comentario",
            "comment",
            "commentaire",
            "comments",
            "customermessage",
            "deliveryinstructions",
            "giftcardmessage",
            "giftmessage",
            "gifttext",
            "instructions",
            "kommentar",
            "memo",
            "nota",
            "notas",
            "note",
            "notes",
            "notiz",
            "observaciones",
            "opmerking",
            "orderdetail",
            "remark",
            "remarks",
            "remarque",
            "specialinstructions",
        ],
    ),
    (
        Kind::Personal,
        &[
            "accountnumber",
            "addressee",
            "bic",
            "billto",
            "birthdate",
            "birthday",
            "buyer",
            "cardnumber",
            "ccnumber",
            "clientip",
            "cnpj",
            "consignee",
            "contact",
            "cpf",
            "creditcardnumber",
            "customer",
            "dateofbirth",
            "dob",
            "geburtsdatum",
            "iban",
            "kunde",
            "latitude",
            "longitude",
            "nationalid",
            "passport",
            "passportnumber",
            "payer",
            "person",
            "purchaser",
            "recipient",
            "recipients",
            "remoteaddr",
            "remoteip",
            "shipto",
            "socialsecuritynumber",
            "ssn",
            "taxid",
            "vatid",
            "vatnumber",
        ],
    ),
];

/// Endings of names that tell as much as the whole name.
const ENDS: &[(Kind, &[&str])] = &[
    (
        Kind::Name,
        &[
            "cardholder",
            "companyname",
            "contactname",
            "customername",
            "familyname",
            "firstname",
            "fullname",
            "givenname",
            "lastname",
            "nachname",
            "personname",
            "recipientname",
            "surname",
            "vorname",
        ],
    ),
    (Kind::Email, &["email", "emailaddress", "emailadresse", "emails", "mailaddress"]),
    (Kind::Phone, &["faxnumber", "mobileno", "mobilenumber", "phone", "phoneno", "phonenumber", "telefon", "telephone"]),
    (Kind::Address, &["address", "addresses", "addressline", "postalcode", "postcode", "streetaddress", "zipcode"]),
    (Kind::Note, &["comment", "comments", "giftmessage", "instructions", "note", "notes", "remark", "remarks"]),
    (Kind::Personal, &["birthdate", "cardnumber", "dateofbirth", "ipaddr", "ipaddress"]),
];

/// Names that are personal only if the context tells whose they are: `billing_name`, or `name` within `shipping`.
const OF_SOMEBODY: &[(Kind, &[&str])] = &[
    (Kind::Name, &["first", "last", "middle", "name", "names", "prefix", "suffix", "title"]),
    (Kind::Address, &["country", "countrycode", "countryid", "county", "line", "province", "region", "state", "stateprovince"]),
    (Kind::Personal, &["id", "ip", "login", "username"]),
];

/// Words before or around a name that tell whose the value is. The longer ones come before those that they begin with.
const WHOSE: &[&str] = &[
    "billing",
    "billto",
    "bill",
    "buyer",
    "consignee",
    "contact",
    "customer",
    "cust",
    "delivery",
    "guest",
    "invoice",
    "payer",
    "purchaser",
    "receiver",
    "recipient",
    "sender",
    "shipping",
    "shipto",
    "ship",
    "user",
];

/// The names of personal fields: those known here, and those that a plugin names.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    own: BTreeSet<String>,
}

/// The position of a value in a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Within {
    /// The kind of the personal field that contains the value; `None` outside of personal fields.
    pub(super) kind: Option<Kind>,
    /// Whether a field around the value tells whose it is.
    of_somebody: bool,
}

impl Within {
    pub(super) fn personal(kind: Kind) -> Within {
        Within { kind: Some(kind), of_somebody: true }
    }
}

impl Names {
    pub(super) fn new(own: &[String]) -> Names {
        Names { own: own.iter().map(|name| plain(name)).collect() }
    }

    /// The position inside a field of this name. A name may be a path, as in forms: `billing[city]`.
    pub(super) fn enter(&self, within: Within, name: &[u8]) -> Within {
        let name = String::from_utf8_lossy(name);
        name.split(['[', ']', '.']).filter(|part| !part.is_empty()).fold(within, |within, part| self.enter_part(within, part))
    }

    fn enter_part(&self, within: Within, part: &str) -> Within {
        // Within a customer an address is told apart from a name; what is one already stays one.
        if within.kind.is_some_and(|kind| kind != Kind::Personal) {
            return within;
        }
        // A namespace's prefix, an attribute's sign.
        let part = part.rsplit_once(':').map_or(part, |(_, name)| name);
        let name = plain(part);
        let numbered = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let rest = without_whose(numbered);
        let known = find(ANYWHERE, numbered)
            .or_else(|| find(ANYWHERE, rest))
            .or_else(|| ENDS.iter().find(|(_, ends)| ends.iter().any(|end| numbered.ends_with(end))).map(|(kind, _)| *kind))
            .or_else(|| find(OF_SOMEBODY, rest).filter(|_| within.of_somebody || rest != numbered));
        let own = || self.own.contains(&name).then_some(Kind::Personal);
        match known.or_else(own).or(within.kind) {
            Some(kind) => Within::personal(kind),
            None => Within { kind: None, of_somebody: within.of_somebody || (rest.is_empty() && !numbered.is_empty()) || whose(rest) },
        }
    }
}

/// The name without words that tell whose the value is: nothing is left of `billing`.
fn without_whose(name: &str) -> &str {
    let strip = |name| WHOSE.iter().find_map(|whose| str::strip_prefix(name, whose)).unwrap_or(name);
    strip(strip(name))
}

/// Whether the rest of a name adds nothing, as in `billinginfo`.
fn whose(rest: &str) -> bool {
    matches!(rest, "info" | "details" | "data")
}

fn find(table: &[(Kind, &[&str])], name: &str) -> Option<Kind> {
    table.iter().find(|(_, names)| names.contains(&name)).map(|(kind, _)| *kind)
}

/// The letters and digits of a name, in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_words_that_look_like_them() {
        let names = Names::new(&["Loyalty-Card".to_owned()]);
        let kind = |name: &str| names.enter(Within::default(), name.as_bytes()).kind;
        for (name, expected) in [
            ("email", Some(Kind::Email)),
            ("customer_email", Some(Kind::Email)),
            ("Billing E-Mail", Some(Kind::Email)),
            ("firstName", Some(Kind::Name)),
            ("bill_to_name", Some(Kind::Name)),
            ("shippingaddress1", Some(Kind::Address)),
            ("billing[city]", Some(Kind::Address)),
            ("order.shipping.name", Some(Kind::Name)),
            ("order[items][0][name]", None),
            ("ns:PostalCode", Some(Kind::Address)),
            ("capacity", None),
            ("name", None),
            ("state", None),
            ("status", None),
            ("orderstatus", None),
            ("notify_customer", None),
            ("customer_notified", None),
            ("customer", Some(Kind::Personal)),
            ("shipping_method", None),
            ("ShipState", Some(Kind::Address)),
            ("telephone", Some(Kind::Phone)),
            ("orderdetail", Some(Kind::Note)),
            ("loyalty_card", Some(Kind::Personal)),
            ("loyalty_cards", None),
            ("tracknum1", None),
            ("", None),
        ] {
            assert_eq!(kind(name), expected, "{name}");
        }
        let shipping = names.enter(Within::default(), b"shipping");
        assert_eq!(names.enter(shipping, b"name").kind, Some(Kind::Name));
        assert_eq!(names.enter(shipping, b"tracking").kind, None);
    }
}
