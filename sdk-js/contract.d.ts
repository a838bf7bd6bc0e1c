// The types of the plugin contract, as a plugin in JavaScript sees them. This file is made from the WIT files in wit/; a test holds it to them.
//
// An optional value is null where there is none. A variant is its tag and perhaps its val, an enum its name, and flags are an object of booleans.

/**
 * What a plugin imports and exports.
 *
 * Each call runs in a fresh instance with fresh memory. Nothing that a plugin stores in a global outlives the call.
 * Limits hold for every call: processor time, memory, table size, stack, bytes per host call, requests, request and
 * response bytes, log lines and bytes, and a deadline for the whole call. Going over one ends the call; the host
 * records which, and tells the operator. `context.limits` has those that a plugin can plan by.
 */
export interface Plugin {
  /**
   * Says what the plugin is, what it speaks to and what it asks for.
   *
   * Called once, when the plugin is admitted; the answer is stored beside the file's digest and not asked again. It
   * must be pure: a request, a signature or a log line made while describing ends the call, and the plugin is refused.
   */
  describe(): manifest.Manifest;
  /**
   * Lists values that only this shop knows: its statuses, its carriers, or the values of a setting.
   *
   * It makes requests whose `effect` is `reads`, and no others. Up to 1000 choices, each value once. The host keeps the list with its date, shows it to the
   * operator and checks maps and settings by it. The host asks only for what the manifest says is `asked`; for anything else a plugin returns an
   * empty list.
   */
  listChoices(of: delivery.ChoicesOf, context: delivery.Context): delivery.Choice[];
  /**
   * Answers "does it work?": whether the cart can be reached and takes the credentials, and, when an order is named,
   * how the cart sees that order.
   *
   * It makes requests whose `effect` is `reads`, and no others. A finding that needs a person is a `problem` with a remedy, not a failure; a
   * failure means that the question could not be answered.
   */
  check(order: delivery.OrderKey | null, context: delivery.Context): delivery.Report;
  /**
   * Tells the cart of one status update. This is the job.
   *
   * It may be called again for the same `delivery.id`, because an answer can be lost after the cart has acted. A
   * plugin looks at `delivery.earlier` before it repeats a step that the cart does not recognise as a repeat (a note,
   * a shipment, a mail), and returns `already-done` where the cart already has all of it. A plugin that cannot finish within its requests returns
   * the failure `pending` with its steps and is called again.
   */
  sendOrderStatus(update: orders.Update, delivery: delivery.Delivery, context: delivery.Context): delivery.Applied;
}

/**
 * Where the contract grows without a new package version.
 *
 * The component model compares types exactly, so no record gets another field and no variant another case in this package. What a later release
 * of the host or of a plugin adds travels here, by name. `extra.md` beside this file is the registry of the names that the contract defines.
 */
export namespace growth {
  /**
   * Further data: names and values, each name once, in no order that means anything. Up to 50 pairs; a name has 1 to 100 characters, a value up to
   * 4 KiB. Names that the contract defines are lower-case ASCII words joined by hyphens; anybody else's begin with a domain of theirs and a
   * slash (`shop.example/priority`). Whoever reads an unknown name ignores the pair.
   */
  type Extra = [string, string][];
  /** A kind that this package has no case for. The host knows it by its name or refuses the manifest. */
  interface Extension {
    /** As in `extra`. It stands in `manifest.requires` as well. */
    name: string;
    /** As the definition of the name says. */
    parameters: growth.Extra;
  }
}

/**
 * Requests to the cart. The plugin says what to ask; the host decides whether, and performs it.
 *
 * A request names an endpoint of the manifest; the operator bound that name to a base URL. A plugin cannot give a scheme, a
 * host or a port. The host checks the request against the manifest and the cart's grants, records it, adds credentials,
 * resolves and vets the address, and sends it over HTTP/1.1 without following redirects, without cookies, without a proxy
 * and without retrying. One request goes out a second time: one with a token of a log-in or of OAuth 2.0 that is answered with status 401 is sent once more
 * with a new token. What the plugin composes goes out byte for byte.
 */
