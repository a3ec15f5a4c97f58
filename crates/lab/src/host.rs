//! One host: its life, and the way into it.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::thread::{ThreadNameSpaceType, UnshareFlags, move_into_thread_name_spaces};

use crate::cgroup::Cgroup;
use crate::error::Doing;
use crate::init::{Init, Start};
use crate::kernel::{Admission, on_own_thread, unshare};
use crate::place::{self, Place};
use crate::switch::Switch;
use crate::wait::{KERNEL_PATIENCE, wait_for};
use crate::{Daemon, HostCommand, LabError, Network, network, root, tool};

/// A host of a [`Lab`](crate::Lab).
pub struct Host {
    name: String,
    number: u8,
    ground: Arc<Ground>,
    running: Mutex<Option<Running>>,
    init: Mutex<Init>,
    /// The library that shifts the clocks of programs, once an offset was asked for.
    pub(crate) clock: Mutex<Option<PathBuf>>,
}

/// What all hosts of a lab stand on.
pub(crate) struct Ground {
    pub(crate) place: Place,
    pub(crate) switch: Switch,
    pub(crate) logs: PathBuf,
    pub(crate) names: Vec<String>,
    /// First processes of hosts that lost power, as long as they are not quite dead.
    pub(crate) dying: Mutex<Vec<Child>>,
}

struct Running {
    /// Process 1 of the host: an [`Init`].
    first: Child,
    handle: OwnedFd,
    daemons: Vec<Daemon>,
}

impl Host {
    pub(crate) fn new(number: u8, ground: Arc<Ground>) -> Self {
        let name = host_name(number);
        let (running, init, clock) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { name, number, ground, running, init, clock }
    }

    /// `n1`, `n2`, …; also its host name, and in every host's /etc/hosts.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// 1 for `n1`.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Its IPv4 address on that network.
    pub fn ipv4(&self, network: Network) -> Ipv4Addr {
        network.ipv4(self.number)
    }

    /// Its IPv6 address on that network.
    pub fn ipv6(&self, network: Network) -> Ipv6Addr {
        network.ipv6(self.number)
    }

    /// Whether it runs (frozen counts as running).
    pub fn is_up(&self) -> bool {
        self.running().is_some()
    }

    /// The number, on this machine, of its process 1: `nsenter --target PID --all` goes in by hand.
    pub fn pid(&self) -> Option<u32> {
        self.running().as_ref().map(|running| running.first.id())
    }

    /// What its process 1 is, from the next boot on.
    pub fn set_init(&self, init: Init) {
        *self.init.lock().unwrap_or_else(PoisonError::into_inner) = init;
    }

    /// Boots it, on the disk it had. Does nothing when it runs already. Its cables are plugged in;
    /// no daemon is started.
    ///
    /// # Errors
    /// The step that the operating system refused; nothing of the host runs then.
    pub fn start(&self) -> Result<(), LabError> {
        let mut running = self.running();
        if running.is_none() {
            let booted = self.boot();
            if booted.is_err() {
                // The boot's own error is the one to report.
                let _ = self.power_off();
            }
            *running = Some(booted?);
        }
        Ok(())
    }

    /// Power is lost: every process ends at once, and nobody on the network hears a word of it (no
    /// connection is closed). What was written stays, synced or not; /run and small disks do not.
    /// Does nothing when it is down already.
    ///
    /// # Errors
    /// Processes that cannot be killed within seconds.
    pub fn kill(&self) -> Result<(), LabError> {
        let Some(running) = self.running().take() else { return Ok(()) };
        self.power_off()?;
        self.ground.bury(running);
        Ok(())
    }

    /// Stops every process of the host, wherever it is, until [`Host::thaw`]. The kernel goes on:
    /// addresses answer pings, connections are accepted.
    ///
    /// # Errors
    /// [`LabError::Down`], or the freezer's refusal.
    pub fn freeze(&self) -> Result<(), LabError> {
        self.handle()?;
        self.cgroup().set_frozen(true)
    }

    /// Lets a frozen host go on.
    ///
    /// # Errors
    /// [`LabError::Down`], or the freezer's refusal.
    pub fn thaw(&self) -> Result<(), LabError> {
        self.handle()?;
        self.cgroup().set_frozen(false)
    }

    /// Whether it is frozen.
    pub fn is_frozen(&self) -> bool {
        self.cgroup().is_frozen()
    }

