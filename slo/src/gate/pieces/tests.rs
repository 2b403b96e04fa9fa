use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::ask::{Deadline, Source};
use super::super::server::Server;
use super::*;
use crate::prometheus::Client;

/// A time on the full hour, in seconds since 1970.
const END: i64 = 1_799_996_400;

const HOUR: i64 = 3_600;

fn at() -> Timestamp {
    Timestamp::from_second(END).unwrap()
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3_600)
}

#[test]
fn pieces_lie_side_by_side_and_fill_the_window() {
    for (window, pieces) in [(hours(168), 64), (Duration::from_millis(1_000_003), 16)] {
        let mut end = at();
        for (piece_end, length) in parts(at(), window, pieces) {
            assert_eq!(piece_end, end);
            end = piece_end
                .checked_sub(SignedDuration::try_from(length).unwrap())
                .unwrap();
        }
        assert_eq!(at().duration_since(end).unsigned_abs(), window);
    }
}

#[test]
fn no_piece_is_too_short_to_be_counted_in() {
    assert!(has_shorter(hours(1), 1) && has_shorter(hours(1), 2));
    assert!(
        !has_shorter(hours(1), 4),
        "an eighth of an hour is less than ten minutes"
    );
    assert!(has_shorter(hours(720), 32) && !has_shorter(hours(720), 64));
}

#[test]
fn nothing_anywhere_is_no_data_and_nothing_somewhere_is_a_hole() {
    let values = |pieces: &[&[f64]]| {
        let pieces: Vec<Vec<f64>> = pieces.iter().map(|piece| piece.to_vec()).collect();
        let sum = sum(&pieces);
        (sum.reading.values, sum.holes)
    };
    assert_eq!(values(&[&[], &[]]), (vec![], 0));
    assert_eq!(values(&[&[1.0], &[2.0], &[4.0]]), (vec![7.0], 0));
    assert_eq!(
        values(&[&[], &[2.0], &[]]),
        (vec![2.0], 0),
        "it began and ended"
    );
    assert_eq!(values(&[&[1.0], &[], &[], &[4.0]]), (vec![5.0], 2));
    assert_eq!(values(&[&[1.0], &[2.0, 3.0]]), (vec![2.0, 3.0], 0));
    assert!(values(&[&[1.0], &[f64::NAN]]).0[0].is_nan());
    assert_eq!(values(&[&[1.0], &[f64::INFINITY]]).0, [f64::INFINITY]);
}

#[test]
fn only_a_refusal_because_of_size_is_asked_again() {
    let lost = |kind, message: &str| Lost {
        kind,
        message: format!("http://a answered 422: execution: {message}"),
    };
    for words in TOO_LARGE {
        assert!(is_too_large(&lost(LostKind::Refused, words)));
        assert!(!is_too_large(&lost(LostKind::Unreachable, words)));
    }
    assert!(!is_too_large(&lost(
        LostKind::Refused,
        "many-to-many matching not allowed"
    )));
}

proptest! {
    #[test]
    fn the_sum_is_that_of_whatever_is_there(
        pieces in prop::collection::vec(prop::option::of(0_u32..1_000_000), 1..64),
    ) {
        let expected: f64 = pieces.iter().flatten().map(|value| f64::from(*value)).sum();
        let values: Vec<Vec<f64>> = pieces
            .iter()
            .map(|value| value.iter().map(|value| f64::from(*value)).collect())
            .collect();
        let sum = sum(&values);
        let any = pieces.iter().any(Option::is_some);
        prop_assert_eq!(sum.reading.values, if any { vec![expected] } else { vec![] });
        prop_assert!(usize::try_from(sum.holes).unwrap() <= pieces.len());
    }
}

/// A week of a counter that grows by day and rests at night, with a restart in it; and one that is
/// missing for the middle day.
fn history() -> String {
    let mut text = String::from("# TYPE events counter\n");
    let week = 7 * 24 * HOUR;
    for (job, has_hole) in [("whole", false), ("holed", true)] {
        let mut value = 0.0;
        let mut time = 0;
        while time <= week {
            let hour = time / HOUR % 24;
            value += if hour >= 6 { 45.0 } else { 0.0 };
            if time == 100 * HOUR + 15 {
                value = 0.0;
            }
            let is_missing = has_hole && (72 * HOUR..96 * HOUR).contains(&time);
            if !is_missing {
                let stamp = END - week + time;
                let _ = writeln!(text, r#"events_total{{job="{job}"}} {value} {stamp}"#);
            }
            time += 15;
        }
    }
    text + "# EOF\n"
}

/// Asks a server for the whole, and hands back what came.
async fn counted(server: &Server, query: &str) -> Asked<Pieced> {
    let client = Client::new(server.url(), Duration::from_secs(30)).unwrap();
    let deadline = Deadline::after(Duration::from_secs(60));
    let source = Source::Live {
        client: &client,
        recorder: None,
        deadline,
    };
    let asker = Asker::new(source, client.address(), 4).looking_at(at());
    let fill = |length: Duration| Ok(query.replace("WINDOW", &crate::window::text(length)));
    events_over(&asker, fill, hours(168), &mut Warnings::default()).await
}

fn only(pieced: &Pieced) -> f64 {
    assert_eq!(pieced.reading.values.len(), 1, "{pieced:?}");
    pieced.reading.values[0]
}

/// Both servers have the same history; one of them may load few samples only.
#[tokio::test]
async fn a_server_that_refuses_the_whole_gives_the_same_count_in_pieces() {
    let history = history();
    let large = Server::start(&history, &[]).await;
    let small = Server::start(&history, &["--query.max-samples=5000"]).await;
    let query = r#"sum(increase(events_total{job="whole"}[WINDOW]))"#;
    let whole = counted(&large, query).await.unwrap();
    let pieced = counted(&small, query).await.unwrap();
    assert_eq!(
        (whole.pieces, pieced.pieces),
        (1, 16),
        "40,320 samples in parts of at most 5,000"
    );
    // 18 of 24 hours in each day, 45 events in each 15 seconds.
    let made = f64::from(7 * 18 * 240 * 45);
    for events in [only(&whole), only(&pieced)] {
        assert!((events / made - 1.0).abs() < 0.01, "{events} of {made}");
    }
    assert!((only(&pieced) / only(&whole) - 1.0).abs() < 0.01);
    assert_eq!((whole.holes, pieced.holes), (0, 0));

    let holed = counted(&small, &query.replace("whole", "holed"))
        .await
        .unwrap();
    assert_eq!(
        (holed.pieces, holed.holes),
        (16, 2),
        "a day is two pieces and a bit"
    );
    assert!(
        only(&holed) < only(&pieced) * 0.9,
        "what came in the hole is not in them"
    );

    let nothing = counted(&small, &query.replace("whole", "none"))
        .await
        .unwrap();
    assert_eq!(nothing.reading.values, [0.0; 0]);
    let several = counted(&small, "increase(events_total[WINDOW])")
        .await
        .unwrap();
    assert_eq!(several.reading.values.len(), 2);
    let refused = counted(&small, "sum(increase(events_total[WINDOW:1s]))").await;
    let lost = refused.unwrap_err();
    assert!(
        is_too_large(&lost),
        "9,450 samples in the smallest part: {lost:?}"
    );
    let wrong = counted(&small, "sum(increase(events_total[WINDOW]").await;
    assert_eq!(wrong.unwrap_err().kind, LostKind::BadQuery);
}
