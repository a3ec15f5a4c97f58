//! Who is there and who votes: heartbeat and voter decisions as pure state machines.
