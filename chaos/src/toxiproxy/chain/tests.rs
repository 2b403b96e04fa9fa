//! Stories of a chain, and one property: no byte is lost or overtaken while toxics come and go.

use std::time::Duration;

use super::super::limit::{DELAYING_BYTES_MAX, PASSING_BYTES_MAX};
use super::super::toxic::Validation;
use super::*;
use proptest::prelude::*;
use rand::SeedableRng;
use serde_json::json;

fn toxic(body: serde_json::Value) -> Toxic {
    Toxic::new(
        serde_json::from_value(body).unwrap(),
        Validation::Strict,
        |_| false,
    )
    .unwrap()
}

fn latency(name: &str, ms: u64) -> Toxic {
    toxic(json!({ "name": name, "type": "latency", "attributes": { "latency": ms } }))
}

fn timeout(ms: u64) -> Toxic {
    toxic(json!({ "name": "hole", "type": "timeout", "attributes": { "timeout": ms } }))
}

fn reset_peer(ms: u64) -> Toxic {
    toxic(json!({ "name": "reset", "type": "reset_peer", "attributes": { "timeout": ms } }))
}

fn chain(toxics: &[Toxic], now: Instant) -> Chain {
    Chain::new(toxics.iter(), StdRng::seed_from_u64(1), now)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Everything that the destination can be sent at `now`.
fn drain(chain: &mut Chain, now: Instant) -> Vec<u8> {
    let mut taken = Vec::new();
    chain.advance(now);
    while let Some(output) = chain.output() {
        let count = output.len();
        taken.extend_from_slice(output);
        chain.written(count);
        chain.advance(now);
    }
    taken
}

#[test]
fn without_toxics_bytes_pass_at_once_and_the_end_follows_them() {
    let t0 = Instant::now();
    let mut chain = chain(&[], t0);
    chain.push(Bytes::from_static(b"PING"), t0);
    chain.finish(t0);
    assert_eq!(chain.end(), None);
    assert_eq!(drain(&mut chain, t0), b"PING");
    assert_eq!(chain.end(), Some(End::Finished));
}

#[test]
fn latency_delays_bytes_and_the_end_by_its_time() {
    let t0 = Instant::now();
    let mut chain = chain(&[latency("slow", 800)], t0);
    chain.push(Bytes::from_static(b"PING"), t0);
    chain.finish(t0);
    assert_eq!(drain(&mut chain, t0 + ms(799)), b"");
    assert_eq!(chain.next_wake(t0 + ms(799)), Some(t0 + ms(800)));
    assert_eq!(drain(&mut chain, t0 + ms(800)), b"PING");
    assert_eq!(chain.end(), Some(End::Finished));
}

#[test]
fn jitter_stays_within_its_bounds_and_does_not_reorder() {
    let t0 = Instant::now();
    let slow = toxic(json!({ "type": "latency", "attributes": { "latency": 100, "jitter": 100 } }));
    let mut chain = chain(&[slow], t0);
    let sent: Vec<u8> = (0..200).collect();
    for byte in &sent {
        chain.push(Bytes::copy_from_slice(&[*byte]), t0);
    }
    let early = drain(&mut chain, t0 + ms(50));
    assert!(early.len() < sent.len());
    let late = drain(&mut chain, t0 + ms(200));
    assert_eq!([early, late].concat(), sent);
}

#[test]
fn a_shorter_latency_counts_from_when_bytes_arrived() {
    let t0 = Instant::now();
    let mut chain = chain(&[latency("slow", 10_000)], t0);
    chain.push(Bytes::from_static(b"PING"), t0);
    chain.change([latency("slow", 500)].iter(), t0 + ms(100));
    assert_eq!(drain(&mut chain, t0 + ms(499)), b"");
    assert_eq!(drain(&mut chain, t0 + ms(500)), b"PING");
}

#[test]
fn a_timeout_swallows_everything_and_closes_after_idle_time() {
    let t0 = Instant::now();
    let mut chain = chain(&[timeout(1_000)], t0);
    chain.push(Bytes::from_static(b"PING"), t0 + ms(900));
    assert_eq!(drain(&mut chain, t0 + ms(1_899)), b"");
    assert_eq!(chain.end(), None);
    assert_eq!(drain(&mut chain, t0 + ms(1_900)), b"");
    assert_eq!(chain.end(), Some(End::Cut));
}

#[test]
fn a_timeout_of_0_never_closes_until_it_is_removed() {
    let t0 = Instant::now();
    let mut chain = chain(&[timeout(0)], t0);
    chain.push(Bytes::from_static(b"PING"), t0);
    assert_eq!(drain(&mut chain, t0 + ms(1_000_000)), b"");
    assert_eq!((chain.end(), chain.is_exhausted()), (None, false));
    chain.finish(t0);
    assert!(chain.is_exhausted());
    chain.change([].iter(), t0);
    chain.advance(t0);
    assert_eq!(chain.end(), Some(End::Cut));
}

#[test]
fn reset_peer_waits_for_the_first_bytes() {
    let t0 = Instant::now();
    let mut chain = chain(&[reset_peer(200)], t0);
    assert_eq!(drain(&mut chain, t0 + ms(10_000)), b"");
    assert_eq!((chain.end(), chain.wants_input()), (None, true));
    chain.push(Bytes::from_static(b"PING"), t0 + ms(10_000));
    assert!(!chain.wants_input());
    assert_eq!(chain.next_wake(t0 + ms(10_000)), Some(t0 + ms(10_200)));
    drain(&mut chain, t0 + ms(10_200));
    assert_eq!((chain.end(), chain.resets()), (Some(End::Cut), true));
}

#[test]
fn a_destination_that_takes_nothing_stops_the_source_at_a_bound() {
    let t0 = Instant::now();
    for (toxics, bytes_max) in [
        (vec![], PASSING_BYTES_MAX),
        (
            vec![latency("slow", 10)],
            PASSING_BYTES_MAX + DELAYING_BYTES_MAX,
        ),
    ] {
        let mut chain = chain(&toxics, t0);
        let mut now = t0;
        let mut pushed = 0;
        while chain.wants_input() {
            chain.push(Bytes::from(vec![0; 32 * 1024]), now);
            pushed += 32 * 1024;
            now += ms(1);
            chain.advance(now);
        }
        assert!(
            (bytes_max..=bytes_max + 64 * 1024).contains(&pushed),
            "{pushed}"
        );
    }
}

#[test]
fn a_toxicity_of_0_spares_every_connection() {
    let t0 = Instant::now();
    let mut spared = timeout(0);
    spared.toxicity = 0.0;
    let mut chain = chain(&[spared], t0);
    chain.push(Bytes::from_static(b"PING"), t0);
    assert_eq!(drain(&mut chain, t0), b"PING");
    chain.change([].iter(), t0);
    chain.advance(t0);
    assert_eq!(chain.end(), None);
}

#[test]
fn about_half_of_the_connections_feel_a_toxicity_of_one_half() {
    let t0 = Instant::now();
    let mut half = timeout(0);
    half.toxicity = 0.5;
    let felt = (0..1_000).filter(|seed| {
        let mut chain = Chain::new([&half].into_iter(), StdRng::seed_from_u64(*seed), t0);
        chain.push(Bytes::from_static(b"PING"), t0);
        drain(&mut chain, t0).is_empty()
    });
    assert!((400..600).contains(&felt.count()));
}

/// A toxic of one of the types that lose nothing.
fn lossless(name: &str, kind: usize, size: u64) -> Toxic {
    let body = match kind % 6 {
        0 => json!({ "type": "latency", "attributes": { "latency": size } }),
        1 => json!({ "type": "latency", "attributes": { "latency": size, "jitter": size } }),
        2 => json!({ "type": "bandwidth", "attributes": { "rate": size } }),
        3 => {
            json!({ "type": "slicer", "attributes": { "average_size": size, "size_variation": size / 2, "delay": size * 50 } })
        }
        4 => json!({ "type": "slow_close", "attributes": { "delay": size } }),
        _ => json!({ "type": "noop", "toxicity": 0.5 }),
    };
    let mut toxic = toxic(body);
    name.clone_into(&mut toxic.name);
    toxic
}

/// Everything that comes out of a chain until `until`, looked at whenever it asks to be.
fn run_until(chain: &mut Chain, mut now: Instant, until: Instant) -> Vec<(Instant, usize)> {
    let mut pieces = Vec::new();
    loop {
        chain.advance(now);
        while let Some(output) = chain.output() {
            let count = output.len();
            pieces.push((now, count));
            chain.written(count);
            chain.advance(now);
        }
        match chain.next_wake(now) {
            Some(wake) if wake <= until => now = wake,
            _ => return pieces,
        }
    }
}

#[test]
fn bandwidth_keeps_its_rate_at_any_size() {
    let t0 = Instant::now();
    for rate in [1_u64, 50, 1_000, 100_000] {
        let slow = toxic(json!({ "type": "bandwidth", "attributes": { "rate": rate } }));
        let mut chain = chain(&[slow], t0);
        let (mut now, mut taken) = (t0, 0);
        while now < t0 + ms(2_000) {
            while chain.wants_input() {
                chain.push(Bytes::from(vec![0; 16 * 1024]), now);
            }
            let step = run_until(&mut chain, now, now + ms(1));
            taken += step.iter().map(|(_, count)| count).sum::<usize>();
            now += ms(1);
        }
        let asked = 2.0 * 1000.0 * rate as f64;
        let share = taken as f64 / asked;
        assert!((0.95..=1.05).contains(&share), "{rate} kB/s: {share}");
    }
}

#[test]
fn a_bandwidth_of_0_blocks_until_it_is_more() {
    let t0 = Instant::now();
    let of = |rate: i64| {
        toxic(json!({ "name": "slow", "type": "bandwidth", "attributes": { "rate": rate } }))
    };
    let mut chain = chain(&[of(0)], t0);
    chain.push(Bytes::from_static(b"PING"), t0);
    assert_eq!(drain(&mut chain, t0 + ms(100_000)), b"");
    assert_eq!(chain.next_wake(t0 + ms(100_000)), None);
    chain.change([of(1_000)].iter(), t0 + ms(100_000));
    assert_eq!(drain(&mut chain, t0 + ms(100_001)), b"PING");
}

#[test]
fn a_slicer_cuts_within_its_sizes_and_pauses_after_each() {
    let t0 = Instant::now();
    let slicer = toxic(
        json!({ "type": "slicer", "attributes": { "average_size": 100, "size_variation": 20, "delay": 5_000 } }),
    );
    let mut chain = chain(&[slicer], t0);
    chain.push(Bytes::from(vec![7; 1_000]), t0);
    let pieces = run_until(&mut chain, t0, t0 + ms(10_000));
    let total: usize = pieces.iter().map(|(_, count)| count).sum();
    assert_eq!(total, 1_000);
    let (_, last) = pieces.split_last().unwrap();
    assert!(
        last.iter().all(|(_, count)| (80..=120).contains(count)),
        "{pieces:?}"
    );
    for (number, (at, _)) in pieces.iter().enumerate() {
        assert_eq!(*at, t0 + ms(5 * number as u64));
    }
}

#[test]
fn slow_close_delays_the_end_and_nothing_else() {
    let t0 = Instant::now();
    let slow = toxic(json!({ "type": "slow_close", "attributes": { "delay": 300 } }));
    let mut chain = chain(&[slow], t0);
    chain.push(Bytes::from_static(b"PING"), t0);
    assert_eq!(drain(&mut chain, t0), b"PING");
    chain.finish(t0 + ms(100));
    drain(&mut chain, t0 + ms(399));
    assert_eq!(
        (chain.end(), chain.next_wake(t0 + ms(399))),
        (None, Some(t0 + ms(400)))
    );
    drain(&mut chain, t0 + ms(400));
    assert_eq!(chain.end(), Some(End::Finished));
}

#[test]
fn limit_data_counts_from_when_it_was_added_and_then_closes() {
    let t0 = Instant::now();
    let limit = |bytes: u64| {
        toxic(json!({ "name": "limit", "type": "limit_data", "attributes": { "bytes": bytes } }))
    };
    let mut chain = chain(&[], t0);
    chain.push(Bytes::from_static(b"before"), t0);
    assert_eq!(drain(&mut chain, t0), b"before");
    chain.change([limit(10)].iter(), t0);
    chain.push(Bytes::from_static(b"1234"), t0);
    assert_eq!(drain(&mut chain, t0), b"1234");
    // A change of the limit does not begin to count again.
    chain.change([limit(6)].iter(), t0);
    chain.push(Bytes::from_static(b"5678"), t0);
    assert_eq!(drain(&mut chain, t0), b"56");
    assert_eq!((chain.end(), chain.wants_input()), (Some(End::Cut), false));
}

#[test]
fn a_limit_of_0_closes_on_the_first_bytes() {
    let t0 = Instant::now();
    let mut chain = chain(&[toxic(json!({ "type": "limit_data" }))], t0);
    drain(&mut chain, t0);
    assert_eq!(chain.end(), None);
    chain.push(Bytes::from_static(b"PING"), t0);
    assert_eq!(drain(&mut chain, t0), b"");
    assert_eq!(chain.end(), Some(End::Cut));
}

/// One step of a random life of a chain.
#[derive(Debug, Clone)]
enum Step {
    Push(usize),
    Add(u64),
    Remove(usize),
    Change(usize, u64),
    Take(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_usize..3_000).prop_map(Step::Push),
        1 => (0_u64..50).prop_map(Step::Add),
        1 => any::<usize>().prop_map(Step::Remove),
        1 => (any::<usize>(), 0_u64..50).prop_map(|(place, ms)| Step::Change(place, ms)),
        3 => (1_usize..2_000).prop_map(Step::Take),
        3 => (0_u64..20).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn no_byte_is_lost_or_overtaken_while_toxics_come_and_go(
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let mut now = Instant::now();
        let mut toxics: Vec<Toxic> = Vec::new();
        let mut chain = chain(&toxics, now);
        let (mut sent, mut received) = (Vec::new(), Vec::new());
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Push(count) if chain.wants_input() => {
                    let bytes: Vec<u8> = (0..count).map(|at| ((at * 31 + number) % 251) as u8).collect();
                    sent.extend_from_slice(&bytes);
                    chain.push(Bytes::from(bytes), now);
                }
                Step::Push(_) => {}
                Step::Add(size) => toxics.push(lossless(&number.to_string(), number, size)),
                Step::Remove(place) if !toxics.is_empty() => {
                    toxics.remove(place % toxics.len());
                }
                Step::Change(place, size) if !toxics.is_empty() => {
                    let place = place % toxics.len();
                    let name = toxics[place].name.clone();
                    // The type of a toxic stays, as its name tells which it is.
                    toxics[place] = lossless(&name, name.parse().unwrap(), size);
                }
                Step::Remove(_) | Step::Change(..) => {}
                Step::Take(max) => {
                    let output = chain.output().unwrap_or_default();
                    let count = output.len().min(max);
                    received.extend_from_slice(&output[..count]);
                    chain.written(count);
                }
                Step::Wait(delay) => now += ms(delay),
            }
            chain.change(toxics.iter(), now);
            chain.advance(now);
        }
        chain.finish(now);
        chain.change([].iter(), now);
        received.extend(drain(&mut chain, now));
        prop_assert_eq!(sent, received);
        prop_assert_eq!(chain.end(), Some(End::Finished));
    }
}
