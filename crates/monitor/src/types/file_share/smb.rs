//! SMB, by a smbd of the share's own.
//!
//! * **Who may use it is the share's own list**: `passdb.tdb` with the data, filled by
//!   `smbpasswd -c STATE/smb.conf -a USER` on whichever node has the share. Nobody else, no guests. The
//!   users must be known to every node under the same numbers.
//! * **SMB 3, signed**: what came before can neither encrypt nor keep somebody in between from choosing
//!   something weaker. Windows has had it since 2012.
//! * What is on the disk belongs to the share (passwords, the server's SID); locks and caches are of this
//!   very process, and lie with the monitor. The server's name is the same on each node, since the SID and
//!   the users hang on it.

use super::share::Share;
use super::wire::exchange;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

pub(super) const PROGRAMS: [&str; 2] = ["/usr/sbin/smbd", "/usr/local/samba/sbin/smbd"];

/// Tests a configuration; of the same package.
pub(super) const TESTPARM: &str = "/usr/bin/testparm";

/// Folders of what must outlive this node, below the state.
pub(super) const STATE_FOLDERS: [&str; 2] = ["private", "state"];

/// Folders of what must not.
pub(super) const RUN_FOLDERS: [&str; 4] = ["lock", "cache", "pid", "rpc"];

/// smbd makes a socket here for each of its processes, below the folder `private`.
pub(super) const LONGEST_SOCKET: &str = "private/msg.sock/4194304";

/// The configuration. The texts in it have been checked to need no quotes.
pub(super) fn config(share: &Share, state: &Path, run: &Path) -> String {
    let mut text = String::from("# Made anew at each start.\n[global]\n");
    // Writing to a text cannot fail.
    let mut set = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name} = {value}");
    };
    let below = |folder: &Path, name: &str| folder.join(name).display().to_string();
    let own = share.listen.ip().to_string();
    set("server role", "standalone server");
    set("netbios name", "STEADFAST");
    set("disable netbios", "yes");
    set("smb ports", &share.listen.port().to_string());
    if !share.listen.ip().is_unspecified() {
        set("interfaces", &own);
        set("bind interfaces only", "yes");
    }
    set("private dir", &below(state, "private"));
    set("state directory", &below(state, "state"));
    set("passdb backend", &format!("tdbsam:{}", below(state, "passdb.tdb")));
    set("lock directory", &below(run, "lock"));
    set("cache directory", &below(run, "cache"));
    set("pid directory", &below(run, "pid"));
    set("ncalrpc dir", &below(run, "rpc"));
    // "SMB3" alone means the newest one, 3.1.1.
    set("server min protocol", "SMB3_00");
    set("server signing", "mandatory");
    set("map to guest", "never");
    // No printers, and nothing that users could share by themselves.
    set("load printers", "no");
    set("printing", "bsd");
    set("printcap name", "/dev/null");
    set("disable spoolss", "yes");
    set("usershare path", "");
    set("rpc start on demand helpers", "no");
    let clients: Vec<String> = share.clients.iter().map(ToString::to_string).collect();
    // This node asks the server how it is, from its own address.
    let asker = super::super::server::reachable(share.listen).ip();
    set("hosts allow", &format!("{} {asker}", clients.join(" ")));
    set("hosts deny", "ALL");
    let _ = writeln!(text, "[{}]\n  path = {}", share.name, share.path.display());
    let _ = writeln!(text, "  read only = {}", if share.read_only { "yes" } else { "no" });
    text
}

/// Whether it answers: the first message of every client ([MS-SMB2] 2.2.3), which needs no user.
pub(super) async fn answers(server: SocketAddr) -> Result<(), String> {
    // Header: who speaks, its length, and a credit that is asked for; the command "negotiate" is 0.
    let mut message = vec![0_u8; 64 + 36];
    message[..4].copy_from_slice(b"\xfeSMB");
    message[4..6].copy_from_slice(&64_u16.to_le_bytes());
    message[14..16].copy_from_slice(&1_u16.to_le_bytes());
    // Negotiate: its length, one dialect, "can sign".
    message[64..66].copy_from_slice(&36_u16.to_le_bytes());
    message[66..68].copy_from_slice(&1_u16.to_le_bytes());
    message[68..70].copy_from_slice(&1_u16.to_le_bytes());
    // SMB 3.0: the newest one that needs nothing more to be said.
    message.extend(0x0300_u16.to_le_bytes());
    let length = u32::try_from(message.len()).unwrap_or(0).to_be_bytes();
    let answer = exchange(server, &[&length[..], &message].concat(), 4 + 64).await?;
    match (&answer[4..8], &answer[12..16]) {
        (b"\xfeSMB", [0, 0, 0, 0]) => Ok(()),
        (b"\xfeSMB", status) => {
            let status = u32::from_le_bytes([status[0], status[1], status[2], status[3]]);
            Err(format!("{server} refuses to speak SMB 3 (status {status:#010x})"))
        }
        _ => Err(format!("what {server} answers is not SMB")),
    }
}
