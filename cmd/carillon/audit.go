package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/carillon-server/carillon/api"
)

// auditCommand is about the audit records of a running server.
type auditCommand struct {
	List   auditList   `cmd:"" default:"withargs" help:"List who did what, the latest first. This is what carillon audit does."`
	Verify auditVerify `cmd:"" help:"Check that no record was removed, added or altered since it was sealed."`
}

type auditList struct {
	target

	EventName    string    `placeholder:"NAME" help:"Only events of this name, such as CreateUser."`
	PrincipalArn string    `placeholder:"ARN" help:"Only what this principal did."`
	AccountID    string    `name:"account-id" placeholder:"ID" help:"Only what is about this Chime account."`
	StartTime    time.Time `placeholder:"TIME" help:"Only events from this time on, such as 2026-03-01T00:00:00Z."`
	EndTime      time.Time `placeholder:"TIME" help:"Only events up to this time."`
	Limit        int       `default:"100" placeholder:"N" help:"How many events to list at most, 0 for all. Default: ${default}."`
	Follow       bool      `help:"Go on with what comes, the latest last."`
	JSON         bool      `name:"json" help:"Print each event as a line of JSON, in the form of AWS CloudTrail."`
}

// Help is printed below the command's first line.
func (auditList) Help() string {
	return `    carillon audit
    carillon audit --event-name DeleteAccount --start-time 2026-03-01T00:00:00Z
    carillon audit --json --limit 0 >events.jsonl
    carillon audit --follow
`
}

// How often follow looks, how far back, as records of several servers may show a little late, and what it begins with.
const (
	followEvery = time.Second
	followBack  = 30 * time.Second
	followFirst = 10
)

// Run lists, or follows until the process is stopped.
func (c *auditList) Run(ctx context.Context, p *process, g *globals) error {
	caller, err := c.caller(ctx, p, g)
	if err != nil {
		return err
	}
	if c.Limit < 0 {
		return usagef("--limit must not be negative; 0 is all")
	}
	out := bufio.NewWriter(p.stdout)
	if c.Follow {
		return c.follow(ctx, caller, out)
	}
	err = c.look(ctx, caller, c.lookup(), c.Limit, func(e *api.Event) error { return c.print(out, e) })
	return errors.Join(err, out.Flush())
}

func (c *auditList) lookup() *api.LookupEventsInput {
	return &api.LookupEventsInput{EventName: c.EventName, PrincipalARN: c.PrincipalArn, AccountID: c.AccountID, StartTime: c.StartTime, EndTime: c.EndTime}
}

// look shows fn at most limit events, all if it is 0, the latest first.
func (c *auditList) look(ctx context.Context, caller *caller, in *api.LookupEventsInput, limit int, fn func(*api.Event) error) error {
	for seen := 0; ; {
		in.MaxResults = 1000
		if limit > 0 {
			in.MaxResults = min(in.MaxResults, limit-seen)
		}
		page, err := fetch[api.LookupEventsOutput](ctx, caller, "LookupEvents", in)
		if err != nil {
			return err
		}
		for i := range page.Events {
			if err := fn(&page.Events[i]); err != nil {
				return err
			}
		}
		seen += len(page.Events)
		if in.NextToken = page.NextToken; in.NextToken == "" || seen == limit {
			return nil
		}
	}
}

