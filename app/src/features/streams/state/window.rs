//! Which rows of a very long list to have at hand.

use std::ops::Range;

/// How many rows are asked for at once: a few screens.
pub(crate) const WINDOW_ROWS: usize = 200;
/// How many of them lie before those on screen, for whoever scrolls back.
const ROWS_BEFORE: usize = 60;

/// Where the rows at hand begin, so that those in `shown` are among them; where they did before, if that will do.
pub(crate) fn covering(begins: usize, shown: &Range<usize>) -> usize {
    let is_covered = begins <= shown.start && shown.end <= begins.saturating_add(WINDOW_ROWS);
    if is_covered { begins } else { shown.start.saturating_sub(ROWS_BEFORE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_at_hand_stay_while_they_cover_the_screen() {
        assert_eq!(covering(0, &(0..50)), 0);
        assert_eq!(covering(0, &(150..200)), 0);
        assert_eq!(covering(0, &(151..201)), 91);
        assert_eq!(covering(91, &(90..140)), 30);
        assert_eq!(covering(500, &(10..60)), 0);
    }

    #[test]
    fn whatever_is_shown_is_covered_from_then_on() {
        for start in (0..5_000).step_by(37) {
            let shown = start..start + 100;
            let begins = covering(1_000, &shown);
            assert_eq!(covering(begins, &shown), begins, "{start}");
        }
    }
}
