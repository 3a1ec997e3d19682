import assert from "node:assert/strict";
import { test } from "node:test";
import { byFault, carillon, checkError, checkErrors, chime, recent, undeclared, unknownId, uuid } from "./client.js";

const root = "arn:aws:iam::210987654321:root";
const lambda = "arn:aws:lambda:us-east-1:210987654321:function:events";
const noAccount = { AccountId: " " };
const noRoom = { RoomId: unknownId };
const noMember = { MemberId: unknownId };
const noBot = { BotId: unknownId };
const noMessage = { MessageId: unknownId };

async function createAccount() {
  return (await chime.createAccount({ Name: "Rooms" })).Account.AccountId;
}

async function createUser(AccountId, Email) {
  return (await chime.createUser({ AccountId, Email, Username: "Jane" })).User.UserId;
}

// createRoom makes an account with one room, and returns the ids of both as members of a call.
async function createRoom() {
  const AccountId = await createAccount();
  return { AccountId, RoomId: (await chime.createRoom({ AccountId, Name: "Lobby" })).Room.RoomId };
}

// createBot makes an account with one bot, and returns the ids of both as members of a call.
async function createBot(Domain) {
  const AccountId = await createAccount();
  return { AccountId, BotId: (await chime.createBot({ AccountId, DisplayName: "helper", Domain })).Bot.BotId };
}

async function memberships(room) {
  return (await chime.listRoomMemberships(room)).RoomMemberships;
}

test("rooms", async () => {
  const AccountId = await createAccount();
  const request = { AccountId, Name: "Lobby", ClientRequestToken: "lobby" };
  const room = (await chime.createRoom(request)).Room;
  const { RoomId, CreatedTimestamp } = room;
  assert.match(RoomId, uuid);
  recent(CreatedTimestamp);
  assert.deepEqual(room, { RoomId, AccountId, Name: "Lobby", CreatedBy: root, CreatedTimestamp, UpdatedTimestamp: CreatedTimestamp });
  assert.deepEqual((await chime.createRoom(request)).Room, room);
  await checkError("BadRequestException", "CreateRoom", { ...request, Name: "Hall" });
  const ids = { AccountId, RoomId };
  assert.deepEqual((await chime.getRoom(ids)).Room, room);
  const renamed = (await chime.updateRoom({ ...ids, Name: "Hall" })).Room;
  assert.ok(renamed.UpdatedTimestamp >= CreatedTimestamp);
  assert.deepEqual(renamed, { ...room, Name: "Hall", UpdatedTimestamp: renamed.UpdatedTimestamp });
  assert.deepEqual((await chime.getRoom(ids)).Room, renamed);
  await chime.deleteRoom(ids);
  await checkError("NotFoundException", "GetRoom", ids);
});

test("ListRooms", async () => {
  const AccountId = await createAccount();
  const MemberId = await createUser(AccountId, "list.rooms@example.com");
  const rooms = [];
  for (const Name of ["One", "Two", "Three"]) rooms.push((await chime.createRoom({ AccountId, Name })).Room);
  const first = await chime.listRooms({ AccountId, MaxResults: 2 });
  const rest = await chime.listRooms({ AccountId, MaxResults: 2, NextToken: first.NextToken });
  assert.equal(rest.NextToken, undefined);
  assert.deepEqual([...first.Rooms, ...rest.Rooms], rooms);
  await chime.createRoomMembership({ AccountId, RoomId: rooms[1].RoomId, MemberId });
  assert.deepEqual((await chime.listRooms({ AccountId, MemberId })).Rooms, [rooms[1]]);
  assert.deepEqual((await chime.listRooms({ AccountId, MemberId: unknownId })).Rooms, []);
});