// follow prints the latest events, and then whatever comes.
func (c *auditList) follow(ctx context.Context, caller *caller, out *bufio.Writer) error {
	printed := map[string]time.Time{}
	limit, in := followFirst, c.lookup()
	for tick := time.NewTicker(followEvery); ; {
		var fresh []*api.Event
		latest := time.Time{}
		err := c.look(ctx, caller, in, limit, func(e *api.Event) error {
			if _, known := printed[e.EventID]; !known {
				fresh = append(fresh, e)
			}
			if e.EventTime.After(latest) {
				latest = e.EventTime
			}
			return nil
		})
		if err != nil {
			return err
		}
		for i := len(fresh) - 1; i >= 0; i-- {
			printed[fresh[i].EventID] = fresh[i].EventTime
			if err := c.print(out, fresh[i]); err != nil {
				return err
			}
		}
		if err := out.Flush(); err != nil {
			return err
		}
		limit, in = 0, c.lookup()
		if since := latest.Add(-followBack); since.After(in.StartTime) {
			in.StartTime = since
		}
		for id, at := range printed {
			if at.Before(in.StartTime) {
				delete(printed, id)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// print writes a line.
func (c *auditList) print(w io.Writer, e *api.Event) error {
	if c.JSON && e.CloudTrailEvent != "" {
		_, err := fmt.Fprintln(w, e.CloudTrailEvent)
		return err
	}
	if c.JSON {
		line, err := json.Marshal(map[string]any{"eventID": e.EventID, "eventTime": e.EventTime, "damaged": true})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s\n", line)
		return err
	}
	parts := []string{e.EventTime.Format("2006-01-02T15:04:05.000Z"), e.EventName, e.PrincipalARN}
	if e.PrincipalARN == "" {
		parts[2] = "-"
	}
	if e.AccountID != "" {
		parts = append(parts, "account="+e.AccountID)
	}
	if e.ErrorCode != "" {
		parts = append(parts, "error="+e.ErrorCode)
	}
	if e.RequestID != "" {
		parts = append(parts, "request="+e.RequestID)
	}
	if e.Damaged != nil && *e.Damaged {
		parts = []string{parts[0], "DAMAGED", "event=" + e.EventID, "(run carillon audit verify)"}
	}
	_, err := fmt.Fprintln(w, strings.Join(parts, "  "))
	return err
}

type auditVerify struct {
	target

	Expect string `placeholder:"NUMBER:SIGNATURE" help:"A seal that an earlier run named, which must be there unchanged. Without one nobody can tell when the latest records are taken away together with all that says that they were there."`
}

// Help is printed below the command's first line.
func (auditVerify) Help() string {
	return `It goes through all records, oldest first, and names the first fault. Keep the last seal that it names in another place.

    carillon audit verify
    carillon audit verify --expect 1234:5d3c...
`
}

// Run checks all records.
func (c *auditVerify) Run(ctx context.Context, p *process, g *globals) error {
	caller, err := c.caller(ctx, p, g)
	if err != nil {
		return err
	}
	begun, bar := time.Now(), isTerminal(p.stderr)
	var seals, records, unsealed, removed int
	var last *api.AuditSeal
	for in := (&api.VerifyAuditInput{ExpectedSeal: c.Expect}); ; {
		page, err := fetch[api.VerifyAuditOutput](ctx, caller, "VerifyAudit", in)
		if err != nil {
			return err
		}
		seals, records, unsealed, removed = seals+page.Seals, records+page.Records, unsealed+page.Unsealed, max(removed, page.RemovedSeals)
		if page.LastSeal != nil {
			last = page.LastSeal
		}
		if bar && last != nil && page.Through > 0 {
			fmt.Fprintf(p.stderr, "%sseal %d of %d, %d records", clearLine, page.Through, last.Number, records)
		}
		if page.Fault != nil {
			if bar {
				fmt.Fprintln(p.stderr)
			}
			return fmt.Errorf("after %d sealed records that are as they were: %s", records, describeFault(page.Fault))
		}
		if in.NextToken = page.NextToken; in.NextToken == "" {
			break
		}
	}
	if bar {
		fmt.Fprint(p.stderr, clearLine)
	}
	fmt.Fprintf(p.stdout, "%d records under %d seals are as they were sealed, %d are not sealed yet (checked in %s)\n", records, seals, unsealed, time.Since(begun).Round(time.Millisecond))
	if removed > 0 {
		fmt.Fprintf(p.stdout, "Seals 1 to %d were removed with their records, as they had been kept long enough\n", removed)
	}
	if last != nil {
		fmt.Fprintf(p.stdout, "Last seal: %d:%s\n", last.Number, last.Signature)
	}
	return nil
}

var faults = map[string]string{
	"RecordRemoved": "was removed",
	"RecordAdded":   "was added",
	"RecordAltered": "was altered",
	"SealRemoved":   "was removed",
	"SealAdded":     "was added",
	"SealAltered":   "was altered",
	"HeadRemoved":   "what names the last seal was removed",
	"HeadAltered":   "what names the last seal was altered",
}

func describeFault(f *api.AuditFault) string {
	what := faults[f.Kind]
	switch {
	case strings.HasPrefix(f.Kind, "Head"):
		return what
	case f.EventID == "":
		return fmt.Sprintf("seal %d %s", f.SealNumber, what)
	case f.SealNumber == 0:
		return fmt.Sprintf("record %s of %s, which is not sealed yet, %s", f.EventID, f.EventTime.Format(time.RFC3339), what)
	}
	return fmt.Sprintf("record %s of %s under seal %d %s", f.EventID, f.EventTime.Format(time.RFC3339), f.SealNumber, what)
}
