//! The whole stack on loopback: real servers as children, in a temporary folder.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use outcome::{Failure, OrFail};
use tokio::time::Instant;

use super::ports;
use super::sabotage::Sabotage;
use super::scrape::{self, Targets};
use crate::child::{Child, Program, Spawner};

/// How long a server may take to be ready.
const READY_PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at a server that is starting: it has no event that we could wait for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Name of the proxy between the service and Redis, as the experiments call it.
const REDIS_PROXY: &str = "redis";

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
    /// Where the load runner is to offer its metrics.
    pub(crate) load_metrics: SocketAddr,
    /// Where the chaos runner is to offer its metrics.
    pub(crate) chaos_metrics: SocketAddr,
    spawner: Spawner,
    logs: PathBuf,
    http: reqwest::Client,
    /// In the order in which they were started; stopped the other way round.
    children: Vec<Child>,
}

/// The servers of other projects that a stack needs.
#[derive(Debug)]
pub(crate) struct Binaries {
    redis: PathBuf,
    prometheus: PathBuf,
    alertmanager: PathBuf,
}

impl Binaries {
    /// Finds them before anything is started.
    ///
    /// # Errors
    /// [`Failure::broken`] that names the first missing one and the command that installs it.
    pub(crate) fn find() -> Result<Self, Failure> {
        Ok(Self {
            redis: installed("redis-server")?,
            prometheus: installed("prometheus")?,
            alertmanager: installed("prometheus-alertmanager")?,
        })
    }
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
    /// Root of the project, for links to runbooks.
    pub(crate) root: &'a Path,
    /// What the service is made to do wrong.
    pub(crate) sabotage: Option<Sabotage>,
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn own_binary() -> Result<PathBuf, Failure> {
    std::env::current_exe().or_broken("cannot find this program's own file")
}

/// The binary of another project, by name.
fn installed(name: &str) -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    found.ok_or_else(|| Failure::broken(format!("{name} is not installed: run ci/setup")))
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
            load_metrics: loopback(load_port),
            chaos_metrics: loopback(chaos_port),
            spawner: Spawner::start(),
            logs: logs.to_owned(),
            http: http.or_broken("cannot make an HTTP client")?,
            children: Vec::new(),
        })
    }

    /// Starts everything and waits until each part is ready.
    ///
    /// # Errors
    /// [`Failure::broken`] that names the part which is missing, died, or is not ready in time.
    pub(crate) async fn start(&mut self, plan: &Plan<'_>) -> Result<(), Failure> {
        let Binaries {
            redis,
            prometheus,
            alertmanager,
        } = plan.binaries;
        let [redis_port, alertmanager_port] = ports::free()?;
        self.start_redis(redis.clone(), redis_port, plan.work)
            .await?;
        let redis_by_proxy = self.start_toxiproxy(loopback(redis_port)).await?;
        self.start_desk(plan.work).await?;
        self.start_service(redis_by_proxy, plan.sabotage).await?;
        write_rules(plan, self.desk, self.service)?;
        self.start_alertmanager(alertmanager.clone(), alertmanager_port, plan)
            .await?;
        self.start_prometheus(prometheus.clone(), loopback(alertmanager_port), plan)
            .await
    }

    async fn spawn(
        &mut self,
        name: &str,
        binary: PathBuf,
        args: Vec<String>,
    ) -> Result<(), Failure> {
        self.spawn_with(name, binary, args, Vec::new()).await
    }

    async fn spawn_with(
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
        self.children.push(child);
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

    fn newest(&mut self) -> Result<&mut Child, Failure> {
        self.children
            .last_mut()
            .ok_or_else(|| Failure::broken("a bug: no child was started"))
    }

    async fn start_redis(
        &mut self,
        binary: PathBuf,
        port: u16,
        work: &Path,
    ) -> Result<(), Failure> {
        let folder = work.join("redis");
        std::fs::create_dir_all(&folder).or_broken("cannot make the folder of Redis")?;
        let args = [
            "--bind",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--save",
            "",
            "--appendonly",
            "no",
        ];
        let mut args: Vec<String> = args.map(str::to_owned).to_vec();
        args.extend(
            [
                "--maxmemory",
                "256mb",
                "--maxmemory-policy",
                "allkeys-lru",
                "--dir",
            ]
            .map(str::to_owned),
        );
        args.push(folder.display().to_string());
        self.spawn("redis", binary, args).await?;
        let address = loopback(port);
        self.await_ready("redis", async || {
            tokio::net::TcpStream::connect(address).await.is_ok()
        })
        .await
    }

    /// Starts Toxiproxy with a proxy before Redis; gives the address of that proxy.
    async fn start_toxiproxy(&mut self, redis: SocketAddr) -> Result<SocketAddr, Failure> {
        let args = ["toxiproxy", "--listen", "127.0.0.1:0"]
            .map(str::to_owned)
            .to_vec();
        self.spawn("toxiproxy", own_binary()?, args).await?;
        let line = self.newest()?.line("listening ", READY_PATIENCE).await?;
        self.toxiproxy = address_in(&line, "http://")?;
        let proxy = serde_json::json!({
            "name": REDIS_PROXY, "listen": "127.0.0.1:0", "upstream": redis.to_string(), "enabled": true,
        });
        let sentence = "cannot put a proxy before Redis";
        let url = format!("http://{}/proxies", self.toxiproxy);
        let answer = self
            .http
            .post(url)
            .json(&proxy)
            .send()
            .await
            .or_broken(sentence)?;
        let answer = answer.error_for_status().or_broken(sentence)?;
        let made: serde_json::Value = answer.json().await.or_broken(sentence)?;
        made["listen"]
            .as_str()
            .unwrap_or_default()
            .parse()
            .or_broken(sentence)
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
        let line = self.newest()?.line("listening ", READY_PATIENCE).await?;
        self.desk = address_in(&line, "http://")?;
        Ok(())
    }

    async fn start_service(
        &mut self,
        redis: SocketAddr,
        sabotage: Option<Sabotage>,
    ) -> Result<(), Failure> {
        let redis = format!("redis.url=redis://{redis}");
        let fixed = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--set",
            &redis,
        ];
        let mut args: Vec<String> = fixed.map(str::to_owned).to_vec();
        // A rehearsal samples every trace, and looks at Redis again soon after a fault.
        let settings = [
            "telemetry.trace_ratio=1.0".to_owned(),
            "redis.breaker.cooldown=2s".to_owned(),
            format!("prometheus.url=http://{}", self.prometheus),
            "prometheus.step_min=1s".to_owned(),
        ];
        for setting in settings {
            args.extend(["--set".to_owned(), setting]);
        }
        let mut env = Vec::new();
        if let Some(sabotage) = sabotage {
            args.extend(
                sabotage
                    .settings()
                    .into_iter()
                    .flat_map(|setting| ["--set".to_owned(), setting]),
            );
            env.push(("PROOFMARK_REHEARSAL".to_owned(), "1".to_owned()));
        }
        self.spawn_with("service", own_binary()?, args, env).await?;
        let line = self.newest()?.line("listening ", READY_PATIENCE).await?;
        self.service = address_in(&line, "public http://")?;
        self.admin = address_in(&line, "admin http://")?;
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
        self.spawn("alertmanager", binary, args).await?;
        self.await_ok("alertmanager", &format!("http://{address}/-/ready"))
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
        self.spawn("prometheus", binary, args).await?;
        self.await_ok("prometheus", &format!("http://{}/-/ready", self.prometheus))
            .await
    }

    async fn await_ok(&mut self, name: &str, url: &str) -> Result<(), Failure> {
        let http = self.http.clone();
        let url = url.to_owned();
        self.await_ready(name, async || {
            http.get(&url)
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success())
        })
        .await
    }

    /// Looks until `is_ready`, or until the newest child has died, or for [`READY_PATIENCE`].
    async fn await_ready(
        &mut self,
        name: &str,
        is_ready: impl AsyncFn() -> bool,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + READY_PATIENCE;
        while Instant::now() < deadline {
            if self.newest()?.has_ended() {
                return Err(self.newest()?.died().await);
            }
            if is_ready().await {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(Failure::broken(format!(
            "{name} was not ready within {} s",
            READY_PATIENCE.as_secs()
        )))
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
        for child in &mut self.children {
            if child.has_ended() {
                return Err(child.died().await);
            }
        }
        Ok(())
    }

    /// Stops every part in order; what does not stop in time is killed.
    ///
    /// # Errors
    /// [`Failure::broken`] for the first part that had to be killed; all others are stopped too.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        let mut first_failure = Ok(());
        while let Some(child) = self.children.pop() {
            let stopped = child.stop().await;
            first_failure = first_failure.and(stopped);
        }
        first_failure
    }
}

