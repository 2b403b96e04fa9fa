//! Children that cannot outlive this process, not even when it is killed with -9.
//!
//! The kernel sends a chosen signal to a process when its parent dies, if the process asked for it.
//! [`become_child`] asks, and then becomes the wanted program. The request is tied to the *thread*
//! that spawned the child, so all children are spawned by one thread that lives as long as the
//! process: [`Spawner`].

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use outcome::{Failure, OrFail, Outcome};
use rustix::process::{Pid, Signal};
use tokio::sync::{mpsc, oneshot};

/// How long a child may take to stop after SIGTERM before it is killed.
pub(crate) const STOP_GRACE: Duration = Duration::from_secs(10);

/// Lines of a child's standard output that wait to be read; further ones only go to its log.
const LINES_MAX: usize = 64;

/// Arguments of the hidden verb `child`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Process that must be the parent.
    #[arg(long)]
    parent: i32,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Replaces this process by the wanted program, which will be killed when its parent dies.
///
/// # Errors
/// [`Failure::broken`] when the parent is gone already or the program cannot be started.
pub(crate) fn become_child(args: &Args) -> Result<Outcome, Failure> {
    let program = &args.command[0];
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .or_broken("cannot tie the child to its parent")?;
    // The parent may have died before the request was made; then nobody would ever signal us.
    if rustix::process::getppid()
        .map(Pid::as_raw_nonzero)
        .map(i32::from)
        != Some(args.parent)
    {
        return Err(Failure::broken(format!(
            "{program} lost its parent before it started"
        )));
    }
    let error = std::process::Command::new(program)
        .args(&args.command[1..])
        .exec();
    Err(Failure::broken(format!("cannot start {program}")).because(error))
}

/// A program to start, and where its output goes.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// What it is called in messages and in the name of its log.
    pub(crate) name: String,
    /// Path or name of the binary.
    pub(crate) binary: PathBuf,
    /// Its arguments.
    pub(crate) args: Vec<String>,
    /// Additions to its environment.
    pub(crate) env: Vec<(String, String)>,
}

/// The one thread that spawns children.
#[derive(Debug, Clone)]
pub(crate) struct Spawner {
    requests: mpsc::Sender<Request>,
}

type Reply = oneshot::Sender<std::io::Result<tokio::process::Child>>;
type Request = (tokio::process::Command, Reply);

impl Spawner {
    /// Starts the thread; it ends with the process.
    pub(crate) fn start() -> Self {
        let (requests, mut wanted) = mpsc::channel::<Request>(8);
        let runtime = tokio::runtime::Handle::current();
        std::thread::spawn(move || {
            let _entered = runtime.enter();
            while let Some((mut command, reply)) = wanted.blocking_recv() {
                // Nobody waits for the answer when the rehearsal was interrupted; the child is then
                // killed as its handle is dropped.
                let _ = reply.send(command.spawn());
            }
            // Returning would end the thread and with it every child; they end with the process.
            loop {
                std::thread::park();
            }
        });
        Self { requests }
    }

    /// Starts a program whose output goes to the end of `<logs>/<name>.log`.
    ///
    /// # Errors
    /// [`Failure::broken`] when the log cannot be written or the program not be started.
    pub(crate) async fn spawn(&self, program: Program, logs: &Path) -> Result<Child, Failure> {
        let name = program.name.clone();
        let sentence = || format!("cannot start {name}");
        let log = logs.join(format!("{name}.log"));
        // What a program wrote before it was killed and started again stays.
        let file = File::options().create(true).append(true).open(&log);
        let file = file.or_broken(format!("cannot write {}", log.display()))?;
        let own_binary =
            std::env::current_exe().or_broken("cannot find this program's own file")?;
        let mut command = tokio::process::Command::new(own_binary);
        command
            .args(["child", "--parent", &std::process::id().to_string(), "--"])
            .arg(&program.binary)
            .args(&program.args)
            .envs(program.env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file.try_clone().or_broken(sentence())?)
            // Ctrl-C on the terminal reaches us alone; we stop the children in order.
            .process_group(0)
            .kill_on_drop(true);
        let (reply, answer) = oneshot::channel();
        self.requests
            .send((command, reply))
            .await
            .or_broken(sentence())?;
        let mut process = answer.await.or_broken(sentence())?.or_broken(sentence())?;
        let lines = process
            .stdout
            .take()
            .map(|stdout| copy_lines(stdout, file))
            .transpose();
        let lines = lines.or_broken(sentence())?;
        Ok(Child {
            name,
            process,
            log,
            lines,
        })
    }
}

