//! The whole stack on loopback: real servers as children, in a temporary folder.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use outcome::{Failure, OrFail};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::binaries::Binaries;
use super::crew::{Crew, LOOK_EVERY, Member, READY_PATIENCE, Ready};
use super::own_server::OwnServer;
use super::pictures::Signer;
use super::ports;
use super::proxies::Ways;
use super::sabotage::Sabotage;
use super::scrape::{self, Targets};
use crate::child::{Child, Program, Spawner};

/// How long the keeper may take to undo what was done to processes, before all are stopped anyway.
const UNDO_PATIENCE: Duration = Duration::from_secs(5);

/// A running stack. Dropping it kills every child.
#[derive(Debug)]
pub(crate) struct Stack {
    /// Where pictures are asked for.
    pub(crate) service: SocketAddr,
    /// Where the service tells about itself.
    pub(crate) admin: SocketAddr,
    /// Where Prometheus answers queries.
    pub(crate) prometheus: SocketAddr,
    /// Where the desk lists alerts.
    pub(crate) desk: SocketAddr,
    /// Where faults are set.
    pub(crate) toxiproxy: SocketAddr,
    /// Where processes are paused, killed and restarted.
    pub(crate) processes: SocketAddr,
    /// Where the load runner is to offer its metrics.
    pub(crate) load_metrics: SocketAddr,
    /// Where the chaos runner is to offer its metrics.
    pub(crate) chaos_metrics: SocketAddr,
    spawner: Spawner,
    logs: PathBuf,
    pub(super) http: reqwest::Client,
    /// What the load is made of.
    pub(crate) load_plan: PathBuf,
    /// Where spans and log records end.
    pub(super) collector: Option<OwnServer>,
    /// Where pictures of cards come from.
    pub(super) studio: Option<OwnServer>,
    /// In the order in which they were started; stopped the other way round.
    children: Vec<Arc<Member>>,
    /// Ends the keeper of processes, and the keeper.
    keeper: Option<(CancellationToken, JoinHandle<()>)>,
}

/// What a stack is started from.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// Servers of other projects.
    pub(crate) binaries: &'a Binaries,
    /// Temporary folder for data and configuration.
    pub(crate) work: &'a Path,
    /// Objectives that rules and alerts are written from.
    pub(crate) objectives: &'a [slo::Objective],
    /// What the load is made of, without cards that have pictures.
    pub(crate) load_plan: &'a Path,
    /// Root of the project, for links to runbooks.
    pub(crate) root: &'a Path,
    /// What the service is made to do wrong.
    pub(crate) sabotage: Option<Sabotage>,
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The plan of the load with cards that have pictures, whose URLs only this stack's key signs.
fn write_load_plan(plan: &Plan<'_>, signer: &Signer, ways: &Ways) -> Result<PathBuf, Failure> {
    let sentence = "cannot write the plan of the load";
    let without = std::fs::read_to_string(plan.load_plan).or_broken(sentence)?;
    let file = plan.work.join("plan.yaml");
    std::fs::write(&file, signer.plan(&without, ways.pictures)?).or_broken(sentence)?;
    Ok(file)
}

pub(super) fn own_binary() -> Result<PathBuf, Failure> {
    std::env::current_exe().or_broken("cannot find this program's own file")
}

impl Stack {
    /// A stack of which nothing runs yet. It is made before it is started, so that a start which is
    /// interrupted can be stopped in order.
    ///
    /// # Errors
    /// [`Failure::broken`] when there is no free port.
    pub(crate) fn new(logs: &Path) -> Result<Self, Failure> {
        let [prometheus_port, load_port, chaos_port] = ports::free()?;
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build();
        Ok(Self {
            service: loopback(0),
            admin: loopback(0),
            prometheus: loopback(prometheus_port),
            desk: loopback(0),
            toxiproxy: loopback(0),
            processes: loopback(0),
            load_metrics: loopback(load_port),
            chaos_metrics: loopback(chaos_port),
            spawner: Spawner::start(),
            logs: logs.to_owned(),
            http: http.or_broken("cannot make an HTTP client")?,
            load_plan: PathBuf::new(),
            collector: None,
            studio: None,
            children: Vec::new(),
            keeper: None,
        })
    }

