//! Limits and canonical bytes of a chart.

use super::{Axis, Chart, Kind};
use crate::limit::{self, LimitError};
use crate::scene::canonical::Canonical;
use crate::{
    BANDS_MAX, CHART_POINTS_MAX, HEAT_ROWS_MAX, MARKS_MAX, NAME_CHARACTERS_MAX,
    NOTE_CHARACTERS_MAX, SERIES_MAX, SERIES_POINTS_MAX, SUBTITLE_CHARACTERS_MAX, THRESHOLDS_MAX,
    TITLE_CHARACTERS_MAX,
};

impl Chart {
    pub(in crate::scene) fn check(&self) -> Result<(), LimitError> {
        limit::size_within(self.width, self.height)?;
        let note = self.note.as_deref().unwrap_or_default();
        let evaluated_at = self.evaluated_at.as_deref().unwrap_or_default();
        for (name, text, max) in [
            ("title", self.title.as_str(), TITLE_CHARACTERS_MAX),
            ("subtitle", &self.subtitle, SUBTITLE_CHARACTERS_MAX),
            ("note", note, NOTE_CHARACTERS_MAX),
            ("evaluated_at", evaluated_at, NOTE_CHARACTERS_MAX),
        ] {
            limit::text_at_most(|| name.to_owned(), text, max)?;
        }
        let series_max = match self.kind {
            Kind::Heat => HEAT_ROWS_MAX,
            Kind::Line | Kind::Area | Kind::Bar => SERIES_MAX,
        };
        for (name, count, max) in [
            ("series", self.series.len(), series_max),
            ("thresholds", self.thresholds.len(), THRESHOLDS_MAX),
            ("bands", self.bands.len(), BANDS_MAX),
            ("marks", self.marks.len(), MARKS_MAX),
        ] {
            limit::at_most(|| name.to_owned(), "entries", count, max)?;
        }
        self.check_entries()
    }

    fn check_entries(&self) -> Result<(), LimitError> {
        let mut points = 0;
        for (index, series) in self.series.iter().enumerate() {
            let count = series.points.len();
            let name = || format!("series[{index}].name");
            limit::text_at_most(name, &series.name, NAME_CHARACTERS_MAX)?;
            let parameter = || format!("series[{index}].points");
            limit::at_most(parameter, "points", count, SERIES_POINTS_MAX)?;
            points += count;
        }
        limit::at_most(|| "series".to_owned(), "points", points, CHART_POINTS_MAX)?;
        let thresholds = self.thresholds.iter().map(|entry| &entry.label);
        let bands = self.bands.iter().map(|entry| &entry.label);
        let marks = self.marks.iter().map(|entry| &entry.label);
        let thresholds = thresholds.enumerate().map(|entry| ("thresholds", entry));
        let bands = bands.enumerate().map(|entry| ("bands", entry));
        let marks = marks.enumerate().map(|entry| ("marks", entry));
        for (list, (index, label)) in thresholds.chain(bands).chain(marks) {
            let parameter = || format!("{list}[{index}].label");
            limit::text_at_most(parameter, label, NAME_CHARACTERS_MAX)?;
        }
        Ok(())
    }

    pub(in crate::scene) fn write_canonical(&self, out: &mut Canonical) {
        out.number(self.width).number(self.height);
        out.text(&self.title).text(&self.subtitle);
        out.text(self.note.as_deref().unwrap_or_default());
        out.text(self.evaluated_at.as_deref().unwrap_or_default());
        out.tag(self.kind as u8).tag(self.is_stacked().into());
        out.tag(self.unit as u8)
            .tag(self.x as u8)
            .tag(self.theme as u8);
        if self.x == Axis::Time {
            out.text(self.zone.name());
        }
        if let Some((low, high)) = self.shown_range() {
            out.tag(1).value(low).value(high);
        } else {
            out.tag(0);
        }
        self.write_series(out);
        self.write_surroundings(out);
    }

    fn write_series(&self, out: &mut Canonical) {
        out.count(self.series.len());
        for (index, series) in self.series.iter().enumerate() {
            out.text(&series.name);
            if self.kind != Kind::Heat {
                out.color(series.shown_color(index, self.theme));
            }
            out.count(series.points.len());
            for &(x, y) in &series.points {
                // A point without a place is a gap, whatever its value is.
                let y = if x.is_finite() { y } else { f64::NAN };
                out.value(x).extended(y);
            }
        }
    }

