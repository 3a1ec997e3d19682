import boto3

from client import Case, carillon, serving


class Strict(Case):
    """A server that was started with --strict refuses in Amazon's words."""

    @classmethod
    def setUpClass(cls):
        cls.url = cls.enterClassContext(serving("--strict"))
        cls.chime = boto3.client("chime", endpoint_url=cls.url)

    def account(self, kind):
        account = self.chime.create_account(Name=kind)["Account"]["AccountId"]
        carillon("UpdateAccountType", "--endpoint", self.url, AccountId=account, AccountType=kind)
        return account

    def check_refused(self, call, **members):
        with self.assertRaises(self.chime.exceptions.BadRequestException) as caught:
            call(**members)
        answer = caught.exception.response
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 400)
        self.assertEqual(answer["Error"]["Message"], "Service received a bad request")

    def test_what_amazon_refuses(self):
        team, directory, lwa = (self.account(kind) for kind in ("Team", "EnterpriseDirectory", "EnterpriseLWA"))
        self.check_refused(self.chime.create_user, AccountId=team, Email="strict@example.com")
        self.check_refused(self.chime.create_user, AccountId=lwa, Email="strict@example.com")
        self.check_refused(self.chime.invite_users, AccountId=directory, UserEmailList=["strict@example.com"])
        self.check_refused(self.chime.invite_users, AccountId=lwa, UserEmailList=["strict@example.com"])
        self.check_refused(self.chime.batch_unsuspend_user, AccountId=team, UserIdList=["anybody"])

    def test_what_amazon_takes(self):
        directory, team, lwa = (self.account(kind) for kind in ("EnterpriseDirectory", "Team", "EnterpriseLWA"))
        carillon("ClaimDomain", "--endpoint", self.url, AccountId=directory, DomainName="example.com")
        self.chime.create_user(AccountId=directory, Email="device@example.com", UserType="SharedDevice")
        self.chime.invite_users(AccountId=team, UserEmailList=["guest@example.org"])
        self.chime.batch_unsuspend_user(AccountId=lwa, UserIdList=["anybody"])
