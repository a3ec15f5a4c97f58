//! What every command has at hand: the writer, and a client made from the settings.

use crate::failure::Failure;
use crate::files;
use crate::out::Out;
use crate::settings::{self, Environment, Global};
use api::client::{Auth, Client};
use model::{Endpoint, Secret};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The longest PEM or token file that is read: a chain of certificates is some kilobytes.
const CREDENTIAL_BYTES_MAX: u64 = 1 << 20;

/// The longest node file that is read.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// What every command has at hand.
pub(crate) struct Context<'a> {
    /// Where its words go.
    pub(crate) out: &'a mut Out,
    global: &'a Global,
}

impl<'a> Context<'a> {
    /// For a command with these options.
    pub(crate) fn new(out: &'a mut Out, global: &'a Global) -> Self {
        Self { out, global }
    }

    /// Where the daemon of this machine has its files.
    pub(crate) fn data_dir(&self) -> Result<PathBuf, Failure> {
        data_dir(self.global, &settings::from_process)
    }

    /// A client for the node that the settings name.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        target(self.global, &settings::from_process)?.client()
    }
}

/// Where the daemon of this machine has its files, as the node's file says.
pub(crate) fn data_dir(global: &Global, environment: Environment<'_>) -> Result<PathBuf, Failure> {
    let path = config_path(global, environment);
    let is_named = named(global.config.as_ref(), settings::CONFIG.variable, environment).is_some();
    if !is_named && matches!(path.try_exists(), Ok(false)) {
        return Ok(PathBuf::from(settings::DATA_DIR_DEFAULT));
    }
    let data_dir = node_file(&path)?.data_dir;
    Ok(data_dir.unwrap_or_else(|| PathBuf::from(settings::DATA_DIR_DEFAULT)))
}

/// Whom to ask.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    Socket(PathBuf),
    Network { servers: Vec<Endpoint>, ca: PathBuf, proof: Proof },
}

/// How to prove who asks.
#[derive(Debug, PartialEq, Eq)]
enum Proof {
    Token(PathBuf),
    Certificate { certificate: PathBuf, key: PathBuf },
}

/// The file that a daemon reads.
pub(crate) fn config_path(global: &Global, environment: Environment<'_>) -> PathBuf {
    named(global.config.as_ref(), settings::CONFIG.variable, environment)
        .unwrap_or_else(|| PathBuf::from(settings::CONFIG.default))
}

fn named(option: Option<&PathBuf>, variable: &str, environment: Environment<'_>) -> Option<PathBuf> {
    option.cloned().or_else(|| environment(variable).map(PathBuf::from))
}

fn target(global: &Global, environment: Environment<'_>) -> Result<Target, Failure> {
    if let Some(socket) = &global.socket {
        return Ok(Target::Socket(socket.clone()));
    }
    let servers = if !global.servers.is_empty() {
        global.servers.clone()
    } else if global.config.is_some() {
        Vec::new()
    } else {
        servers_of(environment)?
    };
    if servers.is_empty() { socket(global, environment) } else { network(servers, global, environment) }
}

fn servers_of(environment: Environment<'_>) -> Result<Vec<Endpoint>, Failure> {
    let Some(list) = environment(settings::SERVER.variable) else { return Ok(Vec::new()) };
    let list = list.to_string_lossy();
    let servers = list.split(',').map(str::trim).filter(|server| !server.is_empty());
    servers
        .map(settings::address)
        .collect::<Result<_, _>>()
        .map_err(|why| Failure::usage(format!("{} is not usable", settings::SERVER.variable)).because(why))
}

fn network(servers: Vec<Endpoint>, global: &Global, environment: Environment<'_>) -> Result<Target, Failure> {
    let missing = |what: &str| {
        Failure::usage(format!("a server is named, and {what} is not"))
            .next("steadfast credential create NAME --out DIR, on a node: it makes the files for this")
    };
    let ca = named(global.ca.as_ref(), settings::CA.variable, environment)
        .ok_or_else(|| missing(&format!("the cluster's authority ({})", settings::CA.option)))?;
    let token = named(global.api_token_file.as_ref(), settings::API_TOKEN_FILE.variable, environment);
    let certificate = named(global.client_cert.as_ref(), settings::CLIENT_CERT.variable, environment);
    let key = named(global.client_key.as_ref(), settings::CLIENT_KEY.variable, environment);
    let proof = match (token, certificate, key) {
        (Some(token), None, None) => Proof::Token(token),
        (None, Some(certificate), Some(key)) => Proof::Certificate { certificate, key },
        (None, None, None) => {
            return Err(missing("who asks (--api-token-file, or --client-cert with --client-key)"));
        }
        (None, Some(_), None) => return Err(missing("the certificate's key (--client-key)")),
        (None, None, Some(_)) => return Err(missing("the key's certificate (--client-cert)")),
        (Some(_), ..) => {
            return Err(Failure::usage("an API token and a client certificate are both named")
                .because("a server is shown one of them; leave out the options or variables of the other"));
        }
    };
    Ok(Target::Network { servers, ca, proof })
}

/// The socket that the node's file names. Only the default file may be missing: a file that
/// somebody named and that is not there must not lead to some other node's socket.
fn socket(global: &Global, environment: Environment<'_>) -> Result<Target, Failure> {
    let path = config_path(global, environment);
    let is_named = named(global.config.as_ref(), settings::CONFIG.variable, environment).is_some();
    if !is_named && matches!(path.try_exists(), Ok(false)) {
        return Ok(Target::Socket(PathBuf::from(settings::SOCKET_DEFAULT)));
    }
    socket_in(&path).map(Target::Socket)
}

