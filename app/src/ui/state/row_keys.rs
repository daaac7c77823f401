//! Where keys lead within the rows of a list, the same in every list.

/// How far the page keys go.
const PAGE_ROWS: u64 = 10;

/// The row that a key leads to; `None` where the key is none of these or there are no rows.
pub(crate) fn target(key: &str, at: Option<u64>, rows: u64) -> Option<u64> {
    let last = rows.checked_sub(1)?;
    let on = |by: u64| at.map_or(0, |at| at.saturating_add(by));
    let back = |by: u64| at.map_or(0, |at| at.saturating_sub(by));
    let target = match key {
        "ArrowDown" => on(1),
        "ArrowUp" => back(1),
        "PageDown" => on(PAGE_ROWS),
        "PageUp" => back(PAGE_ROWS),
        "Home" => 0,
        "End" => last,
        _ => return None,
    };
    Some(target.min(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_leads_to_the_first_row_and_no_key_beyond_an_end() {
        assert_eq!(target("ArrowDown", None, 3), Some(0));
        assert_eq!(target("ArrowDown", Some(0), 3), Some(1));
        assert_eq!(target("ArrowDown", Some(2), 3), Some(2));
        assert_eq!(target("ArrowUp", Some(0), 3), Some(0));
        assert_eq!(target("PageDown", Some(1), 100), Some(11));
        assert_eq!(target("PageUp", Some(5), 100), Some(0));
        assert_eq!(target("End", None, 3), Some(2));
        assert_eq!(target("Home", Some(2), 3), Some(0));
    }

    #[test]
    fn other_keys_and_empty_lists_lead_nowhere() {
        assert_eq!(target("x", Some(1), 3), None);
        assert_eq!(target("ArrowDown", None, 0), None);
    }
}
