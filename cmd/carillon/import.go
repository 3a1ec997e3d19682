package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/sheet"
)

// importCommand brings things in from files.
type importCommand struct {
	Users importUsers `cmd:"" help:"Add the users of a CSV or JSON lines file to an account."`
}

// importFlags are what all imports have in common.
type importFlags struct {
	target
	columnRules

	File    string `arg:"" help:"A CSV or JSON lines file; - is standard input."`
	Columns string `sep:"none" placeholder:"NAME,..." help:"The columns of a file whose first row does not name them."`
	Errors  string `placeholder:"FILE" help:"Where the rows that are refused go, to be mended and imported. Default: FILE with .errors.csv at its end."`
	DryRun  bool   `help:"Change nothing; print what would become of each row."`
}

// importKind is what one import has of its own.
type importKind struct {
	things    string // users
	operation string
	required  []int    // fields that the file must have a column for
	headless  []string // the columns of a file that does not name them; nil if it must
	outcomes  []string // as the operation has them, in the order in which they are counted; the last is for what is refused
	verbs     []string // how they are told

	// read turns the values of a row, by field, into an item of the request. What it refuses is told with the field.
	read func(values []string) (item any, field int, problem string)
	// key is what no other row may have, in a form that can be compared; keyField is the field it comes from.
	key      func(item any) string
	keyField int
	input    func(items []any, dryRun bool) any
	answer   func(out any, n int) []rowOutcome
}

// rowOutcome is what the server says of a row. member names the field that a refusal is about.
type rowOutcome struct{ outcome, member, reason string }

const (
	maxImport      = 1000      // rows of a request; the server takes more, but others want to write meanwhile
	maxImportBytes = 900 << 10 // of a request's body, of which the server takes a mebibyte
	maxImportRow   = 16 << 10  // bytes of its values there
	rowBytes       = 200       // of an item there, without its values
	maxTold        = 20        // refused rows that are told on standard error where a file has all of them
)

// pending is a row whose outcome is not known.
type pending struct {
	row *sheet.Row
	rowOutcome
	field int // that a refusal is about, -1 if none
}

// batch is the rows of a request, and those between them that are refused without asking.
type batch struct {
	rows    []*pending
	columns []string // by then, as JSON lines may have more later
	to      []int    // their fields
	asked   []*pending
	request any
	offset  int64 // how far the file was read
}

// bulkImport is an import under way.
type bulkImport struct {
	*importFlags
	kind     *importKind
	caller   *caller
	rows     *sheet.Reader
	to       []int // field by column
	known    int   // columns that to covers
	seed     maphash.Seed
	seen     map[uint64]int // where a key was
	errors   *errorFile
	progress *progress
	report   *csv.Writer // of a dry run
	counts   map[string]int
}

// run imports the file.
func (c *importFlags) run(ctx context.Context, p *process, caller *caller, kind *importKind) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	file, size, err := openInput(p, c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	i := &bulkImport{importFlags: c, kind: kind, caller: caller, seed: maphash.MakeSeed(), seen: map[uint64]int{}, counts: map[string]int{}}
	if i.rows, err = sheet.NewReader(file, i.header); err != nil {
		return usagef("%s: %v", c.File, err)
	}
	i.errors = &errorFile{path: c.Errors, rows: i.rows}
	if c.DryRun {
		i.report = csv.NewWriter(p.stdout)
		_ = i.report.Write([]string{"line", "outcome", "column", "reason"}) // Flush says the error
		i.errors.path = ""
	} else if c.Errors == "" {
		i.errors.path = errorPath(c.File, i.rows)
	}
	if sameFile(file, i.errors.path) {
		return usagef("--errors is the file that is imported; name another")
	}
	if err := i.errors.clear(); err != nil {
		return err
	}
	i.progress = newProgress(p.stderr, kind.things, size)
	err = i.pipeline(ctx)
	i.progress.end()
	err = errors.Join(err, i.errors.close())
	if i.report != nil {
		i.report.Flush()
		err = errors.Join(err, i.report.Error())
	}
	if usage := (*usageError)(nil); errors.As(err, &usage) {
		return err
	}
	return i.conclude(p, err)
}

