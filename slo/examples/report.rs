//! Writes the page of a made-up release in which much went wrong, for looking at it:
//! `cargo run --release -p slo --example report -- FILE [fail|inconclusive|warn|pass]`. With
//! `--schema FILE` it writes the schema of the report instead.

use serde_json::{Value, json};
use slo::gate::{BudgetLine, Dependency, Grid, History, Mark, Report, Row, Span, html};

/// 2026-11-22 13:00:00 UTC, the end of the window and its columns.
const UNTIL: f64 = 1_795_352_400.0;
const FROM: f64 = UNTIL - 3_600.0;
const COLUMNS: u32 = 60;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("which file?")?;
    if file == "--schema" {
        let file = arguments.next().ok_or("which file?")?;
        return Ok(std::fs::write(file, slo::gate::schema())?);
    }
    let verdict = arguments.next().unwrap_or_else(|| "fail".to_owned());
    let report: Report = serde_json::from_value(report(&verdict))?;
    let history = if verdict == "inconclusive" {
        nothing_known()
    } else {
        history(verdict == "fail")
    };
    std::fs::write(file, html(&report, &history))?;
    Ok(())
}

fn report(verdict: &str) -> Value {
    let objectives = match verdict {
        "fail" => vec![missed(), undecided(), warned(), passed()],
        "inconclusive" => vec![undecided(), no_data(), passed()],
        "warn" => vec![warned(), passed()],
        _ => vec![passed()],
    };
    let exit_code = match verdict {
        "fail" => 1,
        "inconclusive" => 3,
        _ => 0,
    };
    json!({
        "schema": "proofmark.gate/2", "verdict": verdict, "exit_code": exit_code,
        "severity": "usual", "release": "1.4.0", "prometheus": "http://127.0.0.1:9090",
        "at": "2026-11-22T13:00:00Z", "window": "1h", "matchers": ["version=\"1.4.0\""],
        "min_events": 1000, "tool": "proofmark 0.1.0", "reasons": [],
        "remarks": ["The budget freeze is lifted by A. Turing: a security fix must go out."],
        "objectives": objectives, "releases": releases(verdict), "faults": faults(verdict),
    })
}

fn faults(verdict: &str) -> Value {
    if verdict != "fail" {
        return json!([]);
    }
    json!([{
        "fault": "latency", "target": "redis", "experiment": "redis-slow", "stage": "full",
        "from": "2026-11-22T12:34:00Z", "until": "2026-11-22T12:44:00Z"
    }])
}

fn objective(name: &str, verdict: &str, bad: f64, reasons: &Value) -> Value {
    let (total, target) = (182_340.0, 0.9995);
    let ratio = bad / total;
    json!({
        "name": name, "display_name": name, "service": "proofmark", "target": target,
        "verdict": verdict, "reasons": reasons, "unit": "events", "total_events": total,
        "bad_events": bad, "error_ratio": ratio, "error_ratio_lower": ratio * 0.98,
        "error_ratio_upper": ratio * 1.02 + 1.6e-5, "attainment": 1.0 - ratio,
        "allowed_bad_events": total * 0.0005, "budget_left": 1.0 - ratio / 0.0005,
        "burn_rate": ratio / 0.0005, "observed_seconds": 3_600.0, "has_up": true,
        "period": {
            "window": "7d", "is_complete": true, "total_events": 2.9e7, "bad_events": 9_700.0,
            "attainment": 0.99966, "budget_left": 0.33
        }
    })
}

fn missed() -> Value {
    let sentence = "0.85 % of 182,340 events were bad, 0.05 % may be. Do not ship this.";
    objective(
        "availability",
        "fail",
        1_551.0,
        &json!([{
            "code": "missed", "error_ratio": 0.0085, "allowed_ratio": 0.0005, "total": 182_340.0,
            "sentence": sentence
        }]),
    )
}

fn undecided() -> Value {
    let sentence = "412 events, 3,407 needed: 2,995 more. Send more traffic, widen --window or \
                    lower --min-events.";
    let mut objective = objective(
        "signed-cards",
        "inconclusive",
        0.0,
        &json!([{
            "code": "too_few_events", "seen": 412.0, "needed": 3_407, "unit": "events",
            "sentence": sentence
        }]),
    );
    objective["total_events"] = json!(412.0);
    objective["observed_seconds"] = json!(600.0);
    objective
}

