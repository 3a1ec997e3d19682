package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/carillon-server/carillon/api"
)

// numbersCommand is about the stock of telephone numbers of a running server.
type numbersCommand struct {
	Import numbersImport `cmd:"" help:"Add the numbers of a CSV file to the stock."`
}

type numbersImport struct {
	target

	File string `arg:"" help:"The CSV file; - is standard input."`
}

// Help is printed below the command's first line.
func (numbersImport) Help() string {
	return `Each row is a number: number, country, type, city, state, product types. The last three may be missing; product types have
spaces between them. A first row that begins with "number" names the columns, which may then be in any order:

    number,country,type,city,state,product types
    +12065551234,US,Local,Seattle,WA,BusinessCalling VoiceConnector
    +18885551234,US,TollFree

A row that breaks a rule is reported with its line, and the others are imported. After an interruption, import the file again:
numbers that are there are replaced.

    carillon numbers import numbers.csv
`
}

// importers is how many requests are under way at once: the server reads one while it writes another.
const importers = 2

// Run imports the file in requests of many rows.
func (c *numbersImport) Run(ctx context.Context, p *process, g *globals) error {
	file, size, err := c.open(p)
	if err != nil {
		return err
	}
	defer file.Close()
	caller, err := c.caller(ctx, p, g)
	if err != nil {
		return err
	}
	i := &importing{caller: caller, name: c.File, rows: newRowReader(file), progress: newProgress(p.stderr, size)}
	err = i.run(ctx)
	i.progress.end()
	if usage := (*usageError)(nil); errors.As(err, &usage) {
		return err
	}
	fmt.Fprintf(p.stdout, "%d numbers imported in %s\n", i.progress.done, time.Since(i.progress.begun).Round(time.Millisecond))
	switch {
	case err != nil:
		return fmt.Errorf("%w\nimport the file again to go on: numbers that are there are replaced", err)
	case i.progress.failed > 0:
		return fmt.Errorf("%d rows were not imported", i.progress.failed)
	}
	return nil
}

// open opens the file and returns its size, 0 if it has none.
func (c *numbersImport) open(p *process) (io.ReadCloser, int64, error) {
	if c.File == "-" {
		return io.NopCloser(p.stdin), 0, nil
	}
	file, err := os.Open(c.File)
	if err != nil {
		return nil, 0, usagef("%v", err)
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return file, 0, nil // no bar, then
	}
	return file, info.Size(), nil
}

// importing is an import under way.
type importing struct {
	caller   *caller
	name     string // of the file
	rows     *rowReader
	progress *progress
}

func (i *importing) run(ctx context.Context) error {
	batches := make(chan batch)
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error {
		defer close(batches)
		return i.read(ctx, batches)
	})
	for range importers {
		all.Go(func() error {
			for b := range batches {
				if err := i.send(ctx, b); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return all.Wait()
}

// read cuts the file into batches.
func (i *importing) read(ctx context.Context, batches chan<- batch) error {
	for {
		b, err := i.rows.next(func(line int, problem string) { i.progress.fail(i.name, line, problem) })
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(b.rows) > 0 {
			select {
			case batches <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err != nil {
			return nil
		}
	}
}

// send imports a batch.
func (i *importing) send(ctx context.Context, b batch) error {
	answer, err := i.caller.call(ctx, api.ByName("ImportPhoneNumbers"), &api.ImportPhoneNumbersInput{PhoneNumbers: b.rows})
	if err != nil {
		return err
	}
	var out api.ImportPhoneNumbersOutput
	if err := json.Unmarshal(answer, &out); err != nil {
		return fmt.Errorf("the answer is not JSON: %w", err)
	}
	for _, e := range out.ImportErrors {
		i.progress.fail(i.name, b.lines[e.Row-1], e.ErrorMessage)
	}
	i.progress.add(out.Imported, b.offset)
	return nil
}
