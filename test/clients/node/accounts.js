import assert from "node:assert/strict";
import { test } from "node:test";
import { paginateListAccounts } from "@aws-sdk/client-chime";
import { checkErrors, chime, collect, recent, unknownId, uuid } from "./client.js";

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
