//! The segments of a key: what colons divide it into.
//!
//! A colon within braces divides nothing. Braces are how a key names its slot of a cluster, and what stands in them is the key of a stream that
//! others belong to: `{events:orders}:dead:billing` has the segments `{events:orders}`, `dead` and `billing`. A brace that is never closed is
//! like any other character.

/// The first segment of a key, and what follows its colon.
pub(super) fn split_first(key: &[u8]) -> (&[u8], Option<&[u8]>) {
    match first_colon(key) {
        Some(colon) => (&key[..colon], Some(&key[colon + 1..])),
        None => (key, None),
    }
}

/// What stands before the colon of the last segment, and that segment.
pub(super) fn split_last(key: &[u8]) -> (Option<&[u8]>, &[u8]) {
    match colons(key).last() {
        Some(colon) => (Some(&key[..colon]), &key[colon + 1..]),
        None => (None, key),
    }
}

/// The places of the colons that divide a key.
pub(super) fn colons(key: &[u8]) -> impl Iterator<Item = usize> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let colon = start + first_colon(key.get(start..)?)?;
        start = colon + 1;
        Some(colon)
    })
}

fn first_colon(key: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        let rest = &key[start..];
        let at = rest.iter().position(|byte| matches!(byte, b':' | b'{'))?;
        if rest[at] == b':' {
            return Some(start + at);
        }
        match rest[at..].iter().position(|&byte| byte == b'}') {
            Some(end) => start += at + end + 1,
            // No brace behind it is closed either.
            None => return rest.iter().position(|&byte| byte == b':').map(|colon| start + colon),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segments(key: &str) -> Vec<&str> {
        let (mut found, mut rest) = (Vec::new(), Some(key.as_bytes()));
        while let Some(key) = rest {
            let (first, more) = split_first(key);
            found.push(std::str::from_utf8(first).unwrap());
            rest = more;
        }
        found
    }

    #[test]
    fn a_colon_within_braces_divides_nothing() {
        for (key, expected) in [
            ("{events:orders}:dead:billing", &["{events:orders}", "dead", "billing"][..]),
            ("{o}:events:dead", &["{o}", "events", "dead"]),
            ("a:{b:c}d:e", &["a", "{b:c}d", "e"]),
            ("a{b:c:d", &["a{b", "c", "d"]),
            ("a}b:c", &["a}b", "c"]),
            ("{a:b}:{c:d", &["{a:b}", "{c", "d"]),
            ("{a:{b:c}:d}", &["{a:{b:c}", "d}"]),
            ("", &[""]),
        ] {
            assert_eq!(segments(key), expected, "{key}");
        }
    }

    proptest! {
        #[test]
        fn both_ends_agree_with_the_colons(key in prop::collection::vec(prop::sample::select(&b"a:{}"[..]), 0..24)) {
            let all: Vec<usize> = colons(&key).collect();
            prop_assert_eq!(split_first(&key).0.len(), all.first().copied().unwrap_or(key.len()));
            let (before, last) = split_last(&key);
            prop_assert_eq!(before.map(<[u8]>::len), all.last().copied());
            prop_assert!(key.ends_with(last));
            prop_assert!(all.iter().all(|&colon| key[colon] == b':'));
            if !key.contains(&b'{') {
                prop_assert_eq!(all.len(), key.iter().filter(|byte| **byte == b':').count());
            }
        }
    }
}
