//! `POST /v1/chart.png` and `POST /v1/graph.png`: what is drawn stands in the body.

use bytes::Bytes;
use hyper::body::Incoming;

use super::*;
use crate::web::{body, chart, graph, query};

/// Bodies above this are parsed beside the async threads, where they hold up nobody.
const PARSED_INLINE_BYTES: usize = 32 * 1024;

/// Reads a body, nested so deep at most.
type Parse = fn(&[u8], usize) -> Result<Scene, Problem>;

impl Routes {
    /// `POST /v1/chart.png`: a chart of the series in the body as PNG.
    ///
    /// 400 invalid body, or broken off; 408 body late; 413 body too large; 415 not JSON; 422 over a
    /// limit, or `strict` and no glyph; 503 shed, with `Retry-After`; 504 deadline exceeded.
    pub(crate) async fn post_chart(
        &self,
        head: &Parts,
        content: &mut Option<Incoming>,
    ) -> Result<Reply, Problem> {
        let parse = |body: &[u8], depth| chart::parse(body, depth).map(Scene::from);
        self.post(head, content, parse).await
    }

    /// `POST /v1/graph.png`: a graph of the nodes and edges in the body as PNG, or how it differs
    /// from the graph before.
    ///
    /// As for charts. A layout that was too much work is a simpler one, and degraded.
    pub(crate) async fn post_graph(
        &self,
        head: &Parts,
        content: &mut Option<Incoming>,
    ) -> Result<Reply, Problem> {
        let parse = |body: &[u8], depth| graph::parse(body, depth).map(Scene::from);
        self.post(head, content, parse).await
    }

    async fn post(
        &self,
        head: &Parts,
        content: &mut Option<Incoming>,
        parse: Parse,
    ) -> Result<Reply, Problem> {
        let admitted = self.admit(head)?;
        let mut is_strict = false;
        query::each_parameter(&admitted.parameters, &["strict"], |name, value| {
            let parsed = value.parse();
            is_strict =
                parsed.map_err(|_| Problem::parameter(name, "It must be true or false."))?;
            Ok(())
        })?;
        body::check_is_json(&head.headers)?;
        let body = match content.take() {
            Some(content) => body::read(head, content, &self.bodies).await?,
            None => Bytes::new(),
        };
        // Parsing may have to wait for a thread, and that counts.
        let deadline = deadline(admitted.patience);
        let (depth_max, pictures) = (self.json_depth_max, Arc::clone(&self.pictures));
        let is_small = body.len() <= PARSED_INLINE_BYTES;
        let read = move || -> Result<(Scene, Key), Problem> {
            let scene = parse(&body, depth_max)?;
            scene.check()?;
            if is_strict {
                pictures.check_glyphs(&scene)?;
            }
            let key = pictures.key(&scene);
            Ok((scene, key))
        };
        let read = if is_small {
            read()
        } else {
            tokio::task::spawn_blocking(read)
                .await
                .unwrap_or_else(|_| Err(Problem::internal()))
        };
        let (scene, key) = read?;
        let kind = kind_of(&scene);
        let served = self.serve_as(key, scene, deadline).await?;
        Ok(self.show(served, kind, Keep::Revalidate, None))
    }
}
