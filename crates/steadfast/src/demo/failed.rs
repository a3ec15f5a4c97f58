//! Why a story ended early.

/// Why a story ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// Somebody wants it to end.
    #[error("interrupted")]
    Interrupted,
    /// The cluster did not do what the story says of it.
    #[error("the demonstration expected otherwise: {0}")]
    Expectation(String),
    /// A command that is part of the story failed.
    #[error("`{command}` failed on {node}:\n{said}")]
    Command {
        /// On which machine.
        node: String,
        /// What was typed.
        command: String,
        /// What it wrote.
        said: String,
    },
    /// This machine does not permit a step.
    #[error("cannot {what}: {source}")]
    System {
        /// Completes "cannot …".
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// The hosts cannot do what is asked of them.
    #[error(transparent)]
    Lab(#[from] lab::LabError),
}

impl Failed {
    /// The operating system refused a step; `what` completes "cannot …".
    pub(super) fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        |source| Self::System { what, source }
    }
}
