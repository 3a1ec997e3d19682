-- What principals may do.

-- +goose Up
create table policies (
	tenant     bigint not null,
	principal  blob   not null,
	managed    bigint not null, -- 1: it came with the server, and is attached; 0: it is the principal's own
	name       text   not null,
	document   text   not null, -- empty of a managed one
	changed_at bigint not null,
	primary key (tenant, principal, managed, name)
) without rowid;

alter table principals add column granted blob; -- changes whenever its policies do; null: it never had one
