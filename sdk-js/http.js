// Requests to the cart, and what it answers. A request names an endpoint of the manifest, never a URL; the host adds the credentials last.

import http from "cartage:plugin/http@1.0.0";
import { EXCERPT_READ_MAX, decode, decodeStart, excerpt } from "./encoding.js";
import { method as methodOf } from "./manifest.js";
import { Failure } from "./outcome.js";

const READS = ["get", "head", "options"];

// Larger and deeper JSON is not read: parsed, it takes several times as much memory, and stack for each level.
const JSON_BYTES_MAX = 1 << 20;
const JSON_DEPTH_MAX = 500;

// What the host refused, what did not arrive, and what could not be understood. Every other kind says that the host denied the request.
const KINDS = {
  "dns": "unavailable",
  "connect": "unavailable",
  "tls": "unavailable",
  "timeout": "unavailable",
  "interrupted": "unavailable",
  "other": "unavailable",
  "response-invalid": "protocol",
  "response-too-large": "protocol",
  "response-type": "protocol",
  "token-refused": "credentials",
};

export function send({ endpoint, method = "get", effect, path = "", query = {}, headers = {}, auth = [], renew = false, extra = [], ...content }) {
  for (const [name, given] of Object.entries({ endpoint, path })) {
    if (typeof given !== "string") throw new TypeError(`the ${name} of a request is a text, and not ${given}`);
  }
  const [type, body] = contentOf(content);
  const named = (pairs) => pairs.map(([name, value]) => ({ name, value: parts(value) }));
  const request = {
    endpoint,
    method: methodOf(method),
    effect: effect ?? (READS.includes(method) ? "reads" : "writes"),
    path,
    query: pairs(query).map(([name, value]) => ({ name, value: value === null ? null : parts(value) })),
    headers: named(type === null ? pairs(headers) : [...pairs(headers), ["content-type", type]]),
    body,
    auth,
    renew,
    extra,
  };
  try {
    return new Answer(http.send(request));
  } catch (error) {
    throw failureOf(error, KINDS);
  }
}

// The content type and the parts of a body.
function contentOf({ json, form, body, type, ...unknown }) {
  const [name] = Object.keys(unknown);
  if (name !== undefined) throw new TypeError(`a request has no ${name}`);
  if (json !== undefined) return [type ?? "application/json", parts(JSON.stringify(json))];
  if (form !== undefined) return [type ?? "application/x-www-form-urlencoded", formParts(pairs(form))];
  if (body === undefined) return [null, null];
  if (type === undefined) throw new TypeError("a request with a body names its type: type: \"text/xml\"");
  return [type, parts(body)];
}

function formParts(pairs) {
  return pairs.flatMap(([name, value], at) => [
    text(`${at > 0 ? "&" : ""}${formEncoded(name)}=`),
    ...parts(value).map((part) => (part.tag === "text" ? text(formEncoded(part.val)) : part)),
  ]);
}

// As in application/x-www-form-urlencoded.
function formEncoded(value) {
  return encodeURIComponent(value)
    .replace(/[!'()~]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, "+");
}

function pairs(given) {
  return Array.isArray(given) ? given : Object.entries(given);
}

function parts(value) {
  if (Array.isArray(value)) return value.flatMap(parts);
  if (typeof value === "string" || typeof value === "number") return [text(value)];
  if (value instanceof Uint8Array) return [bytes(value)];
  if (typeof value?.tag === "string") return [value];
  throw new TypeError(`${value} is no part of a request; give a text, a number, bytes or a secret`);
}

export { parts };

export function text(value) {
  return { tag: "text", val: String(value) };
}

export function bytes(value) {
  return { tag: "bytes", val: value };
}

export function raw(value) {
  return { tag: "raw", val: value };
}

export function secret(slot, field, escape = "none") {
  return { tag: "secret", val: { slot, field, escape } };
}

export function path(pieces, ...values) {
  return values.reduce((whole, value, at) => whole + segment(String(value)) + pieces[at + 1], pieces[0]);
}

// A value cannot leave its segment: what some server might take for more than one, or for a step up, is refused.
function segment(value) {
  const isUnsafe = (text) => text === "." || text === ".." || /[/\\\p{Cc}]/u.test(text) || /^\.{1,2};/.test(text);
  let text = value;
  for (let times = 0; times < 4; times += 1) {
    if (value === "" || isUnsafe(text)) throw Failure.invalidData(`${JSON.stringify(value)} cannot be one segment of a path`);
    text = decodedOnce(text);
  }
  return encodeURIComponent(value).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function decodedOnce(text) {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
}

// A denial of the host is the plugin's failure. Anything else is an error of the plugin's own.
export function failureOf(error, kinds) {
  const denied = error?.payload;
  return typeof denied?.kind === "string" ? new Failure(kinds[denied.kind] ?? "host-denied", denied.message) : error;
}

export class Answer {
  constructor({ status, headers, body }) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  get isSuccess() {
    return this.status >= 200 && this.status <= 299;
  }

  header(name) {
    return this.headers.find((header) => header.name.toLowerCase() === name.toLowerCase())?.value ?? null;
  }

  get contentType() {
    return this.header("content-type")?.split(";")[0].trim().toLowerCase() ?? null;
  }

  get text() {
    this.decoded ??= decode(this.body);
    return this.decoded;
  }

  get start() {
    return decodeStart(this.body, EXCERPT_READ_MAX);
  }

  get excerpt() {
    return excerpt(this.start);
  }

  json() {
    if (this.body.length > JSON_BYTES_MAX) throw Failure.protocol(`the cart's answer has ${this.body.length} bytes, more than ${JSON_BYTES_MAX}`);
    if (isDeep(this.text)) throw Failure.protocol(`the cart's answer is nested more than ${JSON_DEPTH_MAX} levels deep`);
    try {
      return JSON.parse(this.text);
    } catch {
      // The parser's own message holds a piece of the answer, which may be personal.
      throw Failure.protocol(`the cart's answer (HTTP ${this.status}) is not JSON`);
    }
  }

  retryAfterMs(context) {
    const value = this.header("retry-after")?.trim() ?? "";
    if (/^\d{1,15}$/.test(value)) return Math.min(Number(value) * 1000, Number.MAX_SAFE_INTEGER);
    const then = httpDate(value);
    return then === null ? null : Math.max(0, then - context.nowUnixMs);
  }
}

// The parser would use up the stack that a call has.
function isDeep(text) {
  if (text.split("[").length + text.split("{").length <= JSON_DEPTH_MAX) return false;
  let level = 0;
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\[^][^"\\]*)*"|[[\]{}]/g)) {
    if (token === "[" || token === "{") level += 1;
    if (token === "]" || token === "}") level -= 1;
    if (level > JSON_DEPTH_MAX) return true;
  }
  return false;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// Milliseconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`.
function httpDate(value) {
  const found = /^[A-Za-z]+, (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{1,2}):(\d{1,2}):(\d{1,2}) GMT$/.exec(value);
  const month = found === null ? -1 : MONTHS.indexOf(found[2]);
  if (month < 0) return null;
  const [day, year, hour, minute, second] = [1, 3, 4, 5, 6].map((at) => Number(found[at]));
  const isDate = day <= 31 && year >= 1970 && hour <= 23 && minute <= 59 && second <= 60;
  return isDate ? Date.UTC(year, month, day, hour, minute, second) : null;
}
