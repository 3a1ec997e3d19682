-- The rest of an account's and a user's life: settings, domains, invitations, sessions, deletion; and the job table.

-- +goose Up
alter table accounts add column deleted_at bigint;                              -- null while the account is there
alter table accounts add column delegate_groups text not null default '';       -- names, one a line
alter table accounts add column disable_remote_control bigint not null default 0; -- 0 or 1
alter table accounts add column enable_dial_out bigint not null default 0;      -- 0 or 1

alter table users add column invite_generation bigint not null default 0;       -- one more with each invitation: older links end
alter table users add column invited_by text not null default '';               -- the ARN of who invited last
alter table users add column session_epoch bigint not null default 1;           -- one more with each sign-out
alter table users add column inbound_calling bigint not null default 0;         -- 0 or 1
alter table users add column outbound_calling bigint not null default 0;        -- 0 or 1
alter table users add column sms bigint not null default 0;                     -- 0 or 1

-- Deleted accounts and open invitations are few among many.
create index accounts_deleted on accounts (tenant, id) where deleted_at is not null;
create index users_unregistered on users (tenant, account, id) where registration = 'Unregistered';

create table domains (
	tenant     bigint not null,
	id         blob   not null,
	account    blob   not null,
	name       text   not null, -- lower case: belongs to one account of the tenant
	claimed_at bigint not null,
	primary key (tenant, id)
) without rowid;

create unique index domains_name on domains (tenant, name);
create index domains_account on domains (tenant, account, id);

create table global_settings (
	tenant                     bigint not null primary key,
	business_calling_cdr_bucket text,
	voice_connector_cdr_bucket  text
);

-- What is to be done outside a transaction, and what became of it. A process that works on a job holds it and raises the
-- beat; it is free again when the beat stands still.
create table jobs (
	tenant      bigint not null,
	id          blob   not null,
	kind        text   not null,
	account     blob   not null, -- whom it is about
	subject     blob   not null, -- the user, or the account again
	payload     text   not null,
	state       text   not null, -- queued, done, parked or withdrawn
	queued_at   bigint not null,
	due_at      bigint not null,
	finished_at bigint,
	attempts    bigint not null,
	error       text   not null, -- of the last attempt
	holder      blob,            -- the process that works on it
	beat        bigint not null,
	primary key (tenant, id)
) without rowid;

create index jobs_due on jobs (kind, due_at) where state = 'queued';
create index jobs_finished on jobs (finished_at) where finished_at is not null;
