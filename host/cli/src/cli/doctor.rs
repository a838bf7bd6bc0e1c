//! `cartage doctor`: reports what works on this machine and what does not.

use super::toolchain::{self, Version};
use super::{Failure, Verdict, client, report};
use cartage::engine::Runtime;
use cartage::engine::file::PluginDir;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  Check this machine, and the plugins in a folder:
      cartage doctor --plugins target/plugins
  See whether a cart's definition can be used as it is:
      cartage doctor --cart seed-shop.toml --plugins target/plugins

Nothing is sent and nothing is installed. Exit code 0: everything is in order; 1: something needs
attention.";

/// The oldest Rust that builds the SDK, which all packages of Cartage have in common.
const SDK_RUST: &str = env!("CARGO_PKG_RUST_VERSION");

/// Check this machine, and say what needs attention.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The folder that holds the plugins [env: CARTAGE_PLUGINS].
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,
    /// A cart's definition.
    #[arg(long, value_name = "FILE")]
    cart: Option<PathBuf>,
}

/// The result of one check.
#[derive(Debug, Serialize)]
struct Finding {
    about: String,
    state: State,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Fine,
    Warning,
    Problem,
}

impl Finding {
    fn fine(about: impl Into<String>, what: impl Into<String>) -> Finding {
        Finding { about: about.into(), state: State::Fine, what: what.into(), remedy: None }
    }

    fn needs(state: State, about: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { about: about.into(), state, what: what.into(), remedy: Some(remedy.into()) }
    }
}

impl Args {
    pub(crate) fn run(self, json: bool) -> Result<Verdict, Failure> {
        let mut findings = vec![guest_toolchain()];
        let plugins = client::plugins(self.plugins);
        client::block_on(async {
            match Runtime::new() {
                Ok(runtime) => {
                    findings.push(Finding::fine("engine", "plugins can be run"));
                    if let Some(folder) = &plugins {
                        plugin_folder(folder, &runtime, &mut findings).await;
                    }
                }
                Err(error) => findings.push(Finding::needs(State::Problem, "engine", report::chain(&error), "see the message")),
            }
            if let Some(file) = &self.cart {
                findings.push(cart(file, plugins.as_deref()).await);
            }
            Ok(())
        })?;
        let problems = findings.iter().filter(|finding| finding.state == State::Problem).count();
        if json {
            report::json(&serde_json::json!({ "findings": findings, "problems": problems }))
        } else {
            show(&findings, problems)
        }
        Ok(if problems == 0 { Verdict::Done } else { Verdict::NotDone })
    }
}

fn guest_toolchain() -> Finding {
    let about = "guest toolchain";
    match toolchain::find(Path::new("."), Version::parse(SDK_RUST)) {
        Ok(toolchain) => Finding::fine(about, format!("{}, Rust {}", toolchain.kind, toolchain.version)),
        // Only people who build plugins need the toolchain.
        Err(error) => Finding::needs(State::Warning, about, report::chain(&error), error.remedy()),
    }
}

async fn plugin_folder(folder: &Path, runtime: &Runtime, findings: &mut Vec<Finding>) {
    let about = format!("folder {}", folder.display());
    match others_may_write(folder) {
        Ok(false) => findings.push(Finding::fine(about, "only its owner may write to it")),
        Ok(true) => findings.push(Finding::needs(
            State::Problem,
            about,
            "users other than its owner may write to it, and could replace a plugin",
            format!("chmod go-w {}", folder.display()),
        )),
        Err(error) => {
            return findings.push(Finding::needs(
                State::Problem,
                about,
                format!("the folder cannot be read: {error}"),
                "name the folder that holds the plugins with --plugins DIR",
            ));
        }
    }
    let names = fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| name.ends_with(".wasm")).collect();
    names.sort();
    for name in names {
        findings.push(plugin(folder, &name, runtime).await);
    }
}

async fn plugin(folder: &Path, name: &str, runtime: &Runtime) -> Finding {
    let about = format!("plugin {name}");
    let remedy = "build the plugin again with `cartage plugin build`, or remove it from the folder";
    let bytes = match PluginDir::open(folder).and_then(|plugins| plugins.read(name)) {
        Ok(bytes) => bytes,
        Err(error) => return Finding::needs(State::Problem, about, report::chain(&error), remedy),
    };
    match runtime.admit(bytes).await {
        Ok(plugin) => {
            Finding::fine(about, format!("{} {} is admitted, {}", plugin.manifest().name, plugin.manifest().version, plugin.digest()))
        }
        Err(error) => Finding::needs(State::Problem, about, report::chain(&error), remedy),
    }
}

async fn cart(file: &Path, plugins: Option<&Path>) -> Finding {
    let about = format!("cart {}", file.display());
    match client::ready(file, plugins).await {
        Ok(ready) => Finding::fine(about, format!("{} can be used; nothing was sent", ready.cart.id)),
        Err(failure) => Finding::needs(State::Problem, about, failure.text(), failure.remedy().unwrap_or("see the message").to_owned()),
    }
}

#[cfg(unix)]
fn others_may_write(folder: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(folder)?.permissions().mode() & 0o022 != 0)
}

fn show(findings: &[Finding], problems: usize) {
    for finding in findings {
        let mark = match finding.state {
            State::Fine => "ok      ",
            State::Warning => "warning ",
            State::Problem => "PROBLEM ",
        };
        report::line(&format!("{mark} {}: {}", finding.about, finding.what));
        if let Some(remedy) = &finding.remedy {
            report::line(&format!("          what to do: {remedy}"));
        }
    }
    report::line(&match problems {
        0 => "nothing needs attention".to_owned(),
        1 => "1 thing needs attention".to_owned(),
        more => format!("{more} things need attention"),
    });
}
