"""boto3 and the AWS CLI over https, with an authority of one's own, as docs/network.md has it."""
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest
import unittest.mock

import boto3
import botocore.exceptions
from botocore.config import Config

from client import serving

DOCS = os.path.join(os.path.dirname(__file__), "../../../docs/network.md")


def openssl_lines():
    """The commands of the documentation that make the authority and the certificate, which is for this machine as well."""
    with open(DOCS) as file:
        script = re.search(r"```sh\n(openssl.*?)```", file.read(), re.DOTALL).group(1)
    return script.replace("DNS:chime.example.com", "IP:127.0.0.1,DNS:chime.example.com")


class TLS(unittest.TestCase):
    def setUp(self):
        if not shutil.which("openssl"):
            self.skipTest("there is no openssl")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        made = subprocess.run(["sh", "-ec", openssl_lines()], cwd=folder.name, capture_output=True, text=True)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.authority, certificate, key = (os.path.join(folder.name, name) for name in ("ca.crt", "tls.crt", "tls.key"))
        self.url = self.enter(serving("--tls-cert", certificate, "--tls-key", key))
        self.assertTrue(self.url.startswith("https://"))

    def enter(self, manager):
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def test_boto3(self):
        self.play(endpoint_url=self.url)

    def test_boto3_without_endpoint(self):
        """Nothing is set: the name of Amazon's server leads to this one, as an entry of /etc/hosts would have it."""
        address = self.url.removeprefix("https://").split(":")
        resolve = socket.getaddrinfo

        def resolve_here(host, port, *rest, **named):
            if host == "chime.us-east-1.amazonaws.com":
                self.assertEqual(port, 443)
                host, port = address[0], int(address[1])
            return resolve(host, port, *rest, **named)

        self.enter(unittest.mock.patch("socket.getaddrinfo", resolve_here))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_ENDPOINT_URL")}
        self.enter(unittest.mock.patch.dict(os.environ, environment, clear=True))
        self.play()

    def play(self, **endpoint):
        client = lambda: boto3.client("chime", config=Config(retries={"total_max_attempts": 1}), **endpoint)
        with self.assertRaises(botocore.exceptions.SSLError):
            client().list_accounts()
        self.enter(unittest.mock.patch.dict(os.environ, AWS_CA_BUNDLE=self.authority))
        account = client().create_account(Name="Secure")["Account"]
        user = client().create_user(AccountId=account["AccountId"], Email="jane@example.com")["User"]
        self.assertEqual(client().get_user(AccountId=account["AccountId"], UserId=user["UserId"])["User"]["PrimaryEmail"], "jane@example.com")

    def test_cli(self):
        aws = ["aws", "--endpoint-url", self.url, "chime", "list-accounts"]
        try:
            refused = subprocess.run(aws, capture_output=True, text=True, env={**os.environ, "AWS_MAX_ATTEMPTS": "1"})
        except FileNotFoundError:
            self.skipTest("there is no AWS CLI")
        self.assertIn("SSL", refused.stderr)
        answer = subprocess.check_output(aws, env={**os.environ, "AWS_CA_BUNDLE": self.authority})
        self.assertEqual(json.loads(answer)["Accounts"], [])


if __name__ == "__main__":
    unittest.main()
