// A plugin has neither a clock nor chance. The component's own would end the call without a word, or give the same number in every call.

const hint = (what) => new Error(`a plugin has no ${what}; take context.nowUnixMs and context.entropy`);

const Host = Date;

globalThis.Date = class Date extends Host {
  constructor(...given) {
    if (given.length === 0) throw hint("clock");
    super(...given);
  }

  static now() {
    throw hint("clock");
  }
};

Math.random = () => {
  throw hint("chance");
};
