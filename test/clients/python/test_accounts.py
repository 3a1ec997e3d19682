from datetime import datetime, timedelta, timezone

from client import UNKNOWN_ID, UUID, Case, carillon, chime


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

    def test_update_account(self):
        account = chime.create_account(Name="Old Name")["Account"]
        account |= {"Name": "New Name", "DefaultLicense": "Basic"}
        self.assertEqual(chime.update_account(AccountId=account["AccountId"], Name="New Name", DefaultLicense="Basic")["Account"], account)
        self.assertEqual(chime.update_account(AccountId=account["AccountId"])["Account"], account)
        self.assertEqual(chime.get_account(AccountId=account["AccountId"])["Account"], account)

    def test_update_account_errors(self):
        account = chime.create_account(Name="Errors")["Account"]["AccountId"]
        self.check_errors("UpdateAccount", {"AccountId": account, "Name": "Renamed"}, {
            "BadRequestException": {"DefaultLicense": "Plus"},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })

    def test_delete_account(self):
        account = chime.create_account(Name="To Delete")["Account"]["AccountId"]
        user = chime.create_user(AccountId=account, Email="in.the.way@example.com")["User"]["UserId"]
        carillon("ClaimDomain", AccountId=account, DomainName="delete.example.com")
        self.assertEqual(chime.get_account(AccountId=account)["Account"]["AccountType"], "EnterpriseLWA")
        self.assertIn("delete.example.com", self.check_error("UnprocessableEntityException", "DeleteAccount", {"AccountId": account}))
        carillon("ReleaseDomain", AccountId=account, DomainName="delete.example.com")
        self.assertIn("BatchSuspendUser", self.check_error("UnprocessableEntityException", "DeleteAccount", {"AccountId": account}))
        chime.batch_suspend_user(AccountId=account, UserIdList=[user])
        chime.delete_account(AccountId=account)
        self.check_error("NotFoundException", "GetAccount", {"AccountId": account})
        self.assertEqual(chime.list_accounts(Name="To Delete")["Accounts"], [])

    def test_delete_account_errors(self):
        account, full = (chime.create_account(Name="Errors")["Account"]["AccountId"] for _ in range(2))
        chime.create_user(AccountId=full, Email="in.the.way.of.errors@example.com")
        self.check_errors("DeleteAccount", {"AccountId": account}, {
            "BadRequestException": {"AccountId": " "},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
            "UnprocessableEntityException": {"AccountId": full},
        })

    def test_signin_delegate_groups(self):
        def groups():
            return chime.get_account(AccountId=account)["Account"]["SigninDelegateGroups"]

        account = chime.create_account(Name="Groups")["Account"]["AccountId"]
        both = [{"GroupName": "Ringers"}, {"GroupName": "Glöckner & Söhne"}]
        for _ in range(2):  # a group that is there already stays
            chime.associate_signin_delegate_groups_with_account(AccountId=account, SigninDelegateGroups=both)
            self.assertEqual(groups(), both)
        chime.disassociate_signin_delegate_groups_from_account(AccountId=account, GroupNames=["Ringers", "Unknown"])
        self.assertEqual(groups(), both[1:])

    def test_associate_signin_delegate_groups_errors(self):
        account = chime.create_account(Name="Errors")["Account"]["AccountId"]
        self.check_errors("AssociateSigninDelegateGroupsWithAccount", {"AccountId": account, "SigninDelegateGroups": [{"GroupName": "Ringers"}]}, {
            "BadRequestException": {"SigninDelegateGroups": [{}]},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })

    def test_disassociate_signin_delegate_groups_errors(self):
        account = chime.create_account(Name="Errors")["Account"]["AccountId"]
        self.check_errors("DisassociateSigninDelegateGroupsFromAccount", {"AccountId": account, "GroupNames": ["Ringers"]}, {
            "BadRequestException": {"AccountId": " "},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })
