// Notes for the delivery's record, read by people. Never an order's personal data.

import host from "cartage:plugin/log@1.0.0";

export function debug(message) {
  host.log("debug", String(message));
}

export function info(message) {
  host.log("info", String(message));
}

export function warn(message) {
  host.log("warn", String(message));
}

export function error(message) {
  host.log("error", String(message));
}