    /// A program to run inside. Its path is the host's; so is its environment, which starts as this
    /// process's with a full search path.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> HostCommand<'_> {
        HostCommand::new(self, program.as_ref())
    }

    /// The daemon that was started last under that name, running or not.
    pub fn daemon(&self, name: &str) -> Option<Daemon> {
        let running = self.running();
        running.as_ref()?.daemons.iter().rev().find(|daemon| daemon.name() == name).cloned()
    }

    /// Runs `work` inside, on a thread of this process: it sees the host's files, networks and
    /// name. Sockets made there stay the host's wherever they are used afterwards. It does not see
    /// the host's process numbers and is not frozen or killed with it.
    ///
    /// # Errors
    /// [`LabError::Down`], or what refused the way in.
    ///
    /// # Panics
    /// When `work` does.
    pub fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, LabError> {
        let handle = self.handle()?;
        on_own_thread(|| {
            self.move_in(&handle, ThreadNameSpaceType::empty())?;
            Ok(work())
        })
    }

    /// Starts a process inside, in the control group `leaf` of this host.
    pub(crate) fn spawn(&self, mut command: Command, leaf: &str) -> Result<Child, LabError> {
        let handle = self.handle()?;
        if self.is_frozen() {
            return Err(LabError::Frozen { host: self.name.clone() });
        }
        let leaf = self.cgroup().child(leaf);
        leaf.create()?;
        let first = handle.try_clone().doing(|| "copy a descriptor".to_owned())?;
        Admission::Join { leaf: leaf.procs()?, first }.precede(&mut command);
        on_own_thread(|| {
            self.move_in(&handle, ThreadNameSpaceType::PROCESS_ID)?;
            command.spawn().doing(|| format!("start {:?} on {}", command.get_program(), self.name))
        })
    }

    /// Keeps a daemon, so that it is found by name and buried when the power goes.
    pub(crate) fn adopt(&self, daemon: &Daemon) {
        if let Some(running) = self.running().as_mut() {
            running.daemons.push(daemon.clone());
        }
    }

    /// The control group that holds all of it.
    pub(crate) fn cgroup(&self) -> Cgroup {
        self.ground.place.cgroup.child(&self.name)
    }

    pub(crate) fn log_path(&self, daemon: &str) -> PathBuf {
        self.ground.logs.join(format!("{}.{daemon}.log", self.name))
    }

    /// After the reaper killed everything: takes the exit statuses, so that no zombie is left.
    pub(crate) fn bury(&self) {
        if let Some(running) = self.running().take() {
            self.ground.bury(running);
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self) -> Result<OwnedFd, LabError> {
        let running = self.running();
        let running = running.as_ref().ok_or_else(|| LabError::Down { host: self.name.clone() })?;
        running.handle.try_clone().doing(|| "copy a descriptor".to_owned())
    }

    /// Moves the calling thread into the host. `more`: namespaces that only a child can enter.
    fn move_in(&self, handle: &OwnedFd, more: ThreadNameSpaceType) -> Result<(), LabError> {
        let what = || format!("enter host {}", self.name);
        // A thread that shares its working directory with others cannot change mount namespaces.
        unshare(UnshareFlags::FS).doing(what)?;
        let spaces = ThreadNameSpaceType::MOUNT
            | ThreadNameSpaceType::NETWORK
            | ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME
            | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION;
        move_into_thread_name_spaces(handle.as_fd(), spaces | more).doing(what)
    }

    fn power_off(&self) -> Result<(), LabError> {
        // First the cables: dying processes close their connections politely, and the peers of a
        // host without power hear nothing.
        self.ground.switch.unplug(&self.name);
        let cgroup = self.cgroup();
        if cgroup.path().exists() {
            cgroup.kill()?;
        }
        cgroup.remove()
    }

    /// What a watchdog does to this machine: everything ends at once, and nobody hears a word of it. It stays down.
    pub(crate) fn reset(&self) -> impl Fn() + Send + 'static {
        let (ground, name, cgroup) = (self.ground.clone(), self.name.clone(), self.cgroup());
        move || {
            ground.switch.unplug(&name);
            // A host that is down already has nothing to end.
            let _ = cgroup.kill();
        }
    }

    fn boot(&self) -> Result<Running, LabError> {
        let start = self.init.lock().unwrap_or_else(PoisonError::into_inner).start()?;
        let mut first = self.spawn_first(&start)?;
        let furnished = open_handle(&first).and_then(|handle| {
            self.ground.switch.plug(&self.name, self.number, first.id())?;
            on_own_thread(|| {
                let more = ThreadNameSpaceType::PROCESS_ID | ThreadNameSpaceType::CONTROL_GROUP;
                self.move_in(&handle, more)?;
                self.furnish(&start)
            })?;
            self.await_init(&mut first, &handle, &start)?;
            Ok(handle)
        });
        match furnished {
            Ok(handle) => Ok(Running { first, handle, daemons: Vec::new() }),
            Err(error) => {
                // Fails only when it is dead already; its group is killed by the caller in any case.
                let _ = first.kill().and_then(|()| first.wait());
                Err(error)
            }
        }
    }

    /// Makes the namespaces, and process 1 to hold them.
    fn spawn_first(&self, start: &Start) -> Result<Child, LabError> {
        let init = self.cgroup().child("init");
        init.create()?;
        let admission = Admission::Found { host: self.cgroup().procs()?, leaf: init.procs()? };
        let mut command = Command::new("sh");
        // At the root, so that changing the root moves it too.
        command.args(["-c", start.script]).env("PATH", tool::SEARCH_PATH).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        admission.precede(&mut command);
        on_own_thread(|| {
            let spaces = UnshareFlags::NEWNS
                | UnshareFlags::NEWNET
                | UnshareFlags::NEWPID
                | UnshareFlags::NEWUTS
                | UnshareFlags::NEWIPC;
            unshare(spaces).doing(|| format!("make the namespaces of {}", self.name))?;
            root::detach()?;
            quiet_ipv6()?;
            command.spawn().map_err(|error| tool::failed_to_start("sh", error))
        })
    }

    /// Lets a process 1 that waits for its root become what it is to be, and waits until it is.
    fn await_init(&self, first: &mut Child, handle: &OwnedFd, start: &Start) -> Result<(), LabError> {
        let Some(sign) = start.ready else { return Ok(()) };
        if let Some(mut input) = first.stdin.take() {
            input.write_all(b"\n").doing(|| format!("start process 1 of {}", self.name))?;
        }
        on_own_thread(|| {
            self.move_in(handle, ThreadNameSpaceType::empty())?;
            let what = format!("{sign} of {}", self.name);
            wait_for(&what, KERNEL_PATIENCE, || fs::exists(sign).unwrap_or_default().then_some(()))
        })
    }

    /// Gives the new namespaces, in which the calling thread is, all that makes them a host.
    fn furnish(&self, start: &Start) -> Result<(), LabError> {
        tool::feed("ip", &["-batch", "-"], &network::host_batch(self.number))?;
        root::enter(&self.ground.place.dir.join(&self.name), &place::base())?;
        rustix::system::sethostname(self.name.as_bytes())
            .doing(|| format!("set the host name {}", self.name))?;
        let hosts = (1..).zip(&self.ground.names).map(|(number, name)| {
            let (v4, v6) = (Network::First.ipv4(number), Network::First.ipv6(number));
            format!("{v4} {name}\n{v6} {name}\n")
        });
        let files = [
            ("/etc/hostname", format!("{}\n", self.name)),
            ("/etc/hosts", format!("127.0.0.1 localhost\n::1 localhost\n{}", hosts.collect::<String>())),
            ("/etc/machine-id", format!("{:032x}\n", self.number)),
        ];
        start.furnish()?;
        for (path, text) in files {
            fs::write(path, text).doing(|| format!("write {path} on {}", self.name))?;
        }
        Ok(())
    }
}

