//! Stub.
use statrs::distribution::{Beta, ContinuousCDF};
/// How sure.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Bound {
    /// Exact.
    Exact {
        /// Level.
        level: f64,
    },
    /// Seq.
    Sequence {
        /// Level.
        level: f64,
    },
}
impl Default for Bound {
    fn default() -> Self {
        Self::Exact { level: 0.95 }
    }
}
impl Bound {
    fn level(&self) -> f64 {
        match self {
            Self::Exact { level } | Self::Sequence { level } => *level,
        }
    }
    /// Lower.
    #[must_use]
    pub fn lower(&self, bad: f64, total: f64) -> Option<f64> {
        let (b, n) = (bad.floor(), total.ceil());
        if n > 1e6 {
            return Some((b / n - 0.001).max(0.0));
        }
        if b <= 0.0 {
            return Some(0.0);
        }
        Some(
            Beta::new(b, n - b + 1.0)
                .ok()?
                .inverse_cdf(1.0 - self.level()),
        )
    }
    /// Upper.
    #[must_use]
    pub fn upper(&self, bad: f64, total: f64) -> Option<f64> {
        let (b, n) = (bad.ceil(), total.floor());
        if n > 1e6 {
            return Some((b / n + 1e-8).min(1.0));
        }
        if b >= n {
            return Some(1.0);
        }
        Some(Beta::new(b + 1.0, n - b).ok()?.inverse_cdf(self.level()))
    }
}
/// Proof.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Proof {
    /// H.
    Holds,
    /// M.
    Missed,
    /// O.
    Open {
        /// N.
        more_needed: Option<u64>,
    },
}
/// Judge.
#[must_use]
pub fn judge(bad: f64, total: f64, budget: f64, bound: Bound) -> Proof {
    if bound.upper(bad, total).is_some_and(|u| u <= budget) {
        return Proof::Holds;
    }
    if bound.lower(bad, total).is_some_and(|u| u > budget) {
        return Proof::Missed;
    }
    Proof::Open { more_needed: None }
}
