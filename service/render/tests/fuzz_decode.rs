//! Fuzz targets: any bytes are a picture or a refusal, never a panic and never more than allowed.
//!
//! Under plain `cargo test` each runs its corpus and a second of chance; `cargo bolero` runs the
//! same targets under libFuzzer.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod foreign;

use std::time::Duration;

use render::{DecodeLimits, Raster};

const TEST_TIME: Duration = Duration::from_secs(1);

/// Small, so that a case is fast and the limits are met often.
const LIMITS: DecodeLimits = DecodeLimits {
    side_pixels_max: 256,
    memory_bytes_max: 1_048_576,
    kept_side_pixels_max: 16,
};

fn is_bounded(file: &[u8]) {
    if let Ok(raster) = Raster::decode(file, &LIMITS) {
        assert!((1..=16).contains(&raster.width()));
        assert!((1..=16).contains(&raster.height()));
        let pixels = raster.width() as usize * raster.height() as usize;
        assert_eq!(raster.rgba().len(), pixels * 4);
    }
}

#[test]
fn fuzz_any_bytes() {
    bolero::check!()
        .with_test_time(TEST_TIME)
        .for_each(|file: &[u8]| is_bounded(file));
}

/// Chance never finds a signature, so it changes good files instead. PNG guards its chunks with
/// checksums that chance does not find either: they are set right again.
#[test]
fn fuzz_changed_files() {
    let seeds = foreign::seeds();
    bolero::check!()
        .with_test_time(TEST_TIME)
        .with_type::<(u8, Vec<(u16, u8)>, u16)>()
        .for_each(|(seed, changes, cut)| {
            let mut file = seeds[usize::from(*seed) % seeds.len()].1.clone();
            for (place, value) in changes.iter().take(8) {
                let place = usize::from(*place) % file.len();
                file[place] = *value;
            }
            if cut % 4 == 0 {
                file.truncate(usize::from(*cut) % file.len());
            }
            foreign::repair_png(&mut file);
            is_bounded(&file);
        });
}
