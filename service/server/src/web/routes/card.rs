//! `GET /v1/card.png`.

use http::request::Parts;
use render::Raster;
use signals::{ErrorType, span};

use super::*;
use crate::upstream::UpstreamError;
use crate::web::card;

/// Part of the time left that is kept for drawing when a picture is fetched first.
const DRAWING_SHARE: u32 = 4;

/// The most that is kept.
const DRAWING_RESERVE_MAX: Duration = Duration::from_millis(250);

impl Routes {
    /// `GET /v1/card.png`: one card as PNG.
    ///
    /// 400 invalid parameter; 401 and 403 a picture without a signature that holds; 422 over a limit,
    /// a picture from where none may come, or `strict` and no glyph; 503 shed, with `Retry-After`;
    /// 504 deadline exceeded. A picture that cannot be had leaves a degraded card.
    pub(crate) async fn get_card(&self, head: &Parts) -> Result<Reply, Problem> {
        let admitted = self.admit(head)?;
        let deadline = deadline(admitted.patience);
        let request = card::parse(&admitted.parameters)?;
        let mut scene = Scene::Card(request.card);
        // Before anything is fetched for it.
        scene.check()?;
        if request.strict {
            self.pictures.check_glyphs(&scene)?;
        }
        let (mut timings, mut degraded) = (Vec::new(), None);
        if let (Scene::Card(card), Some(url)) = (&mut scene, &request.picture) {
            card.picture = self.fetch(url, deadline, &mut timings).await?;
            degraded = card.picture.is_none().then_some(Degraded {
                level: DegradedLevel::Partial,
                reason: DegradedReason::Picture,
            });
        }
        let mut served = self.serve(scene, deadline).await?;
        with_earlier(&mut served, timings);
        if request.picture.is_none() && admitted.holds.is_none() {
            let query = head.uri.query().unwrap_or_default();
            self.pictures.keep_recent(query, &served.picture);
        }
        Ok(self.show(served, Kind::Card, Keep::Revalidate, degraded))
    }

    /// The picture of a card; none if it cannot be had, which is logged where it is known why.
    async fn fetch(
        &self,
        url: &str,
        deadline: Deadline,
        timings: &mut Vec<Timing>,
    ) -> Result<Option<Raster>, Problem> {
        let start = clock::now();
        let left = deadline.left(start);
        let patience = left - (left / DRAWING_SHARE).min(DRAWING_RESERVE_MAX);
        let fetched = self
            .upstream
            .fetch(url, Deadline::after(start, patience))
            .await;
        let error = match &fetched {
            Err(UpstreamError::Failed(_)) => ErrorType::Response,
            _ => ErrorType::None,
        };
        timings.push(Timing {
            span: span::PICTURE_FETCH,
            start,
            end: clock::now(),
            error,
        });
        match fetched {
            Ok(raster) => Ok(Some(raster)),
            Err(UpstreamError::Failed(_)) => Ok(None),
            Err(UpstreamError::NotAllowed(why)) => Err(Problem::picture_not_allowed(&why)),
        }
    }
}
