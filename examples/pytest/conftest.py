"""Fixtures for pytest: a Carillon for the session, and for each test an AWS account of its own on it.

The program is carillon on the PATH, or what CARILLON_BIN names. What it holds is gone at the end.
"""

import itertools
import json
import os
import subprocess
import time

import boto3
import botocore.config
import pytest

PROGRAM = os.environ.get("CARILLON_BIN", "carillon")
SECRET = "known-to-everybody-0000"
ENVIRONMENT = {**os.environ, "CARILLON_ROOT_ACCESS_KEY_ID": "AKIACARILLONPYTEST00", "CARILLON_ROOT_SECRET_ACCESS_KEY": SECRET}
numbers = itertools.count(1)


@pytest.fixture(scope="session")
def carillon(tmp_path_factory):
    """A server: its data folder."""
    data = tmp_path_factory.mktemp("carillon") / "data"
    server = subprocess.Popen(
        [PROGRAM, "serve", "--ephemeral", "--seed", "1", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "error"],
        env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    while not (data / "server.json").exists():
        assert server.poll() is None, "carillon did not start"
        time.sleep(0.01)
    yield data
    server.terminate()
    server.wait()


@pytest.fixture
def aws_account():
    """The number of an AWS account that is empty: it is its root's access key, too."""
    return f"{next(numbers):012d}"


@pytest.fixture
def chime(carillon, aws_account):
    """A client that does not try again by itself."""
    url = json.loads((carillon / "server.json").read_text())["url"]
    return boto3.client("chime", endpoint_url=url, region_name="us-east-1", aws_access_key_id=aws_account,
                        aws_secret_access_key=SECRET, config=botocore.config.Config(retries={"max_attempts": 0}))


@pytest.fixture
def call(carillon):
    """A function that calls what Carillon adds to the API, as the root of the installation: call("AdvanceClock", Seconds=60)."""

    def call(operation, **members):
        command = [PROGRAM, "call", operation, "--data", carillon, *(f"{name}={value}" for name, value in members.items())]
        return json.loads(subprocess.run(command, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE).stdout)

    return call
