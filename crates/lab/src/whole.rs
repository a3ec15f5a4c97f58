//! The lab as a whole: its hosts, its faults, its end.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::{io, thread};

use crate::error::Doing;
use crate::host::{Ground, host_name};
use crate::place::{self, Place};
use crate::reaper::Reaper;
use crate::switch::Switch;
use crate::{Host, LabError, Network, Traffic, skip};

/// There is one address byte; the ends of its range stay free for clustered addresses.
const HOSTS_MAX: u8 = 250;

/// How much of each log a failed test shows.
const TAIL_LINES: usize = 40;

/// Hosts `n1`, `n2`, … on two networks. All of it ends with this value; see the crate's description.
pub struct Lab {
    hosts: Vec<Host>,
    ground: Arc<Ground>,
    reaper: Reaper,
}

impl Lab {
    /// Makes `hosts` hosts (1 to 250) and boots them, all at once.
    ///
    /// # Errors
    /// What this machine refused; nothing is left then. [`Lab::supported`] tells whether labs can
    /// be made here at all.
    pub fn new(hosts: usize) -> Result<Self, LabError> {
        let user = rustix::process::geteuid();
        if !user.is_root() {
            return Err(LabError::NotRoot { uid: user.as_raw() });
        }
        let count = u8::try_from(hosts).ok().filter(|count| (1..=HOSTS_MAX).contains(count));
        let count = count.ok_or(LabError::HostCount(hosts))?;

        let place = Place::new()?;
        let mut reaper = place.remains().remove_later()?;
        match Self::build(count, place) {
            Ok((hosts, ground)) => {
                // From here on, a failed boot is cleaned up by dropping the lab.
                let lab = Self { hosts, ground, reaper };
                lab.boot()?;
                Ok(lab)
            }
            Err(error) => {
                // What kept it from being made is the error to report.
                let _ = reaper.finish();
                Err(error)
            }
        }
    }

    fn build(count: u8, place: Place) -> Result<(Vec<Host>, Arc<Ground>), LabError> {
        place.occupy()?;
        let logs =
            std::env::var_os("STEADFAST_LAB_LOGS").map_or_else(|| place.dir.join("logs"), PathBuf::from);
        fs::create_dir_all(&logs).doing(|| format!("make {}", logs.display()))?;
        let names = (1..=count).map(host_name).collect();
        let ground = Ground { place, switch: Switch::new()?, logs, names, dying: Mutex::default() };
        let ground = Arc::new(ground);
        Ok(((1..=count).map(|number| Host::new(number, Arc::clone(&ground))).collect(), ground))
    }

    fn boot(&self) -> Result<(), LabError> {
        thread::scope(|scope| {
            let boots: Vec<_> = self.hosts.iter().map(|host| scope.spawn(|| host.start())).collect();
            boots.into_iter().try_for_each(|boot| match boot.join() {
                Ok(booted) => booted,
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })
    }

    /// Whether labs can be made here, tried out once per process; the reason if not.
    ///
    /// # Errors
    /// The reason, in words.
    pub fn supported() -> Result<(), String> {
        static TRIED: OnceLock<Result<(), String>> = OnceLock::new();
        TRIED.get_or_init(|| skip::try_out().map_err(|error| error.to_string())).clone()
    }

    /// Removes what labs left behind whose process is gone and whose reaper was killed too; says
    /// how many there were. [`Lab::new`] does it by itself.
    ///
    /// # Errors
    /// The folder of labs cannot be read.
    pub fn sweep() -> Result<usize, LabError> {
        place::sweep()
    }

    /// Its name on this machine: folder and control group carry it.
    pub fn id(&self) -> &str {
        &self.ground.place.id
    }

    /// The hosts, `n1` first, running or not.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Drops the traffic, all of it.
    ///
    /// # Errors
    /// The switch refuses the rules.
    pub fn cut(&self, traffic: Traffic) -> Result<(), LabError> {
        self.ground.switch.change(|faults| faults.lose(traffic, 1000))
    }

    /// Drops frames of the traffic at random: `permille` of 1000, so 50 is 5 %.
    ///
    /// # Errors
    /// The switch refuses the rules.
    pub fn lose(&self, traffic: Traffic, permille: u16) -> Result<(), LabError> {
        self.ground.switch.change(|faults| faults.lose(traffic, permille))
    }

    /// Nobody hears the host, and it hears nobody.
    ///
    /// # Errors
    /// The switch refuses the rules.
    pub fn isolate(&self, host: &Host) -> Result<(), LabError> {
        self.cut(Traffic::of(host))
    }

    /// Two sides that do not hear each other. Hosts on neither side hear both.
    ///
    /// # Errors
    /// The switch refuses the rules.
    pub fn split(&self, side: &[&Host], other: &[&Host]) -> Result<(), LabError> {
        self.ground.switch.change(|faults| {
            for a in side {
                for b in other {
                    faults.lose(Traffic::between(a, b), 1000);
                }
            }
        })
    }

    /// Pulls the cable of a host on one network: it sees the carrier go. A restarted host comes up
    /// with its cables plugged in.
    ///
    /// # Errors
    /// The host is down.
    pub fn link_down(&self, host: &Host, network: Network) -> Result<(), LabError> {
        self.ground.switch.set_link(host.name(), network, false)
    }

    /// Plugs the cable in again.
    ///
    /// # Errors
    /// The host is down.
    pub fn link_up(&self, host: &Host, network: Network) -> Result<(), LabError> {
        self.ground.switch.set_link(host.name(), network, true)
    }

    /// Ends every fault of the networks: cuts, losses, pulled cables.
    ///
    /// # Errors
    /// The switch refuses.
    pub fn heal(&self) -> Result<(), LabError> {
        self.ground.switch.change(crate::faults::Faults::heal)?;
        for host in self.hosts.iter().filter(|host| host.is_up()) {
            for network in Network::ALL {
                self.link_up(host, network)?;
            }
        }
        Ok(())
    }

    /// A failed test takes its lab with it, so the ends of the logs are shown while they are there.
    fn show_logs(&self) {
        let mut err = io::stderr().lock();
        for entry in fs::read_dir(&self.ground.logs).into_iter().flatten().flatten() {
            let text = fs::read(entry.path()).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let lines: Vec<_> = text.lines().collect();
            let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
            let name = entry.file_name();
            // Standard error is all there is to report to.
            let _ = writeln!(err, "--- {}, its last lines\n{}", name.to_string_lossy(), tail.join("\n"));
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if thread::panicking() {
            self.show_logs();
        }
        // It kills all processes; their exit statuses are taken afterwards. An error leaves what
        // the next sweep removes.
        let _ = self.reaper.finish();
        for host in &self.hosts {
            host.bury();
        }
    }
}
