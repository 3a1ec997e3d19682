from datetime import datetime, timedelta, timezone

from client import UNKNOWN_ID, UUID, Case, aws, carillon

ROOT = "arn:aws:iam::210987654321:root"
LAMBDA = "arn:aws:lambda:us-east-1:210987654321:function:events"
NO_ACCOUNT = {"AccountId": " "}


def create_account(name):
    return aws("CreateAccount", Name=name)["Account"]["AccountId"]


def create_user(account, email):
    return aws("CreateUser", AccountId=account, Email=email, Username="Jane")["User"]["UserId"]


def create_room(name="Lobby"):
    """Makes an account with one room, and returns the ids of both as members of a call."""
    account = create_account("Rooms")
    return {"AccountId": account, "RoomId": aws("CreateRoom", AccountId=account, Name=name)["Room"]["RoomId"]}


def create_bot(domain):
    """Makes an account with one bot, and returns the ids of both as members of a call."""
    account = create_account("Bots")
    bot = aws("CreateBot", AccountId=account, DisplayName="helper", Domain=domain)["Bot"]
    return {"AccountId": account, "BotId": bot["BotId"]}


class Rooms(Case):
    def test_rooms(self):
        account = create_account("Rooms")
        request = {"AccountId": account, "Name": "Lobby", "ClientRequestToken": "lobby"}
        room = aws("CreateRoom", **request)["Room"]
        self.assertRegex(room["RoomId"], UUID)
        self.assertLess(abs(datetime.now(timezone.utc) - datetime.fromisoformat(room["CreatedTimestamp"])), timedelta(minutes=1))
        self.assertEqual(room, {
            "RoomId": room["RoomId"],
            "AccountId": account,
            "Name": "Lobby",
            "CreatedBy": ROOT,
            "CreatedTimestamp": room["CreatedTimestamp"],
            "UpdatedTimestamp": room["CreatedTimestamp"],
        })
        self.assertEqual(aws("CreateRoom", **request)["Room"], room)
        self.check_error("BadRequestException", "CreateRoom", request | {"Name": "Hall"})
        ids = {"AccountId": account, "RoomId": room["RoomId"]}
        self.assertEqual(aws("GetRoom", **ids)["Room"], room)
        renamed = aws("UpdateRoom", **ids, Name="Hall")["Room"]
        self.assertGreaterEqual(renamed["UpdatedTimestamp"], room["UpdatedTimestamp"])
        self.assertEqual(renamed, room | {"Name": "Hall", "UpdatedTimestamp": renamed["UpdatedTimestamp"]})
        self.assertEqual(aws("GetRoom", **ids)["Room"], renamed)
        aws("DeleteRoom", **ids)
        self.check_error("NotFoundException", "GetRoom", ids)

    def test_list_rooms(self):
        account = create_account("Rooms")
        user = create_user(account, "list.rooms@example.com")
        rooms = [aws("CreateRoom", AccountId=account, Name=name)["Room"] for name in ("One", "Two", "Three")]
        first = aws("ListRooms", AccountId=account, MaxResults=2)
        rest = aws("ListRooms", AccountId=account, MaxResults=2, NextToken=first["NextToken"])
        self.assertNotIn("NextToken", rest)
        self.assertEqual(first["Rooms"] + rest["Rooms"], rooms)
        aws("CreateRoomMembership", AccountId=account, RoomId=rooms[1]["RoomId"], MemberId=user)
        self.assertEqual(aws("ListRooms", AccountId=account, MemberId=user)["Rooms"], [rooms[1]])
        self.assertEqual(aws("ListRooms", AccountId=account, MemberId=UNKNOWN_ID)["Rooms"], [])

    def test_rooms_errors(self):
        room = create_room()
        no_room = {"RoomId": UNKNOWN_ID}
        of_account = {"AccountId": room["AccountId"]}
        self.check_errors("CreateRoom", of_account | {"Name": "Hall"}, {
            "BadRequestException": {"Name": " "},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })
        self.check_errors("ListRooms", of_account, {
            "BadRequestException": {"NextToken": "nonsense"},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })
        self.check_errors("GetRoom", room, {"BadRequestException": NO_ACCOUNT, "NotFoundException": no_room})
        self.check_errors("UpdateRoom", room | {"Name": "Hall"}, {"BadRequestException": {"Name": " "}, "NotFoundException": no_room})
        self.check_errors("DeleteRoom", room, {"BadRequestException": NO_ACCOUNT, "NotFoundException": no_room})


