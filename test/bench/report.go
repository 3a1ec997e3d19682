package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"text/tabwriter"
)

// figures are those of one operation at one number of connections.
type figures struct {
	Operation   string  `json:"operation"`
	Connections int     `json:"connections"`
	Rate        float64 `json:"requestsPerSecond"`
	BareRate    float64 `json:"bareRequestsPerSecond"`
	OfBare      float64 `json:"ofBare"`
	P50         float64 `json:"p50Milliseconds"`
	P99         float64 `json:"p99Milliseconds"`
	CPU         float64 `json:"serverCPUMicroseconds"`
	RSS         float64 `json:"rssMegabytes"`

	// On PostgreSQL alone.
	SingleRate  float64 `json:"pgbenchInsertsPerSecond,omitzero"`
	SingleCPU   float64 `json:"pgbenchCPUMicroseconds,omitzero"`
	OfSingle    float64 `json:"ofPgbench,omitzero"`
	DatabaseCPU float64 `json:"databaseCPUMicroseconds,omitzero"`

	requests int
}

// report is the medians of all turns.
type report struct {
	Database        string    `json:"database"`
	Users           int       `json:"users"`
	Turns           int       `json:"turns"`
	Processors      int       `json:"processors"`
	Rows            []figures `json:"rows"`
	Beside          *report   `json:"beside,omitempty"` // of the smaller store
	Start           float64   `json:"startMilliseconds"`
	Sync            float64   `json:"fdatasyncMilliseconds"`
	IdleRSS         float64   `json:"idleRSSMegabytes"`
	LoadRSS         float64   `json:"loadRSSMegabytes"`
	PerUser         float64   `json:"diskBytesPerUser"`
	FsyncsPerCreate *float64  `json:"fsyncsPerCreate"` // null where they were not counted
}

// report takes the medians.
func (f *filledStore) report(database string) *report {
	r := &report{
		Database:   database,
		Users:      f.users,
		Turns:      len(f.measured),
		Processors: runtime.NumCPU(),
		Start:      median(f.measured, func(f turnFigures) float64 { return milliseconds(f.start) }),
		Sync:       median(f.measured, func(f turnFigures) float64 { return milliseconds(f.sync) }),
		IdleRSS:    median(f.measured, func(f turnFigures) float64 { return float64(f.idle) / 1e6 }),
		PerUser:    median(f.measured, func(f turnFigures) float64 { return f.perUser }),
	}
	for i, row := range f.measured[0].rows {
		of := func(figure func(figures) float64) float64 {
			return median(f.measured, func(f turnFigures) float64 { return figure(f.rows[i]) })
		}
		r.Rows = append(r.Rows, figures{
			Operation:   row.Operation,
			Connections: row.Connections,
			Rate:        of(func(f figures) float64 { return f.Rate }),
			BareRate:    of(func(f figures) float64 { return f.BareRate }),
			OfBare:      of(func(f figures) float64 { return f.OfBare }),
			P50:         of(func(f figures) float64 { return f.P50 }),
			P99:         of(func(f figures) float64 { return f.P99 }),
			CPU:         of(func(f figures) float64 { return f.CPU }),
			RSS:         of(func(f figures) float64 { return f.RSS }),
			SingleRate:  of(func(f figures) float64 { return f.SingleRate }),
			SingleCPU:   of(func(f figures) float64 { return f.SingleCPU }),
			OfSingle:    of(func(f figures) float64 { return f.OfSingle }),
			DatabaseCPU: of(func(f figures) float64 { return f.DatabaseCPU }),
		})
		r.LoadRSS = max(r.LoadRSS, r.Rows[i].RSS)
	}
	slices.SortStableFunc(r.Rows, func(a, b figures) int {
		return slices.Index(operations, a.Operation) - slices.Index(operations, b.Operation)
	})
	return r
}

