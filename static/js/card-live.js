// Keeps the open card fresh without moving anything: new places of the timeline are added, the others stay as they
// are; the header and the facts wait while somebody types or has a menu open in them.
(function () {
  "use strict";
  const NEAR_END = 80;
  const talk = document.getElementById("card-talk"), pill = talk.querySelector(".dk-below");
  let waiting = false, newest = null;

  function isInUse(part) {
    if (part.querySelector("details.dk-why[open], [popover]:popover-open, #closing")) { return true; }
    return Array.from(part.querySelectorAll("textarea,input:not([type=hidden])")).some(function (field) {
      return field === document.activeElement || field.value !== field.defaultValue;
    });
  }

  // A line of deeds grows when one more follows within moments; a letter or a note never changes.
  function isSame(old, fresh) {
    return old.dataset.size === fresh.dataset.size;
  }

  function isNewestFirst() { return "newestFirst" in document.getElementById("talk").dataset; }
  function isAtEnd(talk) {
    const away = isNewestFirst() ? talk.scrollTop : talk.scrollHeight - talk.scrollTop - talk.clientHeight;
    return away < NEAR_END;
  }

  // After a flood of letters the answer may begin beyond everything that is shown.
  function isApart(fresh, present) {
    const older = fresh.querySelector("#older");
    if (!older) { return false; }
    const opening = isNewestFirst() ? older.nextElementSibling : older.previousElementSibling;
    return !Array.from(fresh.querySelectorAll("ol > .dk-ev")).some(function (item) { return item !== opening && present.has(item.id); });
  }

  function merge(talk, fresh) {
    const list = document.getElementById("talk"), wasAtEnd = isAtEnd(talk);
    const present = new Map(Array.from(list.children).map(function (item) { return [item.id, item]; }));
    let after = null, added = null;
    if (isApart(fresh, present)) { list.replaceChildren(); present.clear(); }
    Array.from(fresh.querySelector("ol").children).forEach(function (item) {
      const old = present.get(item.id);
      // Older pages are on this one perhaps; the link to them stays as it is.
      if (item.id === "older" && (old || present.size)) { after = old || after; return; }
      // "Nothing has happened yet."
      if (!item.id) { return; }
      if (!old) {
        if (after) { after.after(item); } else { list.prepend(item); }
        htmx.process(item);
        added = item.matches(".dk-ev") ? item : added;
      } else if (!isSame(old, item)) {
        old.replaceWith(item);
      }
      after = document.getElementById(item.id);
    });
    const empty = list.querySelector("li:not([id])");
    if (empty && added) { empty.remove(); }
    if (!added) { return; }
    added.classList.add("fresh");
    newest = added;
    if (isPage(talk)) {
      pill.hidden = isInSight(added);
    } else if (wasAtEnd) {
      added.scrollIntoView({ block: "nearest" });
    } else {
      pill.hidden = false;
    }
  }

  // On a phone the whole page scrolls, and nothing below the fold may pull it.
  function isPage(talk) { return getComputedStyle(talk).overflowY === "visible"; }
  function isInSight(item) {
    const box = item.getBoundingClientRect();
    return box.top < window.innerHeight && box.bottom > 0;
  }

  document.addEventListener("htmx:oobBeforeSwap", function (event) {
    const target = event.detail.target, fresh = event.detail.fragment.firstElementChild;
    if (target.id === "card-talk") {
      event.detail.shouldSwap = false;
      merge(target, fresh);
    } else if (fresh && "guard" in fresh.dataset && isInUse(target)) {
      event.detail.shouldSwap = false;
      waiting = true;
    } else {
      // htmx would copy the place of an opened menu as a style attribute, which the policy of the page forbids.
      target.querySelectorAll("[style]").forEach(function (part) { part.removeAttribute("style"); });
    }
  });

  // What had to wait comes once nobody is at it any more.
  function catchUp() {
    setTimeout(function () {
      if (!waiting || ["card-head", "card-facts"].some(function (id) { return isInUse(document.getElementById(id)); })) {
        return;
      }
      waiting = false;
      document.getElementById("card-seen").value = "0";
      document.body.dispatchEvent(new CustomEvent("card:refresh"));
    }, 200);
  }
  document.addEventListener("focusout", catchUp);
  document.addEventListener("toggle", catchUp, true);

  // The end where new things come.
  function toEnd() {
    if (newest && isPage(talk)) { newest.scrollIntoView({ block: "center" }); }
    talk.scrollTop = isNewestFirst() ? 0 : talk.scrollHeight;
  }
  pill.addEventListener("click", toEnd);
  talk.addEventListener("scroll", function () { if (isAtEnd(talk)) { pill.hidden = true; } });
  document.addEventListener("scroll", function () {
    if (newest && isPage(talk) && isInSight(newest)) { pill.hidden = true; }
  }, { passive: true });

  function firstNew() { return document.getElementById("first-new"); }
  if ("news" in talk.dataset && !location.hash) {
    if (firstNew() && !isNewestFirst()) { firstNew().scrollIntoView({ block: "start" }); } else { toEnd(); }
  }
  document.addEventListener("click", function (event) {
    if (!event.target.closest("[data-first-new]")) { return; }
    event.preventDefault();
    if (firstNew()) { firstNew().scrollIntoView({ block: "center" }); } else { toEnd(); }
  });

  // An older page comes in above what is read now, which must not move.
  let fromBottom = null;
  document.addEventListener("htmx:beforeSwap", function (event) {
    const isAbove = event.detail.target.id === "older" && !isNewestFirst() && !isPage(talk);
    fromBottom = isAbove ? talk.scrollHeight - talk.scrollTop : null;
  });
  document.addEventListener("htmx:afterSwap", function () {
    if (fromBottom !== null) { talk.scrollTop = talk.scrollHeight - fromBottom; }
    fromBottom = null;
  });

  // Read is what is in a window that somebody sees.
  function look() {
    const mark = document.getElementById("card-read");
    if (!mark || !mark.dataset.read || document.hidden || mark.dataset.said) { return; }
    mark.dataset.said = "1";
    window.deskPost(mark.dataset.read, { seen: mark.dataset.seen });
  }
  document.addEventListener("visibilitychange", look);
  document.addEventListener("htmx:oobAfterSwap", look);
  document.addEventListener("DOMContentLoaded", look);
})();
