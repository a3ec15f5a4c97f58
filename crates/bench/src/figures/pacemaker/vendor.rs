//! The service, the vendor's library that it needs, and the option pack that brings an older one.
//!
//! Every host compiles them on its own disk, so all of it goes with the lab. The library is that of the
//! example plug-in (`examples/plugins/c`): version 3 differs from version 4 by a function that is missing, and
//! by nothing else that could be seen. What the service's agent is asked, and when, is in its journal
//! (`agent.sh`); all clocks of a lab are one, so journals of different hosts can be compared.

use crate::problem::{Doing as _, Problem};
use lab::Host;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

/// Sources, and where they go.
const SOURCES: [(&str, &str); 4] = [
    ("/opt/vendor/src/vendor_helper.c", include_str!("../../../../../examples/plugins/c/vendor_helper.c")),
    ("/opt/vendor/src/vendor_helper.h", include_str!("../../../../../examples/plugins/c/vendor_helper.h")),
    ("/opt/vendor/src/service.c", include_str!("service.c")),
    (AGENT, include_str!("agent.sh")),
];
const AGENT: &str = "/usr/lib/ocf/resource.d/vendor/service";
const JOURNAL: &str = "/var/log/vendor-agent.journal";

/// Leaves version 4 in place, and both versions in archives, as an installer would bring them.
const BUILD: &str = "set -e; cd /opt/vendor
for version in 3 4; do
    cc -shared -fPIC -DVENDOR_VERSION=$version -Wl,-soname,libvendor.so -o libvendor.so src/vendor_helper.c
    tar -cf version-$version.tar libvendor.so
done
cc -o service src/service.c -L. -lvendor -Wl,-rpath,'$ORIGIN'";

/// Has the service, its agent and version 4 of the library on this host.
pub(super) fn install(host: &Host) -> Result<(), Problem> {
    let write = || {
        for (path, text) in SOURCES {
            fs::create_dir_all(Path::new(path).parent().unwrap_or(Path::new("/")))?;
            fs::write(path, text)?;
        }
        fs::set_permissions(AGENT, fs::Permissions::from_mode(0o755))
    };
    host.within(write)?.doing(|| format!("write the vendor's files on {}", host.name()))?;
    super::peer::run(host, "sh", &["-c", BUILD]).map(drop)
}

/// Unpacks this version of the library over the one that is there, as root.
pub(super) fn overwrite(host: &Host, version: u8) -> Result<(), Problem> {
    let archive = format!("/opt/vendor/version-{version}.tar");
    super::peer::run(host, "tar", &["-C", "/opt/vendor", "-xf", &archive]).map(drop)
}

/// A call of the agent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// When it was answered, since 1970.
    pub(super) at: Duration,
    /// `start`, `stop`, `monitor`, `validate-all`.
    pub(super) action: String,
    /// What it answered; 0 is good.
    pub(super) answer: u8,
}

/// What the agent of this host was asked since then.
pub(super) fn calls(host: &Host, since: Duration) -> Result<Vec<Call>, Problem> {
    // There is no journal before the first call.
    let text = host.within(|| fs::read_to_string(JOURNAL).unwrap_or_default())?;
    Ok(text.lines().filter_map(call).filter(|call| call.at >= since).collect())
}

fn call(line: &str) -> Option<Call> {
    let mut words = line.split(' ');
    let at = Duration::try_from_secs_f64(words.next()?.parse().ok()?).ok()?;
    Some(Call { at, action: words.next()?.to_owned(), answer: words.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_read() {
        let read = call("1700000000.250000000 monitor 7");
        let at = Duration::from_millis(1_700_000_000_250);
        assert_eq!(read, Some(Call { at, action: "monitor".to_owned(), answer: 7 }));
        assert_eq!(call("1700000000.25"), None);
    }
}
