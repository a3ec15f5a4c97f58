//! Finding out what a program stands on, and whether any of it has changed.

use super::known::Gone;
use super::stand::Stand;
use crate::cluster::Place;
use crate::problem::{Doing as _, Problem};
use crate::report::{Figure, Target};
use crate::sample::Sample;
use closure::{Ground, Root};
use inventory::Looker;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const ROUNDS: usize = 50;
/// A look at all files of the closure, of which none has changed, in milliseconds; and one that reads all of them.
const LOOK_MS: f64 = 1.0;
const READ_MS: f64 = 20.0;

/// Measures.
pub(crate) fn measure(place: &Place) -> Result<Vec<Figure>, Problem> {
    let dir = place.dir.join(format!("closure-{}", std::process::id()));
    let _gone = Gone(&dir);
    let stand = Stand::build(&dir)?;
    let root = [Root::Program(stand.server().display().to_string())];
    let ground = Ground::of_this_machine();
    let files: Vec<PathBuf> = closure::of(&ground, &root).files.into_keys().collect();
    let mut looker = Looker::default();
    files.iter().for_each(|path| drop(looker.look(path)));
    let times = |mut work: Box<dyn FnMut() + '_>| {
        let one = |_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        };
        Sample::from((0..ROUNDS).map(one).collect::<Vec<_>>())
    };
    let found = times(Box::new(|| drop(closure::of(&ground, &root))));
    let looked = times(Box::new(|| files.iter().for_each(|path| drop(looker.look(path)))));
    let mut looker = Looker::default();
    let read = times(Box::new(|| files.iter().for_each(|path| drop(looker.look_closely(path)))));
    let bytes: u64 = files.iter().map(|path| looker.size(path)).sum();
    let note =
        format!("{} files, {:.1} MiB, median of {ROUNDS}", files.len(), bytes as f64 / f64::from(1 << 20));
    let figure = |name: &str, all: &Sample, target| {
        Figure::time(name, all.median()).against(Target::Below(target)).note(note.clone())
    };
    let large = large(&stand)?;
    Ok(vec![
        figure("looked at (lstat)", &looked, LOOK_MS),
        figure("read and hashed", &read, READ_MS),
        Figure::time("found out", found.median()).note(note.clone()),
        Figure::time("a file of 10 GiB, read and hashed", large).note("of zeros that are on no disk"),
    ])
}

/// A file with holes: reading it costs what reading from memory costs.
fn large(stand: &Stand) -> Result<Duration, Problem> {
    let path = stand.dir.join("large");
    let made = std::fs::File::create(&path).and_then(|file| file.set_len(10 << 30));
    made.doing(|| format!("make {}", path.display()))?;
    let begun = Instant::now();
    let look = Looker::default().look(&path);
    let took = begun.elapsed();
    let whole = if look.bytes == 10 << 30 { Ok(()) } else { Err(std::io::Error::other(format!("{look:?}"))) };
    whole.doing(|| format!("read {}", path.display()))?;
    Ok(took)
}
