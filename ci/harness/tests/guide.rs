//! The guide of the gate is followed to the letter, and the reference names what there is.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as a test does"
)]

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_yaml_ng::Value as Yaml;

const GUIDE: &str = "docs/gate-your-own-service.md";
const REFERENCE: &str = "docs/gate.md";

/// The port that the guide gives to Prometheus; here it gets a free one.
const GUIDE_ADDRESS: &str = "127.0.0.1:9090";

/// All commands of the guide together, in seconds.
const GUIDE_SECONDS_MAX: &str = "240";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A fenced block of a page.
#[derive(Debug)]
struct Block {
    /// What the comment `<!-- … -->` on the line before it says.
    mark: String,
    language: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut mark = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inner = lines.by_ref().take_while(|line| !line.starts_with("```"));
            let text: String = inner.flat_map(|line| [line, "\n"]).collect();
            blocks.push(Block {
                mark: std::mem::take(&mut mark),
                language: language.to_owned(),
                text,
            });
        } else {
            let comment = line
                .strip_prefix("<!-- ")
                .and_then(|rest| rest.strip_suffix(" -->"));
            mark = comment.unwrap_or_default().to_owned();
        }
    }
    blocks
}

/// A step of the guide: what is typed, and lines that are then seen.
#[derive(Debug)]
struct Step {
    typed: String,
    seen: Vec<String>,
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in blocks(page) {
        match block.language.as_str() {
            "sh" if block.mark.starts_with("not run") => {}
            "sh" => steps.push(Step {
                typed: block.text,
                seen: Vec::new(),
            }),
            "text" => {
                let step = steps.last_mut().expect("output stands after its commands");
                step.seen.extend(block.text.lines().map(str::to_owned));
            }
            _ => {}
        }
    }
    steps
}

/// Whether a line is as the page shows it; `…` stands for any text.
fn is_like(line: &str, shown: &str) -> bool {
    let parts: Vec<&str> = shown.split('…').map(str::trim).collect();
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    let line = line.trim();
    if parts.len() == 1 {
        return line == first;
    }
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    for part in &parts[1..parts.len() - 1] {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The first line of `shown` that is not in `output`, in this order.
fn missing<'a>(output: &str, shown: &'a [String]) -> Option<&'a String> {
    let mut lines = output.lines();
    shown
        .iter()
        .find(|shown| !lines.by_ref().any(|line| is_like(line, shown)))
}

/// A free address. Its port lies below those that the system gives to callers, so that no
/// connection of another test takes it before Prometheus does.
fn free_address() -> String {
    let first = 20_000 + u16::try_from(std::process::id() % 1_000).unwrap() * 10;
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let port = (first..first + 1_000).find(is_free).unwrap();
    format!("127.0.0.1:{port}")
}

/// What the shell prints between two steps.
const MARK: &str = "=== the next step of the guide ===";

