//! The command line of Proofmark, and the rehearsal of a release.
