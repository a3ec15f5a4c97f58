//! Components: baselines, who signs them, and what differs from them. Own ids 21000 to 21099.

use model::NodeName;

catalogue! {
    21001 BaselineInstalled "BASELINE_INSTALLED" Information {
        /// its number
        generation: u64,
        /// how many files it has
        components: u64,
        /// who signed it
        signers: String,
        /// who installed it
        by: String,
        /// why
        reason: String,
    } => "Baseline {generation} with {components} components is what nodes are measured by from now on: installed \
          by {by}, signed by {signers}. Reason: {reason}"
    cause: "Somebody captured, raised or rolled back the baseline, or changed its rules.",
    remedy: "Nothing to do. `steadfast baseline diff` says what changed; `steadfast baseline rollback` goes back.";

    21002 SignerEnrolled "SIGNER_ENROLLED" Information {
        /// the signer
        signer: String,
        /// who enrolled it
        by: String,
    } => "{signer} may sign baselines from now on: enrolled by {by}."
    cause: "`steadfast baseline signer add`, or the first `steadfast baseline capture` of the cluster.",
    remedy: "If nobody should have done this: `steadfast baseline signer remove SIGNER`.";

    21003 SignerRemoved "SIGNER_REMOVED" Information {
        /// the signer
        signer: String,
        /// who removed it
        by: String,
    } => "{signer} may not sign baselines any more: removed by {by}."
    cause: "`steadfast baseline signer remove`.",
    remedy: "Nothing to do. If nobody is left who may sign, `steadfast baseline signer add` enrols somebody.";

    21010 ComponentBroken "COMPONENT_BROKEN" Error {
        /// the file
        path: String,
        /// what kind of difference
        class: String,
        /// what was validated
        expected: String,
        /// what is there
        found: String,
        /// who changed it
        process: Option<String> = "not known",
        /// which resources this node is not ready for because of it
        resources: String,
        /// the number of the baseline
        generation: u64,
    } => "{path} is {class} on this node. Baseline {generation} has {expected}; found is {found}. Changed by: \
          {process}. While another node is ready, this one is not given: {resources}. What runs is left alone."
    cause: "An installer, a copy by hand or a damaged disk replaced a file that resources stand on, mostly an \
            older one over a newer one. What is there was never validated on this cluster.",
    remedy: "`steadfast component show PATH` says what is known of it. Put the validated file back (for a package: \
             install the version that the baseline names), or, if this one is right, `steadfast baseline capture`.";

    21011 ComponentDiffers "COMPONENT_DIFFERS" Warning {
        /// the file
        path: String,
        /// what kind of difference
        class: String,
        /// what was validated
        expected: String,
        /// what is there
        found: String,
        /// who changed it
        process: Option<String> = "not known",
        /// which resources stand on it
        resources: String,
        /// the number of the baseline
        generation: u64,
    } => "{path} is {class} on this node. Baseline {generation} has {expected}; found is {found}. Changed by: \
          {process}. Others go before this node where these are placed: {resources}."
    cause: "Mostly an ordinary update. What is there is not known to be bad, and was not validated yet.",
    remedy: "When the update is on all nodes and works: `steadfast baseline raise`. `steadfast component diff` says \
             what else differs.";

    21012 ComponentRestored "COMPONENT_RESTORED" Information {
        /// the file
        path: String,
        /// the number of the baseline
        generation: u64,
    } => "{path} is as baseline {generation} has it."
    cause: "It was put back, or the baseline was raised to what is there. That it differed was told as event 21010 \
            or 21011.",
    remedy: "Nothing to do.";

    21013 ProcessStale "PROCESS_STALE" Warning {
        /// the file
        path: String,
        /// who still has what was there before
        processes: String,
        /// of which resources
        resources: String,
    } => "{path} was replaced, and {processes} of {resources} still runs with what was there before."
    cause: "A program goes on with the files that it has opened, also when they are replaced. What is on the disk \
            now is tried for the first time when it is started again, at the latest in a failover.",
    remedy: "`steadfast resource restart RESOURCE` at a time that suits, or `steadfast group move GROUP`.";

    21014 ComponentsUnwatched "COMPONENTS_UNWATCHED" Warning {
        /// why
        problem: String,
    } => "Changes of components are found by looking every two seconds only, because the kernel does not tell of \
          them: {problem}"
    cause: "fanotify(7) needs Linux 5.9 and CAP_SYS_ADMIN.",
    remedy: "Nothing breaks. Run the daemon as root, outside of a container that takes that right away; `systemctl cat \
             steadfast` shows how it is started.";

    21015 BaselineRefused "BASELINE_REFUSED" Error {
        /// its number
        generation: u64,
        /// what is wrong with it
        problem: String,
    } => "Baseline {generation} is not used on this node: {problem} The one before is."
    cause: "The baseline in the cluster database carries no signature of anybody who may sign, or was altered.",
    remedy: "`steadfast baseline history` says who made it. If it was not you, look for who has administrator's \
             rights; then `steadfast baseline rollback`.";

    21016 LoweringExpired "LOWERING_EXPIRED" Warning {
        /// the number of the baseline
        generation: u64,
        /// what was let through, in words
        what: String,
    } => "What baseline {generation} let through was to end by now: {what}"
    cause: "Somebody lowered the baseline or waived a difference for a while, and that time is over.",
    remedy: "Install what is right and `steadfast baseline raise`, or let it through anew, with a reason.";

    21017 PackagesUnreadable "PACKAGES_UNREADABLE" Warning {
        /// what is wrong
        problem: String,
    } => "It cannot be told which packages components belong to: {problem}"
    cause: "The database of the package manager is damaged, or in the middle of a change that was cut short. Files \
            are compared by their content meanwhile; a newer version cannot be told from a foreign one.",
    remedy: "`dpkg --audit` and `dpkg --configure -a`, or `rpm --rebuilddb`.";

    21018 NodeInMaintenance "NODE_IN_MAINTENANCE" Warning {
        /// the node
        node: NodeName,
        /// how many files differ
        differ: u64,
        /// the number of the baseline
        generation: u64,
    } => "{node} joined, and runs nothing yet: {differ} of its components differ from baseline {generation}."
    cause: "A node that joins must have what was validated, before anything relies on it.",
    remedy: "`steadfast component diff NODE` says what differs. Install what the baseline has; the node takes part \
             as soon as nothing differs.";

    21019 NodeMatchesBaseline "NODE_MATCHES_BASELINE" Information {
        /// the node
        node: NodeName,
        /// the number of the baseline
        generation: u64,
    } => "The components of {node} are those of baseline {generation}: it takes part from now on."
    cause: "It joined with others, or before they could be looked at.",
    remedy: "Nothing to do.";

    21020 ResolutionBroken "RESOLUTION_BROKEN" Error {
        /// what stands on it
        subject: String,
        /// what is wrong
        problem: String,
        /// which resources this node is not ready for because of it
        resources: String,
    } => "{subject} cannot be started on this node: {problem} Not given to this node: {resources}. What runs is left \
          alone."
    cause: "The files that it stands on do not fit each other: a library or a symbol is missing. Nothing was run to \
            find that out.",
    remedy: "`steadfast component scan` lists what is missing. Install what the baseline names.";

    21022 NobodyElseReady "NOBODY_ELSE_READY" Error {
        /// the group
        group: String,
        /// where it is
        owners: String,
        /// who may have it besides
        others: String,
        /// what becomes of it if that is lost
        outcome: String,
    } => "No other node is ready for group {group}, which {owners} has: not {others}. If it is lost there, {outcome}."
    cause: "What it stands on is not what was validated, on every node that could take over. Most often the same \
            installer ran on all of them.",
    remedy: "`steadfast component diff` says what differs on each. Put the validated files back on one of them first, \
             or, if what is there is right, `steadfast baseline capture`.";

    21030 InstallationRefused "INSTALLATION_REFUSED" Warning {
        /// who wanted to install it
        installer: String,
        /// the packages
        packages: String,
        /// why, of each
        reasons: String,
    } => "{installer} was kept from installing {packages} on this node: {reasons}. Nothing was changed."
    cause: "An installer was about to put something older over what was validated, or something that is below its \
            floor or was taken back. That breaks nothing at that moment, and the next failover.",
    remedy: "If it is a mistake, nothing to do. If it is meant for this node alone: `steadfast guard allow \
             PACKAGE=VERSION --reason WHY`. If it is meant for the cluster: `steadfast baseline rollback`, or install \
             it so and `steadfast baseline capture`.";

    21031 InstallationAllowed "INSTALLATION_ALLOWED" Warning {
        /// the package, with its version where only that one is meant
        package: String,
        /// until when
        until: String,
        /// who said so
        by: String,
        /// why
        reason: String,
    } => "{by} lets {package} be installed on this node until {until}, whatever was validated: {reason}."
    cause: "Somebody ran `steadfast guard allow`.",
    remedy: "Nothing, if it was meant. What it brings is still held against the baseline: `steadfast component diff`.";

    21032 InstallationLetThrough "INSTALLATION_LET_THROUGH" Warning {
        /// who installed it
        installer: String,
        /// the packages
        packages: String,
        /// who had allowed it, and why
        by: String,
    } => "{installer} installs {packages} on this node, which is older than what was validated. Allowed by {by}."
    cause: "The guard would have refused it, and somebody had let it through.",
    remedy: "When it is installed: `steadfast component diff` says what this node is not ready for.";

    21033 GuardBlind "GUARD_BLIND" Error {
        /// what is wrong
        problem: String,
    } => "The guard of this node has nothing to go by: {problem}"
    cause: "Its file cannot be written. Package managers go on, and nothing keeps them from installing something \
            older; what they install is found afterwards.",
    remedy: "Make room or mend the disk of `data_dir`; the daemon tries again by itself. `steadfast guard status` says \
             what it has.";
}