fn no_data() -> Value {
    let sentence = "The query for good gave no series. Check its selector and --match, and that \
                    the service creates its series at start with 0.";
    let reasons = json!([{ "code": "no_data", "query": "good", "sentence": sentence }]);
    let mut objective = objective("latency", "inconclusive", 0.0, &reasons);
    for figure in [
        "total_events",
        "bad_events",
        "error_ratio",
        "error_ratio_lower",
        "error_ratio_upper",
        "attainment",
        "budget_left",
        "observed_seconds",
        "period",
    ] {
        objective[figure] = Value::Null;
    }
    objective
}

fn warned() -> Value {
    objective("latency", "warn", 82.0, &json!([]))
}

fn passed() -> Value {
    objective("degraded-answers", "pass", 9.0, &json!([]))
}

fn releases(verdict: &str) -> Value {
    let release = |name: &str, day: u8| {
        json!({
            "name": name, "since": format!("2026-11-{day:02}T09:00:00Z"),
            "until": format!("2026-11-{:02}T09:00:00Z", day + 2)
        })
    };
    let row = |figure: &str, current: f64, earlier: [f64; 3], verdict: &str, said: &str| {
        json!({
            "figure": figure, "objective": null, "current": current, "earlier": earlier,
            "p_value": if verdict == "fail" { 0.000_2 } else { 0.41 },
            "shift": current / earlier[0] - 1.0, "verdict": verdict, "sentence": said
        })
    };
    let rows = if verdict == "fail" {
        json!([
            row(
                "p99",
                0.214,
                [0.142, 0.139, 0.145],
                "fail",
                "P99 214 ms, was 142 ms in 1.3.0, 1.2.9, 1.2.8: 51 % slower, not chance (p 0.0002)."
            ),
            row(
                "p50",
                0.012,
                [0.012, 0.0118, 0.0125],
                "pass",
                "P50 12 ms, no worse."
            ),
            row(
                "error_ratio",
                0.0085,
                [0.0002, 0.0003, 0.0002],
                "fail",
                "0.85 % of the requests were bad, 0.02 % before: not chance (p 0.0002)."
            ),
            row(
                "saturation",
                0.44,
                [0.41, 0.43, 0.4],
                "pass",
                "Saturation 44 %, no worse."
            ),
        ])
    } else {
        json!([row(
            "p99",
            0.141,
            [0.142, 0.139, 0.145],
            "pass",
            "P99 141 ms, no worse."
        )])
    };
    json!({
        "current": release("1.4.0", 22), "rows": rows, "is_first": false,
        "earlier": [release("1.3.0", 19), release("1.2.9", 15), release("1.2.8", 11)]
    })
}

/// Noise that is the same every time, 0 to 1.
fn noise(at: f64, seed: f64) -> f64 {
    ((at * 12.989_8 + seed * 78.233).sin() * 43_758.545_3)
        .fract()
        .abs()
}

/// A value for each column; the columns in which Redis was slow are told.
fn columns(value: impl Fn(f64, bool) -> f64) -> Vec<(f64, f64)> {
    let column = |index: u32| {
        let is_slow = (34..44).contains(&index);
        let at = FROM + f64::from(index + 1) * 60.0;
        (at, value(f64::from(index), is_slow))
    };
    (0..COLUMNS).map(column).collect()
}

