//! The body of `POST /v1/graph.png`.

use render::{Before, Direction, Edge, Graph, Node, State, Theme};
use serde::Deserialize;

use super::json::{self, choice};
use super::members::{Number, Object, Pixels};
use super::problem::Problem;
use super::query::check_text;

/// A graph as JSON. Names are those of [`Graph`]; what is left out is as in its default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GraphBody {
    width: Option<Pixels>,
    height: Option<Pixels>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    subtitle: String,
    theme: Option<String>,
    direction: Option<String>,
    nodes: Vec<Object<NodeBody>>,
    #[serde(default)]
    edges: Vec<Object<EdgeBody>>,
    before: Option<Object<BeforeBody>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeBody {
    id: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    detail: String,
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EdgeBody {
    from: String,
    to: String,
    #[serde(default)]
    label: String,
    weight: Option<Number>,
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BeforeBody {
    nodes: Vec<Object<NodeBody>>,
    #[serde(default)]
    edges: Vec<Object<EdgeBody>>,
}

/// The graph that a body describes.
pub(crate) fn parse(body: &[u8], depth_max: usize) -> Result<Graph, Problem> {
    let graph = graph(json::read(body, depth_max)?)?;
    graph
        .check_names()
        .map_err(|error| Problem::parameter(error.parameter(), error.to_string()))?;
    Ok(graph)
}

fn graph(body: GraphBody) -> Result<Graph, Problem> {
    let default = Graph::default();
    check_text("title", &body.title)?;
    check_text("subtitle", &body.subtitle)?;
    let before = body.before.map(|Object(before)| {
        Ok::<_, Problem>(Box::new(Before {
            nodes: nodes("before.", before.nodes)?,
            edges: edges("before.", before.edges)?,
        }))
    });
    Ok(Graph {
        width: body.width.map_or(default.width, |Pixels(width)| width),
        height: body.height.map_or(default.height, |Pixels(height)| height),
        title: body.title,
        subtitle: body.subtitle,
        theme: choice::<Theme>("theme", body.theme)?.unwrap_or(default.theme),
        direction: choice::<Direction>("direction", body.direction)?.unwrap_or(default.direction),
        nodes: nodes("", body.nodes)?,
        edges: edges("", body.edges)?,
        before: before.transpose()?,
    })
}

fn nodes(prefix: &str, nodes: Vec<Object<NodeBody>>) -> Result<Vec<Node>, Problem> {
    let node = |(index, Object(node)): (usize, Object<NodeBody>)| {
        let parameter = |member: &str| format!("{prefix}nodes[{index}].{member}");
        check_text(&parameter("id"), &node.id)?;
        check_text(&parameter("label"), &node.label)?;
        check_text(&parameter("detail"), &node.detail)?;
        Ok(Node {
            id: node.id,
            label: node.label,
            detail: node.detail,
            state: choice::<State>(&parameter("state"), node.state)?,
        })
    };
    nodes.into_iter().enumerate().map(node).collect()
}

fn edges(prefix: &str, edges: Vec<Object<EdgeBody>>) -> Result<Vec<Edge>, Problem> {
    let edge = |(index, Object(edge)): (usize, Object<EdgeBody>)| {
        let parameter = |member: &str| format!("{prefix}edges[{index}].{member}");
        check_text(&parameter("label"), &edge.label)?;
        Ok(Edge {
            from: edge.from,
            to: edge.to,
            label: edge.label,
            weight: weight(&parameter("weight"), edge.weight)?,
            state: choice::<State>(&parameter("state"), edge.state)?,
        })
    };
    edges.into_iter().enumerate().map(edge).collect()
}

/// 1 if there is none. A weight below zero has no width.
fn weight(parameter: &str, weight: Option<Number>) -> Result<f64, Problem> {
    let Number(weight) = weight.unwrap_or(Number(Edge::default().weight));
    if weight < 0.0 {
        return Err(Problem::parameter(parameter, "It is less than 0."));
    }
    Ok(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &[u8]) -> String {
        let problem = parse(body, 16).unwrap_err();
        let parameter = problem.parameter.as_deref().unwrap();
        format!(
            "{} {parameter}: {}",
            problem.status.as_str(),
            problem.detail
        )
    }

    #[test]
    fn every_member_is_read() {
        let body = br#"{
            "title": "Services", "subtitle": "now", "theme": "dark", "direction": "right",
            "width": 640, "height": 320,
            "nodes": [{"id": "a", "label": "edge", "detail": "2 instances", "state": "warning"}, {"id": "b"}],
            "edges": [{"from": "a", "to": "b", "label": "calls", "weight": 2.5, "state": "failed"}],
            "before": {"nodes": [{"id": "b"}], "edges": [{"from": "b", "to": "b"}]}
        }"#;
        let graph = parse(body, 16).unwrap();
        assert_eq!(
            (graph.width, graph.height, graph.theme, graph.direction),
            (640, 320, Theme::Dark, Direction::Right)
        );
        assert_eq!(
            (graph.title.as_str(), graph.subtitle.as_str()),
            ("Services", "now")
        );
        let node = &graph.nodes[0];
        assert_eq!(
            (node.label.as_str(), node.detail.as_str()),
            ("edge", "2 instances")
        );
        assert_eq!(
            (node.state, graph.nodes[1].state),
            (Some(State::Warning), None)
        );
        let edge = &graph.edges[0];
        assert_eq!((edge.weight, edge.label.as_str()), (2.5, "calls"));
        assert_eq!(edge.state, Some(State::Failed));
        let before = graph.before.unwrap();
        assert_eq!(
            (before.nodes[0].id.as_str(), before.edges[0].weight),
            ("b", 1.0)
        );
    }

    #[test]
    fn a_bad_body_names_its_member() {
        let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
        let bodies: &[&[u8]] = &[
            b"",
            b"{}",
            b"[]",
            b"{\"nodes\":[]} x",
            deep.as_bytes(),
            b"{\"nodes\":[{\"id\":\"a\"},{\"label\":\"b\"}]}",
            b"{\"nodes\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"a\"}]}",
            b"{\"nodes\":[[\"a\"]]}",
            b"{\"nodes\":[{\"id\":\"a\\u0000\"}]}",
            b"{\"nodes\":[{\"id\":\"a\",\"state\":\"fine\"}]}",
            b"{\"nodes\":[{\"id\":\"a\"}],\"edges\":[{\"from\":\"a\",\"to\":\"b\"}]}",
            b"{\"nodes\":[{\"id\":\"a\"}],\"edges\":[{\"from\":\"a\"}]}",
            b"{\"nodes\":[{\"id\":\"a\"}],\"edges\":[{\"from\":\"a\",\"to\":\"a\",\"weight\":-1}]}",
            b"{\"nodes\":[{\"id\":\"a\"}],\"edges\":[{\"from\":\"a\",\"to\":\"a\",\"weight\":1e999}]}",
            b"{\"nodes\":[],\"before\":{\"nodes\":[{\"id\":\"a\",\"label\":\"\\n\"}]}}",
            b"{\"nodes\":[],\"before\":{\"nodes\":[],\"edges\":[{\"from\":\"x\",\"to\":\"x\"}]}}",
            b"{\"nodes\":[],\"before\":{\"nodes\":[],\"before\":{}}}",
            b"{\"nodes\":[],\"direction\":\"up\"}",
        ];
        let report: Vec<String> = bodies.iter().map(|body| refusal(body)).collect();
        insta::assert_snapshot!(report.join("\n"));
    }

    #[test]
    fn a_body_of_any_bytes_is_a_graph_or_a_refusal() {
        const FUZZ_TIME: std::time::Duration = std::time::Duration::from_secs(2);
        bolero::check!(name = "graph")
            .with_test_time(FUZZ_TIME)
            .with_max_len(1_000)
            .for_each(|bytes: &[u8]| match parse(bytes, 16) {
                Ok(graph) => {
                    let mut turned = graph.clone();
                    turned.nodes.reverse();
                    turned.edges.reverse();
                    let (one, other) = (render::Scene::Graph(graph), render::Scene::Graph(turned));
                    assert_eq!(one.canonical_bytes(), other.canonical_bytes());
                    let _ = one.check();
                }
                Err(problem) => assert!(problem.parameter.is_some(), "{}", problem.detail),
            });
    }
}