test("rooms errors", async () => {
  const room = await createRoom();
  const { AccountId } = room;
  await checkErrors("CreateRoom", { AccountId, Name: "Hall" }, {
    BadRequestException: { Name: " " },
    NotFoundException: { AccountId: unknownId },
    ResourceLimitExceededException: byFault,
  });
  await checkErrors("ListRooms", { AccountId }, {
    BadRequestException: { NextToken: "nonsense" },
    NotFoundException: { AccountId: unknownId },
  });
  await checkErrors("GetRoom", room, { BadRequestException: noAccount, NotFoundException: noRoom });
  await checkErrors("UpdateRoom", { ...room, Name: "Hall" }, { BadRequestException: { Name: " " }, NotFoundException: noRoom });
  await checkErrors("DeleteRoom", room, { BadRequestException: noAccount, NotFoundException: noRoom });
});

test("memberships", async () => {
  const room = await createRoom();
  const MemberId = await createUser(room.AccountId, "member@example.com");
  const member = (await chime.createRoomMembership({ ...room, MemberId })).RoomMembership;
  assert.deepEqual(member, {
    RoomId: room.RoomId,
    Member: { MemberId, MemberType: "User", Email: "member@example.com", FullName: "Jane", AccountId: room.AccountId },
    Role: "Member",
    InvitedBy: root,
    UpdatedTimestamp: member.UpdatedTimestamp,
  });
  assert.deepEqual(await memberships(room), [member]);
  const changed = (await chime.updateRoomMembership({ ...room, MemberId, Role: "Administrator" })).RoomMembership;
  assert.deepEqual(changed, { ...member, Role: "Administrator", UpdatedTimestamp: changed.UpdatedTimestamp });
  assert.deepEqual(await memberships(room), [changed]);
  await chime.deleteRoomMembership({ ...room, MemberId });
  assert.deepEqual(await memberships(room), []);
});

test("BatchCreateRoomMembership", async () => {
  const room = await createRoom();
  const ann = await createUser(room.AccountId, "ann.member@example.com");
  const bob = await createUser(room.AccountId, "bob.member@example.com");
  await chime.createRoomMembership({ ...room, MemberId: ann });
  const { Errors } = await chime.batchCreateRoomMembership({
    ...room,
    MembershipItemList: [
      { MemberId: "nobody" },
      { MemberId: ann },
      { MemberId: bob, Role: "Administrator" },
      { MemberId: bob, Role: "Member" },
    ],
  });
  assert.deepEqual(Errors.map((e) => [e.MemberId, e.ErrorCode]), [["nobody", "NotFound"], [ann, "Conflict"]]);
  assert.ok(Errors.every((e) => e.ErrorMessage));
  const first = await chime.listRoomMemberships({ ...room, MaxResults: 1 });
  const rest = await chime.listRoomMemberships({ ...room, MaxResults: 1, NextToken: first.NextToken });
  const members = [...first.RoomMemberships, ...rest.RoomMemberships];
  assert.deepEqual(members.map((m) => [m.Member.MemberId, m.Role]), [[ann, "Member"], [bob, "Administrator"]]);
});

test("memberships errors", async () => {
  const room = await createRoom();
  const ann = await createUser(room.AccountId, "ann.errors@example.com");
  const bob = await createUser(room.AccountId, "bob.errors@example.com");
  await chime.createRoomMembership({ ...room, MemberId: ann });
  await checkErrors("CreateRoomMembership", { ...room, MemberId: bob }, {
    BadRequestException: { Role: "Owner" },
    ConflictException: { MemberId: ann },
    NotFoundException: noMember,
    ResourceLimitExceededException: byFault,
  });
  await checkErrors("BatchCreateRoomMembership", { ...room, MembershipItemList: [{ MemberId: bob }] }, {
    BadRequestException: { MembershipItemList: Array(51).fill({ MemberId: bob }) },
    NotFoundException: noRoom,
  });
  await checkErrors("ListRoomMemberships", room, { BadRequestException: { NextToken: "nonsense" }, NotFoundException: noRoom });
  await checkErrors("UpdateRoomMembership", { ...room, MemberId: bob, Role: "Administrator" }, {
    BadRequestException: { Role: "Owner" },
    NotFoundException: noMember,
  });
  await checkErrors("DeleteRoomMembership", { ...room, MemberId: bob }, { BadRequestException: noAccount, NotFoundException: noMember });
});

