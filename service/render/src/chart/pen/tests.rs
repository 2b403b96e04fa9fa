use proptest::prelude::*;

use super::*;
use crate::frame::PixelFormat;

const SIDE: i32 = 96;
const AREA: Area = Area {
    left: 20,
    top: 20,
    right: SIDE - 20,
    bottom: SIDE - 20,
};
const BLACK: Paint = Paint {
    color: Color::rgb(0),
    opacity: 255,
};

fn drawn(draw: impl FnOnce(&mut Pen, &mut Frame)) -> Vec<f32> {
    let mut frame = Frame::new();
    // Without a palette, whose colours are steps.
    frame.set_format(PixelFormat::Rgb);
    frame.resize(SIDE as u32, SIDE as u32);
    frame.clear(Color::WHITE);
    draw(&mut Pen::new(AREA), &mut frame);
    let mut coverage = Vec::new();
    for y in 0..SIDE as usize {
        let row = frame.row(y).chunks(3);
        coverage.extend(row.map(|pixel| 1.0 - f32::from(pixel[0]) / 255.0));
    }
    coverage
}

fn stroked(run: &[Pixel], radius: f32) -> Vec<f32> {
    drawn(|pen, frame| pen.stroke(run, radius, BLACK, frame))
}

/// What a round pen covers, from the distance of many places in each pixel to the line.
fn oracle(run: &[Pixel], radius: f32) -> Vec<f32> {
    const FINE: i32 = 4;
    let mut coverage = Vec::new();
    for y in 0..SIDE {
        for x in 0..SIDE {
            let places = (0..FINE * FINE).map(|at| {
                let part = |index: i32| (index as f32 + 0.5) / FINE as f32;
                (x as f32 + part(at % FINE), y as f32 + part(at / FINE))
            });
            let hit = places.filter(|&place| distance(run, place) <= radius);
            coverage.push(hit.count() as f32 / (FINE * FINE) as f32);
        }
    }
    coverage
}

fn distance(run: &[Pixel], (x, y): Pixel) -> f32 {
    let pairs = run.windows(2).map(|pair| {
        let (a, b) = (pair[0], pair[1]);
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let length = (dx * dx + dy * dy).max(1e-9);
        let part = (((x - a.0) * dx + (y - a.1) * dy) / length).clamp(0.0, 1.0);
        ((a.0 + part * dx - x).powi(2) + (a.1 + part * dy - y).powi(2)).sqrt()
    });
    pairs.fold(f32::INFINITY, f32::min)
}

fn any_run(points: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Pixel>> {
    let (low, high) = (AREA.left as f32, AREA.right as f32);
    prop::collection::vec((low..high, low..high), points).prop_map(|mut run| {
        run.sort_by(|a, b| a.0.total_cmp(&b.0));
        run
    })
}

/// Few points, each some pixels from the one before.
fn any_slow_run() -> impl Strategy<Value = Vec<Pixel>> {
    let (low, high) = (AREA.left as f32, AREA.right as f32);
    prop::collection::vec((3.0_f32..9.0, low..high), 2..6).prop_map(move |steps| {
        let mut x = low;
        let mut place = |(step, y): (f32, f32)| {
            x += step;
            (x, y)
        };
        steps.into_iter().map(&mut place).collect()
    })
}

/// The mean and the largest difference of two pictures, the first over the pixels that either has.
fn differences(seen: &[f32], right: &[f32]) -> (f32, f32) {
    let pairs = seen
        .iter()
        .zip(right)
        .filter(|(a, b)| **a > 0.0 || **b > 0.0);
    let all: Vec<f32> = pairs.map(|(a, b)| (a - b).abs()).collect();
    let mean = all.iter().sum::<f32>() / all.len().max(1) as f32;
    (mean, all.into_iter().fold(0.0, f32::max))
}

#[test]
fn a_thick_line_covers_its_length_times_its_width() {
    // An upright line stands in one part of a column, and is up to a part thinner than its pen.
    let lines = [
        (50.0, 0.0, 0.05),
        (50.0, 10.0, 0.05),
        (40.0, 40.0, 0.05),
        (10.0, 50.0, 0.05),
        (1.0, 50.0, 0.15),
        (0.0, 50.0, 0.18),
    ];
    for (dx, dy, tolerance) in lines {
        for radius in [0.75_f32, 1.0, 2.5] {
            let run = [(22.3, 22.7), (22.3 + dx, 22.7 + dy)];
            let sum: f32 = stroked(&run, radius).iter().sum();
            let length = (dx * dx + dy * dy).sqrt();
            let exact = length * 2.0 * radius + std::f32::consts::PI * radius * radius;
            assert!(
                (sum / exact - 1.0).abs() < tolerance,
                "{dx} {dy} {radius}: {sum} for {exact}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_line_of_few_points_is_as_a_slow_oracle_draws_it(run in any_slow_run(), radius in 0.75_f32..4.0) {
        let (mean, most) = differences(&stroked(&run, radius), &oracle(&run, radius));
        // Upright lines are up to 18 % thin, and a slow run may be all of them.
        prop_assert!(mean < 0.08 && most < 0.5, "{mean} {most}");
    }

    #[test]
    fn a_dense_line_is_as_a_slow_oracle_draws_it(run in any_run(120..150), radius in 0.75_f32..4.0) {
        let (mean, most) = differences(&stroked(&run, radius), &oracle(&run, radius));
        prop_assert!(mean < 0.08 && most < 0.75, "{mean} {most}");
    }

    #[test]
    fn an_area_covers_what_is_between_its_curves(upper in 22.0_f32..50.0, lower in 51.0_f32..70.0, slope in -8.0_f32..8.0) {
        let curve = |y: f32| [(30.0, y), (60.0, y + slope)];
        let (upper, lower) = (curve(upper), curve(lower));
        let seen = drawn(|pen, frame| pen.fill_between((&upper, &lower), BLACK, frame));
        let exact = 30.0 * (lower[0].1 - upper[0].1);
        let sum: f32 = seen.iter().sum();
        prop_assert!((sum / exact - 1.0).abs() < 0.02, "{sum} for {exact}");
    }

    #[test]
    fn any_curve_is_drawn_without_a_panic(
        run in prop::collection::vec((-1e9_f32..1e9, -1e9_f32..1e9), 0..9), radius in -1.0_f32..1e6,
    ) {
        let mut run = run;
        run.sort_by(|a, b| a.0.total_cmp(&b.0));
        stroked(&run, radius);
        drawn(|pen, frame| pen.fill_between((&run, &run), BLACK, frame));
    }
}

#[test]
fn nothing_is_painted_beyond_the_border() {
    let run = [(25.0, -500.0), (26.0, 500.0), (60.0, -500.0)];
    let seen = stroked(&run, 1.0);
    let rows = seen
        .chunks(SIDE as usize)
        .map(|row| row.iter().sum::<f32>());
    let painted: Vec<usize> = rows
        .enumerate()
        .filter(|(_, sum)| *sum > 0.0)
        .map(|(y, _)| y)
        .collect();
    assert_eq!((painted[0], painted[painted.len() - 1]), (4, 91));
}
