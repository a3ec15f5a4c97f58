//! The instructions of the kernel's virtual machine that the gate's programs are made of, as values.
//!
//! Only those. Each becomes eight bytes (sixteen where it carries the descriptor of a map), and prints as
//! the line that a disassembler would show; the unit tests of the programs read those lines.

use std::fmt;

/// A register. R0 is what a call returns, R1 to R5 are its arguments and lost by it, R6 to R9 survive it,
/// R10 is the end of the stack and cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Register(pub(crate) u8);

/// What a call returns, and the verdict at the end.
pub(crate) const R0: Register = Register(0);
/// The first argument; the packet, when the program begins.
pub(crate) const R1: Register = Register(1);
/// The second argument.
pub(crate) const R2: Register = Register(2);
/// The third argument.
pub(crate) const R3: Register = Register(3);
/// The fourth argument.
pub(crate) const R4: Register = Register(4);
/// Kept over calls.
pub(crate) const R6: Register = Register(6);
/// Kept over calls.
pub(crate) const R7: Register = Register(7);
/// Kept over calls.
pub(crate) const R8: Register = Register(8);
/// Kept over calls.
pub(crate) const R9: Register = Register(9);
/// The end of the stack.
pub(crate) const STACK: Register = Register(10);

/// How many bytes are read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    One,
    Two,
    Four,
    Eight,
}

/// A function of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Helper {
    /// (map, key) to a pointer to the value, or zero.
    MapLookup,
    /// (packet, offset, to, length) to zero, or an error beyond the packet's end.
    LoadBytes,
    /// To the nanoseconds of CLOCK_BOOTTIME.
    BootTime,
}

/// When a jump is taken; of unsigned numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Equal,
    NotEqual,
    AtLeast,
}

/// One instruction. Jumps are relative to the next one, in units of eight bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// `to = from`
    Move { to: Register, from: Register },
    /// `to = value`
    Set { to: Register, value: i32 },
    /// `to += value`
    Add { to: Register, value: i32 },
    /// `to` from the network's byte order to the machine's, 16 bits.
    FromNetwork16 { to: Register },
    /// `to = *(base + offset)`
    Load { width: Width, to: Register, base: Register, offset: i16 },
    /// `*(base + offset) = value`
    Store { width: Width, base: Register, offset: i16, value: i32 },
    /// `to` = the map of that descriptor; two slots long.
    Map { to: Register, descriptor: i32 },
    /// Calls the kernel.
    Call(Helper),
    /// Goes on elsewhere.
    Jump { by: i16 },
    /// Goes on elsewhere, if the register and the value are so.
    JumpIf { condition: Condition, register: Register, value: i32, by: i16 },
    /// Goes on elsewhere, if the two registers are so.
    JumpIfRegister { condition: Condition, register: Register, other: Register, by: i16 },
    /// Ends with the verdict in R0.
    Exit,
}

use Instruction as I;

impl Width {
    fn code(self) -> u8 {
        match self {
            Self::Four => 0x00,
            Self::Two => 0x08,
            Self::One => 0x10,
            Self::Eight => 0x18,
        }
    }
}

impl Helper {
    fn number(self) -> i32 {
        match self {
            Self::MapLookup => 1,
            Self::LoadBytes => 26,
            Self::BootTime => 125,
        }
    }
}

impl Condition {
    fn code(self) -> u8 {
        match self {
            Self::Equal => 0x10,
            Self::AtLeast => 0x30,
            Self::NotEqual => 0x50,
        }
    }
}

/// Operation, registers, offset, value: the slot of eight bytes, in the machine's byte order.
fn slot(operation: u8, to: u8, from: u8, offset: i16, value: i32) -> [u8; 8] {
    let registers = if cfg!(target_endian = "little") { to | (from << 4) } else { (to << 4) | from };
    let ([o1, o2], [v1, v2, v3, v4]) = (offset.to_ne_bytes(), value.to_ne_bytes());
    [operation, registers, o1, o2, v1, v2, v3, v4]
}

impl Instruction {
    /// How many slots of eight bytes it takes.
    pub(crate) fn slots(self) -> usize {
        if matches!(self, I::Map { .. }) { 2 } else { 1 }
    }

