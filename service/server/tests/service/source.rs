//! Charts that a configuration names wrongly stop the start, and the bundled ones do not.

use server::Config;

fn with_file(text: &str) -> Result<Config, String> {
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    std::fs::write(file.path(), text).unwrap();
    let name = file.path().display().to_string();
    Config::layered(Some(file.path()), &[], &[])
        .map_err(|error| error.to_string().replace(&name, "service.toml"))
}

#[tokio::test]
async fn a_service_with_charts_of_its_own_starts() {
    let config = "[http]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n\
        [fonts]\nfallback = \"\"\n[prometheus]\nurl = \"http://127.0.0.1:9090\"\n\
        [charts.memory]\nquery = \"process_resident_memory_bytes\"\nunit = \"bytes\"\n";
    let server = server::start(with_file(config).unwrap()).await.unwrap();
    server.shutdown().await;
}

#[test]
fn a_bad_chart_is_named_with_file_and_line() {
    let refusal = with_file("\n[charts.memory]\nquery = \"sum(\"\n").unwrap_err();
    assert!(
        refusal.starts_with("service.toml:3: charts.memory.query: "),
        "{refusal}"
    );
    let refusal = with_file("[charts.memory]\nunit = \"bytes\"\n").unwrap_err();
    assert!(
        refusal.contains("charts.memory") && refusal.contains("query"),
        "{refusal}"
    );
}
