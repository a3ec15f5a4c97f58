//! `web-site`: a folder served over HTTP by an nginx of its own.
//!
//! The configuration is generated, tested by nginx itself and used by nobody else; the machine's own
//! nginx, if it has one, is not touched. nginx runs in the foreground as a `process` does, so all that is
//! said there holds here: it outlives the monitor, is found again, ended whole, and its end is noticed at
//! once. `online` is done when the health path is answered with a status below 400.
//!
//! The workers run as `www-data`, or what else web servers run as here; the folder must be readable to it
//! (`folder.rs`). Changed parameters are taken up while it serves (`reload.rs`).
//!
//! Deliberately absent: TLS, several names, anything but files. Whoever needs that writes a configuration
//! of their own, and runs nginx as a `process` or by its agent.

mod config;
mod folder;
mod reload;

use super::given;
use super::http::{Expected, Url};
use super::process::{Children, Program, SEARCH_PATH};
use super::server::{Server, reachable};
use crate::kind::{Future, Request, Resource, ResourceType, World, unimplemented};
use config::{Site, TEMPORARY, Unquotable};
use process::{How, Job, run};
use resource_api::{Failure, Instance, Kind, Outcome, Parameter, TypeDescription, Verb};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// nginx ends within milliseconds of being told so; connections that are open are closed.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// nginx tests a small file within milliseconds; names of hosts, which could take long, are not in it.
const TEST_DEADLINE: Duration = Duration::from_secs(10);

/// Where distributions put it.
const PROGRAMS: [&str; 3] = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];

const MIME_TYPES: &str = "/etc/nginx/mime.types";

/// Who web servers run as: Debian and SUSE's word, Red Hat's, and everybody's.
const USERS: [&str; 3] = ["www-data", "nginx", "nobody"];

/// The type.
#[derive(Default)]
pub(super) struct WebSite {
    children: Children,
}

impl ResourceType for WebSite {
    fn problem(&self) -> Option<String> {
        nginx().err().map(|why| why.text)
    }

    fn describe(&self) -> Future<Result<TypeDescription, String>> {
        use given::{or, parameter, required};
        let parameters = vec![
            required(parameter("root", Kind::Text, "The folder.")),
            required(parameter("listen", Kind::Text, "Where it is served.")),
            or("every name", parameter("server_name", Kind::Text, "The host name that it answers to.")),
            or("/", parameter("health_path", Kind::Text, "What is fetched to see that it works.")),
            or("below 400", parameter("health_status", Kind::Number, "The status of a good answer.")),
            parameter("health_text", Kind::Text, "What a good answer has in it."),
        ];
        // All of them are in nginx's configuration, which it takes up anew, or in the looks alone.
        let parameters = parameters.into_iter().map(|one| Parameter { reloadable: true, ..one }).collect();
        let mut description = given::described("web-site", "A folder served over HTTP.", parameters);
        description.verbs.insert(Verb::Reload, None);
        Box::pin(async move { Ok(description) })
    }

    fn open(&self, instance: &Instance, world: &Arc<World>) -> Result<Arc<dyn Resource>, Outcome> {
        let listen: SocketAddr = given::needed(instance, "listen")?
            .parse()
            .map_err(|_| given::wrong("listen", "is no address with a port, such as \"10.0.0.100:80\""))?;
        let server_name = given::text(instance, "server_name")?.map(str::to_owned);
        if server_name.as_ref().is_some_and(|name| name.contains(|c: char| c.is_whitespace() || c == '/')) {
            return Err(given::wrong("server_name", "is no host name, such as \"shop.example.org\""));
        }
        let path = given::text(instance, "health_path")?.unwrap_or("/");
        let health = Url::of(reachable(listen), server_name.as_deref(), path)
            .map_err(|why| given::wrong("health_path", why))?;
        let expected = expected(instance)?;
        let root = given::needed(instance, "root")?.to_owned();
        for text in [Some(&root), server_name.as_ref()].into_iter().flatten() {
            config::quoted(text).map_err(|why| not_configured(&why))?;
        }
        Ok(Arc::new(Served {
            root,
            server_name,
            health,
            expected,
            folder: world.place.run_dir.join("nginx").join(instance.id.file_name()),
            server: Server {
                program: Program::of(&instance.id, "web-site", world, &self.children, STOP_TIMEOUT),
                listen,
            },
        }))
    }
}

struct Served {
    root: String,
    server_name: Option<String>,
    health: Url,
    expected: Expected,
    /// For the configuration and nginx's own files.
    folder: PathBuf,
    server: Server,
}