fn socket_in(path: &Path) -> Result<PathBuf, Failure> {
    let hint = |failure: Failure| failure.next("the same command with --socket PATH needs no file");
    let file = node_file(path).map_err(hint)?;
    Ok(file.socket.unwrap_or_else(|| PathBuf::from(settings::SOCKET_DEFAULT)))
}

/// The node's file, as far as a client needs it. The daemon is strict about the rest.
#[derive(Deserialize)]
struct NodeFile {
    socket: Option<PathBuf>,
    data_dir: Option<PathBuf>,
}

fn node_file(path: &Path) -> Result<NodeFile, Failure> {
    let text = files::read_text(path, "the node's file", CONFIG_BYTES_MAX)?;
    toml::from_str(&text).map_err(|error| {
        Failure::new(format!("the node's file {} is not valid", path.display())).because(error)
    })
}

impl Target {
    fn client(self) -> Result<Client, Failure> {
        let (servers, ca, proof) = match self {
            Self::Socket(path) => return Ok(Client::unix(path)),
            Self::Network { servers, ca, proof } => (servers, ca, proof),
        };
        let read = |path: &Path, what| files::read_text(path, what, CREDENTIAL_BYTES_MAX);
        let auth = match &proof {
            Proof::Token(file) => Auth::Token(Secret::new(read(file, "the API token")?.trim())),
            Proof::Certificate { certificate, key } => Auth::Certificate {
                certificate_pem: read(certificate, "the client certificate")?,
                key_pem: Secret::new(read(key, "the client key")?),
            },
        };
        let ca_pem = read(&ca, "the cluster's authority")?;
        Client::tls(servers, &ca_pem, auth)
            .map_err(|error| Failure::new("the named server cannot be asked").because(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    fn with<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<std::ffi::OsString> + 'a {
        |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
    }

    fn socket_of(global: &Global, variables: &[(&str, &str)]) -> PathBuf {
        match target(global, &with(variables)).unwrap() {
            Target::Socket(path) => path,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_socket_comes_from_the_option_then_the_named_file_then_the_default() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("n1.toml");
        std::fs::write(&file, "node = 7\nsocket = \"/run/n1.sock\"\nunknown = true\n").unwrap();
        let file_name = file.to_str().unwrap();
        let from_variable = [("STEADFAST_CONFIG", file_name)];
        assert_eq!(socket_of(&Global::default(), &from_variable), Path::new("/run/n1.sock"));
        let named = Global { socket: Some("/s".into()), ..Global::default() };
        assert_eq!(socket_of(&named, &from_variable), Path::new("/s"));
        std::fs::write(&file, "").unwrap();
        assert_eq!(socket_of(&Global::default(), &from_variable), Path::new(settings::SOCKET_DEFAULT));
    }

    #[test]
    fn a_named_file_that_is_missing_or_broken_is_an_error_not_another_socket() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("n1.toml");
        let global = Global { config: Some(file.clone()), ..Global::default() };
        for contents in [None, Some("socket = "), Some("socket = 7"), Some("\u{1}")] {
            if let Some(contents) = contents {
                std::fs::write(&file, contents).unwrap();
            }
            let failure = target(&global, &with(&[])).unwrap_err();
            assert_eq!(failure.exit(), Exit::Failed);
            assert!(failure.render().contains("n1.toml"), "{}", failure.render());
            assert!(failure.render().contains("--socket"), "{}", failure.render());
        }
    }

    #[test]
    fn an_option_beats_the_variable_of_another_way_in() {
        let variables = [("STEADFAST_SERVER", "10.0.0.1, 10.0.0.2:1"), ("STEADFAST_CA", "/ca")];
        let named = Global { socket: Some("/s".into()), ..Global::default() };
        assert_eq!(socket_of(&named, &variables), Path::new("/s"));
        let token = Global { api_token_file: Some("/t".into()), ..Global::default() };
        let servers = vec!["10.0.0.1:7400".parse().unwrap(), "10.0.0.2:1".parse().unwrap()];
        let expected = Target::Network { servers, ca: "/ca".into(), proof: Proof::Token("/t".into()) };
        assert_eq!(target(&token, &with(&variables)).unwrap(), expected);
    }

    #[test]
    fn a_server_needs_an_authority_and_one_proof() {
        let server = [("STEADFAST_SERVER", "10.0.0.1")];
        let ca = [server[0], ("STEADFAST_CA", "/ca")];
        let half = [ca[0], ca[1], ("STEADFAST_CLIENT_CERT", "/c")];
        let both = [ca[0], ca[1], ("STEADFAST_CLIENT_CERT", "/c"), ("STEADFAST_API_TOKEN_FILE", "/t")];
        let name = [("STEADFAST_SERVER", "n1")];
        let cases: [(&[(&str, &str)], &str); 5] =
            [(&server, "--ca"), (&ca, "who asks"), (&half, "--client-key"), (&both, "both"), (&name, "n1")];
        for (variables, word) in cases {
            let failure = target(&Global::default(), &with(variables)).unwrap_err();
            assert_eq!(failure.exit(), Exit::Usage);
            assert!(failure.render().contains(word), "{}", failure.render());
        }
    }
}
