"""What the tests with boto3 share: a client of the server that with-server started, extensions, faults, and checks.

The files accounts, users and so on of the four clients hold the same cases under the same names.
"""
import contextlib
import json
import os
import re
import subprocess
import tempfile
import time
import unittest

import boto3
from botocore.config import Config

# boto3 knows AWS_ENDPOINT_URL_CHIME since 1.28, and then the variable alone must do.
KNOWS_VARIABLE = tuple(int(n) for n in boto3.__version__.split(".")[:2]) >= (1, 28)

UNKNOWN_ID = "01234567-89ab-cdef-0123-456789abcdef"
UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

STATUSES = {
    "BadRequestException": 400,
    "ResourceLimitExceededException": 400,
    "UnauthorizedClientException": 401,
    "ForbiddenException": 403,
    "AccessDeniedException": 403,
    "NotFoundException": 404,
    "ConflictException": 409,
    "UnprocessableEntityException": 422,
    "ThrottledClientException": 429,
    "ServiceFailureException": 500,
    "ServiceUnavailableException": 503,
}


def connect(**config):
    if KNOWS_VARIABLE:
        return boto3.client("chime", config=Config(**config))
    return boto3.client("chime", config=Config(**config), endpoint_url=os.environ["AWS_ENDPOINT_URL_CHIME"])


chime = connect()
once = connect(retries={"total_max_attempts": 1})  # for faults that a second attempt would not meet


def carillon(operation, *options, **members):
    """Calls an operation that Amazon's API lacks, by the server's own program, and returns the answer."""
    arguments = ["call", *options, operation, json.dumps(members)]
    return json.loads(subprocess.check_output([os.environ["CARILLON_BIN"], *arguments]) or "{}")


def order_fault(**members):
    carillon("PutFault", **members)


@contextlib.contextmanager
def serving(*options):
    """Runs a second server, with options of its own, and gives its address."""
    with tempfile.TemporaryDirectory() as folder:
        serve = [os.environ["CARILLON_BIN"], "serve", *options, "--data", folder, "--listen", "127.0.0.1:0"]
        server = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            note = os.path.join(folder, "server.json")
            while not os.path.exists(note) and server.poll() is None:
                time.sleep(0.05)
            with open(note) as file:
                yield json.load(file)["url"]
        finally:
            server.terminate()
            server.wait()


def call(operation, members):
    """Calls an operation by the name that the API has for it, once."""
    method = re.sub("(?<=[a-z])(?=[A-Z])", "_", operation).lower()
    return getattr(once, method)(**members)


class Case(unittest.TestCase):
    longMessage = True
    maxDiff = None

    def check_error(self, name, operation, members):
        """The call raises the typed error of that name, with its status and a message, which is returned."""
        with self.assertRaises(getattr(once.exceptions, name)) as caught:
            call(operation, members)
        answer = caught.exception.response
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], STATUSES[name])
        self.assertEqual(answer["Error"]["Code"], name)
        self.assertNotEqual(answer["Error"]["Message"], "")
        return answer["Error"]["Message"]

    def check_errors(self, operation, members, causes):
        """The call raises each error that the operation declares: by the changed members that cause it, else by a fault.

        Without change and fault the call goes well, also after all these errors.
        """
        declared = [shape.name for shape in once.meta.service_model.operation_model(operation).error_shapes]
        self.assertLessEqual(causes.keys(), set(declared))
        for name in declared:
            with self.subTest(operation=operation, error=name):
                if name not in causes:
                    order_fault(Operation=operation, Error=name, Count=1)
                self.check_error(name, operation, {**members, **causes.get(name, {})})
        call(operation, members)
