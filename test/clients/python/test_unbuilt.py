from botocore.exceptions import ClientError

from client import UNKNOWN_ID, Case, chime


class Unbuilt(Case):
    def test_operation_that_is_not_built(self):
        with self.assertRaises(ClientError) as caught:
            chime.redact_conversation_message(AccountId=UNKNOWN_ID, ConversationId=UNKNOWN_ID, MessageId=UNKNOWN_ID)
        answer = caught.exception.response
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 501)
        self.assertEqual(answer["Error"]["Code"], "NotImplementedException")
        self.assertIn("RedactConversationMessage is not built yet", answer["Error"]["Message"])
