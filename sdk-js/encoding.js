// Text and bytes.

// Bytes that are turned into text at once: the arguments of one call.
const CHUNK = 8192;

const EXCERPT_CHARS_MAX = 300;

// How much of a text is looked at for its excerpt.
export const EXCERPT_READ_MAX = 4096;

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The engine's own functions do the work: a loop over each byte of a large answer would use up a call's processor time.
export function decode(bytes) {
  let latin1 = "";
  for (let at = 0; at < bytes.length; at += CHUNK) latin1 += String.fromCharCode.apply(null, bytes.subarray(at, at + CHUNK));
  try {
    const text = decodeURIComponent(escape(latin1));
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  } catch {
    return latin1;
  }
}

// The text of the first bytes. A character that is cut at the end is left out.
export function decodeStart(bytes, length) {
  let end = Math.min(bytes.length, length);
  if (end < bytes.length) {
    for (let back = 0; back < 3 && (bytes[end] & 0xc0) === 0x80; back += 1) end -= 1;
  }
  return decode(bytes.subarray(0, end));
}

export function encode(text) {
  const latin1 = unescape(encodeURIComponent(text));
  return Uint8Array.from(latin1, (byte) => byte.charCodeAt(0));
}

export function excerpt(text) {
  const line = [...text.slice(0, EXCERPT_READ_MAX).replace(/[\s\p{Cc}]+/gu, " ").trim()];
  return line.length > EXCERPT_CHARS_MAX ? `${line.slice(0, EXCERPT_CHARS_MAX).join("")}...` : line.join("");
}

export function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const bits = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const left = bytes.length - at;
    text += DIGITS[bits >> 18] + DIGITS[(bits >> 12) & 63] + (left > 1 ? DIGITS[(bits >> 6) & 63] : "=") + (left > 2 ? DIGITS[bits & 63] : "=");
  }
  return text;
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
