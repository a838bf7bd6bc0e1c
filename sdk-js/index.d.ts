// What a Cartage plugin in JavaScript is written with.
//
// The types of what a plugin gets and gives are those of the contract, in contract.d.ts. The functions here make such values and fill in what is
// left out.

import type { Plugin, delivery, http, manifest, orders, signing } from "./contract.js";

export type { Plugin, delivery, growth, http, log as logging, manifest, orders, signing } from "./contract.js";
export type Update = orders.Update;
export type Delivery = delivery.Delivery;
export type Context = delivery.Context;
export type OrderKey = delivery.OrderKey;

/** An object of which the members K may be left out. */
type Lax<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;

/**
 * The functions that the host calls: export all four of them.
 *
 * `Date.now()`, `new Date()` and `Math.random()` throw: a plugin has neither a clock nor chance.
 *
 * A mistake in the manifest ends the build. An error in a call that is no `Failure` is logged, and ends the call as a fault of the plugin.
 *
 *     export const { describe, listChoices, check, sendOrderStatus } = plugin({ manifest, check, sendOrderStatus });
 */
export function plugin(parts: {
  manifest: Manifest;
  /** Whether the connection and the credentials work. It makes requests that read, and no others. */
  check(order: OrderKey | null, context: Context): delivery.Finding[] | Lax<delivery.Report, "order">;
  /** Tells the cart one update. It returns `Applied`, or throws a `Failure`. */
  sendOrderStatus(update: Update, delivery: Delivery, context: Context): delivery.Applied;
  /** Only where the manifest says that values are `asked`. */
  listChoices?(of: delivery.ChoicesOf, context: Context): delivery.Choice[];
}): Plugin;

/** What a plugin says of itself. What is left out: any status, any carrier, no features, no settings. */
export interface Manifest
  extends Lax<
    Omit<manifest.Manifest, "about" | "endpoints" | "slots" | "settings" | "features" | "pace">,
    "statuses" | "carriers" | "personalFields" | "requires" | "extra"
  > {
  about: Lax<manifest.About, "support" | "licence" | "changelog">;
  endpoints: Endpoint[];
  slots?: Slot[];
  settings?: Lax<manifest.Setting, "help" | "required" | "default" | "formerNames" | "extra">[];
  features?: Partial<manifest.Features>;
  pace?: Partial<manifest.Pace>;
}

/** A destination. What is left out: any base URL, required, no headers, no bodies, answers of any type. */
export interface Endpoint
  extends Lax<
    Omit<manifest.Endpoint, "methods">,
    "base" | "required" | "requestHeaders" | "requestTypes" | "responseHeaders" | "responseTypes" | "extra"
  > {
  methods: Method[];
}

/** A secret. What is left out: required, for itself, sent to no endpoint, not hashed. */
export type Slot = Lax<manifest.Slot, "required" | "alternative" | "endpoints" | "hashed" | "extra">;

/** What may be said of a slot besides its name, its purpose and its kind. */
export type MoreOfSlot = Partial<Pick<manifest.Slot, "required" | "alternative" | "endpoints" | "hashed" | "extra">>;

/** HTTP Basic: the fields `username` and `password`. */
export function basic(name: string, purpose: string, more?: MoreOfSlot): Slot;
/** HTTP Basic with a key as the user name and no password: the field `username`. */
export function basicKey(name: string, purpose: string, more?: MoreOfSlot): Slot;
/** `Authorization: Bearer`: the field `token`. */
export function bearer(name: string, purpose: string, more?: MoreOfSlot): Slot;
/** A header of its own, by its name in lower case, or with what comes before the value: the field `value`. */
export function header(name: string, purpose: string, placement: string | manifest.HeaderPlacement, more?: MoreOfSlot): Slot;
/** A query pair of this name: the field `value`. */
export function query(name: string, purpose: string, pair: string, more?: MoreOfSlot): Slot;
/** Fields of a form, each made by `field`. */
export function form(name: string, purpose: string, fields: manifest.SlotField[], more?: MoreOfSlot): Slot;
/** A key for `mac`, in the encoding in which the operator writes it: the field `key`. */
export function macKey(name: string, purpose: string, encoding: manifest.KeyEncoding, more?: MoreOfSlot): Slot;
/** A field of a slot. It is a secret and must have a value, unless `more` says otherwise. */
export function field(name: string, purpose: string, more?: { secret?: boolean; required?: boolean }): manifest.SlotField;

/** Values without titles of their own, for statuses, carriers and `listChoices`. */
export function choices(...values: string[]): delivery.Choice[];

/** A method in lower case, or another in upper case. */
export type Method = "get" | "head" | "post" | "put" | "patch" | "delete" | "options" | (string & {});

/** A text, a number, bytes, a part, or several of them joined. */
export type Value = string | number | Uint8Array | http.Part | Value[];

