//! The composite action, step by step as a runner of GitHub takes it.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_yaml_ng::Value as Yaml;

use crate::server::{Server, server};
use crate::{PROGRAM, TOOLS, objectives, root};

/// What a job would give to the step: its inputs, and the folder in which it runs.
struct Job {
    inputs: BTreeMap<String, String>,
    /// Who must live as long as the job.
    server: Option<Arc<Server>>,
    folder: tempfile::TempDir,
}

/// What came of it.
#[derive(Debug, Default)]
struct Done {
    exit_code: i32,
    log: String,
    summary: String,
    outputs: BTreeMap<String, String>,
    /// Steps that call other actions: their name and their inputs.
    called: Vec<(String, BTreeMap<String, String>)>,
}

pub(crate) fn definition() -> Yaml {
    let text = std::fs::read_to_string(root().join("ci/action/action.yml")).unwrap();
    serde_yaml_ng::from_str(&text).unwrap()
}

fn texts(mapping: &Yaml) -> BTreeMap<String, String> {
    let Some(mapping) = mapping.as_mapping() else {
        return BTreeMap::new();
    };
    let text = |value: &Yaml| value.as_str().unwrap().to_owned();
    mapping
        .iter()
        .map(|(key, value)| (text(key), text(value)))
        .collect()
}

/// Values by their names in expressions, such as `inputs.slo`.
type Context = BTreeMap<String, String>;

/// The value of `a.b || c.d`; a name that nobody gave is empty, as GitHub has it.
fn value(expression: &str, context: &Context) -> String {
    let names = expression.split("||").map(str::trim);
    let values = names.map(|name| context.get(name).cloned().unwrap_or_default());
    values
        .into_iter()
        .find(|value| !value.is_empty())
        .unwrap_or_default()
}

fn filled(text: &str, context: &Context) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, after) = after.split_once("}}").unwrap();
        filled.push_str(before);
        filled.push_str(&value(expression.trim(), context));
        rest = after;
    }
    filled + rest
}

/// Whether a step is taken: terms such as `always()` and `steps.a.outputs.b == ''`.
fn is_taken(condition: Option<&str>, context: &Context, has_failed: bool) -> bool {
    let condition = condition.unwrap_or_default();
    let terms = condition.split("&&").map(str::trim);
    let holds = |term: &str| match term {
        "" | "always()" => true,
        _ => {
            let (name, is_equal) = match (term.split_once("=="), term.split_once("!=")) {
                (Some((name, right)), None) if right.trim() == "''" => (name, true),
                (None, Some((name, right))) if right.trim() == "''" => (name, false),
                _ => panic!("this test does not know the condition {term:?}"),
            };
            value(name.trim(), context).is_empty() == is_equal
        }
    };
    (!has_failed || condition.contains("always()")) && terms.into_iter().all(holds)
}

impl Job {
    /// A job that gates the Prometheus of the tests by the objectives of the guide.
    fn new() -> Self {
        let server = server();
        let mut job = Self::without_prometheus().with("prometheus", &server.url);
        job.server = Some(server);
        job
    }

    /// The same where nobody answers.
    fn without_prometheus() -> Self {
        Self::without_inputs()
            .with("prometheus", "http://127.0.0.1:1")
            .with("slo", &objectives())
            .with("window", "5m")
            .with("proofmark", PROGRAM)
    }

