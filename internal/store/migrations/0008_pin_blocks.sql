-- PINs in an order where several servers give them: each takes a block for itself. The embedded store needs none.

-- +goose Up
create table pin_blocks (
	tenant bigint not null primary key,
	next   bigint not null -- the first PIN that nobody has taken
);
