package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/policy"
)

type policyTest struct {
	target
	tenantFlag
	Policy    []string `sep:"none" placeholder:"FILE" help:"A file with a policy; may be given several times."`
	Managed   []string `placeholder:"NAME" help:"A policy that comes with the server."`
	Principal string   `placeholder:"NAME" help:"The policies that this principal of a running server has."`
	Action    string   `required:"" placeholder:"ACTION" help:"What is asked for, such as chime:CreateUser."`
	Resource  string   `default:"*" placeholder:"ARN" help:"What it is asked for, such as arn:aws:chime::123456789012:account/ID. Default: ${default}, as for an operation that names nothing."`
	Context   []string `sep:"none" placeholder:"KEY=VALUE" help:"What else is known of the request, such as aws:SourceIp=192.0.2.7; may be given several times."`
}

// Help is printed below the command's first line.
func (policyTest) Help() string {
	return `The exit code is 0 if the request is allowed and 1 if it is not. With --principal, what is known of the principal need not be said
by --context; the time is now unless it is.

    carillon policy test --policy team.json --action chime:CreateUser --resource arn:aws:chime::123456789012:account/$A
    carillon policy test --principal alice --action chime:GetUser --context aws:SourceIp=192.0.2.7
`
}

// Run lets the policies decide.
func (c *policyTest) Run(ctx context.Context, p *process, g *globals) error {
	if service, name, ok := strings.Cut(c.Action, ":"); !ok || service == "" || name == "" || strings.ContainsAny(c.Action, "*?") {
		return usagef("--action must be one action like chime:CreateUser")
	}
	if len(c.Policy)+len(c.Managed) == 0 && c.Principal == "" {
		return usagef("say which policies to test: --policy, --managed or --principal")
	}
	r := policy.Request{Action: policy.NewAction(c.Action), Resource: c.Resource}
	r.Time = time.Now()
	set, err := c.policies(ctx, p, g, &r)
	if err != nil {
		return err
	}
	for _, pair := range c.Context {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return usagef("--context must be KEY=VALUE, like aws:SourceIp=192.0.2.7")
		}
		if err := r.Add(key, value); err != nil {
			return usagef("--context: %v", err)
		}
	}
	d := set.Decide(&r)
	fmt.Fprintln(p.stdout, explain(d))
	if d.Verdict != policy.Allow {
		return errors.New("the request would be denied")
	}
	return nil
}

// explain says which statement decided.
func explain(d policy.Decision) string {
	if d.Verdict == policy.ImplicitDeny {
		return "implicit deny: no statement allows it"
	}
	sid := ""
	if d.Sid != "" {
		sid = " (" + d.Sid + ")"
	}
	return fmt.Sprintf("%s: statement %d%s of %s", d.Verdict, d.Statement, sid, d.Policy)
}

// policies returns all that were named, and tells the request of the principal.
func (c *policyTest) policies(ctx context.Context, p *process, g *globals, r *policy.Request) (policy.Set, error) {
	var set policy.Set
	for _, file := range c.Policy {
		document, err := readPolicy(file, p.stdin)
		if err != nil {
			return nil, err
		}
		if set, err = withPolicy(set, file, document); err != nil {
			return nil, err
		}
	}
	managed := c.Managed
	if c.Principal != "" {
		own, attached, err := c.ofPrincipal(ctx, p, g, r)
		if err != nil {
			return nil, err
		}
		set, managed = append(set, own...), append(managed, attached...)
	}
	for _, name := range managed {
		document, err := managedPolicy(name)
		if err != nil {
			return nil, err
		}
		if set, err = withPolicy(set, name, document); err != nil {
			return nil, err
		}
	}
	return set, nil
}

func withPolicy(set policy.Set, name, document string) (policy.Set, error) {
	parsed, err := policy.Parse(document)
	return append(set, policy.Named{Name: name, Policy: parsed}), err
}

// ofPrincipal fetches the principal's own policies and the names of those attached to it.
func (c *policyTest) ofPrincipal(ctx context.Context, p *process, g *globals, r *policy.Request) (set policy.Set, attached []string, _ error) {
	out, err := ask[api.GetPrincipalOutput](ctx, p, g, &c.target, "GetPrincipal", &api.GetPrincipalInput{AWSAccountID: c.Tenant, Name: c.Principal})
	if err != nil {
		return nil, nil, err
	}
	r.PrincipalARN, r.PrincipalType, r.UserName, r.UserID = out.Principal.ARN, "User", out.Principal.Name, out.Principal.PrincipalID
	r.PrincipalAccount = strings.Split(out.Principal.ARN, ":")[4]
	list := policyList{target: c.target, tenantFlag: c.tenantFlag, Principal: c.Principal}
	own, attached, err := list.names(ctx, p, g)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range own {
		found, err := ask[api.GetPrincipalPolicyOutput](ctx, p, g, &c.target, "GetPrincipalPolicy",
			&api.GetPrincipalPolicyInput{AWSAccountID: c.Tenant, PrincipalName: c.Principal, PolicyName: name})
		if err != nil {
			return nil, nil, err
		}
		if set, err = withPolicy(set, name, found.PolicyDocument); err != nil {
			return nil, nil, err
		}
	}
	return set, attached, nil
}
