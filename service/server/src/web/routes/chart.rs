//! `GET /v1/chart.png`: a chart of what Prometheus says.

use render::Chart;

use super::*;
use crate::source::{ChartRequest, Data, LastGood, SourceError};

/// Where the words of a note end, in characters.
const NOTE_CHARACTERS_MAX: usize = render::NOTE_CHARACTERS_MAX;

/// What is drawn, and how far it is from what was asked for.
struct Drawing {
    chart: Chart,
    degraded: Option<Degraded>,
    /// Whether Prometheus had doubts about the data.
    is_doubtful: bool,
}

impl Routes {
    /// `GET /v1/chart.png`: a chart by its name, or by a signed query.
    ///
    /// 400 invalid parameter or query; 401 and 403 a query without a signature that holds; 404 no
    /// such chart; 422 over a limit; 502 Prometheus without an answer, 503 shed or left alone, 504
    /// deadline exceeded, each only if there is no older data to show.
    pub(crate) async fn get_chart(&self, head: &Parts) -> Result<Reply, Problem> {
        let admitted = self.admit(head)?;
        let deadline = deadline(admitted.patience);
        let request = self.source.parse(&admitted.parameters, clock::wall())?;
        // Before Prometheus is asked for it.
        Scene::Chart(request.chart(None)).check()?;
        let asked = self.source.get(&request, deadline).await;
        let drawing = match asked.result {
            Ok(data) => Drawing::of(&request, &data),
            Err(error) => self.older(&request, error)?,
        };
        let scene = Scene::Chart(drawing.chart);
        scene.check()?;
        let mut served = self.serve(scene, deadline).await?;
        with_earlier(&mut served, asked.timings.to_vec());
        let keep = match admitted.holds {
            _ if !request.is_pinned || drawing.is_doubtful => Keep::Revalidate,
            Some(holds) => Keep::Signed {
                seconds: holds.as_secs(),
            },
            None => Keep::Pinned,
        };
        Ok(self.show(served, Kind::Chart, keep, drawing.degraded))
    }

    /// The newest data from before, with its age on it, if that is better than an error.
    fn older(&self, request: &ChartRequest, error: SourceError) -> Result<Drawing, Problem> {
        let last = self.source.last_good(request).filter(|_| error.is_outage());
        match last {
            Some(last) => Ok(Drawing::of_older(request, &last, &error)),
            None => Err(error.into()),
        }
    }
}

impl Drawing {
    fn of(request: &ChartRequest, data: &Data) -> Self {
        let mut notes = data.notes.clone();
        if data.is_coarse {
            let step = humantime::format_duration(data.step);
            notes.insert(0, format!("coarser than asked for: a point each {step}"));
        }
        Self {
            chart: chart(request, data, &notes),
            degraded: data.is_coarse.then_some(Degraded {
                level: DegradedLevel::Partial,
                reason: DegradedReason::Step,
            }),
            is_doubtful: !data.notes.is_empty(),
        }
    }

    fn of_older(request: &ChartRequest, last: &LastGood, error: &SourceError) -> Self {
        let age = Duration::from_secs(last.age.as_secs().max(1));
        let age = humantime::format_duration(age);
        let note = format!("the last good data, {age} old: {error}");
        let reason = match error {
            SourceError::Late => DegradedReason::Deadline,
            _ => DegradedReason::Source,
        };
        Self {
            chart: chart(request, &last.data, &[note]),
            degraded: Some(Degraded {
                level: DegradedLevel::Stale,
                reason,
            }),
            is_doubtful: true,
        }
    }
}

fn chart(request: &ChartRequest, data: &Data, notes: &[String]) -> Chart {
    let moment = data.evaluated_at.strftime("%Y-%m-%d %H:%M:%S UTC");
    let note = notes.join("; ");
    Chart {
        range: Some((data.start, data.end)),
        evaluated_at: Some(format!("evaluated {moment}")),
        note: Some(cut(note)).filter(|note| !note.is_empty()),
        ..request.chart(Some(data))
    }
}

/// As much of a note as fits a chart.
fn cut(note: String) -> String {
    if note.chars().count() <= NOTE_CHARACTERS_MAX {
        return note;
    }
    let kept = note.chars().take(NOTE_CHARACTERS_MAX - 1);
    kept.chain(['…']).collect()
}
