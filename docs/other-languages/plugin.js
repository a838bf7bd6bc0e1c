import http from "cartage:plugin/http@1.0.0";

const shop = {
  name: "shop", purpose: "The shop's interface", example: "https://shop.example/api", base: { tag: "any" }, required: true,
  methods: [{ tag: "post" }], pathPrefixes: ["/orders"], requestHeaders: ["content-type"], requestTypes: ["application/json"],
  responseHeaders: [], responseTypes: ["application/json"], extra: [],
};

const token = {
  name: "token", purpose: "The shop's token", kind: { tag: "bearer" }, required: true, alternative: null, endpoints: ["shop"],
  fields: [{ name: "token", purpose: "The token", secret: true, required: true }], hashed: false, extra: [],
};

export function describe() {
  return {
    name: "example-js", version: "1.0.0", cart: "Example", summary: "Posts the status of an order as JSON.",
    about: { vendor: "Example", support: null, licence: null, changelog: null },
    endpoints: [shop], slots: [token], settings: [], statuses: { tag: "free-text" }, features: {}, carriers: { tag: "any" },
    personalFields: [], pace: { requestsPerMinute: null, concurrency: null, requestsPerCall: null, responseBytes: null },
    requires: [], extra: [],
  };
}

export function listChoices() {
  return [];
}

export function check() {
  return { findings: [], order: null };
}

export function sendOrderStatus(update, delivery, context) {
  const body = JSON.stringify({ status: update.status });
  let response;
  try {
    response = http.send({
      endpoint: "shop", method: { tag: "post" }, effect: "writes", path: `/orders/${encodeURIComponent(update.orderNumber)}`, query: [],
      headers: [{ name: "content-type", value: [{ tag: "text", val: "application/json" }] }], body: [{ tag: "text", val: body }],
      auth: ["token"], renew: false, extra: [],
    });
  } catch (error) {
    throw failure(error.kind === "connect" || error.kind === "timeout" ? "unavailable" : "host-denied", error.message ?? String(error));
  }
  if (response.status === 200) {
    return { outcome: "done", reference: null, message: null, steps: [], packages: [], restMs: null, extra: [] };
  }
  if (response.status === 404) throw failure("order-not-found", "the shop has no such order");
  throw failure("unavailable", `the shop answered ${response.status}`);
}

function failure(kind, message) {
  return { kind, message, retry: { tag: "default" }, steps: [], resume: null, reference: null, packages: [], extra: [] };
}
