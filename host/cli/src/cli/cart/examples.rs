//! The examples in the help of `cartage cart`'s commands.

pub(super) const NEW: &str = "\
Examples:
  Write seed-shop.toml, with a comment for each thing that the plugin takes; fill it in, and load it:
      cartage cart new seed-shop --plugin integration-script.wasm
      cartage apply seed-shop.toml
  The same for a shop on this machine, with the exception that its address needs:
      cartage cart new my-shop --plugin integration-script.wasm --url http://127.0.0.1:8080/seti.php
  Be asked for each thing, and load what was written:
      cartage cart new seed-shop --plugin integration-script.wasm --ask
      cartage apply seed-shop.toml

Questions are asked on standard error and answered on standard input, a line each; an answer that cannot be is asked for again. Passwords
are not asked for: they do not belong into a file, and `cartage credential set` takes them once the cart is loaded.";

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
  Everything at once, for example while something is found out:
      cartage cart pause --all --reason \"wrong tracking numbers went out\"

What is to be sent to a paused cart is accepted and waits.";

pub(super) const RESUME: &str = "\
Examples:
      cartage cart resume seed-shop
  All that were paused together; one that was paused by itself, before or meanwhile, stays paused:
      cartage cart resume --all";

pub(super) const REMOVE: &str = "\
Examples:
  Keep what it was, and remove it:
      cartage export seed-shop > seed-shop.toml
      cartage cart remove seed-shop
  Also where something waits for it, which is then ended and never sent:
      cartage cart remove seed-shop --discard-queue";

pub(super) const CHECK: &str = "\
Examples:
      cartage cart check seed-shop
  The order 1021 as the cart sees it, if the cart's protocol can say:
      cartage cart check seed-shop --order 1021

Credentials that wait (`cartage credential set --next`) are asked about first, and are in use from then on if the plugin says that the cart
takes them. Where statuses differ from shop to shop, the cart is asked for its own, and labels that lead to none of them are named. Exit code
0: no problem was found; 1: there is one.";

pub(super) const LABEL: &str = "\
Examples:
  The label is the cart's status `Shipped`:
      cartage cart label seed-shop \"Order Shipped\" --status Shipped
  Nothing is sent for it; or tracking numbers are sent, and the cart's status stays:
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
  Take one that asks for more than the one before it, having read what:
      cartage cart upgrade seed-shop --plugin integration-script-0.2.0.wasm --approve
  Take one only if it does the same with the last 50 attempts as the present one:
      cartage cart upgrade seed-shop --plugin integration-script-0.2.0.wasm --replay-last 50

Settings under former names carry over. The version before is kept: `cartage cart rollback` returns to it.";

pub(super) const ROLLBACK: &str = "\
Examples:
  Back to the plugin that ran last before the present one:
      cartage cart rollback seed-shop
  Back to one of those that `cartage cart show` lists:
      cartage cart rollback seed-shop \\
          sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

pub(super) const RECORDING: &str = "\
Examples:
  See for an hour what really goes over the wire, and end it before the hour is over:
      cartage cart recording seed-shop raw --for 1h --why \"a postcode arrives wrong\"
      cartage cart recording seed-shop redacted

Recordings have words such as redacted-name-1 where names, addresses, e-mail, telephone numbers and notes stood. Raw ones hold them: they are
deleted after a day, never leave with `cartage delivery export`, and that they were made stands in the audit.";
