//! A program that stands on many libraries, and a cluster that was validated with it.

use crate::cluster::{Cluster, Place};
use crate::problem::{Doing as _, Problem};
use api::{ApplyRequest, BaselineInstall, BaselineKind, BaselineWish, SignedText, Status};
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// With the program, its loader and the libraries of C it stands on some 77 files.
const LIBRARIES: usize = 73;

/// The library that is changed: what is validated, `1` and `2` are others.
const CHANGED: &str = "libpart0.so";

/// A folder with the program in it.
pub(super) struct Stand {
    pub(super) dir: PathBuf,
}

impl Stand {
    /// Compiles all of it.
    pub(super) fn build(dir: &Path) -> Result<Self, Problem> {
        std::fs::create_dir_all(dir).doing(|| format!("make {}", dir.display()))?;
        let stand = Self { dir: dir.to_owned() };
        let (mut needed, mut calls, mut declared) = (Vec::new(), String::new(), String::new());
        for number in 0..LIBRARIES {
            let name = format!("libpart{number}.so");
            stand.compile(&name, &format!("int part{number}(void) {{ return {number}; }}\n"), true, &[])?;
            // Ignoring: writing to a string cannot fail.
            let _ = write!(calls, "part{number}(); ");
            let _ = write!(declared, "int part{number}(void); ");
            needed.push(format!("-l:{name}"));
        }
        for number in 1..=2 {
            let text = format!("int part0(void) {{ return {}; }}\n", 100 + number);
            stand.compile(&format!("other{number}.so"), &text, true, &["-Wl,-soname,libpart0.so"])?;
        }
        std::fs::copy(stand.changed(), dir.join("other0.so")).doing(|| "copy a library".to_owned())?;
        let program =
            format!("#include <unistd.h>\n{declared}\nint main(void) {{ {calls} for (;;) pause(); }}\n");
        let mut options = vec!["-L.", "-Wl,-rpath,$ORIGIN", "-Wl,--no-as-needed"];
        options.extend(needed.iter().map(String::as_str));
        stand.compile("server", &program, false, &options)?;
        Ok(stand)
    }

    /// Compiles a C program or library into the folder.
    pub(super) fn compile(&self, name: &str, text: &str, shared: bool, more: &[&str]) -> Result<(), Problem> {
        let source = self.dir.join("source.c");
        std::fs::write(&source, text).doing(|| format!("write {}", source.display()))?;
        let mut command = Command::new("cc");
        command.current_dir(&self.dir).arg("-o").arg(name).arg("source.c").args(more);
        if shared {
            command.args(["-shared", "-fPIC"]);
        }
        let output = command.output().doing(|| "start cc".to_owned())?;
        if output.status.success() {
            return Ok(());
        }
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Problem::Command { command: format!("{command:?}"), why })
    }

    pub(super) fn server(&self) -> PathBuf {
        self.dir.join("server")
    }

    pub(super) fn changed(&self) -> PathBuf {
        self.dir.join(CHANGED)
    }

    /// Puts another content in place, as a package manager does it: made beside it, and renamed over it.
    pub(super) fn put(&self, other: usize) -> Result<(), Problem> {
        let put = || {
            let new = self.dir.join("new");
            std::fs::copy(self.dir.join(format!("other{other}.so")), &new)?;
            std::fs::rename(&new, self.changed())
        };
        put().doing(|| format!("change {}", self.changed().display()))
    }

    /// Puts another content in place, as tar does it: the old one is removed, and the new one written.
    pub(super) fn unpack(&self, other: usize) -> Result<(), Problem> {
        let unpack = || {
            let bytes = std::fs::read(self.dir.join(format!("other{other}.so")))?;
            std::fs::remove_file(self.changed())?;
            std::fs::write(self.changed(), bytes)?;
            std::fs::set_permissions(self.changed(), std::fs::Permissions::from_mode(0o755))
        };
        unpack().doing(|| format!("change {}", self.changed().display()))
    }

    /// Three daemons, one of which stands on these files, which were validated. They share a machine, so what is
    /// changed would be changed for all of them otherwise.
    pub(super) async fn validated(&self, place: &Place) -> Result<Cluster, Problem> {
        let mut cluster = Cluster::form(place).await?;
        let client = cluster.daemons[0].client();
        let text = self.declaration(0);
        let request = ApplyRequest { text, dry_run: false, if_revision: None };
        client.apply(&request).await.doing(|| "applying a declaration".to_owned())?;
        let wish = BaselineWish::of(BaselineKind::Capture);
        let draft = client.baseline_draft(&wish).await.doing(|| "capturing a baseline".to_owned())?;
        let install = BaselineInstall {
            signed: SignedText { text: draft.text, signatures: Vec::new() },
            cluster_signs: true,
        };
        client.baseline_install(&install).await.doing(|| "installing a baseline".to_owned())?;
        for index in 0..3 {
            cluster.status(index, "the baseline", |status| status.baseline.generation == Some(1)).await?;
        }
        Ok(cluster)
    }

    /// The cluster's file; `number` makes it another one, which says the same.
    pub(super) fn declaration(&self, number: usize) -> String {
        format!(
            "# {number}\n[cluster]\nname = \"bench\"\n[[group]]\nname = \"g\"\n\
             possible_owners = [\"n1\"]\n[[group.resource]]\nname = \"r\"\n\
             type = \"process\"\nexclusive = \"none\"\ncommand = [\"{}\"]\n",
            self.server().display()
        )
    }
}

/// For how many of the nodes it is known that they are not ready.
pub(super) fn not_ready(status: &Status) -> usize {
    status.nodes.iter().filter(|node| !node.not_ready.is_empty()).count()
}
