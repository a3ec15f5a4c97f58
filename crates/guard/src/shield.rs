//! A package without files that conflicts with what the guard would refuse.
//!
//! dpkg and apt keep to it by themselves: apt looks for another way, and `dpkg -i` says no, also where the hooks
//! have been taken out. It is protected, so nobody removes it in passing.

use model::stored::{Baseline, PackageScheme, Permit};
use model::{ClusterName, Timestamp};
use servicing::guard;
use std::io;

/// Its name.
pub const NAME: &str = "steadfast-shield";

/// The package's file for dpkg. What somebody has leave to install it does not speak of.
///
/// # Errors
/// None that is known of.
pub fn package(
    cluster: &ClusterName,
    baseline: &Baseline,
    permits: &[Permit],
    now: Timestamp,
) -> io::Result<Vec<u8>> {
    packages::deb::write(&control(cluster, baseline, permits, now), &[])
}

fn control(cluster: &ClusterName, baseline: &Baseline, permits: &[Permit], now: Timestamp) -> String {
    let is_permitted = |name: &str| permits.iter().any(|permit| permit.package == name && now < permit.until);
    let least = guard::least(baseline).into_values().filter(|it| it.scheme == PackageScheme::Dpkg);
    let mut conflicts: Vec<String> = least
        .filter(|it| !is_permitted(&it.name))
        .map(|it| format!("{} (<< {})", it.name, it.version))
        .collect();
    for (name, versions) in guard::withdrawn(baseline) {
        let all = versions.iter().filter(|_| !is_permitted(&name));
        conflicts.extend(all.map(|version| format!("{name} (= {version})")));
    }
    let conflicts = match conflicts.as_slice() {
        [] => String::new(),
        all => format!("Conflicts: {}\n", all.join(", ")),
    };
    let generation = baseline.generation;
    format!(
        "Package: {NAME}\nVersion: {version}\nArchitecture: all\nMaintainer: Steadfast <root@localhost>\n\
         Priority: optional\nSection: admin\nProtected: yes\n{conflicts}\
         Description: keeps cluster {cluster} from older components\n \
         It conflicts with what is older than baseline {generation} validated. It has no files. It is made on this\n \
         node, by `steadfast guard shield`; `steadfast explain 21030` says more.\n",
        version = version(baseline),
    )
}

/// The version of the package for a baseline.
#[must_use]
pub fn version(baseline: &Baseline) -> String {
    baseline.generation.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::baseline;
    use std::io::Cursor;

    #[test]
    fn it_conflicts_with_what_is_older_unless_somebody_has_leave() {
        let (cluster, now) = ("shop".parse().unwrap(), Timestamp::from_unix_ms(0));
        let text = control(&cluster, &baseline(), &[], now);
        assert!(
            text.contains("\nConflicts: helper (<< 4.0-1)\n") && text.contains("\nProtected: yes\n"),
            "{text}"
        );
        let permit = Permit {
            package: "helper".to_owned(),
            version: None,
            until: Timestamp::from_unix_ms(10),
            reason: "test".to_owned(),
            by: "root".to_owned(),
        };
        assert!(!control(&cluster, &baseline(), std::slice::from_ref(&permit), now).contains("Conflicts"));
        let deb = package(&cluster, &baseline(), &[permit], Timestamp::from_unix_ms(10)).unwrap();
        let read = packages::deb::Deb::read(&mut Cursor::new(deb)).unwrap();
        assert_eq!((read.name.as_str(), read.version.as_str()), (NAME, "3"));
    }
}
