//! `steadfast credential`: who may ask from elsewhere than a node's local socket.

use super::{Format, duration};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::NewFiles;
use crate::paint::clean;
use crate::table::table;
use api::{CredentialForm, CredentialMade, CredentialRequest, CredentialShown};
use model::CredentialName;
use std::path::PathBuf;
use std::time::Duration;

/// What to do with credentials.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Create(Create),
    /// List the credentials, without their secrets
    List(Format),
    /// Take a credential back: whoever holds it is refused from then on
    Revoke {
        /// Its name
        #[arg(value_name = "NAME")]
        name: CredentialName,
    },
}

/// Make a credential: an API token, or a client certificate
///
/// Its holder is an administrator of the cluster. The secret is shown this once: a token on
/// standard output, or with --out as files that their owner alone can read.
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// Its name
    #[arg(value_name = "NAME")]
    name: CredentialName,
    /// An API token; this is the default
    #[arg(long, conflicts_with = "certificate")]
    token: bool,
    /// A client certificate and its key instead; needs --out
    #[arg(long, requires = "out")]
    certificate: bool,
    /// Write into this folder: ca.pem, and NAME.token or NAME.crt and NAME.key
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// For how long it is good, such as 90d [default: until it is revoked]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    ttl: Option<Duration>,
}

pub(crate) async fn run(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Create(args) => return create(args, context).await,
        Command::List(Format { json: true }) => {
            let credentials = context.client()?.credential_list().await?;
            context.out.json(&credentials)?;
        }
        Command::List(_) => {
            let credentials = context.client()?.credential_list().await?;
            let width = context.out.width();
            context.out.data(&listed(&credentials, width))?;
        }
        Command::Revoke { name } => {
            let done = context.client()?.credential_revoke(&name).await?;
            context.out.say(&format!("{} (revision {})", clean(&done.text), done.revision));
        }
    }
    Ok(Exit::Done)
}

async fn create(args: Create, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client()?;
    let form = if args.certificate { CredentialForm::Certificate } else { CredentialForm::Token };
    let names = file_names(&args.name, form);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let files = args.out.as_ref().map(|dir| NewFiles::create(dir, &names)).transpose()?;
    let ttl_s = args.ttl.map(|ttl| ttl.as_secs());
    let name = args.name.to_string();
    let made = client.credential_create(&CredentialRequest { name, form, ttl_s }).await?;
    let contents = contents(&made, form)?;
    let out = &mut *context.out;
    match files {
        Some(files) => {
            for path in files.fill(&contents)? {
                out.say(&format!("wrote {}", path.display()));
            }
        }
        None => {
            out.data(&format!("{}\n", contents[1]))?;
            out.say("this token is shown this once; a client needs the cluster's authority too (--ca):");
            out.say(contents[0].trim_end());
        }
    }
    let expires = made.expires.map_or_else(|| "until it is revoked".to_owned(), |at| format!("until {at}"));
    out.say(&format!("{} is good {expires}", args.name));
    Ok(Exit::Done)
}

fn file_names(name: &CredentialName, form: CredentialForm) -> Vec<String> {
    let ca = "ca.pem".to_owned();
    match form {
        CredentialForm::Token => vec![ca, format!("{name}.token")],
        CredentialForm::Certificate => vec![ca, format!("{name}.crt"), format!("{name}.key")],
    }
}

/// What the files hold, in the order of their names.
fn contents(made: &CredentialMade, form: CredentialForm) -> Result<Vec<&str>, Failure> {
    let ca = made.ca_certificate.as_str();
    let contents = match (form, &made.token, &made.certificate, &made.key) {
        (CredentialForm::Token, Some(token), ..) => vec![ca, token],
        (CredentialForm::Certificate, _, Some(certificate), Some(key)) => vec![ca, certificate, key],
        _ => {
            return Err(Failure::new(format!("the node made `{}` and sent no secret for it", made.name))
                .next(format!("steadfast credential revoke {}", made.name)));
        }
    };
    Ok(contents)
}

fn listed(credentials: &[CredentialShown], width: Option<u16>) -> String {
    if credentials.is_empty() {
        return "no credentials\n".to_owned();
    }
    let row = |shown: &CredentialShown| {
        let form = match shown.form {
            CredentialForm::Token => "token",
            CredentialForm::Certificate => "certificate",
        };
        let expires = shown.expires.as_deref().unwrap_or("never");
        [&shown.name, form, &shown.role, expires, &shown.by].map(clean).to_vec()
    };
    table(&["NAME", "KIND", "ROLE", "EXPIRES", "MADE BY"], credentials.iter().map(row).collect(), width)
}
