//! What this machine can do at best: a page on its disk, a round trip on its loopback network.

use crate::problem::{Doing as _, Problem};
use crate::sample::Sample;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Pages of the file that is written.
const PAGES: u64 = 256;
/// Round trips that are measured.
const ROUND_TRIPS: usize = 2_000;
/// A page: the least that a database writes.
const PAGE: [u8; 4096] = [0x5a; 4096];

/// A file of pages that can be written one at a time.
pub(crate) struct Disk {
    path: PathBuf,
    file: File,
    page: u64,
}

impl Disk {
    /// A new file in this folder, with room: a database does not grow its file at every write either.
    pub(crate) fn in_folder(dir: &Path) -> Result<Self, Problem> {
        let path = dir.join("floor");
        let make = || -> io::Result<File> {
            let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
            for _ in 0..PAGES {
                file.write_all(&PAGE)?;
            }
            file.sync_all()?;
            Ok(file)
        };
        let file = make().doing(|| format!("write {}", path.display()))?;
        Ok(Self { path, file, page: 0 })
    }

    /// Writes the next page, and returns how long it took until the disk had it.
    pub(crate) fn write(&mut self) -> Result<Duration, Problem> {
        let begun = Instant::now();
        let at = self.page % PAGES * PAGE.len() as u64;
        let written = self.file.write_all_at(&PAGE, at).and_then(|()| self.file.sync_data());
        written.doing(|| format!("write {}", self.path.display()))?;
        self.page += 1;
        Ok(begun.elapsed())
    }
}

/// One byte there and back over TCP on the loopback network, between two threads.
pub(crate) fn round_trip() -> Result<Sample, Problem> {
    let measured = || -> io::Result<Sample> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        // It ends when the other side closes.
        let echo = std::thread::spawn(move || -> io::Result<()> {
            let (mut stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            let mut byte = [0];
            while stream.read(&mut byte)? == 1 {
                stream.write_all(&byte)?;
            }
            Ok(())
        });
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut all = Vec::with_capacity(ROUND_TRIPS);
        for _ in 0..ROUND_TRIPS {
            let begun = Instant::now();
            stream.write_all(&[1])?;
            stream.read_exact(&mut [0])?;
            all.push(begun.elapsed());
        }
        drop(stream);
        echo.join().unwrap_or_else(|_| Err(io::Error::other("the other side panicked")))?;
        Ok(all.into())
    };
    measured().doing(|| "measure a round trip on 127.0.0.1".to_owned())
}
