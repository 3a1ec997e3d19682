import os
import unittest

import boto3
from botocore.config import Config

from client import Case, carillon, chime, once


class Access(Case):
    def setUp(self):
        self.account = chime.create_account(Name="Access")["Account"]["AccountId"]
        carillon("CreatePrincipal", Name="boto3")
        self.addCleanup(carillon, "DeletePrincipal", Name="boto3")
        self.key = carillon("CreateAccessKey", PrincipalName="boto3")["AccessKey"]
        self.client = boto3.client(
            "chime", endpoint_url=chime.meta.endpoint_url, config=Config(retries={"total_max_attempts": 1}),
            aws_access_key_id=self.key["AccessKeyId"], aws_secret_access_key=self.key["SecretAccessKey"])
        self.addCleanup(self.client.close)

    def refused(self, error, status):
        with self.assertRaises(error) as caught:
            self.client.create_user(AccountId=self.account, Email="refused@example.com")
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], status)
        return caught.exception.response["Error"]["Message"]

    def test_create_user_without_a_policy(self):
        message = self.refused(self.client.exceptions.ForbiddenException, 403)  # shows 35
        self.assertRegex(message, "^AWS authorization failed: .*:user/boto3 is not authorized to perform: chime:CreateUser")

    def test_create_user_by_an_inactive_key(self):
        carillon("UpdateAccessKey", AccessKeyId=self.key["AccessKeyId"], Status="Inactive")
        self.refused(self.client.exceptions.UnauthorizedClientException, 401)  # shows 32

    def test_create_user_by_a_deleted_key(self):
        carillon("DeleteAccessKey", AccessKeyId=self.key["AccessKeyId"])
        with self.assertRaises(once.exceptions.ClientError) as caught:
            self.client.create_user(AccountId=self.account, Email="refused@example.com")
        self.assertEqual(caught.exception.response["Error"]["Code"], "UnrecognizedClientException")

    def test_create_user_beyond_the_rate(self):
        rated = boto3.client("chime", endpoint_url=os.environ["CARILLON_TEST_RATED"], config=Config(retries={"total_max_attempts": 1}))
        self.addCleanup(rated.close)
        account = rated.create_account(Name="Rated")["Account"]["AccountId"]
        rated.create_user(AccountId=account, Email="first@example.com")
        with self.assertRaises(rated.exceptions.ThrottledClientException) as caught:  # shows 37
            rated.create_user(AccountId=account, Email="second@example.com")
        answer = caught.exception.response
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 429)
        self.assertIn("retry-after", answer["ResponseMetadata"]["HTTPHeaders"])
        self.assertEqual([u["PrimaryEmail"] for u in rated.list_users(AccountId=account)["Users"]], ["first@example.com"])


if __name__ == "__main__":
    unittest.main()
