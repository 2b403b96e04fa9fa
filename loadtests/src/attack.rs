//! The load as goose runs it.
//!
//! Each user runs one transaction, which takes turns from the shared pace until the load is over;
//! goose ends when all users have. A request is recorded with the latency that we measured, from
//! when it was due to its last byte, so that goose's thresholds and reports judge that.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use goose::client::GooseClientBuilder;
use goose::config::GooseConfiguration;
use goose::goose::{GooseUser, Scenario, Transaction, TransactionFunction, TransactionResult};
use goose::metrics::GooseMetrics;
use goose::{GooseAttack, GooseError};
use meter::Meter;
use outcome::{Failure, OrFail};
use signals::{LOAD_REQUEST, LoadResult as Class, RequestName};

use crate::pace::{Pace, Turn};
use crate::plan::Plan;
use crate::progress;
use crate::sender::{Sender, Sent};
use crate::tally::Tally;

/// What starting the users and writing the reports may take on top of the load itself.
const GRACE: Duration = Duration::from_secs(60);

/// Everything that the users of one load share.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) plan: Plan,
    pub(crate) origin: String,
    pub(crate) pace: Pace,
    pub(crate) tally: Tally,
    pub(crate) sender: Sender,
    pub(crate) meter: Arc<Meter>,
}

impl Load {
    /// Time since the first request was due; zero before.
    pub(crate) fn elapsed(&self) -> Duration {
        self.pace
            .started()
            .map_or(Duration::ZERO, |started| started.elapsed())
    }

    /// What one user does from its start to its end.
    async fn drive(&self, user: &mut GooseUser) -> TransactionResult {
        let Some(start) = self.pace.arrive().await else {
            return Ok(());
        };
        while let Some(turn) = self.pace.take(start, &self.tally).await {
            let (kind, mut draw) = self.sender.draw(turn.number);
            self.tally.sent(kind, start.elapsed());
            let sent = self.sender.send(kind, &mut draw).await;
            self.record(user, kind, turn, &sent).await?;
        }
        Ok(())
    }

    async fn record(
        &self,
        user: &mut GooseUser,
        kind: usize,
        turn: Turn,
        sent: &Sent,
    ) -> TransactionResult {
        let answer = sent.answer;
        let request = &self.plan.requests[kind];
        let elapsed = sent.at.duration_since(turn.counts_from);
        self.tally.answered(kind, answer, elapsed);
        let labels = (RequestName(request.name.clone()), answer.class);
        self.meter.observe(&LOAD_REQUEST, labels, elapsed);
        let is_expected = answer.class == Class::Expected;
        let error = (!is_expected).then(|| match answer.status {
            Some(status) => format!("{}: {status} is not expected", request.goose_name()),
            None => format!(
                "{}: {}",
                request.goose_name(),
                answer.failure.unwrap_or("failed")
            ),
        });
        let method = request.method.as_str();
        user.record_custom_request_duration(
            method,
            &request.name,
            elapsed,
            is_expected,
            answer.status,
            error.as_deref(),
        )
        .await
    }
}

/// Where goose reports.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reports {
    /// Folder of the report files.
    pub(crate) folder: Option<PathBuf>,
    /// Address of the live dashboard.
    pub(crate) dashboard: Option<SocketAddr>,
}

/// Runs the load to its end and gives goose's metrics, thresholds judged.
///
/// # Errors
/// [`Failure::broken`] when goose cannot run or does not end.
pub(crate) async fn run(load: &Arc<Load>, reports: &Reports) -> Result<GooseMetrics, Failure> {
    let timeouts = &load.plan.timeouts;
    let longest = load.plan.shape.duration + timeouts.late + timeouts.request + GRACE;
    let client = GooseClientBuilder::new().without_cookies();
    let attack = GooseAttack::initialize_with_config(configuration(load, reports))
        .and_then(|attack| attack.set_client_builder_without_cookies(client))
        .or_broken("cannot set up goose")?
        .register_scenario(Scenario::new(&load.plan.name).register_transaction(transaction(load)));
    let finished = tokio::select! {
        finished = tokio::time::timeout(longest, attack.execute()) => finished,
        never = progress::show(load) => match never {},
    };
    progress::finish();
    match finished {
        Ok(Ok(metrics)) => Ok(metrics),
        Ok(Err(GooseError::ThresholdsFailed { metrics, .. })) => Ok(*metrics.0),
        Ok(Err(error)) => Err(Failure::broken("goose could not run the load").because(error)),
        Err(_) => Err(Failure::broken("goose did not end in time after the load")),
    }
}

fn transaction(load: &Arc<Load>) -> Transaction {
    let load = Arc::clone(load);
    let drive: TransactionFunction = Arc::new(move |user: &mut GooseUser| {
        let load = Arc::clone(&load);
        Box::pin(async move {
            let driven = load.drive(user).await;
            load.pace.leave();
            driven
        })
    });
    Transaction::new(drive).set_name("load")
}

fn configuration(load: &Load, reports: &Reports) -> GooseConfiguration {
    let users = load.plan.users();
    let mut configuration = GooseConfiguration::default();
    configuration.host = Some(load.origin.clone());
    configuration.users = Some(users);
    // All of them within a quarter of a second.
    configuration.increase_rate = Some((users * 4).to_string());
    configuration.iterations = Some(1);
    configuration.threshold.clone_from(&load.plan.thresholds);
    configuration.no_threshold_abort = true;
    configuration.no_transaction_metrics = true;
    configuration.no_scenario_metrics = true;
    configuration.no_print_metrics = true;
    configuration.no_telnet = true;
    configuration.quiet = 1;
    if let Some(folder) = &reports.folder {
        let file = |name: &str| folder.join(name).display().to_string();
        configuration.report_file = ["goose.html", "goose.json", "goose.md"].map(file).to_vec();
        configuration.report_graph_data = true;
    }
    if let Some(address) = reports.dashboard {
        configuration.dashboard = true;
        // Its own report would go into a new folder under the current one.
        let folder = reports
            .folder
            .as_ref()
            .map(|folder| folder.join("dashboard"));
        configuration.output_dir = folder.map(|folder| folder.display().to_string());
        configuration.dashboard_host = Some(address.ip().to_string());
        configuration.dashboard_port = Some(address.port());
    }
    configuration
}
