//! What must hold for every chart, whatever its numbers are.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic, helpers outside of test functions too"
)]

use std::cell::RefCell;
use std::sync::Arc;

use proptest::prelude::*;
use render::{Axis, Chart, Color, Fonts, Kind, Painter, Scene, Series};

thread_local! {
    /// Parsing fonts for each case would take most of the time.
    static PAINTER: RefCell<Painter> =
        RefCell::new(Painter::new(Arc::new(Fonts::bundled().unwrap())));
}

fn drawn(chart: Chart) -> Vec<u8> {
    let scene = Scene::Chart(chart);
    let picture = PAINTER.with_borrow_mut(|painter| painter.draw(&scene, &mut |_| ()));
    picture.unwrap().png
}

/// Whether two pictures show the same: a palette is filled in drawing order, and where it has a colour
/// that is close enough, an edge takes that one.
fn are_alike(one: &[u8], other: &[u8]) -> bool {
    const CLOSE: u8 = 24;
    let pixels = |png| image::load_from_memory(png).unwrap().into_rgb8().into_raw();
    let (one, other) = (pixels(one), pixels(other));
    one.len() == other.len() && one.iter().zip(&other).all(|(a, b)| a.abs_diff(*b) <= CLOSE)
}

fn chart(kind: Kind, series: Vec<Series>) -> Chart {
    Chart {
        width: 320,
        height: 200,
        kind,
        x: Axis::Number,
        series,
        ..Chart::default()
    }
}

fn series(color: u32, points: Vec<(f64, f64)>) -> Series {
    Series {
        name: String::new(),
        color: Some(Color::rgb(color)),
        points,
    }
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![Kind::Line, Kind::Area, Kind::Bar, Kind::Heat])
}

/// Points in order of x, each at a place of its own.
fn any_points(level: f64) -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec(level..level + 1.0, 2..80).prop_map(|values| {
        let values = values.into_iter().enumerate();
        values.map(|(at, value)| (at as f64, value)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lines_that_do_not_touch_are_the_same_in_any_order(
        low in any_points(0.0), middle in any_points(4.0), high in any_points(8.0),
    ) {
        let all = [series(0xd00000, low), series(0x00d000, middle), series(0x0000d0, high)];
        let order = |places: [usize; 3]| {
            drawn(chart(Kind::Line, places.map(|place| all[place].clone()).to_vec()))
        };
        let first = order([0, 1, 2]);
        prop_assert!(are_alike(&order([2, 0, 1]), &first) && are_alike(&order([1, 2, 0]), &first));
    }

    #[test]
    fn points_are_drawn_alike_in_any_order(
        kind in any_kind(), points in any_points(1.0), rotation in 0..80_usize, stacked: bool,
    ) {
        let picture = |points: Vec<(f64, f64)>| {
            let points = vec![series(0xd00000, points.clone()), series(0x00d000, points)];
            drawn(Chart { stacked, ..chart(kind, points) })
        };
        let mut turned = points.clone();
        turned.rotate_left(rotation % points.len());
        prop_assert!(picture(turned) == picture(points));
    }

    #[test]
    fn a_range_around_the_points_changes_only_what_it_adds(kind in any_kind(), points in any_points(1.0)) {
        let last = points.len() as f64 - 1.0;
        let whole = chart(kind, vec![series(0xd00000, points)]);
        let ranged = |range| drawn(Chart { range: Some(range), ..whole.clone() });
        prop_assert!(ranged((0.0, last * 4.0)) != ranged((0.0, last)), "missing ends are seen");
        if matches!(kind, Kind::Line | Kind::Area) {
            prop_assert!(ranged((0.0, last)) == drawn(whole.clone()));
        }
    }
}

#[test]
fn what_is_missing_is_told_apart() {
    let with = |y: f64| {
        let points = (0..9).map(|at| (f64::from(at), if at == 4 { y } else { 2.0 }));
        drawn(chart(Kind::Line, vec![series(0xd00000, points.collect())]))
    };
    let pictures = [2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(with);
    for (index, picture) in pictures.iter().enumerate() {
        assert!(!pictures[..index].contains(picture), "{index}");
    }
}
