//! Shared parts of the commands that send one update: the update as flags or as a file, how far a dry run goes, and the record of an attempt as a file.

use super::{Failure, console, report};
use cartage::deliver::Attempt;
use cartage::egress::SendMode;
use cartage::validate::{Fields, PackageFields};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// Largest size of an update's file, in bytes.
const UPDATE_FILE_BYTES_MAX: u64 = 4 << 20;

/// An update, in flags or in a file.
#[derive(Debug, clap::Args)]
pub(super) struct UpdateArgs {
    /// The update, a JSON file; - is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["order", "label", "reference", "changed_at", "note", "comments", "notify_customer", "packages"])]
    update: Option<PathBuf>,
    /// The cart's own (web) number of the order.
    #[arg(long, value_name = "NUMBER", required_unless_present = "update")]
    order: Option<String>,
    /// The status label.
    #[arg(long, value_name = "TEXT", required_unless_present = "update")]
    label: Option<String>,
    /// The Order Manager's number of the order.
    #[arg(long, value_name = "NUMBER")]
    reference: Option<String>,
    /// When the label changed: 2026-11-23T14:05:00, perhaps with an offset [default: now].
    #[arg(long, value_name = "TIME")]
    changed_at: Option<String>,
    /// A note about this change.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// The order's comments.
    #[arg(long, value_name = "TEXT")]
    comments: Option<String>,
    /// Whether the cart shall notify the customer [default: what the cart's file says].
    #[arg(long, value_name = "YES-OR-NO")]
    notify_customer: Option<YesOrNo>,
    /// A package: carrier=, number=, method=, picked-up=, id=, url=, origin=, separated by commas. May be given several times.
    #[arg(long = "package", value_name = "FIELDS", value_parser = package)]
    packages: Vec<PackageFields>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum YesOrNo {
    Yes,
    No,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum DryRun {
    /// Send nothing at all.
    Nothing,
    /// Perform GET and HEAD requests.
    Reads,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not read the update in {file}")]
    File { file: String, source: std::io::Error },
    #[error("the update in {file} is larger than {UPDATE_FILE_BYTES_MAX} bytes")]
    TooLarge { file: String },
    #[error("the update in {file} is not the JSON of an update")]
    Json { file: String, source: cartage::json::Error },
    #[error("could not write the record of the attempt to {file}")]
    Cassette { file: PathBuf, source: std::io::Error },
}

impl UpdateArgs {
    /// The update's fields.
    pub(super) fn fields(&self) -> Result<Fields, Failure> {
        match &self.update {
            Some(file) => Ok(read(file)?),
            None => Ok(Fields {
                order_number: self.order.clone().unwrap_or_default(),
                reference_number: self.reference.clone(),
                label: self.label.clone().unwrap_or_default(),
                changed_at: self.changed_at.clone(),
                note: self.note.clone(),
                comments: self.comments.clone(),
                notify_customer: self.notify_customer.map(|choice| matches!(choice, YesOrNo::Yes)),
                packages: self.packages.clone(),
                packages_complete: None,
                line_items: Vec::new(),
            }),
        }
    }
}

/// The mode of an attempt, from the option for dry runs.
pub(super) fn mode(dry_run: Option<DryRun>) -> SendMode {
    match dry_run {
        None => SendMode::Live,
        Some(DryRun::Nothing) => SendMode::DryRun,
        Some(DryRun::Reads) => SendMode::DryRunReads,
    }
}

fn read(path: &Path) -> Result<Fields, Error> {
    let file = path.display().to_string();
    let failed = |source| Error::File { file: file.clone(), source };
    let text = if file == "-" { console::standard_input(UPDATE_FILE_BYTES_MAX) } else { console::file(path, UPDATE_FILE_BYTES_MAX) };
    let Some(text) = text.map_err(failed)? else { return Err(Error::TooLarge { file }) };
    cartage::json::read(&text).map_err(|source| Error::Json { file, source })
}

/// Writes the record of an attempt to a file.
pub(super) fn keep(attempt: &Attempt, file: &Path) -> Result<(), Failure> {
    let text = cartage::cassette::file::write(&attempt.cassette);
    console::write(file, text.as_bytes()).map_err(|source| Error::Cassette { file: file.to_owned(), source })?;
    report::talk(&format!("wrote the record of the attempt to {}", file.display()));
    Ok(())
}

/// Reads a package such as `carrier=UPS,number=1Z...`.
pub(super) fn package(text: &str) -> Result<PackageFields, String> {
    let mut package = PackageFields::default();
    let PackageFields { carrier, tracking_number, method, picked_up, id, tracking_url, origin, .. } = &mut package;
    let mut fields = [
        ("carrier", carrier),
        ("number", tracking_number),
        ("method", method),
        ("picked-up", picked_up),
        ("id", id),
        ("url", tracking_url),
        ("origin", origin),
    ];
    assign(text, &mut fields)?;
    Ok(package)
}

/// Reads `name=value,name=value` into the fields with these names.
pub(super) fn assign(text: &str, fields: &mut [(&'static str, &mut Option<String>)]) -> Result<(), String> {
    for pair in text.split(',') {
        let (name, value) = pair.split_once('=').ok_or_else(|| format!("{pair:?} does not have the form name=value"))?;
        let name = name.trim();
        let names = || fields.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let Some(at) = fields.iter().position(|(known, _)| *known == name) else {
            return Err(format!("{name:?} is not one of {}", names()));
        };
        if fields[at].1.replace(value.to_owned()).is_some() {
            return Err(format!("{name} is given twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_read_from_one_argument() {
        let fields = package("carrier=UPS,number=1Z=9,picked-up=2026-11-23").expect("it is a package");
        assert_eq!(fields.carrier.as_deref(), Some("UPS"));
        assert_eq!(fields.tracking_number.as_deref(), Some("1Z=9"));
        for (wrong, why) in [
            ("UPS", "does not have the form name=value"),
            ("weight=1", "is not one of"),
            ("id=1,id=2", "given twice"),
            ("", "does not have the form name=value"),
        ] {
            assert!(package(wrong).expect_err(wrong).contains(why), "{wrong}");
        }
    }
}
