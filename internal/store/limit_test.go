package store

import (
	"context"
	"fmt"
)

// Limit bounds the database to a number of pages.
func Limit(_ context.Context, db *DB, pages int) error {
	errs := make(chan error, 1)
	err := db.Update(context.Background(), 0, func(*Tx) error {
		errs <- db.engine.(*embedded).writer.conn.exec(fmt.Sprintf("pragma max_page_count(%d)", pages))
		return nil
	})
	if err != nil {
		return err
	}
	return <-errs
}

// FoldAt lets the log be folded at so many pages, leaving so many to the writer, after so many operations.
func FoldAt(db *DB, pages, left int64, operations int) error {
	return db.Update(context.Background(), 0, func(*Tx) error { // on the writer's own goroutine
		db.engine.(*embedded).writer.folding = folding{pages, left, operations}
		return nil
	})
}
