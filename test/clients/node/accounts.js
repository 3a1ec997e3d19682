import assert from "node:assert/strict";
import { test } from "node:test";
import { paginateListAccounts } from "@aws-sdk/client-chime";
import { carillon, checkError, checkErrors, chime, collect, recent, unknownId, uuid } from "./client.js";

test("CreateAccount", async () => {
  const account = (await chime.createAccount({ Name: "Bell Ringers" })).Account;
  assert.match(account.AccountId, uuid);
  recent(account.CreatedTimestamp);
  assert.deepEqual(account, {
    AccountId: account.AccountId,
    AwsAccountId: "210987654321",
    Name: "Bell Ringers",
    AccountType: "Team",
    AccountStatus: "Active",
    CreatedTimestamp: account.CreatedTimestamp,
    DefaultLicense: "Pro",
    SupportedLicenses: ["Basic", "Pro"],
    SigninDelegateGroups: [],
  });
});

test("CreateAccount errors", () =>
  checkErrors("CreateAccount", { Name: "Errors" }, {
    BadRequestException: { Name: "x".repeat(101) },
  }));

test("GetAccount", async () => {
  const account = (await chime.createAccount({ Name: "鐘 Glockenspiel ♪" })).Account;
  assert.equal(account.Name, "鐘 Glockenspiel ♪");
  assert.deepEqual((await chime.getAccount({ AccountId: account.AccountId })).Account, account);
});

test("GetAccount errors", async () => {
  const { AccountId } = (await chime.createAccount({ Name: "Errors" })).Account;
  await checkErrors("GetAccount", { AccountId }, {
    BadRequestException: { AccountId: " " },
    NotFoundException: { AccountId: unknownId },
  });
});

test("ListAccounts by name", async () => {
  const made = [];
  for (const Name of ["Prefix & Söhne", "Prefix & Söhne 2"]) made.push((await chime.createAccount({ Name })).Account);
  await chime.createAccount({ Name: "Another Prefix & Söhne" });
  assert.deepEqual((await chime.listAccounts({ Name: "Prefix & Sö" })).Accounts, made);
  assert.deepEqual((await chime.listAccounts({ Name: "Prefix & Söhne " })).Accounts, made.slice(1));
});

test("ListAccounts by user e-mail", async () => {
  const account = (await chime.createAccount({ Name: "Of One User" })).Account;
  await chime.createUser({ AccountId: account.AccountId, Email: "one+user@example.com" });
  assert.deepEqual((await chime.listAccounts({ UserEmail: "one+user@example.com" })).Accounts, [account]);
  assert.deepEqual((await chime.listAccounts({ UserEmail: "nobody@example.com" })).Accounts, []);
});

test("ListAccounts errors", () =>
  checkErrors("ListAccounts", {}, {
    BadRequestException: { NextToken: "forged" },
  }));

test("ListAccounts pages", async () => {
  const made = [];
  for (let n = 0; n < 5; n++) made.push((await chime.createAccount({ Name: `Page ${n}` })).Account);
  const pages = await collect(paginateListAccounts({ client: chime, pageSize: 2 }, { Name: "Page " }));
  assert.deepEqual(pages.map((page) => page.Accounts.length), [2, 2, 1]);
  assert.deepEqual(pages.flatMap((page) => page.Accounts), made);
});

test("UpdateAccount", async () => {
  const account = (await chime.createAccount({ Name: "Old Name" })).Account;
  const { AccountId } = account;
  Object.assign(account, { Name: "New Name", DefaultLicense: "Basic" });
  assert.deepEqual((await chime.updateAccount({ AccountId, Name: "New Name", DefaultLicense: "Basic" })).Account, account);
  assert.deepEqual((await chime.updateAccount({ AccountId })).Account, account);
  assert.deepEqual((await chime.getAccount({ AccountId })).Account, account);
});

test("UpdateAccount errors", async () => {
  const { AccountId } = (await chime.createAccount({ Name: "Errors" })).Account;
  await checkErrors("UpdateAccount", { AccountId, Name: "Renamed" }, {
    BadRequestException: { DefaultLicense: "Plus" },
    NotFoundException: { AccountId: unknownId },
  });
});

test("DeleteAccount", async () => {
  const { AccountId } = (await chime.createAccount({ Name: "To Delete" })).Account;
  const { UserId } = (await chime.createUser({ AccountId, Email: "in.the.way@example.com" })).User;
  carillon("ClaimDomain", { AccountId, DomainName: "delete.example.com" });
  assert.equal((await chime.getAccount({ AccountId })).Account.AccountType, "EnterpriseLWA");
  assert.match(await checkError("UnprocessableEntityException", "DeleteAccount", { AccountId }), /delete\.example\.com/);
  carillon("ReleaseDomain", { AccountId, DomainName: "delete.example.com" });
  assert.match(await checkError("UnprocessableEntityException", "DeleteAccount", { AccountId }), /BatchSuspendUser/);
  await chime.batchSuspendUser({ AccountId, UserIdList: [UserId] });
  await chime.deleteAccount({ AccountId });
  await checkError("NotFoundException", "GetAccount", { AccountId });
  assert.deepEqual((await chime.listAccounts({ Name: "To Delete" })).Accounts, []);
});

test("DeleteAccount errors", async () => {
  const { AccountId } = (await chime.createAccount({ Name: "Errors" })).Account;
  const full = (await chime.createAccount({ Name: "Errors" })).Account.AccountId;
  await chime.createUser({ AccountId: full, Email: "in.the.way.of.errors@example.com" });
  await checkErrors("DeleteAccount", { AccountId }, {
    BadRequestException: { AccountId: " " },
    NotFoundException: { AccountId: unknownId },
    UnprocessableEntityException: { AccountId: full },
  });
});

test("sign-in delegate groups", async () => {
  const { AccountId } = (await chime.createAccount({ Name: "Groups" })).Account;
  const groups = async () => (await chime.getAccount({ AccountId })).Account.SigninDelegateGroups;
  const SigninDelegateGroups = [{ GroupName: "Ringers" }, { GroupName: "Glöckner & Söhne" }];
  for (let n = 0; n < 2; n++) {
    // The second time they are there already, and stay.
    await chime.associateSigninDelegateGroupsWithAccount({ AccountId, SigninDelegateGroups });
    assert.deepEqual(await groups(), SigninDelegateGroups);
  }
  await chime.disassociateSigninDelegateGroupsFromAccount({ AccountId, GroupNames: ["Ringers", "Unknown"] });
  assert.deepEqual(await groups(), SigninDelegateGroups.slice(1));
});

test("AssociateSigninDelegateGroupsWithAccount errors", async () => {
  const { AccountId } = (await chime.createAccount({ Name: "Errors" })).Account;
  await checkErrors("AssociateSigninDelegateGroupsWithAccount", { AccountId, SigninDelegateGroups: [{ GroupName: "Ringers" }] }, {
    BadRequestException: { SigninDelegateGroups: [{}] },
    NotFoundException: { AccountId: unknownId },
  });
});

test("DisassociateSigninDelegateGroupsFromAccount errors", async () => {
  const { AccountId } = (await chime.createAccount({ Name: "Errors" })).Account;
  await checkErrors("DisassociateSigninDelegateGroupsFromAccount", { AccountId, GroupNames: ["Ringers"] }, {
    BadRequestException: { AccountId: " " },
    NotFoundException: { AccountId: unknownId },
  });
});
