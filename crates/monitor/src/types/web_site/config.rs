//! The configuration of a site's nginx, generated.
//!
//! Whatever comes from the declaration stands in double quotes, in which nginx knows a backslash for a
//! quote and a backslash. What it cannot quote is refused: `$`, which begins a variable even in quotes,
//! and control characters.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

/// What a configuration is made of.
pub(super) struct Site<'a> {
    pub(super) root: &'a str,
    pub(super) listen: SocketAddr,
    pub(super) server_name: Option<&'a str>,
    /// A folder of its own.
    pub(super) folder: &'a Path,
    /// User and group of the workers; as the master, if nothing is said.
    pub(super) user: Option<(&'a str, &'a str)>,
    /// The table of types of files.
    pub(super) mime_types: Option<&'a str>,
    /// Which parts that keep temporary files this nginx has, of [`TEMPORARY`].
    pub(super) parts: &'a [&'a str],
}

/// The parts of nginx that keep temporary files, if they are built in.
pub(super) const TEMPORARY: [&str; 4] = ["proxy", "fastcgi", "uwsgi", "scgi"];

/// A text that nginx cannot quote.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("nginx cannot have `{0}` in `{1}`: use a name without it, such as that of a symbolic link")]
pub(super) struct Unquotable(pub(super) String, pub(super) String);

/// The text in nginx's quotes.
pub(super) fn quoted(text: &str) -> Result<String, Unquotable> {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if c == '$' || c.is_control() {
            return Err(Unquotable(c.escape_debug().to_string(), text.escape_debug().to_string()));
        }
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    Ok(quoted)
}

impl Site<'_> {
    /// The file.
    pub(super) fn config(&self) -> Result<String, Unquotable> {
        let in_folder = |name: &str| quoted(&self.folder.join(name).to_string_lossy());
        let mut text = String::from("# Made anew at each start.\ndaemon off;\nworker_processes 1;\n");
        // Writing to a text cannot fail.
        if let Some((user, group)) = self.user {
            let _ = writeln!(text, "user {} {};", quoted(user)?, quoted(group)?);
        }
        let _ = writeln!(text, "pid {};", in_folder("nginx.pid")?);
        text += "error_log stderr warn;\nevents { worker_connections 1024; }\nhttp {\n";
        if let Some(types) = self.mime_types {
            let _ = writeln!(text, "  include {};", quoted(types)?);
        }
        text += "  default_type application/octet-stream;\n  access_log off;\n  server_tokens off;\n";
        text += "  sendfile on;\n";
        let _ = writeln!(text, "  client_body_temp_path {};", in_folder("client_body")?);
        for part in self.parts {
            let _ = writeln!(text, "  {part}_temp_path {};", in_folder(part)?);
        }
        if self.server_name.is_some() {
            // Of two sites at one address the first answers to every name, unless one is named for that.
            let _ = writeln!(text, "  server {{ listen {} default_server; return 444; }}", self.listen);
        }
        let name = self.server_name.map_or_else(|| Ok("_".to_owned()), quoted)?;
        let _ = writeln!(text, "  server {{\n    listen {};\n    server_name {name};", self.listen);
        let _ = writeln!(text, "    root {};\n    index index.html index.htm;\n  }}\n}}", quoted(self.root)?);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nginx_can_quote_is_quoted_and_the_rest_is_refused() {
        assert_eq!(quoted(r#"/a b;{}#'"\"#).unwrap(), r#""/a b;{}#'\"\\""#);
        for bad in ["/srv/$host", "/a\nb", "/a\u{7f}"] {
            assert!(quoted(bad).unwrap_err().to_string().starts_with("nginx cannot have"), "{bad:?}");
        }
    }

    #[test]
    fn a_site_is_a_whole_configuration() {
        let site = Site {
            root: "/srv/my site",
            listen: "[fd00::1]:80".parse().unwrap(),
            server_name: Some("shop.example.org"),
            folder: Path::new("/run/x"),
            user: Some(("www-data", "www-data")),
            mime_types: None,
            parts: &["proxy"],
        };
        let text = site.config().unwrap();
        for line in [
            "user \"www-data\" \"www-data\";",
            "  proxy_temp_path \"/run/x/proxy\";",
            "    listen [fd00::1]:80;",
            "    server_name \"shop.example.org\";",
            "    root \"/srv/my site\";",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(Site { root: "/$x", ..site }.config().is_err());
    }
}
