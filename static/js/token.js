// The page's proof that a request comes from it. Signing in again, in any tab, makes a new one: the page fetches it.
(function () {
  "use strict";
  function headers() { return JSON.parse(document.body.getAttribute("hx-headers")); }

  async function renew() {
    const answer = await fetch(location.pathname, { redirect: "manual" }).catch(function () { return null; });
    if (!answer || !answer.ok) { return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body.getAttribute("hx-headers");
    if (!fresh) { return; }
    document.body.setAttribute("hx-headers", fresh);
    document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach(function (field) {
      field.value = headers()["X-CSRFToken"];
    });
  }

  async function post(url, values) {
    return fetch(url, {
      method: "POST", headers: headers(), redirect: "manual", keepalive: true, body: new URLSearchParams(values),
    }).catch(function () { return null; });
  }

  // The answer, or null if none came. `signedOut` tells one that only points to the sign-in page.
  window.deskPost = async function (url, values) {
    const answer = await post(url, values);
    if (!answer || answer.status !== 403) { return answer; }
    await renew();
    return post(url, values);
  };
  window.deskPost.signedOut = function (answer) { return Boolean(answer) && answer.type === "opaqueredirect"; };
})();
