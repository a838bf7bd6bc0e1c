//! How ids are kept in columns of the store. The traits are rusqlite's, which only the store's crate asks for by the feature `rusqlite`.

use crate::alerts::Subject;
use crate::id::{CartId, DeliveryId, Digest, MerchantId, SenderOrderNumber};
use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};

/// Maps types to text columns; the text is validated again when it is read.
macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.to_string()))
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<$type> {
                <$type>::try_from(value.as_str()?.to_owned()).map_err(|error| FromSqlError::Other(Box::new(error)))
            }
        }
    )*};
}

as_text!(CartId, MerchantId, Digest);

impl ToSql for DeliveryId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_str()))
    }
}

impl FromSql for DeliveryId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<DeliveryId> {
        value.as_str().map(DeliveryId::named)
    }
}

impl ToSql for SenderOrderNumber {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_str()))
    }
}

impl FromSql for SenderOrderNumber {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<SenderOrderNumber> {
        value.as_str().map(SenderOrderNumber::new)
    }
}

impl ToSql for Subject {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.to_string()))
    }
}

impl FromSql for Subject {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Subject> {
        value.as_str().map(Subject::of_text)
    }
}
