from datetime import datetime, timedelta, timezone

from client import UNKNOWN_ID, UUID, Case, aws, carillon


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

    def test_update_account(self):
        account = aws("CreateAccount", Name="Old Name")["Account"]
        account |= {"Name": "New Name", "DefaultLicense": "Basic"}
        self.assertEqual(aws("UpdateAccount", AccountId=account["AccountId"], Name="New Name", DefaultLicense="Basic")["Account"], account)
        self.assertEqual(aws("UpdateAccount", AccountId=account["AccountId"])["Account"], account)
        self.assertEqual(aws("GetAccount", AccountId=account["AccountId"])["Account"], account)

    def test_update_account_errors(self):
        account = aws("CreateAccount", Name="Errors")["Account"]["AccountId"]
        self.check_errors("UpdateAccount", {"AccountId": account, "Name": "Renamed"}, {
            "BadRequestException": {"DefaultLicense": "Plus"},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })

    def test_delete_account(self):
        account = aws("CreateAccount", Name="To Delete")["Account"]["AccountId"]
        user = aws("CreateUser", AccountId=account, Email="in.the.way@example.com")["User"]["UserId"]
        carillon("ClaimDomain", AccountId=account, DomainName="delete.example.com")
        self.assertEqual(aws("GetAccount", AccountId=account)["Account"]["AccountType"], "EnterpriseLWA")
        self.assertIn("delete.example.com", self.check_error("UnprocessableEntityException", "DeleteAccount", {"AccountId": account}))
        carillon("ReleaseDomain", AccountId=account, DomainName="delete.example.com")
        self.assertIn("BatchSuspendUser", self.check_error("UnprocessableEntityException", "DeleteAccount", {"AccountId": account}))
        aws("BatchSuspendUser", AccountId=account, UserIdList=[user])
        aws("DeleteAccount", AccountId=account)
        self.check_error("NotFoundException", "GetAccount", {"AccountId": account})
        self.assertEqual(aws("ListAccounts", Name="To Delete")["Accounts"], [])

    def test_delete_account_errors(self):
        account, full = (aws("CreateAccount", Name="Errors")["Account"]["AccountId"] for _ in range(2))
        aws("CreateUser", AccountId=full, Email="in.the.way.of.errors@example.com")
        self.check_errors("DeleteAccount", {"AccountId": account}, {
            "BadRequestException": {"AccountId": " "},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
            "UnprocessableEntityException": {"AccountId": full},
        })

    def test_signin_delegate_groups(self):
        def groups():
            return aws("GetAccount", AccountId=account)["Account"]["SigninDelegateGroups"]

        account = aws("CreateAccount", Name="Groups")["Account"]["AccountId"]
        both = [{"GroupName": "Ringers"}, {"GroupName": "Glöckner & Söhne"}]
        for _ in range(2):  # a group that is there already stays
            aws("AssociateSigninDelegateGroupsWithAccount", AccountId=account, SigninDelegateGroups=both)
            self.assertEqual(groups(), both)
        aws("DisassociateSigninDelegateGroupsFromAccount", AccountId=account, GroupNames=["Ringers", "Unknown"])
        self.assertEqual(groups(), both[1:])

    def test_associate_signin_delegate_groups_errors(self):
        account = aws("CreateAccount", Name="Errors")["Account"]["AccountId"]
        self.check_errors("AssociateSigninDelegateGroupsWithAccount", {"AccountId": account, "SigninDelegateGroups": [{"GroupName": "Ringers"}]}, {
            "BadRequestException": {"SigninDelegateGroups": [{}]},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })

    def test_disassociate_signin_delegate_groups_errors(self):
        account = aws("CreateAccount", Name="Errors")["Account"]["AccountId"]
        self.check_errors("DisassociateSigninDelegateGroupsFromAccount", {"AccountId": account, "GroupNames": ["Ringers"]}, {
            "BadRequestException": {"AccountId": " "},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })
