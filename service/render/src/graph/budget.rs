//! The work that one layout may take, counted in steps so that every machine stops at the same one.

/// Steps of one layout. One is about the visit of one neighbour: a few nanoseconds.
pub(super) const STEPS_MAX: u64 = 16_000_000;

/// What is left of the work.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
    is_spent: bool,
}

impl Budget {
    pub(super) fn new(steps: u64) -> Self {
        Self {
            left: steps,
            is_spent: false,
        }
    }

    /// Takes `steps`, or none and says false: whoever asked must do with less, and so must all
    /// after it that cannot afford theirs.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        match self.left.checked_sub(steps as u64) {
            Some(left) => self.left = left,
            None => self.is_spent = true,
        }
        !self.is_spent
    }

    /// Whether something had to be left out.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent
    }
}
