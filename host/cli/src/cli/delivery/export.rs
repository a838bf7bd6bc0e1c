//! `cartage delivery export`: writes one file for support, or a delivery's recordings as a folder of cassettes.

use super::{Filter, delivery, find, found, named, unknown};
use crate::cli::api::{Client, to};
use crate::cli::{Failure, Verdict, console, report};
use cartage::cassette::{Cassette, file};
use cartage::counted::counted;
use cartage::id::DeliveryId;
use cartage_http::api::documents::NAMED_MAX;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What is exported, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The ids of deliveries, then the new file to write. With --cassettes: one id, then an existing folder.
    #[arg(value_names = ["ID", "FILE"], num_args = 1.., required = true)]
    ids_and_file: Vec<String>,
    /// Export all dead letters that the filters find.
    #[arg(long)]
    all: bool,
    /// Write the recordings of one delivery into a folder instead, one file per attempt, for `cartage plugin replay`.
    #[arg(long, conflicts_with = "all")]
    cassettes: bool,
    #[command(flatten)]
    filter: Filter,
}

impl Args {
    pub(super) async fn run(self, api: &Client, json: bool) -> Result<Verdict, Failure> {
        let Args { mut ids_and_file, all, cassettes, filter } = self;
        let file = PathBuf::from(ids_and_file.pop().expect("clap wants one at least"));
        let ids: Result<Vec<DeliveryId>, String> = ids_and_file.iter().map(|id| delivery(id)).collect();
        let ids = ids.map_err(|why| Failure::wrong_use(format!("{why}; the last argument names the file")))?;
        if cassettes {
            let [id] = ids.as_slice() else {
                return Err(Failure::wrong_use("--cassettes writes the recordings of one delivery: name its id and then a folder"));
            };
            if filter.is_set() {
                return Err(Failure::wrong_use("filters select dead letters; leave out the filters or --cassettes"));
            }
            return export_cassettes(api, id, &file, json).await;
        }
        if all != ids.is_empty() || (!all && filter.is_set()) {
            return Err(Failure::wrong_use(
                "name deliveries by their ids and then the file, or give --all, with or without filters, and the file",
            ));
        }
        let first = ids.first().cloned();
        // One file holds fewer than one request names, so what the request does not name is left out in any case.
        let (ids, beyond) = ids.split_at(ids.len().min(NAMED_MAX));
        let body = if all { filter.dead_letters() } else { named(ids) };
        let mut document: Value = api.post(to(&["deliveries", "export"]), &body).await?;
        let left_out = document["left_out"].as_u64().unwrap_or_default() + beyond.len() as u64;
        document["left_out"] = left_out.into();
        let found = document["deliveries"].as_array().map_or(0, Vec::len);
        if let (0, Some(first)) = (found, first) {
            return Err(unknown(&first));
        }
        let text = serde_json::to_string_pretty(&document).expect("it is plain data");
        write_new(&file, text.as_bytes())?;
        if json {
            report::json(&serde_json::json!({ "file": file, "deliveries": found, "left_out": left_out }));
            return Ok(Verdict::Done);
        }
        report::line(&format!("{} holds {}, without secrets and personal data", file.display(), counted(found, "delivery")));
        if left_out > 0 {
            report::talk(&format!("{left_out} more were left out; use --cart, --reason and --since to select fewer"));
        }
        report::talk("personal data is recognised by the names of its fields: look through the file before you pass it on");
        Ok(Verdict::Done)
    }
}

/// Writes the recordings of a delivery, one file an attempt.
async fn export_cassettes(api: &Client, id: &DeliveryId, folder: &Path, json: bool) -> Result<Verdict, Failure> {
    let mut all: Vec<(u32, Cassette)> = Vec::new();
    for attempt in find(api, id).await?.cassettes {
        let asked = to(&["deliveries", id.as_str(), "cassettes", &attempt.to_string()]).flag("redacted", true);
        all.extend(found(api.get(asked).await)?.map(|cassette| (attempt, cassette)));
    }
    if all.is_empty() {
        return Err(Failure::wrong_use(format!(
            "there is no recording of an attempt at delivery {id}; none was kept, or all were deleted"
        ))
        .what_to_do(format!("`cartage delivery show {id}` shows what is stored of the delivery")));
    }
    let mut files = Vec::new();
    for (attempt, cassette) in &all {
        // Leading zeros make the order of names the order of attempts.
        let path = folder.join(format!("attempt-{attempt:03}.json"));
        let text = file::write(cassette);
        write_new(&path, text.as_bytes())?;
        files.push(path);
    }
    if json {
        report::json(&serde_json::json!({ "delivery": id, "files": files }));
        return Ok(Verdict::Done);
    }
    files.iter().for_each(|file| report::line(&file.display().to_string()));
    let what = counted(files.len(), "cassette");
    report::talk(&format!(
        "wrote {what} without secrets and personal data; `cartage plugin replay FILE {}` runs a plugin against them",
        folder.display()
    ));
    Ok(Verdict::Done)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    console::write_new(path, bytes).map_err(|error| {
        Failure::wrong_use(format!("could not create {}: {error}", path.display()))
            .what_to_do("name a file that does not exist yet, in a folder that exists")
    })
}
