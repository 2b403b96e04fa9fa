//! Leases: what is broken under one is mended when it ends, whoever forgot to.
//!
//! A lease covers some proxies for some seconds and is renewed by its holder. Toxics that are added
//! under it, proxies that are disabled and proxies that are created under it are undone when it ends
//! or expires. While one lives, nobody else gets a lease over any of its proxies. There is no clock
//! and no socket here: [`super::registry`] brings both.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::ApiError;
use super::limit::PROXIES_MAX;
use super::toxic::checked_name;

/// Leases of one server, those that are being undone among them.
pub(crate) const LEASES_MAX: usize = 16;

/// Longest time of a lease, in seconds; one that is needed for longer is renewed.
pub(crate) const LEASE_SECONDS_MAX: u64 = 600;

/// What the API is sent to take a lease.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLease {
    holder: String,
    seconds: u64,
    proxies: Vec<String>,
}

/// The lease under which a request wants its change to be, as its body says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct UnderLease {
    #[serde(default)]
    pub(crate) lease: Option<String>,
}

/// All leases of a server.
#[derive(Debug, Default)]
pub(crate) struct Book {
    leases: BTreeMap<String, Entry>,
}

/// One lease.
#[derive(Debug)]
struct Entry {
    holder: String,
    time: Duration,
    proxies: Vec<String>,
    expires: Instant,
    /// It has ended, and what was done under it is being undone.
    is_ending: bool,
    signs: Signs,
}

/// How a lease and the task that undoes it tell each other of their ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signs {
    /// Cancelled when the lease is given back.
    pub(crate) ended: CancellationToken,
    /// Cancelled when everything under it has been undone.
    pub(crate) undone: CancellationToken,
}

impl Book {
    /// Takes a lease called `id`.
    ///
    /// # Errors
    /// [`ApiError::Leased`] when one of the proxies is under a lease, [`ApiError::OutOfRange`] and
    /// [`ApiError::TooMany`] for what is out of bounds.
    pub(crate) fn take(
        &mut self,
        id: &str,
        wanted: NewLease,
        now: Instant,
    ) -> Result<(Value, Signs), ApiError> {
        let wanted = checked(wanted)?;
        if let Some((proxy, other)) = self.covering(&wanted.proxies) {
            return Err(ApiError::Leased {
                proxy: proxy.to_owned(),
                holder: other.holder.clone(),
                seconds_left: other.seconds_left(now),
            });
        }
        if self.leases.len() >= LEASES_MAX {
            return Err(ApiError::TooMany {
                what: "leases",
                max: LEASES_MAX,
            });
        }
        let time = Duration::from_secs(wanted.seconds);
        let entry = Entry {
            holder: wanted.holder,
            time,
            proxies: wanted.proxies,
            expires: now + time,
            is_ending: false,
            signs: Signs::default(),
        };
        let (json, signs) = (entry.to_json(id, now), entry.signs.clone());
        self.leases.insert(id.to_owned(), entry);
        Ok((json, signs))
    }

    /// Gives a lease its whole time again.
    ///
    /// # Errors
    /// [`ApiError::NoLease`] when it has ended.
    pub(crate) fn renew(&mut self, id: &str, now: Instant) -> Result<Value, ApiError> {
        let entry = self.leases.get_mut(id).filter(|entry| entry.lives(now));
        let entry = entry.ok_or(ApiError::NoLease)?;
        entry.expires = now + entry.time;
        Ok(entry.to_json(id, now))
    }

    /// Whether a change of `proxy` may be made under a lease. What is asked while the proxy is
    /// locked stays true until it is unlocked, as far as the undoing is concerned.
    ///
    /// # Errors
    /// [`ApiError::LeaseEnded`] or [`ApiError::NotCovered`].
    pub(crate) fn check(&self, id: &str, proxy: &str, now: Instant) -> Result<(), ApiError> {
        let entry = self.leases.get(id).filter(|entry| entry.lives(now));
        let entry = entry.ok_or(ApiError::LeaseEnded)?;
        if entry.proxies.iter().any(|name| name == proxy) {
            return Ok(());
        }
        Err(ApiError::NotCovered(proxy.to_owned()))
    }

