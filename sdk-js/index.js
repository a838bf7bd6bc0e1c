// What a Cartage plugin in JavaScript is written with. index.d.ts documents each function.
//
// The values that a plugin gets and gives are those of the contract, in camel case. These functions make them, and fill in what is left out.

import "./hermetic.js";

export { plugin } from "./plugin.js";
export { basic, basicKey, bearer, choices, field, form, header, macKey, query } from "./manifest.js";
export { Answer, bytes, path, raw, secret, send, text } from "./http.js";
export { digest, mac } from "./signing.js";
export { Applied, Failure, fine, mayHaveArrived, problem, setting, warning } from "./outcome.js";
export { isoDate, isoTime } from "./orders.js";
export { base64, decode, encode, excerpt, hex } from "./encoding.js";
export { progress } from "./progress.js";
export * as log from "./log.js";
