use proptest::prelude::*;

use super::board::sentence;
use super::screen::width_of_painted;
use super::*;

const PLAIN: Look = Look {
    columns: 80,
    rows: 23,
    is_unicode: true,
    is_coloured: false,
};

fn probe(name: &str, value: Option<f64>, holds: bool) -> ProbeNow {
    ProbeNow {
        name: name.to_owned(),
        value,
        holds,
    }
}

/// A second of a run, `second` seconds into its last stage.
fn moment(second: u32) -> Moment {
    let slow = f64::from(second) * 0.05;
    let secs = |seconds| Some(Duration::from_secs(seconds));
    Moment {
        experiment: "redis-slow".to_owned(),
        stage: "full".to_owned(),
        number: 3,
        count: 3,
        elapsed: Duration::from_secs(second.into()),
        planned: Duration::from_secs(20),
        faults: vec![
            ActiveFault {
                text: "latency 800 ms on redis".to_owned(),
                lease_left: secs(48),
            },
            ActiveFault {
                text: "collector down".to_owned(),
                lease_left: None,
            },
        ],
        probes: vec![
            probe("service-answers", Some(200.0), true),
            probe("p95-seconds", Some(slow), slow < 0.5),
            probe("share-of-server-errors", Some(0.0), true),
            probe(
                "requests-per-second",
                (!second.is_multiple_of(5)).then_some(17.96),
                true,
            ),
            probe("延迟-的-九十五-百分位-数", Some(1.25e-5), true),
        ],
    }
}

fn board() -> Board {
    let mut board = Board::default();
    for second in 1..=15 {
        board.update(moment(second));
    }
    board
}

fn shown(look: Look) -> String {
    board().lines(look).join("\n")
}

#[test]
fn a_block_of_80_columns_shows_everything() {
    insta::assert_snapshot!(shown(PLAIN));
}

#[test]
fn a_block_of_40_columns_shows_less_of_it() {
    insta::assert_snapshot!(shown(Look {
        columns: 40,
        ..PLAIN
    }));
}

#[test]
fn a_terminal_without_unicode_is_spared_it() {
    let text = shown(Look {
        is_unicode: false,
        ..PLAIN
    });
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn colours_are_beside_the_words_and_each_ends_on_its_line() {
    let look = Look {
        is_coloured: true,
        ..PLAIN
    };
    for line in board().lines(look) {
        let on = line.matches("\x1b[").count() - line.matches("\x1b[0m").count();
        assert_eq!(on, line.matches("\x1b[0m").count(), "{line:?}");
        assert!(width_of_painted(&line) <= 80, "{line:?}");
    }
    assert!(shown(look).contains("\x1b[31m✗ \x1b[0m"));
}

#[test]
fn before_the_stages_there_is_no_number_and_before_all_there_is_no_block() {
    assert_eq!(Board::default().lines(PLAIN), [] as [String; 0]);
    let mut board = Board::default();
    board.update(Moment {
        experiment: "redis-slow".to_owned(),
        stage: "before".to_owned(),
        elapsed: Duration::from_secs(61),
        ..Moment::default()
    });
    insta::assert_snapshot!(board.lines(PLAIN).join("\n"), @"redis-slow · before                                                    1 min 1 s");
}

#[test]
fn another_experiment_begins_with_no_values_of_the_one_before() {
    let mut board = board();
    board.update(Moment {
        experiment: "redis-gone".to_owned(),
        ..moment(1)
    });
    let line = board
        .lines(PLAIN)
        .into_iter()
        .find(|line| line.contains("p95"));
    assert_eq!(line.unwrap(), "  ✓ p95-seconds                   0.05  ▁");
}

#[test]
fn many_faults_and_probes_are_counted_and_never_higher_than_the_terminal() {
    let mut crowd = moment(3);
    crowd.faults = (0..30).map(|_| crowd.faults[0].clone()).collect();
    crowd.probes = (0..100)
        .map(|number| probe(&format!("probe-{number}"), Some(1.0), true))
        .collect();
    let mut board = Board::default();
    board.update(crowd);
    let lines = board.lines(Look { rows: 60, ..PLAIN });
    assert!(
        lines.iter().any(|line| line == "  and 22 more faults"),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| line == "  and 84 more probes"),
        "{lines:?}"
    );
    assert_eq!(board.lines(Look { rows: 7, ..PLAIN }).len(), 7);
}

#[test]
fn plain_lines_come_every_five_seconds_and_with_each_stage() {
    let mut plain = Plain::default();
    let mut said = Vec::new();
    for second in 0..12 {
        said.extend(plain.line(&moment(second), Duration::from_secs(second.into())));
    }
    let last = Moment {
        stage: "rollback".to_owned(),
        number: 0,
        planned: Duration::ZERO,
        faults: Vec::new(),
        ..moment(0)
    };
    said.extend(plain.line(&last, Duration::from_secs(12)));
    let lines: Vec<String> = said.iter().flat_map(|text| sentence(text, PLAIN)).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn figures_take_nine_columns_at_most() {
    let figures = [
        0.0,
        -0.5,
        0.012_345,
        1.5,
        17.96,
        200.0,
        1e6,
        -1e300,
        1.25e-5,
        123.456,
        f64::NAN,
    ];
    let texts = figures.map(figure);
    assert_eq!(
        texts,
        [
            "0", "-0.5", "0.012", "1.5", "18", "200", "1000000", "-1.0e300", "1.3e-5", "123", "?"
        ]
    );
    assert!(texts.iter().all(|text| text.len() <= 9));
}

/// Names of others at their worst.
fn any_text() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec![
            "a",
            "long-name",
            "延迟",
            "\x1b[2J",
            "\n",
            "\r",
            "\t",
            "\u{202e}",
            "\u{7}",
            "e\u{301}",
            "👩‍👩‍👧",
            "…",
            " ",
            "\u{9b}31m",
            "\u{0}",
        ]),
        0..30,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_line_is_wider_than_asked_or_moves_the_cursor(
        names in prop::collection::vec(any_text(), 0..20),
        values in prop::collection::vec(prop::option::of(any::<f64>()), 1..60),
        columns in 0..200_usize,
        is_unicode: bool,
        is_coloured: bool,
        seconds in 0..100_000_u64,
    ) {
        let look = Look { columns, rows: 50, is_unicode, is_coloured };
        let mut board = Board::default();
        for value in values {
            board.update(Moment {
                experiment: names.concat(),
                stage: names.first().cloned().unwrap_or_default(),
                number: names.len(),
                count: 3,
                elapsed: Duration::from_secs(seconds),
                planned: Duration::from_secs(seconds / 3),
                faults: names.iter().map(|name| ActiveFault {
                    text: name.clone(),
                    lease_left: Some(Duration::from_secs(seconds)),
                }).collect(),
                probes: names.iter().map(|name| probe(name, value, true)).collect(),
            });
        }
        let said = names.iter().flat_map(|name| sentence(name, look));
        for line in board.lines(look).into_iter().chain(said) {
            let room = columns.clamp(24, 80);
            prop_assert!(width_of_painted(&line) <= room, "{room}: {line:?}");
            let bare = ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[35m"]
                .iter().fold(line.clone(), |line, code| line.replace(code, ""));
            prop_assert!(!bare.chars().any(char::is_control), "{line:?}");
            prop_assert!(!bare.contains('\u{202e}') && (is_unicode || bare.is_ascii()), "{line:?}");
        }
    }
}
