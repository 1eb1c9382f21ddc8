// One event stream for all tabs of this browser, turned into events on <body>:
//   "incident" (detail: {event, code, kind}), "incident:NT-…" for a page that shows one, "presence" (detail: {code}),
//   "resync", "link" (detail: up?).
// Browsers allow six connections to a server over HTTP/1.1, so tabs share: the one that holds the lock listens.
(function () {
  "use strict";
  const RETRY_MS = 3000;
  const POLL_MS = 15000;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("desk-events") : null;
  let up = null, source = null;

  function tell(name, detail) { document.body.dispatchEvent(new CustomEvent(name, { detail: detail })); }

  function heard(message) {
    if (message.kind === "ask") {
      if (source) { share({ kind: "link", up: source.readyState === EventSource.OPEN }); }
    } else if (message.kind === "link") {
      if (up === message.up) { return; }
      up = message.up;
      document.documentElement.toggleAttribute("data-live", up);
      tell("link", up);
      // What happened while nobody listened, and since the server drew the page, is asked for once.
      if (up) { tell("resync"); }
    } else if (message.kind === "resync") {
      tell("resync");
    } else if (message.kind === "presence") {
      tell("presence", message.event);
    } else {
      tell("incident", message.event);
      tell("incident:" + message.event.code, message.event);
    }
  }

  function share(message) {
    heard(message);
    if (channel) { channel.postMessage(message); }
  }

  function listen() {
    source = new EventSource("/events/");
    source.addEventListener("open", function () { share({ kind: "link", up: true }); });
    source.addEventListener("incident", function (event) {
      share({ kind: "incident", event: JSON.parse(event.data) });
    });
    source.addEventListener("presence", function (event) {
      share({ kind: "presence", event: JSON.parse(event.data) });
    });
    source.addEventListener("resync", function () { share({ kind: "resync" }); });
    source.addEventListener("error", function () {
      share({ kind: "link", up: false });
      // The browser tries again by itself unless the server refused.
      if (source.readyState === EventSource.CLOSED) { setTimeout(listen, RETRY_MS); }
    });
  }

  if (channel) { channel.onmessage = function (event) { heard(event.data); }; }
  if (channel && navigator.locks) {
    channel.postMessage({ kind: "ask" });
    navigator.locks.request("desk-events", function () {
      listen();
      return new Promise(function () { /* held until the tab goes */ });
    });
  } else {
    listen();
  }
  // Without a stream the page asks by itself.
  setInterval(function () { if (!up) { tell("resync"); } }, POLL_MS);
})();
