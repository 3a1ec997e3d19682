from botocore.exceptions import ClientError

from client import Case, chime


class Unbuilt(Case):
    def test_operation_that_is_not_built(self):
        with self.assertRaises(ClientError) as caught:
            chime.get_global_settings()
        answer = caught.exception.response
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 501)
        self.assertEqual(answer["Error"]["Code"], "NotImplementedException")
        self.assertIn("GetGlobalSettings is not built yet", answer["Error"]["Message"])
