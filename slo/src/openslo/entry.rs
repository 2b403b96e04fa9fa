//! The `objectives` of an SLO: targets, bounds, slices, and the names that tell them apart.

use std::time::Duration;

use super::document::{Fault, Place};
use super::indicator::Measure;
use super::period::Period;
use super::schema::{Entry, SloSpec};
use crate::objective::{Indicator, Method, Operator, Threshold};
use crate::window;

/// The most `objectives` of one SLO.
pub(crate) const ENTRIES_MAX: usize = 100;

/// The longest name.
const NAME_MAX: usize = 63;

/// An entry and the way to it.
pub(super) struct At<'a> {
    pub(super) place: &'a Place,
    /// Its index as text.
    pub(super) index: &'a str,
    pub(super) entry: &'a Entry,
}

impl At<'_> {
    fn fault(&self, field: &str, message: impl Into<String>) -> Fault {
        let path = ["spec", "objectives", self.index, field];
        let end = if field.is_empty() { 3 } else { 4 };
        self.place.fault(&path[..end], message)
    }

    /// Refuses what belongs to an SLO of several indicators.
    pub(super) fn single(&self) -> Result<(), Fault> {
        let parts = [
            ("indicator", &self.entry.indicator),
            ("indicatorRef", &self.entry.indicator_ref),
            ("compositeWeight", &self.entry.composite_weight),
        ];
        match parts.iter().find(|(_, part)| part.is_some()) {
            None => Ok(()),
            Some((field, _)) => {
                let message = format!(
                    "{field} makes a composite SLO, which cannot be honoured; expected one SLO for \
                     each indicator"
                );
                Err(self.fault(field, message))
            }
        }
    }

    /// The share that is promised.
    pub(super) fn target(&self) -> Result<f64, Fault> {
        let (share, field, range) = match (self.entry.target, self.entry.target_percent) {
            (Some(share), None) => (share, "target", "0 and 1"),
            (None, Some(percent)) => (percent / 100.0, "targetPercent", "0 and 100"),
            _ => {
                let message = "expected either target (0 to 1) or targetPercent (0 to 100)";
                return Err(self.fault("", message));
            }
        };
        if share > 0.0 && share < 1.0 {
            return Ok(share);
        }
        let message =
            format!("{field} must lie between {range}, both excluded: all good leaves no budget");
        Err(self.fault(field, message))
    }

    /// What the budget is made of.
    pub(super) fn method(
        &self,
        spec: &SloSpec,
        measure: &Measure,
        period: &Period,
    ) -> Result<Method, Fault> {
        let is_sliced = match spec.budgeting_method.as_str() {
            "Occurrences" => false,
            "Timeslices" | "RatioTimeslices" => true,
            other => {
                let message = format!(
                    "budgetingMethod is {other:?}; expected Occurrences, Timeslices or \
                     RatioTimeslices"
                );
                return Err(self.place.fault(&["spec", "budgetingMethod"], message));
            }
        };
        let has_slice_target = spec.budgeting_method == "Timeslices";
        let beside = |field, is_there: bool, is_wanted: bool| match (is_there, is_wanted) {
            (true, false) => {
                let message = format!(
                    "{field} has no meaning with budgetingMethod {}; expected it to be absent",
                    spec.budgeting_method
                );
                Err(self.fault(field, message))
            }
            _ => Ok(()),
        };
        let target = self.entry.time_slice_target;
        beside("timeSliceTarget", target.is_some(), has_slice_target)?;
        beside(
            "timeSliceWindow",
            self.entry.time_slice_window.is_some(),
            is_sliced,
        )?;
        if !is_sliced {
            return Ok(Method::Occurrences);
        }
        let slice = self.slice(period)?;
        if !has_slice_target {
            return Ok(Method::RatioTimeslices { slice });
        }
        let target = self.slice_target(measure)?;
        Ok(Method::Timeslices { slice, target })
    }

    fn slice(&self, period: &Period) -> Result<Duration, Fault> {
        let Some(length) = &self.entry.time_slice_window else {
            let message = "expected timeSliceWindow, the length of a slice such as 5m";
            return Err(self.fault("", message));
        };
        let slice =
            window::parse(&length.0).map_err(|message| self.fault("timeSliceWindow", message))?;
        if slice < Duration::from_secs(1) || slice > period.longest {
            let message = format!(
                "timeSliceWindow is {}; expected at least 1s, and at most the window",
                length.0
            );
            return Err(self.fault("timeSliceWindow", message));
        }
        Ok(slice)
    }

    fn slice_target(&self, measure: &Measure) -> Result<f64, Fault> {
        let field = "timeSliceTarget";
        match (self.entry.time_slice_target, measure) {
            // The mean of a slice is held against the bound, once: there is no share.
            (None, Measure::Threshold(_)) => Ok(1.0),
            (Some(_), Measure::Threshold(_)) => {
                let message = "a slice of a thresholdMetric is good when its mean is; expected no \
                               timeSliceTarget";
                Err(self.fault(field, message))
            }
            (Some(target), _) if target > 0.0 && target <= 1.0 => Ok(target),
            (Some(_), _) => {
                let message = "timeSliceTarget must lie above 0 and be at most 1";
                Err(self.fault(field, message))
            }
            (None, _) => {
                let message = "expected timeSliceTarget, the share of good events that makes a \
                               slice good";
                Err(self.fault("", message))
            }
        }
    }

    /// The indicator, with the bound of this entry when it takes one.
    pub(super) fn indicator(&self, measure: &Measure) -> Result<Indicator, Fault> {
        let has_bound = self.entry.op.is_some() || self.entry.value.is_some();
        let query = match measure {
            Measure::Threshold(query) => query.clone(),
            _ if has_bound => {
                let field = if self.entry.op.is_some() {
                    "op"
                } else {
                    "value"
                };
                let message = format!(
                    "{field} compares a thresholdMetric, and this is a ratioMetric; expected it to \
                     be absent"
                );
                return Err(self.fault(field, message));
            }
            Measure::Ratio(ratio) => return Ok(Indicator::Ratio(ratio.clone())),
            Measure::Raw(raw) => return Ok(Indicator::Raw(raw.clone())),
        };
        let operator = match self.entry.op.as_deref() {
            Some("lte") => Operator::AtMost,
            Some("lt") => Operator::Below,
            Some("gte") => Operator::AtLeast,
            Some("gt") => Operator::Above,
            Some(other) => {
                let message = format!("op is {other:?}; expected lte, lt, gte or gt");
                return Err(self.fault("op", message));
            }
            None => return Err(self.fault("", "expected op and value beside a thresholdMetric")),
        };
        let Some(value) = self.entry.value else {
            return Err(self.fault("", "expected value beside op: the bound"));
        };
        if !value.is_finite() {
            return Err(self.fault("value", format!("value is {value}; expected a number")));
        }
        Ok(Indicator::Threshold(Threshold {
            query,
            operator,
            value,
        }))
    }
}

