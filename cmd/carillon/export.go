package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/carillon-server/carillon/internal/durable"
	"github.com/carillon-server/carillon/internal/sheet"
)

// exportCommand writes things out.
type exportCommand struct {
	Users    exportUsers    `cmd:"" help:"Write the users of an account as CSV or JSON lines."`
	Accounts exportAccounts `cmd:"" help:"Write the accounts as CSV or JSON lines."`
	Rooms    exportRooms    `cmd:"" help:"Write the rooms of an account as CSV or JSON lines."`
	Numbers  exportNumbers  `cmd:"" help:"Write the phone numbers of the inventory, or the stock, as CSV or JSON lines."`
	Audit    exportAudit    `cmd:"" help:"Write the audit records as CSV or JSON lines."`
}

// exportFlags are what all exports have in common.
type exportFlags struct {
	target

	Output  string `placeholder:"FILE" help:"Write to this file, which is replaced once all is there. Default: standard output."`
	Format  string `enum:"csv,jsonl," default:"" placeholder:"csv|jsonl" help:"CSV, or JSON lines. Default: jsonl for a FILE that ends so, else csv."`
	Columns string `placeholder:"NAME,..." help:"The columns, in this order; all is all there are. Default: those that people want and an import takes."`
	BOM     bool   `name:"bom" help:"Begin CSV with a byte order mark, without which Excel takes it for another encoding."`
}

// column is a column of an export.
type column[T any] struct {
	name  string
	value func(*T) any
	more  bool // only shown where it is asked for
}

// chosen returns the columns that are wanted.
func chosen[T any](all []column[T], want string) ([]column[T], error) {
	switch {
	case want == "":
		return slices.DeleteFunc(slices.Clone(all), func(c column[T]) bool { return c.more }), nil
	case strings.EqualFold(want, "all"):
		return all, nil
	}
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.name
	}
	var columns []column[T]
	for name := range strings.SplitSeq(want, ",") {
		i := slices.IndexFunc(names, func(s string) bool { return columnKey(s) == columnKey(name) })
		if i < 0 {
			return nil, usagef("--columns: %s is none of %s%s", name, strings.Join(names, ", "), didYouMean(name, names))
		}
		columns = append(columns, all[i])
	}
	return columns, nil
}

// isJSON says which format is wanted.
func (c *exportFlags) isJSON() bool {
	return c.Format == "jsonl" || c.Format == "" && slices.Contains([]string{".jsonl", ".ndjson"}, strings.ToLower(filepath.Ext(c.Output)))
}

// export writes things a page at a time. page returns the next page for the token of the one before, and its own.
func export[T any](ctx context.Context, p *process, c *exportFlags, things string, all []column[T], page func(ctx context.Context, token string) ([]T, string, error)) (err error) {
	columns, err := chosen(all, c.Columns)
	if err != nil {
		return err
	}
	out := p.stdout
	if c.Output != "" {
		file, err := durable.Create(c.Output)
		if err != nil {
			return usagef("--output: %v", err)
		}
		defer func() { err = errors.Join(err, file.Discard()) }()
		out = file
		if err := exportTo(ctx, p, c, things, columns, page, out); err != nil {
			return err
		}
		return file.Commit()
	}
	return exportTo(ctx, p, c, things, columns, page, out)
}

func exportTo[T any](ctx context.Context, p *process, c *exportFlags, things string, columns []column[T], page func(context.Context, string) ([]T, string, error), out io.Writer) error {
	names, values := make([]string, len(columns)), make([]any, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	var w *sheet.Writer
	if c.isJSON() {
		w = sheet.NewJSONLines(out)
	} else {
		if c.BOM {
			if _, err := io.WriteString(out, "\ufeff"); err != nil {
				return err
			}
		}
		w = sheet.NewCSV(out, ',', names)
	}
	progress := newProgress(p.stderr, things, 0)
	defer progress.end()
	for token := ""; ; {
		items, next, err := page(ctx, token)
		if err != nil {
			return errors.Join(w.Flush(), err)
		}
		for i := range items {
			for at, c := range columns {
				values[at] = c.value(&items[i])
			}
			if err := w.Write(names, values...); err != nil {
				return err
			}
		}
		if c.Output != "" {
			progress.add(len(items), 0)
		}
		if token = next; token == "" {
			return w.Flush()
		}
	}
}

// timeText is how an export shows a time, as the API does.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
