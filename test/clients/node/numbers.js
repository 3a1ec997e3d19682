// The cases order numbers of an area code of their own each, as a number that was deleted cannot be had again for 7 days.
//
// They give back what they ordered: the inventory holds 25 numbers, as long as the server is told nothing else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { byFault, carillon, checkError, checkErrors, chime, recent, undeclared, unknownId, uuid } from "./client.js";

const nobodys = "+12065559999";

async function search(members) {
  return (await chime.searchAvailablePhoneNumbers(members)).E164PhoneNumbers;
}

async function createOrder(ProductType, ...E164PhoneNumbers) {
  return (await chime.createPhoneNumberOrder({ ProductType, E164PhoneNumbers })).PhoneNumberOrder;
}

// finished waits for the end of an order, and returns it.
async function finished(order) {
  while (order.Status === "Processing") {
    await setTimeout(50);
    order = (await chime.getPhoneNumberOrder({ PhoneNumberOrderId: order.PhoneNumberOrderId })).PhoneNumberOrder;
  }
  return order;
}

// take orders numbers, gives them back after the case t, and returns them.
async function take(t, AreaCode, MaxResults = 1) {
  const numbers = await search({ AreaCode, MaxResults });
  assert.equal((await finished(await createOrder("BusinessCalling", ...numbers))).Status, "Successful");
  t.after(() => chime.batchDeletePhoneNumber({ PhoneNumberIds: numbers }));
  return numbers;
}

async function get(PhoneNumberId) {
  return (await chime.getPhoneNumber({ PhoneNumberId })).PhoneNumber;
}

async function update(members) {
  return (await chime.updatePhoneNumber(members)).PhoneNumber;
}

async function restore(PhoneNumberId) {
  return (await chime.restorePhoneNumber({ PhoneNumberId })).PhoneNumber;
}

// createUser makes an account with one user, and returns the ids of both as members of a call.
async function createUser(Email) {
  const { AccountId } = (await chime.createAccount({ Name: "Numbers" })).Account;
  return { AccountId, UserId: (await chime.createUser({ AccountId, Email })).User.UserId };
}

function checkNumberErrors(answer, ...want) {
  assert.deepEqual(answer.PhoneNumberErrors.map((e) => [e.PhoneNumberId, e.ErrorCode]), want);
  assert.ok(answer.PhoneNumberErrors.every((e) => e.ErrorMessage));
}

test("a number's script", async () => {
  const primary = async () => (await chime.getUser(user)).User.PrimaryProvisionedNumber;
  const user = await createUser("script.number@example.com");
  const [number] = await search({ State: "IL", MaxResults: 1 });
  assert.match(number, /^\+1[0-9]{3}55501[0-9]{2}$/);
  assert.equal((await finished(await createOrder("BusinessCalling", number))).Status, "Successful");
  assert.equal(await primary(), undefined);
  await chime.associatePhoneNumberWithUser({ ...user, E164PhoneNumber: number });
  assert.equal(await primary(), number); // shows 8
  await chime.disassociatePhoneNumberFromUser(user);
  assert.equal(await primary(), undefined);
  assert.deepEqual((await get(number)).Associations, []);
  await chime.deletePhoneNumber({ PhoneNumberId: number });
  const deleted = await get(number);
  assert.equal(deleted.Status, "ReleaseInProgress");
  recent(deleted.DeletionTimestamp);
  const restored = await restore(number);
  assert.equal(restored.Status, "Unassigned");
  assert.equal(restored.DeletionTimestamp, undefined);
  assert.deepEqual(await get(number), restored);
  await chime.deletePhoneNumber({ PhoneNumberId: number });
  assert.notDeepEqual(await search({ State: "IL", MaxResults: 1 }), [number]);
});

test("SearchAvailablePhoneNumbers", async () => {
  assert.deepEqual(await search({ State: "WA", City: "Seattle", MaxResults: 2 }), ["+12065550100", "+12065550101"]);
  assert.deepEqual(await search({ AreaCode: "206", Country: "US", PhoneNumberType: "Local", MaxResults: 1 }), ["+12065550100"]);
  assert.deepEqual(await search({ TollFreePrefix: "888", MaxResults: 1 }), ["+18885550100"]);
  assert.deepEqual(await search({ AreaCode: "206", State: "IL" }), []);
});

test("SearchAvailablePhoneNumbers pages", async () => {
  const first = await chime.searchAvailablePhoneNumbers({ AreaCode: "206", MaxResults: 60 });
  const rest = await chime.searchAvailablePhoneNumbers({ AreaCode: "206", MaxResults: 60, NextToken: first.NextToken });
  assert.equal(rest.NextToken, undefined);
  const want = Array.from({ length: 100 }, (_, n) => `+1206555${String(100 + n).padStart(4, "0")}`);
  assert.deepEqual([...first.E164PhoneNumbers, ...rest.E164PhoneNumbers], want);
});

test("SearchAvailablePhoneNumbers errors", () =>
  checkErrors("SearchAvailablePhoneNumbers", { AreaCode: "206" }, {
    BadRequestException: { AreaCode: "20" },
    NotFoundException: undeclared,
    AccessDeniedException: byFault,
  }));

test("ListSupportedPhoneNumberCountries", async () => {
  const countries = async (ProductType) => {
    const answer = await chime.listSupportedPhoneNumberCountries({ ProductType });
    return Object.fromEntries(answer.PhoneNumberCountries.map((c) => [c.CountryCode, c.SupportedPhoneNumberTypes]));
  };
  assert.deepEqual(await countries("BusinessCalling"), { US: ["Local"] });
  assert.deepEqual(await countries("VoiceConnector"), { US: ["Local", "TollFree"] });
  const sip = await countries("SipMediaApplicationDialIn");
  assert.ok(sip.US && sip.GB);
});

test("ListSupportedPhoneNumberCountries errors", () =>
  checkErrors("ListSupportedPhoneNumberCountries", { ProductType: "BusinessCalling" }, {
    BadRequestException: { ProductType: "Fax" },
    NotFoundException: undeclared,
    AccessDeniedException: byFault,
  }));

test("phone number orders", async (t) => {
  const [number] = await search({ AreaCode: "312", MaxResults: 1 });
  const order = await createOrder("VoiceConnector", number, nobodys);
  t.after(() => chime.deletePhoneNumber({ PhoneNumberId: number }));
  assert.match(order.PhoneNumberOrderId, uuid);
  recent(order.CreatedTimestamp);
  assert.deepEqual(order, {
    PhoneNumberOrderId: order.PhoneNumberOrderId,
    ProductType: "VoiceConnector",
    Status: "Processing",
    OrderedPhoneNumbers: [number, nobodys].map((E164PhoneNumber) => ({ E164PhoneNumber, Status: "Processing" })),
    CreatedTimestamp: order.CreatedTimestamp,
    UpdatedTimestamp: order.CreatedTimestamp,
  });
  assert.notDeepEqual(await search({ AreaCode: "312", MaxResults: 1 }), [number]);
  const done = await finished(order);
  assert.ok(done.UpdatedTimestamp > order.UpdatedTimestamp);
  assert.deepEqual(done, {
    ...order,
    Status: "Partial",
    OrderedPhoneNumbers: [
      { E164PhoneNumber: number, Status: "Acquired" },
      { E164PhoneNumber: nobodys, Status: "Failed" },
    ],
    UpdatedTimestamp: done.UpdatedTimestamp,
  });
  assert.equal((await finished(await createOrder("VoiceConnector", number))).Status, "Failed");
});

test("CreatePhoneNumberOrder errors", async (t) => {
  const numbers = await search({ AreaCode: "773", MaxResults: 26 });
  t.after(() => chime.deletePhoneNumber({ PhoneNumberId: numbers[0] }));
  await checkErrors("CreatePhoneNumberOrder", { ProductType: "BusinessCalling", E164PhoneNumbers: [numbers[0]] }, {
    BadRequestException: { E164PhoneNumbers: ["+18885550100"] },
    ResourceLimitExceededException: { E164PhoneNumbers: numbers },
    NotFoundException: undeclared,
    AccessDeniedException: byFault,
  });
  while ((await get(numbers[0])).Status !== "Unassigned") await setTimeout(50);
});

test("GetPhoneNumberOrder errors", async () => {
  const order = await finished(await createOrder("BusinessCalling", nobodys));
  assert.equal(order.Status, "Failed");
  await checkErrors("GetPhoneNumberOrder", { PhoneNumberOrderId: order.PhoneNumberOrderId }, {
    BadRequestException: { PhoneNumberOrderId: ".." },
    NotFoundException: { PhoneNumberOrderId: unknownId },
  });
});

