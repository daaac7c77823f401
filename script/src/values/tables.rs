//! Tables of digits: see [`crate::values`].

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rewind_domain::Json;
use rewind_domain::json::Object as Members;
use rquickjs::{Array, Value};

use crate::digits::{Float, Numeral, Spellings, classify, to_f64};

/// The number in a value, where it is one that has a spelling.
fn float_in(json: &Json) -> Option<Float<'_>> {
    let Json::Number(number) = json else { return None };
    let text = number.as_str();
    match classify(text) {
        Numeral::Float { value, is_usual } => Some(Float { text, value, is_usual }),
        Numeral::Plain(_) | Numeral::Big => None,
    }
}

/// The table that an object needs for its members to come back as they are.
pub(super) fn object_table(members: &Members, spellings: &Spellings) -> Option<String> {
    let uncovered =
        |member: &Json| float_in(member).is_some_and(|number| !spellings.covers(&number));
    let mut table = members.iter().filter(|(_, member)| uncovered(member)).peekable();
    table.peek()?;
    Some(Json::object(table.map(|(key, member)| (Arc::clone(key), member.clone()))).to_string())
}

/// The table that an array needs. It has all numbers of the same value as one of another spelling.
pub(super) fn array_table(items: &[Json], spellings: &Spellings) -> Option<String> {
    let uncovered: Vec<u64> = items
        .iter()
        .filter_map(float_in)
        .filter(|number| !spellings.covers(number))
        .map(|number| number.value.to_bits())
        .collect();
    if uncovered.is_empty() {
        return None;
    }
    let uncovered: HashSet<u64> = uncovered.into_iter().collect();
    let entry = |item: &Json| match float_in(item) {
        Some(number) if uncovered.contains(&number.value.to_bits()) => item.clone(),
        _ => Json::Null,
    };
    Some(Json::array(items.iter().map(entry)).to_string())
}

/// All numbers of a value that have a spelling.
pub(crate) fn floats<'j>(json: &'j Json, found: &mut Vec<Float<'j>>) {
    match json {
        Json::Number(_) => found.extend(float_in(json)),
        Json::Array(items) => items.iter().for_each(|item| floats(item, found)),
        Json::Object(members) => members.values().for_each(|member| floats(member, found)),
        Json::Null | Json::Bool(_) | Json::String(_) => {}
    }
}

/// The digits that the table of an array has for its items.
pub(super) enum ArrayDigits {
    None,
    /// Nothing was moved.
    ByPlace(Vec<Json>),
    /// Something was: a value has its digits if they were the same in all places.
    ByValue(HashMap<u64, Option<Json>>),
}

impl ArrayDigits {
    pub(super) fn of(table: &Json, array: &Array<'_>, length: usize) -> rquickjs::Result<Self> {
        let Json::Array(entries) = table else { return Ok(Self::None) };
        let is_in_place = entries.len() == length && {
            let mut in_place = true;
            for (index, entry) in entries.iter().enumerate() {
                if let Json::Number(text) = entry {
                    let item: Value<'_> = array.get(index)?;
                    in_place &= item
                        .as_float()
                        .is_some_and(|item| item.to_bits() == to_f64(text.as_str()).to_bits());
                }
            }
            in_place
        };
        if is_in_place {
            return Ok(Self::ByPlace(entries.to_vec()));
        }
        let mut by_value: HashMap<u64, Option<Json>> = HashMap::new();
        for entry in entries.iter() {
            if let Json::Number(text) = entry {
                let digits = by_value
                    .entry(to_f64(text.as_str()).to_bits())
                    .or_insert_with(|| Some(entry.clone()));
                if digits.as_ref().is_some_and(|digits| digits != entry) {
                    *digits = None;
                }
            }
        }
        Ok(Self::ByValue(by_value))
    }

    pub(super) fn get(&self, index: usize, value: f64) -> Option<&Json> {
        match self {
            Self::None => None,
            Self::ByPlace(entries) => entries.get(index),
            Self::ByValue(by_value) => by_value.get(&value.to_bits())?.as_ref(),
        }
    }
}