fn history(is_bad: bool) -> History {
    let fault = |slow: bool, value: f64| if slow && is_bad { value } else { 0.0 };
    let route = |name: &str, detail: &str, worst: f64, seed: f64| Row {
        name: name.to_owned(),
        detail: detail.to_owned(),
        points: columns(|at, slow| fault(slow, worst) * (0.6 + 0.4 * noise(at, seed))),
    };
    let mut idle = route("/v1/graph.png", "", 0.0, 4.0);
    idle.points.retain(|(at, _)| *at > FROM + 1_500.0);
    let routes = vec![
        route("/v1/chart.png", "1,302 bad", 0.31, 1.0),
        route("/v1/card.png", "249 bad", 0.08, 2.0),
        route("/", "", 0.0, 3.0),
        idle,
    ];
    History {
        from: FROM,
        until: UNTIL,
        routes: Some(grid(routes)),
        buckets: Some(grid(buckets(is_bad))),
        dependencies: dependencies(is_bad),
        budgets: budgets(is_bad),
        releases: vec![mark(3 * 86_400, "1.3.0"), mark(2_700, "1.4.0")],
        faults: if is_bad {
            vec![Span {
                from: FROM + 34.0 * 60.0,
                until: FROM + 44.0 * 60.0,
                text: "latency on redis".to_owned(),
            }]
        } else {
            Vec::new()
        },
        notes: vec!["P99 of dependencies: no data of a week before for pictures.".to_owned()],
    }
}

fn nothing_known() -> History {
    let notes = [
        "Bad requests by route: no data for http_server_request_duration_seconds_count\
         {http_response_status_code=~\"5..\"}, so nobody knows whether there were none.",
        "Error budget of latency: no data in 1h.",
    ];
    History {
        from: FROM,
        until: UNTIL,
        notes: notes.map(str::to_owned).to_vec(),
        ..History::default()
    }
}

fn mark(seconds_before: u32, text: &str) -> Mark {
    Mark {
        at: UNTIL - f64::from(seconds_before),
        text: text.to_owned(),
    }
}

fn grid(rows: Vec<Row>) -> Grid {
    Grid {
        rows,
        step_seconds: 60.0,
    }
}

fn buckets(is_bad: bool) -> Vec<Row> {
    let bounds = [
        ("> 2.5 s", 0.0, 0.04),
        ("≤ 2.5 s", 0.0, 0.09),
        ("≤ 1 s", 0.002, 0.14),
        ("≤ 500 ms", 0.01, 0.2),
        ("≤ 250 ms", 0.04, 0.2),
        ("≤ 100 ms", 0.11, 0.12),
        ("≤ 50 ms", 0.35, 0.11),
        ("≤ 25 ms", 0.4, 0.07),
        ("≤ 10 ms", 0.088, 0.03),
    ];
    let rows = bounds.into_iter().map(|(name, usual, slow)| Row {
        name: name.to_owned(),
        detail: String::new(),
        points: columns(|at, is_slow| {
            let share = if is_slow && is_bad { slow } else { usual };
            share * (0.8 + 0.4 * noise(at, usual))
        }),
    });
    rows.collect()
}

fn dependencies(is_bad: bool) -> Vec<Dependency> {
    let line = |usual: f64, slow: f64, seed: f64| {
        columns(|at, is_slow| {
            let value = if is_slow && is_bad { slow } else { usual };
            value * (0.8 + 0.4 * noise(at, seed))
        })
    };
    let dependency = |name: &str, usual: f64, slow: f64| Dependency {
        name: name.to_owned(),
        now: line(usual, slow, 5.0),
        week_before: line(usual, usual, 6.0),
    };
    let mut pictures = dependency("pictures", 0.24, 0.26);
    pictures.week_before.clear();
    // Nobody scraped for a while.
    pictures.now.drain(20..26);
    vec![
        pictures,
        dependency("prometheus", 0.042, 0.05),
        dependency("redis", 0.0021, 0.048),
    ]
}

fn budgets(is_bad: bool) -> Vec<BudgetLine> {
    let line = |name: &str, pace: f64, burst: f64| {
        let mut left = 1.0;
        let step = 7.0 * 86_400.0 / f64::from(COLUMNS);
        let mut points = vec![(UNTIL - 7.0 * 86_400.0, 1.0)];
        for index in 0..COLUMNS {
            left -= pace * (0.4 + noise(f64::from(index), pace));
            left -= if index + 1 == COLUMNS && is_bad {
                burst
            } else {
                0.0
            };
            points.push((UNTIL - step * f64::from(COLUMNS - index - 1), left));
        }
        BudgetLine {
            objective: name.to_owned(),
            window: "7d".to_owned(),
            points,
        }
    };
    vec![
        line("availability", 0.006, 0.74),
        line("latency", 0.009, 0.1),
        line("degraded-answers", 0.002, 0.0),
    ]
}
