-- Tenants, their principals and access keys, and the sealing of secrets.
-- access_keys is of the whole installation: a key is found by its id alone.

-- +goose Up
create table tenants (
	tenant     bigint not null primary key,
	name       text   not null,
	suspended  bigint not null, -- 0 or 1
	created_at bigint not null,
	version    bigint not null
) without rowid;

create table principals (
	tenant     bigint not null,
	id         blob   not null,
	name       text   not null,
	name_key   text   not null, -- the name folded: unique in the tenant without regard to case
	created_at bigint not null,
	primary key (tenant, id)
) without rowid;

create unique index principals_name on principals (tenant, name_key);

create table access_keys (
	id            text   not null primary key,
	tenant        bigint not null,
	principal     blob   not null, -- zeros: the tenant's root
	slot          bigint not null, -- 1 or 2: so a principal has two keys at most
	sealed_secret blob   not null,
	inactive      bigint not null, -- 0 or 1
	created_at    bigint not null,
	last_used_at  bigint
) without rowid;

create unique index access_keys_slot on access_keys (tenant, principal, slot);

-- What is sealed says by which key. security_token is empty where sealed_token is not null.
alter table bots add column sealed_token blob;
alter table secrets add column sealed bigint not null default 0; -- 0 or 1
