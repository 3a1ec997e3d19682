-- Who did what: a record for each change, and the seals over them.
-- IDs of records sort in the order in which they were made; a server's end with the same 8 bytes, its own.

-- +goose Up
create table audit (
	tenant  bigint not null,
	id      blob   not null,
	context blob   not null, -- who did it, by what program: the id of an audit_contexts; empty for none
	record  blob   not null,
	sum     blob   not null, -- a keyed hash over all of it
	primary key (tenant, id)
) without rowid;

-- What many records have in common.
create table audit_contexts (
	tenant  bigint not null,
	month   bigint not null, -- of 30 days, counted from 1970
	id      blob   not null,
	context blob   not null,
	primary key (tenant, month, id)
) without rowid;

-- A seal covers the records after those of the seal before.
create table audit_seals (
	tenant    bigint not null,
	number    bigint not null, -- 1, 2, 3, ...
	seal      blob   not null,
	signature blob   not null,
	primary key (tenant, number)
) without rowid;

create table audit_heads (
	tenant    bigint not null primary key,
	number    bigint not null, -- of the last seal
	last      blob   not null, -- the ID up to which records are sealed
	signature blob   not null, -- of the last seal
	sum       blob   not null  -- a keyed hash over all of it
);

-- The servers that make records in a database that several share.
create table audit_servers (
	id      blob   not null primary key,
	settled bigint not null, -- none of its records that are still to come is as early as this
	beat    bigint not null  -- goes up while the server lives; -1 once it has gone
);
