-- Accounts, users, the marks of creates, and the installation's secrets.
-- Keys lead with the tenant, the number of an AWS account. IDs are 16 bytes and sort by the time they were made.
-- Times are milliseconds since 1970. Enumerations hold the API's words, lists of them comma-separated.

-- +goose Up
create table accounts (
	tenant             bigint not null,
	id                 blob   not null,
	name               text   not null,
	type               text   not null,
	status             text   not null,
	default_license    text   not null,
	supported_licenses text   not null,
	created_at         bigint not null,
	version            bigint not null,
	primary key (tenant, id)
) without rowid;

create index accounts_name on accounts (tenant, name);

create table users (
	tenant        bigint  not null,
	account       blob    not null,
	id            blob    not null,
	email_key     text    not null, -- the address folded: unique in the tenant without regard to case
	email         text,             -- the address as it was given, where that differs from the key
	display_name  text    not null,
	license       text    not null,
	type          text    not null,
	registration  text    not null,
	invitation    text    not null, -- empty: never invited
	registered_at bigint,
	invited_at    bigint,
	alexa_enabled bigint  not null, -- 0 or 1
	alexa_room    text    not null,
	pin           bigint,           -- null until registered
	mark          blob,             -- of the call that made the user
	version       bigint  not null,
	primary key (tenant, account, id)
) without rowid;

create unique index users_email on users (tenant, email_key);
create unique index users_pin on users (tenant, pin);
-- Shared devices are few among many: a list of them must not walk past everybody else.
create index users_devices on users (tenant, account, id) where type = 'SharedDevice';

-- A mark finds the thing that a create made, should the call be repeated. Users carry theirs themselves.
create table marks (
	tenant  bigint not null,
	mark    blob   not null,
	made    blob   not null, -- the ID of what was made; its time is the mark's
	primary key (tenant, mark)
) without rowid;

create index marks_made on marks (made);

create table secrets (
	name  text not null primary key,
	value blob not null
);
