//! The kernel's lock of its network configuration (RTNL), held for as long as a test wants.
//!
//! Who makes or removes containers, resets a network card, or runs into a fault of its driver holds it, on the
//! whole machine, whatever the namespace; meanwhile nobody can list, add or remove interfaces and addresses,
//! and packets flow as ever.
//!
//! How: a request that the kernel carries out with the lock held (SIOCETHTOOL with ETHTOOL_SFEATURES, of the
//! loopback, changing nothing) has its second half in a page that is not there, and a `userfaultfd` decides
//! when it comes. It ends with the process that holds it, however that ends: without the descriptor the kernel
//! brings the page by itself.
#![allow(unsafe_code, reason = "ioctl(2) reads and writes through addresses in its argument")]

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::thread::JoinHandle;
use std::{io, ptr};

/// The lock is held until this value is dropped.
#[derive(Debug)]
#[must_use = "dropping it releases the lock"]
pub struct NetworkLock {
    faults: OwnedFd,
    missing: Missing,
    holder: Option<JoinHandle<()>>,
}

/// The second of two pages, and where it begins.
#[derive(Debug, Clone, Copy)]
struct Missing {
    address: usize,
    length: usize,
}

/// `UFFDIO_API`, `UFFDIO_REGISTER`, `UFFDIO_ZEROPAGE`: as in linux/userfaultfd.h.
const API: libc::c_ulong = 0xc018_aa3f;
const REGISTER: libc::c_ulong = 0xc020_aa00;
const ZERO_PAGE: libc::c_ulong = 0xc020_aa04;
const API_VERSION: u64 = 0xaa;
const ON_MISSING: u64 = 1;

/// `SIOCETHTOOL`, and `ETHTOOL_SFEATURES` with its number of words.
const ETHTOOL: libc::c_ulong = 0x8946;
const SET_FEATURES: [u32; 2] = [0x3b, 2];

impl NetworkLock {
    /// Holds the lock, once whoever has it now lets it go.
    ///
    /// # Errors
    /// If this kernel or its settings do not permit a `userfaultfd`.
    pub fn hold() -> io::Result<Self> {
        // SAFETY: the call takes flags alone and returns a new descriptor or -1.
        let faults = unsafe {
            let number = libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC);
            let number = i32::try_from(number).ok().filter(|number| *number >= 0);
            OwnedFd::from_raw_fd(number.ok_or_else(io::Error::last_os_error)?)
        };
        tell(&faults, API, &mut [API_VERSION, 0, 0])?;
        let (first, missing) = pages()?;
        let range = [missing.address as u64, missing.length as u64];
        tell(&faults, REGISTER, &mut [range[0], range[1], ON_MISSING, 0])?;
        // The request: its head at the end of the first page, the rest in the second, which is missing.
        let request = missing.address - size_of_val(&SET_FEATURES);
        // SAFETY: the first page is mapped, writable and this function's; the head fits before its end.
        unsafe { ptr::copy_nonoverlapping(SET_FEATURES.as_ptr().cast::<u8>(), request as *mut u8, 8) };
        debug_assert!(first <= request);
        let holder = std::thread::spawn(move || ask(request));
        let held = Self { faults, missing, holder: Some(holder) };
        held.wait()?;
        Ok(held)
    }

    /// Waits until the kernel asks for the page: the lock is held then.
    fn wait(&self) -> io::Result<()> {
        let mut message = [0_u8; 32];
        rustix::io::read(&self.faults, &mut message)?;
        Ok(())
    }
}

impl Drop for NetworkLock {
    fn drop(&mut self) {
        let range = [self.missing.address as u64, self.missing.length as u64];
        let brought = tell(&self.faults, ZERO_PAGE, &mut [range[0], range[1], 0, 0]);
        if brought.is_ok()
            && let Some(holder) = self.holder.take()
        {
            // It has nothing to tell.
            let _ = holder.join();
        }
    }
}

fn tell<const N: usize>(faults: &OwnedFd, what: libc::c_ulong, argument: &mut [u64; N]) -> io::Result<()> {
    // SAFETY: each of the three requests has an argument of as many words as its callers give, which the
    // kernel reads and writes during the call.
    let answer = unsafe { libc::ioctl(faults.as_raw_fd(), what, argument.as_mut_ptr()) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Two pages, kept for the rest of the process: a thread of the kernel may be reading them.
fn pages() -> io::Result<(usize, Missing)> {
    // SAFETY: asks for a number.
    let length = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
    let (access, sort) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping wherever there is room, of nothing that anybody uses.
    let first = unsafe { libc::mmap(ptr::null_mut(), length * 2, access, sort, -1, 0) };
    if first == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let first = first as usize;
    Ok((first, Missing { address: first + length, length }))
}

/// Asks for what cannot be answered without the page.
fn ask(request: usize) {
    let Ok(socket) = std::net::UdpSocket::bind("127.0.0.1:0") else { return };
    // SAFETY: the structure is plain numbers, for which zero is a value.
    let mut interface: libc::ifreq = unsafe { std::mem::zeroed() };
    interface.ifr_name[0] = libc::c_char::from(b'l'.cast_signed());
    interface.ifr_name[1] = libc::c_char::from(b'o'.cast_signed());
    interface.ifr_ifru.ifru_data = request as *mut libc::c_char;
    // SAFETY: the interface's name is ended by zeros, and the request lies in two pages that stay mapped.
    unsafe { libc::ioctl(socket.as_raw_fd(), ETHTOOL, &raw mut interface) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    #[test]
    fn while_it_is_held_interfaces_cannot_be_listed_and_afterwards_they_can() {
        let name = "while_it_is_held_interfaces_cannot_be_listed_and_afterwards_they_can";
        let held = match NetworkLock::hold() {
            Ok(held) => held,
            Err(error) => return crate::skip(name, &format!("no userfaultfd: {error}")),
        };
        let mut listing = Command::new("ip").args(["link", "show"]).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        assert!(listing.try_wait().unwrap().is_none(), "it waits");
        drop(held);
        assert!(listing.wait().unwrap().success());
    }
}
