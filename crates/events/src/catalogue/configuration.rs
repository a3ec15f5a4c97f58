//! What the administrator asked for. Own ids 20600 to 20699.

catalogue! {
    20601 ConfigurationApplied "CONFIGURATION_APPLIED" Information {
        /// who asked
        by: String,
        /// what it changed
        summary: String,
    } => "The declaration was changed by {by}: {summary}."
    cause: "`steadfast apply` was run, or its equivalent over the API.",
    remedy: "Nothing is wrong. `steadfast export` prints the declaration; applying an older file undoes it.";

    20602 ConfigurationRefused "CONFIGURATION_REFUSED" Warning {
        /// who asked
        by: String,
        /// why
        problem: String,
    } => "A declaration by {by} was refused, and nothing was changed: {problem}"
    cause: "The file has errors, names another cluster, or was made for a state that has changed since.",
    remedy: "The command that was refused printed every error with its line. Correct them and look at the \
             result first: `steadfast apply -f FILE --dry-run`.";
}
