import assert from "node:assert/strict";
import { test } from "node:test";
import { paginateListUsers } from "@aws-sdk/client-chime";
import { carillon, checkErrors, chime, collect, orderFault, recent, unknownId, uuid } from "./client.js";

async function createAccount(Name) {
  return (await chime.createAccount({ Name })).Account.AccountId;
}

async function createUser(members) {
  return (await chime.createUser(members)).User;
}

async function listUsers(members) {
  return (await chime.listUsers(members)).Users;
}

const account = await createAccount("Users");

test("CreateUser", async () => {
  const user = await createUser({
    AccountId: account, // shows 1
    Username: "Jane Doe", // shows 2
    Email: "jane@example.com", // shows 3
    UserType: "PrivateUser", // shows 4
  });
  assert.match(user.UserId, uuid); // shows 5
  assert.equal(user.AccountId, account); // shows 6
  assert.equal(user.PrimaryEmail, "jane@example.com"); // shows 7
  assert.equal(user.DisplayName, "Jane Doe"); // shows 9
  assert.equal(user.LicenseType, "Pro"); // shows 10, 22
  assert.equal(user.UserType, "PrivateUser"); // shows 11, 24
  assert.equal(user.UserRegistrationStatus, "Registered"); // shows 12, 27
  recent(user.RegisteredOn); // shows 14
  assert.deepEqual(user.AlexaForBusinessMetadata, { IsAlexaForBusinessEnabled: false }); // shows 16, 19
  assert.match(user.PersonalPIN, /^[0-9]{10}$/); // shows 18
  assert.deepEqual((await chime.getUser({ AccountId: account, UserId: user.UserId })).User, user);
});

test("CreateUser of a shared device", async () => {
  const user = await createUser({ AccountId: account, Email: "bell.tower@example.com", UserType: "SharedDevice" });
  assert.equal(user.UserType, "SharedDevice"); // shows 25
  assert.equal(user.DisplayName, "Bell Tower");
  assert.equal(user.PersonalPIN, undefined);
});

test("CreateUser with odd names", async () => {
  for (const [Username, Email] of [
    ["Zoë “Bell” O'Neil 鐘 🔔", "zoë@exämple.com"],
    ['<b>&amp;\\"%20+', "a+b%20c&d=e'f@example.com"],
  ]) {
    const user = await createUser({ AccountId: account, Username, Email });
    assert.deepEqual([user.DisplayName, user.PrimaryEmail], [Username, Email]);
    const found = await listUsers({ AccountId: account, UserEmail: Email });
    assert.deepEqual(found.map((u) => u.UserId), [user.UserId]);
  }
});

test("CreateUser errors", async () => {
  await createUser({ AccountId: account, Email: "taken@example.com" });
  await checkErrors("CreateUser", { AccountId: account, Email: "errors@example.com" }, {
    BadRequestException: { UserType: "Robot" }, // shows 36
    NotFoundException: { AccountId: unknownId }, // shows 33
    ConflictException: { Email: "Taken@Example.com" }, // shows 34
    // The others come by faults, and those of access by keys and rates (access.js).
    // shows 38, 39
  });
});

test("CreateUser again after a lost answer", async () => {
  orderFault({ Operation: "CreateUser", Drop: "AfterCommit", Count: 1 });
  const answer = await chime.createUser({ AccountId: account, Email: "lost@example.com" });
  assert.equal(answer.$metadata.attempts, 2);
  const found = await listUsers({ AccountId: account, UserEmail: "lost@example.com" });
  assert.deepEqual(found.map((u) => u.UserId), [answer.User.UserId]);
});

test("GetUser errors", async () => {
  const { UserId } = await createUser({ AccountId: account, Email: "get.errors@example.com" });
  await checkErrors("GetUser", { AccountId: account, UserId }, {
    BadRequestException: { UserId: " " },
    NotFoundException: { UserId: unknownId },
  });
});

test("ListUsers by e-mail and type", async () => {
  const AccountId = await createAccount("Filters");
  const person = await createUser({ AccountId, Email: "filter+me@example.com" });
  const device = await createUser({ AccountId, Email: "device@example.com", UserType: "SharedDevice" });
  delete person.PersonalPIN; // lists do not show it
  assert.deepEqual(await listUsers({ AccountId }), [person, device]);
  assert.deepEqual(await listUsers({ AccountId, UserEmail: "Filter+Me@example.com" }), [person]);
  assert.deepEqual(await listUsers({ AccountId, UserType: "SharedDevice" }), [device]);
  assert.deepEqual(await listUsers({ AccountId, UserEmail: "device@example.com", UserType: "PrivateUser" }), []);
});

