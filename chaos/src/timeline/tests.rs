use proptest::prelude::*;
use render::Mark;

use super::*;

/// Names of others at their worst.
const HOSTILE: &str = "</svg><script>alert(1)</script>\u{202e}\u{1b}[31m\n\u{0}";

fn size(png: &[u8]) -> (u32, u32) {
    let number = |from: usize| u32::from_be_bytes(png[from..from + 4].try_into().unwrap());
    (number(16), number(20))
}

/// Writes a picture where a reviewer can look at it, when asked to.
fn kept(name: &str, png: &[u8]) {
    if let Some(folder) = std::env::var_os("TIMELINE_PICTURES") {
        let file = std::path::Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(file, png).unwrap();
    }
}

/// Pixels are held by hashes where they are drawn; look at these with
/// `TIMELINE_PICTURES=DIR cargo test`.
#[test]
fn timelines_are_as_high_as_what_they_show() {
    let mut empty = sample::held();
    (empty.stages, empty.faults) = (Vec::new(), Vec::new());
    (empty.samples, empty.detections) = (Vec::new(), Vec::new());
    let mut single = sample::held();
    single.samples.truncate(1);
    single.samples[0].points.truncate(1);
    let mut seen = String::new();
    for (name, journal) in [
        ("held", sample::held()),
        ("unfelt", sample::unfelt()),
        ("crowded", sample::crowded(HOSTILE)),
        ("empty", empty),
        ("single", single),
    ] {
        let png = draw_timeline(&journal).unwrap();
        kept(name, &png);
        let (width, height) = size(&png);
        let mut timeline = timeline(&journal).unwrap();
        timeline.theme = render::Theme::Dark;
        let mut painter = Painter::new(Arc::new(Fonts::bundled().unwrap()));
        let dark = painter.draw_timeline(&timeline).unwrap().png;
        kept(&format!("{name}-dark"), &dark);
        let (lanes, strips) = (timeline.lanes.len(), timeline.strips.len());
        let marks = timeline.marks.len();
        seen += &format!(
            "{name:<8} {width} × {height}  {lanes} lanes, {marks} marks, {strips} strips\n"
        );
    }
    insta::assert_snapshot!(seen);
}

#[test]
fn what_happened_is_marked_on_one_axis_of_seconds() {
    let timeline = timeline(&sample::held()).unwrap();
    assert_eq!(timeline.seconds, (0.0, 109.4));
    let told = |mark: &Mark| format!("{:>6.1}  {}", mark.at, mark.label);
    let marks: Vec<String> = timeline.marks.iter().map(told).collect();
    insta::assert_snapshot!(marks.join("\n"));
    let lanes = timeline.lanes.iter().map(|lane| {
        let bars = lane.bars.iter();
        let bars =
            bars.map(|bar| format!("{} {}–{} ({})", bar.label, bar.from, bar.to, bar.strength));
        format!("{}: {}", lane.name, bars.collect::<Vec<_>>().join("; "))
    });
    insta::assert_snapshot!(lanes.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_fault_that_was_left_behind_has_no_end_and_there_is_no_way_back() {
    let mut journal = sample::held();
    journal.faults[2].end_seconds = None;
    let timeline = timeline(&journal).unwrap();
    let bar = &timeline.lanes[1].bars[2];
    assert!(bar.is_open && bar.label.starts_with("LEFT BEHIND: "));
    assert!(
        timeline
            .marks
            .iter()
            .all(|mark| mark.label != "rolled back")
    );
}

#[test]
fn more_than_there_is_room_for_is_counted() {
    let mut journal = sample::crowded("x");
    let fault = journal.faults[0].clone();
    journal.faults = (0..400)
        .map(|number| crate::FaultRecord {
            target: format!("proxy-{number}"),
            ..fault.clone()
        })
        .collect();
    let timeline = timeline(&journal).unwrap();
    let said = &timeline.subtitle;
    assert!(said.contains("376 more faults are not drawn"), "{said}");
    assert!(said.contains("3 more probes are not drawn"), "{said}");
    let (width, height) = size(&draw_timeline(&journal).unwrap());
    assert!(width == 1_200 && height < 2_500, "{height}");
}

#[test]
fn what_is_no_number_is_refused_by_name() {
    let mut journal = sample::held();
    journal.samples[1].points[3].1 = Some(f64::NAN);
    let failure = draw_timeline(&journal).unwrap_err();
    insta::assert_snapshot!(failure, @"journal of redis-slow: point 3 of share-of-server-errors is no number, expected seconds and values that are");
    let mut journal = sample::held();
    journal.faults[0].end_seconds = Some(f64::INFINITY);
    let failure = draw_timeline(&journal).unwrap_err().to_string();
    assert!(
        failure.contains("faults[0] (redis-answers-late)"),
        "{failure}"
    );
    let mut journal = sample::held();
    journal.duration = f64::NAN;
    assert!(draw_timeline(&journal).is_err());
}

#[test]
fn ten_thousand_points_are_drawn() {
    let mut journal = sample::held();
    journal.samples[0].points = (0..10_000)
        .map(|at| (f64::from(at) / 100.0, Some(f64::from(at % 100))))
        .collect();
    assert_eq!(size(&draw_timeline(&journal).unwrap()).0, 1_200);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_numbers_are_drawn_or_refused(
        times in prop::collection::vec((any::<f64>(), prop::option::of(any::<f64>())), 0..40),
        bounds in (prop::option::of(any::<f64>()), prop::option::of(any::<f64>())),
        fault in (any::<f64>(), prop::option::of(any::<f64>())),
    ) {
        let mut journal = sample::held();
        journal.samples[0].points = times;
        (journal.samples[0].least, journal.samples[0].most) = bounds;
        (journal.faults[0].start_seconds, journal.faults[0].end_seconds) = fault;
        match draw_timeline(&journal) {
            Ok(png) => prop_assert_eq!(size(&png).0, 1_200),
            Err(failure) => prop_assert!(failure.to_string().contains("no number"), "{}", failure),
        }
    }
}
