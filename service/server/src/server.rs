//! The running service: what belongs together is started and stopped here.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use outcome::{Failure, OrFail};
use render::Fonts;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::fault::Fault;
use crate::listener::{Limits, Listener};
use crate::pictures::Pictures;
use crate::telemetry::{self, Build, Line, Severity, Telemetry};
use crate::web::{self, Admin, Public, Readiness};

/// Connections of the admin listener at a time: outside the limits of the public one, but not
/// without any.
const ADMIN_CONNECTIONS_MAX: usize = 64;

/// A running service. Dropped without [`Server::shutdown`], it stops without waiting.
#[derive(Debug)]
pub struct Server {
    /// Where pictures are asked for.
    pub public: SocketAddr,
    /// Where the service tells about itself.
    pub admin: SocketAddr,
    public_listener: Listener,
    admin_listener: Listener,
    readiness: Arc<Readiness>,
    telemetry: Arc<Telemetry>,
    saturation: JoinHandle<()>,
    announce: Duration,
}

/// How a shutdown went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were cut because they were not finished by the drain deadline.
    pub connections_cut: usize,
}

/// Starts the service; it answers when this returns.
///
/// # Errors
/// [`Failure::misused`] for a font or log file that cannot be used, before a port is opened;
/// [`Failure::broken`] when a port is taken or a thread cannot be started.
pub async fn start(config: Config) -> Result<Server, Failure> {
    let fonts = fonts(config.fonts.fallback.get().map(std::path::PathBuf::as_path))?;
    let build = Build::of(&config);
    let telemetry = Arc::new(Telemetry::start(&config, &build)?);
    let fonts = Arc::new(fonts);
    let spare = web::spare(Arc::clone(&fonts)).or_broken("cannot draw with the fonts")?;
    let pictures = Pictures::start(&config, fonts, &telemetry);
    let pictures = pictures.or_broken("cannot start the drawing threads")?;
    assemble(config, build, telemetry, pictures, spare).await
}

async fn assemble(
    config: Config,
    build: Build,
    telemetry: Arc<Telemetry>,
    pictures: Pictures,
    spare: bytes::Bytes,
) -> Result<Server, Failure> {
    let fault = Fault::new(&config);
    if let Some(warning) = fault.warning() {
        telemetry.log.write(&Line::new(Severity::Warn, warning));
    }
    let public = bind(config.http.listen, "http.listen").await?;
    let admin = bind(config.http.admin, "http.admin").await?;
    let (public_address, admin_address) = (address(&public)?, address(&admin)?);
    let readiness = Arc::new(Readiness::default());
    let saturation = telemetry::watch_saturation(
        Arc::clone(&telemetry.figures),
        config.telemetry.saturation_every.get(),
    );
    let mut admin_limits = Limits::of(&config);
    admin_limits.connections_max = ADMIN_CONNECTIONS_MAX;
    let admin_service = Admin::new(
        Arc::clone(&telemetry),
        Arc::clone(&readiness),
        build.clone(),
    );
    let public_service = Public::new(
        &config,
        Arc::clone(&telemetry),
        Arc::new(pictures),
        spare,
        fault,
    )?;
    let server = Server {
        public: public_address,
        admin: admin_address,
        admin_listener: Listener::start(admin, admin_limits, None, Arc::new(admin_service)),
        public_listener: Listener::start(
            public,
            Limits::of(&config),
            Some(Arc::clone(&telemetry)),
            Arc::new(public_service),
        ),
        readiness,
        saturation: tokio::spawn(saturation),
        announce: config.http.drain_announce.get(),
        telemetry,
    };
    let message = format!(
        "Ready on {public_address}, admin on {admin_address}, version {}",
        build.version
    );
    server
        .telemetry
        .log
        .write(&Line::new(Severity::Info, message));
    Ok(server)
}

impl Server {
    /// Stops taking connections, answers every request whose head was read, and stops.
    pub async fn shutdown(self) -> Drained {
        let log = &self.telemetry.log;
        log.write(&Line::new(Severity::Info, "Draining: not ready any more"));
        self.readiness.drain();
        tokio::time::sleep(self.announce).await;
        let connections_cut = self.public_listener.drain().await;
        if connections_cut > 0 {
            let message = format!("{connections_cut} connections were cut at the drain deadline");
            log.write(&Line::new(Severity::Warn, message));
        }
        log.write(&Line::new(Severity::Info, "Drained"));
        self.admin_listener.cut();
        let telemetry = Arc::clone(&self.telemetry);
        // It only blocks; if it panics there is nobody left to tell.
        let _ = tokio::task::spawn_blocking(move || telemetry.close()).await;
        Drained { connections_cut }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.saturation.abort();
        self.public_listener.cut();
        self.admin_listener.cut();
    }
}

/// The bundled font, and the configured one.
fn fonts(fallback: Option<&Path>) -> Result<Fonts, Failure> {
    let fonts = Fonts::bundled().or_broken("cannot read the bundled font")?;
    let Some(file) = fallback else {
        return Ok(fonts);
    };
    let name = file.display().to_string();
    let bytes = std::fs::read(file).or_misused(format!(
        "fonts.fallback: cannot read {name} (ci/setup installs the default one, --set fonts.fallback= does without)"
    ))?;
    fonts
        .with_fallback(&name, bytes)
        .or_misused("fonts.fallback")
}

async fn bind(address: SocketAddr, key: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .or_broken(format!("{key}: cannot listen on {address}"))
}

fn address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener
        .local_addr()
        .or_broken("cannot read the bound address")
}
