//! NFS, by a Ganesha of the share's own.
//!
//! * **NFS 4 alone**: one port, no portmapper, and locks that a server hands on. What clients hold is in
//!   its recovery folder, which lies with the data: the next node lets them claim it again in its grace
//!   period, and nobody else take it.
//! * **Root of a client is nobody here**, always. Whoever else a client says that somebody is, is believed
//!   (`sys`): so only clients that are listed are let in.

use super::share::{Clients, Share};
use super::wire::exchange;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

pub(super) const PROGRAMS: [&str; 2] = ["/usr/bin/ganesha.nfsd", "/usr/sbin/ganesha.nfsd"];

/// How long a client may be silent and keep what it holds. The grace period must be longer, or a client
/// that has just spoken when its server ended would come too late; and for so long nobody can open or lock
/// anything after a move with clients. Ganesha's own 60 and 90 s are a long time for a takeover.
const LEASE_S: u32 = 20;
const GRACE_S: u32 = 30;

/// The number of `nobody`, and of its group, in every distribution. Ganesha's own is 4294967294.
const NOBODY: u32 = 65_534;

/// Ganesha's configuration. The texts in it have been checked to need no more than quotes.
pub(super) fn config(share: &Share, state: &Path, run: &Path) -> String {
    let clients: Vec<String> = share.clients.iter().map(known_to_ganesha).collect();
    let access = if share.read_only { "RO" } else { "RW" };
    let mut text = String::from("# Made anew at each start.\n");
    // Writing to a text cannot fail.
    let _ = write!(
        text,
        "NFS_CORE_PARAM {{\n  Protocols = 4;\n  Bind_addr = {};\n  NFS_Port = {};\n  Enable_NLM = false;\n  \
         Enable_RQUOTA = false;\n  Enable_UDP = false;\n}}\n",
        share.listen.ip(),
        share.listen.port()
    );
    let _ = write!(
        text,
        "NFSv4 {{\n  RecoveryBackend = fs;\n  RecoveryRoot = \"{}\";\n  Lease_Lifetime = {LEASE_S};\n  \
         Grace_Period = {GRACE_S};\n  Only_Numeric_Owners = true;\n}}\n",
        state.display()
    );
    let _ = write!(text, "NFS_KRB5 {{\n  Active_krb5 = false;\n  CCacheDir = \"{}\";\n}}\n", run.display());
    let _ = write!(
        text,
        "EXPORT {{\n  Export_Id = 1;\n  Path = \"{}\";\n  Pseudo = \"/{}\";\n  Protocols = 4;\n  \
         Transports = TCP;\n  SecType = sys;\n  Squash = root;\n  Anonymous_uid = {NOBODY};\n  \
         Anonymous_gid = {NOBODY};\n  Access_Type = None;\n  \
         FSAL {{ Name = VFS; }}\n  CLIENT {{ Clients = {}; Protocols = 4; Access_Type = {access}; }}\n}}\n",
        share.path.display(),
        share.name,
        clients.join(", ")
    );
    text
}

/// As Ganesha reads it: an address alone without its prefix, which it does not take. It knows no `::/0`
/// either, but what all the addresses of hosts begin with.
fn known_to_ganesha(clients: &Clients) -> String {
    match (clients.address, clients.prefix_bits) {
        (IpAddr::V4(address), 32) => address.to_string(),
        (IpAddr::V6(address), 128) => address.to_string(),
        (IpAddr::V6(_), 0) => "2000::/3, fc00::/7, fe80::/10".to_owned(),
        _ => clients.to_string(),
    }
}

/// Networks whose prefix has three digits are more than it reads.
pub(super) fn can_read(clients: &Clients) -> bool {
    clients.address.is_ipv4() || clients.prefix_bits == 128 || clients.prefix_bits < 100
}

/// Whether it answers: the call that does nothing (RFC 5531), of the program NFS in version 4.
pub(super) async fn answers(server: SocketAddr) -> Result<(), String> {
    const XID: u32 = 0x5f5a_4653;
    let (call, rpc_version, nfs, version, null) = (0, 2, 100_003, 4, 0);
    // No credentials, no verifier: a flavour and a length each.
    let words: [u32; 10] = [XID, call, rpc_version, nfs, version, null, 0, 0, 0, 0];
    let body: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
    // The one and only fragment of the message: its length, with the first bit set.
    let mark = 0x8000_0000 | u32::try_from(body.len()).unwrap_or(0);
    let answer = exchange(server, &[&mark.to_be_bytes()[..], &body].concat(), 28).await?;
    let word = |at: usize| answer[4 * at..].first_chunk().map_or(u32::MAX, |word| u32::from_be_bytes(*word));
    // After the mark: the number, "reply", "accepted", the verifier, "success".
    match (word(1), word(2), word(3), word(6)) {
        (XID, 1, 0, 0) => Ok(()),
        (XID, 1, ..) => Err(format!("{server} answers, but does not serve NFS 4")),
        _ => Err(format!("what {server} answers is not NFS")),
    }
}
