//! Access as flags and variables: the shell that reads them.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use outcome::{Failure, OrFail};

use super::access::Access;

/// The largest file of credentials, headers or certificates.
const ACCESS_FILE_BYTES_MAX: u64 = 1024 * 1024;

const BEARER: &str = "PROOFMARK_PROMETHEUS_BEARER";
const BASIC: &str = "PROOFMARK_PROMETHEUS_BASIC";
const HEADERS: &str = "PROOFMARK_PROMETHEUS_HEADERS";

const HEADING: &str = "Access to Prometheus";

/// Where credentials, headers and certificates for Prometheus come from: files or variables, as
/// everyone can read the arguments of a process.
///
/// Instead of the files, the variables `PROOFMARK_PROMETHEUS_BEARER`, `PROOFMARK_PROMETHEUS_BASIC`
/// and `PROOFMARK_PROMETHEUS_HEADERS` may hold their text. Credentials of a flag come before those
/// of a variable, headers likewise; a variable that is empty is none.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AccessArgs {
    /// File with a bearer token; or set PROOFMARK_PROMETHEUS_BEARER.
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub bearer_file: Option<PathBuf>,
    /// File with user:password; or set PROOFMARK_PROMETHEUS_BASIC.
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub basic_file: Option<PathBuf>,
    /// File with more headers, a line each, such as X-Scope-OrgID: team-a; or set
    /// PROOFMARK_PROMETHEUS_HEADERS.
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub header_file: Option<PathBuf>,
    /// PEM file with the authorities to trust, instead of those of the system.
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub ca_file: Option<PathBuf>,
    /// PEM file with a certificate to show to the server, and its key.
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub client_certificate_file: Option<PathBuf>,
    /// Name of the server in its certificate and in requests, when it is not that of the URL.
    #[arg(long, value_name = "NAME", help_heading = HEADING)]
    pub server_name: Option<String>,
}

impl AccessArgs {
    /// Reads the files and variables.
    ///
    /// # Errors
    /// [`Failure::misused`] that names file or variable, line, and what was expected.
    pub fn access(&self) -> Result<Access, Failure> {
        self.assembled(|name| std::env::var_os(name))
    }

    fn assembled(&self, variable: impl Fn(&str) -> Option<OsString>) -> Result<Access, Failure> {
        let variable = |name: &str| text_of(name, variable(name));
        let mut access = Access::default();
        let (bearer, basic) = (&self.bearer_file, &self.basic_file);
        if let Some(file) = bearer {
            access = access.with_bearer(&read_text(file)?, &shown(file))?;
        }
        if let Some(file) = basic {
            access = access.with_basic(&read_text(file)?, &shown(file))?;
        }
        if bearer.is_none() && basic.is_none() {
            if let Some(token) = variable(BEARER)? {
                access = access.with_bearer(&token, BEARER)?;
            }
            if let Some(pair) = variable(BASIC)? {
                access = access.with_basic(&pair, BASIC)?;
            }
        }
        if let Some(file) = &self.header_file {
            access = access.with_headers(&read_text(file)?, &shown(file))?;
        } else if let Some(lines) = variable(HEADERS)? {
            access = access.with_headers(&lines, HEADERS)?;
        }
        if let Some(file) = &self.ca_file {
            access = access.with_authorities(&read(file)?, &shown(file))?;
        }
        if let Some(file) = &self.client_certificate_file {
            access = access.with_identity(&read(file)?, &shown(file))?;
        }
        if let Some(name) = &self.server_name {
            access = access.with_server_name(name);
        }
        Ok(access)
    }
}

fn text_of(name: &str, value: Option<OsString>) -> Result<Option<String>, Failure> {
    let value = value.filter(|value| !value.is_empty());
    let text = value.map(OsString::into_string).transpose();
    // The value is not in the sentence: it is the secret.
    text.map_err(|_| Failure::misused(format!("{name}: expected text in UTF-8")))
}

