//! What the lab's own tests look at: whether a datagram from one host reaches another.

#![allow(dead_code, reason = "each test file uses a part")]

use std::io::ErrorKind;
use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use lab::{Host, LabError};

/// Generous: the machine may be doing a hundred other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How long one datagram is waited for. A datagram takes microseconds; one that takes longer only
/// makes a test ask again.
const FLIGHT: Duration = Duration::from_millis(50);

/// Whether a datagram sent on `from` arrives at `address`, which is one of `to`'s. The answer
/// direction is not used, so one-way cuts are seen.
pub(crate) fn arrives(from: &Host, to: &Host, address: impl Into<IpAddr>) -> Result<bool, LabError> {
    let address = address.into();
    let ear = to.within(|| UdpSocket::bind((address, 0)).expect("the address is the host's"))?;
    let target = ear.local_addr().expect("it is bound");
    ear.set_read_timeout(Some(FLIGHT)).expect("not zero");
    let any: IpAddr = if target.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
    let mouth = from.within(|| UdpSocket::bind((any, 0)).expect("any port"))?;
    match mouth.send_to(b"hello", target) {
        Ok(_) => {}
        // Nobody answered an earlier address resolution, or the carrier is gone.
        Err(error) if matches!(error.kind(), ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => {
            return Ok(false);
        }
        Err(error) => panic!("send to {target}: {error}"),
    }
    match ear.recv_from(&mut [0; 16]) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(false),
        Err(error) => panic!("receive on {target}: {error}"),
    }
}

/// Waits until datagrams arrive.
#[track_caller]
pub(crate) fn hears(from: &Host, to: &Host, address: impl Into<IpAddr> + Copy) {
    let what = format!("a datagram from {} to {} at {}", from.name(), to.name(), address.into());
    lab::eventually(&what, PATIENCE, || arrives(from, to, address).expect("both are up"));
}

/// Waits until three datagrams in a row do not arrive.
#[track_caller]
pub(crate) fn is_deaf(from: &Host, to: &Host, address: impl Into<IpAddr> + Copy) {
    let what = format!("silence from {} to {} at {}", from.name(), to.name(), address.into());
    lab::eventually(&what, PATIENCE, || (0..3).all(|_| !arrives(from, to, address).expect("both are up")));
}
