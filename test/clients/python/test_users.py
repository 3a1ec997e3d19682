from datetime import datetime, timedelta, timezone

from client import UNKNOWN_ID, UUID, Case, carillon, chime, order_fault


class Users(Case):
    @classmethod
    def setUpClass(cls):
        cls.account = chime.create_account(Name="Users")["Account"]["AccountId"]

    def test_create_user(self):
        user = chime.create_user(
            AccountId=self.account,  # shows 1
            Username="Jane Doe",  # shows 2
            Email="jane@example.com",  # shows 3
            UserType="PrivateUser",  # shows 4
        )["User"]
        self.assertRegex(user["UserId"], UUID)  # shows 5
        self.assertEqual(user["AccountId"], self.account)  # shows 6
        self.assertEqual(user["PrimaryEmail"], "jane@example.com")  # shows 7
        self.assertEqual(user["DisplayName"], "Jane Doe")  # shows 9
        self.assertEqual(user["LicenseType"], "Pro")  # shows 10, 22
        self.assertEqual(user["UserType"], "PrivateUser")  # shows 11, 24
        self.assertEqual(user["UserRegistrationStatus"], "Registered")  # shows 12, 27
        age = datetime.now(timezone.utc) - user["RegisteredOn"]
        self.assertLess(abs(age), timedelta(minutes=1))  # shows 14
        self.assertEqual(user["AlexaForBusinessMetadata"], {"IsAlexaForBusinessEnabled": False})  # shows 16, 19
        self.assertRegex(user["PersonalPIN"], r"^[0-9]{10}$")  # shows 18
        self.assertEqual(chime.get_user(AccountId=self.account, UserId=user["UserId"])["User"], user)

    def test_create_shared_device(self):
        user = chime.create_user(AccountId=self.account, Email="bell.tower@example.com", UserType="SharedDevice")["User"]
        self.assertEqual(user["UserType"], "SharedDevice")  # shows 25
        self.assertEqual(user["DisplayName"], "Bell Tower")
        self.assertNotIn("PersonalPIN", user)

    def test_create_user_with_odd_names(self):
        for name, email in [
            ("Zoë “Bell” O'Neil 鐘 🔔", "zoë@exämple.com"),
            ("<b>&amp;\\\"%20+", "a+b%20c&d=e'f@example.com"),
        ]:
            with self.subTest(email):
                user = chime.create_user(AccountId=self.account, Username=name, Email=email)["User"]
                self.assertEqual((user["DisplayName"], user["PrimaryEmail"]), (name, email))
                found = chime.list_users(AccountId=self.account, UserEmail=email)["Users"]
                self.assertEqual([u["UserId"] for u in found], [user["UserId"]])

    def test_create_user_errors(self):
        chime.create_user(AccountId=self.account, Email="taken@example.com")
        self.check_errors("CreateUser", {"AccountId": self.account, "Email": "errors@example.com"}, {
            "BadRequestException": {"UserType": "Robot"},  # shows 36
            "NotFoundException": {"AccountId": UNKNOWN_ID},  # shows 33
            "ConflictException": {"Email": "Taken@Example.com"},  # shows 34
            # The others come by faults, and those of access by keys and rates (test_access).
            # shows 38, 39
        })

    def test_create_user_again_after_a_lost_answer(self):
        order_fault(Operation="CreateUser", Drop="AfterCommit", Count=1)
        answer = chime.create_user(AccountId=self.account, Email="lost@example.com")
        self.assertEqual(answer["ResponseMetadata"]["RetryAttempts"], 1)
        found = chime.list_users(AccountId=self.account, UserEmail="lost@example.com")["Users"]
        self.assertEqual([u["UserId"] for u in found], [answer["User"]["UserId"]])

    def test_get_user_errors(self):
        user = chime.create_user(AccountId=self.account, Email="get.errors@example.com")["User"]["UserId"]
        self.check_errors("GetUser", {"AccountId": self.account, "UserId": user}, {
            "BadRequestException": {"UserId": " "},
            "NotFoundException": {"UserId": UNKNOWN_ID},
        })

    def test_list_users_by_email_and_type(self):
        account = chime.create_account(Name="Filters")["Account"]["AccountId"]
        person = chime.create_user(AccountId=account, Email="filter+me@example.com")["User"]
        device = chime.create_user(AccountId=account, Email="device@example.com", UserType="SharedDevice")["User"]
        del person["PersonalPIN"]  # lists do not show it
        self.assertEqual(chime.list_users(AccountId=account)["Users"], [person, device])
        self.assertEqual(chime.list_users(AccountId=account, UserEmail="Filter+Me@example.com")["Users"], [person])
        self.assertEqual(chime.list_users(AccountId=account, UserType="SharedDevice")["Users"], [device])
        self.assertEqual(chime.list_users(AccountId=account, UserEmail="device@example.com", UserType="PrivateUser")["Users"], [])

    def test_list_users_errors(self):
        self.check_errors("ListUsers", {"AccountId": self.account}, {
            "BadRequestException": {"MaxResults": 201},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })

    def test_list_users_pages(self):
        account = chime.create_account(Name="Pages")["Account"]["AccountId"]
        made = [chime.create_user(AccountId=account, Email=f"page{n}@example.com")["User"] for n in range(5)]
        pages = list(chime.get_paginator("list_users").paginate(AccountId=account, PaginationConfig={"PageSize": 2}))
        self.assertEqual([len(page["Users"]) for page in pages], [2, 2, 1])
        self.assertEqual([u["UserId"] for page in pages for u in page["Users"]], [u["UserId"] for u in made])

    def test_update_user(self):
        ids = self.create("update@example.com")
        user = chime.get_user(**ids)["User"]
        room = {"IsAlexaForBusinessEnabled": True, "AlexaForBusinessRoomArn": "arn:aws:a4b:us-east-1:210987654321:room/tower"}
        changed = chime.update_user(**ids, LicenseType="Basic", UserType="SharedDevice", AlexaForBusinessMetadata=room)["User"]
        self.assertEqual(changed, user | {
            "LicenseType": "Basic",  # shows 20
            "UserType": "SharedDevice",
            "AlexaForBusinessMetadata": room,  # shows 17
        })
        self.assertEqual(chime.get_user(**ids)["User"], changed)
        chime.update_user(**ids, AlexaForBusinessMetadata={"IsAlexaForBusinessEnabled": False})
        changed["AlexaForBusinessMetadata"]["IsAlexaForBusinessEnabled"] = False  # and the room stays
        self.assertEqual(chime.update_user(**ids)["User"], changed)
        self.assertEqual(chime.get_user(**ids)["User"], changed)

    def test_update_user_errors(self):
        self.check_errors("UpdateUser", self.create("update.errors@example.com"), {
            "BadRequestException": {"LicenseType": "Plus"},
            "NotFoundException": {"UserId": UNKNOWN_ID},
        })

    def test_every_license(self):
        account = chime.create_account(Name="Licenses")["Account"]["AccountId"]
        licenses = ["Basic", "Plus", "Pro", "ProTrial"]
        carillon("UpdateSupportedLicenses", AccountId=account, SupportedLicenses=licenses)
        self.assertEqual(chime.get_account(AccountId=account)["Account"]["SupportedLicenses"], licenses)
        first = chime.create_user(AccountId=account, Email="license@example.com")["User"]["UserId"]
        for license in licenses:
            with self.subTest(license):
                chime.update_account(AccountId=account, DefaultLicense=license)
                user = chime.create_user(AccountId=account, Email=f"{license}@example.com")["User"]
                self.assertEqual(user["LicenseType"], license)  # shows 20, 21, 22, 23
                chime.update_user(AccountId=account, UserId=first, LicenseType=license)
                self.assertEqual(chime.get_user(AccountId=account, UserId=first)["User"]["LicenseType"], license)

    def test_logout_user(self):
        ids = self.create("logout@example.com")
        before = carillon("GetUserSession", **ids)["UserSession"]["SessionEpoch"]
        chime.logout_user(**ids)
        self.assertGreater(carillon("GetUserSession", **ids)["UserSession"]["SessionEpoch"], before)

    def test_logout_user_errors(self):
        self.check_errors("LogoutUser", self.create("logout.errors@example.com"), {
            "BadRequestException": {"UserId": " "},
            "NotFoundException": {"UserId": UNKNOWN_ID},
        })

    def test_reset_personal_pin(self):
        ids = self.create("pin@example.com")
        before = chime.get_user(**ids)["User"]
        after = chime.reset_personal_pin(**ids)["User"]
        self.assertRegex(after["PersonalPIN"], r"^[0-9]{10}$")
        self.assertNotEqual(after["PersonalPIN"], before["PersonalPIN"])
        self.assertEqual(after, before | {"PersonalPIN": after["PersonalPIN"]})
        self.assertEqual(chime.get_user(**ids)["User"], after)

    def test_reset_personal_pin_errors(self):
        invited = chime.invite_users(AccountId=self.account, UserEmailList=["without.pin@example.com"])["Invites"][0]["InviteId"]
        self.check_errors("ResetPersonalPIN", self.create("pin.errors@example.com"), {
            "BadRequestException": {"UserId": invited},
            "NotFoundException": {"UserId": UNKNOWN_ID},
        })

    def create(self, email):
        """Makes a user, and returns what a call names it by."""
        user = chime.create_user(AccountId=self.account, Email=email)["User"]
        return {"AccountId": user["AccountId"], "UserId": user["UserId"]}
