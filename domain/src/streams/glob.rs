//! Patterns over the keys of streams.

use serde::{Deserialize, Serialize};

/// A pattern in which `*` stands for any bytes, none included, and `?` for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Box<[u8]>);

impl Glob {
    /// The pattern that is written like this.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.as_bytes().into())
    }

    /// Whether the pattern itself begins with these bytes.
    pub fn starts_with(&self, bytes: &[u8]) -> bool {
        self.0.starts_with(bytes)
    }

    /// Whether all of `key` is as the pattern says. Takes time by the product of both lengths at most.
    pub fn matches(&self, key: &[u8]) -> bool {
        let pattern = &self.0;
        let (mut p, mut k) = (0, 0);
        // Where the last star was, and which part of the key it does not stand for yet.
        let mut star = None;
        while k < key.len() {
            match pattern.get(p) {
                Some(b'*') => {
                    star = Some((p, k));
                    p += 1;
                }
                Some(byte) if *byte == b'?' || *byte == key[k] => {
                    p += 1;
                    k += 1;
                }
                _ => match star {
                    Some((star_p, star_k)) => {
                        star = Some((star_p, star_k + 1));
                        p = star_p + 1;
                        k = star_k + 1;
                    }
                    None => return false,
                },
            }
        }
        pattern[p..].iter().all(|byte| *byte == b'*')
    }
}

impl std::fmt::Display for Glob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl Serialize for Glob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(&self.0))
    }
}

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|pattern| Self::new(&pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, key: &str) -> bool {
        Glob::new(pattern).matches(key.as_bytes())
    }

    #[test]
    fn a_star_stands_for_anything_and_a_question_mark_for_one() {
        for pattern in
            ["events:*", "*", "events:orders", "*:orders", "e*s:*r?", "**", "event?:orders"]
        {
            assert!(matches(pattern, "events:orders"), "{pattern}");
        }
        for pattern in ["events:", "events", "orders", "?", "", "events:orders?", "*:order"] {
            assert!(!matches(pattern, "events:orders"), "{pattern}");
        }
        assert!(matches("", ""));
    }

    /// What a pattern means, said in the simplest way.
    fn means(pattern: &[u8], key: &[u8]) -> bool {
        match pattern.split_first() {
            None => key.is_empty(),
            Some((b'*', rest)) => (0..=key.len()).any(|skipped| means(rest, &key[skipped..])),
            Some((byte, rest)) => key
                .split_first()
                .is_some_and(|(k, key)| (*byte == b'?' || byte == k) && means(rest, key)),
        }
    }

    proptest! {
        #[test]
        fn a_pattern_matches_what_it_means(pattern in "[ab*?]{0,6}", key in "[ab]{0,8}") {
            prop_assert_eq!(matches(&pattern, &key), means(pattern.as_bytes(), key.as_bytes()));
        }
    }
}
