//! Where a list is scrolled to, so that a row is in sight.

/// A list of rows that are equally high, and what of it is in sight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scrolled {
    /// How many rows there are.
    pub(crate) count: usize,
    /// How high each is, in pixels.
    pub(crate) row_height: u32,
    /// How far it is scrolled down, in pixels.
    pub(crate) shown: f64,
    /// How much of it is in sight, in pixels.
    pub(crate) height: f64,
}

impl Scrolled {
    /// How far to scroll for a row to be in sight; `None` if it is. A row that is next to those in sight is brought to the edge,
    /// one that is further away to the middle: whoever comes from afar sees what is around.
    pub(crate) fn to_show(self, index: usize) -> Option<f64> {
        let Self { count, row_height, shown, height } = self;
        let row_height = f64::from(row_height);
        #[expect(clippy::cast_precision_loss, reason = "a place on a screen needs no more")]
        let place = |row: usize| row as f64 * row_height;
        let (top, bottom) = (place(index), place(index) + row_height);
        let near = 2.0 * row_height;
        let target = if bottom + near < shown || top > shown + height + near {
            f64::midpoint(top, bottom - height)
        } else if top < shown {
            top
        } else if bottom > shown + height {
            bottom - height
        } else {
            return None;
        };
        // No list scrolls beyond its ends.
        Some(target.min(place(count) - height).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(shown: f64) -> Scrolled {
        Scrolled { count: 100, row_height: 10, shown, height: 100.0 }
    }

    #[test]
    fn a_neighbour_comes_to_the_edge_and_a_stranger_to_the_middle() {
        assert_eq!(list(0.0).to_show(5), None);
        assert_eq!(list(0.0).to_show(10), Some(10.0));
        assert_eq!(list(95.0).to_show(9), Some(90.0));
        assert_eq!(list(0.0).to_show(50), Some(455.0));
    }

    #[test]
    fn no_list_is_scrolled_beyond_its_ends() {
        assert_eq!(list(400.0).to_show(1), Some(0.0));
        assert_eq!(list(0.0).to_show(98), Some(900.0));
        let short = Scrolled { count: 3, ..list(50.0) };
        assert_eq!(short.to_show(0), Some(0.0));
    }

    #[test]
    fn a_row_is_in_sight_once_it_was_scrolled_to() {
        for shown in [0.0, 33.0, 450.0, 900.0] {
            for index in 0..100 {
                let top = list(shown).to_show(index).unwrap_or(shown);
                assert_eq!(list(top).to_show(index), None, "{index} from {shown}");
            }
        }
    }
}