/// Writes the rules and the routing as `proofmark build` does, for this stack.
fn write_rules(plan: &Plan<'_>, desk: SocketAddr, service: SocketAddr) -> Result<(), Failure> {
    let settings = alerts::Settings {
        interval: Duration::from_secs(1),
        runbook_base: format!("file://{}/runbooks", plan.root.display()),
        desk_url: format!("http://{desk}/webhook"),
        chart_base: format!("http://{service}"),
        ..alerts::Settings::default()
    };
    for (path, text) in alerts::rules_for(plan.objectives, &settings) {
        let path = plan.work.join(path);
        let sentence = format!("cannot write {}", path.display());
        let folder = path.parent().unwrap_or(plan.work);
        std::fs::create_dir_all(folder).or_broken(sentence.as_str())?;
        std::fs::write(&path, text).or_broken(sentence)?;
    }
    Ok(())
}

/// The socket address that follows `before` in a line such as `listening http://127.0.0.1:80`.
fn address_in(line: &str, before: &str) -> Result<SocketAddr, Failure> {
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

    #[test]
    fn a_binary_that_is_not_there_is_named_with_the_command_that_installs_it() {
        let failure = installed("no-such-binary").unwrap_err();
        assert_eq!(
            failure.to_string(),
            "no-such-binary is not installed: run ci/setup"
        );
        assert_eq!(failure.outcome().exit_code(), 70);
    }
}