    /// When a lease will expire; `None` when it has ended, which is noted if it just has.
    pub(crate) fn due(&mut self, id: &str, now: Instant) -> Option<Instant> {
        let entry = self.leases.get_mut(id)?;
        entry.is_ending = !entry.lives(now);
        (!entry.is_ending).then_some(entry.expires)
    }

    /// Ends a lease: from here on nothing can be done under it.
    ///
    /// # Errors
    /// [`ApiError::NoLease`] when it is not there, or its undoing is over.
    pub(crate) fn end(&mut self, id: &str) -> Result<Signs, ApiError> {
        let entry = self.leases.get_mut(id).ok_or(ApiError::NoLease)?;
        entry.is_ending = true;
        entry.signs.ended.cancel();
        Ok(entry.signs.clone())
    }

    /// Which proxies a lease covers.
    pub(crate) fn proxies(&self, id: &str) -> Vec<String> {
        let entry = self.leases.get(id);
        entry.map(|entry| entry.proxies.clone()).unwrap_or_default()
    }

    /// Forgets a lease under which everything has been undone.
    pub(crate) fn forget(&mut self, id: &str) {
        self.leases.remove(id);
    }

    /// All leases as the API shows them; one that is being undone has 0 s left.
    pub(crate) fn to_json(&self, now: Instant) -> Value {
        let all = self.leases.iter();
        all.map(|(id, entry)| entry.to_json(id, now)).collect()
    }

    fn covering<'a>(&self, proxies: &'a [String]) -> Option<(&'a str, &Entry)> {
        proxies.iter().find_map(|name| {
            let mut all = self.leases.values();
            let other = all.find(|entry| entry.proxies.contains(name));
            other.map(|entry| (name.as_str(), entry))
        })
    }
}

impl Entry {
    fn lives(&self, now: Instant) -> bool {
        !self.is_ending && now < self.expires
    }

    /// Whole seconds, rounded up, so that a lease which lives never has none.
    fn seconds_left(&self, now: Instant) -> u64 {
        if self.is_ending {
            return 0;
        }
        let left = self.expires.saturating_duration_since(now);
        left.as_secs() + u64::from(left.subsec_nanos() > 0)
    }

    fn to_json(&self, id: &str, now: Instant) -> Value {
        json!({
            "id": id,
            "holder": self.holder,
            "seconds": self.time.as_secs(),
            "proxies": self.proxies,
            "expires_in_seconds": self.seconds_left(now),
        })
    }
}

