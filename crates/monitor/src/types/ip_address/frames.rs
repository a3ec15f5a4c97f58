//! Frames that ask who has an address, and that say that we have it.
//!
//! IPv4: ARP probes and announcements (RFC 5227). IPv6: neighbour solicitations as in duplicate address
//! detection (RFC 4862) and unsolicited neighbour advertisements (RFC 4861).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mac(pub(super) [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl Mac {
    const NONE: Self = Self([0; 6]);
    const ALL: Self = Self([0xff; 6]);

    /// From the usual notation.
    pub(super) fn read(text: &str) -> Option<Self> {
        let parts: Option<Vec<u8>> =
            text.trim().split(':').map(|part| u8::from_str_radix(part, 16).ok()).collect();
        parts?.try_into().ok().map(Self)
    }

    /// Where a multicast address of IPv6 is sent to.
    fn of_multicast(to: Ipv6Addr) -> Self {
        let [.., a, b, c, d] = to.octets();
        Self([0x33, 0x33, a, b, c, d])
    }
}

const ARP_REQUEST: u16 = 1;
const ARP_REPLY: u16 = 2;
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// "Take this instead of what you remember."
const OVERRIDE: u8 = 0x20;

/// Asks who has an address, without claiming it.
pub(super) fn question(own: Mac, address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => arp(own, ARP_REQUEST, Ipv4Addr::UNSPECIFIED, Mac::NONE, address),
        IpAddr::V6(address) => {
            let [.., a, b, c] = address.octets();
            let [high, low] = [u16::from_be_bytes([0xff, a]), u16::from_be_bytes([b, c])];
            let to = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, high, low);
            neighbour(own, Ipv6Addr::UNSPECIFIED, to, SOLICITATION, 0, address, &[])
        }
    }
}

/// Says that we have an address. Of ARP both forms: some listen to requests only, some to replies only.
pub(super) fn announcements(own: Mac, address: IpAddr) -> Vec<Vec<u8>> {
    match address {
        IpAddr::V4(address) => vec![
            arp(own, ARP_REQUEST, address, Mac::NONE, address),
            arp(own, ARP_REPLY, address, Mac::ALL, address),
        ],
        IpAddr::V6(address) => {
            let to = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
            let mut option = vec![2, 1];
            option.extend(own.0);
            vec![neighbour(own, address, to, ADVERTISEMENT, OVERRIDE, address, &option)]
        }
    }
}

fn arp(own: Mac, form: u16, sender: Ipv4Addr, target_mac: Mac, target: Ipv4Addr) -> Vec<u8> {
    let mut frame = ethernet(Mac::ALL, own, 0x0806);
    frame.extend([0, 1, 8, 0, 6, 4]);
    frame.extend(form.to_be_bytes());
    frame.extend(own.0);
    frame.extend(sender.octets());
    frame.extend(target_mac.0);
    frame.extend(target.octets());
    frame
}

fn neighbour(
    own: Mac,
    from: Ipv6Addr,
    to: Ipv6Addr,
    kind: u8,
    flags: u8,
    target: Ipv6Addr,
    option: &[u8],
) -> Vec<u8> {
    let mut body = vec![kind, 0, 0, 0, flags, 0, 0, 0];
    body.extend(target.octets());
    body.extend(option);
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes();
    let sum = checksum(&[&from.octets(), &to.octets(), &[0, 0], &length, &[0, 0, 0, 58], &body]);
    body[2..4].copy_from_slice(&sum);

    let mut frame = ethernet(Mac::of_multicast(to), own, 0x86dd);
    frame.extend([0x60, 0, 0, 0]);
    frame.extend(length);
    // The next header, and the hop limit by which receivers know that it comes from their own link.
    frame.extend([58, 255]);
    frame.extend(from.octets());
    frame.extend(to.octets());
    frame.extend(body);
    frame
}

