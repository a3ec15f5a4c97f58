//! Making baselines: what nodes have, what an earlier one had, what is put up with for a while.
//!
//! The node writes the text, keys of people sign it here and never leave this machine, and the cluster adds its own
//! signature when the text is installed.

use super::keys::Key;
use crate::commands::duration;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::paint::clean;
use crate::render::baseline;
use api::{BaselineInstall, BaselineKind, BaselineWish, FloorShown, OrderShown, SignatureShown, SignedText};
use model::stored::SignedBaseline;
use model::{AbsolutePath, NodeName};
use std::path::PathBuf;
use std::time::Duration;

/// What a node takes in one request.
const BYTES_MAX: u64 = 4 << 20;

/// Validate what nodes have now: they are measured by it from then on
///
/// Capture when everything works on all nodes. Where nodes differ, it is refused until somebody says whose files are
/// right. What it takes back (an older file, one of which nobody can say which way it went) needs a reason and, once
/// two may sign, a second signature.
#[derive(Debug, clap::Args)]
pub(crate) struct Capture {
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    how: How,
}

/// Validate what nodes have now, if nothing of it goes back
///
/// For after an ordinary update. With --file it installs a baseline that was written with --out and signed.
#[derive(Debug, clap::Args)]
pub(crate) struct Raise {
    /// Install the baseline in this file, with the signatures in it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["nodes", "right", "out"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    how: How,
}

/// Go back to the files of an earlier baseline
///
/// The nodes are measured by it at once. Their files are not changed by it.
#[derive(Debug, clap::Args)]
pub(crate) struct Rollback {
    /// To this one [default: the one before the present one]
    #[arg(long, value_name = "NUMBER")]
    to: Option<u64>,
    #[command(flatten)]
    how: How,
}

/// Put up with differences of a file for a while
#[derive(Debug, clap::Args)]
pub(crate) struct Waive {
    /// Which files
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<AbsolutePath>,
    /// Only on this node
    #[arg(long, value_name = "NODE")]
    node: Option<NodeName>,
    #[command(flatten)]
    how: How,
}

/// Sign a baseline that was written with --out
///
/// It asks no node: a key need not be on a machine of the cluster.
#[derive(Debug, clap::Args)]
pub(crate) struct Sign {
    /// The baseline; the signature is added to it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The key of a signer
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,
}

/// Out of what.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct From {
    /// Out of what these nodes have, which may be given several times [default: all]
    #[arg(long = "node", value_name = "NODE")]
    nodes: Vec<NodeName>,
    /// Whose files are right, where nodes differ
    #[arg(long = "from", value_name = "NODE")]
    right: Option<NodeName>,
}

/// Rules that go with it.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Rules {
    /// The oldest version of a package that is fit for use
    #[arg(long, value_name = "PACKAGE=VERSION", value_parser = floor)]
    floor: Vec<FloorShown>,
    /// Take a floor away again
    #[arg(long, value_name = "PACKAGE")]
    drop_floor: Vec<String>,
    /// The second package is to be installed after the first, since its files are the newer ones
    #[arg(long, value_name = "FIRST,THEN", value_parser = order)]
    order: Vec<OrderShown>,
    /// Take such a rule away again
    #[arg(long, value_name = "FIRST,THEN", value_parser = order)]
    drop_order: Vec<OrderShown>,
}

/// How it is made.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct How {
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// For how long what it lets through may stay so, such as 7d [default: 30d]
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    hold: Option<Duration>,
    /// Sign with this key too, which may be given several times
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// The cluster itself does not sign
    #[arg(long)]
    without_cluster: bool,
    /// Write it into this file, to be signed, and install nothing
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Say what would change, and change nothing; exit code 3 if something would
    #[arg(long)]
    dry_run: bool,
}

fn floor(text: &str) -> Result<FloorShown, String> {
    match text.split_once('=') {
        Some((package, version)) if !package.is_empty() && !version.is_empty() => {
            Ok(FloorShown { package: package.to_owned(), version: version.to_owned() })
        }
        _ => Err("expected PACKAGE=VERSION, such as libhelper4=4.0-1".to_owned()),
    }
}

fn order(text: &str) -> Result<OrderShown, String> {
    match text.split_once(',') {
        Some((first, then)) if !first.is_empty() && !then.is_empty() => {
            Ok(OrderShown { first: first.trim().to_owned(), then: then.trim().to_owned() })
        }
        _ => Err("expected FIRST,THEN, such as option-pack,service-pack".to_owned()),
    }
}