// conclude says what was done.
func (i *bulkImport) conclude(p *process, err error) error {
	out, would := p.stdout, ""
	if i.DryRun {
		out, would = p.stderr, "a dry run: "
	}
	took := time.Since(i.progress.begun)
	done, parts := 0, []string{}
	for n, outcome := range i.kind.outcomes {
		count := i.counts[outcome]
		done += count
		if n == 0 {
			parts = append(parts, fmt.Sprintf("%d %s %s", count, i.kind.things, i.kind.verbs[n]))
		} else if count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count, i.kind.verbs[n]))
		}
	}
	fmt.Fprintf(out, "%s%s, in %s (%.0f rows/s)\n", would, strings.Join(parts, ", "), took.Round(time.Millisecond), float64(done)/max(took.Seconds(), 0.001))
	refused := i.counts[i.kind.outcomes[len(i.kind.outcomes)-1]]
	switch {
	case err != nil:
		return fmt.Errorf("%w\nimport the file again to go on: nothing is added twice", err)
	case refused > 0 && i.DryRun:
		return fmt.Errorf("%d rows would be refused", refused)
	case refused > 0 && i.errors.path != "":
		return fmt.Errorf("%d rows were refused; they are in %s: mend them there and import that file", refused, i.errors.path)
	case refused > 0:
		return fmt.Errorf("%d rows were refused", refused)
	}
	return nil
}

// openInput opens a file and returns its size, 0 if it has none.
func openInput(p *process, name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return io.NopCloser(p.stdin), 0, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, 0, usagef("%v", err)
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return file, 0, nil // no bar, then
	}
	return file, info.Size(), nil
}

// sameFile reports whether the path is that of an open file.
func sameFile(open io.ReadCloser, path string) bool {
	file, ok := open.(*os.File)
	if !ok {
		return false
	}
	one, err := file.Stat()
	if err != nil {
		return false
	}
	other, err := os.Stat(path)
	return err == nil && os.SameFile(one, other)
}

// header takes the columns from the first row of a CSV file, or from the command line.
func (i *bulkImport) header(first []string) (columns []string, isRow bool, err error) {
	if i.Columns != "" {
		columns, isRow = strings.Split(i.Columns, ","), true
	} else if columns = first; i.kind.headless != nil && !i.names(first) {
		columns, isRow = i.kind.headless, true
	}
	to := i.resolve(columns)
	err = i.requireKnown(columns, to, i.kind.required...)
	if err != nil && !i.names(first) && !isRow {
		err = usagef("the first row names no column that is known; write the names there, or say what the columns are with --columns %s,...", i.fields[i.kind.required[0]].name)
	}
	i.to, i.known = to, len(columns)
	return columns, isRow, err
}

// names reports whether a row names a column that must be there.
func (i *bulkImport) names(first []string) bool {
	for _, field := range i.resolve(first) {
		if field >= 0 {
			return true
		}
	}
	return false
}

