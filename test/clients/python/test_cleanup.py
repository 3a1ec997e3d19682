from client import Case, carillon, chime


class CleanUp(Case):
    def test_script_that_deletes_accounts(self):
        """What a published script does: list accounts, list users, suspend them in groups of 50, delete the account."""
        accounts = [chime.create_account(Name=f"Clean Up {n}")["Account"]["AccountId"] for n in range(3)]
        carillon("UpdateAccountType", AccountId=accounts[1], AccountType="EnterpriseDirectory")
        for account, many in zip(accounts, [120, 1, 0]):
            chime.create_user(AccountId=account, Email=f"member@{account}.example.com")
            emails = [f"clean{n}@{account}.example.com" for n in range(many)]
            for at in range(0, many, 50):
                chime.invite_users(AccountId=account, UserEmailList=emails[at:at + 50])

        suspended = []
        for account in chime.list_accounts(Name="Clean Up")["Accounts"]:
            pages = chime.get_paginator("list_users").paginate(AccountId=account["AccountId"])
            users = [user["UserId"] for page in pages for user in page["Users"]]
            for at in range(0, len(users), 50):
                group = users[at:at + 50]
                self.assertEqual(chime.batch_suspend_user(AccountId=account["AccountId"], UserIdList=group)["UserErrors"], [])
                suspended.append(len(group))
            chime.delete_account(AccountId=account["AccountId"])

        self.assertEqual(suspended, [50, 50, 21, 2, 1])
        self.assertEqual(chime.list_accounts(Name="Clean Up")["Accounts"], [])
