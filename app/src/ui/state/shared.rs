//! Values that are compared by what they share, since comparing what is in them would take longer than anything
//! that is done with them.

use std::ops::Deref;
use std::sync::Arc;

use rewind_domain::Json;
use rewind_domain::json::Object;

/// Something that equals only itself and its clones.
#[derive(Debug)]
pub(crate) struct Same<T: ?Sized>(pub(crate) Arc<T>);

impl<T> Same<T> {
    /// Something new.
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T: ?Sized> Clone for Same<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: ?Sized> Deref for Same<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> PartialEq for Same<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A document that equals another one if both are the same shared value, or the same plain one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document(pub(crate) Json);

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Json::Array(_) | Json::Object(_), _) | (_, Json::Array(_) | Json::Object(_)) => {
                self.0.is_shared_with(&other.0)
            }
            (one, other) => one == other,
        }
    }
}

/// The same value, sharing with `like` whatever both have in common. States come from the server in several answers;
/// what they share is never looked at again when they are compared.
pub(crate) fn shared_with(value: Json, like: &Json) -> Json {
    match (value, like) {
        (value, like) if value.is_shared_with(like) => value,
        (Json::Object(members), Json::Object(like_members)) => {
            let members: Object = members
                .iter()
                .map(|(key, member)| match like_members.get(key) {
                    Some(like) => (key.clone(), shared_with(member.clone(), like)),
                    None => (key.clone(), member.clone()),
                })
                .collect();
            let is_all = members.len() == like_members.len()
                && members
                    .iter()
                    .zip(like_members.iter())
                    .all(|((a, x), (b, y))| a == b && is_one(x, y));
            if is_all { like.clone() } else { Json::Object(Arc::new(members)) }
        }
        (Json::Array(items), Json::Array(like_items)) => {
            let mut like_item = like_items.iter();
            let items: Vec<Json> = items
                .iter()
                .map(|item| match like_item.next() {
                    Some(like) => shared_with(item.clone(), like),
                    None => item.clone(),
                })
                .collect();
            let is_all = items.len() == like_items.len()
                && items.iter().zip(like_items.iter()).all(|(x, y)| is_one(x, y));
            if is_all { like.clone() } else { Json::Array(Arc::new(items)) }
        }
        (value, _) => value,
    }
}

/// Whether two values are one, as far as that can be told without looking inside.
fn is_one(one: &Json, other: &Json) -> bool {
    Document(one.clone()) == Document(other.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Json {
        Json::parse(text).unwrap()
    }

    #[test]
    fn what_is_equal_becomes_shared_and_nothing_else_changes() {
        let like = parse(r#"{"a":{"b":[1,2]},"c":[{"d":1},{"d":2}],"e":null}"#);
        let value = parse(r#"{"a":{"b":[1,2]},"c":[{"d":1},{"d":3},4],"f":null}"#);
        let shared = shared_with(value.clone(), &like);
        assert_eq!(shared, value);
        assert!(shared.get("a").unwrap().is_shared_with(like.get("a").unwrap()));
        let first = |json: &Json| match json.get("c") {
            Some(Json::Array(items)) => items[0].clone(),
            _ => Json::Null,
        };
        assert!(first(&shared).is_shared_with(&first(&like)));
    }

    #[test]
    fn an_equal_document_becomes_the_same_one() {
        let like = parse(r#"{"a":{"b":[1,2,{}]}}"#);
        let shared = shared_with(parse(r#"{"a":{"b":[1,2,{}]}}"#), &like);
        assert!(shared.is_shared_with(&like));
        assert_eq!(Document(shared), Document(like));
        assert_ne!(Document(parse("{}")), Document(parse("{}")));
        assert_eq!(Document(parse("1.0")), Document(parse("1.0")));
    }

    #[test]
    fn another_order_of_keys_is_kept() {
        let shared = shared_with(parse(r#"{"b":1,"a":2}"#), &parse(r#"{"a":2,"b":1}"#));
        assert_eq!(shared.to_string(), r#"{"b":1,"a":2}"#);
    }
}