    /// Starts everything and waits until each part is ready.
    ///
    /// # Errors
    /// [`Failure::broken`] that names the part which is missing, died, or is not ready in time.
    pub(crate) async fn start(&mut self, plan: &Plan<'_>) -> Result<(), Failure> {
        let binaries = plan.binaries;
        let [redis_port, alertmanager_port] = ports::free()?;
        self.start_redis(binaries.redis.clone(), redis_port, plan.work)
            .await?;
        self.start_toxiproxy().await?;
        let ways = self.put_proxies(loopback(redis_port)).await?;
        let signer = Signer::new(plan.work)?;
        self.start_desk(plan.work).await?;
        self.start_service(&ways, &signer, plan.sabotage).await?;
        self.load_plan = write_load_plan(plan, &signer, &ways)?;
        super::rules::write(plan, self.desk, self.service)?;
        self.start_alertmanager(binaries.alertmanager.clone(), alertmanager_port, plan)
            .await?;
        self.start_prometheus(
            binaries.prometheus.clone(),
            loopback(alertmanager_port),
            plan,
        )
        .await?;
        self.start_keeper().await
    }

    async fn spawn(
        &mut self,
        name: &str,
        binary: PathBuf,
        args: Vec<String>,
    ) -> Result<(), Failure> {
        self.spawn_with(name, binary, args, Vec::new()).await
    }

    pub(super) async fn spawn_with(
        &mut self,
        name: &str,
        binary: PathBuf,
        args: Vec<String>,
        env: Vec<(String, String)>,
    ) -> Result<(), Failure> {
        let program = Program {
            name: name.to_owned(),
            binary,
            args,
            env,
        };
        let child = self.spawner.spawn(program, &self.logs).await?;
        self.children.push(Arc::new(Member::new(name, child)));
        Ok(())
    }

    /// Starts a verb of this program that is not part of the stack, such as the load.
    ///
    /// # Errors
    /// [`Failure::broken`] when it cannot be started.
    pub(crate) async fn run_verb(&self, name: &str, args: Vec<String>) -> Result<Child, Failure> {
        let program = Program {
            name: name.to_owned(),
            binary: own_binary()?,
            args,
            env: Vec::new(),
        };
        self.spawner.spawn(program, &self.logs).await
    }

    pub(super) fn newest(&self) -> Result<&Member, Failure> {
        let newest = self.children.last();
        newest
            .map(|member| &**member)
            .ok_or_else(|| Failure::broken("a bug: no child was started"))
    }

    /// What the newest child says where it listens.
    pub(super) async fn newest_says(&self) -> Result<String, Failure> {
        let mut child = self.newest()?.child.lock().await;
        let Some(child) = child.as_mut() else {
            return Err(Failure::broken(
                "a bug: a child was killed while it started",
            ));
        };
        child.line("listening ", READY_PATIENCE).await
    }

    async fn start_redis(
        &mut self,
        binary: PathBuf,
        port: u16,
        work: &Path,
    ) -> Result<(), Failure> {
        let folder = work.join("redis");
        std::fs::create_dir_all(&folder).or_broken("cannot make the folder of Redis")?;
        let fixed =
            "--bind 127.0.0.1 --appendonly no --maxmemory 256mb --maxmemory-policy allkeys-lru";
        let mut args: Vec<String> = fixed.split(' ').map(str::to_owned).collect();
        args.extend(["--save", "", "--port"].map(str::to_owned));
        args.extend([
            port.to_string(),
            "--dir".to_owned(),
            folder.display().to_string(),
        ]);
        self.spawn_breakable("redis", binary, args, Ready::Accepts(loopback(port)))
            .await
    }

    async fn start_toxiproxy(&mut self) -> Result<(), Failure> {
        let args = ["toxiproxy", "--listen", "127.0.0.1:0"]
            .map(str::to_owned)
            .to_vec();
        self.spawn("toxiproxy", own_binary()?, args).await?;
        let line = self.newest_says().await?;
        self.toxiproxy = address_in(&line, "http://")?;
        Ok(())
    }

    async fn start_desk(&mut self, work: &Path) -> Result<(), Failure> {
        let database = work.join("desk.sqlite").display().to_string();
        let args = [
            "desk",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--db",
            &database,
        ];
        self.spawn("desk", own_binary()?, args.map(str::to_owned).to_vec())
            .await?;
        let line = self.newest_says().await?;
        self.desk = address_in(&line, "http://")?;
        Ok(())
    }

    async fn start_alertmanager(
        &mut self,
        binary: PathBuf,
        port: u16,
        plan: &Plan<'_>,
    ) -> Result<(), Failure> {
        let file = plan.work.join("alerts/generated/alertmanager.yaml");
        let address = loopback(port);
        let args = vec![
            format!("--config.file={}", file.display()),
            format!(
                "--storage.path={}",
                plan.work.join("alertmanager").display()
            ),
            format!("--web.listen-address={address}"),
            // One instance: no cluster, no second port.
            "--cluster.listen-address=".to_owned(),
        ];
        let ready = Ready::Answers(format!("http://{address}/-/ready"));
        self.spawn_breakable("alertmanager", binary, args, ready)
            .await
    }

