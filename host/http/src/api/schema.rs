//! Schemas of the description that no handler's own type can give: limits from the constants that hold, and the types of the crates below, which know
//! nothing of the description.
//!
//! A type of a crate below is sent as that crate writes it. The type here that describes it has the same members, and is never made; `tests/described.rs`
//! compares the two. An enum is described by its values themselves, so that a new one does not compile until it is described.

pub(super) mod cart;
pub(super) mod decision;
pub(super) mod merchant;
pub(super) mod order;
pub(super) mod update;

use cartage::service::access_tokens;
use cartage_model::dead_letter;
use cartage_model::events::LABEL_CHARS_MAX;
use cartage_policy::validate::{NOTE_BYTES_MAX, ORDER_NUMBER_CHARS_MAX, TEXT_CHARS_MAX, URL_CHARS_MAX};
use serde::Serialize;
use std::marker::PhantomData;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A text of `MIN` to `MAX` characters.
pub(super) enum Text<const MIN: usize, const MAX: usize> {}

impl<const MIN: usize, const MAX: usize> PartialSchema for Text<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        let least = Some(MIN).filter(|least| *least > 0);
        ObjectBuilder::new().schema_type(Type::String).min_length(least).max_length(Some(MAX)).into()
    }
}

impl<const MIN: usize, const MAX: usize> ToSchema for Text<MIN, MAX> {}

/// The number of an order, as its sender gives it.
pub(super) type OrderNumber = Text<1, ORDER_NUMBER_CHARS_MAX>;
/// A status label.
pub(super) type Label = Text<1, LABEL_CHARS_MAX>;
/// A line of text that a sender gives.
pub(super) type Line = Text<0, TEXT_CHARS_MAX>;
/// A URL that a sender gives.
pub(super) type WebUrl = Text<0, URL_CHARS_MAX>;

/// What can be done, in words; on the machine's socket as data, whose member `do` names it.
pub(super) enum Remedy {}

impl PartialSchema for Remedy {
    fn schema() -> RefOr<Schema> {
        let name = ObjectBuilder::new().property("do", ObjectBuilder::new().schema_type(Type::String)).required("do");
        // The other members are the names that the remedy needs.
        let name = name.additional_properties(Some(AdditionalProperties::FreeForm(true)));
        OneOfBuilder::new().item(ObjectBuilder::new().schema_type(Type::String)).item(name).into()
    }
}

impl ToSchema for Remedy {}

/// A text of several lines, whose limit counts bytes.
pub(super) enum Note {}

impl PartialSchema for Note {
    fn schema() -> RefOr<Schema> {
        let limit = format!("At most {NOTE_BYTES_MAX} bytes.");
        ObjectBuilder::new().schema_type(Type::String).max_length(Some(NOTE_BYTES_MAX)).description(Some(limit)).into()
    }
}

impl ToSchema for Note {}

/// A decimal number as text.
pub(super) enum Quantity {}

impl PartialSchema for Quantity {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^-?[0-9]{1,15}([.][0-9]{1,6})?$"));
        text.description(Some("Decimal text, such as 2 or 0.5.")).into()
    }
}

impl ToSchema for Quantity {}

/// A whole number from `MIN` to `MAX`; `USUAL` if it is left out.
pub(super) enum Number<const MIN: u32, const USUAL: u32, const MAX: u32> {}

impl<const MIN: u32, const USUAL: u32, const MAX: u32> PartialSchema for Number<MIN, USUAL, MAX> {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(MIN)).maximum(Some(MAX));
        number.default(Some(USUAL.into())).into()
    }
}

impl<const MIN: u32, const USUAL: u32, const MAX: u32> ToSchema for Number<MIN, USUAL, MAX> {}

/// A list of `MIN` to `MAX` entries, each of which is described once, under its name.
pub(super) struct List<T, const MIN: usize, const MAX: usize>(PhantomData<T>);

impl<T: ToSchema, const MIN: usize, const MAX: usize> PartialSchema for List<T, MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        let least = Some(MIN).filter(|least| *least > 0);
        ArrayBuilder::new().items(Ref::from_schema_name(T::name())).min_items(least).max_items(Some(MAX)).into()
    }
}

impl<T: ToSchema, const MIN: usize, const MAX: usize> ToSchema for List<T, MIN, MAX> {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        named::<T>(schemas);
    }
}

/// A list of `MIN` to `MAX` labels.
pub(super) enum Labels<const MIN: usize, const MAX: usize> {}

impl<const MIN: usize, const MAX: usize> PartialSchema for Labels<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new().items(Label::schema()).min_items(Some(MIN)).max_items(Some(MAX)).into()
    }
}

impl<const MIN: usize, const MAX: usize> ToSchema for Labels<MIN, MAX> {}

/// One of two documents.
pub(super) struct Either<A, B>(PhantomData<(A, B)>);

impl<A: ToSchema, B: ToSchema> PartialSchema for Either<A, B> {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new().item(Ref::from_schema_name(A::name())).item(Ref::from_schema_name(B::name())).into()
    }
}

impl<A: ToSchema, B: ToSchema> ToSchema for Either<A, B> {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        named::<A>(schemas);
        named::<B>(schemas);
    }
}

/// Adds a schema under its name, with those that it refers to.
fn named<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

/// The id of a cart.
pub(super) enum CartId {}

impl PartialSchema for CartId {
    fn schema() -> RefOr<Schema> {
        // The rule of `cartage_model::id::CartId::new`.
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z0-9][a-z0-9-]{0,62}$")).into()
    }
}

impl ToSchema for CartId {}

/// A time.
pub(super) enum UnixMs {}

impl PartialSchema for UnixMs {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
        number.minimum(Some(0)).description(Some("Milliseconds since 1970-01-01T00:00:00Z.")).into()
    }
}

impl ToSchema for UnixMs {}

/// A file of bytes.
pub(super) enum Binary {}

impl PartialSchema for Binary {
    fn schema() -> RefOr<Schema> {
        // OpenAPI 3.1 describes a body that is no JSON by its media type alone.
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary))).into()
    }
}

impl ToSchema for Binary {}

/// Bytes in base64.
pub(super) enum Base64 {}

impl PartialSchema for Base64 {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).content_encoding("base64").into()
    }
}

impl ToSchema for Base64 {}

/// What the holder of a token may do.
pub(super) enum Role {}

impl PartialSchema for Role {
    fn schema() -> RefOr<Schema> {
        one_of_names(access_tokens::Role::ALL)
    }
}

impl ToSchema for Role {}

/// The reason of a dead letter.
pub(super) enum Reason {}

impl PartialSchema for Reason {
    fn schema() -> RefOr<Schema> {
        one_of_names(dead_letter::Reason::all())
    }
}

impl ToSchema for Reason {}

/// A text that is one of these values, as they are written.
fn one_of_names(all: impl IntoIterator<Item = impl Serialize>) -> RefOr<Schema> {
    let names = all.into_iter().map(|one| serde_json::to_value(one).expect("a name is plain data"));
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
}

/// Describes an enum of a crate below by its values. All must be listed: a value that is missing here does not compile.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident of $all:path: $($value:ident)*;)*) => {$(
        $(#[$doc])*
        pub(in crate::api) enum $name {}

        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::Schema> {
                use $all as All;
                let known = |one: All| match one {
                    $(All::$value => one,)*
                };
                $crate::api::schema::one_of_names([$(known(All::$value)),*])
            }
        }

        impl ::utoipa::ToSchema for $name {}
    )*};
}
use names;
