"""The widget's side in the page: what goes to the model and what comes from it, and when."""

import pytest
from figure import EXACT, Figure
from playwright.sync_api import expect

from nav_utils.explorer.state import DEFAULTS

# In the page: a model as anywidget gives one, which keeps what is sent to the kernel.
HOST = """async (state) => {
  const { default: widget } = await import("./_static/nav/explorer.js");
  const attributes = { ...state, path: [], status: [], call: "Explorer('mnist-2d'" };
  const bytes = Uint8Array.from(atob(NAV_SPACES["mnist-2d"]), (x) => x.charCodeAt(0));
  attributes.payload = new DataView(bytes.buffer);
  const heard = {};
  let changed = {};
  const tell = (key) => [...(heard[`change:${key}`] ?? [])].forEach((listener) => listener());
  window.model = {
    sent: [],
    get: (key) => attributes[key],
    set(key, value) {
      if (JSON.stringify(attributes[key]) === JSON.stringify(value)) return;
      attributes[key] = changed[key] = value;
      tell(key);
    },
    save_changes() {
      if (Object.keys(changed).length) this.sent.push(changed);
      changed = {};
    },
    on: (name, listener) => (heard[name] ??= []).push(listener),
    off: (name, listener) => (heard[name] = heard[name].filter((one) => one !== listener)),
    listeners: () => Object.values(heard).flat().length,
    receive(patch) {
      Object.assign(attributes, patch);
      Object.keys(patch).forEach(tell);
    },
  };
  window.closers = {};
  window.show = (id) => {
    const cell = document.createElement("div");
    document.body.prepend(cell);
    const close = widget.render({ model, el: cell });
    cell.firstChild.id = id;
    closers[id] = () => (close(), cell.remove());
  };
}"""


@pytest.fixture
def host(visit):
    """Opens views of one model: host("first view") gives its `Figure`."""
    page = visit("plain.html")
    Figure(page)  # which has fetched what there is to fetch
    page.evaluate("document.querySelector('#first').remove()")
    page.evaluate(HOST, DEFAULTS)

    def host(name):
        page.evaluate("(name) => show(name)", name)
        return Figure(page, name)

    host.page = page
    return host


def sent(host):
    return host.page.evaluate("model.sent")


def test_a_change_is_sent_once_with_its_path(host):
    figure = host("one")
    assert sent(host) == []
    figure.set("eps", "Home")
    figure.settle()
    [message] = sent(host)
    assert message["eps"] == 0.01 and len(message["path"]) == len(message["status"]) == 48
    assert message["status"][0] == message["status"][-1] == "given"
    assert figure.link.input_value() == "Explorer('mnist-2d', eps=0.01)"


def test_what_the_kernel_sets_is_shown_and_its_path_sent(host):
    figure = host("one")
    host.page.evaluate("model.receive({ b: [1, 1], method: 'string', eta: 0.01 })")
    figure.settle()
    assert figure.values()["b"].startswith("x 1.00, y 1.00")
    [message] = sent(host)
    assert set(message) == {"path", "status"} and message["path"][-1] == [1, 1]
    assert set(message["status"][1:-1]) == {"unjudged"}


def test_a_closed_view_hears_and_sends_nothing(host):
    host("one")
    listeners = host.page.evaluate("model.listeners()")
    host("two")
    assert host.page.evaluate("model.listeners()") == 2 * listeners
    host.page.evaluate("closers.two()")
    host.page.evaluate("closers.one()")
    assert host.page.evaluate("model.listeners()") == 0
    host.page.evaluate("model.receive({ b: [1, 1] })")
    host.page.wait_for_timeout(500)
    assert sent(host) == []


def test_a_change_is_not_lost_when_its_view_is_closed(host):
    figure = host("one")
    figure.control("eps").press("Home")
    host.page.evaluate("closers.one()")
    [message] = sent(host)
    assert message["eps"] == 0.01 and len(message["path"]) == 48


def test_a_change_is_not_lost_in_slow_motion(host):
    figure = host("one")
    figure.root.evaluate(
        """(el) => {
          const find = (what) => el.shadowRoot.querySelector(what);
          find("[data-key=eps]").value = 0.3;
          for (const type of ["input", "change"])
            find("[data-key=eps]").dispatchEvent(new Event(type));
          for (let i = 0; i < 2; i++) find(".bar button:last-child").click();
        }"""
    )
    figure.settle()
    assert [message["eps"] for message in sent(host)] == [0.3]


def test_a_change_is_not_lost_while_a_seed_is_typed(host):
    """In the end it is what it was: no `change` follows what was typed."""
    figure = host("one")
    figure.root.evaluate(
        """(el) => {
          const [classes, seed] = ["classes", "seed"].map((key) =>
            el.shadowRoot.querySelector(`[data-key=${key}]`));
          classes.click();
          seed.focus();
          for (const typed of ["", "7", "", "0"]) {
            seed.value = typed;
            seed.dispatchEvent(new Event("input"));
          }
          seed.blur();
        }"""
    )
    figure.settle()
    assert [message.get("classes") for message in sent(host)] == [True]


def test_two_views_of_a_model_show_the_same(host):
    one, two = host("one"), host("two")
    one.set("points", "Home")
    one.settle()  # by then it has told the model, which tells the other
    two.settle()
    assert two.shown()["points"] == "8" and len(two.table()) == 8
    assert [message["points"] for message in sent(host) if "points" in message] == [8]
    two.button("Reset").click()
    two.settle()
    one.settle()
    assert one.shown()["points"] == "48"


def test_reset_returns_to_the_first_start_in_a_view_that_is_opened_later(host):
    host.page.evaluate("model.receive({ eps: 0.3 })")
    figure = host("late")
    assert figure.shown()["eps"] == "0.3"
    figure.button("Reset").click()
    figure.settle()
    assert figure.shown()["eps"] == "0.1"
    expect(figure.note).to_have_text(EXACT)
