//! Which frames the switch drops, as a value, and its rendering as an nftables rule set.
//!
//! Faults act on frames in the bridge, so ARP and IPv6 are hit like everything else, and the hosts
//! see nothing but silence. The table is replaced as a whole in one transaction: no moment exists
//! in which a fault is half applied.

use crate::{Host, Network};

/// Frames of some hosts on some networks: what a fault applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "it is only a description; give it to Lab::cut or Lab::lose"]
pub struct Traffic {
    from: Option<String>,
    to: Option<String>,
    both_ways: bool,
    network: Option<Network>,
}

impl Traffic {
    /// What two hosts send to each other.
    pub fn between(a: &Host, b: &Host) -> Self {
        Self { both_ways: true, ..Self::one_way(a, b) }
    }

    /// What `from` sends to `to`; the other direction is untouched.
    pub fn one_way(from: &Host, to: &Host) -> Self {
        Self {
            from: Some(from.name().to_owned()),
            to: Some(to.name().to_owned()),
            both_ways: false,
            network: None,
        }
    }

    /// Everything a host sends and receives.
    pub fn of(host: &Host) -> Self {
        Self { from: Some(host.name().to_owned()), to: None, both_ways: true, network: None }
    }

    /// Only on that network, not on both.
    pub fn on(self, network: Network) -> Self {
        Self { network: Some(network), ..self }
    }

    /// The nftables matches, one per direction.
    fn matches(&self) -> Vec<String> {
        let forth = (&self.from, &self.to);
        let back = (&self.to, &self.from);
        let directions = if self.both_ways { vec![forth, back] } else { vec![forth] };
        let networks = match self.network {
            Some(network) => vec![network],
            None => Network::ALL.to_vec(),
        };
        let mut matches = Vec::new();
        for network in networks {
            for (from, to) in &directions {
                let ends = [("iifname", from), ("oifname", to)];
                let ends = ends.iter().filter_map(|(key, host)| {
                    host.as_ref().map(|host| format!("{key} \"{}\"", port(host, network)))
                });
                matches.push(ends.collect::<Vec<_>>().join(" "));
            }
        }
        matches
    }
}

/// The switch's port of a host on a network: `n1.0`.
pub(crate) fn port(host: &str, network: Network) -> String {
    format!("{host}.{}", network.index())
}

/// All faults in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    losses: Vec<(Traffic, u16)>,
}

impl Faults {
    /// Adds a fault: of the `traffic`, `permille` of 1000 frames get lost.
    pub(crate) fn lose(&mut self, traffic: Traffic, permille: u16) {
        self.losses.push((traffic, permille.min(1000)));
    }

    /// Forgets every fault.
    pub(crate) fn heal(&mut self) {
        self.losses.clear();
    }

    /// The rule set that makes the switch behave so. Adding the table before deleting it makes the
    /// deletion succeed the first time too.
    pub(crate) fn to_nft(&self) -> String {
        let mut text = "table bridge lab\ndelete table bridge lab\ntable bridge lab {\n\
            chain faults {\ntype filter hook forward priority 0; policy accept;\n"
            .to_owned();
        for (traffic, permille) in &self.losses {
            let chance = match permille {
                1000 => String::new(),
                some => format!(" numgen random mod 1000 < {some}"),
            };
            for matched in traffic.matches() {
                text += &format!("{matched}{chance} counter drop\n");
            }
        }
        text + "}\n}\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(from: Option<&str>, to: Option<&str>, both_ways: bool, network: Option<Network>) -> Traffic {
        Traffic { from: from.map(str::to_owned), to: to.map(str::to_owned), both_ways, network }
    }

    fn rules(traffic: Traffic, permille: u16) -> Vec<String> {
        let mut faults = Faults::default();
        faults.lose(traffic, permille);
        faults.to_nft().lines().filter(|line| line.ends_with("drop")).map(str::to_owned).collect()
    }

    #[test]
    fn a_cut_between_two_hosts_drops_both_directions_on_both_networks() {
        assert_eq!(
            rules(traffic(Some("n1"), Some("n2"), true, None), 1000),
            [
                r#"iifname "n1.0" oifname "n2.0" counter drop"#,
                r#"iifname "n2.0" oifname "n1.0" counter drop"#,
                r#"iifname "n1.1" oifname "n2.1" counter drop"#,
                r#"iifname "n2.1" oifname "n1.1" counter drop"#,
            ]
        );
    }

    #[test]
    fn isolation_names_no_peer() {
        assert_eq!(
            rules(traffic(Some("n1"), None, true, Some(Network::Second)), 1000),
            [r#"iifname "n1.1" counter drop"#, r#"oifname "n1.1" counter drop"#]
        );
    }

    #[test]
    fn loss_is_a_chance_per_frame() {
        assert_eq!(
            rules(traffic(Some("n1"), Some("n2"), false, Some(Network::First)), 250),
            [r#"iifname "n1.0" oifname "n2.0" numgen random mod 1000 < 250 counter drop"#]
        );
    }

    #[test]
    fn healing_leaves_an_empty_chain() {
        let mut faults = Faults::default();
        faults.lose(traffic(Some("n1"), None, true, None), 1000);
        faults.heal();
        assert_eq!(faults.to_nft(), Faults::default().to_nft());
    }
}
