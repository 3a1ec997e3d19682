import assert from "node:assert/strict";
import { test } from "node:test";
import { byFault, checkErrors, chime, undeclared, unknownId } from "./client.js";

async function createAccount() {
  return (await chime.createAccount({ Name: "Settings" })).Account.AccountId;
}

// createUser makes an account with one user, and returns the ids of both as members of a call.
async function createUser(Email) {
  const AccountId = await createAccount();
  return { AccountId, UserId: (await chime.createUser({ AccountId, Email })).User.UserId };
}

test("account settings", async () => {
  const AccountId = await createAccount();
  for (const [AccountSettings, want] of [
    [{}, { DisableRemoteControl: false, EnableDialOut: false }],
    [{ DisableRemoteControl: true }, { DisableRemoteControl: true, EnableDialOut: false }],
    [{ EnableDialOut: true }, { DisableRemoteControl: true, EnableDialOut: true }],
  ]) {
    await chime.updateAccountSettings({ AccountId, AccountSettings });
    assert.deepEqual((await chime.getAccountSettings({ AccountId })).AccountSettings, want);
  }
});

test("GetAccountSettings errors", async () => {
  await checkErrors("GetAccountSettings", { AccountId: await createAccount() }, {
    BadRequestException: { AccountId: " " },
    NotFoundException: { AccountId: unknownId },
  });
});

test("UpdateAccountSettings errors", async () => {
  await checkErrors("UpdateAccountSettings", { AccountId: await createAccount(), AccountSettings: { EnableDialOut: true } }, {
    BadRequestException: { AccountId: " " },
    NotFoundException: { AccountId: unknownId },
    ConflictException: byFault,
  });
});

test("user settings", async () => {
  const user = await createUser("settings@example.com");
  const off = { InboundCalling: false, OutboundCalling: false, SMS: false };
  assert.deepEqual((await chime.getUserSettings(user)).UserSettings, { Telephony: off });
  const UserSettings = { Telephony: { ...off, OutboundCalling: true, SMS: true } };
  await chime.updateUserSettings({ ...user, UserSettings });
  assert.deepEqual((await chime.getUserSettings(user)).UserSettings, UserSettings);
});

test("GetUserSettings errors", async () => {
  await checkErrors("GetUserSettings", await createUser("get.settings.errors@example.com"), {
    BadRequestException: { UserId: ".." },
    NotFoundException: { UserId: unknownId },
  });
});

test("UpdateUserSettings errors", async () => {
  const UserSettings = { Telephony: { InboundCalling: true, OutboundCalling: true, SMS: true } };
  await checkErrors("UpdateUserSettings", { ...(await createUser("update.settings.errors@example.com")), UserSettings }, {
    BadRequestException: { UserId: ".." },
    NotFoundException: { UserId: unknownId },
  });
});

test("global settings", async () => {
  const settings = async () => {
    const { BusinessCalling, VoiceConnector } = await chime.getGlobalSettings({});
    return { BusinessCalling, VoiceConnector };
  };
  const both = { BusinessCalling: { CdrBucket: "calls" }, VoiceConnector: { CdrBucket: "connectors" } };
  await chime.updateGlobalSettings(both);
  assert.deepEqual(await settings(), both);
  await chime.updateGlobalSettings({ BusinessCalling: { CdrBucket: "other-calls" } });
  assert.deepEqual(await settings(), { ...both, BusinessCalling: { CdrBucket: "other-calls" } });
  await chime.updateGlobalSettings({ BusinessCalling: {} });
  assert.deepEqual(await settings(), { ...both, BusinessCalling: {} });
});

test("global settings errors", async () => {
  await checkErrors("GetGlobalSettings", {}, { NotFoundException: undeclared });
  await checkErrors("UpdateGlobalSettings", { VoiceConnector: { CdrBucket: "connectors" } }, { NotFoundException: undeclared });
});