impl Served {
    async fn do_it(&self, request: Request) -> Outcome {
        match request.verb {
            Verb::Validate => self.fits().await.map_or_else(|why| why, |_| Outcome::done()),
            Verb::Probe => self.server.program.probe(),
            Verb::Online => {
                let check = || self.health.check(&self.expected);
                let online = self.server.online(request.deadline, || self.prepare(), check);
                online.await.map_or_else(|why| why, |()| Outcome::done())
            }
            Verb::Offline => self.server.program.stop(request.deadline).await,
            Verb::Terminate => self.server.program.kill().await,
            Verb::LooksAlive => self.server.looks_alive().await,
            Verb::IsAlive => self.server.is_alive(self.health.check(&self.expected)).await,
            Verb::Reload => {
                reload::reload(self, request.deadline).await.map_or_else(|why| why, |()| Outcome::done())
            }
            other => unimplemented(other),
        }
    }

    /// Whether this node can serve it: the program that does.
    async fn fits(&self) -> Result<PathBuf, Outcome> {
        let nginx = nginx()?;
        let user = workers();
        let user = user.as_ref().map(|(user, group)| (user.as_str(), group.as_str()));
        folder::is_readable(Path::new(&self.root), user).await?;
        Ok(nginx)
    }

    /// The configuration that it is served with.
    fn config(&self) -> PathBuf {
        self.folder.join("nginx.conf")
    }

    /// What is to be run, once it is written down and tested.
    async fn prepare(&self) -> Result<Job, Outcome> {
        let nginx = self.fits().await?;
        let config = self.config();
        self.configure(&nginx, &config).await?;
        Ok(job(&nginx).arg("-e").arg("stderr").arg("-c").arg(config))
    }

    /// Writes the configuration to this file and has it tested.
    async fn configure(&self, nginx: &Path, file: &Path) -> Result<(), Outcome> {
        // Which parts it has: what is not built in must not be configured.
        let about = run(&job(nginx).arg("-V"), TEST_DEADLINE).await;
        let about = about.map_err(|error| failed(error.to_string()))?.output;
        let parts: Vec<&str> = TEMPORARY
            .into_iter()
            .filter(|part| !about.contains(&format!("--without-http_{part}_module")))
            .collect();
        let user = workers();
        let config = Site {
            root: &self.root,
            listen: self.server.listen,
            server_name: self.server_name.as_deref(),
            folder: &self.folder,
            user: user.as_ref().map(|(user, group)| (user.as_str(), group.as_str())),
            mime_types: Path::new(MIME_TYPES).exists().then_some(MIME_TYPES),
            parts: &parts,
        };
        let config = config.config().map_err(|why| not_configured(&why))?;
        fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(file, config))
            .map_err(|error| failed(format!("cannot write {}: {error}", file.display())))?;
        let test = job(nginx).arg("-t").arg("-q").arg("-e").arg("stderr").arg("-c").arg(file);
        let tested = run(&test, TEST_DEADLINE).await.map_err(|error| failed(error.to_string()))?;
        match tested.how {
            How::Exited(0) => Ok(()),
            _ => {
                let text =
                    format!("nginx refuses its configuration; `nginx -t -c {}` says why", file.display());
                Err(failed(text).with_output(&tested.output))
            }
        }
    }
}

impl Resource for Served {
    fn call(self: Arc<Self>, request: Request) -> Future<Outcome> {
        Box::pin(async move { self.do_it(request).await })
    }

    fn changed(self: Arc<Self>) -> Future<Outcome> {
        Box::pin(async move { self.server.program.changed().await })
    }
}

/// What a good answer is.
fn expected(instance: &Instance) -> Result<Expected, Outcome> {
    let status = match given::number(instance, "health_status", 0)? {
        0 => None,
        status @ 100..600 => u16::try_from(status).ok(),
        _ => return Err(given::wrong("health_status", "is no status of HTTP, 100 to 599")),
    };
    Ok(Expected { status, text: given::text(instance, "health_text")?.map(str::to_owned) })
}

fn job(nginx: &Path) -> Job {
    Job::new(nginx).env("PATH", SEARCH_PATH)
}

/// The program.
fn nginx() -> Result<PathBuf, Outcome> {
    PROGRAMS.into_iter().map(PathBuf::from).find(|path| path.is_file()).ok_or_else(|| {
        let text = "nginx is not installed on this node; on Debian: `apt-get install nginx-light`";
        Outcome::failed(Failure::NotInstalled, text)
    })
}

/// Who the workers run as: the first user that there is, and its group by name. Only root can choose.
fn workers() -> Option<(String, String)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let account = USERS.into_iter().find_map(super::process::local_account)?;
    let groups = fs::read_to_string("/etc/group").ok()?;
    let group = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(account.ids.gid)).then(|| name.to_owned())
    })?;
    Some((account.name, group))
}

fn failed(text: String) -> Outcome {
    Outcome::failed(Failure::Generic, text)
}

fn not_configured(why: &Unquotable) -> Outcome {
    Outcome::failed(Failure::NotConfigured, why.to_string())
}
