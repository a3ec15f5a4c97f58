//! Corosync and Pacemaker on whole hosts, as their packages bring them, with the service in their care.
//!
//! Each host runs `corosync -f` and `pacemakerd -f`; a lab's hosts have their own `/run` and `/dev/shm`, in
//! which both keep their state. All values are the defaults, with two exceptions: nothing is encrypted, and
//! there is no fencing (`stonith-enabled=false`), which makes a failover sooner, not later.

use super::vendor;
use crate::problem::{Doing as _, Problem};
use lab::{Host, Lab, Network};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The daemons, in the order in which they are started.
const DAEMONS: [&str; 2] = ["corosync", "pacemakerd"];
/// One program of each package that is needed.
const PROGRAMS: [&str; 3] = ["corosync", "pacemakerd", "crm_mon"];
/// Nothing is measured by it. Pacemaker waits 20 s for others before it elects a coordinator.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at a state that is not measured.
const LOOK: Duration = Duration::from_millis(200);
const COROSYNC_CONF: &str = "/etc/corosync/corosync.conf";
/// Pacemaker's log, on every host.
pub(super) const LOG: &str = "/var/log/pacemaker/pacemaker.log";

/// The owner first, then by name: `n2` is preferred over `n3`. Both monitors run every few seconds: one looks
/// whether the service runs where it should, one whether it runs where it should not, on the standbys.
const CIB: [(&str, &str); 3] = [
    (
        "crm_config",
        "<crm_config><cluster_property_set id='given'>\
        <nvpair id='given-stonith' name='stonith-enabled' value='false'/>\
        </cluster_property_set></crm_config>",
    ),
    (
        "resources",
        "<resources><primitive id='service' class='ocf' provider='vendor' type='service'><operations>\
        <op id='looks' name='monitor' interval='5s' timeout='20s'/>\
        <op id='looks-standby' name='monitor' interval='6s' timeout='20s' role='Stopped'/>\
        </operations></primitive></resources>",
    ),
    (
        "constraints",
        "<constraints><rsc_location id='on-n1' rsc='service' node='n1' score='200'/>\
        <rsc_location id='on-n2' rsc='service' node='n2' score='100'/></constraints>",
    ),
];

/// The hosts of one such cluster. When this is dropped they are gone.
pub(super) struct Peer {
    lab: Lab,
}

impl Peer {
    /// What has to be installed for it; nothing if all is there.
    pub(super) fn missing() -> Option<String> {
        let there = |program: &&str| {
            ["/usr/sbin", "/usr/bin", "/sbin"].iter().any(|dir| Path::new(dir).join(program).exists())
        };
        let missing: Vec<_> = PROGRAMS.into_iter().filter(|program| !there(program)).collect();
        let packages =
            "Debian: apt-get install --no-install-recommends corosync pacemaker pacemaker-cli-utils";
        (!missing.is_empty()).then(|| format!("not installed: {} ({packages})", missing.join(", ")))
    }

    /// Which versions they are.
    pub(super) fn versions() -> String {
        let first = |program: &str, option: &str| {
            let output = Command::new(program).arg(option).output().ok();
            let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            text.and_then(|text| text.lines().next().map(str::to_owned)).unwrap_or_default()
        };
        format!("{}; {}", first("pacemakerd", "--version"), first("corosync", "-v"))
    }

    /// A cluster of so many members whose first has the service.
    pub(super) fn form(members: usize) -> Result<Self, Problem> {
        let peer = Self { lab: Lab::new(members)? };
        for host in peer.hosts() {
            vendor::install(host)?;
            let text = corosync_conf(peer.hosts());
            host.within(|| fs::write(COROSYNC_CONF, text))?
                .doing(|| format!("write {COROSYNC_CONF} on {}", host.name()))?;
            peer.start(host)?;
        }
        peer.all_online()?;
        for (section, text) in CIB {
            let update = ["--modify", "--allow-create", "--scope", section, "--xml-text", text];
            run(peer.host(0), "cibadmin", &update)?;
        }
        peer.settled(peer.host(0))?;
        peer.first_has_it()?;
        Ok(peer)
    }

    /// All of them, `n1` first.
    pub(super) fn hosts(&self) -> &[Host] {
        self.lab.hosts()
    }

    /// A member by its index: 0 is `n1`.
    pub(super) fn host(&self, index: usize) -> &Host {
        &self.lab.hosts()[index]
    }

    /// The first is gone at once, with its cables.
    pub(super) fn lose_the_first(&self) -> Result<(), Problem> {
        self.lab.isolate(self.host(0))?;
        self.host(0).kill()?;
        Ok(())
    }

