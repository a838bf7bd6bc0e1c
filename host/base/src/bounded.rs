//! Lists and maps with a bound that holds while they are read: one that is too long is refused at the first entry too many.

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// Reads a list of at most `MAX` entries: `#[serde(deserialize_with = "bounded::list::<_, _, 100>")]`.
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>, const MAX: usize>(from: D) -> Result<Vec<T>, D::Error> {
    from.deserialize_seq(List::<T, MAX>(PhantomData))
}

/// Reads a list and keeps at most `MAX` entries and one more, by which the caller sees that the list is too long.
pub fn cut_list<'de, D: Deserializer<'de>, T: Deserialize<'de>, const MAX: usize>(from: D) -> Result<Vec<T>, D::Error> {
    from.deserialize_seq(CutList::<T, MAX>(PhantomData))
}

/// Reads a map of at most `MAX` entries, and refuses a key that occurs twice.
pub fn map<'de, D, K, V, const MAX: usize>(from: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    from.deserialize_map(Map::<K, V, MAX>(PhantomData))
}

/// The length of a list whose entries are not kept.
pub struct Length(pub usize);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Length, D::Error> {
        struct Counts;
        impl<'de> Visitor<'de> for Counts {
            type Value = Length;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Length, A::Error> {
                let mut length = 0;
                while entries.next_element::<IgnoredAny>()?.is_some() {
                    length += 1;
                }
                Ok(Length(length))
            }
        }
        from.deserialize_seq(Counts)
    }
}

struct List<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for List<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX} entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
        // What a list says of its own length is not believed.
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element()? {
            if list.len() == MAX {
                return Err(A::Error::custom(format_args!("a list here has more than {MAX} entries, the maximum")));
            }
            list.push(entry);
        }
        Ok(list)
    }
}

struct CutList<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for CutList<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX} entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while list.len() <= MAX {
            match entries.next_element()? {
                Some(entry) => list.push(entry),
                None => return Ok(list),
            }
        }
        while entries.next_element::<IgnoredAny>()?.is_some() {}
        Ok(list)
    }
}

struct Map<K, V, const MAX: usize>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>, const MAX: usize> Visitor<'de> for Map<K, V, MAX> {
    type Value = BTreeMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a table of at most {MAX} entries")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<BTreeMap<K, V>, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, value)) = entries.next_entry()? {
            if map.len() == MAX {
                return Err(A::Error::custom(format_args!("a table here has more than {MAX} entries, the maximum")));
            }
            map.insert(key, value);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(default)]
    struct Both {
        #[serde(deserialize_with = "list::<_, _, 2>")]
        list: Vec<u8>,
        #[serde(deserialize_with = "map::<_, _, _, 2>")]
        map: BTreeMap<String, u8>,
    }

    #[test]
    fn a_list_is_cut_after_one_entry_too_many() {
        let read = |text: &str| cut_list::<_, u8, 2>(&mut serde_json::Deserializer::from_str(text)).ok();
        assert_eq!(read("[]"), Some(vec![]));
        assert_eq!(read("[1,2]"), Some(vec![1, 2]));
        assert_eq!(read("[1,2,3,4,{},[]]"), Some(vec![1, 2, 3]));
        assert_eq!(read("[1,2,3,4,5"), None);
    }

    #[test]
    fn lists_and_maps_end_where_they_are_too_long() {
        let read = |text: &str| serde_json::from_str::<Both>(text).map_err(|error| error.to_string());
        assert_eq!(read(r#"{"list":[1,2],"map":{"a":1,"b":2}}"#).map(|both| (both.list.len(), both.map.len())), Ok((2, 2)));
        assert_eq!(read("{}"), Ok(Both::default()));
        assert_eq!(serde_json::from_str::<Length>("[1,{},[[]]]").ok().map(|length| length.0), Some(3));
        // What follows the entry too many is not even read.
        for (text, what) in [
            (r#"{"list":[1,2,3,no more of this"#, "a list here has more than 2 entries"),
            (r#"{"map":{"a":1,"b":2,"c":3,no more of this"#, "a table here has more than 2 entries"),
        ] {
            assert!(read(text).is_err_and(|error| error.contains(what)), "{text}: {:?}", read(text));
        }
    }
}
