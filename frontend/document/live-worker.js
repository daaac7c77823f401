// Holds the live line of all tabs. Browsers open only six connections to a server over HTTP/1.1: with a line for each tab, the
// seventh would wait for one of the others to be closed, for all that it asks.
//
// A tab says                                  and is told
//   ["open", number, query]                     ["frame", number, name, data, id]
//   ["close", number]                           ["lost", number]
//   ["alive"], ["leave"]
//
// A query is what `/api/live` takes as a `watch`. After "lost" the tab asks again when it thinks fit, from the last id that it has
// seen. Nothing here decides anything: when what is watched changes, the line is opened again, each watch after its last id.

const FRAMES = ["entry", "gap", "remade", "lag", "status", "filter_errors", "failed", "refused", "heartbeat"];
// What the server takes in one line, and a URL of which no proxy complains.
const MAX_WATCHES = 32;
const MAX_URL = 6000;
// Tabs say that they live every 20 seconds, and once a minute while nobody sees them.
const SILENT_TAB_MS = 180_000;
const LOOK_FOR_SILENT_TABS_MS = 30_000;
// Tabs ask for several things in a row, and leave one page for another.
const MORE_TO_COME_MS = 15;
const LEFT_BEHIND_MS = 1000;

const watches = new Set();
const tabs = new Set();
let lines = [];
let timer = null;
let due = Infinity;

self.onconnect = ({ ports: [port] }) => {
  const tab = { port, heardAt: Date.now() };
  tabs.add(tab);
  port.onmessage = ({ data: [what, number, query] }) => {
    tab.heardAt = Date.now();
    tabs.add(tab);
    if (what === "open") {
      remove((watch) => watch.tab === tab && watch.number === number);
      const after = new URLSearchParams(query).get("after");
      watches.add({ tab, number, query: without(query, "after"), after });
      arrange(MORE_TO_COME_MS);
    } else if (what === "close") {
      leave((watch) => watch.tab === tab && watch.number === number);
    } else if (what === "leave") {
      forget(tab);
    }
  };
  // Browsers that know of it say so when a tab is gone, crashed ones too.
  port.onclose = () => forget(tab);
};

setInterval(() => {
  const limit = Date.now() - SILENT_TAB_MS;
  [...tabs].filter((tab) => tab.heardAt < limit).forEach(forget);
}, LOOK_FOR_SILENT_TABS_MS);

function forget(tab) {
  tabs.delete(tab);
  leave((watch) => watch.tab === tab);
}

function leave(isMeant) {
  if (remove(isMeant)) {
    arrange(LEFT_BEHIND_MS);
  }
}

function remove(isMeant) {
  const gone = [...watches].filter(isMeant);
  gone.forEach((watch) => watches.delete(watch));
  return gone.length > 0;
}

function without(query, name) {
  return query.split("&").filter((part) => !part.startsWith(`${name}=`)).join("&");
}

// Has the lines opened again within this many milliseconds.
function arrange(withinMs) {
  const at = Date.now() + withinMs;
  if (at < due) {
    clearTimeout(timer);
    due = at;
    timer = setTimeout(open, withinMs);
  }
}

function open() {
  due = Infinity;
  lines.forEach((source) => source.close());
  lines = [];
  let url = "";
  let group = [];
  for (const watch of watches) {
    const after = watch.after === null ? "" : `&after=${encodeURIComponent(watch.after)}`;
    const part = `&watch=${encodeURIComponent(watch.query + after)}`;
    if (group.length === MAX_WATCHES || (group.length > 0 && url.length + part.length > MAX_URL)) {
      lines.push(line(url, group));
      url = "";
      group = [];
    }
    url += part;
    group.push(watch);
  }
  if (group.length > 0) {
    lines.push(line(url, group));
  }
}

function line(parameters, group) {
  const source = new EventSource(`/api/live?${parameters.slice(1)}`);
  const tell = (watch, what, ...rest) => {
    if (watches.has(watch)) {
      watch.tab.port.postMessage([what, watch.number, ...rest]);
    }
  };
  // Whose the frames are that follow.
  let current = null;
  source.addEventListener("watch", ({ data }) => {
    current = group[Number(data)];
  });
  for (const name of FRAMES) {
    source.addEventListener(name, ({ data, lastEventId }) => {
      if (lastEventId !== "") {
        current.after = lastEventId;
      }
      tell(current, "frame", name, data, lastEventId);
      if (name === "refused") {
        watches.delete(current);
      }
    });
  }
  source.onerror = () => {
    source.close();
    for (const watch of group) {
      tell(watch, "lost");
      watches.delete(watch);
    }
  };
  return source;
}
