//! Which rows of a long list are on screen.

use std::ops::Range;

/// The rows to draw of a list of `count` rows, each `row_height` pixels high, scrolled down by `scroll_top` pixels
/// in a frame of `height` pixels; with `overscan` rows more at both ends, so that a short scroll finds them drawn.
///
/// Browsers report fractions and, while bouncing, negative numbers: any input gives a range within `0..count`.
pub fn visible_rows(
    count: usize,
    row_height: f64,
    scroll_top: f64,
    height: f64,
    overscan: usize,
) -> Range<usize> {
    if row_height.is_nan() || row_height <= 0.0 {
        return 0..0;
    }
    // `as` saturates, and turns what is not a number into 0.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturating on purpose"
    )]
    let rows = |pixels: f64| (pixels.max(0.0) / row_height) as usize;
    let first = rows(scroll_top).min(count);
    let past_last = rows(scroll_top.max(0.0) + height.max(0.0)).saturating_add(1).min(count);
    first.saturating_sub(overscan)..past_last.saturating_add(overscan).min(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_cut_by_the_edges_are_drawn() {
        assert_eq!(visible_rows(100, 20.0, 30.0, 40.0, 0), 1..4);
    }

    #[test]
    fn overscan_stops_at_the_ends() {
        assert_eq!(visible_rows(10, 20.0, 0.0, 40.0, 5), 0..8);
        assert_eq!(visible_rows(10, 20.0, 180.0, 40.0, 5), 4..10);
    }

    proptest! {
        #[test]
        fn every_visible_row_is_drawn(count in 1..10_000usize, row in 0..10_000usize, up in 0..1_000u32, height in 1_000..2_000u32) {
            // A frame that is scrolled so that this row begins `up` pixels below its upper edge.
            let top = row as f64 * 24.0 - f64::from(up);
            let drawn = visible_rows(count, 24.0, top, f64::from(height), 3);
            prop_assert!(row >= count || drawn.contains(&row));
        }

        #[test]
        fn any_numbers_give_a_range_within_the_list(count: usize, row: f64, top: f64, height: f64, overscan: usize) {
            let drawn = visible_rows(count, row, top, height, overscan);
            prop_assert!(drawn.start <= drawn.end && drawn.end <= count);
        }
    }
}
