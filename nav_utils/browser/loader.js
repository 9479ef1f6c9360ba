// Makes the figures of a page live: over http, from file://, and in a page that holds all itself.
// A classic script, for pages opened from a disk may load no module. Nothing is fetched before a
// figure comes near the window.
(() => {
  const base = (document.currentScript?.src ?? "").replace(/[^/]*$/, "");
  const HEADER = 70; // pixels that a page may have fixed at its top
  const FIGURES = ".nav-explorer[data-space], .nav-playground[data-space]";
  const spaces = (window.NAV_SPACES ??= {}); // payloads as base64, by name
  const bundles = (window.NAV_BUNDLES ??= {}); // texts of modules, by figure
  const payloads = new Map(); // promises of bytes, by name: figures of one space share them
  const modules = new Map(); // promises of modules, by figure
  const mounted = new Map(); // promises of what `mount` returns, by element

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

  /** The module of "explorer" or "playground". */
  async function load(figure) {
    if (location.protocol !== "file:" && !bundles[figure]) return import(`${base}${figure}.js`);
    if (!bundles[figure]) await run(`${figure}-text.js`);
    const address = URL.createObjectURL(new Blob([bundles[figure]], { type: "text/javascript" }));
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

  /** What `get` fetches, once for all who ask; what failed is tried anew by the next. */
  const once = (known, get) => (name) => {
    if (!known.has(name)) known.set(name, get(name));
    return known.get(name).catch((error) => {
      known.delete(name);
      throw error;
    });
  };
  const payloadOf = once(payloads, read);
  const moduleOf = once(modules, load);

  // ---- from a still picture to a live figure -----------------------------------------------------

  function live(el, query = null) {
    if (!mounted.has(el)) mounted.set(el, start(el, query));
    return mounted.get(el);
  }

  async function start(el, query) {
    watcher?.unobserve(el);
    try {
      const figure = el.classList.contains("nav-explorer") ? "explorer" : "playground";
      const [module, payload] = await Promise.all([moduleOf(figure), payloadOf(el.dataset.space)]);
      const options = { payload, state: JSON.parse(el.dataset.state), query, id: el.id };
      // A playground may show an explorer.
      if (figure === "playground") options.load = moduleOf;
      return await module.mount(el, options); // or a failure would be missed below
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

  const figureCalled = (name) =>
    [...document.querySelectorAll(FIGURES)].find((el) => el.id === name);

  // ---- links and words of the prose --------------------------------------------------------------

  let following = Promise.resolve(); // one link after the other: each mounts anew

  const followLink = () => (following = following.then(showLinked));

  async function showLinked() {
    const [, name, query] = /^#([^?]+)\?(.*)$/s.exec(location.hash) ?? [];
    const el = name && figureCalled(name);
    if (!el) return;
    const before = await mounted.get(el);
    before?.destroy();
    mounted.delete(el);
    await live(el, query);
    show(el);
  }

  function makeButton(words) {
    const set = async () => {
      const el = figureCalled(words.dataset.explorer);
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
    for (const el of document.querySelectorAll(FIGURES)) {
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