    /// As it was before anything was lost: version 4 everywhere, no failure remembered, and the service back.
    pub(super) fn restore(&self) -> Result<(), Problem> {
        self.lab.heal()?;
        self.host(0).start()?;
        self.start(self.host(0))?;
        for host in self.hosts() {
            vendor::overwrite(host, 4)?;
        }
        self.all_online()?;
        run(self.host(0), "crm_resource", &["--cleanup", "--resource", "service"])?;
        self.settled(self.host(0))?;
        self.first_has_it()
    }

    /// Until nothing is left to do, in the eyes of this host.
    pub(super) fn settled(&self, asked: &Host) -> Result<(), Problem> {
        let patience = PATIENCE.as_secs().to_string();
        run(asked, "crm_resource", &["--wait", "--timeout", &patience]).map(drop)
    }

    fn start(&self, host: &Host) -> Result<(), Problem> {
        for program in DAEMONS {
            host.command(program).arg("-f").start_daemon(program)?;
        }
        Ok(())
    }

    /// Looks until every member is online in the eyes of the last.
    fn all_online(&self) -> Result<(), Problem> {
        let last = &self.hosts()[self.hosts().len() - 1];
        let names: Vec<_> = self.hosts().iter().map(Host::name).collect();
        until("every member online", || {
            // It fails as long as Pacemaker starts.
            let said = last.command("crm_mon").args(["--one-shot", "--output-as=xml"]).output()?;
            let text = String::from_utf8_lossy(&said.stdout).into_owned();
            let all = names.iter().all(|name| is_online(&text, name));
            Ok(if all { Ok(()) } else { Err(format!("{text}{}", String::from_utf8_lossy(&said.stderr))) })
        })
    }

    /// Looks until the service runs on the first, and nowhere else.
    fn first_has_it(&self) -> Result<(), Problem> {
        let running = |host: &Host| host.within(|| fs::exists("/run/vendor-service.pid").unwrap_or_default());
        until("the service on n1", || {
            let all = self.hosts().iter().map(running).collect::<Result<Vec<_>, _>>()?;
            let first_only = all.iter().enumerate().all(|(index, runs)| *runs == (index == 0));
            Ok(if first_only { Ok(()) } else { Err(format!("it runs on each: {all:?}")) })
        })
    }
}

/// Runs a program on a host; what it wrote, if it did well.
pub(super) fn run(host: &Host, program: &str, arguments: &[&str]) -> Result<String, Problem> {
    let output = host.command(program).args(arguments).output()?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let command = format!("{}$ {program} {}", host.name(), arguments.join(" "));
    Err(Problem::Command { command, why: format!("{}: {}", output.status, text(&output.stderr)) })
}

/// Looks until all is well; a look that says otherwise says what it saw.
pub(super) fn until(
    what: &str,
    mut look: impl FnMut() -> Result<Result<(), String>, Problem>,
) -> Result<(), Problem> {
    let begun = Instant::now();
    loop {
        let Err(last) = look()? else { return Ok(()) };
        if begun.elapsed() > PATIENCE {
            return Err(Problem::Late { what: what.to_owned(), waited: PATIENCE, last });
        }
        std::thread::sleep(LOOK);
    }
}

/// Whether a member is there in `crm_mon`'s XML, and Pacemaker has finished starting on it.
fn is_online(xml: &str, name: &str) -> bool {
    let begin = format!("<node name=\"{name}\" ");
    let line = xml.lines().find(|line| line.trim_start().starts_with(&begin));
    line.is_some_and(|line| line.contains("online=\"true\"") && line.contains("pending=\"false\""))
}

fn corosync_conf(hosts: &[Host]) -> String {
    let mut text = "totem {\nversion: 2\ncluster_name: bench\ntransport: knet\n\
        crypto_cipher: none\ncrypto_hash: none\n}\n\
        system {\nmove_to_root_cgroup: no\n}\n\
        logging {\nto_stderr: yes\nto_syslog: no\nto_logfile: no\n}\n"
        .to_owned();
    let pair = if hosts.len() == 2 { "two_node: 1\n" } else { "" };
    text += &format!("quorum {{\nprovider: corosync_votequorum\n{pair}}}\nnodelist {{\n");
    for host in hosts {
        let [first, second] = Network::ALL.map(|network| host.ipv4(network));
        let (name, number) = (host.name(), host.number());
        text += &format!(
            "node {{\nname: {name}\nnodeid: {number}\nring0_addr: {first}\nring1_addr: {second}\n}}\n"
        );
    }
    text + "}\n"
}

#[cfg(test)]
mod tests {
    use super::is_online;

    #[test]
    fn a_member_that_still_starts_is_not_online() {
        let line = |pending| format!("  <node name=\"n2\" id=\"2\" online=\"true\" pending=\"{pending}\"/>");
        assert!(is_online(&line("false"), "n2"));
        assert!(!is_online(&line("true"), "n2"));
        assert!(!is_online(&line("false"), "n3"));
    }
}
