from datetime import datetime, timedelta, timezone

from client import UNKNOWN_ID, UUID, Case, aws, carillon


class Invites(Case):
    @classmethod
    def setUpClass(cls):
        cls.account = aws("CreateAccount", Name="Invites")["Account"]["AccountId"]

    def invite(self, *emails, **members):
        return aws("InviteUsers", AccountId=self.account, UserEmailList=emails, **members)["Invites"]

    def test_invite_users(self):
        emails = ["invited@example.com", "déjà.vu@example.com", "Invited@Example.com"]
        invites = self.invite(*emails, UserType="SharedDevice")
        for invite, email in zip(invites, [emails[0], emails[1], emails[0]], strict=True):
            self.assertRegex(invite["InviteId"], UUID)
            self.assertEqual(invite, {"InviteId": invite["InviteId"], "Status": "Pending", "EmailAddress": email, "EmailStatus": "Sent"})
        self.assertEqual(invites[2], invites[0])
        user = aws("GetUser", AccountId=self.account, UserId=invites[0]["InviteId"])["User"]
        age = datetime.now(timezone.utc) - datetime.fromisoformat(user["InvitedOn"])
        self.assertLess(abs(age), timedelta(minutes=1))  # shows 15
        self.assertEqual(user, {
            "UserId": invites[0]["InviteId"],
            "AccountId": self.account,
            "PrimaryEmail": "invited@example.com",
            "UserType": "SharedDevice",
            "UserRegistrationStatus": "Unregistered",  # shows 12, 26
            "UserInvitationStatus": "Pending",  # shows 13, 29
            "InvitedOn": user["InvitedOn"],
            "AlexaForBusinessMetadata": {"IsAlexaForBusinessEnabled": False},
        })
        self.assertEqual(aws("ListUsers", AccountId=self.account, UserEmail="invited@example.com")["Users"], [user])

    def test_accepted_invitation(self):
        invite = self.invite("accept@example.com")[0]
        carillon("AcceptInvite", AccountId=self.account, InviteId=invite["InviteId"], DisplayName="Ann Zusage")
        user = aws("GetUser", AccountId=self.account, UserId=invite["InviteId"])["User"]
        self.assertEqual(user["UserRegistrationStatus"], "Registered")
        self.assertEqual(user["UserInvitationStatus"], "Accepted")  # shows 13, 30
        self.assertEqual(user["DisplayName"], "Ann Zusage")
        self.assertEqual(user["LicenseType"], "Pro")
        self.assertRegex(user["PersonalPIN"], r"^[0-9]{10}$")
        self.assertGreaterEqual(user["RegisteredOn"], user["InvitedOn"])
        again = self.invite("accept@example.com")[0]
        self.assertEqual(again, invite | {"Status": "Accepted", "EmailStatus": "NotSent"})

    def test_declined_invitation(self):
        def status():
            return aws("GetUser", AccountId=self.account, UserId=invite["InviteId"])["User"]["UserInvitationStatus"]

        invite = self.invite("decline@example.com")[0]
        carillon("DeclineInvite", AccountId=self.account, InviteId=invite["InviteId"])
        self.assertEqual(status(), "Failed")  # shows 13, 31
        self.assertEqual(self.invite("decline@example.com"), [invite])
        self.assertEqual(status(), "Pending")

    def test_withdrawn_invitation(self):
        invite = self.invite("withdraw@example.com")[0]
        aws("BatchSuspendUser", AccountId=self.account, UserIdList=[invite["InviteId"]])
        self.check_error("NotFoundException", "GetUser", {"AccountId": self.account, "UserId": invite["InviteId"]})

    def test_invite_users_errors(self):
        self.check_errors("InviteUsers", {"AccountId": self.account, "UserEmailList": ["invite.errors@example.com"]}, {
            "BadRequestException": {"UserEmailList": [f"invite{n}@example.com" for n in range(51)]},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })
        message = self.check_error("BadRequestException", "InviteUsers", {"AccountId": self.account, "UserEmailList": ["beside@example.com", "nobody"]})
        self.assertIn("UserEmailList[1]", message)
        self.assertEqual(aws("ListUsers", AccountId=self.account, UserEmail="beside@example.com")["Users"], [])