test("bots", async () => {
  const AccountId = await createAccount();
  const bot = (await chime.createBot({ AccountId, DisplayName: "myBot", Domain: "bots.example.com" })).Bot;
  const { BotId, UserId, CreatedTimestamp, SecurityToken } = bot;
  assert.match(BotId, uuid);
  assert.match(SecurityToken, /^[A-Za-z0-9+/]{40}$/);
  assert.deepEqual(bot, {
    BotId,
    UserId,
    DisplayName: "myBot (Bot)",
    BotType: "ChatBot",
    Disabled: false,
    CreatedTimestamp,
    UpdatedTimestamp: CreatedTimestamp,
    BotEmail: "myBot-chimebot@bots.example.com",
    SecurityToken,
  });
  const ids = { AccountId, BotId };
  assert.deepEqual((await chime.getBot(ids)).Bot, bot);
  const stopped = (await chime.updateBot({ ...ids, Disabled: true })).Bot;
  assert.deepEqual(stopped, { ...bot, Disabled: true, UpdatedTimestamp: stopped.UpdatedTimestamp });
  assert.deepEqual((await chime.getBot(ids)).Bot, stopped);
  const renewed = (await chime.regenerateSecurityToken(ids)).Bot;
  assert.notEqual(renewed.SecurityToken, SecurityToken);
  assert.deepEqual((await chime.getBot(ids)).Bot, renewed);
  const other = (await chime.createBot({ AccountId, DisplayName: "other", Domain: "bots.example.com" })).Bot;
  const first = await chime.listBots({ AccountId, MaxResults: 1 });
  const rest = await chime.listBots({ AccountId, MaxResults: 1, NextToken: first.NextToken });
  assert.deepEqual([...first.Bots, ...rest.Bots], [renewed, other]);
});

test("bots errors", async () => {
  const full = await createAccount();
  for (let n = 0; n < 10; n++) await chime.createBot({ AccountId: full, DisplayName: `bot${n}`, Domain: "full.example.com" });
  const bot = await createBot("bot.errors.example.com");
  const { AccountId } = bot;
  await checkErrors("CreateBot", { AccountId, DisplayName: "more", Domain: "bot.errors.example.com" }, {
    BadRequestException: { DisplayName: "helper" },
    NotFoundException: { AccountId: unknownId },
    ResourceLimitExceededException: { AccountId: full },
  });
  assert.equal((await chime.listBots({ AccountId: full })).Bots.length, 10);
  await checkErrors("GetBot", bot, { BadRequestException: noAccount, NotFoundException: noBot });
  await checkErrors("ListBots", { AccountId }, {
    BadRequestException: { NextToken: "nonsense" },
    NotFoundException: { AccountId: unknownId },
  });
  await checkErrors("UpdateBot", { ...bot, Disabled: true }, { BadRequestException: noAccount, NotFoundException: noBot });
  await checkErrors("RegenerateSecurityToken", bot, { BadRequestException: noAccount, NotFoundException: noBot });
});

test("events configuration", async () => {
  const bot = await createBot("events.example.com");
  await checkError("NotFoundException", "GetEventsConfiguration", bot);
  const want = { BotId: bot.BotId, LambdaFunctionArn: lambda };
  assert.deepEqual((await chime.putEventsConfiguration({ ...bot, LambdaFunctionArn: lambda })).EventsConfiguration, want);
  assert.deepEqual((await chime.getEventsConfiguration(bot)).EventsConfiguration, want);
  await chime.deleteEventsConfiguration(bot);
  await checkError("NotFoundException", "GetEventsConfiguration", bot);
  await chime.deleteEventsConfiguration(bot);
});

test("events configuration errors", async () => {
  const bot = await createBot("events.errors.example.com");
  const declares = { ResourceLimitExceededException: byFault, ThrottledClientException: undeclared };
  await checkErrors("PutEventsConfiguration", { ...bot, LambdaFunctionArn: lambda }, {
    ...declares,
    BadRequestException: { LambdaFunctionArn: "events" },
    NotFoundException: noBot,
  });
  await checkErrors("GetEventsConfiguration", bot, { ...declares, BadRequestException: noAccount, NotFoundException: noBot });
  await checkErrors("DeleteEventsConfiguration", bot, { ...declares, BadRequestException: noBot, NotFoundException: undeclared });
});