/// Names of the entries of one SLO, all different: its own name when there is one, else the name with
/// what tells them apart.
pub(super) fn names(slo: &str, entries: &[Entry]) -> Vec<String> {
    if entries.len() == 1 {
        return vec![slo.to_owned()];
    }
    let mut names: Vec<String> = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let slug = slug(entry.display_name.as_deref().unwrap_or_default());
        let full = format!("{slo}-{slug}");
        let fits = !slug.is_empty() && full.len() <= NAME_MAX && !names.contains(&full);
        names.push(if fits {
            full
        } else {
            numbered(slo, index + 1, &names)
        });
    }
    names
}

/// `slo` with a number that no other has, shortened where both together are too long.
fn numbered(slo: &str, from: usize, taken: &[String]) -> String {
    let name = |number: usize| {
        let end = format!("-{number}");
        let kept = slo.len().min(NAME_MAX - end.len());
        format!("{}{end}", slo[..kept].trim_end_matches('-'))
    };
    // One of so many is free.
    let mut candidates = (from..=from + taken.len()).map(name);
    candidates
        .find(|name| !taken.contains(name))
        .unwrap_or_else(|| name(from))
}

/// Lower-case letters and digits of a text, everything between them one hyphen.
fn slug(text: &str) -> String {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::super::resolve::is_name;
    use super::*;

    fn of(slo: &str, displays: &[&str]) -> Vec<String> {
        let entry = |display: &&str| -> Entry {
            serde_yaml_ng::from_str(&format!("{{displayName: {display:?}}}")).unwrap()
        };
        names(slo, &displays.iter().map(entry).collect::<Vec<_>>())
    }

    #[test]
    fn one_entry_has_the_name_of_the_slo() {
        assert_eq!(of("latency", &["Within 500 ms"]), ["latency"]);
    }

    #[test]
    fn several_are_told_apart_by_what_they_are_called_or_by_number() {
        assert_eq!(
            of(
                "latency",
                &["Within 500 ms", "", "within-500-MS", "速い", "3"]
            ),
            [
                "latency-within-500-ms",
                "latency-2",
                "latency-3",
                "latency-4",
                "latency-5"
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn names_are_names_and_all_different(
            slo in "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
            displays in proptest::collection::vec("[A-Za-z0-9 é-]{0,70}", 2..20),
        ) {
            let displays: Vec<&str> = displays.iter().map(String::as_str).collect();
            let mut names = of(&slo, &displays);
            for name in &names {
                assert!(is_name(name), "{name}");
            }
            names.sort();
            names.dedup();
            assert_eq!(names.len(), displays.len());
        }
    }
}
