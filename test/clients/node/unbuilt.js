import { rejects } from "node:assert/strict";
import { test } from "node:test";
import { chime } from "./client.js";

test("an operation that is not built", () =>
  rejects(chime.getGlobalSettings({}), (error) => {
    return error.name === "NotImplementedException" && error.$metadata.httpStatusCode === 501 && /^GetGlobalSettings is not built yet/.test(error.message);
  }));
