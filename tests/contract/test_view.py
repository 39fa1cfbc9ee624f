"""`spinemc view`: who is answered, what is served, and that it follows a run and stops."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import subprocess
import sys
import threading

import browser
import pytest

from spinemc import cli
from spinemc.page.serve import HERE, Server
from spinemc.store import place
from spinemc.store.tree import root_of, write_root


def so_far(store, trials):
    """Let a store tell that so many of its six trials are finished."""
    write_root(
        place(store), root_of(place(store)), trials_finished=trials, blocks_finished=trials // 2, complete=trials == 6
    )


@pytest.fixture
def store(page_store, tmp_path):
    """A run of which two trials are finished."""
    shutil.copytree(page_store, tmp_path / "page.zarr")
    so_far(tmp_path / "page.zarr", 2)
    return tmp_path / "page.zarr"


@pytest.fixture
def server(store):
    with Server(store) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(server, path, method="GET", **headers):
    """Status, headers and text of an answer."""
    line = http.client.HTTPConnection(HERE, server.server_port, timeout=60)
    line.request(method, path, headers=headers)
    answer = line.getresponse()
    found = answer.status, dict(answer.headers), answer.read().decode()
    line.close()
    return found


def test_only_this_machine_is_answered(server):
    assert server.server_address[0] == "127.0.0.1"
    assert server.url.startswith(f"http://127.0.0.1:{server.server_port}/") and len(server.token) >= 32


def test_nobody_is_answered_without_the_token(server):
    for path in (
        "/",
        "/data",
        "/favicon.ico",
        f"/{server.token[:-1]}/",
        f"/{server.token}x/data",
        "/../",
        "x",
        "/%C3%A9/",
    ):
        status, headers, text = ask(server, path)
        assert status == 403 and server.token not in text and "<" not in text, path
        assert "Access-Control-Allow-Origin" not in headers
    assert ask(server, f"/{server.token}/other")[0] == 404
    assert ask(server, f"/{server.token}/data", "POST")[0] == 501


def test_another_name_of_this_machine_is_refused(server):
    """A name that somebody else has made to mean 127.0.0.1: his page must not read ours, whatever it knows."""
    port = server.server_port
    for name in ("evil.example", f"evil.example:{port}", "127.0.0.1", "127.0.0.1:1", f"localhost.evil:{port}", ""):
        assert ask(server, f"/{server.token}/", Host=name)[0] == 403, name
    assert ask(server, f"/{server.token}/", Host=f"localhost:{port}")[0] == 200


def test_data_come_anew_when_a_block_lands(server, store):
    status, headers, text = ask(server, f"/{server.token}/data")
    assert status == 200 and headers["Cache-Control"] == "no-store"
    first = json.loads(text)["told"]
    assert (first["finished"], first["trials"], first["complete"], first["tag"]) == (2, 6, False, headers["ETag"])
    assert ask(server, f"/{server.token}/data", **{"If-None-Match": headers["ETag"]})[::2] == (304, "")
    so_far(store, 6)
    status, later, text = ask(server, f"/{server.token}/data", **{"If-None-Match": headers["ETag"]})
    told = json.loads(text)["told"]
    assert status == 200 and later["ETag"] != headers["ETag"]
    assert told["complete"] and told["finished"] == 6
    assert told["charts"][0]["views"][0]["lines"][1]["numbers"] == list(range(6))


def test_a_run_that_has_just_begun_and_a_store_that_goes(server, store):
    so_far(store, 0)
    told = json.loads(ask(server, f"/{server.token}/data")[2])["told"]
    assert told["charts"] == [] and told["scene"]["why"].startswith("The trial whose positions are recorded is not")
    shutil.rmtree(store)
    status, _, text = ask(server, f"/{server.token}/data")
    assert status == 503 and "there is no such store" in text


@pytest.mark.skipif(browser.found() is None, reason="no Chromium is here")
def test_the_page_follows_the_run(server, store):
    """What was chosen, and the trial that plays, stay as they are; and the page tells that nobody answers any more."""
    with browser.Browser() as seen:
        seen.open(server.url)
        assert seen.run("document.getElementById('state').textContent") == "2 of 6 trials finished, the run is not over"
        seen.wait("document.documentElement.dataset.whole === 'true'")
        seen.run("(() => { const name = document.querySelector('#chart-counts select'); name.focus();"
                 "name.value = 'CaB in head'; name.dispatchEvent(new Event('change')); })()")  # fmt: skip
        seen.run("time.value = 4; time.dispatchEvent(new Event('input'))")
        so_far(store, 4)
        seen.wait("document.getElementById('state').textContent.startsWith('4 of 6 trials finished')")
        keys = seen.wait("document.querySelector('#chart-counts .keys').innerText")
        assert "mean of 4 trials" in keys
        assert seen.run("document.activeElement.value") == "CaB in head"
        assert seen.run("time.value") == "4"
        assert seen.faults == []
        server.shutdown()
        server.server_close()
        seen.wait("document.getElementById('notes').innerText.startsWith('spinemc view has stopped')")


def test_it_stops_cleanly(store):
    command = [sys.executable, "-m", "spinemc", "view", str(store), "--no-open"]
    begun = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # what a shell runs in the background does not hear it
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, begun)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        port, token = url.removeprefix("http://127.0.0.1:").rstrip("/").split("/")
        line = http.client.HTTPConnection(HERE, int(port), timeout=60)
        line.request("GET", f"/{token}/")
        assert line.getresponse().status == 200
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out, err) == (0, "", "Ctrl-C stops it.\nstopped.\n")


def test_what_is_refused(server, store, capsys):
    assert cli.main(["view", str(store), "--no-open", "--port", str(server.server_port)]) == 2
    assert capsys.readouterr().err == (
        f"port {server.server_port} cannot be used: Address already in use: choose another --port.\n"
    )
    assert cli.main(["view", str(store) + "x", "--no-open"]) == 2
    assert "there is no such store" in capsys.readouterr().err
