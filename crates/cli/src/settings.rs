//! Every option that is good for all commands, every environment variable, every default.
//!
//! `docs/command-line.md` is generated from this table and from the commands themselves
//! (`reference`). An option beats its variable, a variable beats the default. The local socket
//! is used unless a server is named; what is named on the command line beats what a variable
//! names, so `--socket` works also where `STEADFAST_SERVER` is set.

use model::Endpoint;
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

/// One setting.
pub(crate) struct Setting {
    /// Its option; empty if it has only a variable.
    pub(crate) option: &'static str,
    /// Its environment variable; empty if it has only an option.
    pub(crate) variable: &'static str,
    /// What holds when neither is given.
    pub(crate) default: &'static str,
    /// What it is.
    pub(crate) meaning: &'static str,
}

/// See [`Setting::meaning`].
pub(crate) const CONFIG: Setting = Setting {
    option: "--config FILE",
    variable: "STEADFAST_CONFIG",
    default: "/etc/steadfast/steadfast.toml",
    meaning: "The node's own file. A daemon reads all of it, the other commands only its `socket`, and `guard` its `data_dir`",
};
/// See [`Setting::meaning`].
pub(crate) const SOCKET: Setting = Setting {
    option: "--socket PATH",
    variable: "",
    default: "`socket` in the node's file, else /run/steadfast/steadfast.sock",
    meaning: "The local daemon's socket",
};
/// See [`Setting::meaning`].
pub(crate) const SERVER: Setting = Setting {
    option: "--server ADDRESS",
    variable: "STEADFAST_SERVER",
    default: "none: the local socket is used",
    meaning: "Ask the node at this address instead, over TLS. Repeat it (in the variable: separate with commas) to try several in order; without a port, 7400 is meant",
};
/// See [`Setting::meaning`].
pub(crate) const CA: Setting = Setting {
    option: "--ca FILE",
    variable: "STEADFAST_CA",
    default: "none: needed with a server",
    meaning: "The cluster's authority in PEM, by which its nodes are known",
};
/// See [`Setting::meaning`].
pub(crate) const API_TOKEN_FILE: Setting = Setting {
    option: "--api-token-file FILE",
    variable: "STEADFAST_API_TOKEN_FILE",
    default: "none",
    meaning: "A file with the token of a credential, to prove who asks a server",
};
/// See [`Setting::meaning`].
pub(crate) const CLIENT_CERT: Setting = Setting {
    option: "--client-cert FILE",
    variable: "STEADFAST_CLIENT_CERT",
    default: "none",
    meaning: "The certificate of a credential in PEM, to prove who asks a server",
};
/// See [`Setting::meaning`].
pub(crate) const CLIENT_KEY: Setting = Setting {
    option: "--client-key FILE",
    variable: "STEADFAST_CLIENT_KEY",
    default: "none",
    meaning: "The private key of the client certificate in PEM",
};
/// See [`Setting::meaning`].
pub(crate) const COLOR: Setting = Setting {
    option: "--color WHEN",
    variable: "NO_COLOR",
    default: "auto: colours on a terminal",
    meaning: "Colours: auto, always or never. If the variable is set to anything, auto means never",
};
/// See [`Setting::meaning`].
pub(crate) const COLUMNS: Setting = Setting {
    option: "",
    variable: "COLUMNS",
    default: "the terminal's width; without a terminal, lines are as long as they are",
    meaning: "How wide tables may be",
};

/// See [`Setting::meaning`]. Read by the daemon.
#[cfg(test)]
pub(crate) const LOG: Setting = Setting {
    option: "",
    variable: "STEADFAST_LOG",
    default: "info,openraft=warn",
    meaning: "What `run` writes to standard error, beside the events: levels, by part of the program",
};

/// All of them, in the order of the reference.
#[cfg(test)]
pub(crate) const ALL: [&Setting; 10] =
    [&CONFIG, &SOCKET, &SERVER, &CA, &API_TOKEN_FILE, &CLIENT_CERT, &CLIENT_KEY, &COLOR, &COLUMNS, &LOG];

/// The local socket where no file names another.
pub(crate) const SOCKET_DEFAULT: &str = "/run/steadfast/steadfast.sock";

/// The daemon's files where no file names another place.
pub(crate) const DATA_DIR_DEFAULT: &str = "/var/lib/steadfast";

