// Ids that are none: each is refused with a typed error, and never leads to another operation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkError, chime } from "./client.js";

const odd = {
  "a b": "NotFoundException",
  "a/b": "NotFoundException",
  "%2e%2e": "NotFoundException",
  "?operation=create": "NotFoundException",
  "鐘": "NotFoundException",
  "..": "BadRequestException",
  "": "BadRequestException",
};

test("odd account ids", async () => {
  for (const [AccountId, error] of Object.entries(odd)) {
    await checkError(error, "GetAccount", { AccountId });
    await checkError(error, "CreateUser", { AccountId, Email: "odd@example.com" });
  }
});

test("odd user ids", async () => {
  const { AccountId } = (await chime.createAccount({ Name: "Odd" })).Account;
  for (const [UserId, error] of Object.entries(odd)) {
    await checkError(error, "GetUser", { AccountId, UserId });
  }
});

test("an AWS account id", async () => {
  const message = await checkError("NotFoundException", "CreateUser", { AccountId: "210987654321", Email: "odd@example.com" });
  assert.match(message, /210987654321 is an AWS account id/);
});
