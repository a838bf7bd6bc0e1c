// Posts status updates as signed JSON, by Standard Webhooks, to any cart or service that takes such posts.
//
// It does what the plugin `webhook` in Rust does, request for request. Read it from top to bottom: what it asks for, how an operator sees whether it
// works, how it sends an update, and what each answer means.

import { Applied, Failure, base64, fine, mac, macKey, plugin, problem, send, warning } from "cartage-sdk";
import { message } from "./message.js";

/** @type {import("cartage-sdk").Manifest} */
const manifest = {
  name: "webhook",
  version: "0.1.0",
  cart: "Any cart or service that takes Standard Webhooks",
  summary: "Posts each status update as JSON, signed with a key that the receiver shares.",
  about: { vendor: "The Cartage project", licence: "Apache-2.0 WITH LLVM-exception OR MIT" },
  endpoints: [
    {
      name: "receiver",
      purpose: "the URL that takes the posts",
      example: "https://shop.example/webhooks/orders",
      methods: ["post", "head"],
      pathPrefixes: ["/"],
      requestHeaders: ["webhook-id", "webhook-timestamp", "webhook-signature"],
      requestTypes: ["application/json"],
    },
  ],
  slots: [macKey("key", "the signing key that the receiver shows; it begins with whsec_", "whsec")],
  features: {
    tracking: true,
    severalPackages: true,
    packageContents: true,
    corrections: true,
    withdrawals: true,
    lineItems: true,
    notes: true,
    withoutStatus: true,
    customerNotification: true,
    safeToRepeat: true,
  },
  personalFields: ["note", "comments"],
};

export const { describe, listChoices, check, sendOrderStatus } = plugin({
  manifest,

  check(order) {
    // A post would be an update, so the receiver is only asked whether it is there. Many answer 404 or 405 to anything but a post.
    const answer = send({ method: "head", endpoint: "receiver" });
    const findings = [
      reachability(answer),
      warning(
        "credentials",
        "whether the receiver has the same key is not known: only a post could tell",
        "send the first update in the mode only-orders, and look at its receipt",
      ),
    ];
    if (order !== null) {
      findings.push(
        warning(
          "order",
          `order ${order.orderNumber} was not looked up: a webhook has no question about one order`,
          "look at the order where the receiver shows it",
        ),
      );
    }
    return findings;
  },

  sendOrderStatus(update, delivery, context) {
    const body = JSON.stringify(message(update));
    // The id is the same in every attempt, so a receiver knows a repeat. The time is that of the attempt, so an old post cannot be played again.
    const { id } = delivery;
    const timestamp = Math.floor(context.nowUnixMs / 1000);
    const signature = mac("key", "sha256", `${id}.${timestamp}.${body}`);
    const answer = send({
      method: "post",
      endpoint: "receiver",
      headers: { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${base64(signature)}` },
      type: "application/json",
      body,
    });
    return outcome(answer, context);
  },
});

function reachability(answer) {
  if (answer.status === 410) return problem("reachability", "the receiver is gone", "ask who runs it where it went");
  if (answer.status >= 500) return warning("reachability", said(answer), "look whether the receiver is out of order");
  return fine("reachability", `the receiver's server answers (HTTP ${answer.status})`);
}

// What the receiver's answer means. An answer that is lost or cut off never comes here: `send` throws, and the update is sent again.
function outcome(answer, context) {
  const words = said(answer);
  const more = { retryAfterMs: answer.retryAfterMs(context) };
  if (answer.isSuccess) {
    if (isPage(answer)) throw Failure.protocol(`a page for people is no receiver's answer; ${words}`, more);
    return Applied.done();
  }
  switch (answer.status) {
    case 401:
    case 403:
      throw Failure.credentials(`the receiver does not take the signature, or not from here; ${words}`, more);
    case 301:
    case 308:
    case 404:
    case 405:
      throw Failure.misconfigured(`no receiver takes posts there: set the right URL; ${words}`, more);
    case 409:
    case 423:
      throw Failure.orderBusy(words, more);
    case 400:
    case 413:
    case 422:
      throw Failure.invalidData(words, more);
    case 410:
      throw Failure.gone(words, more);
    case 429:
      throw Failure.rateLimited(words, more);
    case 408:
    case 425:
      throw Failure.unavailable(words, more);
    default:
      throw answer.status >= 500 ? Failure.unavailable(words, more) : Failure.protocol(words, more);
  }
}

// Many servers answer every unknown address with their front page and status 200.
function isPage(answer) {
  return /^\s*<(!doctype html|html)/i.test(answer.start);
}

function said(answer) {
  return `the receiver answered HTTP ${answer.status}: ${answer.excerpt}`;
}
