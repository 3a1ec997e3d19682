-- Telephone numbers: the stock, who holds which, inventories, orders, settings, dial-outs; and the clock of tests.
-- number_holds, number_stock and test_clock are of the whole installation, all other tables of a tenant.

-- +goose Up
alter table users add column number text; -- E.164; null if the user has none

-- A number belongs to one user of the tenant.
create unique index users_number on users (tenant, number) where number is not null;

-- A number belongs to one tenant at a time. Whoever wants it inserts it here.
create table number_holds (
	number text   not null primary key,
	tenant bigint not null
) without rowid;

create table numbers (
	tenant        bigint not null,
	number        text   not null,
	country       text   not null,
	type          text   not null,
	product_type  text   not null,
	product_types text   not null, -- that it can have
	acquired      bigint not null, -- 0 or 1: its order is done
	created_at    bigint not null,
	updated_at    bigint not null,
	deleted_at    bigint,          -- when it came into the deletion queue
	account       blob,            -- whose user has it
	user_id       blob,
	associated_at bigint,
	calling_name  text   not null,
	named_at      bigint,          -- when the calling name was changed last
	primary key (tenant, number)
) without rowid;

create index numbers_account on numbers (tenant, account, number) where account is not null;
create index numbers_user on numbers (tenant, user_id, number) where user_id is not null;
-- Deleted numbers and those being acquired are few among many.
create index numbers_deleted on numbers (tenant, number) where deleted_at is not null;
create index numbers_ordered on numbers (tenant, number) where acquired = 0;

create table number_orders (
	tenant       bigint not null,
	id           blob   not null,
	product_type text   not null,
	status       text   not null,
	lines        text   not null, -- a number in each, and " acquired" behind those that the order gets
	created_at   bigint not null,
	updated_at   bigint not null,
	primary key (tenant, id)
) without rowid;

-- Numbers that were imported. A search walks the indexes of those that nobody has, however many others there are.
create table number_stock (
	number        text   not null primary key,
	country       text   not null,
	type          text   not null,
	city          text   not null,
	city_key      text   not null, -- the city folded
	state         text   not null, -- in capital letters; empty where it is not known, as is the city
	product_types text   not null,
	available     bigint not null -- 0 or 1: whether nobody holds it
) without rowid;

create index number_stock_type on number_stock (country, type, number) where available = 1;
create index number_stock_state on number_stock (country, state, number) where available = 1 and state <> '';
create index number_stock_city on number_stock (country, state, city_key, number) where available = 1 and city_key <> '';

create table number_settings (
	tenant       bigint not null primary key,
	calling_name text   not null,
	updated_at   bigint not null
);

create table dial_outs (
	tenant      bigint not null,
	id          blob   not null,
	meeting     text   not null,
	from_number text   not null,
	to_number   text   not null,
	asked_by    text   not null, -- an ARN
	asked_at    bigint not null,
	primary key (tenant, id)
) without rowid;

-- By how much a test has advanced the clock that users see.
create table test_clock (
	id      bigint not null primary key, -- 1
	advance bigint not null              -- milliseconds
);
