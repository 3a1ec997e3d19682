import { rejects } from "node:assert/strict";
import { test } from "node:test";
import { chime, unknownId } from "./client.js";

test("an operation that is not built", () =>
  rejects(chime.redactConversationMessage({ AccountId: unknownId, ConversationId: unknownId, MessageId: unknownId }), (error) => {
    return error.name === "NotImplementedException" && error.$metadata.httpStatusCode === 501 && /^RedactConversationMessage is not built yet/.test(error.message);
  }));
