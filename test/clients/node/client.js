// What the tests with @aws-sdk/client-chime share: clients of the server that with-server started, extensions, faults,
// and checks.
//
// The files accounts, users and so on of the four clients hold the same cases under the same names.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as sdk from "@aws-sdk/client-chime";

// AWS_ENDPOINT_URL_CHIME alone tells the clients where the server is.
export const chime = new sdk.Chime({});
const once = new sdk.Chime({ maxAttempts: 1 }); // for faults that a second attempt would not meet

export const unknownId = "01234567-89ab-cdef-0123-456789abcdef";
export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// The errors that nearly every operation declares, and the others.
const usual = {
  BadRequestException: 400,
  UnauthorizedClientException: 401,
  ForbiddenException: 403,
  NotFoundException: 404,
  ThrottledClientException: 429,
  ServiceFailureException: 500,
  ServiceUnavailableException: 503,
};
const others = {
  ResourceLimitExceededException: 400,
  AccessDeniedException: 403,
  ConflictException: 409,
  UnprocessableEntityException: 422,
};

// carillon calls an operation that Amazon's API lacks, by the server's own program, and returns the answer.
export function carillon(operation, members) {
  return JSON.parse(execFileSync(process.env.CARILLON_BIN, ["call", operation, JSON.stringify(members)]) || "{}");
}

export function orderFault(members) {
  carillon("PutFault", members);
}

// byFault stands for a cause where an operation declares more than the usual errors, and undeclared where it lacks one.
export const byFault = Symbol("by a fault");
export const undeclared = Symbol("undeclared");

// call calls an operation by the name that the API has for it, once.
function call(operation, members) {
  return once[operation[0].toLowerCase() + operation.slice(1)](members);
}

// checkError checks that the call throws the typed error of that name, with its status and a message, which is returned.
export async function checkError(name, operation, members) {
  const error = await call(operation, members).then(
    () => assert.fail(`${operation} ${JSON.stringify(members)} went well, want ${name}`),
    (error) => error,
  );
  assert.ok(error instanceof sdk[name], `${operation} ${JSON.stringify(members)}: ${error}, want ${name}`);
  assert.equal(error.$metadata.httpStatusCode, { ...usual, ...others }[name]);
  assert.notEqual(error.message, "");
  return error.message;
}

// checkErrors checks that the call throws each error that the operation declares: by the changed members that cause it,
// else by a fault. Without change and fault the call goes well, also after all these errors.
export async function checkErrors(operation, members, causes) {
  for (const name of Object.keys({ ...usual, ...causes })) {
    const cause = causes[name] ?? byFault;
    if (cause === undeclared) continue;
    if (cause === byFault) orderFault({ Operation: operation, Error: name, Count: 1 });
    await checkError(name, operation, cause === byFault ? members : { ...members, ...cause });
  }
  await call(operation, members);
}

// recent checks that a time is that of a moment ago.
export function recent(at) {
  assert.ok(Math.abs(Date.now() - at) < 60_000, `${at} is not of the last minute`);
}

// collect returns the pages of a paginator.
export async function collect(paginator) {
  const pages = [];
  for await (const page of paginator) pages.push(page);
  return pages;
}