export namespace http {
  /** What a request does at the cart, whatever its method: GraphQL reads by POST, and some carts write by GET. The host takes the plugin's word. */
  type Effect =
    /** It changes nothing. `check` and `list-choices` make no other, a dry run may perform it, and it does not count for `reach`. */
    | "reads"
    /** It may change something. */
    | "writes";
  /** A request method. */
  type Method =
    /** Reads. A request by GET has no body. */
    | { tag: "get" }
    /** Reads the headers. A request by HEAD has no body. */
    | { tag: "head" }
    /** Makes something, or has something processed. */
    | { tag: "post" }
    /** Replaces. */
    | { tag: "put" }
    /** Changes a part. */
    | { tag: "patch" }
    /** Removes. */
    | { tag: "delete" }
    /** Asks what is possible. */
    | { tag: "options" }
    /**
     * Another (RFC 9110 section 9.1): 1 to 20 upper-case ASCII letters, digits, `-` and `_`, a letter first; never CONNECT or TRACE. It may have a
     * body. One of those above, given here by its name, is that one.
     */
    | { tag: "other"; val: string };
  /** How a secret is written where it is put. */
  type Escape =
    /** As it is. */
    | "none"
    /** As in `application/x-www-form-urlencoded`: a space becomes `+`, and every byte but ASCII letters, digits and `*-._` becomes `%XX`. */
    | "form"
    /** Inside a JSON string: `"`, `\` and control characters are escaped with a backslash. */
    | "json-string"
    /**
     * Inside XML text or an attribute value: `&`, `<`, `>`, `"`, `'`, tabs and line ends become decimal character references (`&#38;`), and
     * so does all that is not ASCII. A value with a character that XML 1.0 cannot hold is denied.
     */
    | "xml-text"
    /** Base64 with padding, RFC 4648 section 4. */
    | "base64";
  /**
   * A field of a credential slot.
   *
   * The slot must hold a value, list the request's endpoint (in a message to sign there is none), and have the field. A field that need
   * not have a value and has none is written as empty text. Secret fields of `mac-key` and `oauth1` slots are never parts of a request,
   * since they only sign; and no secret field is, where the operator allows no secrets in clear (plain http).
   */
  interface SecretPart {
    /** The name of a slot in the manifest. */
    slot: string;
    /** The name of one of its fields. */
    field: string;
    /** How its value is written. */
    escape: http.Escape;
  }
  /** A piece of a body, a query value, a header value or a message to sign. */
  type Part =
    /** Text, as UTF-8. */
    | { tag: "text"; val: string }
    /** Bytes, as they are. */
    | { tag: "bytes"; val: Uint8Array }
    /**
     * In a query value: text that is already encoded and goes out as it is: visible ASCII without `"`, `#`, `&`, `'`, `<`, `>`, each
     * `%` followed by two hexadecimal digits. Elsewhere the same as `text`.
     */
    | { tag: "raw"; val: string }
    /** A field of a credential slot. The host puts its value there last; the plugin never sees it. */
    | { tag: "secret"; val: http.SecretPart };
  /** One pair of a query. */
  interface QueryPair {
    /** Encoded by the host. Not empty. */
    name: string;
    /** The parts joined. None: the name alone, without `=`. A secret part has the escape `none` or `base64`. */
    value: http.Part[] | null;
  }
  /** A request header. */
  interface Header {
    /** A name that the manifest declares for the endpoint, in any case. */
    name: string;
    /**
     * The parts joined: visible ASCII, space and tab, with neither a space nor a tab at the ends. It may be empty. A secret part has
     * the escape `none` or `base64`; its value must not break this rule either.
     */
    value: http.Part[];
  }
  /** What to ask, and where. */
  interface Request {
    /** The name of an endpoint in the manifest. */
    endpoint: string;
    /** One that the manifest declares for the endpoint. */
    method: http.Method;
    /** What it does at the cart, by the plugin's word. */
    effect: http.Effect;
    /**
     * Already percent-encoded; it is joined to the base URL's path. Empty: the base URL itself. Otherwise it starts with `/`, equals
     * its own normal form by the WHATWG URL standard, and lies under one of the endpoint's path prefixes. No segment but the last is
     * empty; none is `.` or `..`, alone or before a semicolon; none holds a slash, a backslash or a control character. All of this
     * holds as well after decoding it once, twice or three times (`%2e`, `%252e`). Each `%` is followed by two hexadecimal digits, and the
     * bytes so encoded are UTF-8.
     */
    path: string;
    /**
     * Follows a query in the base URL, in the order given. The host encodes it: every byte but RFC 3986's unreserved
     * characters becomes `%XX` in upper-case hexadecimal. The whole URL has at most 8 KiB.
     */
    query: http.QueryPair[];
    /**
     * Only names that the manifest declares for the endpoint, and `content-type`, which its request types declare. Names are compared
     * without regard to case, and each is given once. Up to 64, up to 8 KiB a value and 16 KiB together.
     * `idempotency-key`, where declared, must start with the delivery's id and hold no secret; a call without a delivery has none. `authorization`, where
     * declared, is for schemes that the plugin composes with secret parts, and not allowed in a request of which a slot in `auth` sets it.
     *
     * These are the host's and cannot be set or declared: `accept-encoding`, `connection`, `content-encoding`,
     * `content-length`, `cookie`, `cookie2`, `date`, `expect`, `host`, `http2-settings`, `keep-alive`, `set-cookie`, `set-cookie2`, `te`,
     * `traceparent`, `tracestate`, `trailer`, `transfer-encoding`, `upgrade`, `user-agent`, every `proxy-` header, and those that pretend
     * another origin, target or method: `forwarded`, `via`, every `x-forwarded-` header, `x-real-ip`, `client-ip`, `x-client-ip`,
     * `x-cluster-client-ip`, `true-client-ip`, `cf-connecting-ip`, `fastly-client-ip`, `x-original-host`, `x-original-url`, `x-rewrite-url`,
     * `x-http-method`, `x-http-method-override`, `x-method-override`.
     */
    headers: http.Header[];
    /**
     * The parts joined are the body, byte for byte. None: no body, and no content-length where the method allows that. A request with
     * a body, even an empty one, names its type in `content-type`: one of the endpoint's request types, perhaps with parameters.
     */
    body: http.Part[] | null;
    /**
     * Credential slots to apply whole, by their kind: as an Authorization header, a header of their own, a query pair, form
     * fields appended to the body, or a token that the host obtains. Each is named once and lists the endpoint, and nothing else
     * sets the header or the query pair that it sets.
     */
    auth: string[];
    /** Obtain the tokens of the slots in `auth` anew, because the cart refused the cached one. Honoured once per call. */
    renew: boolean;
    /** Further data. */
    extra: growth.Extra;
  }
  /** A response header. */
  interface ResponseHeader {
    /** In lower case. */
    name: string;
    /** As the cart sent it. */
    value: string;
  }
  /** The cart's answer. */
  interface Response {
    /** 200 to 599. An informational (1xx) answer is never shown. */
    status: number;
    /**
     * The headers that the manifest declares for the endpoint, names in lower case, in the order received. Bytes that are not
     * UTF-8 are replaced by U+FFFD. `content-type`, `retry-after` and `date` are always among them where the cart sent them.
     */
    headers: http.ResponseHeader[];
    /**
     * As received: not decompressed, not decoded. If it held a secret of the cart, the secret is replaced, and the call may
     * finish but make no further request.
     */
    body: Uint8Array;
    /** Further data. */
    extra: growth.Extra;
  }
  /**
   * How far a request, or the writes of an attempt, got. Of several writes, one without a whole answer makes it `maybe-sent`, whatever the
   * others came to.
   */
  type Reach =
    /** Nothing was sent. Asking again is safe. */
    | "nothing-sent"
    /** Some of it was sent and no whole answer came. The cart may have acted. */
    | "maybe-sent"
    /** The cart answered all that was sent. */
    | "answered";
  /** The class of an error. Those up to `unsupported` are denials: nothing was sent, and asking again gives the same answer. */
  type ErrorKind =
    /** The endpoint is not in the manifest, or the operator did not bind it. */
    | "endpoint-denied"
    /** The endpoint does not declare the method. */
    | "method-denied"
    /** The path is not in its normal form, or lies under none of the endpoint's prefixes. */
    | "path-denied"
    /** A query pair is malformed, or a credential sets it. */
    | "query-denied"
    /** The request's effect is `writes` in a call that may only read: `check`, `list-choices`. */
    | "effect-denied"
    /** A header is not declared, is the host's or a credential's, is given twice or is malformed. */
    | "header-denied"
    /** The request's content type is not declared, or the body does not fit it. */
    | "body-denied"
    /** A slot or field does not exist, holds no value, does not list the endpoint, or cannot be applied so. */
    | "credential-denied"
    /** The request is larger than the cart's limit, or its URL or headers are larger than the host sends. */
    | "request-too-large"
    /** The call has used up its requests. */
    | "quota-exceeded"
    /** The endpoint's name leads to an address that the operator does not allow. */
    | "address-denied"
    /** This host does not do that yet: a credential kind, for example. */
    | "unsupported"
    /** The endpoint's name could not be resolved. */
    | "dns"
    /** No connection could be made. */
    | "connect"
    /** TLS could not be agreed, or the cart's certificate is not to be trusted. */
    | "tls"
    /** The cart did not answer in time. */
    | "timeout"
    /** The connection broke before the answer was whole. */
    | "interrupted"
    /** The answer is not valid HTTP. */
    | "response-invalid"
    /** The answer is larger than the cart's limit. */
    | "response-too-large"
    /** The answer's content type is not declared for the endpoint. */
    | "response-type"
    /** A token could not be obtained for a slot in `auth`. */
    | "token-refused"
    /** Something else. `reach` says whether asking again is safe. */
    | "other";
  /** Why there is no response. */
  interface Error {
    /** What a plugin may decide by. */
    kind: http.ErrorKind;
    /** Whether anything may have reached the cart. */
    reach: http.Reach;
    /** For the log. No decision should read it. */
    message: string;
  }
}

