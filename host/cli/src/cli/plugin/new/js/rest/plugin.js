// Tells a cart of each order's status over the cart's REST interface.
//
// The cart is made up. It finds an order by its number, sets its status by PUT, and adds a shipment by POST. A repeated POST would add the shipment again, so
// the plugin first looks whether the shipment exists.

import { Failure, bearer, choices, fine, mayHaveArrived, path, plugin, problem, progress, send } from "cartage-sdk";

/** @type {import("cartage-sdk").Manifest} */
const manifest = {
  name: "@NAME@",
  version: "0.1.0",
  cart: "Example Shop 3 or later",
  summary: "Sets an order's status and adds its shipments.",
  about: { vendor: "Example Ltd" },
  endpoints: [
    {
      name: "api",
      purpose: "the shop's REST interface",
      example: "https://shop.example/api",
      methods: ["get", "put", "post"],
      pathPrefixes: ["/orders", "/version"],
      requestTypes: ["application/json"],
      responseTypes: ["application/json"],
    },
  ],
  slots: [bearer("token", "Settings > API > Access tokens in the shop's back office", { endpoints: ["api"] })],
  statuses: { tag: "fixed", val: choices("open", "shipped", "closed") },
  features: { tracking: true, severalPackages: true, withoutStatus: true },
  // Three requests, and one for each package.
  pace: { requestsPerCall: 100 },
};

export const { describe, listChoices, check, sendOrderStatus } = plugin({
  manifest,

  check(order, context) {
    const refused = refusal(send({ endpoint: "api", path: "/version", auth: ["token"] }), context);
    if (refused !== null) return [problem("credentials", refused.message, "make a token with write access and set it again")];
    const findings = [fine("credentials", "the shop takes the token")];
    if (order === null) return findings;
    const ids = find(order.orderNumber, context);
    const found =
      ids.length === 1
        ? fine("order", `the shop knows the order as ${ids[0]}`)
        : problem("order", `the shop has ${ids.length} orders ${order.orderNumber}`, "look at the order in the shop's back office");
    return [...findings, found];
  },

  sendOrderStatus(update, delivery, context) {
    return progress((work) => {
      // The shop's own id is stored, so the order's next update needs no look-up.
      const id = delivery.knownReference ?? only(find(update.orderNumber, context), update.orderNumber);
      work.reference = id;
      if (update.status !== null) {
        ask({ method: "put", path: path`/orders/${id}/status`, json: { status: update.status } }, context);
        work.step("status set");
      }
      const known = mayHaveArrived(delivery) ? listed(ask({ path: path`/orders/${id}/shipments` }, context)) : [];
      for (const [index, parcel] of update.packages.entries()) {
        if (parcel.told !== "new") continue;
        if (!known.includes(parcel.trackingNumber)) {
          const json = { carrier: parcel.carrier, number: parcel.trackingNumber };
          ask({ method: "post", path: path`/orders/${id}/shipments`, json }, context);
        }
        work.told(index);
      }
    });
  },
});

// The shop's ids of an order. A search may return similar numbers as well, so each candidate is compared exactly.
function find(number, context) {
  const found = listed(ask({ path: "/orders", query: { number } }, context));
  return found.filter((order) => order?.number === number && typeof order.id === "string").map((order) => order.id);
}

function only(ids, number) {
  if (ids.length === 0) throw Failure.orderNotFound(`the shop has no order ${number}`);
  if (ids.length > 1) throw Failure.ambiguousOrder(`the shop has several orders ${number}`);
  return ids[0];
}

function listed(body) {
  if (!Array.isArray(body)) throw Failure.protocol("the shop answered with something else than a list");
  return body;
}

// The shop's answer, if the shop did what was asked.
function ask(request, context) {
  const answer = send({ endpoint: "api", auth: ["token"], ...request });
  const refused = refusal(answer, context);
  if (refused !== null) throw refused;
  return answer.json();
}

// Why the shop did not do what was asked; null if it did. Many shops report a failure with status 200, so the body counts as well.
function refusal(answer, context) {
  const said = `the shop answered HTTP ${answer.status}: ${answer.excerpt}`;
  // If the shop says when to retry, the host waits that long.
  const more = { retryAfterMs: answer.retryAfterMs(context) };
  if (answer.isSuccess) return typeof answer.json()?.error === "string" ? Failure.invalidData(said, more) : null;
  switch (answer.status) {
    case 400:
    case 422:
      return Failure.invalidData(said, more);
    case 401:
      return Failure.credentials(said, more);
    case 403:
      return Failure.notPermitted(said, more);
    case 404:
      return Failure.orderNotFound(said, more);
    case 409:
      return Failure.illegalTransition(said, more);
    case 410:
      return Failure.gone(said, more);
    case 429:
      return Failure.rateLimited(said, more);
    default:
      return answer.status >= 500 ? Failure.unavailable(said, more) : Failure.protocol(said, more);
  }
}
