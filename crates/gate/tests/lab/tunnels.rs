//! Interfaces whose packets begin with IP itself, as those of tunnels do. One end of a tunnel is the host's,
//! the other is this test.
#![allow(unsafe_code, reason = "a tunnel is told its name by an ioctl")]

use crate::common::*;
use lab::Host;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;

/// Our end of the tunnel `tun0`, which is the host's from now on.
fn tunnel(host: &Host) -> Option<File> {
    let open = || {
        let options =
            File::options().read(true).write(true).custom_flags(libc::O_NONBLOCK).open("/dev/net/tun");
        let file = options.ok()?;
        let mut request = [0_u8; 40];
        request[..4].copy_from_slice(b"tun0");
        let flags = libc::IFF_TUN | libc::IFF_NO_PI;
        request[16..18].copy_from_slice(&u16::try_from(flags).expect("they fit").to_ne_bytes());
        // SAFETY: TUNSETIFF reads and writes a `struct ifreq`, which is as long as this buffer.
        let done = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, request.as_mut_ptr()) };
        (done == 0).then_some(file)
    };
    let file = host.within(open).expect("it is up")?;
    run(
        host,
        "ip link set tun0 up && ip addr add 10.88.0.1/24 dev tun0 && ip addr add fd88::1/64 dev tun0 nodad",
    );
    Some(file)
}

fn checksum(parts: &[&[u8]]) -> [u8; 2] {
    let pairs = parts.iter().flat_map(|part| part.chunks(2));
    let sum: u32 =
        pairs.map(|pair| u32::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    (!u16::try_from((folded & 0xffff) + (folded >> 16)).expect("it is folded")).to_be_bytes()
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// A datagram from the far end of the tunnel.
fn datagram(to: SocketAddr) -> Vec<u8> {
    let from = octets(address(if to.is_ipv4() { "10.88.0.9" } else { "fd88::9" }));
    let own = octets(to.ip());
    let mut udp = [&[0x30, 0x39][..], &to.port().to_be_bytes(), &[0, 12, 0, 0], b"ping"].concat();
    let sum = checksum(&[&from, &own, &[0, 17, 0, 12], &udp]);
    udp[6..8].copy_from_slice(&sum);
    let mut head = match to {
        SocketAddr::V4(_) => vec![0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0],
        SocketAddr::V6(_) => vec![0x60, 0, 0, 0, 0, 12, 17, 64],
    };
    head.extend([from, own].concat());
    if to.is_ipv4() {
        let sum = checksum(&[&head]);
        head[10..12].copy_from_slice(&sum);
    }
    [head, udp].concat()
}

/// Whether the host answers through the tunnel.
fn answers(tunnel: &mut File, at: SocketAddr) -> bool {
    let mut buffer = [0; 256];
    tunnel.write_all(&datagram(at)).expect("it is there");
    let until = std::time::Instant::now() + std::time::Duration::from_millis(50);
    while std::time::Instant::now() < until {
        match tunnel.read(&mut buffer) {
            Ok(count) => {
                let (own, from) = (octets(at.ip()), if at.is_ipv4() { 12 } else { 8 });
                if buffer[..count].ends_with(b"ping") && buffer[from..].starts_with(&own) {
                    return true;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            Err(error) => panic!("read from the tunnel: {error}"),
        }
    }
    false
}

#[track_caller]
fn is_heard(tunnel: &mut File, at: SocketAddr, when: &str) {
    let what = format!("an answer of {at} through the tunnel {when}");
    lab::eventually(&what, PATIENCE, || answers(tunnel, at));
}

#[test]
fn a_tunnel_is_gated_like_any_interface() {
    for choice in CHOICES {
        let Some(lab) = site("a_tunnel_is_gated_like_any_interface", choice) else { return };
        let n1 = &lab.hosts()[0];
        let Some(mut tunnel) = tunnel(n1) else {
            return lab::kernel_lacks("a_tunnel_is_gated_like_any_interface", "tun");
        };
        let mut gate = open(n1, choice);
        for own in ADDRESSES {
            let echo = Echo::on(n1, address(own));
            is_heard(&mut tunnel, echo.at, "without a gate");
            gate.close(echo.at.ip()).expect("closed");
            for _ in 0..4 {
                assert!(!answers(&mut tunnel, echo.at), "{choice:?}: {own} answered though closed");
            }
            gate.set(echo.at.ip(), after(LONG)).expect("opened");
            is_heard(&mut tunnel, echo.at, "when open");
        }
    }
}
