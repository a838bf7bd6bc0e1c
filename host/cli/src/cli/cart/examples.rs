//! The examples in the help of `cartage cart`'s commands.

pub(super) const NEW: &str = "\
Examples:
  Write seed-shop.toml, with a comment for each value that the plugin takes; fill it in, and load it:
      cartage cart new seed-shop --plugin integration-script.wasm
      cartage apply seed-shop.toml
  The same for a shop on this machine, with the exception that its address needs:
      cartage cart new my-shop --plugin integration-script.wasm --url http://127.0.0.1:8080/seti.php
  Answer a question for each value, and load the file that was written:
      cartage cart new seed-shop --plugin integration-script.wasm --ask
      cartage apply seed-shop.toml

Questions appear on standard error; answers are read from standard input, one line each, and an
invalid answer is asked for again. Passwords are not asked for, because they do not belong in a
file: set them with `cartage credential set` once the cart is loaded.";

pub(super) const LIST: &str = "\
Examples:
      cartage cart list
      cartage cart list --json";

pub(super) const SHOW: &str = "\
Examples:
      cartage cart show seed-shop";

pub(super) const ENABLE: &str = "\
Examples:
      cartage cart enable seed-shop";

pub(super) const DISABLE: &str = "\
Examples:
      cartage cart disable seed-shop";

pub(super) const PAUSE: &str = "\
Examples:
      cartage cart pause seed-shop --reason \"the shop moves until Monday\"
  Every cart at once, for example while you look for the cause of a problem:
      cartage cart pause --all --reason \"wrong tracking numbers went out\"

Updates for a paused cart are accepted and wait.";

pub(super) const RESUME: &str = "\
Examples:
      cartage cart resume seed-shop
  All carts that were paused together; a cart that was paused by itself stays paused:
      cartage cart resume --all";

pub(super) const REMOVE: &str = "\
Examples:
  Save the cart's definition, and remove the cart:
      cartage export seed-shop > seed-shop.toml
      cartage cart remove seed-shop
  Remove a cart although deliveries wait for it; they are discarded and never sent:
      cartage cart remove seed-shop --discard-queue";

pub(super) const CHECK: &str = "\
Examples:
      cartage cart check seed-shop
  The order 1021 as the cart has it, if the cart's protocol can look up orders:
      cartage cart check seed-shop --order 1021

Waiting credentials (`cartage credential set --next`) are tried first, and are in use from then on
if the plugin says that the cart accepts them. Where statuses differ from shop to shop, the
command asks the cart for its statuses and names the labels that lead to none of them. Exit code
0: no problem was found; 1: there is one.";

pub(super) const LABEL: &str = "\
Examples:
  Map the label to the cart's status `Shipped`:
      cartage cart label seed-shop \"Order Shipped\" --status Shipped
  Send nothing for a label; or send tracking numbers and leave the cart's status alone:
      cartage cart label seed-shop \"Order Packed\" --as ignore
      cartage cart label seed-shop \"Tracking Changed\" --as tracking-only";

pub(super) const MODE: &str = "\
Examples:
  Send one order, and only record the others:
      cartage cart mode seed-shop only-orders --order 1021
  Send everything that passes the gate:
      cartage cart mode seed-shop live
  Send nothing, and record what would be sent:
      cartage cart mode seed-shop shadow";

pub(super) const UPGRADE: &str = "\
Examples:
  See what a new version changes and asks for, then take it:
      cartage cart upgrade seed-shop --plugin integration-script-0.2.0.wasm --dry-run
      cartage cart upgrade seed-shop --plugin integration-script-0.2.0.wasm
  Take a version that asks for more than the one before it, after reading what it asks for:
      cartage cart upgrade seed-shop --plugin integration-script-0.2.0.wasm --approve
  Take a version only if it does the same as the present one in the last 50 attempts:
      cartage cart upgrade seed-shop --plugin integration-script-0.2.0.wasm --replay-last 50

Settings under former names carry over. The previous version is kept: `cartage cart rollback`
returns to it.";

pub(super) const ROLLBACK: &str = "\
Examples:
  Go back to the plugin that ran before the present one:
      cartage cart rollback seed-shop
  Go back to one of the plugins that `cartage cart show` lists:
      cartage cart rollback seed-shop \\
          sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

pub(super) const RECORDING: &str = "\
Examples:
  Record everything that goes over the wire for an hour, and end that early:
      cartage cart recording seed-shop raw --for 1h --why \"a postcode arrives wrong\"
      cartage cart recording seed-shop redacted

In recordings, words such as redacted-name-1 replace names, addresses, e-mail addresses, telephone
numbers and notes. Raw recordings contain them: they are deleted after a day, `cartage delivery
export` never includes them, and the audit says that they were made.";
