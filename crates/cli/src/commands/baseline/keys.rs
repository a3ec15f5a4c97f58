//! Those who may sign, and their keys.

use crate::commands::{Format, duration};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, NewFiles};
use crate::paint::clean;
use crate::table::table;
use api::{SignerRequest, SignerShown};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::stored::BaselineSignature;
use servicing::signature;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What to do with signers.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a key for a signer, into files that their owner alone can read
    ///
    /// It asks no node. NAME.key stays with its owner; what `add` takes is in NAME.pub.
    New {
        /// Who
        #[arg(value_name = "NAME")]
        name: String,
        /// Into this folder
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
    },
    Add(Add),
    /// List who may sign
    List(Format),
    /// Remove somebody who may sign
    Remove {
        /// Who
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Enrol somebody who may sign
///
/// The first signer is the cluster itself, which is enrolled with the first baseline. Once there are two, what is
/// taken back needs both.
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// Who
    #[arg(value_name = "NAME")]
    name: String,
    /// The public key, as it is in NAME.pub
    #[arg(long, value_name = "KEY")]
    public_key: String,
    /// For how long, such as 365d [default: until it is removed]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    ttl: Option<Duration>,
}

/// A private key, as it is in a file: `NAME SEED`.
pub(super) struct Key {
    name: String,
    seed: String,
}

impl Key {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = files::read_text(path, "the key", 4 << 10)?;
        let failed = |why: &str| {
            Failure::new(format!("{} is no key of a signer", path.display()))
                .because(why)
                .next("steadfast baseline signer new NAME")
        };
        let (name, seed) = text.trim().split_once(' ').ok_or_else(|| failed("expected a name and a key"))?;
        signature::public_key(seed).map_err(|error| failed(&error.to_string()))?;
        Ok(Self { name: name.to_owned(), seed: seed.to_owned() })
    }

    pub(super) fn sign(&self, text: &str) -> Result<BaselineSignature, Failure> {
        signature::sign(&self.name, &self.seed, text).map_err(|error| Failure::new(error.to_string()))
    }
}

pub(super) async fn run(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let width = context.out.width();
    match command {
        Command::New { name, out } => return new(&name, &out, context),
        Command::Add(Add { name, public_key, ttl }) => {
            let ttl_s = ttl.map(|ttl| ttl.as_secs());
            let done = context.client()?.signer_add(&SignerRequest { name, public_key, ttl_s }).await?;
            context.out.say(&format!("{} (revision {})", clean(&done.text), done.revision));
        }
        Command::List(format) => {
            let signers = context.client()?.signers().await?;
            if format.json {
                context.out.json(&signers)?;
            } else {
                context.out.data(&listed(&signers, width))?;
            }
        }
        Command::Remove { name } => {
            let done = context.client()?.signer_remove(&name).await?;
            context.out.say(&format!("{} (revision {})", clean(&done.text), done.revision));
        }
    }
    Ok(Exit::Done)
}

fn new(name: &str, out: &Path, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(Failure::usage(format!("`{name}` is no name for a signer"))
            .because("expected 1 to 64 letters, digits, `.`, `_`, `-` and `@`"));
    }
    let mut seed = [0_u8; 32];
    let failed = |error: &dyn std::fmt::Display| Failure::new("cannot make a key").because(error);
    let filled = rustix::rand::getrandom(&mut seed, rustix::rand::GetRandomFlags::empty());
    if filled.map_err(|error| failed(&std::io::Error::from(error)))? != seed.len() {
        return Err(failed(&"the system gave too few random bytes"));
    }
    let seed = STANDARD.encode(seed);
    let public_key = signature::public_key(&seed).map_err(|error| failed(&error))?;
    let (private, public) = (format!("{name}.key"), format!("{name}.pub"));
    let files = NewFiles::create(out, &[&private, &public])?;
    let wrote = files.fill(&[&format!("{name} {seed}\n"), &format!("{public_key}\n")])?;
    for path in wrote {
        context.out.say(&format!("wrote {}", path.display()));
    }
    context.out.say(&format!("next: steadfast baseline signer add {name} --public-key {public_key}"));
    Ok(Exit::Done)
}

/// By the clock of this machine.
fn is_over(at: &str) -> bool {
    at.parse::<jiff::Timestamp>().is_ok_and(|at| at <= jiff::Timestamp::now())
}

fn listed(signers: &[SignerShown], width: Option<u16>) -> String {
    if signers.is_empty() {
        return "no signers; the cluster itself is enrolled with the first baseline\n".to_owned();
    }
    let row = |shown: &SignerShown| {
        let key = if shown.held_by_cluster { "the cluster's" } else { "a person's" };
        let expires = match &shown.expires {
            None => "never".to_owned(),
            Some(at) if is_over(at) => format!("expired {}", clean(at)),
            Some(at) => clean(at),
        };
        vec![clean(&shown.name), key.to_owned(), expires, clean(&shown.by), clean(&shown.public_key)]
    };
    table(&["NAME", "KEY", "EXPIRES", "ENROLLED BY", "PUBLIC KEY"], signers.iter().map(row).collect(), width)
}