    /// Its bytes.
    pub(crate) fn encode(self, into: &mut Vec<u8>) {
        into.extend(match self {
            I::Move { to, from } => slot(0xbf, to.0, from.0, 0, 0),
            I::Set { to, value } => slot(0xb7, to.0, 0, 0, value),
            I::Add { to, value } => slot(0x07, to.0, 0, 0, value),
            I::FromNetwork16 { to } => slot(0xdc, to.0, 0, 0, 16),
            I::Load { width, to, base, offset } => slot(0x61 | width.code(), to.0, base.0, offset, 0),
            I::Store { width, base, offset, value } => slot(0x62 | width.code(), base.0, 0, offset, value),
            // From 1: the value is a descriptor.
            I::Map { to, descriptor } => slot(0x18, to.0, 1, 0, descriptor),
            I::Call(helper) => slot(0x85, 0, 0, 0, helper.number()),
            I::Jump { by } => slot(0x05, 0, 0, by, 0),
            I::JumpIf { condition, register, value, by } => {
                slot(0x05 | condition.code(), register.0, 0, by, value)
            }
            I::JumpIfRegister { condition, register, other, by } => {
                slot(0x0d | condition.code(), register.0, other.0, by, 0)
            }
            I::Exit => slot(0x95, 0, 0, 0, 0),
        });
        if let I::Map { .. } = self {
            into.extend([0; 8]);
        }
    }
}

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::AtLeast => ">=",
        })
    }
}

impl fmt::Display for Width {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "u8",
            Self::Two => "u16",
            Self::Four => "u32",
            Self::Eight => "u64",
        })
    }
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            I::Move { to, from } => write!(f, "{to} = {from}"),
            I::Set { to, value } => write!(f, "{to} = {value}"),
            I::Add { to, value } => write!(f, "{to} += {value}"),
            I::FromNetwork16 { to } => write!(f, "{to} = be16 {to}"),
            I::Load { width, to, base, offset } => write!(f, "{to} = *({width} *)({base} {offset:+})"),
            I::Store { width, base, offset, value } => {
                write!(f, "*({width} *)({base} {offset:+}) = {value}")
            }
            I::Map { to, .. } => write!(f, "{to} = map"),
            I::Call(Helper::MapLookup) => f.write_str("call map_lookup_elem"),
            I::Call(Helper::LoadBytes) => f.write_str("call skb_load_bytes"),
            I::Call(Helper::BootTime) => f.write_str("call ktime_get_boot_ns"),
            I::Jump { by } => write!(f, "goto {by:+}"),
            I::JumpIf { condition, register, value, by } => {
                write!(f, "if {register} {condition} {value} goto {by:+}")
            }
            I::JumpIfRegister { condition, register, other, by } => {
                write!(f, "if {register} {condition} {other} goto {by:+}")
            }
            I::Exit => f.write_str("exit"),
        }
    }
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;

    /// The bytes that clang and the kernel's own documents give for these.
    #[test]
    fn every_instruction_has_the_bytes_that_the_kernel_documents() {
        let known: [(Instruction, [u8; 8]); 11] = [
            (I::Move { to: R6, from: R1 }, [0xbf, 0x16, 0, 0, 0, 0, 0, 0]),
            (I::Set { to: R0, value: -1 }, [0xb7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
            (I::Add { to: R2, value: -4 }, [0x07, 2, 0, 0, 0xfc, 0xff, 0xff, 0xff]),
            (I::FromNetwork16 { to: R7 }, [0xdc, 7, 0, 0, 16, 0, 0, 0]),
            (I::Load { width: Width::Eight, to: R9, base: R0, offset: 0 }, [0x79, 0x09, 0, 0, 0, 0, 0, 0]),
            (
                I::Store { width: Width::Four, base: STACK, offset: -4, value: 0 },
                [0x62, 10, 0xfc, 0xff, 0, 0, 0, 0],
            ),
            (I::Call(Helper::BootTime), [0x85, 0, 0, 0, 125, 0, 0, 0]),
            (I::Jump { by: -2 }, [0x05, 0, 0xfe, 0xff, 0, 0, 0, 0]),
            (
                I::JumpIf { condition: Condition::Equal, register: R0, value: 0, by: 4 },
                [0x15, 0, 4, 0, 0, 0, 0, 0],
            ),
            (
                I::JumpIfRegister { condition: Condition::AtLeast, register: R0, other: R9, by: 2 },
                [0x3d, 0x90, 2, 0, 0, 0, 0, 0],
            ),
            (I::Exit, [0x95, 0, 0, 0, 0, 0, 0, 0]),
        ];
        for (instruction, bytes) in known {
            let mut encoded = Vec::new();
            instruction.encode(&mut encoded);
            assert_eq!(encoded, bytes, "{instruction}");
        }
        let mut map = Vec::new();
        I::Map { to: R1, descriptor: 5 }.encode(&mut map);
        assert_eq!(map, [0x18, 0x11, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
}