    async fn start_prometheus(
        &mut self,
        binary: PathBuf,
        alertmanager: SocketAddr,
        plan: &Plan<'_>,
    ) -> Result<(), Failure> {
        let rules = ["recording", "alerts"]
            .map(|name| plan.work.join(format!("alerts/generated/{name}.yaml")));
        let targets = Targets {
            service: self.admin,
            load: self.load_metrics,
            chaos: self.chaos_metrics,
            desk: self.desk,
            alertmanager,
        };
        let file = plan.work.join("prometheus.yaml");
        std::fs::write(&file, scrape::configuration(&targets, &rules))
            .or_broken("cannot write the configuration of Prometheus")?;
        let args = vec![
            format!("--config.file={}", file.display()),
            format!(
                "--storage.tsdb.path={}",
                plan.work.join("prometheus").display()
            ),
            format!("--web.listen-address={}", self.prometheus),
            "--log.level=warn".to_owned(),
        ];
        let ready = Ready::Answers(format!("http://{}/-/ready", self.prometheus));
        self.spawn_breakable("prometheus", binary, args, ready)
            .await
    }

    /// Starts a child that experiments may break, and waits until it is ready.
    async fn spawn_breakable(
        &mut self,
        name: &str,
        binary: PathBuf,
        args: Vec<String>,
        ready: Ready,
    ) -> Result<(), Failure> {
        let program = Program {
            name: name.to_owned(),
            binary: binary.clone(),
            args: args.clone(),
            env: Vec::new(),
        };
        self.spawn(name, binary, args).await?;
        self.await_ready(&ready).await?;
        self.newest()?.may_be_broken(program, ready);
        Ok(())
    }

    /// Looks until the newest child is ready, or has died, or for [`READY_PATIENCE`].
    async fn await_ready(&self, ready: &Ready) -> Result<(), Failure> {
        let deadline = Instant::now() + READY_PATIENCE;
        let member = self.newest()?;
        while Instant::now() < deadline {
            member.check_alive().await?;
            if ready.is_so(&self.http).await {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(Failure::broken(format!(
            "{} was not ready within {} s",
            member.name,
            READY_PATIENCE.as_secs()
        )))
    }

    /// Offers the children to experiments.
    async fn start_keeper(&mut self) -> Result<(), Failure> {
        let sentence = "cannot offer the keeper of processes";
        let listener = TcpListener::bind(loopback(0)).await.or_broken(sentence)?;
        self.processes = listener.local_addr().or_broken(sentence)?;
        let crew = Crew {
            members: self.children.clone(),
            spawner: self.spawner.clone(),
            logs: self.logs.clone(),
            http: self.http.clone(),
        };
        let stop = CancellationToken::new();
        let keeper = tokio::spawn(chaos::processes::serve(listener, crew, stop.clone()));
        self.keeper = Some((stop, keeper));
        Ok(())
    }

    /// How many parts run.
    pub(crate) fn size(&self) -> usize {
        self.children.len()
    }

    /// Fails when a part of the stack has ended.
    ///
    /// # Errors
    /// [`Failure::broken`] with the name and the last words of the dead part.
    pub(crate) async fn check_alive(&mut self) -> Result<(), Failure> {
        for member in &self.children {
            member.check_alive().await?;
        }
        Ok(())
    }

    /// Stops every part in order; what does not stop in time is killed.
    ///
    /// # Errors
    /// [`Failure::broken`] for the first part that had to be killed; all others are stopped too.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        if let Some((stop, mut keeper)) = self.keeper.take() {
            stop.cancel();
            if tokio::time::timeout(UNDO_PATIENCE, &mut keeper)
                .await
                .is_err()
            {
                keeper.abort();
            }
        }
        let mut first_failure = Ok(());
        while let Some(member) = self.children.pop() {
            // One that is killed needs no stopping.
            let Some(child) = member.child.lock().await.take() else {
                continue;
            };
            let stopped = child.stop().await;
            first_failure = first_failure.and(stopped);
        }
        first_failure
    }
}

/// The socket address that follows `before` in a line such as `listening http://127.0.0.1:80`.
pub(super) fn address_in(line: &str, before: &str) -> Result<SocketAddr, Failure> {
    let rest = line.split_once(before).map_or("", |(_, rest)| rest);
    let text = rest.split_whitespace().next().unwrap_or_default();
    text.parse()
        .or_broken(format!("expected an address after {before:?} in {line:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_what_a_child_says() {
        let line = "listening public http://127.0.0.1:8080 admin http://127.0.0.1:8081";
        assert_eq!(address_in(line, "public http://").unwrap(), loopback(8080));
        assert_eq!(address_in(line, "admin http://").unwrap(), loopback(8081));
        let failure = address_in("hello", "http://").unwrap_err();
        assert!(
            failure
                .to_string()
                .starts_with("expected an address after \"http://\" in \"hello\"")
        );
    }
}
