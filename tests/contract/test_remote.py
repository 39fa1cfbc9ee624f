"""A store elsewhere: objects of an S3 server that runs on this machine's loopback for the test."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

import spinemc as smc
from spinemc import cli, store
from spinemc.errors import StoreError
from spinemc.scenario import load_scenario

pytest.importorskip("s3fs", reason="s3fs is an extra")
server = pytest.importorskip("moto.server", reason="moto's server is for tests only")

SECRET = "not-to-be-written-anywhere"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

SCENARIO = """schema = 1
[geometry.shape]
kind = "sphere"
radius = "0.2 um"
edge = "0.1 um"
[run]
t_stop = "0.2 ms"
dt = "2 us"
sample_every = "0.1 ms"
trials = 6
[[species]]
name = "Ca"
D = "220 um^2/s"
[[release]]
species = "Ca"
count = 50
in = "cytosol"
[[record.positions]]
species = ["Ca"]
every = "0.1 ms"
trials = [1, 3]
"""


@pytest.fixture(scope="module")
def bucket():
    """A bucket of a server, whose address and credentials are in the environment."""
    import boto3

    made = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    made.start()
    host, port = made.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "someone")
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3").create_bucket(Bucket="spines")
        yield "s3://spines"
    made.stop()


@pytest.fixture
def file(tmp_path):
    (tmp_path / "s.toml").write_text(SCENARIO)
    return tmp_path / "s.toml"


def same(one, other) -> None:
    for node in one.subtree:
        for name, values in node.variables.items():
            np.testing.assert_array_equal(values.values, other[node.path].variables[name].values, err_msg=str(name))


def test_a_run_into_a_bucket_is_the_same_run(bucket, file, tmp_path, capsys):
    """Run, told of, verified, opened; and no credential in anything that was written or said."""
    url = f"{bucket}/{tmp_path.name}/run.zarr"
    assert cli.main(["run", str(file), "--out", url, "--quiet"]) == 0
    assert cli.main(["info", url, "--verify"]) == 0
    told = capsys.readouterr()
    assert "6 of 6 trials finished, complete" in told.out and "nothing damaged" in told.out
    same(store.open(url), smc.run(load_scenario(file), tmp_path / "here.zarr"))
    here = store.place(url)
    written = b"".join(here.read(key) or b"" for key in here.listed())
    assert len(written) > 10_000 and SECRET.encode() not in written
    assert SECRET not in told.out + told.err


def test_a_run_into_a_bucket_is_resumed_and_mended(bucket, file, tmp_path):
    whole = smc.run(load_scenario(file), tmp_path / "here.zarr")
    url = f"{bucket}/{tmp_path.name}/run.zarr"
    write, done = store.write, []

    def interrupted(*given):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(write(*given))

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(store, "write", interrupted)
        smc.run(load_scenario(file), url)
    assert store.finished(url) == 2
    same(smc.resume(url), whole)
    here = store.place(url)
    for key in ("counts/count/c.3.0.0.0", "positions/Ca/position/c.0.0", "zarr.json"):
        data = here.read(key)
        here.write(key, data[:-5] + bytes([data[-5] ^ 8]) + data[-4:])
        assert [damage.key for damage in store.verify(url)] == [key]
        same(smc.resume(url), whole)


def test_one_at_a_time_writes_into_a_bucket(bucket, file, tmp_path, monkeypatch):
    """A lease keeps the second out until it was not renewed for a while; and what is there is not overwritten."""
    url = f"{bucket}/{tmp_path.name}/run.zarr"
    smc.run(load_scenario(file), url)
    with pytest.raises(StoreError, match="exists and is complete: --overwrite starts again"):
        smc.run(load_scenario(file), url)
    here = store.place(url)
    with here.hold():
        with pytest.raises(StoreError, match=r"is being written by process \d+ on"):
            smc.resume(url)
        lease = json.loads(here.read(".spinemc/lock"))
        monkeypatch.setattr("spinemc.store.places.STALE", 1e-3)
        time.sleep(0.01)
        smc.resume(url)
        assert lease["process"] > 0
    smc.run(load_scenario(file), url, seed=2, overwrite=True)
    assert store.finished(url) == 6


def test_what_is_elsewhere_and_cannot_be_reached(bucket, file, capsys):
    for url, said in (
        ("s3://nowhere/run.zarr", "nowhere"),
        ("gopher://somewhere/run.zarr", "gopher"),
    ):
        assert cli.main(["run", str(file), "--out", url, "--quiet"]) == 2
        told = capsys.readouterr().err
        assert said in told and "Traceback" not in told and told.count("\n") == 1, told
