from client import UNKNOWN_ID, Case


class Unbuilt(Case):
    def test_operation_that_is_not_built(self):
        members = {"AccountId": UNKNOWN_ID, "ConversationId": UNKNOWN_ID, "MessageId": UNKNOWN_ID}
        message = self.check_error("NotImplementedException", "RedactConversationMessage", members)
        self.assertIn("RedactConversationMessage is not built yet", message)