/** A delivery, what the plugin may know besides the update, and what can come of it. */
export namespace delivery {
  /** Something that was done at the cart and need not be done again: `fulfillment created`, with the cart's reference. */
  interface Step {
    /** 1 to 64 characters, the plugin's own words, the same in each version of the plugin. */
    name: string;
    /** The cart's reference for what was made, up to 255 characters. */
    reference: string | null;
  }
  /** What is known of an earlier attempt. */
  interface EarlierAttempt {
    /** Its number, from 1. */
    attempt: number;
    /** How far its writes got. With `maybe-sent` a careful plugin reads before it writes. */
    reach: http.Reach;
    /** The steps that it reported as done, in the order in which it did them. Up to 100. */
    steps: delivery.Step[];
    /** What it gave back for the next attempt: up to 4 KiB. None: nothing, or it ended without an answer. */
    resume: Uint8Array | null;
    /** Further data. */
    extra: growth.Extra;
  }
  /** The durable job of which this call is one attempt. */
  interface Delivery {
    /** The idempotency key, the same for every attempt: a UUID (RFC 9562) in its usual form of 36 characters, in lower case. */
    id: string;
    /**
     * The number of this update among the order's updates, from 1. The host never starts one before the one before
     * it is settled.
     */
    sequence: number;
    /** The number of this attempt, from 1. */
    attempt: number;
    /**
     * The attempts before this one, oldest first. Where there were more than 20, the oldest are told of as one that has the largest of their reaches
     * and all their steps.
     */
    earlier: delivery.EarlierAttempt[];
    /**
     * The cart's own reference from this order's last success, such as its internal order id. With it a plugin can
     * leave out the look-up by order number, the step that most easily finds somebody else's order.
     */
    knownReference: string | null;
    /** Further data. */
    extra: growth.Extra;
  }
  /** What a call may use, as the operator set it. */
  interface Limits {
    /** Requests, those that only read among them. */
    requests: number;
    /** Bytes of one request: its target, headers and body. */
    requestBytes: number;
    /** Bytes of the body of one response. */
    responseBytes: number;
    /** Milliseconds for one request, from its start to the last byte of its answer. */
    requestMs: number;
    /** Milliseconds for the whole call. */
    callMs: number;
  }
  /** The value of a setting, by its kind in the manifest. */
  type SettingValue =
    /** For the kinds `text` and `lines`, and for `other` ones. It may be empty. */
    | { tag: "text"; val: string }
    /** For the kind `integer`. */
    | { tag: "integer"; val: number }
    /** For the kind `boolean`. */
    | { tag: "boolean"; val: boolean }
    /** For the kind `choice`: the `value` of one of the choices. */
    | { tag: "choice"; val: string }
    /** For the kind `several`: the `value` of each choice taken, each once, in no order that means anything. It may be empty. */
    | { tag: "several"; val: string[] }
    /** An absolute, percent-encoded URL path in the normal form of `request.path`, such as `/shop/index.php`. */
    | { tag: "url-path"; val: string }
    /** For the kinds `text-map` and `choice-map`: each key once, in no order that means anything. */
    | { tag: "text-map"; val: [string, string][] };
  /** A setting and its value. The host has checked it against the manifest. */
  interface Setting {
    /** The setting's name in the manifest. */
    name: string;
    /** What it is set to. */
    value: delivery.SettingValue;
  }
  /** Where the operator bound an endpoint. */
  interface BoundEndpoint {
    /** The endpoint's name in the manifest. */
    name: string;
    /** In its normal form (WHATWG URL), without a trailing slash; it may carry a query. */
    baseUrl: string;
  }
  /** What a plugin may know of the world. All of it is data: the same context gives the same call. */
  interface Context {
    /** The time at which the attempt started: milliseconds since 1970-01-01T00:00:00Z. */
    nowUnixMs: number;
    /** 32 bytes from the host's random number generator, new for each attempt: for nonces. */
    entropy: Uint8Array;
    /** Every setting of the manifest that has a value, given or by default, in the manifest's order. */
    settings: delivery.Setting[];
    /**
     * Each bound endpoint's base URL as text, for protocols that sign it. It is information, not authority: a request
     * names the endpoint and never a URL.
     */
    endpoints: delivery.BoundEndpoint[];
    /** The names of the credential slots for which the host holds a value, in the manifest's order. */
    boundSlots: string[];
    /** What this call may use, to plan by. */
    limits: delivery.Limits;
    /** Further data. */
    extra: growth.Extra;
  }
  /** A package of which the cart was told. */
  interface ToldPackage {
    /** Its place in `update.packages`, from 0. */
    index: number;
    /** The cart's own reference of it, up to 255 characters; it comes back as the package's `known-reference`. None: the one from before stays. */
    reference: string | null;
  }
  /** How the cart came to have it. */
  type AppliedOutcome =
    /** This attempt told it. */
    | "done"
    /** It had all of it already. */
    | "already-done";
  /** The cart has the update. All its packages count as told from now on. */
  interface Applied {
    /** Whether this attempt told it. */
    outcome: delivery.AppliedOutcome;
    /** The cart's own reference of the order, up to 255 characters; it comes back as `known-reference`. None: the one from before stays. */
    reference: string | null;
    /** What the cart said, for the receipt. Up to 4 KiB; more is cut. */
    message: string | null;
    /** What was done at the cart, in that order. Up to 100. */
    steps: delivery.Step[];
    /** The cart's references of packages, where it gave any; each comes back as that package's `known-reference`. Each package at most once. */
    packages: delivery.ToldPackage[];
    /** The cart shall not be asked anything for so many milliseconds, because its bucket of requests is nearly empty. The host caps it at 24 hours. */
    restMs: number | null;
    /** Further data. */
    extra: growth.Extra;
  }
  /**
   * What kind of failure, and so what follows. A *dead letter* is an update that is not tried again until a person says so; unless it says
   * otherwise, the operator's policy decides what becomes of the order's next update.
   */
  type FailureKind =
    /** The cart does not take the credentials. The cart is paused and an alert is raised; the update waits. */
    | "credentials"
    /**
     * The cart takes the credentials and does not allow them this: a missing right or scope, a firewall's page. A dead letter and an alert; where
     * several orders in a row get it, the cart is paused.
     */
    | "not-permitted"
    /**
     * Something must be set right first, at the shop or in the plugin's settings: an unknown location, a suspended plan, an interface that is switched
     * off. The message says what. The cart is paused and an alert is raised; the update waits.
     */
    | "misconfigured"
    /** The cart asks for fewer requests. The cart is paused until the wish, at most 24 hours; no attempt is counted. */
    | "rate-limited"
    /**
     * The cart has taken it and is still at work, or the call's requests did not suffice and steps were done. Asked again by the wish; no attempt is counted,
     * and it says nothing against the cart. A dead letter when the update is older than 72 hours.
     */
    | "pending"
    /**
     * This order cannot be changed at this moment, others can: it is locked, being edited, not yet paid. Retried on the schedule; it says nothing against
     * the cart.
     */
    | "order-busy"
    /** The cart, or something before it, is out of order for now. Retried on the schedule. */
    | "unavailable"
    /** The answer could not be understood. Retried on the schedule. */
    | "protocol"
    /** The cart has no such order. A dead letter. */
    | "order-not-found"
    /** The cart has more than one order of that number, and nothing was changed. A dead letter. */
    | "ambiguous-order"
    /** The cart refuses the data. A dead letter. */
    | "invalid-data"
    /** The cart has no such status. A dead letter that records a gap and lets the order's next update go. */
    | "status-not-supported"
    /** The cart forbids the change from its present status. A dead letter that records a gap and lets the next go. */
    | "illegal-transition"
    /** The shop is closed for good. The cart is disabled and an alert is raised. */
    | "gone"
    /** The host denied a request that the plugin needs. Tried twice more, then a dead letter: a plugin fault. */
    | "host-denied";
  /** When to try again, where the kind allows it. */
  type RetryWish =
    /** Trying again cannot help. */
    | { tag: "never" }
    /** By the host's schedule. */
    | { tag: "default" }
    /** Not before so many milliseconds have passed. The host takes it as a floor and caps it at 24 hours. */
    | { tag: "after-ms"; val: number };
  /**
   * The cart does not have the update, or not all of it. The plugin classifies the cart's answer, because carts say
   * "failed" with status 200 and "already done" with status 500; the host decides what follows from the kind, never
   * from the message.
   */
  interface Failure {
    /** What follows is decided by it. */
    kind: delivery.FailureKind;
    /** What was attempted and why it failed, for a person. Up to 4 KiB; more is cut. */
    message: string;
    /** Heeded where the kind allows another attempt. */
    retry: delivery.RetryWish;
    /** The steps that were done before it failed, in that order. Up to 100. */
    steps: delivery.Step[];
    /** Up to 4 KiB for the next attempt; more is a plugin fault. Opaque to the host; never put an order's content in it. */
    resume: Uint8Array | null;
    /** The cart's own reference of the order, where it was found, as in `applied`. The host keeps it whatever becomes of the update. */
    reference: string | null;
    /** The packages that the cart was told of all the same. The host keeps each as told, with its reference, whatever becomes of the update. */
    packages: delivery.ToldPackage[];
    /** Further data. */
    extra: growth.Extra;
  }
  /** A value that the cart, or a setting, knows. */
  interface Choice {
    /** The exact text that the plugin gets, in `update.status`, a package's `carrier` or a setting: the cart's code or id. 1 to 100 characters. */
    value: string;
    /** What the cart's users call it, 1 to 1000 characters. None: the value itself. */
    title: string | null;
  }
  /** What the plugin is asked to list. */
  type ChoicesOf =
    /** The shop's statuses, where the manifest's `statuses` are `asked`. */
    | { tag: "statuses" }
    /** The shop's carriers, where the manifest's `carriers` are `asked`. */
    | { tag: "carriers" }
    /** The values of the setting of this name, whose choices are `asked`. */
    | { tag: "setting"; val: string };
  /** Names an order for `check`. */
  interface OrderKey {
    /** The cart's own (web) number, as in an update. */
    orderNumber: string;
    /** The cart's own reference from this order's last success, where there was one. */
    knownReference: string | null;
  }
  /** How much a finding matters. */
  type FindingLevel =
    /** It works. */
    | "fine"
    /** It works, but somebody should look. */
    | "warning"
    /** Updates will not arrive until somebody acts. */
    | "problem";
  /** What a finding is about. */
  type FindingSubject =
    /** Whether the cart can be reached at all. */
    | "reachability"
    /** Whether the cart takes the credentials. */
    | "credentials"
    /** What the cart lets these credentials do. */
    | "permissions"
    /** The cart's version, or that of a part of it. */
    | "version"
    /** The cart's settings, or the plugin's. */
    | "settings"
    /** The order that was named. */
    | "order"
    /** Something else. */
    | "other";
  /** One thing that `check` found. */
  interface Finding {
    /** How much it matters. */
    level: delivery.FindingLevel;
    /** What it is about. */
    about: delivery.FindingSubject;
    /** What was found. Up to 4 KiB; more is cut. */
    message: string;
    /** What to do, for a `problem` or a `warning`. */
    remedy: string | null;
  }
  /** A package as the cart sees it. */
  interface PackageSeen {
    /** In the cart's words. */
    carrier: string | null;
    /** As the cart shows it. */
    trackingNumber: string | null;
  }
  /** An order as the cart sees it. */
  interface OrderSeen {
    /** The cart's number of the order, as the cart writes it. */
    orderNumber: string;
    /** The cart's own reference, as in `applied.reference`. */
    reference: string | null;
    /** The cart's own text. */
    status: string | null;
    /** The packages that the cart knows. Up to 100. */
    packages: delivery.PackageSeen[];
    /** Whatever else helps a person to recognise the order: name and value. Up to 50. No personal data. */
    details: [string, string][];
  }
  /** What `check` found. */
  interface Report {
    /** In the order in which they were found. Up to 100. */
    findings: delivery.Finding[];
    /** The order as the cart sees it, where one was named and found. */
    order: delivery.OrderSeen | null;
  }
}

