import unittest
from datetime import datetime, timedelta, timezone

from client import UNKNOWN_ID, UUID, Case, chime


class Accounts(Case):
    def test_create_account(self):
        account = chime.create_account(Name="Bell Ringers")["Account"]
        self.assertRegex(account["AccountId"], UUID)
        age = datetime.now(timezone.utc) - account["CreatedTimestamp"]
        self.assertLess(abs(age), timedelta(minutes=1))
        self.assertEqual(account, {
            "AccountId": account["AccountId"],
            "AwsAccountId": "210987654321",
            "Name": "Bell Ringers",
            "AccountType": "Team",
            "AccountStatus": "Active",
            "CreatedTimestamp": account["CreatedTimestamp"],
            "DefaultLicense": "Pro",
            "SupportedLicenses": ["Basic", "Pro"],
            "SigninDelegateGroups": [],
        })

    def test_create_account_errors(self):
        self.check_errors("CreateAccount", {"Name": "Errors"}, {
            "BadRequestException": {"Name": "x" * 101},
        })

    def test_get_account(self):
        account = chime.create_account(Name="鐘 Glockenspiel ♪")["Account"]
        self.assertEqual(account["Name"], "鐘 Glockenspiel ♪")
        self.assertEqual(chime.get_account(AccountId=account["AccountId"])["Account"], account)

    def test_get_account_errors(self):
        account = chime.create_account(Name="Errors")["Account"]["AccountId"]
        self.check_errors("GetAccount", {"AccountId": account}, {
            "BadRequestException": {"AccountId": " "},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })

    def test_list_accounts_by_name(self):
        names = ["Prefix & Söhne", "Prefix & Söhne 2"]
        made = [chime.create_account(Name=name)["Account"] for name in names]
        chime.create_account(Name="Another Prefix & Söhne")
        self.assertEqual(chime.list_accounts(Name="Prefix & Sö")["Accounts"], made)
        self.assertEqual(chime.list_accounts(Name="Prefix & Söhne ")["Accounts"], made[1:])

    def test_list_accounts_by_user_email(self):
        account = chime.create_account(Name="Of One User")["Account"]
        chime.create_user(AccountId=account["AccountId"], Email="one+user@example.com")
        self.assertEqual(chime.list_accounts(UserEmail="one+user@example.com")["Accounts"], [account])
        self.assertEqual(chime.list_accounts(UserEmail="nobody@example.com")["Accounts"], [])

    def test_list_accounts_errors(self):
        self.check_errors("ListAccounts", {}, {
            "BadRequestException": {"NextToken": "forged"},
        })

    def test_list_accounts_pages(self):
        made = [chime.create_account(Name=f"Page {n}")["Account"] for n in range(5)]
        pages = list(chime.get_paginator("list_accounts").paginate(Name="Page ", PaginationConfig={"PageSize": 2}))
        self.assertEqual([len(page["Accounts"]) for page in pages], [2, 2, 1])
        self.assertEqual([account for page in pages for account in page["Accounts"]], made)
