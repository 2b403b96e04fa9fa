use super::super::ranks::Floor;
use super::*;

fn row(figure: Figure) -> Row {
    Row {
        figure,
        objective: (figure == Figure::Attainment).then(|| "availability".to_owned()),
        query: String::new(),
        floor: Floor {
            share: if figure == Figure::Attainment {
                0.0
            } else {
                0.1
            },
            absolute: 0.000_1,
        },
    }
}

/// So many values around a middle, a little different from each other.
fn around(middle: f64, number: u32) -> Values {
    let wave = |index: u32| 1.0 + (f64::from(index * 7 % 11) - 5.0) * 0.002;
    Values::Known((0..number).map(|index| middle * wave(index)).collect())
}

fn measured(figure: Figure, current: Values, earlier: &[Values]) -> Measured {
    Measured {
        row: row(figure),
        current,
        earlier: earlier.to_vec(),
        highest: None,
    }
}

fn told(rows: Vec<Measured>) -> Vec<Compared> {
    let earlier = ["1.3.0".to_owned(), "1.2.9".to_owned()];
    let names = Names {
        current: "1.4.0",
        earlier: &earlier[..rows[0].earlier.len()],
    };
    compared(rows, names)
}

fn one(measured: Measured) -> Compared {
    told(vec![measured]).remove(0)
}

#[test]
fn every_outcome_has_its_sentence() {
    let p99 = Figure::P99;
    let before = [around(0.14, 30), around(0.14, 30)];
    let beyond = Measured {
        highest: Some(10.0),
        ..measured(
            p99,
            Values::Known(vec![10.0; 30]),
            &[Values::Known(vec![10.0; 30])],
        )
    };
    let known = |values: &[f64], number: usize| Values::Known(values.repeat(number));
    let rows = [
        measured(p99, around(0.21, 30), &before),
        measured(p99, around(0.07, 30), &before),
        measured(p99, around(0.141, 30), &before),
        measured(p99, around(0.21, 7), &before),
        measured(
            p99,
            around(0.21, 30),
            &[around(0.14, 3), Values::Known(vec![])],
        ),
        measured(
            p99,
            Values::Unknown("there are 2 series where one is meant".to_owned()),
            &before,
        ),
        measured(p99, known(&[f64::INFINITY], 30), &before),
        beyond,
        measured(
            Figure::Attainment,
            known(&[0.99, 0.995], 15),
            &[known(&[1.0, 0.9999], 15)],
        ),
        measured(
            Figure::ErrorRatio,
            known(&[0.02, 0.01], 15),
            &[known(&[0.0], 30)],
        ),
        measured(Figure::Saturation, around(0.5, 30), &before),
    ];
    let lines: Vec<String> = rows
        .into_iter()
        .map(|row| {
            let row = one(row);
            format!("{}: {}", row.verdict, row.sentence)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_figures_of_a_row_are_medians() {
    let row = one(measured(
        Figure::P99,
        around(0.21, 30),
        &[around(0.14, 30), Values::Known(vec![])],
    ));
    assert!((row.current.unwrap() - 0.21).abs() < 1e-3);
    assert!((row.earlier[0].unwrap() - 0.14).abs() < 1e-3);
    assert_eq!(row.earlier[1], None);
    assert!((row.shift.unwrap() - 0.5).abs() < 0.02);
    assert!(row.p_value.unwrap() < 1e-4);
}

/// A chance of about 0.3 %: enough for one row, and not for one of eight.
#[test]
fn what_may_be_chance_among_many_rows_fails_none() {
    let numbers =
        |from: u32| Values::Known((from..from + 12).map(|i| f64::from(i) + 20.0).collect());
    let doubtful = || measured(Figure::P50, numbers(6), &[numbers(0)]);
    let alone = one(doubtful());
    let p = alone.p_value.unwrap();
    assert!((0.001_3..0.01).contains(&p), "{p}");
    assert_eq!(alone.verdict, Verdict::Fail);
    let even = || measured(Figure::P95, around(1.0, 20), &[around(1.0, 20)]);
    let rows = told([vec![doubtful()], vec![even(); 7]].concat());
    assert_eq!(rows[0].verdict, Verdict::Inconclusive);
    assert!(
        rows[0].sentence.contains("may be chance"),
        "{}",
        rows[0].sentence
    );
    assert!(rows[1..].iter().all(|row| row.verdict == Verdict::Pass));
}

/// However far apart, 8 against 8 values give no chance below 0.09 %.
#[test]
fn intervals_too_few_for_so_many_rows_are_inconclusive() {
    let few = || measured(Figure::P50, around(2.0, 8), &[around(1.0, 8)]);
    assert_eq!(one(few()).verdict, Verdict::Fail);
    let rows = told(vec![few(); 20]);
    assert!(rows.iter().all(|row| row.verdict == Verdict::Inconclusive));
}

#[test]
fn rows_of_which_nothing_is_known_are_inconclusive() {
    let rows = unknown(
        vec![row(Figure::P50), row(Figure::Attainment)],
        2,
        "1.4.0 runs beside 1.3.0",
    );
    assert!(rows.iter().all(|row| row.verdict == Verdict::Inconclusive));
    assert_eq!(
        rows[1].sentence,
        "Attainment of availability is not known: 1.4.0 runs beside 1.3.0."
    );
    assert_eq!(rows[1].earlier, [None, None]);
}

#[test]
fn two_digits_tell_something() {
    let texts = [0.0, 0.000_123, 0.0412, 0.21, 1.26, 12.6].map(two_digits);
    assert_eq!(texts, ["0", "0.00012", "0.041", "0.21", "1.3", "13"]);
}
