//! Which categories are open.

use rewind_domain::StreamKey;
use rewind_domain::catalog::{Category, CategoryRow, Opened};

use crate::api::query::bounds::MAX_OPENED_CATEGORIES;

/// The same with a category open or closed. Where there are more than can be asked for, the one that was opened first is
/// closed again.
pub(crate) fn toggled(mut opened: Opened, category: &StreamKey, is_open: bool) -> Opened {
    opened.open.retain(|other| other != category);
    opened.closed.retain(|other| other != category);
    let list = if is_open { &mut opened.open } else { &mut opened.closed };
    list.push(category.clone());
    if list.len() > MAX_OPENED_CATEGORIES {
        list.remove(0);
    }
    opened
}

/// The same with all open that a category is within, so that it has a row.
pub(crate) fn revealed(opened: Opened, category: &Category) -> Opened {
    let closed = |opened: &Opened, category: &StreamKey| !opened.open.contains(category);
    category.ancestors().iter().fold(opened, |opened, ancestor| {
        if closed(&opened, ancestor) { toggled(opened, ancestor, true) } else { opened }
    })
}

/// The same with all outermost open that have rows for what they hold, so that they stay open when they come to hold too
/// many to be open at first.
pub(crate) fn kept_open(opened: Opened, rows: &[CategoryRow]) -> Opened {
    let open = rows.iter().filter(|row| row.depth == 0 && row.is_open);
    open.fold(opened, |opened, row| match &row.category {
        Category::Within(category) if !opened.open.contains(category) => {
            toggled(opened, category, true)
        }
        _ => opened,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::catalog::Sums;

    #[test]
    fn a_category_is_either_open_or_closed() {
        let opened = toggled(Opened::default(), &"a".into(), true);
        assert_eq!(opened.open, ["a".into()]);
        let opened = toggled(opened, &"a".into(), false);
        assert_eq!((opened.open.len(), opened.closed), (0, vec!["a".into()]));
    }

    #[test]
    fn no_more_are_open_than_can_be_asked_for() {
        let opened = (0..=MAX_OPENED_CATEGORIES).fold(Opened::default(), |opened, n| {
            toggled(opened, &n.to_string().as_str().into(), true)
        });
        assert_eq!(opened.open.len(), MAX_OPENED_CATEGORIES);
        assert_eq!(opened.open[0], "1".into());
    }

    #[test]
    fn an_outermost_category_that_was_open_stays_open() {
        let row = |category: Category, depth, is_open| CategoryRow {
            category,
            depth,
            parent_row: None,
            categories: 1,
            is_open,
            sums: Sums::default(),
        };
        let within = |text: &str| Category::Within(text.into());
        let rows = [
            row(Category::All, 0, false),
            row(within("a"), 0, true),
            row(within("a:b"), 1, true),
            row(within("c"), 0, false),
        ];
        assert_eq!(kept_open(Opened::default(), &rows).open, ["a".into()]);
    }

    #[test]
    fn what_a_category_is_within_is_opened_with_it() {
        let category = Category::Within("a:b:c".into());
        let opened = revealed(toggled(Opened::default(), &"a".into(), false), &category);
        assert_eq!((opened.open, opened.closed.len()), (vec!["a".into(), "a:b".into()], 0));
    }
}
