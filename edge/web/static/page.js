"use strict";
// What the page does by itself. Everything can also be done without it, by links and forms.

const offline = document.getElementById("offline");

function setOffline(isOffline) {
  offline.hidden = !isOffline;
  offline.textContent = isOffline ? offline.dataset.words : "";
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Asks again and again for something newer; a page that is not looked at asks for nothing.
async function follow(address, number, use) {
  for (;;) {
    if (document.hidden) {
      await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
    }
    try {
      const stop = AbortSignal.timeout(30000);
      const answer = await fetch(`${address}?after=${number}`, { signal: stop, cache: "no-store" });
      if (answer.status === 401 || answer.status === 403) {
        location.reload();
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      if (answer.status === 200) {
        await use(answer);
        number = answer.headers.get("x-number");
      } else {
        await pause(300);
      }
      setOffline(false);
    } catch {
      setOffline(true);
      await pause(1500);
    }
  }
}

function showPicture(picture, empty) {
  return async (answer) => {
    const address = URL.createObjectURL(await answer.blob());
    const next = new Image();
    next.src = address;
    await next.decode();
    const last = picture.src;
    picture.src = address;
    picture.hidden = false;
    empty.hidden = true;
    if (last.startsWith("blob:")) URL.revokeObjectURL(last);
  };
}

function showStatus(box) {
  const said = document.getElementById("said");
  return async (answer) => {
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const there = box.querySelector(`[data-part="${part.dataset.part}"]`);
      // Only what changed is replaced: a link that has the focus keeps it.
      if (there && (there.innerHTML !== part.innerHTML || there.className !== part.className)) {
        there.className = part.className;
        there.replaceChildren(...part.childNodes);
      }
    }
    const words = ["lamp", "advice"].map((name) => box.querySelector(`[data-part="${name}"]`).textContent);
    const sentence = words.join(". ").replace(/\s+/g, " ").trim();
    if (said.textContent !== sentence) said.textContent = sentence;
    const goingOn = fresh.querySelector("[data-going-on]").dataset.goingOn === "yes";
    const idle = document.getElementById("when-idle");
    if (idle && idle.hidden !== goingOn) {
      if (!goingOn) return location.reload();  // a fresh slide number, and the result's link
      idle.hidden = true;
      document.getElementById("when-going-on").hidden = false;
    }
  };
}

const live = document.getElementById("live");
if (live) {
  const picture = document.getElementById("field");
  follow("/live.jpg", 0, showPicture(picture, document.getElementById("no-field")));
  follow("/live/status", live.dataset.number, showStatus(document.getElementById("status")));
  const photo = document.getElementById("photo");
  if (photo) photo.addEventListener("change", () => photo.form.requestSubmit());
}

// The gallery: more cells when one scrolls to them, new ones while they are counted, calls by keys.
const KEYS = {
  c: "confirm", b: "blast", p: "promyelocyte", g: "immature_granulocyte", n: "neutrophil",
  l: "lymphocyte", m: "monocyte", e: "eosinophil", a: "basophil", r: "erythroblast",
  o: "other_white_cell", x: "no_white_cell", u: "cannot_tell",
};

function listOf(html) {
  const list = document.createElement("ul");
  list.innerHTML = html;  // from this device, escaped there; scripts in it could not run anyway
  return [...list.children];
}

function startGallery(gallery) {
  const address = `/slides/${gallery.dataset.examination}/cells?call=${encodeURIComponent(gallery.dataset.call)}`;
  const reviews = gallery.dataset.review === "yes";
  const said = document.getElementById("review-said");
  const failed = document.getElementById("review-failed");

  const nearEnd = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) more(entry.target);
  }, { rootMargin: "1500px" });
  const watch = () => gallery.querySelectorAll(".more").forEach((item) => nearEnd.observe(item));

  async function more(item) {
    nearEnd.unobserve(item);
    try {
      const answer = await fetch(`${address}&from=${item.querySelector("a").dataset.from}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const there = new Set([...gallery.querySelectorAll(".cell")].map((cell) => cell.id));
      item.replaceWith(...listOf(await answer.text()).filter((li) => !there.has(li.firstElementChild.id)));
      watch();
    } catch {
      setOffline(true);
      setTimeout(() => nearEnd.observe(item), 3000);
    }
  }

  // A newly counted cell goes where its suspicion puts it; what is there stays as it is.
  function insert(fresh) {
    for (const li of fresh) {
      if (document.getElementById(li.firstElementChild.id)) continue;
      const p = Number(li.dataset.p);
      const after = [...gallery.children].find((other) => !(Number(other.dataset.p) >= p));
      if (after) after.before(li);
      else gallery.append(li);
    }
  }

  async function grow() {
    while (gallery.dataset.running === "yes") {
      await pause(2000);
      if (document.hidden) continue;
      try {
        const answer = await fetch(`${address}&since=${gallery.dataset.newest}`);
        if (!answer.ok) throw new Error(String(answer.status));
        insert(listOf(await answer.text()));
        gallery.dataset.newest = answer.headers.get("x-newest");
        if (answer.headers.get("x-state") !== "RUNNING") location.reload();
        setOffline(false);
      } catch {
        setOffline(true);
      }
    }
  }

  async function call(cell, label) {
    cell.classList.add("busy");
    const body = new URLSearchParams({ label, seen: cell.dataset.seen });
    const headers = { "x-csrf": gallery.dataset.csrf, "x-piece": "yes" };
    try {
      const answer = await fetch(`${cell.getAttribute("href")}/call`, { method: "POST", body, headers });
      const text = await answer.text();
      if (!answer.ok) {
        const page = new DOMParser().parseFromString(text, "text/html");
        throw new Error([...page.querySelectorAll("main p, main h1")].map((p) => p.textContent).join(" "));
      }
      failed.hidden = true;
      const [fresh] = listOf(text);
      const item = cell.parentElement;
      const hadFocus = cell === document.activeElement;
      item.replaceWith(fresh);
      said.textContent = fresh.textContent;
      if (hadFocus) (fresh.nextElementSibling?.querySelector(".cell") || fresh.firstElementChild).focus();
    } catch (error) {
      cell.classList.remove("busy");
      failed.textContent = error.message;
      failed.hidden = false;
      failed.scrollIntoView({ block: "nearest" });
    }
  }

  function move(cell, key) {
    const cells = [...gallery.querySelectorAll(".cell")];
    const columns = getComputedStyle(gallery).gridTemplateColumns.split(" ").length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[key];
    const next = cells[cells.indexOf(cell) + step];
    if (next) next.focus();
  }

  // Keys count only while a cell has the focus, so that they disturb no reading aid (WCAG 2.1.4).
  gallery.addEventListener("keydown", (event) => {
    const cell = event.target.closest(".cell");
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      move(cell, event.key);
    } else if (reviews && Object.hasOwn(KEYS, event.key.toLowerCase())) {
      event.preventDefault();
      if (!cell.classList.contains("busy")) call(cell, KEYS[event.key.toLowerCase()]);
    }
  });
  watch();
  grow();
}

// A stick that is plugged in or pulled out shows by itself; a button with the focus is left alone.
async function watchSticks(place) {
  for (;;) {
    await pause(3000);
    const shown = place.closest("details").open && !document.hidden;
    if (!shown || place.contains(document.activeElement)) continue;
    try {
      const answer = await fetch(place.dataset.from);
      if (!answer.ok) continue;
      const fresh = document.createElement("div");
      fresh.innerHTML = await answer.text();  // from this device, escaped there
      const flat = (piece) => piece.textContent.replace(/\s+/g, " ").trim();
      if (flat(fresh) !== flat(place)) place.replaceChildren(...fresh.childNodes);
    } catch {
      // The device will be there again, or the person sees it elsewhere on the page.
    }
  }
}

// Digits for a screen without a keyboard: they go into the PIN that was touched last.
function startKeypad(keypad) {
  const fields = [...keypad.closest("form").querySelectorAll("input[type=password]")];
  let field = fields[0];
  for (const each of fields) each.addEventListener("focus", () => { field = each; });
  keypad.hidden = false;
  keypad.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    field.value = button.dataset.key ? field.value + button.dataset.key : field.value.slice(0, -1);
  });
}
document.querySelectorAll(".keypad").forEach(startKeypad);

document.documentElement.classList.add("js");
const language = document.getElementById("language");
language.addEventListener("change", () => language.form.requestSubmit());
const sticks = document.getElementById("sticks");
if (sticks) watchSticks(sticks);
const gallery = document.getElementById("gallery");
if (gallery) startGallery(gallery);
