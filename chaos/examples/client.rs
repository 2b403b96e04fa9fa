//! What the crate `toxiproxy_rust` sees of a server: `client HOST:PORT`.
//!
//! `ci/peers/toxiproxy` sets what it prints of the original beside what it prints of ours.

use std::error::Error;
use std::net::TcpStream;

use toxiproxy_rust::client::Client;
use toxiproxy_rust::proxy::{Proxy, ProxyPack};

fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).ok_or("client HOST:PORT")?;
    let client = Client::new(&*server);
    println!("running {}", client.is_running());
    println!("version {}", client.version()?);
    let pack = |name: &str| ProxyPack::new(name.into(), "127.0.0.1:0".into(), server.clone());
    for proxy in client.populate(vec![pack("one"), pack("two")])? {
        tell(&proxy);
    }
    let proxy = client.find_proxy("one")?;
    let stream = || "downstream".to_owned();
    proxy.with_latency(stream(), 5, 1, 1.0);
    proxy.with_bandwidth("upstream".into(), 1000, 0.5);
    proxy.with_slow_close(stream(), 5, 0.25);
    proxy.with_slicer(stream(), 100, 10, 1, 0.1);
    proxy.with_limit_data(stream(), 1000, 0.0);
    proxy.with_timeout("upstream".into(), 1000, 0.0);
    toxics(&proxy)?;
    proxy.with_latency(stream(), 7, 0, 1.0);
    toxics(&proxy)?;
    proxy.delete_all_toxics()?;
    toxics(&proxy)?;
    let address = proxy.proxy_pack.listen.clone();
    let reachable = || TcpStream::connect(&address).map_err(|error| error.kind());
    println!("up {:?}", reachable().is_ok());
    proxy.with_down(|| println!("down {:?}", reachable().err()))?;
    println!("up {:?}", reachable().is_ok());
    proxy
        .with_timeout(stream(), 1, 1.0)
        .apply(|| println!("applied"))?;
    toxics(&proxy)?;
    proxy.disable()?;
    tell(&client.find_proxy("one")?);
    client.reset()?;
    tell(&client.find_and_reset_proxy("one")?);
    client.find_proxy("two")?.delete()?;
    println!("missing {:?}", client.find_proxy("two").err());
    println!("left {}", client.all()?.len());
    proxy.delete()?;
    Ok(())
}

fn tell(proxy: &Proxy) {
    let pack = &proxy.proxy_pack;
    println!("proxy {} {} {}", pack.name, pack.listen, pack.upstream);
}

fn toxics(proxy: &Proxy) -> Result<(), String> {
    for toxic in proxy.toxics()? {
        let mut attributes: Vec<_> = toxic.attributes.iter().collect();
        attributes.sort();
        let (name, kind, toxicity) = (&toxic.name, &toxic.r#type, toxic.toxicity);
        println!(
            "toxic {name} {kind} {} {toxicity} {attributes:?}",
            toxic.stream
        );
    }
    println!("toxics told");
    Ok(())
}