/** Names and values: an object, or a list where a name comes twice. */
export type Pairs<V> = Record<string, V> | [string, V][];

export interface Request {
  /** An endpoint of the manifest. */
  endpoint: string;
  /** Left out: `get`. */
  method?: Method;
  /** Left out: `get`, `head` and `options` read, other methods write. */
  effect?: http.Effect;
  /** Below the base URL, made by `path` where it has variable parts. Left out: the base URL itself. */
  path?: string;
  /** The host encodes the pairs. A name with the value null stands alone. */
  query?: Pairs<Value | null>;
  /** Headers that the manifest declares. */
  headers?: Pairs<Value>;
  /** A body of JSON. */
  json?: unknown;
  /** A body of form fields. */
  form?: Pairs<Value>;
  /** A body of parts, byte for byte, with its `type`. */
  body?: Value;
  /** The content type, which the manifest declares. Left out: that of `json` or `form`. */
  type?: string;
  /** Credential slots to apply whole. */
  auth?: string[];
  /** Obtain the tokens of these slots anew, because the cart refused the cached one. Once a call. */
  renew?: boolean;
  extra?: [string, string][];
}

/**
 * Performs a request and waits for its answer. A status of 400 or above is an answer, and so is a redirect, which is not followed.
 *
 * Where the host denied the request or no whole answer came, it throws the `Failure` of that kind.
 */
export function send(request: Request): Answer;

/**
 * A path with each value encoded once, as one segment or a part of one: path`/orders/${id}/notes`. A value that some server could take for more than
 * that is refused by a `Failure` of the kind `invalid-data`.
 */
export function path(pieces: TemplateStringsArray, ...values: (string | number)[]): string;

/** Text, as UTF-8. */
export function text(value: string | number): http.Part;
/** Bytes, as they are. */
export function bytes(value: Uint8Array): http.Part;
/** In a query, text that is already encoded. Elsewhere the same as `text`. */
export function raw(value: string): http.Part;
/** A field of a credential slot. The host puts the value there last; the plugin never sees it. Left out: written as it is. */
export function secret(slot: string, field: string, escape?: http.Escape): http.Part;

/** What the cart answered. Its status alone seldom tells: read the body as well. */
export class Answer {
  readonly status: number;
  readonly headers: http.ResponseHeader[];
  readonly body: Uint8Array;
  /** Whether the status is 2xx. */
  readonly isSuccess: boolean;
  /** The body as text: UTF-8, or, where it is not that, ISO-8859-1. */
  readonly text: string;
  /** The text of the body's first 4 KiB: a large body costs much processor time to read. */
  readonly start: string;
  /** The start of the body on one line, for a message. */
  readonly excerpt: string;
  /** The content type in lower case, without parameters. */
  readonly contentType: string | null;
  /** The first header of this name, in any case. Only those that the manifest declares are here, and `content-type`, `retry-after` and `date`. */
  header(name: string): string | null;
  /** The body as JSON: up to 1 MiB and 500 levels deep. It throws a `Failure` of the kind `protocol` where the body is none. */
  json(): any;
  /** How long the cart asks to be left alone, by its header `retry-after`: seconds, or a date after the attempt's start. */
  retryAfterMs(context: Context): number | null;
}

/** The HMAC of a message, with the key of a `macKey` slot that the plugin never sees. */
export function mac(slot: string, algorithm: signing.Algorithm, message: Value): Uint8Array;
/** The digest of a message. Secrets may be among its parts where the slot says `hashed`. */
export function digest(algorithm: signing.Algorithm, message: Value): Uint8Array;

/** Something that was done at the cart, and the cart's reference for it. */
export interface Step {
  name: string;
  reference?: string | number | null;
}

/** A package of the update, by its place from 0, and the cart's reference of it. */
export interface ToldPackage {
  index: number;
  reference?: string | number | null;
}

/** What may be said of an applied update. */
export interface MoreOfApplied {
  /** The cart's own reference of the order. It comes back as `delivery.knownReference`. */
  reference?: string | number | null;
  /** What the cart said, for the receipt. */
  message?: string | null;
  /** What was done at the cart. */
  steps?: Step[];
  /** The packages, by their place in the update, with the cart's reference where it gave one. */
  packages?: ToldPackage[];
  /** The cart shall not be asked anything for so long. */
  restMs?: number | null;
  extra?: [string, string][];
}

/** The cart has the update. Say so only after a whole answer of the cart that says so. */
export const Applied: {
  /** This attempt told the cart. */
  done(more?: MoreOfApplied): delivery.Applied;
  /** The cart had all of it already. */
  alreadyDone(more?: MoreOfApplied): delivery.Applied;
};

