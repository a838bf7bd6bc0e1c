// Signatures with keys that the plugin never sees.

import signing from "cartage:plugin/signing@1.0.0";
import { failureOf, parts } from "./http.js";

export function mac(slot, algorithm, message) {
  return asked(() => signing.mac(slot, algorithm, parts(message)));
}

export function digest(algorithm, message) {
  return asked(() => signing.digest(algorithm, parts(message)));
}

function asked(ask) {
  try {
    return ask();
  } catch (error) {
    throw failureOf(error, {});
  }
}