/** Notes for the delivery's record, read by people. */
export namespace log {
  /** How much a line matters. */
  type Level =
    /** For the plugin's author. */
    | "debug"
    /** Worth a line in the record. */
    | "info"
    /** Somebody may want to look. */
    | "warn"
    /** Something went wrong. */
    | "error";
}

/**
 * What a plugin is and what it asks for. The operator sees all of it before the plugin runs, and grants it or not.
 *
 * Names of plugins, endpoints, slots, fields and settings match `[a-z0-9][a-z0-9-]{0,62}` and are unique in their list. Text for people is not
 * empty unless it says so, has at most 1000 characters, and neither control characters but line feeds nor characters that reorder text
 * (bidirectional overrides, embeddings and isolates). Every list has at most 100 entries unless it says otherwise, each once; operators see lists in
 * the order given. A manifest that breaks a rule is refused when the plugin is admitted, and all problems are told at once.
 */
export namespace manifest {
  /** What the cart bears, and what a call needs. None: the host's own default. The operator may set each otherwise, within the host's limits. */
  interface Pace {
    /** Requests that the cart takes in one minute: 1 to 60,000. */
    requestsPerMinute: number | null;
    /** Orders that may be told at once: 1 to 256. */
    concurrency: number | null;
    /** The most requests that one call needs: 1 to 1000. */
    requestsPerCall: number | null;
    /** The most bytes that one response's body has: 1 to 16 MiB. */
    responseBytes: number | null;
  }
  /** Whom to ask. */
  interface About {
    /** Who makes the plugin. */
    vendor: string;
    /** A mail address or a URL. */
    support: string | null;
    /** An SPDX licence expression. */
    licence: string | null;
    /** A URL. */
    changelog: string | null;
  }
  /** What the operator may bind an endpoint to. */
  type Base =
    /** Any base URL that the host's rules allow. */
    | { tag: "any" }
    /**
     * A base URL in its normal form in which each `{name}` stands for one or more ASCII letters, digits, hyphens or underscores:
     * `https://{shop}.example.com/admin`. None stands in the host's last label.
     */
    | { tag: "pattern"; val: string }
    /** This URL; the operator only agrees to it. */
    | { tag: "fixed"; val: string }
    /** One of these URLs, at least two: regions, live and sandbox. */
    | { tag: "one-of"; val: string[] };
  /** A named destination. The operator binds it to a base URL. */
  interface Endpoint {
    /** What requests call it. */
    name: string;
    /** What it is for, for the operator. */
    purpose: string;
    /** A base URL as it might look, which fits `base`: `https://shop.example/wp-json`. */
    example: string;
    /** What the operator may bind it to. */
    base: manifest.Base;
    /** Whether the plugin cannot work without it. */
    required: boolean;
    /** The methods it uses; at least one. */
    methods: http.Method[];
    /**
     * The paths it uses below the base URL, matched by whole segments: `/orders` allows `/orders` and `/orders/7`, not `/orders7`. The
     * prefix `/` allows every path, and the base URL itself is always allowed. In the normal form of `request.path`, without a slash at the
     * end. At least one.
     */
    pathPrefixes: string[];
    /** The request headers it sets, in lower case, besides `content-type`; none that the host owns (see `request.headers`). */
    requestHeaders: string[];
    /** The content types of its bodies, in lower case, without parameters. A request with a body names one of them in `content-type`. */
    requestTypes: string[];
    /**
     * The response headers it reads, in lower case, besides `content-type`, `retry-after` and `date`; no `set-cookie`. `location` is shown
     * only where it does not redirect.
     */
    responseHeaders: string[];
    /**
     * The content types of the answers it reads, in lower case, without parameters. Empty: any, or none. Only success (2xx) is judged by
     * it: an error page of another type still reaches the plugin, which needs its status.
     */
    responseTypes: string[];
    /** Further data. */
    extra: growth.Extra;
  }
  /** A field of a slot. */
  interface SlotField {
    /** What secret parts call it. */
    name: string;
    /** For the operator. */
    purpose: string;
    /** Whether its value is a secret. A field that is not identifies: a user name, an account number, a key's id. */
    secret: boolean;
    /** Whether it must have a value. One that need not and has none is written as empty text. */
    required: boolean;
  }
  /** A header that holds a secret. */
  interface HeaderPlacement {
    /** In lower case; none that the host owns (see `request.headers`). `authorization` is allowed. */
    name: string;
    /** What comes before the value, such as `Token `; visible ASCII and spaces; may be empty. */
    prefix: string;
  }
  /** How the operator writes a key. */
  type KeyEncoding =
    /** The key is the text's UTF-8 bytes. */
    | "text"
    /** Base64, RFC 4648 section 4, with or without padding. */
    | "base64"
    /** Hexadecimal. */
    | "hex"
    /** `whsec_` and base64, as in Standard Webhooks. */
    | "whsec";
  /** Where the OAuth parameters go. */
  type Oauth1Placement =
    /** In an Authorization header (section 3.5.1). */
    | "header"
    /** In the query (section 3.5.3). */
    | "query";
  /** The signature method. */
  type Oauth1Signature =
    /** HMAC-SHA1. */
    | "hmac-sha1"
    /** HMAC-SHA256, which some carts know beside the RFC. */
    | "hmac-sha256";
  /** How OAuth 1.0a parameters are made and placed. */
  interface Oauth1 {
    /** Where the parameters go. */
    placement: manifest.Oauth1Placement;
    /** How the request is signed. The operator may set the URL that is signed, where the cart knows itself by another. */
    signature: manifest.Oauth1Signature;
  }
  /** How the client authenticates to the token endpoint. */
  type ClientAuthentication =
    /** HTTP Basic. */
    | "basic"
    /** In the body. */
    | "post";
  /** Where in a log-in's answer a value is. */
  type TokenSource =
    /** A response header of this name, in lower case; not `set-cookie`. */
    | { tag: "header"; val: string }
    /** A text or a number in a JSON body, by its JSON pointer (RFC 6901). An empty pointer: the body is one JSON text or number. */
    | { tag: "json-pointer"; val: string }
    /** A cookie of this name (`set-cookie`). */
    | { tag: "cookie"; val: string }
    /** The whole body as text, without white space at its ends. */
    | { tag: "body" };
  /** A field whose value an answer replaces. */
  interface ReplacedField {
    /** The name of a secret field of the slot. */
    field: string;
    /** Where in the answer its next value is. Where it is not there, the field keeps its value. */
    source: manifest.TokenSource;
  }
  /** How the token is applied to later requests. */
  type TokenPlacement =
    /** In a header, `authorization` for example. */
    | { tag: "header"; val: manifest.HeaderPlacement }
    /** A query pair of this name. */
    | { tag: "query"; val: string }
    /** A cookie of this name. */
    | { tag: "cookie"; val: string };
  /** Where and how a client-credentials token is obtained. */
  interface Oauth2 {
    /** The name of the endpoint below which the token endpoint lies. */
    tokenEndpoint: string;
    /** The token endpoint's path below that base URL, as in a request. Empty: the base URL itself. */
    path: string;
    /** How the client names itself there. */
    clientAuthentication: manifest.ClientAuthentication;
    /** Scopes with one space between them. */
    scope: string | null;
    /** Further fields of the form, such as `audience` or `resource`: names and values of 1 to 1000 characters. */
    parameters: [string, string][];
    /** How later requests carry the token; usually the header `authorization` with the prefix `Bearer `. */
    apply: manifest.TokenPlacement;
  }
  /** One token of a log-in's answer. */
  interface LoginToken {
    /** What secret parts call it: a name of its own beside the slot's fields. Its value is a secret. */
    name: string;
    /** Where in the answer it is. */
    source: manifest.TokenSource;
    /** How later requests carry it where the slot is applied whole. None: only secret parts use it. */
    apply: manifest.TokenPlacement | null;
  }
  /** A log-in request and what becomes of its answer. One log-in is made at a time, for all calls of a cart that want one. */
  interface Login {
    /** The name of the endpoint that logs in. The slot need not list it: the slot lists where the tokens go. */
    endpoint: string;
    /** One that the endpoint declares. */
    method: http.Method;
    /** As in a request, under one of the endpoint's prefixes. */
    path: string;
    /** As in a request. */
    query: http.QueryPair[];
    /** As in a request. */
    headers: http.Header[];
    /** As in a request. Its secret parts are fields of this slot. */
    body: http.Part[] | null;
    /** Other slots that are applied whole to the log-in itself, such as HTTP Basic of the client. No log-ins and no slots that sign or obtain tokens. */
    auth: string[];
    /**
     * What is taken from the answer and how later requests carry it: one token, or a session's cookie and its token against forgery. At least one; the
     * log-in has failed where one of them is not there or empty.
     */
    tokens: manifest.LoginToken[];
    /**
     * Fields of this slot whose value the answer replaces for good, such as a refresh token that rotates. The host keeps the new value durably before
     * it uses any token of the answer.
     */
    replaces: manifest.ReplacedField[];
    /** How long the tokens hold, in seconds, where the answer does not say. None: until the cart refuses them. */
    lifetimeS: number | null;
    /** A JSON pointer (RFC 6901) to the number of seconds that the tokens hold. */
    lifetimePointer: string | null;
  }
  /** How a credential is applied. */
  type SlotKind =
    /** HTTP Basic (RFC 7617). Fields `username`, which is required, and `password`, which is a secret. */
    | { tag: "basic" }
    /** `Authorization: Bearer` (RFC 6750). Field `token`, a required secret. */
    | { tag: "bearer" }
    /** A header of its own. Field `value`, which is required. */
    | { tag: "header"; val: manifest.HeaderPlacement }
    /** A query pair of this name of 1 to 100 characters. Field `value`, which is required. */
    | { tag: "query"; val: string }
    /**
     * Fields of a form, of the plugin's own. Applied whole, all are appended to an `application/x-www-form-urlencoded` body under their own
     * names, in the manifest's order; a plugin that needs another order or other names puts secret parts into its body.
     */
    | { tag: "form-field" }
    /** A key for `signing.mac`, never sent itself. Field `key`, a required secret. */
    | { tag: "mac-key"; val: manifest.KeyEncoding }
    /**
     * OAuth 1.0a (RFC 5849). Fields `consumer-key`, `consumer-secret`, and both of `token` and `token-secret` where there is a token pair. The
     * secrets are never sent themselves.
     */
    | { tag: "oauth1"; val: manifest.Oauth1 }
    /** OAuth 2.0 client credentials (RFC 6749 section 4.4). Fields `client-id`, `client-secret`. */
    | { tag: "oauth2-client-credentials"; val: manifest.Oauth2 }
    /** The host logs in with a request that is described here, and applies the tokens from its answer. Fields of the plugin's own. */
    | { tag: "login"; val: manifest.Login }
    /** Another, which the host must know by its name. */
    | { tag: "other"; val: growth.Extension };
  /** A named secret. The host holds its value. */
  interface Slot {
    /** What requests call it. */
    name: string;
    /** What it is and where the operator finds it in the cart. */
    purpose: string;
    /** How it is applied. */
    kind: manifest.SlotKind;
    /** Whether the plugin cannot work without it. One of several alternatives is not required by itself. */
    required: boolean;
    /**
     * A name that several slots share which stand for each other, such as a key and a log-in: exactly one of them must hold a value, and the context
     * says which. None: it stands for itself.
     */
    alternative: string | null;
    /**
     * The names of the endpoints to which it, or a token made with it, may be sent. Empty only for a key that only signs, or a secret that is
     * only hashed.
     */
    endpoints: string[];
    /** Its fields, at least one. The kind says which there must be; there may be others, such as the id of a key, for secret parts. */
    fields: manifest.SlotField[];
    /** Whether its secret fields may be hashed into a message by `signing`. The plugin sees the hash, so this weakens a short secret. */
    hashed: boolean;
    /** Further data. */
    extra: growth.Extra;
  }
  /** The values that a setting offers. */
  type Choices =
    /** These, at least one. */
    | { tag: "fixed"; val: delivery.Choice[] }
    /**
     * Those that `list-choices` lists for this setting: they differ from shop to shop. A value that is not in the list is taken with a warning, because
     * the shop may have made it since.
     */
    | { tag: "asked" };
  /** Limits of a text. */
  interface TextLimits {
    /** In characters. At most `max`. */
    min: number;
    /** In characters, from 1 to 4096. */
    max: number;
    /**
     * A regular expression of at most 500 bytes that the whole text must match: literals, classes, groups, alternation and repetition,
     * without look-around or back references.
     */
    pattern: string | null;
  }
  /** Limits of an integer, both included. */
  interface IntegerLimits {
    /** The smallest. */
    min: number;
    /** The largest. */
    max: number;
  }
  /** What values a setting takes. */
  type SettingKind =
    /** Text of one line. */
    | { tag: "text"; val: manifest.TextLimits }
    /** A whole number. */
    | { tag: "integer"; val: manifest.IntegerLimits }
    /** True or false. */
    | { tag: "boolean" }
    /** One of the choices: a location, a warehouse, a template. */
    | { tag: "choice"; val: manifest.Choices }
    /** Some of the choices, each once; up to 1000. */
    | { tag: "several"; val: manifest.Choices }
    /** An absolute, percent-encoded URL path in its normal form. */
    | { tag: "url-path" }
    /** Text to text: up to 1000 entries, keys of 1 to 255 characters, values within these limits. */
    | { tag: "text-map"; val: manifest.TextLimits }
    /** Text to one of the choices: up to 1000 entries, keys of 1 to 255 characters. */
    | { tag: "choice-map"; val: manifest.Choices }
    /** Text of several lines, such as a template. */
    | { tag: "lines"; val: manifest.TextLimits }
    /** Another, set as text, which the host must know by its name. */
    | { tag: "other"; val: growth.Extension };
  /** Something that the operator can set for a cart. */
  interface Setting {
    /** What the context calls it. */
    name: string;
    /** What the operator sees. */
    title: string;
    /** More about it. May be empty. */
    help: string;
    /** What values it takes. */
    kind: manifest.SettingKind;
    /** Whether it must have a value. One with a default always has. */
    required: boolean;
    /** What it is set to where the operator sets nothing. A value that the kind takes. */
    default: delivery.SettingValue | null;
    /** Names that earlier versions of the plugin used; a value kept under one of them carries over. */
    formerNames: string[];
    /** Further data. */
    extra: growth.Extra;
  }
  /** Which statuses the cart takes. */
  type Statuses =
    /** These, compared as exact text. At least one. */
    | { tag: "fixed"; val: delivery.Choice[] }
    /** Any text. */
    | { tag: "free-text" }
    /** Those that `list-choices` lists: they differ from shop to shop. */
    | { tag: "asked" };
  /** Which carriers the cart takes. A fixed list has up to 1000. */
  type Carriers =
    /** Any text. */
    | { tag: "any" }
    /** These, compared as exact text. At least one. */
    | { tag: "fixed"; val: delivery.Choice[] }
    /** These, and any other text. At least one. */
    | { tag: "known"; val: delivery.Choice[] }
    /** Those that `list-choices` lists: they differ from shop to shop. */
    | { tag: "asked" };
  /**
   * What the plugin can carry, and how it behaves. An update with something that the plugin cannot carry is refused before the call, or the operator has it
   * left out: a package that has changed then goes as `already-told`, and one that was withdrawn does not go.
   */
  interface Features {
    /** Tracking numbers, and the other data of a package. */
    tracking: boolean;
    /** More than one package to an order. */
    severalPackages: boolean;
    /** What lies in each package. */
    packageContents: boolean;
    /** Packages that have changed since the cart was told of them: `number-corrected` and `changed`. */
    corrections: boolean;
    /** Packages that were withdrawn. */
    withdrawals: boolean;
    /** Line items. */
    lineItems: boolean;
    /** Notes and comments. */
    notes: boolean;
    /** An update without a status: the order's stays as it is. */
    withoutStatus: boolean;
    /** Whether the customer is notified can be chosen. */
    customerNotification: boolean;
    /** The cart notifies the customer by itself. */
    mailsCustomer: boolean;
    /** Sending the same update twice changes nothing and tells nobody twice. */
    safeToRepeat: boolean;
    /** Each status tells all there is to know: an older update can be left out when a newer one exists. */
    fullState: boolean;
  }
  /** All that a plugin says of itself. */
  interface Manifest {
    /** The plugin's name. */
    name: string;
    /** Its version, by Semantic Versioning 2.0.0. */
    version: string;
    /** The cart, as its users call it, and which versions: `WooCommerce 8 or later`. */
    cart: string;
    /** What it does, in a sentence or two. */
    summary: string;
    /** Whom to ask. */
    about: manifest.About;
    /** Every destination that it needs. */
    endpoints: manifest.Endpoint[];
    /** Every secret that it needs. */
    slots: manifest.Slot[];
    /** Everything the operator can set. */
    settings: manifest.Setting[];
    /** Which statuses the cart takes. */
    statuses: manifest.Statuses;
    /** What it can carry, and how it behaves. */
    features: manifest.Features;
    /** Which carriers the cart takes. */
    carriers: manifest.Carriers;
    /**
     * Names of fields in the cart's requests and answers that are personal: of JSON members, XML elements and form fields, at any depth, without
     * regard to case. Recordings leave their values out.
     */
    personalFields: string[];
    /** What the cart bears and a call needs: what the operator's own settings begin with. */
    pace: manifest.Pace;
    /**
     * Names of the registry (`extra.md`) without which the plugin does not work, those of all its `other` kinds among them. A host that does not know one
     * refuses the plugin and names it.
     */
    requires: string[];
    /** Further data. */
    extra: growth.Extra;
  }
}

