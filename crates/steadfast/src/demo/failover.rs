//! A web site on an address: moved, killed, cut off, frozen and drained, while a client looks on.

use super::Failed;
use super::machines::{COUNT, name};
use super::stage::Stage;
use api::{NodeState, Status};
use lab::{Host, Lab, Network, Referee};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The address that clients use.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 100);

/// Where the site is, on each node.
const SITE: &str = "/srv/demo-site";

/// The file that has the site run.
pub(super) const DECLARATION: &str = "\
[cluster]
name = \"demo\"

[[group]]
name = \"web\"
[[group.resource]]
name = \"ip\"
type = \"ip-address\"
address = \"10.99.0.100/24\"
[[group.resource]]
name = \"site\"
type = \"web-site\"
depends_on = [\"ip\"]
root = \"/srv/demo-site\"
listen = \"10.99.0.100:80\"
";

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Tells it.
pub(super) fn tell(stage: &mut Stage) -> Result<(), Failed> {
    stage.teller.title("A web site that stays")?;
    if !["/usr/sbin/nginx", "/usr/bin/nginx"].iter().any(|path| std::path::Path::new(path).exists()) {
        return stage.teller.say("SKIPPED: nginx is not installed; `apt-get install nginx-light`.");
    }
    serve(stage)?;
    let chapters = [moved, lost, cut_off, frozen, drained, super::disk::tell];
    chapters.into_iter().try_for_each(|chapter| chapter(stage))?;
    stage.teller.step("Why is it where it is, and how long would a takeover wait?")?;
    stage.types(1, "steadfast explain web")?;
    stage.types(1, "steadfast events --since 10m --level warning")?;
    Ok(())
}

fn lab(stage: &Stage) -> Result<&Lab, Failed> {
    stage.machines.lab().ok_or_else(|| Failed::Expectation("machines with networks of their own".to_owned()))
}

pub(super) fn host(stage: &Stage, node: u8) -> Result<&Host, Failed> {
    Ok(&lab(stage)?.hosts()[usize::from(node) - 1])
}

/// The machine behind the nodes that belongs to no cluster.
pub(super) fn client(stage: &Stage) -> Result<&Host, Failed> {
    host(stage, COUNT + 1)
}

fn serve(stage: &mut Stage) -> Result<(), Failed> {
    stage
        .teller
        .step("On each node there is a page, which says whose it is; the cluster shall serve one of them.")?;
    for node in 1..=COUNT {
        let page = format!("mkdir -p {SITE} && echo 'hello from {}' > {SITE}/index.html", name(node));
        stage.machines.shell(node, &page, "")?;
    }
    stage.machines.write(1, "site.toml", DECLARATION)?;
    stage.types(1, "cat site.toml")?;
    stage.types(1, "steadfast apply -f site.toml")?;
    let owner = online(stage, 1, None)?;
    stage.types(2, "steadfast status")?;
    let page = fetch(stage)?;
    stage.teller.held(&format!("{} serves http://{ADDRESS}/: {page}", name(owner)))?;
    stage.teller.step("What if that node were lost? Asked before it happens:")?;
    // Something would be done, which its exit code says.
    stage.types(1, &format!("steadfast plan --if node:{}=down || true", name(owner)))?;
    Ok(())
}

fn moved(stage: &mut Stage) -> Result<(), Failed> {
    let owner = online(stage, 1, None)?;
    let to = owner % COUNT + 1;
    stage.teller.step(&format!("It is moved to {} by hand.", name(to)))?;
    let referee = watch(stage)?;
    stage.types(1, &format!("steadfast group move web --to {}", name(to)))?;
    judge(stage, referee, to)
}

fn lost(stage: &mut Stage) -> Result<(), Failed> {
    let owner = online(stage, 1, None)?;
    let other = owner % COUNT + 1;
    stage.teller.step(&format!("{} loses its power, without a word.", name(owner)))?;
    let referee = watch(stage)?;
    host(stage, owner)?.kill()?;
    let now = online(stage, other, Some(owner))?;
    stage.types(other, "steadfast status")?;
    judge(stage, referee, now)?;
    stage.teller.step(&format!("{} is switched on again.", name(owner)))?;
    host(stage, owner)?.start()?;
    stage.starts(owner)?;
    all_up(stage)
}

fn cut_off(stage: &mut Stage) -> Result<(), Failed> {
    let owner = online(stage, 1, None)?;
    let others: Vec<u8> = (1..=COUNT).filter(|node| *node != owner).collect();
    stage.teller.step(&format!(
        "{} is cut off from the other nodes, and not from its clients: it must stop by itself, before anybody \
         takes over.",
        name(owner)
    ))?;
    let referee = watch(stage)?;
    let peers = [host(stage, others[0])?, host(stage, others[1])?];
    lab(stage)?.split(&[host(stage, owner)?], &peers)?;
    let now = online(stage, others[0], Some(owner))?;
    stage.until(owner, "it runs nothing any more", |status| {
        status.groups.iter().all(|group| group.resources.iter().all(|one| one.state == "offline"))
    })?;
    stage.types(owner, "steadfast status")?;
    judge(stage, referee, now)?;
    lab(stage)?.heal()?;
    all_up(stage)
}

fn frozen(stage: &mut Stage) -> Result<(), Failed> {
    let owner = online(stage, 1, None)?;
    let other = owner % COUNT + 1;
    stage.teller.step(&format!(
        "{} freezes, as a machine does whose disk has died or whose hypervisor swaps; the kernel's gate closes by \
         itself. Then it wakes, and believes for a moment that it still owns the site.",
        name(owner)
    ))?;
    let referee = watch(stage)?;
    host(stage, owner)?.freeze()?;
    let now = online(stage, other, Some(owner))?;
    host(stage, owner)?.thaw()?;
    all_up(stage)?;
    judge(stage, referee, now)
}

fn drained(stage: &mut Stage) -> Result<(), Failed> {
    let owner = online(stage, 1, None)?;
    stage.teller.step(&format!("{} is to be repaired: everything leaves it.", name(owner)))?;
    let referee = watch(stage)?;
    stage.types(1, &format!("steadfast node drain {}", name(owner)))?;
    let now = online(stage, 1, Some(owner))?;
    judge(stage, referee, now)?;
    stage.types(1, &format!("steadfast node resume {}", name(owner)))?;
    Ok(())
}

/// Waits until the site is online, not on that node, in the eyes of this one; says where.
fn online(stage: &Stage, asked: u8, not: Option<u8>) -> Result<u8, Failed> {
    online_of(stage, "web", asked, not)
}

/// The same for any group.
pub(super) fn online_of(stage: &Stage, group: &str, asked: u8, not: Option<u8>) -> Result<u8, Failed> {
    let owner = |status: &Status| {
        let shown = status.groups.iter().find(|shown| shown.name == group)?;
        let owner = shown.owner.as_deref().filter(|_| shown.state == "online")?;
        (1..=COUNT).find(|node| name(*node) == owner && Some(*node) != not)
    };
    let what = format!("`{group}` is online");
    let status = stage.until(asked, &what, |status| owner(status).is_some())?;
    owner(&status).ok_or(Failed::Expectation(what))
}

pub(super) fn all_up(stage: &Stage) -> Result<(), Failed> {
    for node in 1..=COUNT {
        stage.until(node, "all nodes are up", |status| {
            status.quorum.has && status.nodes.iter().all(|node| node.state == NodeState::Up)
        })?;
    }
    Ok(())
}

fn watch(stage: &Stage) -> Result<Referee, Failed> {
    let referee = client(stage)?.watch_address(ADDRESS, Network::First)?;
    // Something before it happens, to compare with.
    std::thread::sleep(Duration::from_millis(300));
    Ok(referee)
}

/// Says what the client saw; two that answer at once end the story.
fn judge(stage: &mut Stage, referee: Referee, owner: u8) -> Result<(), Failed> {
    let page = fetch(stage)?;
    let verdict = referee.end();
    let several = verdict.several();
    stage.expects(several.is_empty(), || format!("one node at a time has the address, not {several:?}"))?;
    let expected = format!("hello from {}", name(owner));
    stage.expects(page == expected, || format!("the page says `{expected}`, not `{page}`"))?;
    let outage = verdict.longest_outage().as_millis();
    stage
        .teller
        .held(&format!("a client was without an answer for {outage} ms, and never had two; now: {page}"))
}

/// The page, as a client gets it.
fn fetch(stage: &Stage) -> Result<String, Failed> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match client(stage)?.within(get)? {
            Ok(page) => return Ok(page),
            Err(error) if Instant::now() >= until => {
                return Err(Failed::Expectation(format!("http://{ADDRESS}/ answers: {error}")));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn get() -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((ADDRESS, 80)), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET / HTTP/1.0\r\nHost: {ADDRESS}\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    Ok(body.trim().to_owned())
}
