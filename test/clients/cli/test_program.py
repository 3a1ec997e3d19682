import json
import subprocess
import sys

from client import ENDPOINT, Case


class Program(Case):
    def test_program_from_its_start(self):
        def aws(*arguments):
            return json.loads(subprocess.check_output([sys.executable, "-m", "awscli", *ENDPOINT, "chime", *arguments]))

        account = aws("create-account", "--name", "Program")["Account"]
        self.assertEqual(aws("get-account", "--account-id", account["AccountId"])["Account"], account)