test("ListPhoneNumberOrders", async () => {
  const made = [];
  for (let n = 0; n < 2; n++) made.push(await finished(await createOrder("VoiceConnector", nobodys)));
  const listed = [];
  let page = {};
  do {
    page = await chime.listPhoneNumberOrders({ MaxResults: 3, NextToken: page.NextToken });
    assert.ok(page.PhoneNumberOrders.length <= 3);
    listed.push(...page.PhoneNumberOrders);
  } while (page.NextToken);
  assert.deepEqual(listed.slice(-2), made);
});

test("ListPhoneNumberOrders errors", () =>
  checkErrors("ListPhoneNumberOrders", {}, {
    BadRequestException: { NextToken: "forged" },
    NotFoundException: undeclared,
  }));

test("GetPhoneNumber", async (t) => {
  const [number] = await take(t, "630");
  const found = await get(number);
  assert.ok(found.UpdatedTimestamp > found.CreatedTimestamp);
  assert.deepEqual(found, {
    PhoneNumberId: number.replace("+", "%2B"),
    E164PhoneNumber: number,
    Country: "US",
    Type: "Local",
    ProductType: "BusinessCalling",
    Status: "Unassigned",
    Capabilities: { InboundCall: true, OutboundCall: true, InboundSMS: true, OutboundSMS: true, InboundMMS: true, OutboundMMS: true },
    Associations: [],
    CallingNameStatus: "Unassigned",
    CreatedTimestamp: found.CreatedTimestamp,
    UpdatedTimestamp: found.UpdatedTimestamp,
  });
});

test("GetPhoneNumber errors", async (t) => {
  const [number] = await take(t, "847");
  await checkErrors("GetPhoneNumber", { PhoneNumberId: number }, {
    BadRequestException: { PhoneNumberId: ".." },
    NotFoundException: { PhoneNumberId: nobodys },
  });
});

test("forms of numbers' ids", async (t) => {
  const numbers = await take(t, "815", 3);
  const ids = [numbers[0], numbers[1].replace("+", "%2B"), numbers[2].replace("+", "%252B")];
  for (const [i, id] of ids.entries()) {
    assert.equal((await get(id)).E164PhoneNumber, numbers[i]);
    await update({ PhoneNumberId: id, ProductType: "VoiceConnector" });
    await chime.deletePhoneNumber({ PhoneNumberId: id });
    const restored = await restore(id);
    assert.deepEqual([restored.Status, restored.ProductType], ["Unassigned", "VoiceConnector"]);
  }
  const items = ids.map((PhoneNumberId) => ({ PhoneNumberId, ProductType: "BusinessCalling" }));
  checkNumberErrors(await chime.batchUpdatePhoneNumber({ UpdatePhoneNumberRequestItems: items }));
  for (const number of numbers) assert.equal((await get(number)).ProductType, "BusinessCalling");
  checkNumberErrors(await chime.batchDeletePhoneNumber({ PhoneNumberIds: ids }));
  for (const number of numbers) assert.equal((await get(number)).Status, "ReleaseInProgress");
});

test("ListPhoneNumbers", async (t) => {
  const list = async (members) => (await chime.listPhoneNumbers(members)).PhoneNumbers.map((n) => n.E164PhoneNumber);
  const numbers = await take(t, "217", 3);
  const user = await createUser("list.numbers@example.com");
  await chime.associatePhoneNumberWithUser({ ...user, E164PhoneNumber: numbers[0] });
  await update({ PhoneNumberId: numbers[1], ProductType: "VoiceConnector" });
  assert.deepEqual((await list({})).filter((n) => numbers.includes(n)), numbers); // also what was deleted is listed
  assert.deepEqual(await list({ Status: "Assigned" }), numbers.slice(0, 1));
  assert.deepEqual(await list({ Status: "Unassigned" }), numbers.slice(1));
  assert.deepEqual(await list({ Status: "Unassigned", ProductType: "VoiceConnector" }), [numbers[1]]);
  assert.deepEqual(await list({ FilterName: "UserId", FilterValue: user.UserId }), numbers.slice(0, 1));
  assert.deepEqual(await list({ FilterName: "AccountId", FilterValue: user.AccountId, Status: "Unassigned" }), []);
  const page = await chime.listPhoneNumbers({ Status: "Unassigned", MaxResults: 1 });
  assert.deepEqual(page.PhoneNumbers.map((n) => n.E164PhoneNumber), [numbers[1]]);
  assert.deepEqual(await list({ Status: "Unassigned", MaxResults: 1, NextToken: page.NextToken }), [numbers[2]]);
  await chime.disassociatePhoneNumberFromUser(user);
});

