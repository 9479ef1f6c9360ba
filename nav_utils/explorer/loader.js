// Makes the explorers of a page live: over http, from file://, and in a page that holds all itself.
// A classic script, for pages opened from a disk may load no module. Nothing is fetched before an
// explorer comes near the window.
(() => {
  const base = (document.currentScript?.src ?? "").replace(/[^/]*$/, "");
  const HEADER = 70; // pixels that a page may have fixed at its top
  const spaces = (window.NAV_SPACES ??= {}); // payloads as base64, by name
  const payloads = new Map(); // promises of bytes, by name: explorers of one space share them
  const mounted = new Map(); // promises of what `mount` returns, by element
  let explorer; // promise of the module

  // ---- what is fetched ---------------------------------------------------------------------------

  function run(file) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = base + file;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${file} could not be loaded.`));
      document.head.append(script);
    });
  }

  async function load() {
    if (location.protocol !== "file:" && !window.NAV_EXPLORER) return import(base + "explorer.js");
    if (!window.NAV_EXPLORER) await run("explorer-text.js");
    const address = URL.createObjectURL(
      new Blob([window.NAV_EXPLORER], { type: "text/javascript" }),
    );
    return import(address).finally(() => URL.revokeObjectURL(address));
  }

  async function read(name) {
    if (!Object.hasOwn(spaces, name)) {
      if (!/^[\w.-]+$/.test(name)) throw new Error("The name of its data is not a file's.");
      await run(`space-${name}.js`);
    }
    try {
      return Uint8Array.from(atob(spaces[name] ?? "?"), (letter) => letter.charCodeAt(0));
    } catch {
      const file = `space-${name}.js`;
      throw new Error(
        `Expected data as base64 in ${file}, got none or a part; build the page again.`,
      );
    }
  }

  const shared = (name) => {
    if (!payloads.has(name)) payloads.set(name, read(name));
    return payloads.get(name).catch(forget(() => payloads.delete(name)));
  };

  /** What failed is tried anew by the next who asks. */
  const forget = (undo) => (error) => {
    undo();
    throw error;
  };

  // ---- from a still picture to a live figure -----------------------------------------------------

  function live(el, query = null) {
    if (!mounted.has(el)) mounted.set(el, start(el, query));
    return mounted.get(el);
  }

  async function start(el, query) {
    watcher?.unobserve(el);
    try {
      const [module, payload] = await Promise.all([
        (explorer ??= load()).catch(forget(() => (explorer = null))),
        shared(el.dataset.space),
      ]);
      return module.mount(el, { payload, state: JSON.parse(el.dataset.state), query, id: el.id });
    } catch (error) {
      say(el, `The interactive figure could not start; below is a still picture. ${error.message}`);
      mounted.delete(el);
      return null;
    }
  }

  function say(el, sentence) {
    const said = document.createElement("p");
    said.setAttribute("role", "alert");
    said.textContent = sentence;
    el.querySelector(":scope > [role=alert]")?.remove();
    el.prepend(said);
  }

  /** Bring a figure to the top of the window, unless all that moves can be seen. */
  function show(el) {
    const { top } = el.getBoundingClientRect();
    if (top >= HEADER && top < innerHeight / 3) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    el.style.scrollMarginTop = `${HEADER}px`;
    el.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
  }

  const explorerCalled = (name) =>
    [...document.querySelectorAll(".nav-explorer[data-space]")].find((el) => el.id === name);

  // ---- links and words of the prose --------------------------------------------------------------

  let following = Promise.resolve(); // one link after the other: each mounts anew

  const followLink = () => (following = following.then(showLinked));

  async function showLinked() {
    const [, name, query] = /^#([^?]+)\?(.*)$/s.exec(location.hash) ?? [];
    const el = name && explorerCalled(name);
    if (!el) return;
    const before = await mounted.get(el);
    before?.destroy();
    mounted.delete(el);
    await live(el, query);
    show(el);
  }

  function makeButton(words) {
    const set = async () => {
      const el = explorerCalled(words.dataset.explorer);
      if (!el) return;
      (await live(el))?.preset(words.dataset.preset);
      show(el);
    };
    words.setAttribute("role", "button");
    words.tabIndex = 0;
    words.addEventListener("click", set);
    words.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      set();
    });
  }

  const watcher =
    window.IntersectionObserver &&
    new IntersectionObserver(
      (entries) => entries.forEach((entry) => entry.isIntersecting && live(entry.target)),
      { rootMargin: "400px" },
    );

  function begin() {
    document.querySelectorAll(".nav-preset[data-explorer]").forEach(makeButton);
    followLink();
    for (const el of document.querySelectorAll(".nav-explorer[data-space]")) {
      if (!watcher) live(el);
      else if (!mounted.has(el)) watcher.observe(el);
    }
    addEventListener("hashchange", followLink);
    addEventListener("click", ({ target }) => {
      const { href } = target.closest?.("a[href*='#']") ?? {};
      if (href === location.href) followLink(); // again: such a click changes no address
    });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