fn wish(kind: BaselineKind, from: From, rules: Rules, how: &How) -> BaselineWish {
    BaselineWish {
        nodes: from.nodes.iter().map(ToString::to_string).collect(),
        right: from.right.map(|node| node.to_string()),
        reason: how.reason.clone(),
        hold_s: how.hold.map(|hold| hold.as_secs()),
        floors: rules.floor,
        drop_floors: rules.drop_floor,
        order: rules.order,
        drop_order: rules.drop_order,
        ..BaselineWish::of(kind)
    }
}

pub(super) async fn capture(args: Capture, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let wish = wish(BaselineKind::Capture, args.from, args.rules, &args.how);
    make(wish, args.how, context).await
}

pub(super) async fn raise(args: Raise, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if let Some(file) = &args.file {
        let mut signed = read(file)?;
        add_signatures(&mut signed, &args.how.key)?;
        return install(signed, &args.how, context).await;
    }
    let wish = wish(BaselineKind::Raise, args.from, args.rules, &args.how);
    make(wish, args.how, context).await
}

pub(super) async fn rollback(args: Rollback, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let mut wish = wish(BaselineKind::Rollback, From::default(), Rules::default(), &args.how);
    wish.to = args.to;
    make(wish, args.how, context).await
}

pub(super) async fn waive(args: Waive, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let mut wish = wish(BaselineKind::Rules, From::default(), Rules::default(), &args.how);
    wish.waive = args.paths.iter().map(ToString::to_string).collect();
    wish.waive_on = args.node.map(|node| node.to_string());
    make(wish, args.how, context).await
}

async fn make(wish: BaselineWish, how: How, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let width = context.out.width();
    let draft = context.client()?.baseline_draft(&wish).await?;
    context.out.data(&baseline::draft(&draft, width))?;
    if how.dry_run {
        context.out.say("nothing was changed");
        let changes = !draft.changes.is_empty() || !draft.lowered.is_empty();
        return Ok(if changes { Exit::WouldChange } else { Exit::Done });
    }
    let mut signed = SignedText { text: draft.text, signatures: Vec::new() };
    add_signatures(&mut signed, &how.key)?;
    if let Some(path) = &how.out {
        write(path, &signed)?;
        context.out.say(&format!(
            "wrote baseline {} to {}; nothing is installed yet",
            draft.generation,
            path.display()
        ));
        context.out.say(&format!(
            "next: steadfast baseline sign {0} --key FILE, then steadfast baseline raise --file {0}",
            path.display()
        ));
        return Ok(Exit::Done);
    }
    install(signed, &how, context).await
}

async fn install(signed: SignedText, how: &How, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let request = BaselineInstall { signed, cluster_signs: !how.without_cluster };
    let done = context.client()?.baseline_install(&request).await?;
    context.out.say(&format!("{} (revision {})", clean(&done.text), done.revision));
    Ok(Exit::Done)
}

fn add_signatures(signed: &mut SignedText, keys: &[PathBuf]) -> Result<(), Failure> {
    for path in keys {
        let key = Key::read(path)?;
        let signature = key.sign(&signed.text)?;
        signed.signatures.retain(|one| one.signer != signature.signer);
        signed.signatures.push(SignatureShown { signer: signature.signer, signature: signature.signature });
    }
    Ok(())
}

fn read(path: &std::path::Path) -> Result<SignedText, Failure> {
    let text = files::read_text(path, "the baseline", BYTES_MAX)?;
    let failed = || {
        Failure::new(format!("{} is no baseline", path.display()))
            .next("steadfast baseline capture --out FILE")
    };
    let signed: SignedText = serde_json::from_str(&text).map_err(|error| failed().because(error))?;
    // What it is of is the node's to judge; that it is one at all can be said here.
    let inner = SignedBaseline { text: signed.text.clone(), signatures: Vec::new() };
    inner.baseline().map_err(|error| failed().because(error))?;
    Ok(signed)
}

fn write(path: &std::path::Path, signed: &SignedText) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(format!("cannot write {}", path.display())).because(error)
    };
    let text = serde_json::to_string_pretty(signed).map_err(|error| failed(&error))?;
    // Beside it and then in its place: what was signed before is not lost half-way.
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    std::io::Write::write_all(&mut file, format!("{text}\n").as_bytes()).map_err(|error| failed(&error))?;
    file.persist(path).map_err(|error| failed(&error))?;
    Ok(())
}

pub(super) fn sign(args: &Sign, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let mut signed = read(&args.file)?;
    add_signatures(&mut signed, &args.key)?;
    write(&args.file, &signed)?;
    let names: Vec<String> = signed.signatures.iter().map(|one| clean(&one.signer)).collect();
    context.out.say(&format!("{} is signed by {}", args.file.display(), names.join(", ")));
    Ok(Exit::Done)
}
