//! The node daemon: composition of the pure crates with sockets, files and clocks.
