// Keeps the open card fresh without moving anything: new places of the timeline are added, the others stay as they
// are; the header and the facts wait while somebody types or has a menu open in them.
(function () {
  "use strict";
  const NEAR_BOTTOM = 80;
  let waiting = false;

  function isInUse(part) {
    if (part.querySelector("details.dk-why[open], [popover]:popover-open")) { return true; }
    return Array.from(part.querySelectorAll("textarea,input:not([type=hidden])")).some(function (field) {
      return field === document.activeElement || field.value !== field.defaultValue;
    });
  }

  // A line of deeds grows when one more follows within moments; a letter or a note never changes.
  function isSame(old, fresh) {
    return old.dataset.size === fresh.dataset.size;
  }

  function merge(talk, fresh) {
    const list = talk.querySelector("ol"), wasAtEnd = talk.scrollHeight - talk.scrollTop - talk.clientHeight < NEAR_BOTTOM;
    const present = new Map(Array.from(list.children).map(function (item) { return [item.id, item]; }));
    let after = null, added = null;
    Array.from(fresh.querySelector("ol").children).forEach(function (item) {
      const old = present.get(item.id);
      if (!old) {
        if (after) { after.after(item); } else { list.prepend(item); }
        htmx.process(item);
        added = item.matches(".dk-ev") ? item : added;
      } else if (!isSame(old, item)) {
        old.replaceWith(item);
      }
      after = list.querySelector("#" + CSS.escape(item.id));
    });
    const empty = list.querySelector("li:not([id])");
    if (empty && added) { empty.remove(); }
    if (!added) { return; }
    added.classList.add("fresh");
    if (wasAtEnd || isPage(talk)) { return wasAtEnd && added.scrollIntoView({ block: "nearest" }); }
    talk.querySelector(".dk-below").hidden = false;
  }

  // On a phone the whole page scrolls, and nothing below the fold may pull it.
  function isPage(talk) { return getComputedStyle(talk).overflowY === "visible"; }

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

  const talk = document.getElementById("card-talk"), below = talk.querySelector(".dk-below");
  function toEnd() { talk.scrollTop = talk.scrollHeight; }
  below.addEventListener("click", toEnd);
  talk.addEventListener("scroll", function () {
    if (talk.scrollHeight - talk.scrollTop - talk.clientHeight < NEAR_BOTTOM) { below.hidden = true; }
  });
  if ("news" in talk.dataset && !location.hash) { toEnd(); }
})();
