//! Who a program runs as: from a name to numbers.
//!
//! `/etc/passwd` is read first: it is there when nothing else is. Users from a directory service are
//! asked for by `getent`, in a process of its own, since the C library's own calls may hang for ever.
//! Further groups of the user are not taken: a program gets its user's own group alone.

use process::{How, Job, User, run};
use resource_api::{Failure, Outcome};
use std::time::Duration;

/// A user of this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::types) struct Account {
    pub(in crate::types) name: String,
    pub(in crate::types) ids: User,
    pub(in crate::types) home: String,
}

/// A directory service that does not answer within this would make every start slow.
const PATIENCE: Duration = Duration::from_secs(5);

/// The user of this name.
pub(in crate::types) async fn account(name: &str) -> Result<Account, Outcome> {
    if let Some(found) = local(name) {
        return Ok(found);
    }
    let job = Job::new("/usr/bin/getent").arg("passwd").arg("--").arg(name);
    match run(&job, PATIENCE).await {
        Ok(ended) if ended.how == How::Exited(0) => find(&ended.output, name),
        _ => None,
    }
    .ok_or_else(|| {
        let text = format!("there is no user `{name}` on this node; `getent passwd` lists those that are");
        Outcome::failed(Failure::Arguments, text)
    })
}

/// The same, of `/etc/passwd` alone.
pub(in crate::types) fn local(name: &str) -> Option<Account> {
    find(&std::fs::read_to_string("/etc/passwd").ok()?, name)
}

fn find(passwd: &str, name: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        let home = fields.nth(1).filter(|home| !home.is_empty()).unwrap_or("/").to_owned();
        Some(Account { name: name.to_owned(), ids: User { uid, gid }, home })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_passwd_is_read_and_a_broken_one_is_none() {
        let passwd = "rootx:x:1:1::/:/bin/sh\nroot:x:0:0:root:/root:/bin/sh\nodd:x:7:8\nbad:x:y:0:::\n\n";
        let root = find(passwd, "root").unwrap();
        assert_eq!((root.ids, root.home.as_str()), (User { uid: 0, gid: 0 }, "/root"));
        assert_eq!(find(passwd, "odd").unwrap().home, "/");
        for none in ["bad", "nobody-here", "", "x"] {
            assert!(find(passwd, none).is_none(), "{none}");
        }
    }
}