class Memberships(Case):
    def test_memberships(self):
        room = create_room()
        user = create_user(room["AccountId"], "member@example.com")
        member = aws("CreateRoomMembership", **room, MemberId=user)["RoomMembership"]
        self.assertEqual(member, {
            "RoomId": room["RoomId"],
            "Member": {
                "MemberId": user,
                "MemberType": "User",
                "Email": "member@example.com",
                "FullName": "Jane",
                "AccountId": room["AccountId"],
            },
            "Role": "Member",
            "InvitedBy": ROOT,
            "UpdatedTimestamp": member["UpdatedTimestamp"],
        })
        self.assertEqual(aws("ListRoomMemberships", **room)["RoomMemberships"], [member])
        changed = aws("UpdateRoomMembership", **room, MemberId=user, Role="Administrator")["RoomMembership"]
        self.assertEqual(changed, member | {"Role": "Administrator", "UpdatedTimestamp": changed["UpdatedTimestamp"]})
        self.assertEqual(aws("ListRoomMemberships", **room)["RoomMemberships"], [changed])
        aws("DeleteRoomMembership", **room, MemberId=user)
        self.assertEqual(aws("ListRoomMemberships", **room)["RoomMemberships"], [])

    def test_batch_create_room_membership(self):
        room = create_room()
        ann, bob = (create_user(room["AccountId"], f"{name}.member@example.com") for name in ("ann", "bob"))
        aws("CreateRoomMembership", **room, MemberId=ann)
        answer = aws("BatchCreateRoomMembership", **room, MembershipItemList=[
            {"MemberId": "nobody"},
            {"MemberId": ann},
            {"MemberId": bob, "Role": "Administrator"},
            {"MemberId": bob, "Role": "Member"},
        ])
        self.assertEqual([(e["MemberId"], e["ErrorCode"]) for e in answer["Errors"]], [("nobody", "NotFound"), (ann, "Conflict")])
        self.assertTrue(all(e["ErrorMessage"] for e in answer["Errors"]))
        first = aws("ListRoomMemberships", **room, MaxResults=1)
        rest = aws("ListRoomMemberships", **room, MaxResults=1, NextToken=first["NextToken"])
        members = first["RoomMemberships"] + rest["RoomMemberships"]
        self.assertEqual([(m["Member"]["MemberId"], m["Role"]) for m in members], [(ann, "Member"), (bob, "Administrator")])

    def test_memberships_errors(self):
        room = create_room()
        ann, bob = (create_user(room["AccountId"], f"{name}.errors@example.com") for name in ("ann", "bob"))
        aws("CreateRoomMembership", **room, MemberId=ann)
        no_room, no_member = {"RoomId": UNKNOWN_ID}, {"MemberId": UNKNOWN_ID}
        self.check_errors("CreateRoomMembership", room | {"MemberId": bob}, {
            "BadRequestException": {"Role": "Owner"},
            "ConflictException": {"MemberId": ann},
            "NotFoundException": no_member,
        })
        self.check_errors("BatchCreateRoomMembership", room | {"MembershipItemList": [{"MemberId": bob}]}, {
            "BadRequestException": {"MembershipItemList": [{"MemberId": bob}] * 51},
            "NotFoundException": no_room,
        })
        self.check_errors("ListRoomMemberships", room, {"BadRequestException": {"NextToken": "nonsense"}, "NotFoundException": no_room})
        self.check_errors("UpdateRoomMembership", room | {"MemberId": bob, "Role": "Administrator"}, {
            "BadRequestException": {"Role": "Owner"},
            "NotFoundException": no_member,
        })
        self.check_errors("DeleteRoomMembership", room | {"MemberId": bob}, {"BadRequestException": NO_ACCOUNT, "NotFoundException": no_member})


