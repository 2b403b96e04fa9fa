//! The service under rehearsal.

use outcome::Failure;

use super::crew::Ready;
use super::pictures::Signer;
use super::proxies::Ways;
use super::sabotage::Sabotage;
use super::stack::{Stack, address_in, own_binary};
use crate::child::Program;

impl Stack {
    /// Starts the service, and waits until it says where it listens.
    pub(super) async fn start_service(
        &mut self,
        ways: &Ways,
        signer: &Signer,
        sabotage: Option<Sabotage>,
    ) -> Result<(), Failure> {
        let fixed = ["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
        let mut args: Vec<String> = fixed.map(str::to_owned).to_vec();
        let mut settings = settings(ways);
        settings.extend(signer.settings(ways.pictures));
        let mut env = Vec::new();
        if let Some(sabotage) = sabotage {
            settings.extend(sabotage.settings());
            env.push(("PROOFMARK_REHEARSAL".to_owned(), "1".to_owned()));
        }
        for setting in settings {
            args.extend(["--set".to_owned(), setting]);
        }
        let (first, first_env) = (args.clone(), env.clone());
        self.spawn_with("service", own_binary()?, first, first_env)
            .await?;
        let line = self.newest_says().await?;
        self.service = address_in(&line, "public http://")?;
        self.admin = address_in(&line, "admin http://")?;
        // Everybody knows these addresses by now: it must come back on them.
        args[2] = self.service.to_string();
        args[4] = self.admin.to_string();
        let program = Program {
            name: "service".to_owned(),
            binary: own_binary()?,
            args,
            env,
        };
        let ready = Ready::Answers(format!("http://{}/livez", self.admin));
        self.newest()?.may_be_broken(program, ready);
        Ok(())
    }
}

/// A rehearsal samples every trace, and looks at Redis again soon after a fault.
fn settings(ways: &Ways) -> Vec<String> {
    vec![
        "telemetry.trace_ratio=1.0".to_owned(),
        format!("redis.url=redis://{}", ways.redis),
        "redis.breaker.cooldown=2s".to_owned(),
        format!("telemetry.otlp_endpoint=http://{}", ways.collector),
        format!("prometheus.url=http://{}", ways.charts),
        "prometheus.step_min=1s".to_owned(),
    ]
}
