//! What a unit is called, and what its state means for a cluster.

use resource_api::{Failure, Outcome};

/// Kinds of units that can be started and stopped for a purpose. Slices and scopes hold others' processes,
/// devices come and go by themselves.
const KINDS: [&str; 6] = ["service", "socket", "timer", "path", "mount", "target"];

/// The longest name that systemd takes.
const NAME_MAX: usize = 255;

/// The full name: `nginx` means `nginx.service`.
///
/// # Errors
/// Why it cannot be one.
pub(super) fn name(given: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '@' | '\\');
    if given.is_empty() || !given.chars().all(fits) {
        return Err("a unit's name has only letters, digits and `_.-@`".to_owned());
    }
    let (stem, kind) = given.rsplit_once('.').unwrap_or((given, ""));
    let full = match kind {
        kind if KINDS.contains(&kind) => given.to_owned(),
        "slice" | "scope" | "device" | "swap" | "automount" => {
            return Err(format!("a cluster cannot run a {kind}; it can: {}", KINDS.join(", ")));
        }
        _ => format!("{given}.service"),
    };
    if full.len() > NAME_MAX {
        return Err(format!("a unit's name has at most {NAME_MAX} characters"));
    }
    if stem.ends_with('@') || given.ends_with('@') {
        return Err(format!("`{full}` is a template; name an instance, such as `{stem}1`"));
    }
    Ok(full)
}

/// The interface that has the properties of this kind of unit.
pub(super) fn interface(name: &str) -> String {
    let kind = name.rsplit_once('.').map_or("service", |(_, kind)| kind);
    let (first, rest) = kind.split_at(1);
    format!("org.freedesktop.systemd1.{}{rest}", first.to_uppercase())
}

/// What systemd says of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) unit: String,
    pub(super) load: String,
    pub(super) active: String,
    pub(super) sub: String,
    /// Why it ended; `success` if there is nothing to say.
    pub(super) result: String,
    /// The exit code or signal of its main process.
    pub(super) status: i32,
}

impl State {
    /// Whether it does what it is for.
    pub(super) fn runs(&self) -> bool {
        matches!(self.active.as_str(), "active" | "reloading" | "refreshing")
    }

    /// Whether it is neither up nor down, and will be one of them.
    ///
    /// One that waits for systemd to start it again is not: that may be hours from now (`RestartSec=`).
    pub(super) fn moves(&self) -> bool {
        !self.sub.starts_with("auto-restart")
            && matches!(self.active.as_str(), "activating" | "deactivating" | "maintenance")
    }

    /// Whether it is over, and nothing brings it back by itself.
    pub(super) fn down(&self) -> bool {
        !self.runs() && matches!(self.active.as_str(), "inactive" | "failed")
    }

    /// What is wrong with its file, if something is.
    pub(super) fn unusable(&self) -> Option<Outcome> {
        let unit = &self.unit;
        let (failure, why) = match self.load.as_str() {
            "loaded" | "merged" | "stub" | "" => return None,
            "not-found" => {
                (Failure::NotInstalled, format!("there is no unit {unit} on this node; install its package"))
            }
            "masked" => (Failure::Arguments, format!("{unit} is masked; `systemctl unmask {unit}`")),
            load => (
                Failure::Arguments,
                format!("{unit} is not loaded ({load}); `systemd-analyze verify {unit}`"),
            ),
        };
        Some(Outcome::failed(failure, why))
    }

    /// For a look at one that should run.
    pub(super) fn look(&self) -> Outcome {
        match self.active.as_str() {
            _ if self.runs() => Outcome::running(),
            "inactive" => Outcome { text: self.sentence(), ..Outcome::not_running() },
            _ => Outcome::failed(Failure::Generic, self.sentence()),
        }
    }

    /// For one who asks whether it runs, once it has settled: what failed does not run.
    pub(super) fn probed(&self) -> Outcome {
        match self.active.as_str() {
            _ if self.runs() => Outcome::running(),
            "failed" => Outcome { text: self.sentence(), ..Outcome::not_running() },
            _ => Outcome::not_running(),
        }
    }

    /// How it is, and where it is told why.
    pub(super) fn sentence(&self) -> String {
        let Self { unit, active, sub, result, status, .. } = self;
        let why = match result.as_str() {
            "" | "success" => String::new(),
            "exit-code" => format!(": its main process ended with code {status}"),
            "signal" | "core-dump" => format!(": its main process was ended by signal {status}"),
            result => format!(": {result}"),
        };
        let own = match sub.as_str() {
            "auto-restart" => "; systemd restarts it by itself (Restart=)",
            _ => "",
        };
        format!("{unit} is {active} ({sub}){why}{own}; `journalctl -u {unit}` tells more")
    }
}

/// Who starts a unit besides the cluster, and how that is ended; nothing, if nobody does.
///
/// `file` is what systemd says of its file, `by` are the sockets, timers and paths that start it, and `with` the
/// units that want it started whenever they are. Those of one that is enabled are not named: they go with it.
pub(super) fn others_start_it(unit: &str, file: &str, by: &[String], with: &[String]) -> String {
    let mut told = Vec::new();
    if file.starts_with("enabled") {
        told.push(format!("{unit} is enabled, and starts at boot by itself; `systemctl disable {unit}`"));
    } else if !with.is_empty() {
        let with = with.join(" ");
        told.push(format!(
            "{unit} is started with {with} too; `systemctl list-dependencies --reverse {unit}` shows why"
        ));
    }
    if !by.is_empty() {
        let by = by.join(" ");
        told.push(format!("{unit} is started by {by} too; `systemctl disable --now {by}`"));
    }
    told.join(". ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed_or_refused() {
        assert_eq!(name("nginx").as_deref(), Ok("nginx.service"));
        assert_eq!(name("a.b").as_deref(), Ok("a.b.service"));
        assert_eq!(name("getty@tty1").as_deref(), Ok("getty@tty1.service"));
        assert_eq!(name("x.socket").as_deref(), Ok("x.socket"));
        let long = "a".repeat(256);
        for bad in ["", "a b", "a;b", "a\nb", "../x", "x.slice", "x@.service", "x@", long.as_str()] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
        assert_eq!(interface("x.socket"), "org.freedesktop.systemd1.Socket");
    }

    #[test]
    fn whoever_else_starts_a_unit_is_told_with_the_command_that_ends_it() {
        let many = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let told =
            |file, by: &[&str], with: &[&str]| others_start_it("x.service", file, &many(by), &many(with));
        assert_eq!(told("disabled", &[], &[]), "");
        let enabled = told("enabled-runtime", &[], &["multi-user.target"]);
        assert_eq!(
            enabled,
            "x.service is enabled, and starts at boot by itself; `systemctl disable x.service`"
        );
        let pulled = told("static", &["x.socket", "x.timer"], &["y.service"]);
        let parts =
            ["started with y.service", "started by x.socket x.timer", "disable --now x.socket x.timer"];
        assert!(parts.iter().all(|part| pulled.contains(part)), "{pulled}");
    }

    #[test]
    fn a_unit_that_systemd_restarts_does_not_run_and_says_why_it_ended() {
        let state = State {
            unit: "x.service".to_owned(),
            load: "loaded".to_owned(),
            active: "activating".to_owned(),
            sub: "auto-restart".to_owned(),
            result: "signal".to_owned(),
            status: 9,
        };
        assert!(!state.moves() && !state.down() && !state.look().is_good());
        let said = state.look().text;
        assert!(["signal 9", "Restart=", "journalctl"].iter().all(|part| said.contains(part)), "{said}");
        let failed = State { active: "failed".to_owned(), ..state };
        assert_eq!(failed.probed().verdict, Outcome::not_running().verdict);
    }
}
