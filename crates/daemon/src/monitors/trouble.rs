//! Why a monitor, or the types that it serves, cannot be used on this node: in words, and as an event.

use events::Draft;
use monitor_client::{End, NotLoaded, StartError};
use resource_api::message::LoadStage;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where Debian's package manager says which files its packages have.
const PACKAGES: &str = "/var/lib/dpkg/info";

/// Why something cannot be used.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trouble {
    /// In a sentence or two.
    pub(super) why: String,
    /// What tells of it; nothing, where something else has told of it already.
    pub(super) event: Option<Draft>,
}

impl Trouble {
    /// The number of the event that tells of it.
    pub(super) fn id(&self) -> Option<u32> {
        self.event.as_ref().map(|event| event.entry.id)
    }
}

/// That a library cannot be loaded; nothing, if it can.
pub(super) fn not_loadable(
    plugin: &Path,
    types: &BTreeSet<String>,
    problems: &[elf::Problem],
) -> Option<Trouble> {
    let (first, others) = problems.split_first()?;
    let sentences: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let nothing = || "nothing".to_owned();
    let others: Vec<String> = others.iter().map(ToString::to_string).collect();
    let event = events::PluginNotLoadable {
        types: listed(types),
        plugin: plugin.display().to_string(),
        library: first.library().unwrap_or_else(|| plugin.display().to_string()),
        symbol: first.symbol().map(str::to_owned),
        expected: first.expected().unwrap_or_else(nothing),
        found: first.found().unwrap_or_else(nothing),
        more: Some(others.join("; ")).filter(|text| !text.is_empty()),
        command: repair(first, plugin),
    };
    Some(Trouble { why: sentences.join("; "), event: Some(event.into()) })
}

/// That there is no monitor at all.
pub(super) fn not_started(monitor: &str, error: &StartError) -> Trouble {
    let why = error.to_string();
    let event = events::MonitorNotStarted { monitor: monitor.to_owned(), problem: why.clone() };
    Trouble { why, event: Some(event.into()) }
}

/// That the place where it works cannot be made.
pub(super) fn no_place(monitor: &str, error: &std::io::Error) -> Trouble {
    let why = format!("its folder cannot be made: {error}");
    let event = events::MonitorNotStarted { monitor: monitor.to_owned(), problem: why.clone() };
    Trouble { why, event: Some(event.into()) }
}

/// That it ended before its library served anything.
pub(super) fn ended_early(plugin: &Path, types: &BTreeSet<String>, end: &End) -> Trouble {
    let plugin_path = plugin.display().to_string();
    match &end.not_loaded {
        Some(NotLoaded { stage: LoadStage::Load | LoadStage::Check, problems, .. }) => {
            let why = problems.join("; ");
            let event = events::PluginNotLoadable {
                types: listed(types),
                plugin: plugin_path.clone(),
                library: plugin_path,
                symbol: None,
                expected: "a plug-in that can be loaded".to_owned(),
                found: why.clone(),
                more: None,
                command: package_command(plugin),
            };
            Trouble { why, event: Some(event.into()) }
        }
        not_loaded => {
            let why = match not_loaded {
                Some(said) => said.problems.join("; "),
                None => format!("its process {} during its start-up", end.how),
            };
            let printed = Some(end.said.clone()).filter(|said| !said.is_empty());
            let (plugin, problem) = (plugin_path, why.clone());
            let event = events::PluginStartupFailed { types: listed(types), plugin, problem, printed };
            Trouble { why: format!("its start-up failed: {why}"), event: Some(event.into()) }
        }
    }
}

/// That it keeps ending: each end has been told.
pub(super) fn keeps_ending(end: &End) -> Trouble {
    Trouble { why: format!("its process keeps ending; the last one {}", end.how), event: None }
}

fn listed(types: &BTreeSet<String>) -> String {
    types.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The command that mends it, as far as this machine can tell.
fn repair(problem: &elf::Problem, plugin: &Path) -> String {
    match problem {
        elf::Problem::MissingLibrary { library, .. } => {
            format!("`apt-file search {library}` names the package to install")
        }
        problem => {
            let file = problem.library().map(PathBuf::from);
            package_command(file.as_deref().filter(|file| file.is_absolute()).unwrap_or(plugin))
        }
    }
}

fn package_command(file: &Path) -> String {
    match owner(Path::new(PACKAGES), file) {
        Some(package) => format!("`apt-get install --reinstall {package}`"),
        None => format!(
            "put the file back that its vendor delivered (no Debian package owns it: `ls -l {}`)",
            file.display()
        ),
    }
}

/// The Debian package that a file belongs to.
fn owner(packages: &Path, file: &Path) -> Option<String> {
    let wanted = file.to_str()?;
    // Since /usr was merged, packages may list a file without it.
    let short = wanted.strip_prefix("/usr").unwrap_or(wanted);
    let lists = std::fs::read_dir(packages).ok()?.flatten().map(|entry| entry.path());
    let lists = lists.filter(|path| path.extension().is_some_and(|extension| extension == "list"));
    let list = lists.into_iter().find(|path| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines().any(|line| line == wanted || line == short)
    })?;
    Some(list.file_stem()?.to_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_of_a_file_is_found_also_below_a_merged_usr() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("libvendor4:amd64.list"), "/.\n/lib/libvendor.so.4\n").unwrap();
        std::fs::write(folder.path().join("libvendor4:amd64.md5sums"), "/usr/lib/other.so\n").unwrap();
        let owner = |file: &str| owner(folder.path(), Path::new(file));
        assert_eq!(owner("/usr/lib/libvendor.so.4").as_deref(), Some("libvendor4:amd64"));
        assert_eq!(owner("/lib/libvendor.so.4").as_deref(), Some("libvendor4:amd64"));
        assert_eq!(owner("/usr/lib/other.so"), None);
    }
}
