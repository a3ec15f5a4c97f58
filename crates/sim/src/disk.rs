//! A disk that can lose power.
//!
//! What is written goes to a cache; a sync makes the cache's dirty sectors durable. When the power
//! is cut, each unit of unsynced data is kept, lost or torn, by the dice: a unit is a sector of 512
//! bytes, or a block of 4096 of which only the first sectors may have arrived. A *killed process*
//! leaves the cache as it is. A *failed sync* leaves the cache readable and forgets that it was
//! dirty, which is what a kernel does.

use crate::dice::Dice;
use redb::StorageBackend;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SECTOR: usize = 512;
const SECTORS_OF_A_BLOCK: usize = 8;

/// Whether a node's process still runs. Everything that belongs to one life of it holds a clone,
/// and does nothing any more once it is off.
#[derive(Debug, Clone)]
pub struct Power(Arc<AtomicBool>);

impl Power {
    fn on() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    /// Ends this life.
    pub fn cut(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether it is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a sync does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sync {
    /// What it should.
    #[default]
    Honest,
    /// It says that all is well, and every other time does nothing: a known defect of cheap disks.
    /// What it has not written is lost as a whole, so the file is an older one and no damaged one:
    /// damage would be refused, and that is another test.
    Lies,
    /// It says that all is well, and the data follows some syncs later: a write cache without a battery.
    Late,
    /// What it should, but writes that change nothing are not written at all.
    OfChanges,
}

#[derive(Default)]
struct Platter {
    cache: Vec<u8>,
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
    sync: Sync,
    /// For [`Sync::Lies`]: whether the last one did nothing.
    lied: bool,
    /// For [`Sync::Late`]: what the last sync should have made durable.
    late: Option<Vec<u8>>,
    full: bool,
    fail_next_sync: bool,
    /// After so many more writes and syncs the power is cut.
    fuse: Option<u64>,
    life: Option<Power>,
}

/// A node's disk. It outlives the node's processes.
#[derive(Clone)]
pub struct SimDisk {
    platter: Arc<Mutex<Platter>>,
    dice: Dice,
}

impl SimDisk {
    /// An empty disk.
    #[must_use]
    pub fn new(dice: Dice, sync: Sync) -> Self {
        let platter = Platter { sync, ..Platter::default() };
        Self { platter: Arc::new(Mutex::new(platter)), dice }
    }

    /// A new life of the node's process: the file as its process sees it.
    #[must_use]
    pub fn open(&self) -> (SimFile, Power) {
        let life = Power::on();
        self.platter().life = Some(life.clone());
        (SimFile { disk: self.clone(), life: life.clone() }, life)
    }

    /// Cuts the power, now.
    pub fn cut_power(&self) {
        self.platter().cut_power(&self.dice);
    }

    /// Cuts the power after so many more writes and syncs, which most likely is inside a transaction.
    pub fn cut_power_after(&self, operations: u64) {
        self.platter().fuse = Some(operations);
    }

    /// Kills the process; what it wrote is still written.
    pub fn kill(&self) {
        let mut platter = self.platter();
        platter.fuse = None;
        if let Some(life) = platter.life.take() {
            life.cut();
        }
    }

    /// Fills the disk, or empties it.
    pub fn set_full(&self, full: bool) {
        self.platter().full = full;
    }

    /// Lets the next sync fail.
    pub fn fail_next_sync(&self) {
        self.platter().fail_next_sync = true;
    }

    /// The faults end.
    pub fn heal(&self) {
        let mut platter = self.platter();
        platter.full = false;
        platter.fail_next_sync = false;
        platter.fuse = None;
    }

    /// What a process would read now.
    #[must_use]
    pub fn content(&self) -> Vec<u8> {
        self.platter().cache.clone()
    }

    /// Replaces everything: the disk comes back as something else. A defect, for mutations.
    pub fn replace(&self, content: Vec<u8>) {
        let mut platter = self.platter();
        platter.durable.clone_from(&content);
        platter.cache = content;
        platter.dirty.clear();
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.platter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Platter {
    /// Counts towards the fuse.
    fn operate(&mut self, dice: &Dice) -> io::Result<()> {
        match self.fuse.as_mut() {
            Some(0) => {
                self.cut_power(dice);
                Err(io::Error::other("the power is cut"))
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn cut_power(&mut self, dice: &Dice) {
        self.fuse = None;
        self.late = None;
        if let Some(life) = self.life.take() {
            life.cut();
        }
        if self.sync == Sync::Lies {
            self.dirty.clear();
            self.cache.clone_from(&self.durable);
            return;
        }
        // The new length may have arrived or not; where it has, unwritten parts read as zeroes.
        if dice.percent(50) {
            self.durable.resize(self.cache.len(), 0);
        }
        let in_blocks = dice.percent(50);
        let unit = if in_blocks { SECTORS_OF_A_BLOCK } else { 1 };
        let units: BTreeSet<usize> = self.dirty.iter().map(|sector| sector / unit).collect();
        for number in units {
            // How many sectors of it arrived.
            let arrived = match dice.between(0, 3) {
                0 => 0,
                1 => unit,
                _ => dice.between(0, unit as u64 + 1) as usize,
            };
            for sector in number * unit..number * unit + arrived {
                self.persist(sector);
            }
        }
        self.dirty.clear();
        self.cache.clone_from(&self.durable);
    }

    fn persist(&mut self, sector: usize) {
        let from = sector * SECTOR;
        let end = (from + SECTOR).min(self.cache.len()).min(self.durable.len());
        if from < end {
            self.durable[from..end].copy_from_slice(&self.cache[from..end]);
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.fail_next_sync) {
            self.dirty.clear();
            return Err(io::Error::other("the write-back failed"));
        }
        match self.sync {
            Sync::Lies => {
                self.lied = !self.lied;
                if self.lied {
                    return Ok(());
                }
            }
            Sync::Late => {
                let before = self.late.replace(self.cache.clone());
                self.dirty.clear();
                self.durable = before.unwrap_or_else(|| self.durable.clone());
                return Ok(());
            }
            Sync::Honest | Sync::OfChanges => {}
        }
        self.durable.resize(self.cache.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            self.persist(sector);
        }
        Ok(())
    }
}

/// The file, as one life of the process sees it.
pub struct SimFile {
    disk: SimDisk,
    life: Power,
}

impl SimFile {
    fn alive(&self) -> io::Result<MutexGuard<'_, Platter>> {
        if self.life.is_on() { Ok(self.disk.platter()) } else { Err(io::Error::other("the process is gone")) }
    }

    fn changing(&self) -> io::Result<MutexGuard<'_, Platter>> {
        let mut platter = self.alive()?;
        platter.operate(&self.disk.dice)?;
        if platter.full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(platter) }
    }
}

impl fmt::Debug for SimFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimFile")
    }
}

impl StorageBackend for SimFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.alive()?.cache.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let platter = self.alive()?;
        let from = offset as usize;
        let bytes = platter.cache.get(from..from + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut platter = self.changing()?;
        platter.cache.resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.alive()?;
        platter.operate(&self.disk.dice)?;
        platter.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut platter = self.changing()?;
        let from = offset as usize;
        let end = from + data.len();
        let place = platter.cache.get(from..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        if platter.sync == Sync::OfChanges && place == data {
            return Ok(());
        }
        platter.cache[from..end].copy_from_slice(data);
        if !data.is_empty() {
            platter.dirty.extend(from / SECTOR..=(end - 1) / SECTOR);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(disk: &SimDisk, bytes: &[u8]) -> SimFile {
        let (file, _) = disk.open();
        file.set_len(bytes.len() as u64).unwrap();
        file.write(0, bytes).unwrap();
        file
    }

    #[test]
    fn what_was_synced_survives_a_power_cut_and_what_was_not_is_torn_at_sectors() {
        let mut torn = 0;
        for seed in 0..50 {
            let disk = SimDisk::new(Dice::new(seed), Sync::Honest);
            let file = written(&disk, &[1; 8192]);
            file.sync_data().unwrap();
            file.write(0, &[2; 8192]).unwrap();
            disk.cut_power();
            assert!(file.read(0, &mut [0]).is_err(), "the process is gone");
            let content = disk.content();
            assert!(content.chunks(SECTOR).all(|sector| sector == [1; SECTOR] || sector == [2; SECTOR]));
            torn += usize::from(content.contains(&1) && content.contains(&2));
        }
        assert!(torn > 25, "{torn}");
    }

    #[test]
    fn a_killed_process_leaves_the_cache_and_a_failed_sync_leaves_a_trap() {
        let disk = SimDisk::new(Dice::new(1), Sync::Honest);
        let file = written(&disk, &[1; 512]);
        file.sync_data().unwrap();
        file.write(0, &[2; 512]).unwrap();
        disk.kill();
        assert_eq!(disk.content(), [2; 512]);
        let (file, _) = disk.open();
        file.write(0, &[3; 512]).unwrap();
        disk.fail_next_sync();
        assert!(file.sync_data().is_err());
        assert_eq!(disk.content(), [3; 512], "it reads well");
        file.sync_data().unwrap();
        disk.cut_power();
        assert_eq!(disk.content(), [1; 512], "and was never there");
    }

    #[test]
    fn a_fuse_cuts_the_power_inside_a_transaction() {
        let disk = SimDisk::new(Dice::new(1), Sync::Honest);
        let file = written(&disk, &[1; 512]);
        disk.cut_power_after(1);
        file.write(0, &[2; 512]).unwrap();
        assert!(file.sync_data().is_err());
        assert!(!file.life.is_on());
    }
}
