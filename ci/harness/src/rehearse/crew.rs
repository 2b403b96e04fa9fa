//! The children of a stack, and the keeper through which experiments pause, kill and restart them.
//!
//! A child that an experiment stopped or killed has not died: [`Member::check_alive`] knows. What is
//! started again has the arguments and the addresses it had, because others know it by them. Only
//! children of this stack are ever signalled, each through its own handle.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chaos::processes::{Act, Keeper};
use outcome::Failure;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::child::{Child, Program, Spawner};

/// How long a server may take to be ready.
pub(super) const READY_PATIENCE: Duration = Duration::from_secs(30);

/// How long the system may take to stop a process in its tracks.
const PAUSE_PATIENCE: Duration = Duration::from_secs(2);

/// Between two looks at a process that is changing: it has no event that we could wait for.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How one sees that a server is ready.
#[derive(Debug, Clone)]
pub(super) enum Ready {
    /// It accepts connections.
    Accepts(SocketAddr),
    /// It answers this URL with success.
    Answers(String),
}

impl Ready {
    pub(super) async fn is_so(&self, http: &reqwest::Client) -> bool {
        match self {
            Self::Accepts(address) => tokio::net::TcpStream::connect(address).await.is_ok(),
            Self::Answers(url) => {
                let answer = http.get(url).send().await;
                answer.is_ok_and(|answer| answer.status().is_success())
            }
        }
    }
}

/// One child of a stack.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// Empty while it is killed; locked while something is done to it.
    pub(super) child: Mutex<Option<Child>>,
    /// How to start it again; only of those that experiments may break.
    again: OnceLock<(Program, Ready)>,
}

impl Member {
    pub(super) fn new(name: &str, child: Child) -> Self {
        Self {
            name: name.to_owned(),
            child: Mutex::new(Some(child)),
            again: OnceLock::new(),
        }
    }

    /// Lets experiments break it.
    pub(super) fn may_be_broken(&self, program: Program, ready: Ready) {
        // A stack is started once.
        let _ = self.again.set((program, ready));
    }

    /// Fails when it has ended and nobody killed it.
    ///
    /// # Errors
    /// [`Failure::broken`] with its last words.
    pub(super) async fn check_alive(&self) -> Result<(), Failure> {
        // While it is locked an experiment does something to it, and says how that ended.
        let Ok(mut child) = self.child.try_lock() else {
            return Ok(());
        };
        if let Some(child) = child.as_mut()
            && child.has_ended()
        {
            return Err(child.died().await);
        }
        Ok(())
    }
}

/// Those members that experiments may break.
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) members: Vec<Arc<Member>>,
    pub(super) spawner: Spawner,
    pub(super) logs: PathBuf,
    pub(super) http: reqwest::Client,
}

impl Crew {
    fn find(&self, name: &str) -> Result<(&Member, &Program, &Ready), String> {
        let found = self.members.iter().find(|member| member.name == name);
        found
            .and_then(|member| {
                let (program, ready) = member.again.get()?;
                Some((&**member, program, ready))
            })
            .ok_or_else(|| format!("{name} may not be broken"))
    }

    /// Starts a member that was killed, and waits until it is ready.
    async fn start(
        &self,
        child: &mut Option<Child>,
        program: &Program,
        ready: &Ready,
    ) -> Result<(), String> {
        let started = self.spawner.spawn(program.clone(), &self.logs).await;
        let mut started = started.map_err(|failure| failure.to_string())?;
        // One that is not ready is dropped, and with that killed: its addresses are free again.
        self.await_ready(&mut started, ready).await?;
        *child = Some(started);
        Ok(())
    }

    async fn await_ready(&self, child: &mut Child, ready: &Ready) -> Result<(), String> {
        let deadline = Instant::now() + READY_PATIENCE;
        while Instant::now() < deadline {
            if child.has_ended() {
                return Err(child.died().await.to_string());
            }
            if ready.is_so(&self.http).await {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let (name, seconds) = (&child.name, READY_PATIENCE.as_secs());
        Err(format!("{name} was not ready within {seconds} s"))
    }
}

impl Keeper for Crew {
    fn names(&self) -> Vec<String> {
        let breakable = self.members.iter();
        let breakable = breakable.filter(|member| member.again.get().is_some());
        breakable.map(|member| member.name.clone()).collect()
    }

    async fn act(&self, process: &str, act: Act) -> Result<(), String> {
        let (member, program, ready) = self.find(process)?;
        let mut slot = member.child.lock().await;
        let Some(child) = slot.as_mut() else {
            return Err(format!("{process} does not run"));
        };
        if child.has_ended() {
            return Err(child.died().await.to_string());
        }
        if act == Act::Pause {
            return child.pause(PAUSE_PATIENCE).await;
        }
        child.kill().await.map_err(|failure| failure.to_string())?;
        *slot = None;
        match act {
            Act::Restart => self.start(&mut slot, program, ready).await,
            Act::Kill | Act::Pause => Ok(()),
        }
    }

    async fn undo(&self, process: &str, act: Act) -> Result<(), String> {
        let (member, program, ready) = self.find(process)?;
        let mut slot = member.child.lock().await;
        match slot.as_mut() {
            None => self.start(&mut slot, program, ready).await,
            // A pause that failed half way may come into effect late, so this is done regardless.
            Some(child) => {
                child.resume();
                let undone = self.await_ready(child, ready).await;
                undone.map_err(|cause| format!("after {act}: {cause}"))
            }
        }
    }
}
