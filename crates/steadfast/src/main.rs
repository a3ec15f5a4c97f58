//! The binary: the command line, and what only it may bring together with it.

mod demo;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Called by an agent, by the name of a tool of Pacemaker's?
    let mut arguments = std::env::args_os();
    if let Some(name) = arguments.next()
        && let Some(done) = monitor::shim::run(&name, arguments)
    {
        return done;
    }
    cli::main(|args| daemon::run(&args.config), |args| demo::run(&args), resource_monitor, gate_keeper, trace)
}

/// The resource monitor. The daemon gives its lines a time.
fn resource_monitor() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("STEADFAST_LOG");
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Fails only if something has begun logging already, and nothing has.
    let _ = log.with_ansi(false).without_time().with_target(false).try_init();
    monitor::run()
}

/// What holds the table of nftables when the daemon does not. Nobody hears what it says.
fn gate_keeper(socket: &Path) -> ExitCode {
    match gate::keep(socket) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What sees which files a process and its children read. It says so when it follows them; when nobody wants to know
/// any more, which is when its input ends, it says what they have read, each path ended by a zero.
fn trace(process: u32) -> ExitCode {
    use std::io::{Read as _, Write as _};
    use std::os::unix::ffi::OsStrExt as _;
    let read = inventory::trace::Read::default();
    let seen = read.clone();
    std::thread::spawn(move || {
        // Whatever becomes of the input, that is its end.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let mut out = std::io::stdout().lock();
        let mut all = Vec::new();
        for path in seen.files() {
            all.extend_from_slice(path.as_os_str().as_bytes());
            all.push(0);
        }
        let said = out.write_all(&all).and_then(|()| out.flush());
        std::process::exit(i32::from(said.is_err()));
    });
    let following = || {
        let mut out = std::io::stdout().lock();
        // If nobody hears it, nobody goes on.
        let _ = out.write_all(b"\0").and_then(|()| out.flush());
    };
    match inventory::trace::follow(process, &read, following) {
        // What was followed has ended; somebody still wants to know.
        Ok(()) => loop {
            std::thread::park();
        },
        Err(error) => {
            use std::io::Write as _;
            // If nobody hears it, the exit code says it too.
            let _ = writeln!(std::io::stderr(), "process {process} cannot be followed: {error}");
            ExitCode::FAILURE
        }
    }
}
