// What came of a call: the update applied, or a failure whose kind decides what the host does next.

// Kinds of failure after which trying again cannot help.
const FINAL = ["not-permitted", "order-not-found", "ambiguous-order", "invalid-data", "status-not-supported", "illegal-transition", "gone"];

const OTHER = ["credentials", "misconfigured", "rate-limited", "pending", "order-busy", "unavailable", "protocol", "host-denied"];

export const Applied = {
  done: (more) => applied("done", more),
  alreadyDone: (more) => applied("already-done", more),
};

function applied(outcome, { reference = null, message = null, steps = [], packages = [], restMs = null, extra = [] } = {}) {
  return { outcome, reference: textOrNull(reference), message: textOrNull(message || null), steps: steps.map(step), packages: packages.map(told), restMs, extra };
}

export class Failure extends Error {
  constructor(kind, message, { retryAfterMs = null, steps = [], resume = null, reference = null, packages = [], extra = [] } = {}) {
    if (!FINAL.includes(kind) && !OTHER.includes(kind)) throw new TypeError(`there is no kind of failure ${kind}`);
    super(message);
    this.kind = kind;
    // The component's runtime takes this for what the function failed with.
    this.payload = {
      kind,
      message: String(message),
      retry: retry(kind, retryAfterMs),
      steps: steps.map(step),
      resume,
      reference: textOrNull(reference),
      packages: packages.map(told),
      extra,
    };
  }
}

for (const kind of [...FINAL, ...OTHER]) {
  const name = kind.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  Failure[name] = (message, more) => new Failure(kind, message, more);
}

function retry(kind, afterMs) {
  if (afterMs !== null) return { tag: "after-ms", val: afterMs };
  return { tag: FINAL.includes(kind) ? "never" : "default" };
}

function step({ name, reference = null }) {
  return { name: String(name), reference: textOrNull(reference) };
}

function told({ index, reference = null }) {
  return { index, reference: textOrNull(reference) };
}

// Many carts give numbers as ids.
function textOrNull(value) {
  return value === null || value === undefined ? null : String(value);
}

export function fine(about, message) {
  return { level: "fine", about, message: String(message), remedy: null };
}

export function warning(about, message, remedy) {
  return { level: "warning", about, message: String(message), remedy: String(remedy) };
}

export function problem(about, message, remedy) {
  return { level: "problem", about, message: String(message), remedy: String(remedy) };
}

export function mayHaveArrived(delivery) {
  return delivery.earlier.some((attempt) => attempt.reach !== "nothing-sent");
}

export function setting(context, name) {
  return context.settings.find((setting) => setting.name === name)?.value.val ?? null;
}
