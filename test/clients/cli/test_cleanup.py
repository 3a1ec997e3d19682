from client import Case, aws, carillon


class CleanUp(Case):
    def test_script_that_deletes_accounts(self):
        """What a published script does: list accounts, list users, suspend them in groups of 50, delete the account."""
        accounts = [aws("CreateAccount", Name=f"Clean Up {n}")["Account"]["AccountId"] for n in range(3)]
        carillon("UpdateAccountType", AccountId=accounts[1], AccountType="EnterpriseDirectory")
        for account, many in zip(accounts, [120, 1, 0]):
            aws("CreateUser", AccountId=account, Email=f"member@{account}.example.com")
            emails = [f"clean{n}@{account}.example.com" for n in range(many)]
            for at in range(0, many, 50):
                aws("InviteUsers", AccountId=account, UserEmailList=emails[at:at + 50])

        suspended = []
        for account in aws("ListAccounts", Name="Clean Up")["Accounts"]:
            users = [user["UserId"] for user in aws("ListUsers", AccountId=account["AccountId"])["Users"]]
            for at in range(0, len(users), 50):
                group = users[at:at + 50]
                self.assertEqual(aws("BatchSuspendUser", AccountId=account["AccountId"], UserIdList=group)["UserErrors"], [])
                suspended.append(len(group))
            aws("DeleteAccount", AccountId=account["AccountId"])

        self.assertEqual(suspended, [50, 50, 21, 2, 1])
        self.assertEqual(aws("ListAccounts", Name="Clean Up")["Accounts"], [])
