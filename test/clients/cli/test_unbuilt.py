from client import Case


class Unbuilt(Case):
    def test_operation_that_is_not_built(self):
        message = self.check_error("NotImplementedException", "GetGlobalSettings", {})
        self.assertIn("GetGlobalSettings is not built yet", message)