test("ListUsers errors", () =>
  checkErrors("ListUsers", { AccountId: account }, {
    BadRequestException: { MaxResults: 201 },
    NotFoundException: { AccountId: unknownId },
  }));

test("ListUsers pages", async () => {
  const AccountId = await createAccount("Pages");
  const made = [];
  for (let n = 0; n < 5; n++) made.push((await createUser({ AccountId, Email: `page${n}@example.com` })).UserId);
  const pages = await collect(paginateListUsers({ client: chime, pageSize: 2 }, { AccountId }));
  assert.deepEqual(pages.map((page) => page.Users.length), [2, 2, 1]);
  assert.deepEqual(pages.flatMap((page) => page.Users.map((u) => u.UserId)), made);
});

// createIds makes a user, and returns what a call names it by.
async function createIds(Email) {
  const { UserId } = await createUser({ AccountId: account, Email });
  return { AccountId: account, UserId };
}

async function getUser(ids) {
  return (await chime.getUser(ids)).User;
}

test("UpdateUser", async () => {
  const ids = await createIds("update@example.com");
  const user = await getUser(ids);
  const room = { IsAlexaForBusinessEnabled: true, AlexaForBusinessRoomArn: "arn:aws:a4b:us-east-1:210987654321:room/tower" };
  const change = { LicenseType: "Basic", UserType: "SharedDevice", AlexaForBusinessMetadata: room };
  const changed = (await chime.updateUser({ ...ids, ...change })).User;
  assert.deepEqual(changed, {
    ...user,
    LicenseType: "Basic", // shows 20
    UserType: "SharedDevice",
    AlexaForBusinessMetadata: room, // shows 17
  });
  assert.deepEqual(await getUser(ids), changed);
  await chime.updateUser({ ...ids, AlexaForBusinessMetadata: { IsAlexaForBusinessEnabled: false } });
  changed.AlexaForBusinessMetadata.IsAlexaForBusinessEnabled = false; // and the room stays
  assert.deepEqual((await chime.updateUser(ids)).User, changed);
  assert.deepEqual(await getUser(ids), changed);
});

test("UpdateUser errors", async () => {
  await checkErrors("UpdateUser", await createIds("update.errors@example.com"), {
    BadRequestException: { LicenseType: "Plus" },
    NotFoundException: { UserId: unknownId },
  });
});

test("every license", async () => {
  const AccountId = await createAccount("Licenses");
  const licenses = ["Basic", "Plus", "Pro", "ProTrial"];
  carillon("UpdateSupportedLicenses", { AccountId, SupportedLicenses: licenses });
  assert.deepEqual((await chime.getAccount({ AccountId })).Account.SupportedLicenses, licenses);
  const { UserId } = await createUser({ AccountId, Email: "license@example.com" });
  for (const license of licenses) {
    await chime.updateAccount({ AccountId, DefaultLicense: license });
    const user = await createUser({ AccountId, Email: `${license}@example.com` });
    assert.equal(user.LicenseType, license); // shows 20, 21, 22, 23
    await chime.updateUser({ AccountId, UserId, LicenseType: license });
    assert.equal((await getUser({ AccountId, UserId })).LicenseType, license);
  }
});

test("LogoutUser", async () => {
  const ids = await createIds("logout@example.com");
  const epoch = () => carillon("GetUserSession", ids).UserSession.SessionEpoch;
  const before = epoch();
  await chime.logoutUser(ids);
  assert.ok(epoch() > before);
});

test("LogoutUser errors", async () => {
  await checkErrors("LogoutUser", await createIds("logout.errors@example.com"), {
    BadRequestException: { UserId: " " },
    NotFoundException: { UserId: unknownId },
  });
});

test("ResetPersonalPIN", async () => {
  const ids = await createIds("pin@example.com");
  const before = await getUser(ids);
  const after = (await chime.resetPersonalPIN(ids)).User;
  assert.match(after.PersonalPIN, /^[0-9]{10}$/);
  assert.notEqual(after.PersonalPIN, before.PersonalPIN);
  assert.deepEqual(after, { ...before, PersonalPIN: after.PersonalPIN });
  assert.deepEqual(await getUser(ids), after);
});

test("ResetPersonalPIN errors", async () => {
  const { Invites } = await chime.inviteUsers({ AccountId: account, UserEmailList: ["without.pin@example.com"] });
  await checkErrors("ResetPersonalPIN", await createIds("pin.errors@example.com"), {
    BadRequestException: { UserId: Invites[0].InviteId },
    NotFoundException: { UserId: unknownId },
  });
});
