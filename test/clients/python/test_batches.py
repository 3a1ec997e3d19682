from client import UNKNOWN_ID, Case, carillon, chime


class Batches(Case):
    """An id that is given twice counts once; what is refused comes in the order of the request; the rest is done."""

    def make(self, name, emails):
        """Makes an account with users, and returns the ids of all."""
        account = chime.create_account(Name=name)["Account"]["AccountId"]
        return account, [chime.create_user(AccountId=account, Email=email)["User"]["UserId"] for email in emails]

    def check_user_errors(self, answer, *want):
        self.assertEqual([(e["UserId"], e["ErrorCode"]) for e in answer["UserErrors"]], list(want))
        self.assertTrue(all(e["ErrorMessage"] for e in answer["UserErrors"]))

    def statuses(self, account):
        return [u["UserRegistrationStatus"] for u in chime.list_users(AccountId=account)["Users"]]

    def test_batch_update_user(self):
        account, (ann, bob) = self.make("Batch Update", ["ann.update@example.com", "bob.update@example.com"])
        alexa = {"IsAlexaForBusinessEnabled": True, "AlexaForBusinessRoomArn": "arn:aws:a4b:us-east-1:210987654321:room/belfry"}
        answer = chime.batch_update_user(AccountId=account, UpdateUserRequestItems=[
            {"UserId": UNKNOWN_ID, "LicenseType": "Basic"},
            {"UserId": ann, "LicenseType": "Basic", "UserType": "SharedDevice", "AlexaForBusinessMetadata": alexa},
            {"UserId": bob, "LicenseType": "Plus"},
            {"UserId": ann, "LicenseType": "Pro"},
            {"UserId": UNKNOWN_ID, "LicenseType": "Pro"},
        ])
        self.check_user_errors(answer, (UNKNOWN_ID, "NotFound"), (bob, "BadRequest"))
        first, second = chime.list_users(AccountId=account)["Users"]
        self.assertEqual((first["LicenseType"], first["UserType"], first["AlexaForBusinessMetadata"]), ("Basic", "SharedDevice", alexa))
        self.assertEqual((second["LicenseType"], second["UserType"]), ("Pro", "PrivateUser"))

    def test_batch_update_user_errors(self):
        account, (user,) = self.make("Errors", ["batch.update.errors@example.com"])
        self.check_errors("BatchUpdateUser", {"AccountId": account, "UpdateUserRequestItems": [{"UserId": user}]}, {
            "BadRequestException": {"UpdateUserRequestItems": [{"UserId": user}] * 21},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })

    def test_batch_suspend_and_unsuspend(self):
        account, (ann, bob, cat) = self.make("Suspend", [f"{name}.suspend@example.com" for name in ("ann", "bob", "cat")])
        carillon("UpdateAccountType", AccountId=account, AccountType="EnterpriseLWA")
        answer = chime.batch_suspend_user(AccountId=account, UserIdList=["nobody", ann, UNKNOWN_ID, bob, ann, "nobody"])
        self.check_user_errors(answer, ("nobody", "NotFound"), (UNKNOWN_ID, "NotFound"))
        self.assertEqual(self.statuses(account), ["Suspended", "Suspended", "Registered"])  # shows 12, 28
        self.check_user_errors(chime.batch_suspend_user(AccountId=account, UserIdList=[ann]))
        answer = chime.batch_unsuspend_user(AccountId=account, UserIdList=[UNKNOWN_ID, cat, ann, ann, "nobody"])
        self.check_user_errors(answer, (UNKNOWN_ID, "NotFound"), ("nobody", "NotFound"))
        self.assertEqual(self.statuses(account), ["Registered", "Suspended", "Registered"])

    def test_batch_suspend_in_a_team(self):
        account, (ann, _) = self.make("Team", ["ann.team@example.com", "bob.team@example.com"])
        self.check_user_errors(chime.batch_suspend_user(AccountId=account, UserIdList=[ann]))
        self.assertEqual(self.statuses(account), ["Registered"])
        self.check_user_errors(chime.batch_unsuspend_user(AccountId=account, UserIdList=[ann]), (ann, "NotFound"))
        chime.create_user(AccountId=account, Email="ann.team@example.com")  # the address is free again

    def test_batch_suspend_user_errors(self):
        account, (user,) = self.make("Errors", ["batch.suspend.errors@example.com"])
        self.check_errors("BatchSuspendUser", {"AccountId": account, "UserIdList": [user]}, {
            "BadRequestException": {"UserIdList": [user] * 51},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })

    def test_batch_unsuspend_user_errors(self):
        account, (user,) = self.make("Errors", ["batch.unsuspend.errors@example.com"])
        self.check_errors("BatchUnsuspendUser", {"AccountId": account, "UserIdList": [user]}, {
            "BadRequestException": {"UserIdList": [user] * 51},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })
