//! Starts that must not happen.

use server::Config;

async fn refusal(settings: &[&str]) -> (u8, String) {
    let mut all = vec!["http.listen=127.0.0.1:0", "http.admin=127.0.0.1:0"];
    all.extend(settings);
    let failure = server::start(Config::with(&all).unwrap())
        .await
        .unwrap_err();
    (failure.outcome().exit_code(), failure.to_string())
}

#[tokio::test]
async fn a_missing_font_stops_the_start_and_is_named() {
    let (code, sentence) = refusal(&["fonts.fallback=/missing/font.ttc"]).await;
    assert_eq!(code, 2);
    assert!(
        sentence.starts_with("fonts.fallback: cannot read /missing/font.ttc"),
        "{sentence}"
    );
}

#[tokio::test]
async fn a_broken_font_stops_the_start_and_is_named() {
    let file = tempfile::NamedTempFile::with_suffix(".ttf").unwrap();
    std::fs::write(file.path(), b"this is not a font").unwrap();
    let name = file.path().display().to_string();
    let (code, sentence) = refusal(&[&format!("fonts.fallback={name}")]).await;
    assert_eq!(code, 2);
    assert!(sentence.contains(&name), "{sentence}");
}

#[tokio::test]
async fn a_port_in_use_is_said_in_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let (code, sentence) = refusal(&["fonts.fallback=", &format!("http.listen={address}")]).await;
    assert_eq!(code, 70);
    assert!(
        sentence.starts_with(&format!("http.listen: cannot listen on {address}: ")),
        "{sentence}"
    );
    assert!(!sentence.contains('\n'), "{sentence}");
}

#[tokio::test]
async fn a_log_file_that_cannot_be_written_is_named() {
    let (code, sentence) =
        refusal(&["fonts.fallback=", "telemetry.log_file=/missing/folder/log"]).await;
    assert_eq!(code, 2);
    assert!(sentence.contains("/missing/folder/log"), "{sentence}");
}