fn shown(file: &Path) -> String {
    crate::text::shown(&file.display().to_string())
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = || format!("cannot read {}", shown(file));
    let opened = File::open(file).or_misused(cannot())?;
    let mut bytes = Vec::new();
    let mut opened = opened.take(ACCESS_FILE_BYTES_MAX + 1);
    opened.read_to_end(&mut bytes).or_misused(cannot())?;
    if bytes.len() as u64 > ACCESS_FILE_BYTES_MAX {
        let most = format!("expected at most {ACCESS_FILE_BYTES_MAX} bytes");
        return Err(Failure::misused(format!("{}: {most}", shown(file))));
    }
    Ok(bytes)
}

fn read_text(file: &Path) -> Result<String, Failure> {
    // The cause would hold the bytes, so only the line is told.
    String::from_utf8(read(file)?).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.split(|byte| *byte == b'\n').count();
        Failure::misused(format!("{}:{line}: expected text in UTF-8", shown(file)))
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::AUTHORIZATION;

    use super::*;

    fn no_variable(_: &str) -> Option<OsString> {
        None
    }

    /// A command of its own.
    #[derive(Debug, clap::Parser)]
    struct Command {
        #[command(flatten)]
        access: AccessArgs,
    }

    #[test]
    fn flags_name_files_and_never_secrets() {
        use clap::{CommandFactory as _, Parser as _};
        let command = ["gate", "--bearer-file", "a", "--ca-file", "b"];
        let access = Command::try_parse_from(command).unwrap().access;
        assert_eq!(access.bearer_file, Some(PathBuf::from("a")));
        assert!(Command::try_parse_from(["gate", "--bearer", "secret"]).is_err());
        // Not wrapped, whatever the width of the terminal is.
        let mut command = Command::command().term_width(0);
        insta::assert_snapshot!(command.render_help());
    }

    #[test]
    fn files_and_variables_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            Some(file)
        };
        let args = AccessArgs {
            bearer_file: write("bearer", "of-a-file\n"),
            header_file: write("headers", "X-Scope-OrgID: team-a\n"),
            ..AccessArgs::default()
        };
        let variable = |name: &str| match name {
            BASIC => Some(OsString::from("user:of-a-variable")),
            HEADERS => Some(OsString::from("X-Scope-OrgID: team-b\nTHANOS-TENANT: t")),
            _ => Some(OsString::new()),
        };
        let headers = args.assembled(variable).unwrap().headers;
        assert_eq!(headers[AUTHORIZATION], "Bearer of-a-file");
        assert_eq!(headers["x-scope-orgid"], "team-a");
        assert_eq!(headers.len(), 2);
        let headers = AccessArgs::default().assembled(variable).unwrap().headers;
        assert_eq!(headers[AUTHORIZATION], "Basic dXNlcjpvZi1hLXZhcmlhYmxl");
        assert_eq!(headers["thanos-tenant"], "t");
        let none = AccessArgs::default().assembled(no_variable).unwrap();
        assert!(none.headers.is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets");
        let sentence = |bytes: &[u8]| {
            std::fs::write(&file, bytes).unwrap();
            let args = AccessArgs {
                header_file: Some(file.clone()),
                ..AccessArgs::default()
            };
            let failure = args.assembled(no_variable).unwrap_err();
            assert_eq!(failure.outcome(), outcome::Outcome::Misused);
            failure.to_string().replace(&shown(&file), "FILE")
        };
        let too_large = vec![b'\n'; ACCESS_FILE_BYTES_MAX as usize + 1];
        assert_eq!(sentence(&too_large), "FILE: expected at most 1048576 bytes");
        let not_text = sentence(b"A: hunter22\nB: \xff");
        assert_eq!(not_text, "FILE:2: expected text in UTF-8");
        let args = AccessArgs {
            ca_file: Some(folder.path().join("none")),
            ..AccessArgs::default()
        };
        let failure = args.assembled(no_variable).unwrap_err().to_string();
        assert!(
            failure.contains("cannot read ") && failure.contains("none"),
            "{failure}"
        );
        let both = |name: &str| match name {
            BEARER => Some(OsString::from("hunter22")),
            BASIC => Some(OsString::from("user:hunter22")),
            _ => None,
        };
        let failure = AccessArgs::default()
            .assembled(both)
            .unwrap_err()
            .to_string();
        assert!(
            failure.starts_with(BASIC) && !failure.contains("hunter"),
            "{failure}"
        );
    }
}