fn ethernet(to: Mac, from: Mac, kind: u16) -> Vec<u8> {
    [&to.0[..], &from.0, &kind.to_be_bytes()].concat()
}

/// The Internet's: over parts of even length.
fn checksum(parts: &[&[u8]]) -> [u8; 2] {
    let pairs = parts.iter().flat_map(|part| part.chunks(2));
    let mut sum: u32 = pairs.map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!u16::try_from(sum).unwrap_or(0)).to_be_bytes()
}

/// Who claims the address, or wants to, in a frame of ARP.
pub(super) fn arp_claim(frame: &[u8], address: Ipv4Addr) -> Option<Mac> {
    let arp = frame.get(14..42)?;
    let is_arp = frame.get(12..14)? == [8, 6] && arp.get(..6)? == [0, 1, 8, 0, 6, 4];
    let (sender, target) = (arp.get(14..18)?, arp.get(24..28)?);
    let claims = sender == address.octets();
    let probes = sender == [0; 4] && target == address.octets() && arp.get(7) == Some(&1);
    (is_arp && (claims || probes)).then(|| arp.get(8..14)?.try_into().ok().map(Mac))?
}

/// Who claims the address in a message of ICMPv6: a hardware address, if one is told.
pub(super) fn neighbour_claim(message: &[u8], address: Ipv6Addr) -> Option<Option<Mac>> {
    let claims = message.first() == Some(&ADVERTISEMENT) && message.get(8..24)? == address.octets();
    let option = message.get(24..).unwrap_or_default();
    let mac = option.get(2..8).filter(|_| option.starts_with(&[2, 1]));
    claims.then(|| mac.and_then(|mac| mac.try_into().ok().map(Mac)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Mac = Mac([2, 0, 0, 0, 0, 1]);

    #[test]
    fn claims_and_questions_are_told_apart_by_whom_they_are_about() {
        let (ours, other) = (Ipv4Addr::new(10, 0, 0, 9), Ipv4Addr::new(10, 0, 0, 8));
        for frame in announcements(OWN, ours.into()).iter().chain([&question(OWN, ours.into())]) {
            assert_eq!(arp_claim(frame, ours), Some(OWN));
            assert_eq!(arp_claim(frame, other), None);
            assert!((0..frame.len()).all(|length| arp_claim(&frame[..length], ours).is_none()));
        }
        // A neighbour that looks for the holder claims nothing.
        assert_eq!(arp_claim(&arp(OWN, ARP_REQUEST, other, Mac::NONE, ours), ours), None);
    }

    #[test]
    fn an_advertisement_has_a_checksum_that_adds_up() {
        let address: Ipv6Addr = "fd00::9".parse().unwrap();
        let frame = announcements(OWN, address.into()).remove(0);
        let (header, body) = (&frame[14..54], &frame[54..]);
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        assert_eq!(checksum(&[&header[8..], &[0, 0], &length, &[0, 0, 0, 58], body]), [0, 0]);
        assert_eq!(neighbour_claim(body, address), Some(Some(OWN)));
        assert_eq!(neighbour_claim(&body[..24], address), Some(None));
        assert_eq!(neighbour_claim(body, "fd00::8".parse().unwrap()), None);
    }

    #[test]
    fn a_question_goes_to_the_group_of_the_one_who_has_the_address() {
        let frame = question(OWN, "fd00::12:3456".parse().unwrap());
        assert_eq!(frame[..6], [0x33, 0x33, 0xff, 0x12, 0x34, 0x56]);
        assert_eq!(frame[38..54], "ff02::1:ff12:3456".parse::<Ipv6Addr>().unwrap().octets());
    }

    #[test]
    fn hardware_addresses_read_back_as_they_are_shown() {
        assert_eq!(Mac::read(" 02:00:00:00:00:01"), Some(OWN));
        assert_eq!(OWN.to_string(), "02:00:00:00:00:01");
        assert_eq!(Mac::read("02:00"), None);
    }
}
