"""The playground in Debian's Firefox, from the disk: a run, and its space in the explorer."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "explorer"))
sys.path.append(str(Path(__file__).parents[1] / "book"))
import firefox

from nav_utils.playground import to_html

ROOT = "const root = document.querySelector('#playground')?.shadowRoot;"
SAID = f"() => {{ {ROOT} return root?.querySelector('.said').textContent ?? ''; }}"
NOTES = f"() => {{ {ROOT} return root.querySelector('.note + .note').textContent; }}"
EXPLORER = f"""() => {{ {ROOT}
  return root.querySelector(".taken > div")?.shadowRoot?.querySelector(".said").textContent ?? "";
}}"""


def press(tab, name):
    tab.evaluate(f"""() => {{ {ROOT}
      const isIt = (button) => button.textContent === "{name}";
      [...root.querySelectorAll("button")].find(isIt).click();
    }}""")


def test_firefox_trains_and_takes_a_space_to_the_explorer(tmp_path):
    file = to_html(tmp_path / "playground.html")
    with firefox.opened(tmp_path) as tab:
        tab.open(f"{file.as_uri()}#playground?steps=100")
        firefox.eventually(lambda: "Step 0 of 100" in tab.evaluate(SAID))
        press(tab, "Play")
        firefox.eventually(lambda: "The run is over" in tab.evaluate(SAID))
        assert tab.evaluate(NOTES) == "Computed beside the page, in a worker, by WebAssembly."
        press(tab, "Take this space to the explorer")
        firefox.eventually(lambda: "points of" in tab.evaluate(EXPLORER))
        assert tab.faults(file.parent.as_uri()) == []