    fn write_surroundings(&self, out: &mut Canonical) {
        let thresholds = self.thresholds.iter();
        let shown: Vec<_> = thresholds
            .filter(|threshold| self.kind != Kind::Heat && threshold.value.is_finite())
            .collect();
        out.count(shown.len());
        for threshold in shown {
            out.value(threshold.value).text(&threshold.label);
        }
        out.count(self.bands.len());
        for band in &self.bands {
            out.value(band.from).value(band.to).text(&band.label);
        }
        let shown: Vec<_> = self
            .marks
            .iter()
            .filter(|mark| mark.at.is_finite())
            .collect();
        out.count(shown.len());
        for mark in shown {
            out.value(mark.at).text(&mark.label).tag(mark.kind as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scene::{Mark, MarkKind, Series, Threshold};
    use crate::{Chart, Kind, LimitError, Scene};

    use super::*;

    fn bytes(change: impl FnOnce(&mut Chart)) -> Vec<u8> {
        let mut chart = Chart::default();
        change(&mut chart);
        Scene::Chart(chart).canonical_bytes()
    }

    fn mark(at: f64, kind: MarkKind) -> Mark {
        let label = "v2".to_owned();
        Mark { at, label, kind }
    }

    #[test]
    fn every_choice_of_a_chart_is_seen_in_its_bytes() {
        let all = [
            bytes(|_| ()),
            bytes(|chart| chart.kind = Kind::Area),
            bytes(|chart| (chart.kind, chart.stacked) = (Kind::Area, true)),
            bytes(|chart| chart.kind = Kind::Bar),
            bytes(|chart| chart.kind = Kind::Heat),
            bytes(|chart| chart.zone = "Europe/Berlin".parse().unwrap()),
            bytes(|chart| chart.range = Some((1.0, 2.0))),
            bytes(|chart| chart.note = Some("old".to_owned())),
            bytes(|chart| chart.evaluated_at = Some("old".to_owned())),
            bytes(|chart| chart.marks = vec![mark(1.0, MarkKind::Note)]),
            bytes(|chart| chart.marks = vec![mark(1.0, MarkKind::Fault)]),
        ];
        for (index, bytes) in all.iter().enumerate() {
            assert!(!all[..index].contains(bytes), "{index}");
        }
    }

    #[test]
    fn what_is_not_drawn_is_not_in_the_bytes() {
        let plain = bytes(|_| ());
        assert_eq!(
            bytes(|chart| chart.stacked = true),
            plain,
            "lines do not stack"
        );
        assert_eq!(bytes(|chart| chart.range = Some((2.0, 1.0))), plain);
        assert_eq!(bytes(|chart| chart.note = Some(String::new())), plain);
        let nowhere = vec![mark(f64::NAN, MarkKind::Fault)];
        assert_eq!(bytes(|chart| chart.marks = nowhere), plain);
        let number = bytes(|chart| chart.x = Axis::Number);
        let zoned = bytes(|chart| {
            (chart.x, chart.zone) = (Axis::Number, "Asia/Tokyo".parse().unwrap());
        });
        assert_eq!(zoned, number);
        let threshold = Threshold {
            value: 1.0,
            label: String::new(),
        };
        let with = bytes(|chart| (chart.kind, chart.thresholds) = (Kind::Heat, vec![threshold]));
        assert_eq!(with, bytes(|chart| chart.kind = Kind::Heat));
    }

    #[test]
    fn every_list_has_its_limit() {
        let series = |count| {
            let one = || Series {
                name: String::new(),
                color: None,
                points: Vec::new(),
            };
            (0..count).map(|_| one()).collect::<Vec<_>>()
        };
        let refused = |change: &dyn Fn(&mut Chart)| -> Result<(), LimitError> {
            let mut chart = Chart::default();
            change(&mut chart);
            Scene::Chart(chart).check()
        };
        let error = refused(&|chart| chart.series = series(33)).unwrap_err();
        assert_eq!(error.to_string(), "series has 33 entries, more than 32");
        let heat =
            |count| refused(&move |chart| (chart.kind, chart.series) = (Kind::Heat, series(count)));
        assert!(heat(64).is_ok() && heat(65).is_err());
        let marks = |count| refused(&|chart| chart.marks = vec![mark(0.0, MarkKind::Note); count]);
        assert!(marks(64).is_ok());
        assert_eq!(marks(65).unwrap_err().parameter, "marks");
        let note = refused(&|chart| chart.note = Some("x".repeat(161))).unwrap_err();
        assert_eq!(note.to_string(), "note has 161 characters, more than 160");
    }
}
