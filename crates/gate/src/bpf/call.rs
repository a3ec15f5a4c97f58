//! The system call `bpf(2)`, and what is asked of it here.
//!
//! Each command takes a block of numbers, some of them addresses of buffers. It is put together here, from
//! slices whose lengths are checked, so that nothing outside this file can name a wrong address.
#![allow(unsafe_code, reason = "bpf(2) reads and writes buffers through addresses in its argument")]

use super::instruction::Instruction;
use crate::error::is;
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};

/// As long as what kernel 6.6 knows; the rest of a longer block it takes as zeros.
const BLOCK: usize = 64 + 64 + 16;

/// Longer than any name of the kernel's objects: 15 bytes and a zero.
const NAME: usize = 16;

/// No more programs are at one place, nor maps in one program, than this: the kernel has 64 at most.
const MANY: usize = 64;

#[derive(Debug, Clone, Copy)]
enum Command {
    MapCreate = 0,
    MapLookup = 1,
    MapUpdate = 2,
    MapDelete = 3,
    MapNextKey = 4,
    ProgramLoad = 5,
    Attach = 8,
    Detach = 9,
    #[cfg(test)]
    TestRun = 10,
    #[cfg(test)]
    ProgramNext = 11,
    #[cfg(test)]
    MapNext = 12,
    ProgramById = 13,
    MapById = 14,
    Info = 15,
    Query = 16,
}

/// The sort of a map.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MapKind {
    Hash = 1,
    Array = 2,
}

/// The sort of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProgramKind {
    /// At the border of an interface.
    Interface = 3,
    /// At a cgroup.
    Cgroup = 8,
}

/// Where a program is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hook {
    CgroupIn = 0,
    CgroupOut = 1,
    /// Before the traffic control of an interface (kernel 6.6 and later).
    InterfaceIn = 46,
    InterfaceOut = 47,
}

/// How a program is added to those that are there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Beside<'a> {
    /// Before all others.
    First,
    /// Beside others (of cgroups, where the order does not matter: all have to agree).
    Others,
    /// In place of that one, at once.
    InsteadOf(BorrowedFd<'a>),
}

/// The block of numbers.
struct Block([u8; BLOCK]);

impl Block {
    fn new() -> Self {
        Self([0; BLOCK])
    }

