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

/// How high a list may be in a browser, in pixels. Firefox lays out nothing beyond 17 million.
const MAX_PIXELS: f64 = 8_000_000.0;

/// A list that may be higher than browsers can lay out. It is scrolled over a height that they can, so that its scroll bar
/// stands for all of it; within a screen its rows are as far apart as ever.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LongList {
    /// How many rows there are.
    pub rows: u64,
    /// How high each is, in pixels; more than 0.
    pub row_height: f64,
    /// How high the frame is, in pixels.
    pub height: f64,
}

impl LongList {
    /// How high the scrolled area is, in pixels.
    pub fn pixels(self) -> f64 {
        self.all_pixels().min(MAX_PIXELS)
    }

    /// Whether the area is lower than its rows are together, so that one pixel of it stands for several.
    pub fn is_squeezed(self) -> bool {
        self.all_pixels() > MAX_PIXELS
    }

    /// The row at the upper edge, in rows and fractions of one, where the area is scrolled down by this many pixels.
    pub fn top_of(self, scroll_top: f64) -> f64 {
        if !self.is_squeezed() {
            return self.clamp(scroll_top / self.row_height);
        }
        let way = (self.pixels() - self.height).max(1.0);
        self.clamp(scroll_top / way * self.last_top())
    }

    /// How far the area is scrolled down, in pixels, where this row is at the upper edge.
    pub fn scroll_top_of(self, top: f64) -> f64 {
        let top = self.clamp(top);
        if !self.is_squeezed() {
            return top * self.row_height;
        }
        let way = (self.pixels() - self.height).max(1.0);
        top / self.last_top() * way
    }

    /// The nearest place that the list can be scrolled to.
    pub fn clamp(self, top: f64) -> f64 {
        if top.is_nan() { 0.0 } else { top.clamp(0.0, self.last_top()) }
    }

    /// The rows to draw, with `overscan` more at both ends.
    pub fn drawn(self, top: f64, overscan: u64) -> Range<u64> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within 0 and the number of rows"
        )]
        let (first, on_screen) =
            (self.clamp(top) as u64, (self.height.max(0.0) / self.row_height) as u64 + 2);
        // Numbers beyond 2⁵³ may have been rounded up.
        let first = first.min(self.rows);
        let end = first.saturating_add(on_screen).saturating_add(overscan).min(self.rows);
        first.saturating_sub(overscan)..end
    }

    /// Where a row is drawn, in pixels from the upper edge of the area, while `top` is at the edge of the frame.
    pub fn place_of(self, row: u64, top: f64) -> f64 {
        self.scroll_top_of(top) + (rows_f64(row) - top) * self.row_height
    }

    /// The place to scroll to for a row to be in sight; `None` if it is. A row next to those in sight comes to the edge,
    /// one further away to the middle.
    pub fn to_show(self, row: u64, top: f64) -> Option<f64> {
        let (row, on_screen) = (rows_f64(row), self.height / self.row_height);
        let near = 2.0;
        let target = if row + 1.0 + near < top || row > top + on_screen + near {
            row + 0.5 - on_screen / 2.0
        } else if row < top {
            row
        } else if row + 1.0 > top + on_screen {
            row + 1.0 - on_screen
        } else {
            return None;
        };
        Some(self.clamp(target))
    }

    fn all_pixels(self) -> f64 {
        rows_f64(self.rows) * self.row_height
    }

    /// The row at the upper edge when the list is scrolled to its end.
    fn last_top(self) -> f64 {
        (rows_f64(self.rows) - self.height / self.row_height).max(0.0)
    }
}

#[expect(clippy::cast_precision_loss, reason = "no list has more than 2⁵³ rows")]
fn rows_f64(rows: u64) -> f64 {
    rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn long_list(rows: u64) -> LongList {
        LongList { rows, row_height: 46.0, height: 800.0 }
    }

    #[test]
    fn the_ends_of_a_list_of_any_length_can_be_scrolled_to() {
        for rows in [0, 1, 17, 18, 1_000, 200_000, 10_000_000, 1 << 50] {
            let list = long_list(rows);
            let end = list.top_of(list.pixels() - list.height);
            assert!((end - list.clamp(f64::MAX)).abs() < 1e-3, "{rows}: {end}");
            assert!((list.top_of(0.0)).abs() < 1e-9);
            assert!(rows == 0 || list.drawn(end, 0).end == rows);
            assert!(list.pixels() <= MAX_PIXELS);
        }
    }

    proptest! {
        #[test]
        fn a_place_survives_being_scrolled_to(rows in 1..20_000_000_u64, share in 0.0..1.0_f64) {
            let list = long_list(rows);
            let top = list.clamp(rows as f64 * share);
            prop_assert!((list.top_of(list.scroll_top_of(top)) - top).abs() < 1e-3);
        }

        #[test]
        fn a_row_is_in_sight_once_it_was_scrolled_to(rows in 1..20_000_000_u32, row: prop::sample::Index, share in 0.0..1.0_f64) {
            let list = long_list(rows.into());
            let row = row.index(rows as usize) as u64;
            let from = list.clamp(f64::from(rows) * share);
            let top = list.to_show(row, from).unwrap_or(from);
            prop_assert!(list.drawn(top, 0).contains(&row));
            let place = list.place_of(row, top) - list.scroll_top_of(top);
            prop_assert!(place > -1e-2 && place < list.height - list.row_height + 1e-2 || list.rows < 18);
        }

        #[test]
        fn any_numbers_give_rows_of_the_list(rows: u64, top: f64, height in 0.0..1e6_f64) {
            let list = LongList { rows, row_height: 20.0, height };
            let drawn = list.drawn(top, 9);
            prop_assert!(drawn.start <= drawn.end && drawn.end <= rows);
        }
    }

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
