//! One message to a server, and the beginning of its answer.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The first so many bytes that come back. Whoever asks keeps the deadline.
pub(super) async fn exchange(server: SocketAddr, message: &[u8], count: usize) -> Result<Vec<u8>, String> {
    let mut stream =
        TcpStream::connect(server).await.map_err(|error| format!("cannot connect to {server}: {error}"))?;
    let mut answer = vec![0; count];
    let exchanged = async {
        stream.write_all(message).await?;
        stream.read_exact(&mut answer).await
    };
    exchanged.await.map_err(|error| format!("{server} does not answer: {error}"))?;
    Ok(answer)
}