impl Ground {
    /// Takes the exit statuses of a host's dead processes, so that no zombie is left.
    fn bury(&self, running: Running) {
        for daemon in &running.daemons {
            daemon.bury();
        }
        // Process 1 cannot finish before every process of its host is buried, and those that came
        // from `HostCommand::spawn` are in other hands. So: whoever has finished by now.
        let mut dying = self.dying.lock().unwrap_or_else(PoisonError::into_inner);
        dying.push(running.first);
        dying.retain_mut(|first| matches!(first.try_wait(), Ok(None)));
    }
}

/// The name of host number `number`.
pub(crate) fn host_name(number: u8) -> String {
    format!("n{number}")
}

/// Addresses are usable at once, and none comes from outside. Written before an interface is there,
/// so that it starts so.
fn quiet_ipv6() -> Result<(), LabError> {
    for (setting, value) in [
        ("all/disable_ipv6", "0"),
        ("default/disable_ipv6", "0"),
        ("default/accept_dad", "0"),
        ("default/accept_ra", "0"),
    ] {
        let path = format!("/proc/sys/net/ipv6/conf/{setting}");
        fs::write(&path, value).doing(|| format!("write {value} to {path} (has this kernel IPv6?)"))?;
    }
    Ok(())
}

fn open_handle(child: &Child) -> Result<OwnedFd, LabError> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| LabError::System {
        what: "name the first process".to_owned(),
        source: std::io::ErrorKind::InvalidData.into(),
    })?;
    pidfd_open(pid, PidfdFlags::empty()).doing(|| "open a handle of the first process".to_owned())
}
