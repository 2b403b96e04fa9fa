//! Fetching over real sockets: honest upstreams, false ones, and a trap that nobody may touch.

mod stage;
mod answers;
mod places;
mod sharing;
mod secure;
