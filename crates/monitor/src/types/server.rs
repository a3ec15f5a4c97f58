//! A server program at an address: what types that run one have in common.
//!
//! It comes online when it answers, is ended if it does not, and is told apart from another program that
//! has its address already (`port.rs`). What to run, and what an answer is, its type says.

use super::port;
use super::process::Program;
use process::Job;
use resource_api::{Failure, Outcome};
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// Of the deadline of `online`, what is kept back to end what does not answer, and to say why.
const RESERVE: Duration = Duration::from_secs(1);

/// One try to get an answer, as while it comes online. The next follows at once.
pub(super) const TRY: Duration = Duration::from_secs(1);

/// From one try to the next, of a server that refuses.
pub(super) const TRY_INTERVAL: Duration = Duration::from_millis(20);

/// A program that serves at an address.
pub(super) struct Server {
    pub(super) program: Program,
    pub(super) listen: SocketAddr,
}

impl Server {
    /// Starts it, if it does not run, and waits until it answers.
    pub(super) async fn online<J, C>(
        &self,
        deadline: Duration,
        job: impl FnOnce() -> J,
        check: impl Fn() -> C,
    ) -> Result<(), Outcome>
    where
        J: Future<Output = Result<Job, Outcome>>,
        C: Future<Output = Result<(), String>>,
    {
        let until = Instant::now() + deadline.saturating_sub(RESERVE.min(deadline / 2));
        let mut unfinished = None;
        if !self.program.look().is_good() {
            // Workers of an earlier life would hold the port.
            let ended = self.program.kill().await;
            if !ended.is_good() {
                return Err(ended);
            }
            // Before its configuration is tested: some test that too, and say it in words of their own.
            port::is_free(self.listen, &[])?;
            let job = job().await?;
            unfinished = Some(self.program.killed_if_dropped());
            let started = self.program.start(job).await;
            if !started.is_good() {
                return Err(started);
            }
        }
        loop {
            let why = match timeout(TRY, check()).await {
                Ok(Ok(())) => {
                    if let Some(started) = unfinished {
                        started.finished();
                    }
                    return Ok(());
                }
                Ok(Err(why)) => why,
                Err(_) => format!("no answer within {} ms", TRY.as_millis()),
            };
            let look = self.program.look();
            if look.is_good() && Instant::now() < until {
                sleep(TRY_INTERVAL).await;
                continue;
            }
            // What does not serve must not keep the port.
            let output = self.program.log_end();
            let ended = self.program.kill().await;
            let text = if look.is_good() { why } else { look.text };
            return Err(if ended.is_good() { failed(text).with_output(&output) } else { ended });
        }
    }

    /// The cheap look: its process, and whether somebody accepts connections.
    pub(super) async fn looks_alive(&self) -> Outcome {
        match self.program.look() {
            runs if runs.is_good() => match TcpStream::connect(self.reachable()).await {
                Ok(_) => runs,
                Err(error) => failed(format!("cannot connect to {}: {error}", self.listen)),
            },
            other => other,
        }
    }

    /// The thorough look: its process, and its answer.
    pub(super) async fn is_alive(&self, answer: impl Future<Output = Result<(), String>>) -> Outcome {
        match self.program.look() {
            runs if runs.is_good() => answer.await.map_or_else(failed, |()| runs),
            other => other,
        }
    }

    /// Where it is reached from this node.
    pub(super) fn reachable(&self) -> SocketAddr {
        reachable(self.listen)
    }
}

/// Where a server is reached from its own node: "every address" is none to connect to.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn failed(text: String) -> Outcome {
    Outcome::failed(Failure::Generic, text)
}