class Bots(Case):
    def test_bots(self):
        account = create_account("Bots")
        bot = aws("CreateBot", AccountId=account, DisplayName="myBot", Domain="bots.example.com")["Bot"]
        self.assertRegex(bot["BotId"], UUID)
        self.assertRegex(bot["SecurityToken"], r"^[A-Za-z0-9+/]{40}$")
        self.assertEqual(bot, {
            "BotId": bot["BotId"],
            "UserId": bot["UserId"],
            "DisplayName": "myBot (Bot)",
            "BotType": "ChatBot",
            "Disabled": False,
            "CreatedTimestamp": bot["CreatedTimestamp"],
            "UpdatedTimestamp": bot["CreatedTimestamp"],
            "BotEmail": "myBot-chimebot@bots.example.com",
            "SecurityToken": bot["SecurityToken"],
        })
        ids = {"AccountId": account, "BotId": bot["BotId"]}
        self.assertEqual(aws("GetBot", **ids)["Bot"], bot)
        stopped = aws("UpdateBot", "--disabled", **ids)["Bot"]
        self.assertEqual(stopped, bot | {"Disabled": True, "UpdatedTimestamp": stopped["UpdatedTimestamp"]})
        self.assertEqual(aws("GetBot", **ids)["Bot"], stopped)
        renewed = aws("RegenerateSecurityToken", **ids)["Bot"]
        self.assertNotEqual(renewed["SecurityToken"], bot["SecurityToken"])
        self.assertEqual(aws("GetBot", **ids)["Bot"], renewed)
        other = aws("CreateBot", AccountId=account, DisplayName="other", Domain="bots.example.com")["Bot"]
        first = aws("ListBots", AccountId=account, MaxResults=1)
        rest = aws("ListBots", AccountId=account, MaxResults=1, NextToken=first["NextToken"])
        self.assertEqual(first["Bots"] + rest["Bots"], [renewed, other])

    def test_bots_errors(self):
        full = create_account("Full of Bots")
        for n in range(10):
            aws("CreateBot", AccountId=full, DisplayName=f"bot{n}", Domain="full.example.com")
        bot = create_bot("bot.errors.example.com")
        no_bot = {"BotId": UNKNOWN_ID}
        self.check_errors("CreateBot", {"AccountId": bot["AccountId"], "DisplayName": "more", "Domain": "bot.errors.example.com"}, {
            "BadRequestException": {"DisplayName": "helper"},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
            "ResourceLimitExceededException": {"AccountId": full},
        })
        self.assertEqual(len(aws("ListBots", AccountId=full)["Bots"]), 10)
        self.check_errors("GetBot", bot, {"BadRequestException": NO_ACCOUNT, "NotFoundException": no_bot})
        self.check_errors("ListBots", {"AccountId": bot["AccountId"]}, {
            "BadRequestException": {"NextToken": "nonsense"},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })
        self.check_errors("UpdateBot", bot, {"BadRequestException": NO_ACCOUNT, "NotFoundException": no_bot})
        self.check_errors("RegenerateSecurityToken", bot, {"BadRequestException": NO_ACCOUNT, "NotFoundException": no_bot})

    def test_events_configuration(self):
        bot = create_bot("events.example.com")
        self.check_error("NotFoundException", "GetEventsConfiguration", bot)
        want = {"BotId": bot["BotId"], "LambdaFunctionArn": LAMBDA}
        self.assertEqual(aws("PutEventsConfiguration", **bot, LambdaFunctionArn=LAMBDA)["EventsConfiguration"], want)
        self.assertEqual(aws("GetEventsConfiguration", **bot)["EventsConfiguration"], want)
        aws("DeleteEventsConfiguration", **bot)
        self.check_error("NotFoundException", "GetEventsConfiguration", bot)
        aws("DeleteEventsConfiguration", **bot)

    def test_events_configuration_errors(self):
        bot = create_bot("events.errors.example.com")
        no_bot = {"BotId": UNKNOWN_ID}
        self.check_errors("PutEventsConfiguration", bot | {"LambdaFunctionArn": LAMBDA}, {
            "BadRequestException": {"LambdaFunctionArn": "events"},
            "NotFoundException": no_bot,
        })
        self.check_errors("GetEventsConfiguration", bot, {"BadRequestException": NO_ACCOUNT, "NotFoundException": no_bot})
        self.check_errors("DeleteEventsConfiguration", bot, {"BadRequestException": no_bot})


