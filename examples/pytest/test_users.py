import pytest

NOBODY = "01234567-89ab-cdef-0123-456789abcdef"


def test_create_user_meets_every_exception(chime, call, aws_account):
    account = chime.create_account(Name="Demo")["Account"]["AccountId"]
    jane = {"AccountId": account, "Email": "jane@example.com"}
    assert len(chime.create_user(**jane)["User"]["PersonalPIN"]) == 10
    for error, members in {"BadRequestException": {"Email": "jane"}, "ConflictException": {}, "NotFoundException": {"AccountId": NOBODY}}.items():
        with pytest.raises(getattr(chime.exceptions, error)):
            chime.create_user(**{**jane, **members})
    for error in ["UnauthorizedClientException", "ForbiddenException", "ThrottledClientException", "ServiceFailureException", "ServiceUnavailableException"]:
        call("PutFault", Operation="CreateUser", Error=error, Count=1, AwsAccountId=aws_account)
        with pytest.raises(getattr(chime.exceptions, error)):
            chime.create_user(**jane)


def test_an_invitation_ends(chime, call):
    account = chime.create_account(Name="Demo")["Account"]["AccountId"]
    chime.invite_users(AccountId=account, UserEmailList=["joe@example.com"])
    call("AdvanceClock", Seconds=31 * 24 * 60 * 60)
    assert [u["UserInvitationStatus"] for u in chime.list_users(AccountId=account)["Users"]] == ["Failed"]