/// Types all steps into one shell; what each of them printed.
fn typed(steps: &[Step]) -> Vec<String> {
    let address = free_address();
    let mut script = "exec 2>&1\ntrap 'kill $(jobs -p); wait' EXIT\n".to_owned();
    for step in steps {
        script.push_str(&step.typed.replace(GUIDE_ADDRESS, &address));
        script.push_str(&format!("\necho '{MARK}'\n"));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guide.sh");
    std::fs::write(&file, script).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_proofmark")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("timeout")
        .args(["--kill-after=5", GUIDE_SECONDS_MAX, "bash", "-u"])
        .arg(&file)
        .current_dir(root())
        .env("PATH", format!("{}:{path}", program.display()))
        .env("TMPDIR", folder.path())
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let mark = format!("{MARK}\n");
    output.split(&mark).map(str::to_owned).collect()
}

#[test]
fn the_guide_does_what_it_says() {
    let page = read(GUIDE);
    let steps = steps(&page);
    assert!(steps.len() >= 10, "only {} steps were found", steps.len());
    let skipped = blocks(&page)
        .into_iter()
        .filter(|block| block.mark.starts_with("not run"));
    assert_eq!(skipped.count(), 1, "only the build may be left out");
    let printed = typed(&steps);
    let mut wrong = String::new();
    for (index, step) in steps.iter().enumerate() {
        let output = printed
            .get(index)
            .map_or("(it never came to this)", String::as_str);
        if index + 1 >= printed.len() || missing(output, &step.seen).is_some() {
            let line = missing(output, &step.seen);
            wrong += &format!(
                "--- typed\n{}--- seen\n{output}--- not seen: {line:?}\n",
                step.typed
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_shown_is_looked_for_in_order() {
    let shown = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| (*line).to_owned())
            .collect::<Vec<_>>()
    };
    let output = "  pass  a   99.9 %\nmore\nverdict: pass\nexit code 0\n";
    assert_eq!(
        missing(
            output,
            &shown(&["pass…a…", "…verdict: pass…", "exit code 0"])
        ),
        None
    );
    for lines in [
        ["exit code 3", ""],
        ["exit code", ""],
        ["verdict: pass", "pass…a…"],
        ["fail…", ""],
        ["pass…b…%", ""],
    ] {
        let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        assert!(missing(output, &shown(&lines)).is_some(), "{lines:?}");
    }
}

/// The lines of a YAML text that mean something.
fn bare(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| line.split(" #").next().unwrap().trim_end());
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .flat_map(|line| [line.trim_start_matches("  # "), "\n"])
        .collect()
}

#[test]
fn the_files_that_the_guide_shows_are_those_that_it_uses() {
    let mut shown = 0;
    for block in blocks(&read(GUIDE)) {
        let Some(file) = block.mark.strip_prefix("part of ") else {
            continue;
        };
        assert!(
            bare(&read(file)).contains(&bare(&block.text)),
            "{file} has no such part"
        );
        shown += 1;
    }
    assert_eq!(shown, 3);
}

fn marked(mark: &str) -> Yaml {
    let block = blocks(&read(GUIDE))
        .into_iter()
        .find(|block| block.mark == mark);
    serde_yaml_ng::from_str(&block.unwrap().text).unwrap()
}

#[test]
fn the_jobs_that_the_guide_shows_fit_the_action_and_the_template() {
    let action: Yaml = serde_yaml_ng::from_str(&read("ci/action/action.yml")).unwrap();
    let inputs = action["inputs"].as_mapping().unwrap();
    let job = &marked("workflow")["jobs"]["release"]["steps"][1];
    assert!(job["uses"].as_str().unwrap().contains("/ci/action@"));
    let given = job["with"].as_mapping().unwrap();
    for name in given.keys() {
        assert!(
            inputs.contains_key(name),
            "the action has no input {name:?}"
        );
    }
    for (name, input) in inputs {
        let is_required = input["required"].as_bool() == Some(true);
        assert!(
            !is_required || given.contains_key(name),
            "the guide leaves out {name:?}"
        );
    }
    let template: Yaml = serde_yaml_ng::from_str(&read("ci/gitlab.yaml")).unwrap();
    let job = &marked("pipeline")["gate"];
    let template = &template[job["extends"].as_str().unwrap()];
    for name in job["variables"].as_mapping().unwrap().keys() {
        let known = template["variables"].as_mapping().unwrap();
        assert!(known.contains_key(name), "the template has no {name:?}");
    }
}

/// Targets of the links of a page, without those that lead out of the repository.
fn links(page: &str) -> BTreeSet<String> {
    let targets = page
        .split("](")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap());
    let local = targets.filter(|target| !target.contains("://"));
    local
        .map(|target| target.split('#').next().unwrap().to_owned())
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    for page in [GUIDE, REFERENCE] {
        let links = links(&read(page));
        assert!(links.len() >= 4, "{page}: {links:?}");
        let is_gone = |target: &&String| !root().join("docs").join(target).exists();
        let gone: Vec<&String> = links.iter().filter(is_gone).collect();
        assert!(gone.is_empty(), "{page} links to {gone:?}");
    }
}

/// Codes of reasons, as the gate spells them.
fn codes() -> BTreeSet<String> {
    let source = read("slo/src/gate/reason.rs");
    let (_, rest) = source
        .split_once("fn code(&self)")
        .expect("reasons have codes");
    let (body, _) = rest.split_once("\n    }\n").unwrap();
    let quoted = body.split('"').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

#[test]
fn the_reference_explains_every_reason() {
    let page = read(REFERENCE);
    let (_, rest) = page.split_once("## Reasons").unwrap();
    let (table, _) = rest.split_once("\n## ").unwrap();
    let mut explained = BTreeSet::new();
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [code, verdict, meaning, help] = cells[..] else {
            panic!("expected four cells: {row}");
        };
        assert!(["fail", "inconclusive"].contains(&verdict), "{row}");
        assert!(!meaning.is_empty() && !help.is_empty(), "{row}");
        let is_new = explained.insert(code.trim_matches('`').to_owned());
        assert!(is_new, "{code} is explained twice");
    }
    let codes = codes();
    assert!(codes.len() >= 15, "{codes:?}");
    assert_eq!(
        explained, codes,
        "the table (left) and the codes (right) differ"
    );
}

#[test]
fn the_reference_lists_every_exit_code() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_proofmark"));
    let output = program.arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let (_, rest) = help.split_once("Exit codes:").unwrap();
    let (known, _) = rest.split_once('.').unwrap();
    let known: Vec<&str> = known
        .split(',')
        .map(|one| one.split_whitespace().next().unwrap())
        .collect();
    let page = read(REFERENCE);
    let (_, rest) = page.split_once("## Exit codes").unwrap();
    let (table, _) = rest.split_once("\n## ").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| "));
    let listed = rows.map(|row| row.split(' ').next().unwrap());
    let listed: Vec<&str> = listed.filter(|cell| cell.parse::<u8>().is_ok()).collect();
    assert_eq!(listed, known);
    assert!(known.len() >= 6, "{known:?}");
}

/// Flags that the program knows, of a verb.
fn flags_of(verb: &[&str]) -> BTreeSet<String> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_proofmark"));
    let output = program.args(verb).arg("--help").output().unwrap();
    flags(&String::from_utf8(output.stdout).unwrap())
}

fn flags(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let is_letter = |c: char| c.is_ascii_lowercase();
    let flags = words.filter(|word| {
        let name = word.strip_prefix("--");
        name.is_some_and(|name| name.starts_with(is_letter))
    });
    flags.map(str::to_owned).collect()
}

#[test]
fn every_flag_that_the_pages_name_exists() {
    let mut known = flags_of(&["gate"]);
    known.extend(flags_of(&["slo", "check"]));
    known.extend(["--help".to_owned()]);
    // Flags of other programs.
    let foreign = [
        "--locked",
        "--path",
        "--config",
        "--storage",
        "--web",
        "--retry",
        "--retry-delay",
        "--retry-all-errors",
    ];
    for page in [GUIDE, REFERENCE] {
        let named = flags(&read(page));
        let unknown: Vec<&String> = named
            .iter()
            .filter(|flag| !known.contains(*flag) && !foreign.contains(&flag.as_str()))
            .collect();
        assert!(unknown.is_empty(), "{page} names {unknown:?}");
    }
}
