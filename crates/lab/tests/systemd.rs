//! A host whose process 1 is a real systemd.

use lab::{Host, Init, Lab};

/// A lab of one such host, or nothing where that cannot be.
fn lab(test: &str) -> Option<Lab> {
    if let Err(reason) = Init::Systemd.supported() {
        lab::skip(test, &reason);
        return None;
    }
    let lab = lab::or_skip(test, 1)?;
    let n1 = &lab.hosts()[0];
    n1.kill().expect("it is killed");
    n1.set_init(Init::Systemd);
    n1.start().expect("it boots");
    Some(lab)
}

fn systemctl(host: &Host, args: &[&str]) -> String {
    let output = host.command("systemctl").args(args).output().expect("it starts");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn a_host_boots_systemd_and_loses_it_with_its_power() {
    let Some(lab) = lab("a_host_boots_systemd_and_loses_it_with_its_power") else { return };
    let n1 = &lab.hosts()[0];
    let unit = "[Service]\nExecStart=/bin/sleep infinity\n";
    let path = format!("{}/sleeper.service", Init::UNITS);
    n1.within(|| std::fs::write(&path, unit).expect("it is written")).expect("n1 is up");
    assert_eq!(systemctl(n1, &["start", "sleeper.service"]), "");
    assert_eq!(systemctl(n1, &["is-active", "sleeper.service"]), "active");
    n1.kill().expect("it is killed");
    n1.start().expect("it boots again");
    assert_eq!(systemctl(n1, &["is-active", "sleeper.service"]), "inactive", "its disk has kept the unit");
}
