from datetime import datetime, timedelta, timezone

from client import UNKNOWN_ID, UUID, Case, aws


class Accounts(Case):
    def test_create_account(self):
        account = aws("CreateAccount", Name="Bell Ringers")["Account"]
        self.assertRegex(account["AccountId"], UUID)
        age = datetime.now(timezone.utc) - datetime.fromisoformat(account["CreatedTimestamp"])
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
        account = aws("CreateAccount", Name="鐘 Glockenspiel ♪")["Account"]
        self.assertEqual(account["Name"], "鐘 Glockenspiel ♪")
        self.assertEqual(aws("GetAccount", AccountId=account["AccountId"])["Account"], account)

    def test_get_account_errors(self):
        account = aws("CreateAccount", Name="Errors")["Account"]["AccountId"]
        self.check_errors("GetAccount", {"AccountId": account}, {
            "BadRequestException": {"AccountId": " "},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })

    def test_list_accounts_by_name(self):
        names = ["Prefix & Söhne", "Prefix & Söhne 2"]
        made = [aws("CreateAccount", Name=name)["Account"] for name in names]
        aws("CreateAccount", Name="Another Prefix & Söhne")
        self.assertEqual(aws("ListAccounts", Name="Prefix & Sö")["Accounts"], made)
        self.assertEqual(aws("ListAccounts", Name="Prefix & Söhne ")["Accounts"], made[1:])

    def test_list_accounts_by_user_email(self):
        account = aws("CreateAccount", Name="Of One User")["Account"]
        aws("CreateUser", AccountId=account["AccountId"], Email="one+user@example.com")
        self.assertEqual(aws("ListAccounts", UserEmail="one+user@example.com")["Accounts"], [account])
        self.assertEqual(aws("ListAccounts", UserEmail="nobody@example.com")["Accounts"], [])

    def test_list_accounts_errors(self):
        self.check_errors("ListAccounts", {}, {
            "BadRequestException": {"NextToken": "forged"},
        })

    def test_list_accounts_pages(self):
        made = [aws("CreateAccount", Name=f"Page {n}")["Account"] for n in range(5)]
        self.assertEqual(aws("ListAccounts", "--page-size=2", Name="Page ")["Accounts"], made)
        first = aws("ListAccounts", "--page-size=2", "--max-items=3", Name="Page ")
        self.assertEqual(first["Accounts"], made[:3])
        rest = aws("ListAccounts", "--page-size=2", "--starting-token", first["NextToken"], Name="Page ")
        self.assertEqual(rest["Accounts"], made[3:])
