// Calls by keys that may not make them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as sdk from "@aws-sdk/client-chime";
import { carillon, chime } from "./client.js";

let account, key, client;

before(async () => {
  account = (await chime.createAccount({ Name: "Access" })).Account.AccountId;
  carillon("CreatePrincipal", { Name: "node" });
  key = carillon("CreateAccessKey", { PrincipalName: "node" }).AccessKey;
  const credentials = { accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey };
  client = new sdk.Chime({ maxAttempts: 1, credentials });
});

after(() => carillon("DeletePrincipal", { Name: "node" }));

async function refused() {
  return client.createUser({ AccountId: account, Email: "refused@example.com" }).then(
    () => assert.fail("the call went well"),
    (error) => error,
  );
}

test("CreateUser without a policy", async () => {
  const error = await refused();
  assert.ok(error instanceof sdk.ForbiddenException, `${error}`); // shows 35
  assert.equal(error.$metadata.httpStatusCode, 403);
  assert.match(error.message, /^AWS authorization failed: .*:user\/node is not authorized to perform: chime:CreateUser/);
});

test("CreateUser by an inactive key", async () => {
  carillon("UpdateAccessKey", { AccessKeyId: key.AccessKeyId, Status: "Inactive" });
  const error = await refused();
  assert.ok(error instanceof sdk.UnauthorizedClientException, `${error}`); // shows 32
  assert.equal(error.$metadata.httpStatusCode, 401);
});

test("CreateUser by a deleted key", async () => {
  carillon("DeleteAccessKey", { AccessKeyId: key.AccessKeyId });
  assert.equal((await refused()).name, "UnrecognizedClientException");
});

test("CreateUser beyond the rate", async () => {
  const rated = new sdk.Chime({ maxAttempts: 1, endpoint: process.env.CARILLON_TEST_RATED });
  const { AccountId } = (await rated.createAccount({ Name: "Rated" })).Account;
  await rated.createUser({ AccountId, Email: "first@example.com" });
  const error = await rated.createUser({ AccountId, Email: "second@example.com" }).then(
    () => assert.fail("the call went well"),
    (error) => error,
  );
  assert.ok(error instanceof sdk.ThrottledClientException, `${error}`); // shows 37
  assert.equal(error.$metadata.httpStatusCode, 429);
  assert.equal((await rated.listUsers({ AccountId })).Users.length, 1);
});
