import assert from 'node:assert/strict';
import { after, before, test } from 'node:test'; // in Jest and Vitest they are afterAll, beforeAll and test
import { CreateAccountCommand, CreateUserCommand, InviteUsersCommand, ListUsersCommand } from '@aws-sdk/client-chime';
import { start } from './carillon.js';

const nobody = '01234567-89ab-cdef-0123-456789abcdef';
let carillon;
before(async () => { carillon = await start(); });
after(() => carillon.stop());

test('CreateUser meets every exception', async () => {
  const { awsAccountId, client } = carillon.account();
  const { AccountId } = (await client.send(new CreateAccountCommand({ Name: 'Demo' }))).Account;
  const jane = { AccountId, Email: 'jane@example.com' };
  assert.match((await client.send(new CreateUserCommand(jane))).User.PersonalPIN, /^\d{10}$/);
  const causes = { BadRequestException: { Email: 'jane' }, ConflictException: {}, NotFoundException: { AccountId: nobody } };
  for (const [name, members] of Object.entries(causes)) {
    await assert.rejects(client.send(new CreateUserCommand({ ...jane, ...members })), { name });
  }
  for (const name of ['UnauthorizedClientException', 'ForbiddenException', 'ThrottledClientException', 'ServiceFailureException', 'ServiceUnavailableException']) {
    carillon.call('PutFault', { Operation: 'CreateUser', Error: name, Count: 1, AwsAccountId: awsAccountId });
    await assert.rejects(client.send(new CreateUserCommand(jane)), { name });
  }
});

test('an invitation ends', async () => {
  const { client } = carillon.account();
  const { AccountId } = (await client.send(new CreateAccountCommand({ Name: 'Demo' }))).Account;
  await client.send(new InviteUsersCommand({ AccountId, UserEmailList: ['joe@example.com'] }));
  carillon.call('AdvanceClock', { Seconds: 31 * 24 * 60 * 60 });
  const { Users } = await client.send(new ListUsersCommand({ AccountId }));
  assert.deepEqual(Users.map((u) => u.UserInvitationStatus), ['Failed']);
});
