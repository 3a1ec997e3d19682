package main

import (
	"context"
	"time"

	"github.com/carillon-server/carillon/api"
)

type exportAudit struct {
	exportFlags

	EventName string    `placeholder:"NAME" help:"Only events of this name, such as CreateUser."`
	StartTime time.Time `placeholder:"TIME" help:"Only events from this time on, such as 2026-03-01T00:00:00Z."`
	EndTime   time.Time `placeholder:"TIME" help:"Only events up to this time."`
}

// Help is printed below the command's first line.
func (exportAudit) Help() string {
	return `The latest events come first. carillon audit shows and follows them.

    carillon export audit --start-time 2026-03-01T00:00:00Z --output march.csv
`
}

var auditColumns = []column[api.Event]{
	{name: "EventTime", value: func(e *api.Event) any { return timeText(e.EventTime) }},
	{name: "EventName", value: func(e *api.Event) any { return e.EventName }},
	{name: "PrincipalArn", value: func(e *api.Event) any { return e.PrincipalARN }},
	{name: "AccountId", value: func(e *api.Event) any { return e.AccountID }},
	{name: "ErrorCode", value: func(e *api.Event) any { return e.ErrorCode }},
	{name: "RequestId", value: func(e *api.Event) any { return e.RequestID }},
	{name: "EventId", value: func(e *api.Event) any { return e.EventID }},
	{name: "Damaged", value: func(e *api.Event) any { return e.Damaged != nil && *e.Damaged }},
	{name: "AccessKeyId", more: true, value: func(e *api.Event) any { return e.AccessKeyID }},
	{name: "EventSource", more: true, value: func(e *api.Event) any { return e.EventSource }},
	{name: "ReadOnly", more: true, value: func(e *api.Event) any { return e.ReadOnly != nil && *e.ReadOnly }},
	{name: "CloudTrailEvent", more: true, value: func(e *api.Event) any { return e.CloudTrailEvent }},
}

// Run writes the audit records.
func (c *exportAudit) Run(ctx context.Context, p *process, g *globals) error {
	caller, err := c.caller(ctx, p, g)
	if err != nil {
		return err
	}
	return export(ctx, p, &c.exportFlags, "events", auditColumns, func(ctx context.Context, token string) ([]api.Event, string, error) {
		in := &api.LookupEventsInput{EventName: c.EventName, StartTime: c.StartTime, EndTime: c.EndTime, MaxResults: 1000, NextToken: token}
		out, err := fetch[api.LookupEventsOutput](ctx, caller, "LookupEvents", in)
		if err != nil {
			return nil, "", err
		}
		return out.Events, out.NextToken, nil
	})
}
