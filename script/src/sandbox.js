// What a script finds around it: the language without anything that makes two runs differ, all of it frozen.
//
// Runs once in each engine, and hands back what the Rust side works with. Whoever changes this: a function that a
// script can reach must not answer with anything but its arguments.
(() => {
  "use strict";
  const {
    create, defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf, isExtensible, preventExtensions,
  } = Object;
  const { apply, construct, ownKeys } = Reflect;
  const uncurry = (method) => (self, ...args) => apply(method, self, args);
  const isArray = Array.isArray;
  const hidden = (value) => ({ value, writable: true, enumerable: false, configurable: true });

  const UNKNOWN_VERSION = "the version of this event is not known";

  // Where two runs could differ
  // ---------------------------

  const refuse = (message) => { throw new Error(message); };

  const KEPT = [
    "Object", "Function", "Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError",
    "URIError", "InternalError", "AggregateError", "Iterator", "Array", "Number", "String", "Boolean", "Symbol",
    "BigInt", "Math", "JSON", "Reflect", "Date", "RegExp", "Map", "Set", "parseInt", "parseFloat", "isNaN",
    "isFinite", "decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "escape", "unescape",
    "globalThis", "Infinity", "NaN", "undefined",
  ];
  for (const name of ownKeys(globalThis)) {
    if (!KEPT.includes(name)) delete globalThis[name];
  }

  defineProperty(Math, "random", hidden(function random() {
    refuse("`Math.random` differs each time: a fold has to come to the same state each time");
  }));

  // Setting these changes what is behind them, however frozen they are.
  for (const name of ["prepareStackTrace", "stackTraceLimit", "captureStackTrace"]) delete Error[name];
  // It makes promises.
  delete Array.fromAsync;

  // Making functions from text would get around what is checked when a fold is read.
  const noFunction = function Function() {
    refuse("functions cannot be made from text here");
  };
  for (const sample of [function () {}, function* () {}, async function () {}, async function* () {}]) {
    const prototype = getPrototypeOf(sample);
    defineProperty(prototype, "constructor", hidden(noFunction));
  }
  defineProperty(noFunction, "prototype", { value: getPrototypeOf(noFunction), writable: false });
  globalThis.Function = noFunction;

  // It is the one property that assigning to an object does not make a member of it.
  delete Object.prototype.__proto__;

  // Dates: no clock, and no time zone but UTC.
  const RealDate = Date;
  const dateProto = RealDate.prototype;
  const getTime = uncurry(dateProto.getTime);
  const realParse = RealDate.parse;
  const realOffset = uncurry(dateProto.getTimezoneOffset);
  const { UTC } = RealDate;
  const test = uncurry(RegExp.prototype.test);
  const DATE_ONLY = /^\s*[+-]?\d{4,6}(-\d\d(-\d\d)?)?\s*$/;
  const WITH_ZONE = /(Z|[+-]\d\d:?\d\d|\b(GMT|UTC?|[ECMP][SD]T))\s*(\([^)]*\))?\s*$/i;
  const noClock = () => refuse(
    "the time now differs each time: a fold has to come to the same state each time; `event.timestamp_ms` tells when an event happened",
  );
  const parse = (text) => {
    const ms = realParse(text);
    if (ms !== ms || test(DATE_ONLY, text) || test(WITH_ZONE, text)) return ms;
    // It was taken for local time.
    return ms - realOffset(new RealDate(ms)) * 60_000;
  };
  const toMs = (value) => {
    if (typeof value === "object" && value !== null) {
      try {
        return getTime(value);
      } catch {
        // It is not a date.
      }
      const method = value[Symbol.toPrimitive];
      value = method === undefined || method === null ? value.valueOf() : apply(method, value, ["default"]);
      if (typeof value === "object") value = `${value}`;
    }
    return typeof value === "string" ? parse(value) : Number(value);
  };
  const SafeDate = function Date(...args) {
    if (new.target === undefined || args.length === 0) noClock();
    return construct(RealDate, [args.length === 1 ? toMs(args[0]) : apply(UTC, RealDate, args)], new.target);
  };
  defineProperty(SafeDate, "length", { value: 7 });
  defineProperty(SafeDate, "prototype", { value: dateProto, writable: false });
  defineProperty(SafeDate, "UTC", hidden(UTC));
  defineProperty(SafeDate, "now", hidden(function now() { noClock(); }));
  defineProperty(SafeDate, "parse", hidden({ parse(text) { return parse(`${text}`); } }.parse));
  defineProperty(dateProto, "constructor", hidden(SafeDate));
  globalThis.Date = SafeDate;
  for (const part of ["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds"]) {
    for (const verb of ["get", "set"]) {
      const method = dateProto[`${verb}UTC${part}`];
      if (method) defineProperty(dateProto, `${verb}${part}`, hidden(method));
    }
  }
  const toUTCString = uncurry(dateProto.toUTCString);
  const dateText = (date) => {
    const [day, of, month, year] = toUTCString(date).replace(",", "").split(" ");
    return `${day} ${month} ${of} ${year}`;
  };
  const timeText = (date) => toUTCString(date).split(" ")[4];
  const invalid = (date) => getTime(date) !== getTime(date);
  const texts = {
    toString() { return invalid(this) ? "Invalid Date" : `${dateText(this)} ${timeText(this)} GMT+0000 (UTC)`; },
    toDateString() { return invalid(this) ? "Invalid Date" : dateText(this); },
    toTimeString() { return invalid(this) ? "Invalid Date" : `${timeText(this)} GMT+0000 (UTC)`; },
    toLocaleString() { return invalid(this) ? "Invalid Date" : `${dateText(this)} ${timeText(this)}`; },
    toLocaleDateString() { return invalid(this) ? "Invalid Date" : dateText(this); },
    toLocaleTimeString() { return invalid(this) ? "Invalid Date" : timeText(this); },
    getTimezoneOffset() { return invalid(this) ? NaN : 0; },
    getYear() { return this.getUTCFullYear() - 1900; },
    setYear(year) {
      const number = Math.trunc(Number(year));
      return this.setUTCFullYear(number >= 0 && number <= 99 ? 1900 + number : number);
    },
  };
  for (const name of ownKeys(texts)) defineProperty(dateProto, name, hidden(texts[name]));

  // What takes long without a look at the clock
  // -------------------------------------------

  // The engine looks at the clock every ten thousand steps of a script, and what it does by itself is one step, however long
  // it takes. So whatever may take long here goes some empty steps first, as many as it is going to be long.
  const steps = (count) => { for (let i = count; i > 0; i--); };
  // More than fit into the memory that a script usually has; an array can say that it has more.
  const MAX_ITEMS = 2 ** 23;
  const tollItems = (list) => {
    const { length } = list;
    if (length > MAX_ITEMS) throw new RangeError(`a list of ${length} items; there can be ${MAX_ITEMS}`);
    if (length > 256) steps(length >> 3);
  };
  const tollText = (length) => { if (length > 4096) steps(length >> 6); };
  const tollTextWork = (length) => { if (length > 2048) steps(length >> 1); };
  const tollSearch = (text, part) => {
    const work = String(text).length * (typeof part === "string" ? part.length : 1);
    if (work > 65_536) steps(work / 64);
  };
  const guard = (owner, name, toll) => {
    const real = owner[name];
    if (typeof real !== "function") return;
    const guarded = { [name]() { toll(this, arguments); return apply(real, this, arguments); } }[name];
    defineProperty(guarded, "length", { value: real.length });
    defineProperty(owner, name, hidden(guarded));
  };
  for (const name of [
    "join", "reverse", "slice", "sort", "shift", "unshift", "splice", "copyWithin", "flat", "fill", "toSorted",
    "toReversed", "toSpliced", "with", "toLocaleString",
  ]) {
    guard(Array.prototype, name, tollItems);
  }
  guard(Array.prototype, "concat", (list, more) => {
    tollItems(list);
    for (let i = 0; i < more.length; i++) {
      if (typeof more[i] === "object" && more[i] !== null) tollItems(more[i]);
    }
  });
  guard(Array, "from", (_, [list]) => { if (typeof list === "object" && list !== null) tollItems(list); });
  guard(String, "raw", (_, [strings]) => tollItems(strings.raw));
  for (const name of [
    "toUpperCase", "toLowerCase", "toLocaleUpperCase", "toLocaleLowerCase", "normalize", "trim", "trimStart", "trimEnd",
    "localeCompare", "isWellFormed", "toWellFormed",
  ]) {
    guard(String.prototype, name, (text) => tollText(text.length));
  }
  for (const name of ["indexOf", "lastIndexOf", "includes"]) {
    guard(String.prototype, name, (text, [part]) => tollSearch(text, part));
  }
  for (const name of ["split", "replace", "replaceAll", "match", "search"]) {
    guard(String.prototype, name, (text, [part]) => {
      tollTextWork(text.length);
      if (typeof part === "string") tollSearch(text, part);
    });
  }
  guard(String.prototype, "repeat", (text, [times]) => tollText(text.length * times));
  for (const name of ["padStart", "padEnd"]) guard(String.prototype, name, (_, [length]) => tollText(length));
  for (const name of ["escape", "unescape", "encodeURI", "encodeURIComponent", "decodeURI", "decodeURIComponent"]) {
    guard(globalThis, name, (_, [text]) => tollTextWork(text?.length));
  }
  guard(JSON, "parse", (_, [text]) => tollTextWork(text?.length));
  const stringify = JSON.stringify;
  defineProperty(JSON, "stringify", hidden({
    stringify(value, replacer, space) {
      if (isArray(value)) tollItems(value);
      const text = stringify(value, replacer, space);
      tollText(text?.length);
      return text;
    },
  }.stringify));

  // Freezing
  // --------

  const mapChanges = ["set", "delete", "clear", "add"];
  const isMapOrSet = (value) => value instanceof Map || value instanceof Set;
  const isRegExp = (value) => value instanceof RegExp;
  const dateChanges = ownKeys(dateProto).filter((name) => typeof name === "string" && name.startsWith("set"));
  const constant = function () {
    refuse("what is declared outside of the handlers is constant; keep what changes in the state");
  };

  const forEach = uncurry(Array.prototype.forEach);
  const hasMember = uncurry(Set.prototype.has);
  const addMember = uncurry(Set.prototype.add);
  const realm = new Set();

  // Freezes a value and all that can be reached from it, but for what is in `known` or `seen`.
  const deepFreeze = (root, known, seen, onEach) => {
    const pending = [root];
    while (pending.length > 0) {
      const value = pending.pop();
      if ((typeof value !== "object" && typeof value !== "function") || value === null) continue;
      if (hasMember(known, value) || hasMember(seen, value)) continue;
      addMember(seen, value);
      onEach(value);
      // `lastIndex` of a regular expression has to change for it to work.
      if (isRegExp(value)) preventExtensions(value);
      else freeze(value);
      const keys = ownKeys(value);
      for (let i = 0; i < keys.length; i++) {
        const member = getOwnPropertyDescriptor(value, keys[i]);
        if (member.get !== undefined || member.set !== undefined) pending.push(member.get, member.set);
        else pending.push(member.value);
      }
      pending.push(getPrototypeOf(value));
    }
  };

  // With a frozen prototype, assigning to `constructor`, `toString` and the like would throw. An accessor makes it a member.
  const letAssign = (prototype) => {
    for (const key of ownKeys(prototype)) {
      const member = getOwnPropertyDescriptor(prototype, key);
      if (!("value" in member) || !member.configurable || typeof key === "symbol") continue;
      const { value } = member;
      defineProperty(prototype, key, {
        get() { return value; },
        set(assigned) {
          if (this === prototype || (typeof this !== "object" && typeof this !== "function")) constant();
          defineProperty(this, key, { value: assigned, writable: true, enumerable: true, configurable: true });
        },
        enumerable: false,
        configurable: false,
      });
    }
  };
  letAssign(Object.prototype);
  for (const name of KEPT) {
    if (name.endsWith("Error")) letAssign(globalThis[name].prototype);
  }

  const generator = getPrototypeOf(function* () {});
  const iterators = [
    [][Symbol.iterator](), new Map()[Symbol.iterator](), new Set()[Symbol.iterator](), ""[Symbol.iterator](),
    "".matchAll(/x/g), generator, getPrototypeOf(async function () {}), getPrototypeOf(async function* () {}),
    (function* () {})(), [].values().map?.((x) => x), Iterator.from?.({ next() {} }),
    (function () { return arguments; })(), noFunction, noClock, constant,
  ];

  // What the Rust side works with
  // -----------------------------

  const describe = (value) => {
    if (value === null) return "null";
    if (isArray(value)) return "an array";
    switch (typeof value) {
      case "undefined": return "nothing";
      case "function": return "a function";
      case "object": return "an object";
      case "symbol": return "a symbol";
      case "string": return value.length > 40 ? "a text" : `\`${JSON.stringify(value)}\``;
      default: return `\`${String(value)}\``;
    }
  };

  // The suggestion for a name that is none of those known.
  const nearest = (name, known) => {
    const distance = (a, b) => {
      let row = Array.from({ length: b.length + 1 }, (_, i) => i);
      for (let i = 1; i <= a.length; i++) {
        const next = [i];
        for (let j = 1; j <= b.length; j++) {
          next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
        }
        row = next;
      }
      return row[b.length];
    };
    if (name.length > 20) return undefined;
    const best = known.map((word) => [distance(name.toLowerCase(), word.toLowerCase()), word]);
    best.sort(([a], [b]) => a - b);
    return best[0][0] <= 2 ? best[0][1] : undefined;
  };

  const unknown = (what, name, known) => {
    const close = nearest(name, known);
    const all = known.map((word) => `\`${word}\``).join(", ");
    return close === undefined
      ? `${what} \`${name}\` is not known; there are ${all}`
      : `${what} \`${name}\` is not known; did you mean \`${close}\`?`;
  };

  const isGenerator = (value) => generator.isPrototypeOf(value);
  const EXAMPLE = "`export default { initial: () => ({}), on: { OrderCreated(state, event) { … } } }`";

  const FOLD_MEMBERS = ["initial", "on", "$init"];
  const PROJECTION_MEMBERS = ["streams", "key", "upcast", ...FOLD_MEMBERS];
  // How often in a row an event may be brought up to date: more often than any type ever changes its shape.
  const MAX_UPCASTS = 32;
  const isOwnHandler = (handlers, type) => typeof type === "string" && !type.startsWith("$") && Object.hasOwn(handlers, type);

  // The event that handlers see: old shapes brought up to date. What `upcast` returns replaces the members that it has.
  const upcaster = (upcast) => (event) => {
    const change = (by) => {
      const result = by(event);
      if (result === undefined || result === null) return;
      if (typeof result !== "object" || isArray(result)) refuse(`\`upcast\` returned ${describe(result)} where an event is an object`);
      Object.assign(event, result);
    };
    if (typeof upcast === "function") {
      change(upcast);
      return event;
    }
    for (let i = 0; i < MAX_UPCASTS && isOwnHandler(upcast, event.type); i++) {
      const { type } = event;
      change(upcast[type]);
      if (event.type === type) break;
    }
    return event;
  };
  const dispatcher = (on, upToDate) => (state, event) => {
    const current = upToDate(event);
    const handler = isOwnHandler(on, current.type) ? on[current.type] : on.$any;
    return handler === undefined ? undefined : handler(state, current);
  };
  const keyOf = (key, upToDate) => (state, event) => {
    const found = key(upToDate(event));
    if (found === undefined || found === null) return null;
    if (typeof found === "string") return found;
    if (typeof found === "number" || typeof found === "bigint") return String(found);
    return refuse(`\`key\` returned ${describe(found)} where the key of a row is a text or a number`);
  };

  // What a projection has beside a fold: `[message, name]` where something is wrong with it, else `[null, streams, key, upcast]`.
  const projectionParts = ({ streams, key, upcast }) => {
    const list = typeof streams === "string" ? [streams] : streams;
    const isKey = (stream) => typeof stream === "string" && stream !== "";
    if (!isArray(list) || list.length === 0 || !list.every(isKey)) {
      return [`\`streams\` is ${describe(streams)} where a projection has a list of stream keys: \`streams: ["events:orders"]\``, "streams"];
    }
    const isFunction = (value) => typeof value === "function" && !isGenerator(value);
    if (key !== undefined && !isFunction(key)) {
      return [`\`key\` is ${describe(key)} where it has to be a function \`(event) => …\``, "key"];
    }
    if (upcast === undefined || isFunction(upcast)) return [null, list, key, upcast];
    if (typeof upcast !== "object" || upcast === null || isArray(upcast)) {
      return [`\`upcast\` is ${describe(upcast)} where it has to be a function \`(event) => …\`, or an object of such functions by event type`, "upcast"];
    }
    const wrong = ownKeys(upcast).find((type) => !isFunction(upcast[type]));
    if (wrong === undefined) return [null, list, key, upcast];
    return [`\`upcast\` for \`${String(wrong)}\` is ${describe(upcast[wrong])} where it has to be a function \`(event) => …\``, String(wrong)];
  };

  // Makes an instance of a module: `[message, name]` where it is no fold, or no projection where that is wanted; else
  // `[null, initial, types, handlers, regexes, streams]`. A function for the key of a row is the last handler, for the type `$key`.
  const instance = (factory, isProjection) => {
    const module = { v: undefined, k: [] };
    factory(module);
    const seen = new Set();
    const regexes = [];
    const onEach = (value) => {
      if (isRegExp(value)) regexes.push(value);
      else freezeContent(value);
    };
    forEach(module.k, (value) => deepFreeze(value, realm, seen, onEach));
    const fold = module.v;
    if (typeof fold !== "object" || fold === null || isArray(fold)) {
      return [`the module exports ${describe(fold)} where a fold has an object: ${EXAMPLE}`];
    }
    const members = isProjection ? PROJECTION_MEMBERS : FOLD_MEMBERS;
    for (const name of ownKeys(fold)) {
      if (!members.includes(name)) return [unknown("member", String(name), members), String(name)];
    }
    const [problem, streams, key, upcast] = isProjection ? projectionParts(fold) : [null, []];
    if (problem !== null) return [problem, streams];
    const { on } = fold;
    if (on === undefined) return [`the fold has no \`on\`, which holds the handlers by event type: ${EXAMPLE}`];
    if (typeof on !== "object" || on === null || isArray(on)) {
      return [`\`on\` is ${describe(on)} where a fold has an object of handlers by event type: ${EXAMPLE}`, "on"];
    }
    const inits = [[fold, "initial"], [fold, "$init"], [on, "$init"]].filter(([at, name]) => Object.hasOwn(at, name));
    if (inits.length > 1) return ["both `initial` and `$init` say what the state is before the first event; keep one", inits[1][1]];
    const types = [];
    const handlers = [];
    for (const type of ownKeys(on)) {
      if (type === "$init") continue;
      if (typeof type === "symbol") return ["a handler is named by a symbol where event types are text"];
      if (type.startsWith("$") && type !== "$any") return [unknown("handler", type, ["$any", "$init"]), type];
      const handler = on[type];
      if (typeof handler !== "function") {
        return [`the handler of \`${type}\` is ${describe(handler)} where it has to be a function \`(state, event) => …\``, type];
      }
      if (isGenerator(handler)) return [`the handler of \`${type}\` is a generator where it has to be a plain function`, type];
      types.push(type);
      handlers.push(handler);
    }
    let initial = {};
    if (inits.length === 1) {
      const [[at, name]] = inits;
      initial = at[name];
      if (typeof initial === "function") {
        if (isGenerator(initial)) return [`\`${name}\` is a generator where it has to be a plain function or a value`, name];
        initial = initial();
        if (initial === undefined) {
          return [`\`${name}\` returns nothing; for an object write \`${name}: () => ({ … })\`, with parentheses`, name];
        }
      } else if (initial === undefined) {
        initial = {};
      }
    }
    deepFreeze(fold, realm, seen, onEach);
    const upToDate = upcast === undefined ? (event) => event : upcaster(upcast);
    if (upcast !== undefined) {
      // Which handler is meant is known only once the event is up to date.
      types.splice(0, types.length, "$any");
      handlers.splice(0, handlers.length, dispatcher(on, upToDate));
    }
    if (key !== undefined) {
      types.push("$key");
      handlers.push(keyOf(key, upToDate));
    }
    return [null, initial, types, handlers, regexes, streams];
  };

  // What freezing an object leaves open.
  const freezeContent = (value) => {
    if (!isExtensible(value)) return;
    if (isMapOrSet(value)) {
      for (const name of mapChanges) {
        if (typeof value[name] === "function") defineProperty(value, name, { value: constant });
      }
      const members = [];
      value.forEach((member, key) => members.push(member, key));
      defineProperty(value, Symbol("members"), { value: members });
    } else if (value instanceof RealDate) {
      for (const name of dateChanges) defineProperty(value, name, { value: constant });
    }
  };

  // A handler as it is called: with the parts of an event, `fields` and `decode_error` only where there are any. `needs` is
  // what is known of the parts that it uses: nothing known, only the data, or some others but nothing beyond the first five.
  const bind = (handler, type, regexes, needs) => {
    if (needs !== "anything" && regexes.length === 0) {
      // It cannot keep the event, so that one object does for all of them.
      const event = { id: undefined, version: undefined, type, timestamp_ms: undefined, data: undefined };
      if (needs === "data") {
        return (state, data) => {
          event.data = data;
          return handler(state, event);
        };
      }
      return (state, data, id, version, timestamp_ms) => {
        event.type = type;
        event.data = data;
        event.id = id;
        event.version = version;
        event.timestamp_ms = timestamp_ms;
        return handler(state, event);
      };
    }
    return (state, data, id, version, timestamp_ms, type, fields, decode_error) => {
      const event = { id, version, type, timestamp_ms, data };
      // Where the last event left off searching is nothing that the next one may see.
      if (regexes.length > 0) forEach(regexes, (regex) => { regex.lastIndex = 0; });
      if (decode_error !== undefined) event.decode_error = decode_error;
      if (fields !== undefined) defineProperty(event, "fields", hidden(fields));
      return handler(state, event);
    };
  };
  const bindAll = (handlers, types, regexes, needs) =>
    handlers.map((handler, i) => bind(handler, types[i], regexes, needs[i]));
  const toSource = uncurry(Function.prototype.toString);

  // As long as objects of these shapes exist the engine need not make the shapes again for each event.
  const shapes = [
    {}, { id: 0 }, { id: 0, version: 0 }, { id: 0, version: 0, type: 0 },
    { id: 0, version: 0, type: 0, timestamp_ms: 0 }, { id: 0, version: 0, type: 0, timestamp_ms: 0, data: 0 },
  ];

  // What an object is that has another prototype than `{}` has: `undefined` where its members are what counts, a text where
  // it is something that JSON has no form for, and `[value]` where another value stands for it.
  const explain = (value) => {
    if (typeof value.toJSON === "function") return [value.toJSON("")];
    if (value instanceof Map) return "a `Map`; JSON has objects for that, as `Object.fromEntries(map)` makes them";
    if (value instanceof Set) return "a `Set`; JSON has arrays for that, as `[...set]` makes them";
    if (value instanceof RegExp) return "a regular expression";
    if (value instanceof Error) return "an error; keep its `message`";
    if (value instanceof Number || value instanceof String || value instanceof Boolean) return [value.valueOf()];
    if (typeof value.then === "function") return "a promise";
    if (typeof value.next === "function") return "an iterator; JSON has arrays for that, as `[...iterator]` makes them";
    return undefined;
  };

  // An expression as a function of what it is about. A version that is not known is `undefined`: an expression that asks for it has no
  // answer, even where it catches what is thrown.
  const evaluate = (test, state, data, id, version, timestamp_ms, type, fields, decode_error) => {
    const event = { id, version, type, timestamp_ms, data };
    let hasFailed = false;
    if (version === undefined) {
      const get = () => {
        hasFailed = true;
        refuse(UNKNOWN_VERSION);
      };
      defineProperty(event, "version", { get, enumerable: true, configurable: true });
    }
    if (decode_error !== undefined) event.decode_error = decode_error;
    if (fields !== undefined) defineProperty(event, "fields", hidden(fields));
    const result = test(state, event, version);
    if (hasFailed) refuse(UNKNOWN_VERSION);
    return result;
  };

  const tools = {
    instance, bindAll, toSource, evaluate, explain, freeze, BigInt,
    digits: Symbol("digits"), objectPrototype: Object.prototype, shapes,
  };

  const none = new Set();
  forEach([globalThis, ...iterators], (root) => deepFreeze(root, none, realm, () => {}));
  return tools;
})()