    fn number(mut self, at: usize, value: u32) -> Self {
        self.0[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        self
    }

    fn long(mut self, at: usize, value: u64) -> Self {
        self.0[at..at + 8].copy_from_slice(&value.to_ne_bytes());
        self
    }

    fn descriptor(self, at: usize, value: impl AsFd) -> Self {
        self.number(at, value.as_fd().as_raw_fd().cast_unsigned())
    }

    fn name(mut self, at: usize, name: &str) -> Self {
        let bytes = &name.as_bytes()[..name.len().min(NAME - 1)];
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// A buffer that the kernel reads.
    fn read_from(self, at: usize, buffer: &[u8]) -> Self {
        self.long(at, buffer.as_ptr().expose_provenance() as u64)
    }

    /// A buffer that the kernel writes.
    fn write_to(self, at: usize, buffer: &mut [u8]) -> Self {
        self.long(at, buffer.as_mut_ptr().expose_provenance() as u64)
    }

    fn number_at(&self, at: usize) -> u32 {
        number(&self.0, at)
    }

    /// Makes the call.
    ///
    /// # Safety
    /// Every address in the block is that of a buffer which lives until this returns, is as long as the
    /// command reads or writes there, and is borrowed mutably if it is written.
    unsafe fn call(&mut self, command: Command) -> io::Result<i32> {
        // SAFETY: the block is as long as is said, and the caller answers for the addresses in it.
        let result =
            unsafe { libc::syscall(libc::SYS_bpf, command as libc::c_int, self.0.as_mut_ptr(), BLOCK) };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        i32::try_from(result).map_err(io::Error::other)
    }

    /// Makes a call that returns a new descriptor.
    ///
    /// # Safety
    /// As [`Block::call`].
    unsafe fn open(&mut self, command: Command) -> io::Result<OwnedFd> {
        // SAFETY: the caller's.
        let descriptor: RawFd = unsafe { self.call(command)? };
        // SAFETY: these commands return a descriptor that was just opened, and that nobody else has.
        Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    u32::from_ne_bytes(four)
}

/// All values are deadlines.
const VALUE: u32 = 8;

/// A map, with the length of its keys as the kernel knows it, so that no buffer is too short.
#[derive(Debug)]
pub(crate) struct Map {
    descriptor: OwnedFd,
    key_bytes: usize,
}

impl Map {
    /// A new one.
    pub(crate) fn create(kind: MapKind, key_bytes: u32, entries_max: u32, name: &str) -> io::Result<Self> {
        let block = Block::new().number(0, kind as u32).number(4, key_bytes).number(8, VALUE);
        // SAFETY: there is no address in it.
        Self::new(unsafe { block.number(12, entries_max).name(28, name).open(Command::MapCreate)? })
    }

    /// One of which nothing is known; it is asked how long its keys and values are.
    pub(crate) fn new(descriptor: OwnedFd) -> io::Result<Self> {
        let info = info(descriptor.as_fd(), &mut [0; 80])?;
        if number(&info, 12) != VALUE {
            return Err(io::Error::other("a map whose values are no deadlines"));
        }
        let key_bytes = usize::try_from(number(&info, 8)).map_err(io::Error::other)?;
        Ok(Self { descriptor, key_bytes })
    }

    pub(crate) fn key_bytes(&self) -> usize {
        self.key_bytes
    }

    pub(crate) fn descriptor(&self) -> i32 {
        self.descriptor.as_raw_fd()
    }

    /// Writes a value.
    pub(crate) fn set(&self, key: &[u8], value: u64) -> io::Result<()> {
        let value = value.to_ne_bytes();
        let mut block = self.element(key)?.read_from(16, &value);
        // SAFETY: the key is as long as the map's keys (`element`), the value as its values (`new`).
        unsafe { block.call(Command::MapUpdate) }.map(drop)
    }

    /// Reads a value, if the key is there.
    pub(crate) fn get(&self, key: &[u8]) -> io::Result<Option<u64>> {
        let mut value = [0; VALUE as usize];
        let mut block = self.element(key)?.write_to(16, &mut value);
        // SAFETY: the key is as long as the map's keys (`element`), the value as its values (`new`), and
        // nobody looks at it before the call returns.
        match unsafe { block.call(Command::MapLookup) } {
            Ok(_) => Ok(Some(u64::from_ne_bytes(value))),
            Err(error) if is(&error, Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes a key; that it is gone is as good.
    pub(crate) fn remove(&self, key: &[u8]) -> io::Result<()> {
        let mut block = self.element(key)?;
        // SAFETY: the key is as long as the map's keys (`element`).
        match unsafe { block.call(Command::MapDelete) } {
            Err(error) if !is(&error, Errno::NOENT) => Err(error),
            _ => Ok(()),
        }
    }

    /// All keys. Nobody else changes the map meanwhile: there is one daemon.
    pub(crate) fn keys(&self) -> io::Result<Vec<Vec<u8>>> {
        let mut all: Vec<Vec<u8>> = Vec::new();
        loop {
            let mut next = vec![0; self.key_bytes];
            let mut block = match all.last() {
                Some(last) => self.element(last)?,
                None => Block::new().descriptor(0, &self.descriptor),
            };
            block = block.write_to(16, &mut next);
            // SAFETY: both are as long as the map's keys, and the second is not looked at meanwhile.
            match unsafe { block.call(Command::MapNextKey) } {
                Ok(_) => all.push(next),
                Err(error) if is(&error, Errno::NOENT) => return Ok(all),
                Err(error) => return Err(error),
            }
        }
    }

    fn element(&self, key: &[u8]) -> io::Result<Block> {
        if key.len() != self.key_bytes {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(Block::new().descriptor(0, &self.descriptor).read_from(8, key))
    }
}

/// Has the kernel verify a program and take it. What the verifier says is in the error.
pub(crate) fn load(kind: ProgramKind, program: &[Instruction], name: &str) -> io::Result<OwnedFd> {
    let mut code = Vec::new();
    for instruction in program {
        instruction.encode(&mut code);
    }
    match load_code(kind, &code, name, &mut []) {
        Err(error) if is(&error, Errno::INVAL) || is(&error, Errno::ACCESS) => {
            let mut log = vec![0; 64 << 10];
            load_code(kind, &code, name, &mut log).map_err(|error| {
                let text = String::from_utf8_lossy(&log);
                let last =
                    text.trim_end_matches('\0').lines().rev().find(|line| !line.starts_with("processed"));
                io::Error::new(
                    error.kind(),
                    format!("{error} ({})", last.unwrap_or("the verifier is silent")),
                )
            })
        }
        other => other,
    }
}

fn load_code(kind: ProgramKind, code: &[u8], name: &str, log: &mut [u8]) -> io::Result<OwnedFd> {
    let length = |bytes: usize| u32::try_from(bytes).map_err(io::Error::other);
    let mut block = Block::new()
        .number(0, kind as u32)
        .number(4, length(code.len() / 8)?)
        .read_from(8, code)
        .read_from(16, b"MIT OR Apache-2.0\0")
        .name(48, name);
    if !log.is_empty() {
        block = block.number(24, 1).number(28, length(log.len())?).write_to(32, log);
    }
    // SAFETY: the code is as long as is said, the licence ends in a zero, the log is as long as is said
    // and not looked at meanwhile.
    unsafe { block.open(Command::ProgramLoad) }
}

/// Attaches a program to a cgroup (a descriptor) or an interface (its number).
pub(crate) fn attach(target: u32, hook: Hook, program: BorrowedFd<'_>, beside: Beside<'_>) -> io::Result<()> {
    let of_cgroup = matches!(hook, Hook::CgroupIn | Hook::CgroupOut);
    // BPF_F_ALLOW_MULTI, BPF_F_REPLACE, BPF_F_BEFORE.
    let multiple = if of_cgroup { 2 } else { 0 };
    let flags = match beside {
        Beside::First => multiple | 8,
        Beside::Others => multiple,
        Beside::InsteadOf(_) => multiple | 4,
    };
    let mut block =
        Block::new().number(0, target).descriptor(4, program).number(8, hook as u32).number(12, flags);
    if let Beside::InsteadOf(old) = beside {
        block = block.descriptor(16, old);
    }
    // SAFETY: there is no address in it.
    unsafe { block.call(Command::Attach) }.map(drop)
}

/// Takes a program away from where it is attached.
pub(crate) fn detach(target: u32, hook: Hook, program: BorrowedFd<'_>) -> io::Result<()> {
    let mut block = Block::new().number(0, target).descriptor(4, program).number(8, hook as u32);
    // SAFETY: there is no address in it.
    unsafe { block.call(Command::Detach) }.map(drop)
}

/// The numbers of the programs that are attached there.
pub(crate) fn query(target: u32, hook: Hook) -> io::Result<Vec<u32>> {
    let mut ids = [0; MANY * 4];
    let mut block = Block::new().number(0, target).number(4, hook as u32);
    block = block.write_to(16, &mut ids).number(24, 64);
    // SAFETY: the buffer has room for as many as is said (MANY is 64), and is not looked at meanwhile.
    unsafe { block.call(Command::Query)? };
    let count = usize::try_from(block.number_at(24)).unwrap_or(MANY).min(MANY);
    Ok((0..count).map(|index| number(&ids, index * 4)).collect())
}

/// A program that the kernel has.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) descriptor: OwnedFd,
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) maps: Vec<u32>,
}

/// The program of that number. It may have gone meanwhile.
pub(crate) fn program(id: u32) -> io::Result<Option<Program>> {
    let mut block = Block::new().number(0, id);
    // SAFETY: there is no address in it.
    match unsafe { block.open(Command::ProgramById) } {
        Ok(descriptor) => described(descriptor).map(Some),
        Err(error) if is(&error, Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the kernel says of a program.
pub(crate) fn described(descriptor: OwnedFd) -> io::Result<Program> {
    let mut maps = [0; MANY * 4];
    let mut request = [0; 80];
    request[52..56].copy_from_slice(&64_u32.to_ne_bytes());
    let address = maps.as_mut_ptr().expose_provenance() as u64;
    request[56..64].copy_from_slice(&address.to_ne_bytes());
    let info = info(descriptor.as_fd(), &mut request)?;
    let name = info[64..80].split(|byte| *byte == 0).next().unwrap_or_default();
    let count = usize::try_from(number(&info, 52)).unwrap_or(MANY).min(MANY);
    Ok(Program {
        id: number(&info, 4),
        name: String::from_utf8_lossy(name).into_owned(),
        maps: (0..count).map(|index| number(&maps, index * 4)).collect(),
        descriptor,
    })
}

/// The map of that number.
pub(crate) fn map(id: u32) -> io::Result<Map> {
    let mut block = Block::new().number(0, id);
    // SAFETY: there is no address in it.
    Map::new(unsafe { block.open(Command::MapById)? })
}

/// What the kernel says of an object: of a program, type, number, … the first 80 bytes of it.
fn info(object: BorrowedFd<'_>, request: &mut [u8; 80]) -> io::Result<[u8; 80]> {
    let mut block = Block::new().descriptor(0, object).number(4, 80).write_to(8, request);
    // SAFETY: the buffer is as long as is said. The only address that can be in it is that of the list of
    // maps in `described`, which has room for as many as is said there and lives until this returns.
    unsafe { block.call(Command::Info)? };
    Ok(*request)
}

/// Has the kernel run a program on a frame; the verdict.
#[cfg(test)]
pub(crate) fn run(program: BorrowedFd<'_>, frame: &[u8]) -> io::Result<i32> {
    let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
    let mut block = Block::new().descriptor(0, program).number(8, length).read_from(16, frame);
    // SAFETY: the frame is as long as is said; nothing is written.
    unsafe { block.call(Command::TestRun)? };
    Ok(block.number_at(4).cast_signed())
}

/// The names of all programs and maps that the kernel has.
#[cfg(test)]
pub(crate) fn all_names() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for (next, open, name_at) in
        [(Command::ProgramNext, Command::ProgramById, 64), (Command::MapNext, Command::MapById, 24)]
    {
        let mut id = 0;
        loop {
            let mut block = Block::new().number(0, id);
            // SAFETY: there is no address in it.
            match unsafe { block.call(next) } {
                Ok(_) => id = block.number_at(4),
                Err(error) if is(&error, Errno::NOENT) => break,
                Err(error) => return Err(error),
            }
            // SAFETY: there is no address in it.
            let Ok(object) = (unsafe { Block::new().number(0, id).open(open) }) else { continue };
            let info = info(object.as_fd(), &mut [0; 80])?;
            let name = info[name_at..name_at + NAME].split(|byte| *byte == 0).next().unwrap_or_default();
            names.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    Ok(names)
}
