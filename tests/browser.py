"""A headless Chromium, driven over a pair of pipes by the DevTools protocol."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from base64 import b64decode
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np

NAMES = "chromium", "chromium-browser", "google-chrome"
SWITCHES = (
    "--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--force-device-scale-factor=1", "--use-gl=angle", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE = 60.0  # seconds for one answer


def found() -> str | None:
    """Where a Chromium is; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page of a Chromium of its own, with an empty profile. `faults` gathers what its console says of errors."""

    def __init__(self, width: int = 1280, height: int = 900) -> None:
        self.profile = tempfile.mkdtemp(prefix="chromium-")
        self.faults: list[str] = []
        self._asked, self._heard = 0, bytearray()
        self._answers: dict[int, dict] = {}
        self._seen: list[str] = []
        ours, theirs = os.pipe(), os.pipe()  # what we say, what it says
        command = [
            found(),
            *SWITCHES,
            f"--user-data-dir={self.profile}",
            f"--window-size={width},{height}",
            "about:blank",
        ]
        joined = f'exec "$@" 3<&{ours[0]} 4>&{theirs[1]}'
        self._process = subprocess.Popen(
            ["bash", "-c", joined, "bash", *command], pass_fds=(ours[0], theirs[1]), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(ours[0])
        os.close(theirs[1])
        self._say, self._hear = ours[1], theirs[0]
        self._session = None
        target = next(t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")
        self.resize(width, height)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._say)
        os.close(self._hear)
        shutil.rmtree(self.profile, ignore_errors=True)

    def ask(self, method: str, **params) -> dict:
        """The answer to a command."""
        self._asked += 1
        number = self._asked
        said = {"id": number, "method": method, "params": params}
        os.write(self._say, json.dumps(said | ({"sessionId": self._session} if self._session else {})).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while number not in self._answers:
            self._listen(until, method)
        answer = self._answers.pop(number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def _listen(self, until: float, wanted: str) -> None:
        ready, _, _ = select.select([self._hear], [], [], max(0.0, until - time.monotonic()))
        data = os.read(self._hear, 1 << 20) if ready else b""
        assert data, f"Chromium says nothing: {wanted}"
        self._heard += data
        *whole, rest = bytes(self._heard).split(b"\0")
        self._heard = bytearray(rest)
        for text in whole:
            self._take(json.loads(text))

    def _take(self, message: dict) -> None:
        if "id" in message:
            self._answers[message["id"]] = message
            return
        method, params = message.get("method", ""), message.get("params", {})
        self._seen.append(method)
        if method == "Runtime.exceptionThrown":
            told = params["exceptionDetails"]
            self.faults.append(told.get("exception", {}).get("description") or told["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.faults.append(" ".join(str(one.get("value", one.get("description"))) for one in params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.faults.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    def resize(self, width: int, height: int, mobile: bool = False) -> None:
        """Be a screen of so many pixels."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def open(self, url: str) -> None:
        """Go to a page, and wait until it has drawn."""
        self._seen.clear()
        self.ask("Page.navigate", url=url)
        self.wait("document.documentElement?.dataset.ready === 'true'")

    def busy(self) -> float:
        """Processor time that all processes of this Chromium have taken so far [s]."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it has ended
                fields = stat.read_text().rpartition(")")[2].split()  # from the third of proc(5) on
                ticks += (int(fields[11]) + int(fields[12])) * (int(fields[3]) == self._process.pid)
        return ticks / os.sysconf("SC_CLK_TCK")

    def run(self, expression: str):
        """The value of an expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, f"{expression}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def wait(self, expression: str, patience: float = PATIENCE):
        """The value of an expression, once it is true."""
        until = time.monotonic() + patience
        while not (value := self.run(expression)):
            assert time.monotonic() < until, f"never so: {expression}; {self.faults}"
            time.sleep(0.02)
        return value

    def settle(self) -> None:
        """Wait until what was asked for is on the screen."""
        self.run(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30))))"
        )

    def press(self, key: str, times: int = 1) -> None:
        """Press a key, where the focus is."""
        for _ in range(times):
            text = {"text": key} if len(key) == 1 else {}
            self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
            self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)

    def drag(self, selector: str, by: tuple[float, float]) -> None:
        """Drag the middle of an element with the left button."""
        x, y = self.run(f"(() => {{ const b = document.querySelector('{selector}').getBoundingClientRect();"
                        "return [b.x + b.width / 2, b.y + b.height / 2]; })()")  # fmt: skip
        to = {"button": "left", "buttons": 1, "clickCount": 1}
        self.ask("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, **to)
        for k in range(1, 5):
            self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x + by[0] * k / 4, y=y + by[1] * k / 4, **to)
        self.ask("Input.dispatchMouseEvent", type="mouseReleased", x=x + by[0], y=y + by[1], **to)

    def picture(self, selector: str | None = None, path=None, whole: bool = False) -> np.ndarray:
        """(height, width, 3) uint8: what is on the screen, of an element, or of the whole page."""
        from PIL import Image

        options = {"captureBeyondViewport": True} if whole else {}
        if selector is not None:
            self.run(f"document.querySelector('{selector}').scrollIntoView({{block: 'center'}})")
            self.settle()
            box = self.run(f"(() => {{ const b = document.querySelector('{selector}').getBoundingClientRect();"
                           "return [b.x + scrollX, b.y + scrollY, b.width, b.height]; })()")  # fmt: skip
            options["clip"] = dict(zip(("x", "y", "width", "height"), box, strict=True), scale=1)
        data = b64decode(self.ask("Page.captureScreenshot", format="png", **options)["data"])
        image = Image.open(BytesIO(data)).convert("RGB")
        if path is not None:
            image.save(path)
        return np.asarray(image)
