"""What the tests with the AWS CLI share: the CLI as a function, extensions, faults, and checks.

The files accounts, users and so on of the four clients hold the same cases under the same names.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

import awscli.clidriver

try:
    from awscli.botocore import handlers  # the AWS CLI 2 has its own botocore
except ImportError:
    from botocore import handlers

# The AWS CLI knows AWS_ENDPOINT_URL_CHIME since 1.29 and 2.13, and then the variable alone must do.
VERSION = tuple(int(n) for n in awscli.__version__.split(".")[:2])
KNOWS_VARIABLE = VERSION >= ((2, 13) if VERSION >= (2,) else (1, 29))
ENDPOINT = [] if KNOWS_VARIABLE else ["--endpoint-url", os.environ["AWS_ENDPOINT_URL_CHIME"]]

# Which call an attempt belongs to, the AWS CLI 2 tells the server since the middle of 2026 only.
TELLS_REPETITIONS = hasattr(handlers, "add_retry_headers")

driver = awscli.clidriver.create_clidriver()
MODEL = driver.session.get_service_model("chime")

# Every call would read this again. A call of its own must not be among it, as the AWS CLI 2 does not survive a fork then.
driver.create_help_command()
driver.session.get_paginator_model("chime")
driver.session.get_component("data_loader").list_available_services("waiters-2")
driver.session.create_client("chime", endpoint_url=os.environ["AWS_ENDPOINT_URL_CHIME"])

UNKNOWN_ID = "01234567-89ab-cdef-0123-456789abcdef"
UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class CLIError(Exception):
    """What the CLI printed as an error: the name, and the message."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


def aws(operation, *options, attempts=5, **members):
    """Runs `aws chime operation` and returns what it printed, from JSON. Operation and members have the API's names.

    Each call has a process of its own, as in a shell, but the program is loaded once, which makes a call ten times as fast.
    """
    arguments = [*ENDPOINT, "chime", option(operation), *options]
    for name, value in members.items():
        arguments += ["--" + option(name), value if isinstance(value, str) else json.dumps(value)]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = os.fork()
        if child == 0:
            become_aws(arguments, out, err, attempts)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0)
        err.seek(0)
        return result(operation, code, out.read(), err.read())


def become_aws(arguments, out, err, attempts):
    """Makes this process the AWS CLI, and does not return."""
    code = 255
    try:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        os.environ["AWS_MAX_ATTEMPTS"] = str(attempts)
        code = driver.main(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def result(operation, code, out, err):
    if code == 0:
        return json.loads(out or "{}")
    error = re.search(r"An error occurred \((\w+)\) when calling the (\w+) operation[^:]*: (.+)", err)
    if error is None or error[2] != operation:
        raise AssertionError(f"{operation} ended with {code}: {err}")
    raise CLIError(error[1], error[3])


def option(name):
    return re.sub("(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def carillon(operation, **members):
    """Calls an operation that Amazon's API lacks, by the server's own program, and returns the answer."""
    arguments = ["call", operation, json.dumps(members)]
    return json.loads(subprocess.check_output([os.environ["CARILLON_BIN"], *arguments]) or "{}")


def order_fault(**members):
    carillon("PutFault", **members)


class Case(unittest.TestCase):
    maxDiff = None

    def check_error(self, name, operation, members, attempts=1):
        """The call ends with the error of that name and a message, which is returned."""
        with self.assertRaises(CLIError) as caught:
            aws(operation, attempts=attempts, **members)
        self.assertEqual(caught.exception.name, name)
        return caught.exception.message

    def check_errors(self, operation, members, causes):
        """The call ends with each error that the operation declares: by the changed members that cause it, else by a fault.

        Without change and fault the call goes well, also after all these errors.
        """
        declared = [shape.name for shape in MODEL.operation_model(operation).error_shapes]
        self.assertLessEqual(causes.keys(), set(declared))
        for name in declared:
            with self.subTest(operation=operation, error=name):
                if name not in causes:
                    order_fault(Operation=operation, Error=name, Count=1)
                self.check_error(name, operation, {**members, **causes.get(name, {})})
        aws(operation, **members)
