//! The guard: a process that outlives its runner by as long as it takes to undo everything.
//!
//! It is started before the first fault, in a session of its own, where neither Ctrl-C nor a lost
//! terminal reaches it. The runner says before each fault how to undo it. When the runner dies, the
//! conversation ends, and the guard undoes what is left. When the runner is merely stopped, the guard
//! does the same as soon as the lease has run out, and goes on watching until the runner is dead or
//! says goodbye: a runner that is woken up may still send what it had in hand.

use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::time::Duration;

use jiff::Timestamp;
use outcome::{Failure, OrFail, Outcome};
use tokio::time::Instant;

use super::ledger::Ledger;
use super::marks::{Marks, Taken};
use super::message::{Line, Order, Reply, Undo};
use crate::client::{ClientError, Toxiproxy};
use crate::interrupt::Interrupt;
use crate::toxiproxy::Token;

/// How long the guard waits for the first word of its runner.
const HELLO_TIME_MAX: Duration = Duration::from_secs(10);

/// Pause between two attempts to undo, and between two looks at what was undone.
const UNDO_PAUSE: Duration = Duration::from_millis(250);

/// How long the guard tries to undo what a server refuses to undo, or is not there to.
const UNDO_TIME_MAX: Duration = Duration::from_mins(10);

/// How long nobody may answer before the server counts as dead. Its faults were in its memory.
const DEAD_TIME: Duration = Duration::from_secs(30);

/// How long a change that the runner had in hand may take to show: the real server gives a request
/// up after 25 s.
const SETTLE_TIME: Duration = Duration::from_secs(30);

/// How long marks may take to be renewed; the runner waits for it.
const RENEW_TIME_MAX: Duration = Duration::from_secs(3);

/// Is the guard of the runner at the other end of standard input, to the end.
///
/// # Errors
/// [`Failure::misused`] when nobody is there; [`Failure::broken`] when something could not be
/// undone.
pub(crate) async fn run() -> Result<Outcome, Failure> {
    // It fails when this process leads a group already, as in a shell; that has no runner.
    let _ = rustix::process::setsid();
    let mut interrupt = Interrupt::listen()?;
    let mut line = Line::new(standard_input()?);
    let hello = tokio::time::timeout(HELLO_TIME_MAX, line.hear()).await;
    let Ok(Ok(Some(Order::Hello {
        address,
        token,
        holder,
        proxies,
        lease,
    }))) = hello
    else {
        return Err(nobody());
    };
    let marks = Marks {
        holder,
        proxies,
        time: lease,
        nonce: rand::random(),
    };
    let token = token.as_deref().map(Token::parse).transpose();
    let token = token.map_err(Failure::misused)?;
    let begun = begin(&marks, async {
        Toxiproxy::connect_plainly(address, token.as_ref()).await
    });
    let (reply, toxiproxy) = begun.await;
    let said = line.say(&reply).await;
    let Some(toxiproxy) = toxiproxy else {
        return Ok(Outcome::Inconclusive);
    };
    let guard = Guard {
        toxiproxy,
        marks,
        ledger: Ledger::default(),
        expires: Instant::now() + lease,
        is_over: false,
    };
    match said {
        Ok(()) => guard.watch(line, &mut interrupt).await,
        Err(_) => guard.finish().await,
    }
}

fn standard_input() -> Result<tokio::net::UnixStream, Failure> {
    let input = std::io::stdin().as_fd().try_clone_to_owned();
    let stream = StdUnixStream::from(input.or_broken("cannot read standard input")?);
    // Whatever else it is has no peer.
    stream.peer_addr().map_err(|_| nobody())?;
    let sentence = "cannot listen to the runner";
    stream.set_nonblocking(true).or_broken(sentence)?;
    tokio::net::UnixStream::from_std(stream).or_broken(sentence)
}

fn nobody() -> Failure {
    Failure::misused("proofmark chaos run starts the guard, expected its runner on standard input")
}

/// Reaches the server and marks the proxies.
async fn begin(
    marks: &Marks,
    connect: impl Future<Output = Result<Toxiproxy, ClientError>>,
) -> (Reply, Option<Toxiproxy>) {
    let claimed = async {
        let toxiproxy = connect.await?;
        let claimed = marks.claim(&toxiproxy, now_ms()).await?;
        Ok::<_, ClientError>(claimed.map(|()| toxiproxy))
    };
    match claimed.await {
        Ok(Ok(toxiproxy)) => (Reply::Noted, Some(toxiproxy)),
        Ok(Err(Taken {
            proxy,
            holder,
            seconds_left,
        })) => {
            let taken = Reply::Taken {
                proxy,
                holder,
                seconds_left,
            };
            (taken, None)
        }
        Err(error) => (failed(&error), None),
    }
}

