//! A disk that all nodes reach: it is moved, and when its node loses power, it waits for a person.
//!
//! The site's address has a gate in the kernel, which closes by itself; a file system has none. Nobody can
//! see whether a node that is silent still writes to the disk, so it is mounted elsewhere only once somebody
//! has said that the node is off.

use super::Failed;
use super::failover::{DECLARATION, all_up, client, host, online_of};
use super::machines::{COUNT, name};
use super::stage::Stage;
use std::fs::File;

/// Where it is mounted.
const FOLDER: &str = "/srv/demo-files";

/// Makes an image with a file system, and a loop device of it, which it names.
const MAKE: &str = "truncate --size=32M /srv/demo-disk && mkfs.ext4 -q -F /srv/demo-disk && \
                    losetup --find --show /srv/demo-disk";

/// Tells it.
pub(super) fn tell(stage: &mut Stage) -> Result<(), Failed> {
    let Some((device, _held)) = device(stage)? else {
        return stage.teller.say("SKIPPED the disk: there are no loop devices here, or no mkfs.ext4.");
    };
    stage.teller.step(
        "A disk that all nodes reach; here it is an image. Nothing but the cluster keeps two \
                       nodes from mounting it at once.",
    )?;
    let group = format!(
        "\n[[group]]\nname = \"files\"\n[[group.resource]]\nname = \"disk\"\ntype = \"physical-disk\"\n\
         device = \"{device}\"\nmount_point = \"{FOLDER}\"\n"
    );
    stage.machines.write(1, "disk.toml", &format!("{DECLARATION}{group}"))?;
    stage.types(1, "steadfast apply -f disk.toml")?;
    let owner = online_of(stage, "files", 1, None)?;
    stage.types(owner, &format!("echo 'written on {}' >{FOLDER}/note", name(owner)))?;
    let to = owner % COUNT + 1;
    stage.types(1, &format!("steadfast group move files --to {}", name(to)))?;
    reads(stage, to, owner)?;
    confirmed(stage, to, owner)
}

/// Its node loses power.
fn confirmed(stage: &mut Stage, lost: u8, writer: u8) -> Result<(), Failed> {
    let asked = lost % COUNT + 1;
    stage.teller.step(&format!(
        "{} loses its power. Whether it still writes to the disk, nobody can see; so the disk waits, and the \
         cluster says for what.",
        name(lost)
    ))?;
    host(stage, lost)?.kill()?;
    let [not_safe, down] = [events::TakeoverNotSafe::ENTRY.id, events::NodeDown::ENTRY.id];
    stage.until(asked, "it is said that the disk is left alone", |status| {
        // The leader's word, and this node's own: while either hears from it, nobody may confirm anything.
        [not_safe, down].iter().all(|id| status.alarms.iter().any(|alarm| alarm.event == *id))
    })?;
    stage.types(asked, "steadfast explain files")?;
    stage.teller.step(&format!("Somebody has looked: {} is off.", name(lost)))?;
    stage.types(asked, &format!("steadfast node confirm-down {}", name(lost)))?;
    let now = online_of(stage, "files", asked, Some(lost))?;
    reads(stage, now, writer)?;
    stage.teller.held("the disk was never mounted on two nodes, and what was written is there")?;
    host(stage, lost)?.start()?;
    stage.starts(lost)?;
    all_up(stage)
}

/// What was written is there.
fn reads(stage: &mut Stage, node: u8, writer: u8) -> Result<(), Failed> {
    let said = stage.types(node, &format!("cat {FOLDER}/note"))?;
    let expected = format!("written on {}", name(writer));
    stage.expects(said.trim() == expected, || format!("the note says `{expected}`"))
}

/// The disk, and what keeps it for as long as it is held; nothing where there can be none.
fn device(stage: &Stage) -> Result<Option<(String, File)>, Failed> {
    let behind = COUNT + 1;
    let made = stage.machines.shell(behind, MAKE, "")?;
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    let device = said.lines().last().unwrap_or_default().trim().to_owned();
    if !made.status.success() || !device.starts_with("/dev/loop") {
        return Ok(None);
    }
    // Detached while it is open, it goes with the last who has it open: however this story ends.
    let held = client(stage)?.within(|| File::open(&device))?;
    stage.machines.shell(behind, &format!("losetup --detach {device}"), "")?;
    Ok(held.ok().map(|held| (device, held)))
}