test("retention settings", async () => {
  const AccountId = await createAccount();
  const settings = async () => {
    const { RetentionSettings, InitiateDeletionTimestamp } = await chime.getRetentionSettings({ AccountId });
    return { RetentionSettings, InitiateDeletionTimestamp };
  };
  const unset = { RoomRetentionSettings: {}, ConversationRetentionSettings: {} };
  const never = { RetentionSettings: unset, InitiateDeletionTimestamp: undefined };
  assert.deepEqual(await settings(), never);
  const RetentionSettings = { ...unset, RoomRetentionSettings: { RetentionDays: 90 } };
  await chime.putRetentionSettings({ AccountId, RetentionSettings });
  const set = await settings();
  assert.deepEqual(set.RetentionSettings, RetentionSettings);
  recent(set.InitiateDeletionTimestamp - 30 * 24 * 3600 * 1000);
  await chime.putRetentionSettings({ AccountId, RetentionSettings: unset });
  assert.deepEqual(await settings(), never);
});

test("retention settings errors", async () => {
  const AccountId = await createAccount();
  const causes = { BadRequestException: noAccount, NotFoundException: { AccountId: unknownId } };
  await checkErrors("GetRetentionSettings", { AccountId }, causes);
  const RetentionSettings = { RoomRetentionSettings: { RetentionDays: 5475 } };
  await checkErrors("PutRetentionSettings", { AccountId, RetentionSettings }, { ...causes, ConflictException: byFault });
});

// sendToRoom says something in a new room, and returns the ids of the room and of the message as members of calls.
async function sendToRoom(email) {
  const room = await createRoom();
  const MemberId = await createUser(room.AccountId, email);
  await chime.createRoomMembership({ ...room, MemberId });
  const { MessageId } = carillon("SendRoomMessage", { ...room, SenderId: MemberId, Content: "A secret" }).Message;
  return [room, { MessageId }];
}

// sendToConversation says something in a new conversation, and returns the ids of both as members of calls.
async function sendToConversation(...emails) {
  const AccountId = await createAccount();
  const MemberIds = [];
  for (const email of emails) MemberIds.push(await createUser(AccountId, email));
  const { ConversationId } = carillon("CreateConversation", { AccountId, MemberIds }).Conversation;
  const talk = { AccountId, ConversationId };
  const { MessageId } = carillon("SendConversationMessage", { ...talk, SenderId: MemberIds[0], Content: "A secret" }).Message;
  return [talk, { MessageId }];
}

function checkRedacted({ Messages }, { MessageId }) {
  assert.deepEqual(Messages.map((m) => m.MessageId), [MessageId]);
  assert.ok("RedactedOn" in Messages[0]);
  assert.ok(!("Content" in Messages[0]));
}

test("RedactRoomMessage", async () => {
  const [room, message] = await sendToRoom("redact.room@example.com");
  assert.equal(carillon("ListRoomMessages", room).Messages[0].Content, "A secret");
  await chime.redactRoomMessage({ ...room, ...message });
  checkRedacted(carillon("ListRoomMessages", room), message);
});

test("RedactConversationMessage", async () => {
  const [talk, message] = await sendToConversation("ann.redact@example.com", "bob.redact@example.com");
  assert.equal(carillon("ListConversationMessages", talk).Messages[0].Content, "A secret");
  await chime.redactConversationMessage({ ...talk, ...message });
  checkRedacted(carillon("ListConversationMessages", talk), message);
});

test("redaction errors", async () => {
  const causes = { BadRequestException: noAccount, NotFoundException: noMessage };
  const [room, inRoom] = await sendToRoom("redact.errors@example.com");
  await checkErrors("RedactRoomMessage", { ...room, ...inRoom }, causes);
  const [talk, inTalk] = await sendToConversation("ann.redact.errors@example.com", "bob.redact.errors@example.com");
  await checkErrors("RedactConversationMessage", { ...talk, ...inTalk }, causes);
});
