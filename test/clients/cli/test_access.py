import os
import subprocess
import sys
import unittest

from client import ENDPOINT, Case, CLIError, aws, carillon, result

MAIN = "import sys, awscli.clidriver; sys.exit(awscli.clidriver.main())"


class Access(Case):
    def setUp(self):
        self.account = aws("CreateAccount", Name="Access")["Account"]["AccountId"]
        carillon("CreatePrincipal", Name="aws-cli")
        self.addCleanup(carillon, "DeletePrincipal", Name="aws-cli")
        self.key = carillon("CreateAccessKey", PrincipalName="aws-cli")["AccessKey"]

    def refused(self, name):
        """CreateUser by the key ends with the error of that name. A program of its own, as this one knows the root's key."""
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": self.key["AccessKeyId"],
                       "AWS_SECRET_ACCESS_KEY": self.key["SecretAccessKey"], "AWS_MAX_ATTEMPTS": "1"}
        command = [sys.executable, "-c", MAIN, *ENDPOINT, "chime", "create-user", "--account-id", self.account, "--email", "refused@example.com"]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True)
        with self.assertRaises(CLIError) as caught:
            result("CreateUser", ended.returncode, ended.stdout, ended.stderr)
        self.assertEqual(caught.exception.name, name)
        return caught.exception.message

    def rated(self, operation, **members):
        """Runs the CLI against the server that lets each principal create one user."""
        return aws(operation, "--endpoint-url", os.environ["CARILLON_TEST_RATED"], attempts=1, **members)

    def test_create_user_without_a_policy(self):
        message = self.refused("ForbiddenException")  # shows 35
        self.assertRegex(message, "AWS authorization failed: .*:user/aws-cli is not authorized to perform: chime:CreateUser")

    def test_create_user_by_an_inactive_key(self):
        carillon("UpdateAccessKey", AccessKeyId=self.key["AccessKeyId"], Status="Inactive")
        self.refused("UnauthorizedClientException")  # shows 32

    def test_create_user_by_a_deleted_key(self):
        carillon("DeleteAccessKey", AccessKeyId=self.key["AccessKeyId"])
        self.refused("UnrecognizedClientException")

    def test_create_user_beyond_the_rate(self):
        account = self.rated("CreateAccount", Name="Rated")["Account"]["AccountId"]
        self.rated("CreateUser", AccountId=account, Email="first@example.com")
        with self.assertRaises(CLIError) as caught:
            self.rated("CreateUser", AccountId=account, Email="second@example.com")
        self.assertEqual(caught.exception.name, "ThrottledClientException")  # shows 37
        found = self.rated("ListUsers", AccountId=account)["Users"]
        self.assertEqual([u["PrimaryEmail"] for u in found], ["first@example.com"])


if __name__ == "__main__":
    unittest.main()
