//! What a new cluster exports, until somebody applies something else.

use model::ClusterName;

/// The declaration of a cluster that has just been formed: the default of everything, and the way on.
#[must_use]
pub fn starting_file(cluster: &ClusterName) -> String {
    format!(
        r#"# What cluster `{cluster}` shall be. To change it:
#
#   steadfast export > cluster.toml           # then edit the copy
#   steadfast apply -f cluster.toml --dry-run # shows what would change
#   steadfast apply -f cluster.toml           # changes it, all or nothing
#
# What the file omits is removed. Comments are kept.

[cluster]
name = "{cluster}"
profile = "default"      # or "fast" (quiet machines and networks), "patient" (guests that are paused)
stall_policy = "strict"  # or "assume_below 10s"; `assume_pause_below = "1s"` for virtual machines

# A group is what moves as one. Remove the `# ` to have this one:
#
# [[group]]
# name = "web"
# preferred_owners = ["n1", "n2"]
#
# [[group.resource]]
# name = "ip"
# type = "ip-address"
# address = "10.99.0.100/24"
#
# [[group.resource]]
# name = "site"
# type = "web-site"
# depends_on = ["ip"]
# root = "/srv/site"
# listen = "10.99.0.100:80"
"#
    )
}