/** What may be said of a failure. */
export interface MoreOfFailure {
  /** Not before so much time has passed. */
  retryAfterMs?: number | null;
  /** What was done before it failed. The next attempt finds it in `delivery.earlier`. */
  steps?: Step[];
  /** Up to 4 KiB for the next attempt. Never an order's content. */
  resume?: Uint8Array | null;
  /** The cart's own reference of the order, where it was found. */
  reference?: string | number | null;
  /** The packages that the cart was told of all the same. */
  packages?: ToldPackage[];
  extra?: [string, string][];
}

/** The cart does not have the update, or not all of it. Throw it; its kind decides what the host does next. */
export class Failure extends Error {
  constructor(kind: delivery.FailureKind, message: string, more?: MoreOfFailure);
  readonly kind: delivery.FailureKind;
  /** The cart does not take the credentials. The cart is paused. */
  static credentials(message: string, more?: MoreOfFailure): Failure;
  /** The cart takes the credentials and does not allow them this. A dead letter and an alert. */
  static notPermitted(message: string, more?: MoreOfFailure): Failure;
  /** Something must be set right first; the message says what. The cart is paused. */
  static misconfigured(message: string, more?: MoreOfFailure): Failure;
  /** The cart asks for fewer requests. The cart is paused; no attempt is counted. */
  static rateLimited(message: string, more?: MoreOfFailure): Failure;
  /** The cart is still at work on it, or the call's requests did not suffice. No attempt is counted. */
  static pending(message: string, more?: MoreOfFailure): Failure;
  /** This order cannot be changed at this moment, others can. Retried on the schedule. */
  static orderBusy(message: string, more?: MoreOfFailure): Failure;
  /** The cart, or something before it, is out of order for now. Retried on the schedule. */
  static unavailable(message: string, more?: MoreOfFailure): Failure;
  /** The answer could not be understood. Retried on the schedule. */
  static protocol(message: string, more?: MoreOfFailure): Failure;
  /** The cart has no such order. A dead letter. */
  static orderNotFound(message: string, more?: MoreOfFailure): Failure;
  /** The cart has more than one order of that number, and nothing was changed. A dead letter. */
  static ambiguousOrder(message: string, more?: MoreOfFailure): Failure;
  /** The cart refuses the data. A dead letter. */
  static invalidData(message: string, more?: MoreOfFailure): Failure;
  /** The cart has no such status. A dead letter, and the order's next update goes. */
  static statusNotSupported(message: string, more?: MoreOfFailure): Failure;
  /** The cart forbids the change from its present status. A dead letter, and the order's next update goes. */
  static illegalTransition(message: string, more?: MoreOfFailure): Failure;
  /** The shop is closed for good. The cart is disabled. */
  static gone(message: string, more?: MoreOfFailure): Failure;
  /** The host denied something that the plugin needs. */
  static hostDenied(message: string, more?: MoreOfFailure): Failure;
}

/** What a call has done so far. */
export interface Progress {
  /** The cart's own reference of the order. */
  reference: string | number | null;
  /** What the cart said, for the receipt of an update that it has. */
  message: string | null;
  /** Up to 4 KiB for the next attempt, should this one fail. */
  resume: Uint8Array | null;
  /** Something was done at the cart, and the cart's reference for it. */
  step(name: string, reference?: string | number | null): void;
  /** The cart was told of this package of the update, by its place from 0, and may have given it a reference. */
  told(index: number, reference?: string | number | null): void;
}

/**
 * Does the work of a call that makes several requests, and returns what came of it. A `Failure` takes along what was recorded until then, so that the
 * next attempt need not do it again. The update is `done` if a step or a package was recorded, else `alreadyDone`.
 */
export function progress(act: (work: Progress) => void): delivery.Applied;

/** It works. */
export function fine(about: delivery.FindingSubject, message: string): delivery.Finding;
/** It works, but somebody should look. */
export function warning(about: delivery.FindingSubject, message: string, remedy: string): delivery.Finding;
/** Updates will not arrive until somebody acts. */
export function problem(about: delivery.FindingSubject, message: string, remedy: string): delivery.Finding;

/** Whether a request of an earlier attempt may have reached the cart: look there before you write again. */
export function mayHaveArrived(delivery: Delivery): boolean;

/** The value of a setting of the manifest; null where it has none. */
export function setting(context: Context, name: string): any;

/** `2015-06-01`. */
export function isoDate(date: orders.CivilDate): string;
/** `2015-06-01T13:11:51`, with `+02:00` where the offset is known. */
export function isoTime(time: orders.CivilTime): string;

/** Bytes as text: UTF-8 without its mark, or, where they are not UTF-8, ISO-8859-1. */
export function decode(bytes: Uint8Array): string;
/** Text as UTF-8. */
export function encode(text: string): Uint8Array;
/** Base64 with padding. */
export function base64(bytes: Uint8Array): string;
/** Hexadecimal in lower case. */
export function hex(bytes: Uint8Array): string;
/** The start of a text on one line, for a message: at most 300 characters. */
export function excerpt(text: string): string;

/** Notes for the delivery's record, read by people. Never an order's personal data. */
export const log: {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
};