fn checked(mut wanted: NewLease) -> Result<NewLease, ApiError> {
    let out_of_range = |what: &str, expected: &str| {
        Err(ApiError::OutOfRange {
            what: what.to_owned(),
            expected: expected.to_owned(),
        })
    };
    if !(1..=LEASE_SECONDS_MAX).contains(&wanted.seconds) {
        return out_of_range("seconds", "1 to 600");
    }
    if wanted.holder.trim().is_empty() || checked_name(&wanted.holder).is_err() {
        return out_of_range("holder", "1 to 128 printable characters");
    }
    if !(1..=PROXIES_MAX).contains(&wanted.proxies.len()) {
        return out_of_range("proxies", "1 to 64 names");
    }
    if let Some(wrong) = wanted.proxies.iter().position(String::is_empty) {
        return out_of_range(
            &format!("proxies[{wrong}]"),
            "1 to 128 printable characters",
        );
    }
    for name in &wanted.proxies {
        checked_name(name)?;
    }
    wanted.proxies.sort();
    wanted.proxies.dedup();
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(holder: &str, seconds: u64, proxies: &[&str]) -> NewLease {
        let body = json!({ "holder": holder, "seconds": seconds, "proxies": proxies });
        serde_json::from_value(body).unwrap()
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn one_proxy_is_under_one_lease_until_it_is_undone() {
        let t0 = Instant::now(); // Only differences from `t0` matter.
        let mut book = Book::default();
        book.take("a", wanted("one", 60, &["redis", "etcd"]), t0)
            .unwrap();
        let refused = book.take("b", wanted("two", 60, &["etcd"]), t0 + secs(20));
        assert_eq!(
            refused.unwrap_err().to_string(),
            "proxy etcd is leased by one, for 40 s more at most"
        );
        book.take("c", wanted("two", 60, &["other"]), t0).unwrap();
        // It has expired, but what was done under it may still stand.
        assert_eq!(book.due("a", t0 + secs(60)), None);
        let refused = book.take("b", wanted("two", 60, &["etcd"]), t0 + secs(61));
        assert!(matches!(
            refused,
            Err(ApiError::Leased {
                seconds_left: 0,
                ..
            })
        ));
        book.forget("a");
        book.take("b", wanted("two", 60, &["etcd"]), t0 + secs(62))
            .unwrap();
    }

    #[test]
    fn a_lease_lives_until_its_time_without_renewal_has_passed() {
        let t0 = Instant::now();
        let mut book = Book::default();
        book.take("a", wanted("one", 10, &["redis"]), t0).unwrap();
        assert_eq!(book.due("a", t0 + secs(9)), Some(t0 + secs(10)));
        book.renew("a", t0 + secs(9)).unwrap();
        book.check("a", "redis", t0 + secs(18)).unwrap();
        let other = book.check("a", "etcd", t0 + secs(18));
        assert!(matches!(other, Err(ApiError::NotCovered(_))));
        // Nobody has looked yet, and it is over all the same.
        let late = t0 + secs(19);
        assert!(matches!(
            book.check("a", "redis", late),
            Err(ApiError::LeaseEnded)
        ));
        assert!(matches!(book.renew("a", late), Err(ApiError::NoLease)));
        assert_eq!(book.due("a", late), None);
        // A clock that went back would not bring it back.
        assert!(matches!(book.renew("a", t0), Err(ApiError::NoLease)));
    }

    #[test]
    fn a_lease_that_is_given_back_ends_at_once() {
        let t0 = Instant::now();
        let mut book = Book::default();
        let (_, signs) = book.take("a", wanted("one", 10, &["redis"]), t0).unwrap();
        book.end("a").unwrap();
        assert!(signs.ended.is_cancelled() && !signs.undone.is_cancelled());
        assert!(matches!(
            book.check("a", "redis", t0),
            Err(ApiError::LeaseEnded)
        ));
        assert_eq!(book.to_json(t0)[0]["expires_in_seconds"], 0);
        book.forget("a");
        assert!(matches!(book.end("a"), Err(ApiError::NoLease)));
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        let t0 = Instant::now();
        let mut book = Book::default();
        let names: Vec<String> = (0..65).map(|number| number.to_string()).collect();
        let many: Vec<&str> = names.iter().map(String::as_str).collect();
        let refusals = [
            wanted("one", 0, &["redis"]),
            wanted("one", 601, &["redis"]),
            wanted(" ", 60, &["redis"]),
            wanted("a\nb", 60, &["redis"]),
            wanted("one", 60, &[]),
            wanted("one", 60, &[""]),
            wanted("one", 60, &many),
        ]
        .map(|wanted| book.take("a", wanted, t0).unwrap_err().to_string());
        insta::assert_snapshot!(refusals.join("\n"));
        for number in 0..LEASES_MAX {
            let name = number.to_string();
            book.take(&name, wanted("one", 60, &[&name]), t0).unwrap();
        }
        let refused = book.take("more", wanted("one", 60, &["more"]), t0);
        assert!(matches!(refused, Err(ApiError::TooMany { .. })));
    }
}