/// Copies standard output to the log, and offers its lines to whoever waits for an address.
fn copy_lines(
    stdout: tokio::process::ChildStdout,
    mut log: File,
) -> std::io::Result<mpsc::Receiver<String>> {
    let (sender, lines) = mpsc::channel(LINES_MAX);
    let pipe = std::process::ChildStdout::from(stdout.into_owned_fd()?);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            // A full disk must not stop the child by filling its pipe: keep reading.
            let _ = writeln!(log, "{line}");
            let _ = sender.try_send(line);
        }
    });
    Ok(lines)
}

/// A running child.
#[derive(Debug)]
pub(crate) struct Child {
    /// What it is called in messages.
    pub(crate) name: String,
    /// Where its output goes.
    pub(crate) log: PathBuf,
    process: tokio::process::Child,
    lines: Option<mpsc::Receiver<String>>,
}

impl Child {
    /// Waits for the first line of standard output that starts with `prefix`.
    ///
    /// # Errors
    /// [`Failure::broken`] when the child ends first or says nothing within `patience`.
    pub(crate) async fn line(
        &mut self,
        prefix: &str,
        patience: Duration,
    ) -> Result<String, Failure> {
        let Some(lines) = self.lines.as_mut() else {
            return Err(Failure::broken(format!(
                "{} has no output to read",
                self.name
            )));
        };
        let found = async {
            while let Some(line) = lines.recv().await {
                if line.starts_with(prefix) {
                    return Some(line);
                }
            }
            None
        };
        match tokio::time::timeout(patience, found).await {
            Ok(Some(line)) => Ok(line),
            Ok(None) => Err(self.died().await),
            Err(_) => Err(Failure::broken(format!(
                "{} did not say where it listens within {} s",
                self.name,
                patience.as_secs()
            ))),
        }
    }

    /// Waits for the end of the child, however long it takes.
    ///
    /// # Errors
    /// [`Failure::broken`] when the system cannot say how it ended.
    pub(crate) async fn wait(&mut self) -> Result<ExitStatus, Failure> {
        self.process
            .wait()
            .await
            .or_broken(format!("cannot wait for {}", self.name))
    }

    /// Whether it has ended, without waiting.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    /// The failure of a child that ended although it should run, with its last words.
    pub(crate) async fn died(&mut self) -> Failure {
        let status = self
            .wait()
            .await
            .map_or_else(|_| "?".to_owned(), |status| status.to_string());
        let words = self.last_words();
        Failure::broken(format!("{} died ({status}): {words}", self.name))
    }

    /// The last line that it wrote, at most 300 characters.
    pub(crate) fn last_words(&self) -> String {
        last_words(&self.log)
    }

    /// Sends it a signal; nothing is sent to one that has ended, whose number may be another's now.
    fn signal(&self, signal: Signal) {
        let pid = self.process.id();
        if let Some(pid) = pid.and_then(|id| Pid::from_raw(id.cast_signed())) {
            // It may have ended in this moment; whoever looks at it next sees that.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Stops it in its tracks, and returns when it stands still.
    ///
    /// # Errors
    /// A sentence, when it did not within `patience`.
    pub(crate) async fn pause(&mut self, patience: Duration) -> Result<(), String> {
        self.signal(Signal::STOP);
        let deadline = tokio::time::Instant::now() + patience;
        while !self.stands_still() {
            if self.has_ended() || tokio::time::Instant::now() > deadline {
                return Err(format!("{} did not stop in its tracks", self.name));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Whether the system calls it stopped: state T, which stands after the name in parentheses.
    fn stands_still(&self) -> bool {
        let Some(id) = self.process.id() else {
            return false;
        };
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        state.starts_with('T')
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Kills it, and waits until it has ended.
    ///
    /// # Errors
    /// [`Failure::broken`] when the system refuses.
    pub(crate) async fn kill(&mut self) -> Result<(), Failure> {
        let killed = self.process.kill().await;
        killed.or_broken(format!("cannot kill {}", self.name))
    }

    /// Asks the child to stop, and kills it when it has not within [`STOP_GRACE`].
    ///
    /// # Errors
    /// [`Failure::broken`] when it had to be killed.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        self.signal(Signal::TERM);
        // One that stands still would never hear of it.
        self.signal(Signal::CONT);
        if tokio::time::timeout(STOP_GRACE, self.process.wait())
            .await
            .is_ok()
        {
            return Ok(());
        }
        let _ = self.process.kill().await;
        Err(Failure::broken(format!(
            "{} did not stop within {} s",
            self.name,
            STOP_GRACE.as_secs()
        )))
    }
}

/// The last line of a log that says something, at most 300 characters.
fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    last.map_or_else(
        || "it said nothing".to_owned(),
        |line| line.chars().take(300).collect(),
    )
}
