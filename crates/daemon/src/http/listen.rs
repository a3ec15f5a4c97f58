//! Serving one of this node's addresses: TCP for the API and the peers, UDP for heartbeats.
//!
//! An address that is not there (a cable is out, an interface comes later) is tried again every
//! second, and the others serve meanwhile: a node must come up with whatever network it has.

use super::caller::Connection;
use super::doors::{Doors, Place};
use crate::heartbeat;
use crate::node::Node;
use crate::peer::book::Holder;
use crate::rate::PerSource;
use crate::tls;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use model::Endpoint;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_rustls::TlsAcceptor;

/// How long a client may take for its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(3);

/// How long a client may take to send a request's head.
const HEAD: Duration = Duration::from_secs(10);

/// Between two attempts to serve an address.
const AGAIN: Duration = Duration::from_secs(1);

/// Serves the address in place `index` of the node's endpoints, for ever.
pub async fn run(node: Arc<Node>, router: Router, doors: Doors, index: usize) {
    let endpoint = node.config.endpoints[index];
    let mut told: Option<String> = None;
    loop {
        let problem = match bind(endpoint).await {
            Ok((tcp, udp)) => {
                if told.take().is_some() {
                    node.log.raise(events::InterfaceServed { address: endpoint });
                }
                let udp = Arc::new(udp);
                *node.sockets[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(udp.clone());
                let problem = tokio::select! {
                    problem = accept(&node, &router, &doors, &tcp) => problem,
                    problem = heartbeat::listen(node.clone(), udp) => problem,
                };
                *node.sockets[index].lock().unwrap_or_else(PoisonError::into_inner) = None;
                problem.to_string()
            }
            Err(problem) => problem.to_string(),
        };
        if told.as_ref() != Some(&problem) {
            node.log.raise(events::InterfaceFailed { address: endpoint, problem: problem.clone() });
            told = Some(problem);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn bind(endpoint: Endpoint) -> io::Result<(TcpListener, UdpSocket)> {
    Ok((TcpListener::bind(endpoint.0).await?, UdpSocket::bind(endpoint.0).await?))
}

async fn accept(node: &Arc<Node>, router: &Router, doors: &Doors, listener: &TcpListener) -> io::Error {
    let crowded = PerSource::default();
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            // A client that is gone again, or no file descriptor left: neither ends the listener.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) if matches!(error.raw_os_error(), Some(23 | 24)) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            Err(error) => return error,
        };
        let from_member =
            node.book.members().iter().any(|m| m.endpoints.iter().any(|e| e.0.ip() == from.ip()));
        let place = doors.place(from_member);
        let number = place.number();
        let (node2, router) = (node.clone(), router.clone());
        let task = tokio::spawn(async move { connection(node2, router, stream, from, &place).await });
        if doors.seat(number, task.abort_handle())
            && let Some(count) = crowded.count(from.ip())
        {
            let problem =
                "too many connections that have not proven who they are; the oldest was closed".to_owned();
            node.log.raise(events::ConnectionsRefused { count, from: from.ip().to_string(), problem });
        }
    }
}

async fn connection(node: Arc<Node>, router: Router, stream: TcpStream, from: SocketAddr, place: &Place) {
    let _ = stream.set_nodelay(true);
    notice_the_dead(&stream);
    let acceptor = TlsAcceptor::from(node.listener.borrow().clone());
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await else {
        return;
    };
    let certificate =
        stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).map(tls::fingerprint);
    let is_member =
        certificate.as_ref().is_some_and(|shown| matches!(node.book.holder(shown), Holder::Member(..)));
    if is_member {
        place.is_a_member_s();
    }
    let router = router.layer(Extension(Connection::Tls { certificate, from }));
    let mut server = auto::Builder::new(TokioExecutor::new());
    // A member's connections wait, open, for its next call; anybody else's time for a request is limited.
    let head = (!is_member).then_some(HEAD);
    server.http1().timer(TokioTimer::new()).header_read_timeout(head);
    server
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .max_header_list_size(16 << 10)
        .keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(10));
    if let Err(error) = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).await
    {
        tracing::debug!(%error, %from, "a connection ended");
    }
}

/// A peer that lost its power closes nothing: its connections, on which nothing is under way, would stay
/// open for ever. The kernel asks after ten silent seconds, and twice more.
fn notice_the_dead(stream: &TcpStream) {
    use rustix::net::sockopt;
    const SILENCE: Duration = Duration::from_secs(10);
    let _ = sockopt::set_tcp_keepidle(stream, SILENCE);
    let _ = sockopt::set_tcp_keepintvl(stream, SILENCE);
    let _ = sockopt::set_tcp_keepcnt(stream, 2);
    let _ = sockopt::set_socket_keepalive(stream, true);
}
