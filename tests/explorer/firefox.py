"""Firefox, driven through WebDriver BiDi: Playwright drives no Firefox but its own."""

import json
import os
import re
import subprocess
import time
from contextlib import contextmanager

import pages
import websocket

BROWSERS = ("firefox-esr", "firefox")
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
WAIT = 90  # seconds, at most, for anything
EVENTS = ("log.entryAdded", "network.beforeRequestSent")


@contextmanager
def opened(folder, size=(1100, 900)):
    """A `Tab` of a new Firefox, whose profile is in `folder`."""
    program = pages.find_browser("Firefox", "FIREFOX", BROWSERS, "firefox-esr")
    log = folder / "log"
    options = ["--headless", "--no-remote", "--profile", str(folder / "profile")]
    (folder / "profile").mkdir()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [program, *options, "--remote-debugging-port", "0", "about:blank"],
            env=os.environ | {"HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        with_address = eventually(lambda: LISTENING.search(log.read_text(errors="replace")))
        socket = websocket.create_connection(
            f"{with_address[1]}/session", timeout=WAIT, suppress_origin=True
        )
        yield Tab(socket, size)
        socket.close()
    finally:
        process.kill()
        process.wait()


def eventually(find):
    """What `find` returns once that is true."""
    until = time.monotonic() + WAIT
    while not (found := find()):
        if time.monotonic() > until:
            raise TimeoutError(f"waited {WAIT} s in vain")
        time.sleep(0.05)
    return found


class Tab:
    """One tab: what it shows, and what it did wrong."""

    def __init__(self, socket, size):
        self.socket, self.number, self.events = socket, 0, []
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=list(EVENTS))
        [tab] = self.ask("browsingContext.getTree")["contexts"]
        self.tab = tab["context"]
        width, height = size
        self.ask(
            "browsingContext.setViewport",
            context=self.tab,
            viewport={"width": width, "height": height},
        )

    def ask(self, method, **params):
        """The result of a command."""
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv())).get("id") != self.number:
            self.events.append(answer)
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
        return answer["result"]

    def open(self, address):
        self.ask("browsingContext.navigate", context=self.tab, url=address, wait="complete")

    def evaluate(self, function):
        """What a function of the page returns, which JSON can say."""
        answer = self.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify((await ({function})()) ?? null))()",
            target={"context": self.tab},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def drag(self, x, y, by):
        """Press the mouse at a place of the window, move it, let go."""

        def to(x, y):
            return {"type": "pointerMove", "x": round(x), "y": round(y)}

        steps = [to(x + by[0] * k / 6, y + by[1] * k / 6) for k in range(1, 7)]
        press, let_go = ({"type": f"pointer{what}", "button": 0} for what in ("Down", "Up"))
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        mouse["actions"] = [to(x, y), press, *steps, let_go]
        self.ask("input.performActions", context=self.tab, actions=[mouse])

    def faults(self, home):
        """Errors of the page so far, and requests to anywhere but `home`."""
        self.evaluate("() => 0")  # after which all that came before has been heard
        found = []
        for event in self.events:
            params = event["params"]
            if event["method"] == "log.entryAdded" and params["level"] == "error":
                found.append(params["text"])
            if event["method"] == "network.beforeRequestSent":
                url = params["request"]["url"]
                if not url.startswith((home, "data:", "blob:", "about:")):
                    found.append(f"external request: {url}")
        return found