class Messages(Case):
    def test_retention_settings(self):
        account = create_account("Retention")
        unset = {"RoomRetentionSettings": {}, "ConversationRetentionSettings": {}}
        self.assertEqual(aws("GetRetentionSettings", AccountId=account), {"RetentionSettings": unset})
        settings = unset | {"RoomRetentionSettings": {"RetentionDays": 90}}
        aws("PutRetentionSettings", AccountId=account, RetentionSettings=settings)
        answer = aws("GetRetentionSettings", AccountId=account)
        self.assertEqual(answer["RetentionSettings"], settings)
        grace = datetime.fromisoformat(answer["InitiateDeletionTimestamp"]) - datetime.now(timezone.utc)
        self.assertLess(abs(grace - timedelta(days=30)), timedelta(minutes=1))
        aws("PutRetentionSettings", AccountId=account, RetentionSettings=unset)
        self.assertEqual(aws("GetRetentionSettings", AccountId=account), {"RetentionSettings": unset})

    def test_retention_settings_errors(self):
        account = create_account("Errors")
        self.check_errors("GetRetentionSettings", {"AccountId": account}, {
            "BadRequestException": NO_ACCOUNT,
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })
        self.check_errors("PutRetentionSettings", {"AccountId": account, "RetentionSettings": {"RoomRetentionSettings": {"RetentionDays": 5475}}}, {
            "BadRequestException": NO_ACCOUNT,
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })

    def send_to_room(self, email):
        """Says something in a new room, and returns the ids of the room and of the message as members of calls."""
        room = create_room()
        user = create_user(room["AccountId"], email)
        aws("CreateRoomMembership", **room, MemberId=user)
        return room, {"MessageId": carillon("SendRoomMessage", **room, SenderId=user, Content="A secret")["Message"]["MessageId"]}

    def send_to_conversation(self, *emails):
        """Says something in a new conversation, and returns the ids of both as members of calls."""
        account = create_account("Conversations")
        users = [create_user(account, email) for email in emails]
        made = carillon("CreateConversation", AccountId=account, MemberIds=users)["Conversation"]
        talk = {"AccountId": account, "ConversationId": made["ConversationId"]}
        return talk, {"MessageId": carillon("SendConversationMessage", **talk, SenderId=users[0], Content="A secret")["Message"]["MessageId"]}

    def check_redacted(self, answer, message):
        [found] = answer["Messages"]
        self.assertEqual(found["MessageId"], message["MessageId"])
        self.assertIn("RedactedOn", found)
        self.assertNotIn("Content", found)

    def test_redact_room_message(self):
        room, message = self.send_to_room("redact.room@example.com")
        self.assertEqual(carillon("ListRoomMessages", **room)["Messages"][0]["Content"], "A secret")
        aws("RedactRoomMessage", **room, **message)
        self.check_redacted(carillon("ListRoomMessages", **room), message)

    def test_redact_conversation_message(self):
        talk, message = self.send_to_conversation("ann.redact@example.com", "bob.redact@example.com")
        self.assertEqual(carillon("ListConversationMessages", **talk)["Messages"][0]["Content"], "A secret")
        aws("RedactConversationMessage", **talk, **message)
        self.check_redacted(carillon("ListConversationMessages", **talk), message)

    def test_redaction_errors(self):
        room, message = self.send_to_room("redact.errors@example.com")
        no_message = {"MessageId": UNKNOWN_ID}
        self.check_errors("RedactRoomMessage", room | message, {"BadRequestException": NO_ACCOUNT, "NotFoundException": no_message})
        talk, message = self.send_to_conversation("ann.redact.errors@example.com", "bob.redact.errors@example.com")
        self.check_errors("RedactConversationMessage", talk | message, {"BadRequestException": NO_ACCOUNT, "NotFoundException": no_message})
