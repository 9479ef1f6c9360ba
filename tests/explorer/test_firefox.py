"""The explorer and the playground in Debian's Firefox: a drag, a preset; a run, its space."""

import firefox
import pytest
import torch
from figure import EXACT, RADIUS, number, read_link

from nav_utils.explorer.computing import best_of, paths
from nav_utils.explorer.state import DEFAULTS, expect_state
from nav_utils.playground import to_html

ROOT = "const root = document.querySelector('#first').shadowRoot;"
NOTE = f"() => {{ {ROOT} return root?.querySelector('.note').textContent; }}"
TWO_FRAMES = "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
# In the page: the table, opened; the pixels of each canvas that are dark and that show nothing.
SHOWN = (
    "() => {"
    + ROOT
    + """
  root.querySelector("details:has(table)").open = true;
  const inked = (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let [dark, clear] = [0, 0];
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] < 100) clear++;
      else if (data[i] + data[i + 1] + data[i + 2] < 200) dark++;
    }
    return [dark, clear];
  };
  return {
    said: root.querySelector("p.numbers").textContent,
    link: root.querySelector(".link input").value,
    preset: root.querySelector("details .bar select").value,
    canvases: [...root.querySelectorAll("canvas")].map(inked),
  };
}"""
)
TABLE = f"""() => {{ {ROOT} return [...root.querySelectorAll("tbody tr")].map((row) =>
  [...row.cells].map((cell) => cell.textContent)); }}"""
# In the page: the middle of end A in the window, and the width of the map.
END_A = f"""() => {{ {ROOT}
  root.querySelector(".map").scrollIntoView({{ block: "center", behavior: "instant" }});
  const box = root.querySelector(".handle").getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2, root.querySelector(".map").clientWidth];
}}"""


def shown(tab):
    """What the figure shows once it is drawn and checked, with the rows of its table."""
    tab.evaluate(TWO_FRAMES)
    firefox.eventually(lambda: tab.evaluate(NOTE) == EXACT)
    tab.evaluate(TWO_FRAMES)
    seen = tab.evaluate(SHOWN)
    rows = firefox.eventually(lambda: tab.evaluate(TABLE))
    cells = [[number(cell) for cell in row[1:-1]] for row in rows]
    return seen | {"points": torch.tensor([[row[k : k + 2] for row in cells] for k in (0, 4)])}


@pytest.mark.parametrize("home", ["http", "file"])
def test_firefox_shows_what_python_computes(space, served, small_book, presets, tmp_path, home):
    home = served if home == "http" else small_book.as_uri()
    with firefox.opened(tmp_path) as tab:
        tab.open(f"{home}/book/intro.html")
        seen = {"first": shown(tab)}
        x, y, size = tab.evaluate(END_A)
        tab.drag(x, y, by=(-60, -40))
        seen["dragged"] = shown(tab)
        tab.evaluate("() => document.querySelector('.nav-preset').click()")
        seen["preset"] = shown(tab)
        assert tab.faults(home) == []
    dragged = read_link(seen["dragged"]["link"], "first")
    a = [DEFAULTS["a"][0] - 60 / size * 2 * RADIUS, DEFAULTS["a"][1] + 40 / size * 2 * RADIUS]
    assert dragged == DEFAULTS | {"a": pytest.approx(a, abs=0.03)}
    name = next(iter(presets))
    assert seen["preset"]["preset"] == name
    states = {"first": DEFAULTS, "dragged": dragged, "preset": presets[name]["state"]}
    for what, state in states.items():
        proposal, path = best_of(paths(space.ratio, expect_state(state)))
        wanted = torch.stack([proposal, path.points[0]])
        # A link has four decimals of a dragged end; where a path is steep, they are not enough.
        most = 0.03 if what == "dragged" else 0.0065
        assert seen[what]["points"] == pytest.approx(wanted, abs=most)
        dark, clear = zip(*seen[what]["canvases"], strict=True)
        assert min(dark) > 300
        assert [count > 0 for count in clear] == [False, True, False, False]  # the paths' canvas
    assert len({seen[what]["said"] for what in states}) == 3


# In the page: the playground's words, and those of the explorer that it was taken to.
PLAYGROUND = """() => {
  const root = document.querySelector("#playground")?.shadowRoot;
  const words = (at, where) => at?.querySelector(where)?.textContent ?? "";
  const explorer = root?.querySelector(".taken > div")?.shadowRoot;
  return [words(root, ".said"), words(root, ".note + .note"), words(explorer, "p.numbers")];
}"""
PRESS = """() => [...document.querySelector("#playground").shadowRoot.querySelectorAll("button")]
  .find((button) => button.textContent === "%s").click()"""


# In the page: the middle of end A of the explorer that the space was taken to, in the window.
END_OF_TAKEN = """() => {
  const root = document.querySelector("#playground").shadowRoot;
  const explorer = root.querySelector(".taken > div").shadowRoot;
  explorer.querySelector(".map").scrollIntoView({ block: "center", behavior: "instant" });
  const box = explorer.querySelector(".handle").getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}"""


def test_a_playground_trains_and_then_a_fault_of_a_page_is_heard(tmp_path):
    """Both in one Firefox, which is slow to start."""
    script = "console.error('one'); setTimeout(() => { throw Error('two'); });"
    file, elsewhere = tmp_path / "page.html", "http://127.0.0.1:59999/x.png"
    file.write_text(f"<!doctype html><script>{script}</script><img src='{elsewhere}' alt=''>")
    playground = to_html(tmp_path / "playground.html")
    with firefox.opened(tmp_path) as tab:
        tab.open(f"{playground.as_uri()}#playground?steps=60")
        for words, k, then in (
            ("Step 0 of 60", 0, "One step"),
            ("Step 1 of 60", 0, "Play"),
            ("The run is over", 0, "Take this space to the explorer"),
            ("points of", 2, None),
        ):
            firefox.eventually(lambda words=words, k=k: words in tab.evaluate(PLAYGROUND)[k])
            if then:
                tab.evaluate(PRESS % then)
        before = tab.evaluate(PLAYGROUND)[2]
        x, y = tab.evaluate(END_OF_TAKEN)
        tab.drag(x, y, by=(-60, -40))
        firefox.eventually(lambda: tab.evaluate(PLAYGROUND)[2] != before)
        host = tab.evaluate(PLAYGROUND)[1]
        assert host == "Computed beside the page, in a worker, by WebAssembly."
        assert tab.faults(tmp_path.as_uri()) == []
        tab.open(file.as_uri())
        found = tab.faults(tmp_path.as_uri())
    assert sorted(found) == ["Error: two", f"external request: {elsewhere}", "one"]
