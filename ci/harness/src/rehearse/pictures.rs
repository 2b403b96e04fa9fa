//! Pictures on cards: who has them, who may ask for them, and the load that does.
//!
//! A card with a picture makes the service fetch, so its URL must be signed. A rehearsal makes a key
//! of its own, which dies with its folder.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::http::header;
use axum::routing::get;
use outcome::{Failure, OrFail};

use super::own_server::OwnServer;

/// Where cards are asked for.
const CARDS: &str = "/v1/card.png";

/// Different pictures: the service asks once for one that several cards want at the same time.
const PICTURES: u32 = 16;

/// How long the URLs hold: longer than the longest rehearsal.
const LIFETIME: Duration = Duration::from_secs(2 * 3600);

/// Share of cards with a picture among all requests, in the plan's weights.
const WEIGHT: u32 = 6;

/// Starts a server of pictures. Whichever is asked for, it is the same one.
pub(super) async fn start() -> Result<OwnServer, Failure> {
    let picture = draw().or_broken("cannot draw a picture")?;
    let show = async move || ([(header::CONTENT_TYPE, "image/png")], picture);
    let app = Router::new().route("/{name}", get(show));
    OwnServer::start("pictures", app).await
}

fn draw() -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let card = render::Card {
        title: "P".to_owned(),
        width: 256,
        height: 256,
        ..render::Card::default()
    };
    let mut painter = render::Painter::new(Arc::new(render::Fonts::bundled()?));
    let drawn = painter.draw(&render::Scene::Card(card), &mut |_| ())?;
    Ok(drawn.png)
}

/// Signs the URLs of a rehearsal.
#[derive(Debug)]
pub(super) struct Signer {
    keys_file: PathBuf,
    keyring: server::Keyring,
}

impl Signer {
    /// Makes a key in the folder of the stack, readable for its owner alone.
    pub(super) fn new(work: &Path) -> Result<Self, Failure> {
        let sentence = "cannot make a key for signed URLs";
        let keys_file = work.join("keys");
        let mut file = OpenOptions::new();
        file.write(true).create_new(true).mode(0o600);
        let mut file = file.open(&keys_file).or_broken(sentence)?;
        let secret: [u128; 2] = [rand::random(), rand::random()];
        let key = format!("rehearsal:{:032x}{:032x}\n", secret[0], secret[1]);
        file.write_all(key.as_bytes()).or_broken(sentence)?;
        let config = server::Config::layered(None, &[], &[setting(&keys_file)]);
        let keyring = server::Keyring::new(&config.or_broken(sentence)?).or_broken(sentence)?;
        Ok(Self { keys_file, keyring })
    }

    /// What the service must know: the key, and that pictures come from `address`. Each is fetched
    /// anew, so that a fault between the two shows at once.
    pub(super) fn settings(&self, address: SocketAddr) -> Vec<String> {
        vec![
            setting(&self.keys_file),
            format!("pictures.allow=http://{address}/"),
            format!("pictures.private={}/32", address.ip()),
            "pictures.cache_ttl=0s".to_owned(),
            "pictures.failure_ttl=0s".to_owned(),
            "pictures.breaker.cooldown=2s".to_owned(),
        ]
    }

    /// A plan with cards that have pictures from `address`.
    pub(super) fn plan(&self, plan: &str, address: SocketAddr) -> Result<String, Failure> {
        let sentence = "cannot sign the URLs of cards with pictures";
        let now = SystemTime::now();
        let expires = now.duration_since(UNIX_EPOCH).or_broken(sentence)? + LIFETIME;
        let cards = (1..=PICTURES).map(|number| {
            let picture = format!("http://{address}/{number}.png");
            let query = format!("template=picture&title=With a picture&picture={picture}");
            self.keyring
                .sign(CARDS, &query, None, expires.as_secs(), now)
        });
        let cards: Vec<String> = cards.collect::<Result<_, _>>().or_broken(sentence)?;
        let queries: Vec<&str> = cards
            .iter()
            .filter_map(|card| card.strip_prefix(CARDS)?.strip_prefix('?'))
            .collect();
        let queries = queries.join("|");
        let request = format!(
            "  # Signed with a key of this rehearsal.\n  - name: card-with-picture\n    \
             path: '{CARDS}?{{raw:{queries}}}'\n    weight: {WEIGHT}\n"
        );
        Ok(format!("{}\n{request}", plan.trim_end()))
    }
}

fn setting(keys_file: &Path) -> String {
    format!("signing.keys_file={}", keys_file.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_of_a_rehearsal_gains_cards_with_pictures() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let plan = std::fs::read_to_string(root.join("loadtests/plans/rehearsal.yaml")).unwrap();
        let work = tempfile::tempdir().unwrap();
        let signer = Signer::new(work.path()).unwrap();
        let address = "127.0.0.1:1234".parse().unwrap();
        let with_pictures = signer.plan(&plan, address).unwrap();
        loadtests::Plan::parse(&with_pictures).unwrap();
        assert!(with_pictures.contains("&sig="), "{with_pictures}");
        let config = server::Config::layered(None, &[], &signer.settings(address));
        assert!(config.is_ok(), "{config:?}");
    }

    #[test]
    fn the_key_is_readable_for_its_owner_alone_and_another_each_time() {
        use std::os::unix::fs::PermissionsExt;
        let key = || {
            let work = tempfile::tempdir().unwrap();
            let signer = Signer::new(work.path()).unwrap();
            let mode = std::fs::metadata(&signer.keys_file).unwrap().permissions();
            assert_eq!(mode.mode() & 0o777, 0o600);
            std::fs::read_to_string(&signer.keys_file).unwrap()
        };
        assert_ne!(key(), key());
    }
}
