-- Rooms, their members, messages and webhooks; conversations; bots and what they are told; how long messages are kept.

-- +goose Up
create table rooms (
	tenant     bigint not null,
	account    blob   not null,
	id         blob   not null,
	name       text   not null,
	created_by text   not null, -- the ARN of who made it
	created_at bigint not null,
	updated_at bigint not null,
	version    bigint not null,
	request      blob,          -- of the call that made it: its token hashed, or its mark
	request_name blob,          -- the name in that call, hashed
	primary key (tenant, account, id)
) without rowid;

create unique index rooms_request on rooms (tenant, account, request);

create table memberships (
	tenant     bigint not null,
	account    blob   not null,
	room       blob   not null,
	member     blob   not null, -- a user or a bot
	kind       text   not null,
	role       text   not null,
	invited_by text   not null, -- the ARN of who added the member
	invited_at bigint not null,
	updated_at bigint not null,
	primary key (tenant, account, room, member)
) without rowid;

create index memberships_member on memberships (tenant, account, member, room);

create table bots (
	tenant         bigint not null,
	account        blob   not null,
	id             blob   not null,
	display_name   text   not null,
	email_key      text   not null, -- the address folded: unique in the tenant
	email          text   not null,
	security_token text   not null, -- what the bot gets is signed with it
	disabled       bigint not null, -- 0 or 1
	endpoint       text   not null, -- empty for none
	lambda_arn     text   not null, -- empty for none
	created_at     bigint not null,
	updated_at     bigint not null,
	version        bigint not null,
	primary key (tenant, account, id)
) without rowid;

create unique index bots_email on bots (tenant, email_key);

-- What a bot is told is put together when it is sent: nothing of a message is kept here.
create table bot_events (
	tenant      bigint not null,
	account     blob   not null,
	bot         blob   not null,
	id          blob   not null,
	type        text   not null,
	room        blob   not null,
	message     blob   not null, -- of a mention; zeros otherwise
	caused_by   text   not null, -- the ARN of who invited or removed
	state       text   not null, -- queued, delivered, parked or withdrawn
	queued_at   bigint not null,
	finished_at bigint,
	attempts    bigint not null,
	error       text   not null, -- of the last attempt
	primary key (tenant, account, bot, id)
) without rowid;

create index bot_events_queued on bot_events (tenant, account, bot, id) where state = 'queued';
create index bot_events_finished on bot_events (finished_at) where finished_at is not null;

create table messages (
	tenant      bigint not null,
	account     blob   not null,
	place       blob   not null, -- a room or a conversation
	id          blob   not null,
	sender      blob   not null,
	sender_kind text   not null,
	content     text   not null, -- empty once redacted
	sent_at     bigint not null,
	redacted_at bigint,
	primary key (tenant, account, place, id)
) without rowid;

create table webhooks (
	tenant     bigint not null,
	account    blob   not null,
	id         blob   not null,
	room       blob   not null,
	name       text   not null,
	token_hash blob   not null,
	created_by text   not null,
	created_at bigint not null,
	posted_at  bigint,
	primary key (tenant, account, id)
) without rowid;

create index webhooks_room on webhooks (tenant, account, room, id);

create table conversations (
	tenant     bigint not null,
	account    blob   not null,
	id         blob   not null,
	created_by text   not null,
	created_at bigint not null,
	primary key (tenant, account, id)
) without rowid;

create table conversation_members (
	tenant       bigint not null,
	account      blob   not null,
	conversation blob   not null,
	member       blob   not null,
	position     bigint not null, -- in the order in which they were named
	primary key (tenant, account, conversation, member)
) without rowid;

create index conversation_members_member on conversation_members (tenant, account, member, conversation);

create table retention (
	tenant            bigint not null,
	account           blob   not null,
	room_days         bigint not null, -- 0 for ever
	conversation_days bigint not null, -- 0 for ever
	deletion_at       bigint,          -- nothing is deleted before
	primary key (tenant, account)
) without rowid;
