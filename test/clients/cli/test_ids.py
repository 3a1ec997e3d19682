"""Ids that are none: each is refused with a typed error, and never leads to another operation."""
from client import Case, aws

ODD = {
    "a b": "NotFoundException",
    "a/b": "NotFoundException",
    "%2e%2e": "NotFoundException",
    "?operation=create": "NotFoundException",
    "鐘": "NotFoundException",
    "..": "BadRequestException",
    "": "BadRequestException",
}


class Ids(Case):
    def test_odd_account_ids(self):
        for odd, error in ODD.items():
            with self.subTest(id=odd):
                self.check_error(error, "GetAccount", {"AccountId": odd})
                self.check_error(error, "CreateUser", {"AccountId": odd, "Email": "odd@example.com"})

    def test_odd_user_ids(self):
        account = aws("CreateAccount", Name="Odd")["Account"]["AccountId"]
        for odd, error in ODD.items():
            with self.subTest(id=odd):
                self.check_error(error, "GetUser", {"AccountId": account, "UserId": odd})

    def test_aws_account_id(self):
        message = self.check_error("NotFoundException", "CreateUser", {"AccountId": "210987654321", "Email": "odd@example.com"})
        self.assertIn("210987654321 is an AWS account id", message)
