//! Puts instructions together, with labels in place of distances.

use super::instruction::{Condition, Helper, Instruction, Register};

/// A place in a program, which may be before or after the jumps to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label(usize);

/// A program in the making.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    instructions: Vec<Instruction>,
    /// The slot of each label, once it is placed.
    labels: Vec<Option<usize>>,
    /// Which instructions jump, and to which label.
    jumps: Vec<(usize, Label)>,
    slots: usize,
}

impl Assembler {
    /// A label without a place yet.
    pub(crate) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// Here is where the label's jumps go.
    pub(crate) fn place(&mut self, label: Label) {
        self.labels[label.0] = Some(self.slots);
    }

    /// Adds an instruction.
    pub(crate) fn push(&mut self, instruction: Instruction) {
        self.slots += instruction.slots();
        self.instructions.push(instruction);
    }

    pub(crate) fn set(&mut self, to: Register, value: i32) {
        self.push(Instruction::Set { to, value });
    }

    pub(crate) fn copy(&mut self, to: Register, from: Register) {
        self.push(Instruction::Move { to, from });
    }

    pub(crate) fn call(&mut self, helper: Helper) {
        self.push(Instruction::Call(helper));
    }

    pub(crate) fn jump(&mut self, label: Label) {
        self.jumps.push((self.instructions.len(), label));
        self.push(Instruction::Jump { by: 0 });
    }

    pub(crate) fn jump_if(&mut self, register: Register, condition: Condition, value: i32, label: Label) {
        self.jumps.push((self.instructions.len(), label));
        self.push(Instruction::JumpIf { condition, register, value, by: 0 });
    }

    pub(crate) fn jump_if_register(
        &mut self,
        register: Register,
        condition: Condition,
        other: Register,
        label: Label,
    ) {
        self.jumps.push((self.instructions.len(), label));
        self.push(Instruction::JumpIfRegister { condition, register, other, by: 0 });
    }

    /// The program, its jumps filled in.
    ///
    /// # Panics
    /// If a label was never placed. The programs are fixed, and the unit tests assemble each of them.
    pub(crate) fn finish(mut self) -> Vec<Instruction> {
        let starts: Vec<usize> = self
            .instructions
            .iter()
            .scan(0, |at, instruction| {
                let start = *at;
                *at += instruction.slots();
                Some(start)
            })
            .collect();
        for (at, label) in self.jumps {
            let target = self.labels[label.0].expect("every label of these fixed programs is placed");
            // The programs are a hundred slots long.
            let distance = target.cast_signed() - (starts[at] + 1).cast_signed();
            let distance = i16::try_from(distance).expect("the programs are short");
            match &mut self.instructions[at] {
                Instruction::Jump { by }
                | Instruction::JumpIf { by, .. }
                | Instruction::JumpIfRegister { by, .. } => *by = distance,
                _ => unreachable!("only jumps are noted as jumps"),
            }
        }
        self.instructions
    }
}
