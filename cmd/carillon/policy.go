package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/policy"
)

// policyCommand is about what principals may do.
type policyCommand struct {
	Check   policyCheck   `cmd:"" help:"Say whether a file is a policy, and if not, on which line it is wrong."`
	Test    policyTest    `cmd:"" help:"Say what policies decide about a request, and by which statement."`
	Put     policyPut     `cmd:"" help:"Give a principal a policy of its own, or replace it."`
	Get     policyGet     `cmd:"" help:"Print one of a principal's own policies."`
	List    policyList    `cmd:"" help:"List the policies of a principal."`
	Delete  policyDelete  `cmd:"" help:"Take one of its own policies from a principal."`
	Attach  policyAttach  `cmd:"" help:"Attach a policy that comes with the server to a principal."`
	Detach  policyDetach  `cmd:"" help:"Detach a policy that comes with the server from a principal."`
	Managed policyManaged `cmd:"" help:"List the policies that come with the server, or print one."`
}

// Help is printed below the command's first line.
func (policyCommand) Help() string {
	return `A policy says in IAM's JSON what a principal may do. Without one it may do nothing; one that denies decides, whatever others
allow. Changes count from the next call on.

    carillon policy attach alice AmazonChimeReadOnly
    carillon policy check team.json
    carillon policy put alice team team.json
    carillon policy test --principal alice --action chime:CreateUser --resource arn:aws:chime::123456789012:account/$A
`
}

// policyArgs names a policy of a principal.
type policyArgs struct {
	Principal string `arg:"" help:"The principal."`
	Policy    string `arg:"" help:"The name of the policy."`
}

type policyPut struct {
	target
	tenantFlag
	policyArgs
	File string `arg:"" help:"The file with the policy; - is standard input."`
}

// Run puts a policy.
func (c *policyPut) Run(ctx context.Context, p *process, g *globals) error {
	document, err := readPolicy(c.File, p.stdin)
	if err != nil {
		return err
	}
	_, err = ask[api.PutPrincipalPolicyOutput](ctx, p, g, &c.target, "PutPrincipalPolicy",
		&api.PutPrincipalPolicyInput{AWSAccountID: c.Tenant, PrincipalName: c.Principal, PolicyName: c.Policy, PolicyDocument: document})
	return err
}

// readPolicy reads a policy and refuses what is none.
func readPolicy(file string, stdin io.Reader) (document string, _ error) {
	data, err := readJSON(file, stdin)
	if err != nil {
		return "", usagef("%v", err)
	}
	if _, err := policy.Parse(string(data)); err != nil {
		return "", badPolicy(file, err)
	}
	return string(data), nil
}

// badPolicy says where a policy is wrong, in the form that editors know.
func badPolicy(file string, err error) error {
	var wrong *policy.SyntaxError
	if errors.As(err, &wrong) {
		return usagef("%s:%d:%d: %s", file, wrong.Line, wrong.Column, wrong.Message)
	}
	return err
}

type policyGet struct {
	target
	tenantFlag
	policyArgs
}

// Run prints a policy.
func (c *policyGet) Run(ctx context.Context, p *process, g *globals) error {
	out, err := ask[api.GetPrincipalPolicyOutput](ctx, p, g, &c.target, "GetPrincipalPolicy",
		&api.GetPrincipalPolicyInput{AWSAccountID: c.Tenant, PrincipalName: c.Principal, PolicyName: c.Policy})
	if err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, out.PolicyDocument)
	return nil
}

type policyList struct {
	target
	tenantFlag
	Principal string `arg:"" help:"The principal."`
}

// Run lists the policies of a principal.
func (c *policyList) Run(ctx context.Context, p *process, g *globals) error {
	own, attached, err := c.names(ctx, p, g)
	if err != nil {
		return err
	}
	w := newTable(p.stdout, "POLICY", "KIND")
	for _, name := range own {
		w.row(name, "own")
	}
	for _, name := range attached {
		w.row(name, "managed")
	}
	return w.Flush()
}

// names returns the principal's own policies and those attached to it.
func (c *policyList) names(ctx context.Context, p *process, g *globals) (own, attached []string, _ error) {
	owned, err := ask[api.ListPrincipalPoliciesOutput](ctx, p, g, &c.target, "ListPrincipalPolicies",
		&api.ListPrincipalPoliciesInput{AWSAccountID: c.Tenant, PrincipalName: c.Principal})
	if err != nil {
		return nil, nil, err
	}
	managed, err := ask[api.ListAttachedPoliciesOutput](ctx, p, g, &c.target, "ListAttachedPolicies",
		&api.ListAttachedPoliciesInput{AWSAccountID: c.Tenant, PrincipalName: c.Principal})
	if err != nil {
		return nil, nil, err
	}
	return owned.PolicyNames, managed.PolicyNames, nil
}

type policyDelete struct {
	target
	tenantFlag
	policyArgs
}

// Run deletes a policy.
func (c *policyDelete) Run(ctx context.Context, p *process, g *globals) error {
	_, err := ask[api.DeletePrincipalPolicyOutput](ctx, p, g, &c.target, "DeletePrincipalPolicy",
		&api.DeletePrincipalPolicyInput{AWSAccountID: c.Tenant, PrincipalName: c.Principal, PolicyName: c.Policy})
	return err
}

type policyAttach struct {
	target
	tenantFlag
	policyArgs
}

// Run attaches a policy.
func (c *policyAttach) Run(ctx context.Context, p *process, g *globals) error {
	_, err := ask[api.AttachManagedPolicyOutput](ctx, p, g, &c.target, "AttachManagedPolicy",
		&api.AttachManagedPolicyInput{AWSAccountID: c.Tenant, PrincipalName: c.Principal, PolicyName: c.Policy})
	return err
}

type policyDetach struct {
	target
	tenantFlag
	policyArgs
}

// Run detaches a policy.
func (c *policyDetach) Run(ctx context.Context, p *process, g *globals) error {
	_, err := ask[api.DetachManagedPolicyOutput](ctx, p, g, &c.target, "DetachManagedPolicy",
		&api.DetachManagedPolicyInput{AWSAccountID: c.Tenant, PrincipalName: c.Principal, PolicyName: c.Policy})
	return err
}

type policyManaged struct {
	Name string `arg:"" optional:"" help:"The policy to print; none lists them."`
}

// Run lists the policies that come with this program, or prints one.
func (c *policyManaged) Run(p *process) error {
	if c.Name == "" {
		for _, name := range policy.ManagedNames() {
			fmt.Fprintln(p.stdout, name)
		}
		return nil
	}
	document, err := managedPolicy(c.Name)
	fmt.Fprint(p.stdout, document)
	return err
}

func managedPolicy(name string) (string, error) {
	document, ok := policy.Managed(name)
	if !ok {
		return "", usagef("no policy that comes with the server is called %s; carillon policy managed lists them%s", name, didYouMean(name, policy.ManagedNames()))
	}
	return document, nil
}

type policyCheck struct {
	Files []string `arg:"" help:"The files; - is standard input."`
}

// Run checks policies, without a server.
func (c *policyCheck) Run(p *process) error {
	for _, file := range c.Files {
		document, err := readPolicy(file, p.stdin)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "%s: a policy of %d characters; a principal's own may have %d together\n", file, policy.Size(document), policy.MaxInlineSize)
	}
	return nil
}