/// The port of an address that names none: the one in the example configuration.
const PORT_DEFAULT: u16 = 7400;

/// How an environment variable is looked up; a set but empty one counts as not set.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The environment of the process.
pub(crate) fn from_process(variable: &str) -> Option<OsString> {
    std::env::var_os(variable).filter(|value| !value.is_empty())
}

/// Options that are good for every command.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Options for every command")]
pub(crate) struct Global {
    #[arg(long, global = true, value_name = "FILE", help = CONFIG.meaning, long_help = long(&CONFIG))]
    pub(crate) config: Option<PathBuf>,
    #[arg(long, global = true, value_name = "PATH", help = SOCKET.meaning, long_help = long(&SOCKET))]
    pub(crate) socket: Option<PathBuf>,
    #[arg(long = "server", global = true, value_name = "ADDRESS", value_parser = address,
          conflicts_with = "socket", help = SERVER.meaning, long_help = long(&SERVER))]
    pub(crate) servers: Vec<Endpoint>,
    #[arg(long, global = true, value_name = "FILE", help = CA.meaning, long_help = long(&CA))]
    pub(crate) ca: Option<PathBuf>,
    #[arg(long, global = true, value_name = "FILE", help = API_TOKEN_FILE.meaning, long_help = long(&API_TOKEN_FILE))]
    pub(crate) api_token_file: Option<PathBuf>,
    #[arg(long, global = true, value_name = "FILE", help = CLIENT_CERT.meaning, long_help = long(&CLIENT_CERT))]
    pub(crate) client_cert: Option<PathBuf>,
    #[arg(long, global = true, value_name = "FILE", help = CLIENT_KEY.meaning, long_help = long(&CLIENT_KEY))]
    pub(crate) client_key: Option<PathBuf>,
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true,
          help = COLOR.meaning, long_help = long(&COLOR))]
    pub(crate) color: Color,
}

fn long(setting: &Setting) -> String {
    let variable = match setting.variable {
        "" => String::new(),
        variable => format!("; variable {variable}"),
    };
    format!("{} [default: {}{variable}]", setting.meaning, setting.default)
}

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether to use colours on a stream.
    pub(crate) fn wanted(self, terminal: bool, environment: Environment<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                let dumb = environment("TERM").is_some_and(|term| term == "dumb");
                terminal && !dumb && environment(COLOR.variable).is_none()
            }
        }
    }
}

/// How wide tables may be, if somebody says so.
pub(crate) fn columns(environment: Environment<'_>) -> Option<u16> {
    environment(COLUMNS.variable)?.to_str()?.parse().ok()
}

/// An address whose port may be left out.
pub(crate) fn address(text: &str) -> Result<Endpoint, String> {
    let alone = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = match alone.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => format!("{ip}:{PORT_DEFAULT}"),
        Ok(IpAddr::V6(ip)) => format!("[{ip}]:{PORT_DEFAULT}"),
        Err(_) => text.to_owned(),
    };
    with_port.parse().map_err(|error: model::address::InvalidAddress| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_may_be_left_out_and_a_name_is_refused_with_an_example() {
        for (given, meant) in [
            ("10.0.0.1", "10.0.0.1:7400"),
            ("10.0.0.1:1", "10.0.0.1:1"),
            ("fd00::1", "[fd00::1]:7400"),
            ("[fd00::1]", "[fd00::1]:7400"),
            ("[fd00::1]:1", "[fd00::1]:1"),
        ] {
            assert_eq!(address(given).unwrap().to_string(), meant);
        }
        assert!(address("n1").unwrap_err().contains("such as 10.0.0.1:7400"));
    }

    #[test]
    fn colours_follow_the_terminal_unless_somebody_objects() {
        let none = |_: &str| None;
        let objection = |variable: &str| (variable == "NO_COLOR").then(|| "1".into());
        let dumb = |variable: &str| (variable == "TERM").then(|| "dumb".into());
        assert!(Color::Auto.wanted(true, &none));
        assert!(!Color::Auto.wanted(false, &none));
        assert!(!Color::Auto.wanted(true, &objection));
        assert!(!Color::Auto.wanted(true, &dumb));
        assert!(Color::Always.wanted(false, &objection));
        assert!(!Color::Never.wanted(true, &none));
    }
}