    fn without_inputs() -> Self {
        Self {
            inputs: BTreeMap::new(),
            server: None,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn with(mut self, input: &str, value: &str) -> Self {
        self.inputs.insert(input.to_owned(), value.to_owned());
        self
    }

    /// A program in place of the real one: a script.
    fn with_program(self, script: &str) -> Self {
        let file = self.folder.path().join("stand-in");
        std::fs::write(&file, format!("#!/bin/sh\n{script}")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        self.with("proofmark", &file.display().to_string())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn context(&self, definition: &Yaml) -> Context {
        let mut context = Context::from([("github.sha".to_owned(), "4f3c2b1".to_owned())]);
        let declared = definition["inputs"].as_mapping().unwrap();
        for name in self.inputs.keys() {
            assert!(declared.contains_key(name.as_str()), "no input {name}");
        }
        for (name, input) in declared {
            let name = name.as_str().unwrap();
            let default = input["default"].as_str().unwrap_or_default();
            let given = self.inputs.get(name).cloned();
            let value = given.unwrap_or_else(|| filled(default, &context));
            context.insert(format!("inputs.{name}"), value);
        }
        context
    }

    fn run(&self) -> Done {
        let definition = definition();
        let mut context = self.context(&definition);
        let mut done = Done::default();
        for step in definition["runs"]["steps"].as_sequence().unwrap() {
            if !is_taken(step["if"].as_str(), &context, done.exit_code != 0) {
                continue;
            }
            if let Some(action) = step["uses"].as_str() {
                let inputs = texts(&step["with"]).into_iter();
                let inputs = inputs.map(|(name, text)| (name, filled(&text, &context)));
                done.called.push((action.to_owned(), inputs.collect()));
                continue;
            }
            let id = step["id"].as_str().unwrap();
            let outputs = self.step(step, &context, &mut done);
            context.extend(
                outputs
                    .into_iter()
                    .map(|(name, value)| (format!("steps.{id}.outputs.{name}"), value)),
            );
        }
        for (name, output) in definition["outputs"].as_mapping().unwrap() {
            let value = filled(output["value"].as_str().unwrap(), &context);
            done.outputs
                .insert(name.as_str().unwrap().to_owned(), value);
        }
        done.summary = std::fs::read_to_string(self.path("summary")).unwrap_or_default();
        done
    }

    /// Runs one script in a shell as the runner starts it; its outputs.
    fn step(&self, step: &Yaml, context: &Context, done: &mut Done) -> BTreeMap<String, String> {
        assert_eq!(step["shell"].as_str(), Some("bash"));
        let script = self.path("step.sh");
        std::fs::write(&script, step["run"].as_str().unwrap()).unwrap();
        let outputs = self.path("outputs");
        std::fs::write(&outputs, "").unwrap();
        let environment = texts(&step["env"]).into_iter();
        let output = Command::new("bash")
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail"])
            .arg(&script)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", TOOLS)
            .env("GITHUB_ACTION_PATH", root().join("ci/action"))
            .env("GITHUB_OUTPUT", &outputs)
            .env("GITHUB_STEP_SUMMARY", self.path("summary"))
            .env("RUNNER_TEMP", self.folder.path())
            .envs(environment.map(|(name, text)| (name, filled(&text, context))))
            .output()
            .unwrap();
        let code = output.status.code().unwrap();
        if done.exit_code == 0 {
            done.exit_code = code;
        }
        for stream in [&output.stdout, &output.stderr] {
            done.log.push_str(&String::from_utf8_lossy(stream));
        }
        read_outputs(&outputs)
    }
}

fn read_outputs(file: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(file).unwrap();
    let pairs = text.lines().map(|line| line.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

impl Done {
    /// The artifact, when there is one: its name and its folder.
    fn artifact(&self) -> Option<(&str, &str)> {
        let upload = |(action, _): &&(String, _)| action.starts_with("actions/upload-artifact@");
        let (_, inputs) = self.called.iter().find(upload)?;
        Some((inputs["name"].as_str(), inputs["path"].as_str()))
    }

    fn output(&self, name: &str) -> &str {
        &self.outputs[name]
    }
}

#[test]
fn a_release_that_keeps_its_promises_passes() {
    let job = Job::new();
    let done = job.run();
    assert_eq!(done.exit_code, 0, "{}", done.log);
    assert_eq!(done.output("verdict"), "pass");
    assert_eq!(done.output("exit-code"), "0");
    let first = done.summary.lines().next().unwrap();
    assert!(first.contains("pass"), "{}", done.summary);
    assert!(done.summary.contains("4f3c2b1"), "{}", done.summary);
    assert!(done.log.contains("verdict: pass"), "{}", done.log);
    assert_eq!(done.artifact(), Some(("gate", "gate")));
    assert!(job.path(done.output("report")).exists());
    assert!(job.path("gate/gate.junit.xml").is_file());
}

#[test]
fn what_is_not_known_stops_the_job_and_leaves_its_report() {
    let job = Job::new()
        .with("match", "job=prometheus\r\n\ninstance=canary:9090\n")
        .with("out", "reports/gate of the canary")
        .with("artifact", "canary");
    let done = job.run();
    assert_eq!(done.exit_code, 3, "{}", done.log);
    assert_eq!(done.output("verdict"), "inconclusive");
    assert_eq!(done.output("exit-code"), "3");
    assert!(done.summary.contains("no_data"), "{}", done.summary);
    assert!(
        done.log.contains("::error title=Gate: inconclusive::"),
        "{}",
        done.log
    );
    assert_eq!(
        done.artifact(),
        Some(("canary", "reports/gate of the canary"))
    );
    let report = job.path("reports/gate of the canary/gate.json");
    assert!(
        std::fs::read_to_string(report)
            .unwrap()
            .contains("canary:9090")
    );
}

#[test]
fn advice_succeeds_and_says_that_it_is_advice() {
    let done = Job::new()
        .with("match", "instance=canary:9090")
        .with("advisory", "true")
        .run();
    assert_eq!(done.exit_code, 0, "{}", done.log);
    assert_eq!(done.output("verdict"), "inconclusive");
    assert!(
        done.log.contains("::warning title=Gate: inconclusive::"),
        "{}",
        done.log
    );
}

#[test]
fn what_is_misused_has_no_verdict_and_no_report() {
    let job = Job::without_prometheus().with("slo", "nowhere");
    // The report of an earlier run lies in the way.
    std::fs::create_dir(job.path("gate")).unwrap();
    std::fs::write(
        job.path("gate/gate.json"),
        "{\n  \"verdict\": \"pass\"\n}\n",
    )
    .unwrap();
    let done = job.run();
    assert_eq!(done.exit_code, 2, "{}", done.log);
    assert_eq!(done.output("verdict"), "none");
    assert!(done.log.contains("nowhere"), "{}", done.log);
    assert!(done.summary.contains("no verdict"), "{}", done.summary);
    assert_eq!(done.artifact(), None);

    for (input, value) in [
        ("strict", "yes"),
        ("release", "1\n--advisory"),
        ("out", "a\nb"),
    ] {
        let done = Job::without_prometheus().with(input, value).run();
        assert_eq!(done.exit_code, 2, "{input}: {}", done.log);
        assert_eq!(done.output("verdict"), "none");
        assert!(done.log.contains(&format!("input {input}")), "{}", done.log);
    }
}

#[test]
fn inputs_are_values_and_never_commands() {
    let hostile = "\"; touch pwned; $(touch pwned) `touch pwned` ' #";
    for input in [
        "prometheus",
        "slo",
        "window",
        "release",
        "match",
        "wait",
        "timeout",
    ] {
        let job = Job::without_prometheus().with(input, hostile);
        let done = job.run();
        assert!(!job.path("pwned").exists(), "{input} was run");
        let expected = if input == "release" { 3 } else { 2 };
        assert_eq!(done.exit_code, expected, "{input}: {}", done.log);
    }
    // A value that begins with a hyphen is no flag.
    let done = Job::without_prometheus().with("slo", "--advisory").run();
    assert_eq!(done.exit_code, 2, "{}", done.log);
}

#[test]
fn arguments_and_secrets_reach_the_program_each_by_its_way() {
    let job = Job::without_inputs()
        .with("prometheus", "http://127.0.0.1:1")
        .with("slo", "a b/\n\nc/*.yaml")
        .with("policy", "gate.yaml")
        .with("match", "zone=a\nversion=1")
        .with("strict", "true")
        .with("wait", "20m")
        .with("bearer", "s3cret")
        .with_program("printf '%s\\n' \"$@\" >arguments; env >environment; exit 3\n");
    let done = job.run();
    assert_eq!(done.exit_code, 3, "{}", done.log);
    let arguments = std::fs::read_to_string(job.path("arguments")).unwrap();
    assert_eq!(
        arguments.lines().collect::<Vec<_>>(),
        [
            "gate",
            "--prometheus=http://127.0.0.1:1",
            "--slo=a b/",
            "--slo=c/*.yaml",
            "--policy=gate.yaml",
            "--window=1h",
            "--release=4f3c2b1",
            "--match=zone=a",
            "--match=version=1",
            "--strict",
            "--wait=20m",
            "--timeout=30s",
            "--out=gate",
        ]
    );
    let environment = std::fs::read_to_string(job.path("environment")).unwrap();
    assert!(environment.contains("PROOFMARK_PROMETHEUS_BEARER=s3cret\n"));
    assert!(!environment.contains("PROOFMARK_PROMETHEUS_BASIC"));
    assert!(!done.log.contains("s3cret") && !done.summary.contains("s3cret"));
}

#[test]
fn success_without_a_verdict_is_no_success() {
    for script in [
        "exit 0\n",
        "mkdir -p gate; echo '{' >gate/gate.json\n",
        "mkdir -p gate; printf '{\\n  \"verdict\": \"splendid\"\\n}\\n' >gate/gate.json\n",
    ] {
        let job = Job::without_inputs().with_program(script);
        let done = job.run();
        assert_eq!(done.exit_code, 70, "{script}: {}", done.log);
        assert_eq!(done.output("verdict"), "none");
    }
}

#[test]
fn text_of_others_is_no_command_to_the_runner() {
    let done = Job::without_inputs()
        .with_program("echo '::add-mask::x'; echo '::error::y' >&2; exit 1\n")
        .run();
    let (_, rest) = done.log.split_once("::stop-commands::").unwrap();
    let (token, rest) = rest.split_once('\n').unwrap();
    assert!(token.len() >= 32, "{token}");
    let (stopped, _) = rest.split_once(&format!("::{token}::\n")).unwrap();
    assert_eq!(stopped, "::add-mask::x\n::error::y\n");
}

#[test]
fn a_summary_fits_and_is_cut_between_lines() {
    let script = "mkdir -p gate\nprintf '{\\n  \"verdict\": \"fail\",\\n}\\n' >gate/gate.json\n\
                  yes 'äöü äöü äöü' | head -n 60000 >gate/gate.md\nexit 1\n";
    let done = Job::without_inputs().with_program(script).run();
    assert_eq!(done.exit_code, 1, "{}", done.log);
    assert_eq!(done.output("verdict"), "fail");
    assert!(done.summary.len() > 900_000 && done.summary.len() < 1_048_576);
    let mut lines = done.summary.lines().rev();
    assert!(lines.next().unwrap().contains("Cut here"));
    assert!(lines.all(|line| line.is_empty() || line == "äöü äöü äöü"));
}

#[test]
fn a_program_that_is_not_there_is_built_from_these_sources() {
    // Only the search: the build itself takes minutes.
    let job = Job::without_inputs();
    let run = |given: &str, outputs: &str| {
        let file = job.path(outputs);
        let status = Command::new(root().join("ci/action/program"))
            .arg("find")
            .env_clear()
            .env("PATH", TOOLS)
            .env("GATE_BINARY", given)
            .env("GITHUB_OUTPUT", &file)
            .env("RUNNER_TEMP", "/runner")
            .output()
            .unwrap()
            .status;
        let found = std::fs::read_to_string(file).unwrap_or_default();
        (status.code(), found)
    };
    let (code, found) = run("", "first");
    assert_eq!(code, Some(0));
    assert!(
        found.starts_with("folder=/runner/proofmark\nkey=proofmark-Linux-"),
        "{found}"
    );
    assert_eq!(
        found,
        run("", "second").1,
        "the same sources have the same key"
    );
    let (code, found) = run(PROGRAM, "third");
    assert_eq!(
        (code, found.trim()),
        (Some(0), format!("program={PROGRAM}").as_str())
    );
    assert_eq!(
        run("/nowhere/proofmark", "fourth"),
        (Some(2), String::new())
    );
}
