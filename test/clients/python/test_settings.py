from client import UNKNOWN_ID, Case, chime


class Settings(Case):
    def test_account_settings(self):
        account = chime.create_account(Name="Settings")["Account"]["AccountId"]
        for change, want in [
            ({}, {"DisableRemoteControl": False, "EnableDialOut": False}),
            ({"DisableRemoteControl": True}, {"DisableRemoteControl": True, "EnableDialOut": False}),
            ({"EnableDialOut": True}, {"DisableRemoteControl": True, "EnableDialOut": True}),
        ]:
            with self.subTest(change):
                chime.update_account_settings(AccountId=account, AccountSettings=change)
                self.assertEqual(chime.get_account_settings(AccountId=account)["AccountSettings"], want)

    def test_get_account_settings_errors(self):
        account = chime.create_account(Name="Errors")["Account"]["AccountId"]
        self.check_errors("GetAccountSettings", {"AccountId": account}, {
            "BadRequestException": {"AccountId": " "},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })

    def test_update_account_settings_errors(self):
        account = chime.create_account(Name="Errors")["Account"]["AccountId"]
        self.check_errors("UpdateAccountSettings", {"AccountId": account, "AccountSettings": {"EnableDialOut": True}}, {
            "BadRequestException": {"AccountId": " "},
            "NotFoundException": {"AccountId": UNKNOWN_ID},
        })

    def test_user_settings(self):
        user = create_user("settings@example.com")
        off = {"InboundCalling": False, "OutboundCalling": False, "SMS": False}
        self.assertEqual(chime.get_user_settings(**user)["UserSettings"], {"Telephony": off})
        settings = {"Telephony": off | {"OutboundCalling": True, "SMS": True}}
        chime.update_user_settings(**user, UserSettings=settings)
        self.assertEqual(chime.get_user_settings(**user)["UserSettings"], settings)

    def test_get_user_settings_errors(self):
        self.check_errors("GetUserSettings", create_user("get.settings.errors@example.com"), {
            "BadRequestException": {"UserId": ".."},
            "NotFoundException": {"UserId": UNKNOWN_ID},
        })

    def test_update_user_settings_errors(self):
        settings = {"Telephony": {"InboundCalling": True, "OutboundCalling": True, "SMS": True}}
        self.check_errors("UpdateUserSettings", create_user("update.settings.errors@example.com") | {"UserSettings": settings}, {
            "BadRequestException": {"UserId": ".."},
            "NotFoundException": {"UserId": UNKNOWN_ID},
        })

    def test_global_settings(self):
        both = {"BusinessCalling": {"CdrBucket": "calls"}, "VoiceConnector": {"CdrBucket": "connectors"}}
        chime.update_global_settings(**both)
        self.assertEqual(global_settings(), both)
        chime.update_global_settings(BusinessCalling={"CdrBucket": "other-calls"})
        self.assertEqual(global_settings(), both | {"BusinessCalling": {"CdrBucket": "other-calls"}})
        chime.update_global_settings(BusinessCalling={})
        self.assertEqual(global_settings(), both | {"BusinessCalling": {}})

    def test_global_settings_errors(self):
        self.check_errors("GetGlobalSettings", {}, {})
        self.check_errors("UpdateGlobalSettings", {"VoiceConnector": {"CdrBucket": "connectors"}}, {})


def create_user(email):
    """Makes an account with one user, and returns the ids of both as members of a call."""
    account = chime.create_account(Name="Settings of Users")["Account"]["AccountId"]
    return {"AccountId": account, "UserId": chime.create_user(AccountId=account, Email=email)["User"]["UserId"]}


def global_settings():
    answer = chime.get_global_settings()
    del answer["ResponseMetadata"]
    return answer
