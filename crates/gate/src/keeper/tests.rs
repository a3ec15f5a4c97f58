//! A keeper on a thread of the test, with a socket that is anything.

use super::*;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::thread::JoinHandle;

const LONG: Duration = Duration::from_secs(600);

struct Site {
    folder: PathBuf,
    keeper: JoinHandle<io::Result<()>>,
    /// The socket is kept as long as this one is connected.
    other_end: UnixStream,
}

impl Site {
    fn new(test: &str, without_daemon: Duration) -> Self {
        let folder = std::env::temp_dir().join(format!("keeper-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (held, other_end) = UnixStream::pair().unwrap();
        let listener = listen(&folder.join("gate")).unwrap();
        let keeper = std::thread::spawn(move || serve(&listener, held.as_fd(), without_daemon));
        Self { folder, keeper, other_end }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("gate")
    }

    /// It ends, and nobody holds the socket any more.
    fn has_ended(self) {
        self.keeper.join().unwrap().unwrap();
        assert_eq!((&self.other_end).read(&mut [0]).unwrap(), 0);
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

#[test]
fn the_socket_outlives_the_daemons_and_each_gets_a_copy_of_it() {
    let site = Site::new("copies", LONG);
    for round in 0..3 {
        let (keeper, held) = Keeper::find(&site.path()).expect("it answers");
        assert!(!keeper.has_ended());
        UnixStream::from(held).write_all(&[round]).unwrap();
        let mut heard = [9];
        (&site.other_end).read_exact(&mut heard).unwrap();
        assert_eq!(heard, [round], "it is the same socket");
    }
    let (keeper, _) = Keeper::find(&site.path()).expect("it answers");
    let mut notice = keeper.end_notice().unwrap();
    notice.set_read_timeout(Some(LONG)).unwrap();
    keeper.dismiss();
    assert_eq!(notice.read(&mut [0]).unwrap(), 0, "its end is noticed");
    site.has_ended();
}

#[test]
fn a_keeper_without_a_daemon_ends_by_itself() {
    let site = Site::new("alone", Duration::from_millis(10));
    site.has_ended();
}

#[test]
fn where_no_keeper_is_none_is_found_and_what_is_left_of_one_is_replaced() {
    let folder = std::env::temp_dir().join(format!("keeper-none-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("gate");
    assert!(Keeper::find(&path).is_none());
    drop(listen(&path).unwrap());
    assert!(path.exists() && Keeper::find(&path).is_none());
    let listener = listen(&path).unwrap();
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
    drop(listener);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_program_that_is_no_keeper_is_told() {
    let folder = std::env::temp_dir().join(format!("keeper-wrong-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (held, _other_end) = UnixStream::pair().unwrap();
    let error = Keeper::start(Command::new("true"), &folder.join("gate"), held.into()).unwrap_err();
    assert!(error.to_string().contains("ended at once"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}
