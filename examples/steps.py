"""Prints as a shell script what a recipe in YAML runs, as far as a machine without containers and runners can do it.

    steps.py compose FILE    the server of a compose file, with its settings, for the moment that it takes to be ready
    steps.py actions FILE    the steps of a workflow, but for those that prepare the machine
"""

import os
import shlex
import sys

import yaml


def compose(path, recipe):
    server, application = recipe["services"]["carillon"], recipe["services"]["application"]
    folder = os.path.dirname(os.path.abspath(path))
    mounts = dict(reversed(volume.split(":")[:2]) for volume in server["volumes"])
    command = [os.path.join(folder, mounts[word]) if word in mounts else word for word in server["command"]]
    settings = {**server["environment"], "CARILLON_LISTEN": "127.0.0.1:0"}
    for name, value in settings.items():
        yield f"export {name}={shlex.quote(value)}"
    yield shlex.join(["carillon", *command]) + " >/dev/null 2>&1 &"
    yield "trap 'kill $!' EXIT"
    yield "until carillon health; do kill -0 $!; sleep 0.1; done"
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]:
        assert application["environment"][name] == server["environment"]["CARILLON_ROOT_" + name[4:]], name
    yield "carillon call ListAccounts --query 'Accounts[0].Name' | grep -x Demo"


def actions(path, recipe):
    yield "trap 'kill $!' EXIT"
    for step in recipe["jobs"]["test"]["steps"]:
        if "run" in step and not step["name"].startswith("Install"):
            yield "set -a; . \"$GITHUB_ENV\"; set +a"
            yield step["run"]


path = sys.argv[2]
with open(path) as file:
    print("\n".join({"compose": compose, "actions": actions}[sys.argv[1]](path, yaml.safe_load(file))))