fn failed(error: &ClientError) -> Reply {
    Reply::Failed {
        cause: error.to_string(),
    }
}

/// What it knows while its runner lives.
#[derive(Debug)]
struct Guard {
    toxiproxy: Toxiproxy,
    marks: Marks,
    ledger: Ledger,
    expires: Instant,
    /// The lease has ended; it does not come back.
    is_over: bool,
}

impl Guard {
    async fn watch(
        mut self,
        mut line: Line,
        interrupt: &mut Interrupt,
    ) -> Result<Outcome, Failure> {
        loop {
            let wake = match self.is_over {
                true => Instant::now() + UNDO_PAUSE,
                false => self.expires,
            };
            let heard = tokio::select! {
                biased;
                _ = interrupt.wait() => break,
                heard = line.hear::<Order>() => heard,
                () = tokio::time::sleep_until(wake) => {
                    self.is_over = true;
                    // What does not work now is tried again in a moment.
                    let _ = self.undo_all().await;
                    continue;
                }
            };
            // What is no message comes from no runner.
            let Ok(Some(order)) = heard else { break };
            if order == Order::Goodbye {
                let ended = self.finish().await;
                let _ = line.say(&Reply::Noted).await;
                return ended;
            }
            let reply = self.obey(order).await;
            if line.say(&reply).await.is_err() {
                break;
            }
        }
        self.finish().await
    }

    async fn obey(&mut self, order: Order) -> Reply {
        // It may have been stopped itself.
        self.is_over = self.is_over || Instant::now() >= self.expires;
        match order {
            Order::Undone { undo } => self.ledger.undone(&undo),
            _ if self.is_over => return Reply::Lost,
            Order::AboutTo { number, undo } => {
                if !self.ledger.about_to(number, undo) {
                    return Reply::Failed {
                        cause: "there are too many faults to remember".to_owned(),
                    };
                }
            }
            Order::Made { number } => self.ledger.made(number),
            Order::Renew => {
                self.expires = Instant::now() + self.marks.time;
                let renewed = self.marks.renew(&self.toxiproxy, now_ms());
                // Marks last for a whole lease, so the next attempt is in time.
                let _ = tokio::time::timeout(RENEW_TIME_MAX, renewed).await;
            }
            Order::Hello { .. } | Order::Goodbye => {}
        }
        Reply::Noted
    }

    /// Undoes everything once; the first failure is reported, and the others are tried all the same.
    async fn undo_all(&self) -> Result<(), ClientError> {
        let mut first_failure = Ok(());
        for Undo::Proxy(change) in self.ledger.undos() {
            let undone = match self.toxiproxy.has(&change).await {
                Ok(true) | Err(ClientError::NoProxy(_)) => Ok(()),
                Ok(false) => self.toxiproxy.make(&change).await,
                Err(error) => Err(error),
            };
            first_failure = first_failure.and(undone);
        }
        first_failure
    }

    /// Undoes everything until that has worked, looks again for what may still have been on its
    /// way, and gives the proxies free.
    async fn finish(self) -> Result<Outcome, Failure> {
        let began = Instant::now();
        let undos = self.ledger.undos().len();
        let settle = if self.ledger.is_unsettled() {
            SETTLE_TIME
        } else {
            Duration::ZERO
        };
        let mut is_said = undos == 0;
        let mut answered = began;
        loop {
            let undone = self.undo_all().await;
            let elapsed = began.elapsed();
            if !matches!(undone, Err(ClientError::Unreachable { .. })) {
                answered = Instant::now();
            }
            match undone {
                Err(_) if answered.elapsed() >= DEAD_TIME => {
                    say("the runner is gone, and the server with all its faults as well");
                    return Ok(Outcome::Held);
                }
                Ok(()) if elapsed >= settle => break,
                Err(error) if elapsed >= UNDO_TIME_MAX + settle => {
                    let sentence = format!("left behind: up to {undos} faults of a run that ended");
                    return Err(Failure::broken(sentence).because(error));
                }
                Ok(()) if !is_said => {
                    is_said = true;
                    say(&format!("the runner is gone; {undos} faults were undone"));
                }
                _ => {}
            }
            tokio::time::sleep(UNDO_PAUSE).await;
        }
        if !is_said {
            say(&format!("the runner is gone; {undos} faults were undone"));
        }
        // What cannot be removed expires.
        let _ = self.marks.withdraw(&self.toxiproxy).await;
        Ok(Outcome::Held)
    }
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// Nobody may be there to read it.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "proofmark chaos guard: {text}");
}
