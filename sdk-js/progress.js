// What a call has done so far, which no failure loses.

import { Applied, Failure } from "./outcome.js";

export function progress(act) {
  const work = new Progress();
  try {
    act(work);
  } catch (error) {
    throw error instanceof Failure ? told(error, work) : error;
  }
  const { reference, message, steps, packages } = work;
  const outcome = steps.length > 0 || packages.length > 0 ? Applied.done : Applied.alreadyDone;
  return outcome({ reference, message, steps, packages });
}

class Progress {
  reference = null;
  message = null;
  resume = null;
  steps = [];
  packages = [];

  step(name, reference = null) {
    this.steps.push({ name, reference });
  }

  told(index, reference = null) {
    const known = this.packages.find((told) => told.index === index);
    if (known === undefined) this.packages.push({ index, reference });
    else known.reference = reference ?? known.reference;
  }
}

// What the failure says itself counts before what was recorded.
function told(failure, work) {
  const { payload } = failure;
  for (const { index, reference } of payload.packages) work.told(index, reference);
  payload.steps = [...work.steps, ...payload.steps];
  payload.packages = work.packages;
  payload.reference ??= work.reference === null ? null : String(work.reference);
  payload.resume ??= work.resume;
  return failure;
}
