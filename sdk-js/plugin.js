// The four functions that the host calls, made of what the plugin's author writes.

import { manifest } from "./manifest.js";
import { Failure } from "./outcome.js";
import * as log from "./log.js";

const FUNCTIONS = ["check", "listChoices", "sendOrderStatus"];

export function plugin({ manifest: given, ...functions }) {
  const unknown = Object.keys(functions).find((name) => !FUNCTIONS.includes(name));
  if (unknown !== undefined) throw new TypeError(`a plugin has no ${unknown}; it has a manifest and the functions ${FUNCTIONS.join(", ")}`);
  for (const name of ["check", "sendOrderStatus"]) {
    if (typeof functions[name] !== "function") throw new TypeError(`a plugin needs the function ${name}`);
  }
  // It is made while the component is built, so a mistake in it ends the build with its message.
  const described = manifest(given);
  return {
    describe: () => described,
    listChoices: guarded("listChoices", functions.listChoices ?? (() => []), listed),
    check: guarded("check", functions.check, reported),
    sendOrderStatus: guarded("sendOrderStatus", functions.sendOrderStatus, applied),
  };
}

// Lets the operator see why a plugin ended: an error of JavaScript has no other way out of a component. The host knows the line by its first word.
function guarded(name, call, checked) {
  return (...given) => {
    try {
      return checked(call(...given));
    } catch (error) {
      if (!(error instanceof Failure)) log.error(`panicked in ${name}: ${error}\n${error?.stack ?? ""}`);
      throw error;
    }
  };
}

function applied(value) {
  if (value?.outcome === undefined) throw wrong("sendOrderStatus", value, "Applied.done()");
  return value;
}

function reported(value) {
  const report = Array.isArray(value) ? { findings: value } : value;
  if (!Array.isArray(report?.findings)) throw wrong("check", value, "a list of findings, such as [fine(\"reachability\", \"the shop answered\")]");
  return { order: null, ...report };
}

function listed(value) {
  if (!Array.isArray(value)) throw wrong("listChoices", value, "a list of choices, such as choices(\"open\", \"shipped\")");
  return value;
}

function wrong(name, value, right) {
  const what = value instanceof Promise ? "a promise; calls are synchronous, so leave out async" : String(value);
  return new TypeError(`${name} returned ${what}; return ${right}`);
}