test("ListPhoneNumbers errors", () =>
  checkErrors("ListPhoneNumbers", {}, {
    BadRequestException: { FilterName: "UserId" },
  }));

test("UpdatePhoneNumber", async (t) => {
  const [PhoneNumberId] = await take(t, "618");
  const changed = await update({ PhoneNumberId, ProductType: "VoiceConnector" });
  assert.equal(changed.ProductType, "VoiceConnector");
  assert.deepEqual(await get(PhoneNumberId), changed);
  const named = await update({ PhoneNumberId, CallingName: "Bell Tower" });
  assert.deepEqual(named, {
    ...changed,
    CallingName: "Bell Tower",
    CallingNameStatus: "UpdateInProgress",
    UpdatedTimestamp: named.UpdatedTimestamp,
  });
  assert.deepEqual(await get(PhoneNumberId), named);
});

test("UpdatePhoneNumber errors", async (t) => {
  const [number, named] = await take(t, "708", 2);
  await update({ PhoneNumberId: named, CallingName: "Belfry" });
  await checkErrors("UpdatePhoneNumber", { PhoneNumberId: number, CallingName: "Bell Tower" }, {
    BadRequestException: { ProductType: "VoiceConnector" }, // one of both at a time
    NotFoundException: { PhoneNumberId: nobodys },
    ConflictException: { PhoneNumberId: named },
  });
});

test("BatchUpdatePhoneNumber", async (t) => {
  const [one, two] = await take(t, "309", 2);
  const answer = await chime.batchUpdatePhoneNumber({ UpdatePhoneNumberRequestItems: [
    { PhoneNumberId: nobodys, CallingName: "Nobody" },
    { PhoneNumberId: one, CallingName: "Bell Tower" },
    { PhoneNumberId: two, ProductType: "VoiceConnector" },
  ] });
  checkNumberErrors(answer, [nobodys, "NotFound"]);
  assert.equal((await get(one)).CallingName, "Bell Tower");
  assert.equal((await get(two)).ProductType, "VoiceConnector");
});

test("BatchUpdatePhoneNumber errors", () => {
  const item = { PhoneNumberId: nobodys, CallingName: "Bell Tower" };
  return checkErrors("BatchUpdatePhoneNumber", { UpdatePhoneNumberRequestItems: [item] }, {
    BadRequestException: { UpdatePhoneNumberRequestItems: Array(51).fill(item) },
  });
});

test("BatchDeletePhoneNumber", async (t) => {
  const [one, two, three] = await take(t, "425", 3);
  const user = await createUser("batch.delete.numbers@example.com");
  await chime.associatePhoneNumberWithUser({ ...user, E164PhoneNumber: one });
  const answer = await chime.batchDeletePhoneNumber({ PhoneNumberIds: [one, two, nobodys, three, two] });
  checkNumberErrors(answer, [one, "PhoneNumberAssociationsExist"], [nobodys, "NotFound"]);
  await chime.disassociatePhoneNumberFromUser(user);
  assert.equal((await get(one)).Status, "Unassigned");
  for (const number of [two, three]) assert.equal((await get(number)).Status, "ReleaseInProgress");
});

test("DeletePhoneNumber and DisassociatePhoneNumberFromUser errors", async (t) => {
  const [taken, number] = await take(t, "509", 2);
  const user = await createUser("one.delete.errors@example.com");
  const other = await createUser("other.delete.errors@example.com");
  await chime.associatePhoneNumberWithUser({ ...user, E164PhoneNumber: taken });
  await checkErrors("DeletePhoneNumber", { PhoneNumberId: number }, {
    BadRequestException: { PhoneNumberId: taken },
    NotFoundException: { PhoneNumberId: nobodys },
  });
  await checkErrors("BatchDeletePhoneNumber", { PhoneNumberIds: [number] }, {
    BadRequestException: { PhoneNumberIds: Array(51).fill(number) },
  });
  await checkErrors("DisassociatePhoneNumberFromUser", user, {
    BadRequestException: { UserId: ".." },
    NotFoundException: other,
  });
});

test("RestorePhoneNumber errors", async (t) => {
  const [deleted, kept] = await take(t, "360", 2);
  await chime.deletePhoneNumber({ PhoneNumberId: deleted });
  const rest = await take(t, "224", 24); // with which the inventory is full
  await checkError("ResourceLimitExceededException", "RestorePhoneNumber", { PhoneNumberId: deleted });
  await chime.batchDeletePhoneNumber({ PhoneNumberIds: rest });
  await checkErrors("RestorePhoneNumber", { PhoneNumberId: deleted }, {
    BadRequestException: { PhoneNumberId: kept },
    NotFoundException: { PhoneNumberId: nobodys },
  });
});

test("AssociatePhoneNumberWithUser", async (t) => {
  const [number] = await take(t, "331");
  const user = await createUser("associate@example.com");
  for (let n = 0; n < 2; n++) { // the same pair again stays
    await chime.associatePhoneNumberWithUser({ ...user, E164PhoneNumber: number });
  }
  const found = await get(number);
  assert.equal(found.Status, "Assigned");
  assert.deepEqual(found.Associations.map((a) => [a.Name, a.Value]), Object.entries(user));
  for (const association of found.Associations) recent(association.AssociatedTimestamp);
  const listed = (await chime.listUsers({ AccountId: user.AccountId })).Users;
  assert.deepEqual(listed.map((u) => u.PrimaryProvisionedNumber), [number]); // shows 8
  await chime.disassociatePhoneNumberFromUser(user);
});

test("AssociatePhoneNumberWithUser errors", async (t) => {
  const [taken, number] = await take(t, "253", 2);
  const user = await createUser("one.associate.errors@example.com");
  const other = await createUser("other.associate.errors@example.com");
  await chime.associatePhoneNumberWithUser({ ...other, E164PhoneNumber: taken });
  await checkErrors("AssociatePhoneNumberWithUser", { ...user, E164PhoneNumber: number }, {
    BadRequestException: { E164PhoneNumber: taken },
    NotFoundException: { E164PhoneNumber: nobodys },
    AccessDeniedException: byFault,
  });
  for (const one of [user, other]) await chime.disassociatePhoneNumberFromUser(one);
});

test("phone number settings", async () => {
  await chime.updatePhoneNumberSettings({ CallingName: "Carillon" });
  const settings = await chime.getPhoneNumberSettings({});
  assert.equal(settings.CallingName, "Carillon");
  recent(settings.CallingNameUpdatedTimestamp);
});

test("phone number settings errors", async () => {
  await checkErrors("GetPhoneNumberSettings", {}, { NotFoundException: undeclared });
  await chime.updatePhoneNumberSettings({ CallingName: "Carillon" });
  await checkErrors("UpdatePhoneNumberSettings", { CallingName: "Carillon" }, {
    BadRequestException: { CallingName: "Sooner" }, // than 7 days after
    NotFoundException: undeclared,
  });
});

// dialOut takes a number, and returns the members of a call that a meeting is to make from it.
async function dialOut(t, area) {
  const [FromPhoneNumber] = await take(t, area);
  return { MeetingId: unknownId, FromPhoneNumber, ToPhoneNumber: nobodys, JoinToken: "token" };
}

test("CreateMeetingDialOut", async (t) => {
  const call = await dialOut(t, "779");
  const { TransactionId } = await chime.createMeetingDialOut(call);
  const asked = carillon("ListDialOuts", { MaxResults: 100 }).DialOuts.at(-1);
  delete call.JoinToken; // is not kept
  assert.deepEqual(asked, { ...call, TransactionId, RequestedBy: "arn:aws:iam::210987654321:root", RequestedOn: asked.RequestedOn });
});

test("CreateMeetingDialOut errors", async (t) => {
  await checkErrors("CreateMeetingDialOut", await dialOut(t, "872"), {
    BadRequestException: { ToPhoneNumber: "phone" },
    ForbiddenException: { FromPhoneNumber: nobodys },
    NotFoundException: undeclared,
    AccessDeniedException: byFault,
    ResourceLimitExceededException: byFault,
  });
});
