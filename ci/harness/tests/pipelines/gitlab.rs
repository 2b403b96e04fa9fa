//! The template of GitLab: its script, in the shell of a small image.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use serde_yaml_ng::Value as Yaml;

use crate::server::server;
use crate::{PROGRAM, TOOLS, objectives, root};

pub(crate) fn template() -> Yaml {
    let text = std::fs::read_to_string(root().join("ci/gitlab.yaml")).unwrap();
    let all: Yaml = serde_yaml_ng::from_str(&text).unwrap();
    all[".proofmark-gate"].clone()
}

/// Runs the script with the variables of the template and those of a job.
fn run(folder: &Path, variables: &[(&str, &str)]) -> Output {
    let template = template();
    let own = template["variables"].as_mapping().unwrap().iter();
    let text = |value: &Yaml| value.as_str().unwrap().to_owned();
    let mut all: BTreeMap<String, String> =
        own.map(|(name, value)| (text(name), text(value))).collect();
    for (name, value) in variables {
        assert!(all.contains_key(*name), "the template has no {name}");
        all.insert((*name).to_owned(), (*value).to_owned());
    }
    let lines = template["script"].as_sequence().unwrap().iter().map(text);
    let program = Path::new(PROGRAM).parent().unwrap().display();
    Command::new("sh")
        .args(["-c", &lines.collect::<Vec<_>>().join("\n")])
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{program}:{TOOLS}"))
        .envs(all)
        .output()
        .unwrap()
}

fn log(output: &Output) -> String {
    let streams = [&output.stdout, &output.stderr];
    streams
        .map(|stream| String::from_utf8_lossy(stream).into_owned())
        .concat()
}

#[test]
fn a_release_that_keeps_its_promises_passes_and_is_shown_as_tests() {
    let folder = tempfile::tempdir().unwrap();
    let (server, objectives) = (server(), objectives());
    // What a shell would put in place of a star.
    std::fs::write(folder.path().join("--release=another"), "").unwrap();
    let output = run(
        folder.path(),
        &[
            ("GATE_PROMETHEUS", &server.url),
            ("GATE_SLO", &objectives),
            ("GATE_WINDOW", "5m"),
            ("GATE_RELEASE", "*"),
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", log(&output));
    let text = log(&output);
    assert!(text.contains("release *,"), "{text}");
    let template = template();
    let artifacts = &template["artifacts"];
    let junit = artifacts["reports"]["junit"].as_str().unwrap();
    let shown = std::fs::read_to_string(folder.path().join(junit)).unwrap();
    for objective in ["query-availability", "query-latency"] {
        assert!(shown.contains(objective), "{shown}");
    }
    assert_eq!(artifacts["when"].as_str(), Some("always"));
    let kept = artifacts["paths"][0].as_str().unwrap();
    assert!(folder.path().join(kept).join("gate.json").is_file());
}

#[test]
fn what_is_not_known_stops_the_job() {
    let folder = tempfile::tempdir().unwrap();
    let (server, objectives) = (server(), objectives());
    let output = run(
        folder.path(),
        &[
            ("GATE_PROMETHEUS", &server.url),
            ("GATE_SLO", &objectives),
            ("GATE_WINDOW", "5m"),
            ("GATE_MATCH", "job=prometheus\ninstance=canary:9090"),
        ],
    );
    assert_eq!(output.status.code(), Some(3), "{}", log(&output));
    assert!(log(&output).contains("no_data"), "{}", log(&output));
}

#[test]
fn what_is_misused_stops_the_job_before_it_asks() {
    let hostile = "\"; touch pwned; $(touch pwned) `touch pwned` ' #";
    let several = "1\n--min-events=5";
    for (name, value) in [
        ("GATE_PROMETHEUS", ""),
        ("GATE_SLO", ""),
        ("GATE_SLO", hostile),
        ("GATE_WINDOW", hostile),
        ("GATE_RELEASE", several),
        ("GATE_STRICT", "yes"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let earlier = folder.path().join("gate");
        std::fs::create_dir(&earlier).unwrap();
        let objectives = objectives();
        let mut variables = vec![
            ("GATE_PROMETHEUS", "http://127.0.0.1:1"),
            ("GATE_SLO", objectives.as_str()),
        ];
        variables.push((name, value));
        let output = run(folder.path(), &variables);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{name}={value:?}: {}",
            log(&output)
        );
        assert!(!folder.path().join("pwned").exists(), "{name} was run");
    }
}
