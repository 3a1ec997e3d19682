// Batches: an id that is given twice counts once; what is refused comes in the order of the request; the rest is done.
import assert from "node:assert/strict";
import { test } from "node:test";
import { carillon, checkErrors, chime, unknownId } from "./client.js";

// make makes an account with users, and returns the ids of all.
async function make(Name, emails) {
  const { AccountId } = (await chime.createAccount({ Name })).Account;
  const ids = [];
  for (const Email of emails) ids.push((await chime.createUser({ AccountId, Email })).User.UserId);
  return [AccountId, ...ids];
}

function checkUserErrors(answer, ...want) {
  assert.deepEqual(answer.UserErrors.map((e) => [e.UserId, e.ErrorCode]), want);
  assert.ok(answer.UserErrors.every((e) => e.ErrorMessage));
}

async function statuses(AccountId) {
  return (await chime.listUsers({ AccountId })).Users.map((u) => u.UserRegistrationStatus);
}

test("BatchUpdateUser", async () => {
  const [AccountId, ann, bob] = await make("Batch Update", ["ann.update@example.com", "bob.update@example.com"]);
  const alexa = { IsAlexaForBusinessEnabled: true, AlexaForBusinessRoomArn: "arn:aws:a4b:us-east-1:210987654321:room/belfry" };
  const answer = await chime.batchUpdateUser({ AccountId, UpdateUserRequestItems: [
    { UserId: unknownId, LicenseType: "Basic" },
    { UserId: ann, LicenseType: "Basic", UserType: "SharedDevice", AlexaForBusinessMetadata: alexa },
    { UserId: bob, LicenseType: "Plus" },
    { UserId: ann, LicenseType: "Pro" },
    { UserId: unknownId, LicenseType: "Pro" },
  ] });
  checkUserErrors(answer, [unknownId, "NotFound"], [bob, "BadRequest"]);
  const [first, second] = (await chime.listUsers({ AccountId })).Users;
  assert.deepEqual([first.LicenseType, first.UserType, first.AlexaForBusinessMetadata], ["Basic", "SharedDevice", alexa]);
  assert.deepEqual([second.LicenseType, second.UserType], ["Pro", "PrivateUser"]);
});

test("BatchUpdateUser errors", async () => {
  const [AccountId, UserId] = await make("Errors", ["batch.update.errors@example.com"]);
  await checkErrors("BatchUpdateUser", { AccountId, UpdateUserRequestItems: [{ UserId }] }, {
    BadRequestException: { UpdateUserRequestItems: Array(21).fill({ UserId }) },
    NotFoundException: { AccountId: unknownId },
  });
});

test("BatchSuspendUser and BatchUnsuspendUser", async () => {
  const [AccountId, ann, bob, cat] = await make("Suspend", ["ann", "bob", "cat"].map((name) => `${name}.suspend@example.com`));
  carillon("UpdateAccountType", { AccountId, AccountType: "EnterpriseLWA" });
  const suspended = await chime.batchSuspendUser({ AccountId, UserIdList: ["nobody", ann, unknownId, bob, ann, "nobody"] });
  checkUserErrors(suspended, ["nobody", "NotFound"], [unknownId, "NotFound"]);
  assert.deepEqual(await statuses(AccountId), ["Suspended", "Suspended", "Registered"]); // shows 12, 28
  checkUserErrors(await chime.batchSuspendUser({ AccountId, UserIdList: [ann] }));
  const unsuspended = await chime.batchUnsuspendUser({ AccountId, UserIdList: [unknownId, cat, ann, ann, "nobody"] });
  checkUserErrors(unsuspended, [unknownId, "NotFound"], ["nobody", "NotFound"]);
  assert.deepEqual(await statuses(AccountId), ["Registered", "Suspended", "Registered"]);
});

test("BatchSuspendUser in a Team", async () => {
  const [AccountId, ann] = await make("Team", ["ann.team@example.com", "bob.team@example.com"]);
  checkUserErrors(await chime.batchSuspendUser({ AccountId, UserIdList: [ann] }));
  assert.deepEqual(await statuses(AccountId), ["Registered"]);
  checkUserErrors(await chime.batchUnsuspendUser({ AccountId, UserIdList: [ann] }), [ann, "NotFound"]);
  await chime.createUser({ AccountId, Email: "ann.team@example.com" }); // the address is free again
});

test("BatchSuspendUser errors", async () => {
  const [AccountId, user] = await make("Errors", ["batch.suspend.errors@example.com"]);
  await checkErrors("BatchSuspendUser", { AccountId, UserIdList: [user] }, {
    BadRequestException: { UserIdList: Array(51).fill(user) },
    NotFoundException: { AccountId: unknownId },
  });
});

test("BatchUnsuspendUser errors", async () => {
  const [AccountId, user] = await make("Errors", ["batch.unsuspend.errors@example.com"]);
  await checkErrors("BatchUnsuspendUser", { AccountId, UserIdList: [user] }, {
    BadRequestException: { UserIdList: Array(51).fill(user) },
    NotFoundException: { AccountId: unknownId },
  });
});