// median returns the middle of a figure over the turns, the lower one of two.
func median(turns []turnFigures, figure func(turnFigures) float64) float64 {
	all := make([]float64, len(turns))
	for i, f := range turns {
		all[i] = figure(f)
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}

func (r *report) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func readReport(file string) (*report, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := new(report)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s is not the JSON of a run: %w", file, err)
	}
	return r, nil
}

// writeTable writes the report for people, each figure beside that of an earlier one if there is one, after the report of the
// smaller store if there is one.
func (r *report) writeTable(w io.Writer, earlier *report) error {
	if r.Beside != nil {
		if err := r.Beside.writeTable(w, nil); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "A store of %d users in %s, %d processors, medians of %d turns.\n\n", r.Users, r.Database, r.Processors, r.Turns)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	head := "operation\tconnections\trequests/s\tbare/s\tof bare\tp50 ms\tp99 ms\tserver CPU us\tRSS MB\t"
	if r.onPostgres() {
		head += "database CPU us\tpgbench/s\tpgbench CPU us\tof pgbench\t"
	}
	fmt.Fprintln(t, head)
	for _, f := range r.Rows {
		f.write(t, f.Operation, r.onPostgres())
		if before := earlier.row(f.Operation, f.Connections); before != nil {
			before.write(t, "before", r.onPostgres())
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	t = tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	if earlier != nil {
		fmt.Fprintln(t, "\tnow\tbefore\t")
	}
	line := func(name, form string, figure func(*report) float64) {
		fmt.Fprintf(t, "%s\t"+form+"\t", name, figure(r))
		if earlier != nil {
			fmt.Fprintf(t, form+"\t", figure(earlier))
		}
		fmt.Fprintln(t)
	}
	for _, f := range r.Rows {
		if f.Operation != createUser {
			continue
		}
		if before := r.Beside.row(f.Operation, f.Connections); before != nil {
			fmt.Fprintf(t, "server CPU of a create over %d connections, times that of %d users\t%.2f\t\n", f.Connections, r.Beside.Users, f.CPU/before.CPU)
		}
		fmt.Fprintf(t, "p99 of a create over %d connections, in fdatasyncs\t%.0f\t\n", f.Connections, f.P99/r.Sync)
	}
	line("fdatasync, ms", "%.2f", func(r *report) float64 { return r.Sync })
	line("start, ms", "%.0f", func(r *report) float64 { return r.Start })
	line("RSS idle, MB", "%.1f", func(r *report) float64 { return r.IdleRSS })
	line("RSS under load, MB", "%.1f", func(r *report) float64 { return r.LoadRSS })
	line("disk per user, bytes", "%.0f", func(r *report) float64 { return r.PerUser })
	if r.FsyncsPerCreate != nil && (earlier == nil || earlier.FsyncsPerCreate != nil) {
		line(fmt.Sprintf("fsyncs per create, %d connections", fsyncConnections), "%.4f", func(r *report) float64 { return *r.FsyncsPerCreate })
	}
	return t.Flush()
}

func (r *report) onPostgres() bool { return r.Database == onPostgres }

func (f *figures) write(t io.Writer, name string, more bool) {
	fmt.Fprintf(t, "%s\t%d\t%.0f\t%.0f\t%.2f\t%.2f\t%.2f\t%.0f\t%.0f\t",
		name, f.Connections, f.Rate, f.BareRate, f.OfBare, f.P50, f.P99, f.CPU, f.RSS)
	if more {
		fmt.Fprintf(t, "%.0f\t%.0f\t%.0f\t%.2f\t", f.DatabaseCPU, f.SingleRate, f.SingleCPU, f.OfSingle)
	}
	fmt.Fprintln(t)
}

// row returns the figures of an operation, or nil; a nil report has none.
func (r *report) row(operation string, connections int) *figures {
	if r == nil {
		return nil
	}
	for i, f := range r.Rows {
		if f.Operation == operation && f.Connections == connections {
			return &r.Rows[i]
		}
	}
	return nil
}
