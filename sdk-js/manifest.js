// What a plugin says of itself. What is left out gets the contract's plainest value; what the contract does not know is refused.

const MANIFEST = {
  name: undefined,
  version: undefined,
  cart: undefined,
  summary: undefined,
  about: undefined,
  endpoints: [],
  slots: [],
  settings: [],
  statuses: { tag: "free-text" },
  features: {},
  carriers: { tag: "any" },
  personalFields: [],
  pace: {},
  requires: [],
  extra: [],
};

const ABOUT = { vendor: undefined, support: null, licence: null, changelog: null };

const PACE = { requestsPerMinute: null, concurrency: null, requestsPerCall: null, responseBytes: null };

const ENDPOINT = {
  name: undefined,
  purpose: undefined,
  example: undefined,
  base: { tag: "any" },
  required: true,
  methods: undefined,
  pathPrefixes: undefined,
  requestHeaders: [],
  requestTypes: [],
  responseHeaders: [],
  responseTypes: [],
  extra: [],
};

const SLOT = {
  name: undefined,
  purpose: undefined,
  kind: undefined,
  required: true,
  alternative: null,
  endpoints: [],
  fields: undefined,
  hashed: false,
  extra: [],
};

const SETTING = {
  name: undefined,
  title: undefined,
  help: "",
  kind: undefined,
  required: false,
  default: null,
  formerNames: [],
  extra: [],
};

const FEATURES = [
  "tracking",
  "severalPackages",
  "packageContents",
  "corrections",
  "withdrawals",
  "lineItems",
  "notes",
  "withoutStatus",
  "customerNotification",
  "mailsCustomer",
  "safeToRepeat",
  "fullState",
];

const METHODS = ["get", "head", "post", "put", "patch", "delete", "options"];

export function manifest(given) {
  const whole = filled("the manifest", MANIFEST, given);
  return {
    ...whole,
    about: filled("about", ABOUT, whole.about),
    endpoints: whole.endpoints.map((one) => {
      const endpoint = filled(`the endpoint ${one?.name}`, ENDPOINT, one);
      return { ...endpoint, methods: endpoint.methods.map(method) };
    }),
    slots: whole.slots.map((one) => filled(`the slot ${one?.name}`, SLOT, one)),
    settings: whole.settings.map((one) => filled(`the setting ${one?.name}`, SETTING, one)),
    features: filled("features", Object.fromEntries(FEATURES.map((name) => [name, false])), whole.features),
    pace: filled("pace", PACE, whole.pace),
  };
}

export function method(name) {
  if (typeof name !== "string") throw new TypeError(`a method is a text such as "get", and not ${name}`);
  return METHODS.includes(name) ? { tag: name } : { tag: "other", val: name };
}

export function choices(...values) {
  return values.map((value) => ({ value, title: null }));
}

export function basic(name, purpose, more) {
  return slot(name, purpose, { tag: "basic" }, [field("username", "the user name", { secret: false }), field("password", "the password")], more);
}

export function basicKey(name, purpose, more) {
  const fields = [field("username", "the key"), field("password", "nothing: leave it empty", { required: false })];
  return slot(name, purpose, { tag: "basic" }, fields, more);
}

export function bearer(name, purpose, more) {
  return slot(name, purpose, { tag: "bearer" }, [field("token", "the token")], more);
}

export function header(name, purpose, placement, more) {
  const val = { prefix: "", ...(typeof placement === "string" ? { name: placement } : placement) };
  return slot(name, purpose, { tag: "header", val }, [field("value", "the header's value")], more);
}

export function query(name, purpose, pair, more) {
  return slot(name, purpose, { tag: "query", val: pair }, [field("value", "the pair's value")], more);
}

export function form(name, purpose, fields, more) {
  return slot(name, purpose, { tag: "form-field" }, fields, more);
}

export function macKey(name, purpose, encoding, more) {
  return slot(name, purpose, { tag: "mac-key", val: encoding }, [field("key", "the key")], more);
}

export function field(name, purpose, { secret = true, required = true } = {}) {
  return { name, purpose, secret, required };
}

function slot(name, purpose, kind, fields, more) {
  return { name, purpose, kind, fields, ...more };
}

function filled(what, usual, given) {
  if (typeof given !== "object" || given === null) throw new TypeError(`${what} is ${given}, and not an object`);
  const unknown = Object.keys(given).find((name) => !(name in usual));
  if (unknown !== undefined) throw new TypeError(`${what} has no ${unknown}; it has ${Object.keys(usual).join(", ")}`);
  const whole = { ...usual, ...given };
  const missing = Object.keys(whole).find((name) => whole[name] === undefined);
  if (missing !== undefined) throw new TypeError(`${what} needs a ${missing}`);
  return whole;
}
