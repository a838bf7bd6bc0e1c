//! Random numbers from a seed, by SplitMix64.

/// A generator that gives the same numbers for the same seed.
#[derive(Debug, Clone)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A random number.
    pub(super) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A random number within a range.
    pub(super) fn of(&mut self, range: std::ops::Range<u64>) -> u64 {
        range.start + self.draw() % (range.end - range.start)
    }

    /// A random element.
    pub(super) fn pick<T: Clone>(&mut self, among: &[T]) -> T {
        among[self.of(0..among.len() as u64) as usize].clone()
    }

    /// True with a chance of so many per cent.
    pub(super) fn percent(&mut self, sides: u64) -> bool {
        self.of(0..100) < sides
    }
}
