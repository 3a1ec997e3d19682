import assert from "node:assert/strict";
import { test } from "node:test";
import { carillon, checkError, checkErrors, chime, recent, unknownId, uuid } from "./client.js";

const { AccountId } = (await chime.createAccount({ Name: "Invites" })).Account;

async function invite(UserEmailList, members) {
  return (await chime.inviteUsers({ AccountId, UserEmailList, ...members })).Invites;
}

async function getUser({ InviteId }) {
  return (await chime.getUser({ AccountId, UserId: InviteId })).User;
}

test("InviteUsers", async () => {
  const emails = ["invited@example.com", "déjà.vu@example.com", "Invited@Example.com"];
  const invites = await invite(emails, { UserType: "SharedDevice" });
  assert.deepEqual(invites.map((i) => i.EmailAddress), [emails[0], emails[1], emails[0]]);
  for (const { InviteId, EmailAddress, ...rest } of invites) {
    assert.match(InviteId, uuid);
    assert.deepEqual(rest, { Status: "Pending", EmailStatus: "Sent" });
  }
  assert.deepEqual(invites[2], invites[0]);
  const user = await getUser(invites[0]);
  recent(user.InvitedOn); // shows 15
  assert.deepEqual(user, {
    UserId: invites[0].InviteId,
    AccountId,
    PrimaryEmail: "invited@example.com",
    UserType: "SharedDevice",
    UserRegistrationStatus: "Unregistered", // shows 12, 26
    UserInvitationStatus: "Pending", // shows 13, 29
    InvitedOn: user.InvitedOn,
    AlexaForBusinessMetadata: { IsAlexaForBusinessEnabled: false },
  });
  assert.deepEqual((await chime.listUsers({ AccountId, UserEmail: "invited@example.com" })).Users, [user]);
});

test("an accepted invitation", async () => {
  const [first] = await invite(["accept@example.com"]);
  carillon("AcceptInvite", { AccountId, InviteId: first.InviteId, DisplayName: "Ann Zusage" });
  const user = await getUser(first);
  assert.equal(user.UserRegistrationStatus, "Registered");
  assert.equal(user.UserInvitationStatus, "Accepted"); // shows 13, 30
  assert.equal(user.DisplayName, "Ann Zusage");
  assert.equal(user.LicenseType, "Pro");
  assert.match(user.PersonalPIN, /^[0-9]{10}$/);
  assert.ok(user.RegisteredOn >= user.InvitedOn);
  const [again] = await invite(["accept@example.com"]);
  assert.deepEqual(again, { ...first, Status: "Accepted", EmailStatus: "NotSent" });
});

test("a declined invitation", async () => {
  const invites = await invite(["decline@example.com"]);
  carillon("DeclineInvite", { AccountId, InviteId: invites[0].InviteId });
  assert.equal((await getUser(invites[0])).UserInvitationStatus, "Failed"); // shows 13, 31
  assert.deepEqual(await invite(["decline@example.com"]), invites);
  assert.equal((await getUser(invites[0])).UserInvitationStatus, "Pending");
});

test("a withdrawn invitation", async () => {
  const [{ InviteId }] = await invite(["withdraw@example.com"]);
  await chime.batchSuspendUser({ AccountId, UserIdList: [InviteId] });
  await checkError("NotFoundException", "GetUser", { AccountId, UserId: InviteId });
});

test("InviteUsers errors", async () => {
  await checkErrors("InviteUsers", { AccountId, UserEmailList: ["invite.errors@example.com"] }, {
    BadRequestException: { UserEmailList: Array.from({ length: 51 }, (_, n) => `invite${n}@example.com`) },
    NotFoundException: { AccountId: unknownId },
  });
  const message = await checkError("BadRequestException", "InviteUsers", { AccountId, UserEmailList: ["beside@example.com", "nobody"] });
  assert.match(message, /UserEmailList\[1\]/);
  assert.deepEqual((await chime.listUsers({ AccountId, UserEmail: "beside@example.com" })).Users, []);
});