// pipeline reads the next batches while the server works at one. Requests go one after the other: their order is that of
// the file, and so the users' is, and a server has enough to do with one.
func (i *bulkImport) pipeline(ctx context.Context) error {
	batches := make(chan *batch, 1)
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error {
		defer close(batches)
		for {
			b, err := i.gather()
			if len(b.rows) > 0 {
				select {
				case batches <- b:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	all.Go(func() error {
		for b := range batches {
			if err := i.send(ctx, b); err != nil {
				return err
			}
			if err := i.tell(b); err != nil {
				return err
			}
		}
		return nil
	})
	return all.Wait()
}

// gather reads the rows of a batch; with the last one it returns io.EOF.
func (i *bulkImport) gather() (b *batch, err error) {
	b = &batch{}
	var items []any
	for size := 0; len(b.rows) < maxImport && size < maxImportBytes; {
		row, err := i.rows.Next()
		if err != nil {
			b.complete(i, items)
			return b, err
		}
		p := &pending{row: row, field: -1}
		item, n := i.take(p)
		size += n
		b.rows = append(b.rows, p)
		if p.outcome == "" {
			items, b.asked = append(items, item), append(b.asked, p)
		}
	}
	b.complete(i, items)
	return b, nil
}

func (b *batch) complete(i *bulkImport, items []any) {
	b.columns, b.to, b.offset = i.rows.Columns(), i.to, i.rows.Offset()
	if len(items) > 0 {
		b.request = i.kind.input(items, i.DryRun)
	}
}

// take makes an item of a row, or refuses it.
func (i *bulkImport) take(p *pending) (item any, size int) {
	refuse := func(field int, reason string) (any, int) {
		p.rowOutcome = rowOutcome{outcome: i.kind.outcomes[len(i.kind.outcomes)-1], reason: reason}
		p.field = field
		return nil, 0
	}
	if columns := i.rows.Columns(); len(columns) > i.known { // of JSON lines
		i.to, i.known = i.resolve(columns), len(columns)
	}
	if p.row.Problem != "" {
		p.rowOutcome = rowOutcome{i.kind.outcomes[len(i.kind.outcomes)-1], p.row.Column, p.row.Problem}
		return nil, 0
	}
	if at, found := unknownColumn(p.row.Values, i.to); found {
		p.rowOutcome = rowOutcome{i.kind.outcomes[len(i.kind.outcomes)-1], i.rows.Columns()[at], "is not known; leave it out, or say what it is with --map"}
		return nil, 0
	}
	values := make([]string, len(i.fields))
	for at, field := range i.to {
		if field >= 0 && at < len(p.row.Values) {
			values[field] = p.row.Values[at]
		}
	}
	for _, v := range values {
		size += bodyBytes(v)
	}
	if size > maxImportRow {
		return refuse(-1, fmt.Sprintf("the row has more than %d KiB of values", maxImportRow>>10))
	}
	item, field, problem := i.kind.read(values)
	if problem != "" {
		return refuse(field, problem)
	}
	if key := i.kind.key(item); key != "" {
		sum := maphash.String(i.seed, key)
		if line, given := i.seen[sum]; given {
			return refuse(i.kind.keyField, fmt.Sprintf("is that of line %d too", line))
		}
		i.seen[sum] = p.row.Line
	}
	return item, size + rowBytes
}

// bodyBytes is what a value takes in the body of a request at most.
func bodyBytes(s string) int {
	n := len(s)
	for _, c := range []byte(s) {
		switch {
		case c < ' ':
			n += 5
		case c == '"' || c == '\\':
			n++
		}
	}
	return n
}

const (
	patience = 2 * time.Minute // with a server that has too much to do
	maxPause = 10 * time.Second
)

// send asks the server for the outcomes of a batch. A server that has too much to do is asked again.
func (i *bulkImport) send(ctx context.Context, b *batch) error {
	if b.request == nil {
		return nil
	}
	op := api.ByName(i.kind.operation)
	for begun, pause := time.Now(), 250*time.Millisecond; ; pause = min(2*pause, maxPause) {
		answer, err := i.caller.call(ctx, op, b.request)
		var refused *answerError
		if errors.As(err, &refused) && (refused.status == 429 || refused.status == 503) && time.Since(begun) < patience {
			select {
			case <-time.After(pause):
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err != nil {
			return err
		}
		out, err := api.Unmarshal(op.Output, answer)
		if err != nil {
			return fmt.Errorf("the answer cannot be read: %w", err)
		}
		outcomes := i.kind.answer(out, len(b.asked))
		if len(outcomes) != len(b.asked) {
			return fmt.Errorf("the server answered for %d of %d rows", len(outcomes), len(b.asked))
		}
		for n, o := range outcomes {
			b.asked[n].rowOutcome = o
			if b.asked[n].field = i.fieldNamed(o.member); b.asked[n].field < 0 {
				b.asked[n].member = ""
			}
		}
		return nil
	}
}

// tell counts a batch, and tells what was refused.
func (i *bulkImport) tell(b *batch) error {
	refused := i.kind.outcomes[len(i.kind.outcomes)-1]
	good := 0
	for _, p := range b.rows {
		i.counts[p.outcome]++
		column := i.column(b, p)
		if i.report != nil {
			if err := i.report.Write([]string{strconv.Itoa(p.row.Line), p.outcome, column, p.reason}); err != nil {
				return err
			}
		}
		if p.outcome != refused {
			good++
			continue
		}
		if i.report == nil && (i.errors.path == "" || i.counts[refused] <= maxTold) {
			i.progress.fail(i.File, p.row.Line, i.describe(p, column))
		}
		if i.counts[refused] == maxTold+1 && i.report == nil && i.errors.path != "" {
			i.progress.say("more rows are refused; all of them are in " + i.errors.path)
		}
		if err := i.errors.add(b.columns, p.row, column, p.reason); err != nil {
			return err
		}
	}
	i.progress.add(good, b.offset)
	return i.errors.flush()
}

// column returns the name that the column of a refusal has in the file.
func (i *bulkImport) column(b *batch, p *pending) string {
	if p.field >= 0 {
		for at, field := range b.to {
			if field == p.field {
				return b.columns[at]
			}
		}
		return i.fields[p.field].name
	}
	return p.member
}

// describe puts the column before a reason that does not name it by itself.
func (i *bulkImport) describe(p *pending, column string) string {
	if column == "" || p.field >= 0 && strings.HasPrefix(p.reason, i.fields[p.field].name) {
		return p.reason
	}
	return column + ": " + p.reason
}