/**
 * What happened to an order, in the Order Manager's words, after every gate and after the cart's maps.
 *
 * All text is valid UTF-8 without control characters, except that `note`, `comments` and a line's `note` may hold line feeds. No text is empty: what
 * is empty or blank with the sender is `none` here. The host checked lengths and counts before the call: an order number has 1 to 64 characters, a label
 * 1 to 100, notes and comments up to 16 KiB each, a tracking URL up to 2048 characters, other text up to 255; an update has up to 100 packages and 1000 line
 * items, a package up to 1000 entries of contents, and a line up to 1000 packages. Lists are in the sender's order.
 */
export namespace orders {
  /** A day of the Gregorian calendar. */
  interface CivilDate {
    /** 1970 to 9999. */
    year: number;
    /** 1 to 12. */
    month: number;
    /** 1 to 31. */
    day: number;
  }
  /** A date and a time of day in the Order Manager's place. The host has checked that it exists in the calendar. */
  interface CivilTime {
    /** The day. */
    date: orders.CivilDate;
    /** 0 to 23. */
    hour: number;
    /** 0 to 59. */
    minute: number;
    /** 0 to 59. */
    second: number;
    /** Minutes east of UTC (-1080 to 1080), where the sender gives them. Classic senders do not. */
    utcOffsetMinutes: number | null;
  }
  /** What the cart knows of a package. */
  type Told =
    /** The cart was not told of it. */
    | "new"
    /** The cart was told of it as it is here. Sending it again is harmless only where the cart recognises a repeat. */
    | "already-told"
    /** The cart was told of it with another tracking number, which is `told-number`. Other data may have changed as well. */
    | "number-corrected"
    /** The cart was told of it with the same number, and something else of it has changed since: its carrier, its contents. */
    | "changed"
    /** The cart was told of it, and the Order Manager has withdrawn it since. */
    | "withdrawn";
  /** How many of a line lie in a package. */
  interface Content {
    /** The cart's id of the line. */
    webLineId: string | null;
    /** The Order Manager's number of the line. */
    referenceLineId: string | null;
    /** The stock keeping unit, as the Order Manager writes it. */
    sku: string | null;
    /** Decimal text, as in `line-item`. */
    quantity: string;
  }
  /**
   * A package that left, or will leave, for the customer.
   *
   * Two packages are the same one if their `id` is the same; where one has no id, if carrier and tracking number are
   * the same after removing spaces and hyphens and folding ASCII case.
   */
  interface Package {
    /** The sender's own id of the package. */
    id: string | null;
    /** The tracking number, as given. None for a package that cannot be tracked, or not yet. */
    trackingNumber: string | null;
    /** Where the customer can follow the package. An absolute `https` or `http` URL. */
    trackingUrl: string | null;
    /** The carrier in the cart's words, after the operator's carrier map. */
    carrier: string | null;
    /** The carrier as the Order Manager wrote it, such as `FX`. */
    carrierGiven: string | null;
    /** The shipping method, such as `Ground`. */
    method: string | null;
    /** The day on which the carrier picked it up. */
    pickedUp: orders.CivilDate | null;
    /** What lies in it, where the sender says so; empty where the sender does not. Where the lines' own `packages` say otherwise, this counts. */
    contents: orders.Content[];
    /** From where it leaves, such as a warehouse, in the sender's words. */
    origin: string | null;
    /** What the cart was told of this package before. Told means: in an update that was settled as applied, or named as told in `failure.packages`. */
    told: orders.Told;
    /** The tracking number that the cart was told before; only with `number-corrected`. */
    toldNumber: string | null;
    /** The cart's own reference of the package, which a plugin gave when the cart was told of it. */
    knownReference: string | null;
    /** Further data. */
    extra: growth.Extra;
  }
  /** How many of the line travel in one package. Where a package's `contents` say otherwise, those count. */
  interface LinePackage {
    /** The `id` of a package of the update. */
    packageId: string;
    /** Decimal text, as in `line-item`. */
    quantity: string;
  }
  /**
   * One line of the order.
   *
   * Quantities are decimal text (`2`, `0.5`): an optional minus sign, up to 15 digits, and optionally a point and up to
   * 6 digits. None where the sender does not say.
   */
  interface LineItem {
    /** The cart's id of the line. */
    webLineId: string | null;
    /** The Order Manager's number of the line. */
    referenceLineId: string | null;
    /** The stock keeping unit, as the Order Manager writes it. */
    sku: string | null;
    /** The line's own status label, as the Order Manager wrote it. */
    label: string | null;
    /** The line's status in the cart's words, after the label map. */
    status: string | null;
    /** How many were ordered. */
    ordered: string | null;
    /** How many were shipped so far. */
    shipped: string | null;
    /** Still to be shipped. */
    needed: string | null;
    /** What the Order Manager says of this line. */
    note: string | null;
    /** The packages of this order in which the line travels; empty where the sender does not say. */
    packages: orders.LinePackage[];
    /** Further data. */
    extra: growth.Extra;
  }
  /** One change of an order's status, or news of its packages. */
  interface Update {
    /** The cart's own (web) number of the order: the key under which the cart knows it. Text; it may look like `100-A`. */
    orderNumber: string;
    /** The Order Manager's own number of the order. */
    referenceNumber: string | null;
    /** The status label as the Order Manager's user wrote it, such as `Order Shipped`. */
    label: string;
    /**
     * The status to set, in the cart's own words, after the operator's label map. None: leave the order's status as it is and send only the
     * tracking data and notes (the map says `tracking-only`); only for a plugin with the feature `without-status`.
     */
    status: string | null;
    /** The label that the cart was last told for this order, where the host knows it. */
    previousLabel: string | null;
    /** When the label changed, by the clock on the Order Manager's wall. */
    changedAt: orders.CivilTime;
    /**
     * The same as an instant: by the sender's offset from UTC, else by the time zone that the operator set for the cart. None where neither is known,
     * or where the wall's clock showed that time twice or never.
     */
    changedAtUnixMs: number | null;
    /** What the Order Manager tells the cart about this change. Protocols call it `orderdetail` or `Notes`. */
    note: string | null;
    /** The order's comments, where the sender gives them. */
    comments: string | null;
    /** Whether the cart shall notify the customer. None: the sender does not say; leave it to the cart. */
    notifyCustomer: boolean | null;
    /** Every package of the order that the sender named, with what the cart was told of each, and those that were withdrawn. */
    packages: orders.Package[];
    /** Whether the packages named are all that the order will have. None: the sender does not say. */
    packagesComplete: boolean | null;
    /** The lines of the order, where the sender gives them. */
    lineItems: orders.LineItem[];
    /** Further data. */
    extra: growth.Extra;
  }
}

/** Signatures with keys that the plugin never sees. */
export namespace signing {
  /** A hash function. */
  type Algorithm =
    /** MD5 (RFC 1321), for carts that know nothing better. */
    | "md5"
    /** SHA-1 (FIPS 180-4), for carts that know nothing better. */
    | "sha1"
    /** SHA-256 (FIPS 180-4). */
    | "sha256"
    /** SHA-512 (FIPS 180-4). */
    | "sha512";
  /** The class of an error. */
  type ErrorKind =
    /** The slot does not exist, holds no value, or may not be used so. */
    | "slot-denied"
    /** The slot has no such field. */
    | "field-denied"
    /** The slot's key is not written in the encoding that the manifest states. */
    | "key-invalid"
    /** The message is larger than the cart's limit for a request. */
    | "message-too-large"
    /** The call has used up its signatures. */
    | "quota-exceeded"
    /** This host does not do that yet. */
    | "unsupported"
    /** Something else. */
    | "other";
  /** Why there is no signature. Asking again gives the same answer. */
  interface Error {
    /** What a plugin may decide by. */
    kind: signing.ErrorKind;
    /** For the log. */
    message: string;
  }
}
