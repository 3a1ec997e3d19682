from datetime import datetime, timedelta, timezone

from client import TELLS_REPETITIONS, UNKNOWN_ID, UUID, Case, aws, carillon, order_fault


class Users(Case):
    @classmethod
    def setUpClass(cls):
        cls.account = aws("CreateAccount", Name="Users")["Account"]["AccountId"]

    def test_create_user(self):
        user = aws(
            "CreateUser",
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
        age = datetime.now(timezone.utc) - datetime.fromisoformat(user["RegisteredOn"])
        self.assertLess(abs(age), timedelta(minutes=1))  # shows 14
        self.assertEqual(user["AlexaForBusinessMetadata"], {"IsAlexaForBusinessEnabled": False})  # shows 16, 19
        self.assertRegex(user["PersonalPIN"], r"^[0-9]{10}$")  # shows 18
        self.assertEqual(aws("GetUser", AccountId=self.account, UserId=user["UserId"])["User"], user)

    def test_create_shared_device(self):
        user = aws("CreateUser", AccountId=self.account, Email="bell.tower@example.com", UserType="SharedDevice")["User"]
        self.assertEqual(user["UserType"], "SharedDevice")  # shows 25
        self.assertEqual(user["DisplayName"], "Bell Tower")
        self.assertNotIn("PersonalPIN", user)

    def test_create_user_with_odd_names(self):
        for name, email in [
            ("Zoë “Bell” O'Neil 鐘 🔔", "zoë@exämple.com"),
            ("<b>&amp;\\\"%20+", "a+b%20c&d=e'f@example.com"),
        ]:
            with self.subTest(email):
                user = aws("CreateUser", AccountId=self.account, Username=name, Email=email)["User"]
                self.assertEqual((user["DisplayName"], user["PrimaryEmail"]), (name, email))
                found = aws("ListUsers", AccountId=self.account, UserEmail=email)["Users"]
                self.assertEqual([u["UserId"] for u in found], [user["UserId"]])

    def test_create_user_errors(self):
        aws("CreateUser", AccountId=self.account, Email="taken@example.com")
        self.check_errors("CreateUser", {"AccountId": self.account, "Email": "errors@example.com"}, {
            "BadRequestException": {"UserType": "Robot"},  # shows 36
            "NotFoundException": {"AccountId": UNKNOWN_ID},  # shows 33
            "ConflictException": {"Email": "Taken@Example.com"},  # shows 34
            # The others come by faults, and those of access by keys and rates (test_access).
            # shows 38, 39
        })

    def test_create_user_again_after_a_lost_answer(self):
        members = {"AccountId": self.account, "Email": "lost@example.com"}
        order_fault(Operation="CreateUser", Drop="AfterCommit", Count=1)
        if TELLS_REPETITIONS:
            aws("CreateUser", **members)
        else:
            self.check_error("ConflictException", "CreateUser", members, attempts=2)
        self.assertEqual(len(aws("ListUsers", AccountId=self.account, UserEmail="lost@example.com")["Users"]), 1)

    def test_get_user_errors(self):
        user = aws("CreateUser", AccountId=self.account, Email="get.errors@example.com")["User"]["UserId"]
        self.check_errors("GetUser", {"AccountId": self.account, "UserId": user}, {
            "BadRequestException": {"UserId": " "},
            "NotFoundException": {"UserId": UNKNOWN_ID},
        })

    def test_list_users_by_email_and_type(self):
        account = aws("CreateAccount", Name="Filters")["Account"]["AccountId"]
        person = aws("CreateUser", AccountId=account, Email="filter+me@example.com")["User"]
        device = aws("CreateUser", AccountId=account, Email="device@example.com", UserType="SharedDevice")["User"]
        del person["PersonalPIN"]  # lists do not show it
        self.assertEqual(aws("ListUsers", AccountId=account)["Users"], [person, device])
        self.assertEqual(aws("ListUsers", AccountId=account, UserEmail="Filter+Me@example.com")["Users"], [person])
        self.assertEqual(aws("ListUsers", AccountId=account, UserType="SharedDevice")["Users"], [device])
        self.assertEqual(aws("ListUsers", AccountId=account, UserEmail="device@example.com", UserType="PrivateUser")["Users"], [])

    def test_list_users_errors(self):
        self.check_errors("ListUsers", {"AccountId": self.account}, {
            "BadRequestException": {"PageSize": 201},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })

    def test_list_users_pages(self):
        account = aws("CreateAccount", Name="Pages")["Account"]["AccountId"]
        made = [aws("CreateUser", AccountId=account, Email=f"page{n}@example.com")["User"]["UserId"] for n in range(5)]
        every = aws("ListUsers", "--page-size=2", AccountId=account)
        self.assertEqual([u["UserId"] for u in every["Users"]], made)
        first = aws("ListUsers", "--page-size=2", "--max-items=3", AccountId=account)
        self.assertEqual([u["UserId"] for u in first["Users"]], made[:3])
        rest = aws("ListUsers", "--page-size=2", "--starting-token", first["NextToken"], AccountId=account)
        self.assertEqual([u["UserId"] for u in rest["Users"]], made[3:])

    def test_update_user(self):
        ids = self.create("update@example.com")
        user = aws("GetUser", **ids)["User"]
        room = {"IsAlexaForBusinessEnabled": True, "AlexaForBusinessRoomArn": "arn:aws:a4b:us-east-1:210987654321:room/tower"}
        changed = aws("UpdateUser", **ids, LicenseType="Basic", UserType="SharedDevice", AlexaForBusinessMetadata=room)["User"]
        self.assertEqual(changed, user | {
            "LicenseType": "Basic",  # shows 20
            "UserType": "SharedDevice",
            "AlexaForBusinessMetadata": room,  # shows 17
        })
        self.assertEqual(aws("GetUser", **ids)["User"], changed)
        aws("UpdateUser", **ids, AlexaForBusinessMetadata={"IsAlexaForBusinessEnabled": False})
        changed["AlexaForBusinessMetadata"]["IsAlexaForBusinessEnabled"] = False  # and the room stays
        self.assertEqual(aws("UpdateUser", **ids)["User"], changed)
        self.assertEqual(aws("GetUser", **ids)["User"], changed)

    def test_update_user_errors(self):
        self.check_errors("UpdateUser", self.create("update.errors@example.com"), {
            "BadRequestException": {"LicenseType": "Plus"},
            "NotFoundException": {"UserId": UNKNOWN_ID},
        })

    def test_every_license(self):
        account = aws("CreateAccount", Name="Licenses")["Account"]["AccountId"]
        licenses = ["Basic", "Plus", "Pro", "ProTrial"]
        carillon("UpdateSupportedLicenses", AccountId=account, SupportedLicenses=licenses)
        self.assertEqual(aws("GetAccount", AccountId=account)["Account"]["SupportedLicenses"], licenses)
        first = aws("CreateUser", AccountId=account, Email="license@example.com")["User"]["UserId"]
        for license in licenses:
            with self.subTest(license):
                aws("UpdateAccount", AccountId=account, DefaultLicense=license)
                user = aws("CreateUser", AccountId=account, Email=f"{license}@example.com")["User"]
                self.assertEqual(user["LicenseType"], license)  # shows 20, 21, 22, 23
                aws("UpdateUser", AccountId=account, UserId=first, LicenseType=license)
                self.assertEqual(aws("GetUser", AccountId=account, UserId=first)["User"]["LicenseType"], license)

    def test_logout_user(self):
        ids = self.create("logout@example.com")
        before = carillon("GetUserSession", **ids)["UserSession"]["SessionEpoch"]
        aws("LogoutUser", **ids)
        self.assertGreater(carillon("GetUserSession", **ids)["UserSession"]["SessionEpoch"], before)

    def test_logout_user_errors(self):
        self.check_errors("LogoutUser", self.create("logout.errors@example.com"), {
            "BadRequestException": {"UserId": " "},
            "NotFoundException": {"UserId": UNKNOWN_ID},
        })

    def test_reset_personal_pin(self):
        ids = self.create("pin@example.com")
        before = aws("GetUser", **ids)["User"]
        after = aws("ResetPersonalPIN", **ids)["User"]
        self.assertRegex(after["PersonalPIN"], r"^[0-9]{10}$")
        self.assertNotEqual(after["PersonalPIN"], before["PersonalPIN"])
        self.assertEqual(after, before | {"PersonalPIN": after["PersonalPIN"]})
        self.assertEqual(aws("GetUser", **ids)["User"], after)

    def test_reset_personal_pin_errors(self):
        invited = aws("InviteUsers", AccountId=self.account, UserEmailList=["without.pin@example.com"])["Invites"][0]["InviteId"]
        self.check_errors("ResetPersonalPIN", self.create("pin.errors@example.com"), {
            "BadRequestException": {"UserId": invited},
            "NotFoundException": {"UserId": UNKNOWN_ID},
        })

    def create(self, email):
        """Makes a user, and returns what a call names it by."""
        user = aws("CreateUser", AccountId=self.account, Email=email)["User"]
        return {"AccountId": user["AccountId"], "UserId": user["UserId"]}
