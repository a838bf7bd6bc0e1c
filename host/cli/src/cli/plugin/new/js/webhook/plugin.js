// Posts each order's status to a cart as JSON that is signed.
//
// The cart is made up. It checks the signature in the header `x-signature`, and recognises a repeat by the header `idempotency-key`. A cart that accepts
// Standard Webhooks needs no plugin of its own: Cartage contains `plugins/webhook`.

import { Applied, Failure, fine, hex, mac, macKey, plugin, send, warning } from "cartage-sdk";

/** @type {import("cartage-sdk").Manifest} */
const manifest = {
  name: "@NAME@",
  version: "0.1.0",
  cart: "Example Shop 3 or later",
  summary: "Posts each status update as signed JSON.",
  about: { vendor: "Example Ltd" },
  endpoints: [
    {
      name: "receiver",
      purpose: "the URL that takes the posts",
      example: "https://shop.example/orders",
      methods: ["post", "head"],
      pathPrefixes: ["/"],
      requestHeaders: ["idempotency-key", "x-signature"],
      requestTypes: ["application/json"],
      // An answer without a body is accepted as well. An HTML page is not, because it would look like a success.
      responseTypes: ["application/json", "text/plain"],
    },
  ],
  // The host signs: the plugin never sees the key.
  slots: [macKey("key", "Settings > Webhooks > Signing key in the shop's back office", "text")],
  features: { tracking: true, severalPackages: true, notes: true, safeToRepeat: true },
  personalFields: ["note"],
};

export const { describe, listChoices, check, sendOrderStatus } = plugin({
  manifest,

  check() {
    // A POST would be an update, so the check only asks whether the server answers.
    const answer = send({ method: "head", endpoint: "receiver" });
    return [
      fine("reachability", `the shop's server answers (HTTP ${answer.status})`),
      warning(
        "credentials",
        "whether the shop has the same key is not known: only a post could tell",
        "send the first update in the mode only-orders, and look at its receipt",
      ),
    ];
  },

  sendOrderStatus(update, delivery, context) {
    const news = update.packages.filter((parcel) => parcel.told === "new");
    const body = JSON.stringify({
      order: update.orderNumber,
      status: update.status,
      note: update.note,
      new_packages: news.map((parcel) => ({ carrier: parcel.carrier, number: parcel.trackingNumber })),
    });
    const answer = send({
      method: "post",
      endpoint: "receiver",
      headers: { "idempotency-key": delivery.id, "x-signature": hex(mac("key", "sha256", body)) },
      type: "application/json",
      body,
    });
    return outcome(answer, context);
  },
});

// What the shop's answer means. If an answer is lost or cut off, `send` throws before this function is called, and the update is sent again.
function outcome(answer, context) {
  const said = `the shop answered HTTP ${answer.status}: ${answer.excerpt}`;
  // If the shop says when to retry, the host waits that long.
  const more = { retryAfterMs: answer.retryAfterMs(context) };
  if (answer.isSuccess) return Applied.done();
  switch (answer.status) {
    case 401:
    case 403:
      throw Failure.credentials(said, more);
    case 404:
    case 405:
      throw Failure.misconfigured(`set the URL that takes posts: ${said}`, more);
    case 410:
      throw Failure.gone(said, more);
    case 400:
    case 422:
      throw Failure.invalidData(said, more);
    case 429:
      throw Failure.rateLimited(said, more);
    default:
      throw answer.status >= 500 ? Failure.unavailable(said, more) : Failure.protocol(said, more);
  }
}
