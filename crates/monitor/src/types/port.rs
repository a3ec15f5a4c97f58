//! The address that a server is to listen at: is it here, and is it free? If not, who has it.

use resource_api::{Failure, Outcome};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// Whether it can be listened at, or is by one of these processes. Servers try for seconds, and then
/// say so among much else.
pub(super) fn is_free(address: SocketAddr, own: &[i32]) -> Result<(), Outcome> {
    let port = address.port();
    let text = match TcpListener::bind(address).map_err(|error| (error.kind(), error)) {
        Ok(_) => return Ok(()),
        Err((io::ErrorKind::AddrInUse, _)) => {
            let holders = holders(address);
            if holders.iter().any(|(pid, _)| own.contains(pid)) {
                return Ok(());
            }
            let named: Vec<_> = holders.iter().map(|(pid, name)| format!("{name} (process {pid})")).collect();
            let who = if named.is_empty() { "another program".to_owned() } else { named.join(", ") };
            format!("{who} listens at {address} already; `ss -ltnp 'sport = :{port}'` shows it: end it first")
        }
        Err((io::ErrorKind::AddrNotAvailable, _)) => format!(
            "{} is not on this node; depend on the `ip-address` resource that brings it",
            address.ip()
        ),
        Err((_, error)) => format!("cannot listen at {address}: {error}"),
    };
    Err(Outcome::failed(Failure::Generic, text))
}

/// The processes that keep it from being listened at, by number and name: those to be seen.
fn holders(address: SocketAddr) -> Vec<(i32, String)> {
    let sockets: BTreeSet<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .flat_map(|list| listening(&fs::read_to_string(list).unwrap_or_default()))
        .filter(|(at, _)| is_in_the_way(*at, address))
        .map(|(_, inode)| format!("socket:[{inode}]"))
        .collect();
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        let mut links = open.filter_map(|file| fs::read_link(file.path()).ok());
        links.any(|link| link.to_str().is_some_and(|link| sockets.contains(link)))
    })
    .map(|pid| {
        let name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
        (pid, String::from_utf8_lossy(&name).trim_end().escape_debug().to_string())
    })
    .collect()
}

/// Whether nobody can listen at one while somebody does at the other.
fn is_in_the_way(there: SocketAddr, wanted: SocketAddr) -> bool {
    let every = there.ip().is_unspecified() || wanted.ip().is_unspecified();
    // "Every address" of IPv6 may stand for those of IPv4 too; the list does not say.
    let same_family = there.is_ipv4() == wanted.is_ipv4() || there.is_ipv6() && there.ip().is_unspecified();
    there.port() == wanted.port() && (there.ip() == wanted.ip() || every && same_family)
}

/// The sockets of the kernel's list that are listened at, with their inodes.
fn listening(list: &str) -> Vec<(SocketAddr, u64)> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (address, port) = fields.get(1)?.split_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        (*fields.get(3)? == "0A").then_some(())?;
        // A socket of IPv6 may serve an address of IPv4 in disguise.
        Some((SocketAddr::new(ip(address)?.to_canonical(), port), fields.get(9)?.parse().ok()?))
    };
    list.lines().filter_map(line).collect()
}

/// Words of the machine's byte order, in hexadecimal.
fn ip(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| Some(u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut octets = [0; 16];
            for (part, octets) in octets.chunks_exact_mut(4).enumerate() {
                octets.copy_from_slice(&word(8 * part)?);
            }
            Some(Ipv6Addr::from(octets).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_is_named_in_both_families() {
        let own = i32::try_from(std::process::id()).unwrap();
        for address in ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let address = listener.local_addr().unwrap();
            assert!(holders(address).iter().any(|(pid, _)| *pid == own), "{address}");
            assert!(is_free(address, &[own]).is_ok(), "its own is not in its way");
            let why = is_free(address, &[]).unwrap_err().text;
            assert!(why.contains(&format!("(process {own}) listens at {address}")), "{why}");
            drop(listener);
            assert!(is_free(address, &[]).is_ok());
        }
    }

    #[test]
    fn every_address_is_in_the_way_of_each() {
        let check =
            |there: &str, wanted: &str| is_in_the_way(there.parse().unwrap(), wanted.parse().unwrap());
        assert!(check("10.0.0.1:80", "10.0.0.1:80") && check("0.0.0.0:80", "10.0.0.1:80"));
        assert!(check("10.0.0.1:80", "0.0.0.0:80") && check("[::]:80", "10.0.0.1:80"));
        assert!(!check("10.0.0.1:80", "10.0.0.1:81") && !check("10.0.0.1:80", "10.0.0.2:80"));
        assert!(!check("[::1]:80", "0.0.0.0:80"));
    }
}
