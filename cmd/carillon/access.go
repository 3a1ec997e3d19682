package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/carillon-server/carillon/api"
)

// tenantsCommand is about the AWS accounts that use a running server.
type tenantsCommand struct {
	target

	Create  tenantsCreate  `cmd:"" help:"Let an AWS account in, and print its root's access key."`
	List    tenantsList    `cmd:"" help:"List the AWS accounts that were let in."`
	Show    tenantsShow    `cmd:"" help:"Show one."`
	Suspend tenantsSuspend `cmd:"" help:"Refuse all its access keys, until it is resumed."`
	Resume  tenantsResume  `cmd:"" help:"Take its access keys again."`
	Delete  tenantsDelete  `cmd:"" help:"Delete one that has no accounts and no phone numbers."`
}

// Help is printed below the command's first line.
func (tenantsCommand) Help() string {
	return `A tenant is an AWS account: 12 digits of your choice. Tenants know nothing of one another. The server's first credentials are
the root of the installation, which alone keeps tenants; its own AWS account is not among them.

    carillon tenants create 111122223333 --name "Team A" --profile team-a >> ~/.aws/credentials
    carillon tenants list
    carillon tenants suspend 111122223333
`
}

type tenantsCreate struct {
	Tenant  string `arg:"" help:"The AWS account: 12 digits."`
	Name    string `placeholder:"NAME" help:"What to call it."`
	Profile string `placeholder:"NAME" help:"Print the access key as this profile of an AWS credentials file."`
}

// Run creates a tenant.
func (c *tenantsCreate) Run(ctx context.Context, p *process, g *globals, all *tenantsCommand) error {
	out, err := ask[api.CreateTenantOutput](ctx, p, g, &all.target, "CreateTenant", &api.CreateTenantInput{AWSAccountID: c.Tenant, Name: c.Name})
	if err != nil {
		return err
	}
	return printKey(p.stdout, out.AccessKey, c.Profile)
}

type tenantsList struct{}

// Run lists the tenants.
func (*tenantsList) Run(ctx context.Context, p *process, g *globals, all *tenantsCommand) error {
	w := newTable(p.stdout, "TENANT", "STATUS", "CREATED", "NAME")
	in := &api.ListTenantsInput{}
	for {
		page, err := ask[api.ListTenantsOutput](ctx, p, g, &all.target, "ListTenants", in)
		if err != nil {
			return err
		}
		for _, t := range page.Tenants {
			w.row(t.AWSAccountID, t.Status, t.CreateDate.Format(tableTime), t.Name)
		}
		if in.NextToken = page.NextToken; in.NextToken == "" {
			return w.Flush()
		}
	}
}

type tenantsShow struct {
	Tenant string `arg:"" help:"The AWS account."`
}

// Run shows a tenant.
func (c *tenantsShow) Run(ctx context.Context, p *process, g *globals, all *tenantsCommand) error {
	out, err := ask[api.GetTenantOutput](ctx, p, g, &all.target, "GetTenant", &api.GetTenantInput{AWSAccountID: c.Tenant})
	if err != nil {
		return err
	}
	w := newTable(p.stdout, "TENANT", "STATUS", "CREATED", "NAME")
	w.row(out.Tenant.AWSAccountID, out.Tenant.Status, out.Tenant.CreateDate.Format(tableTime), out.Tenant.Name)
	return w.Flush()
}

type tenantsSuspend struct {
	Tenant string `arg:"" help:"The AWS account."`
}

// Run suspends a tenant.
func (c *tenantsSuspend) Run(ctx context.Context, p *process, g *globals, all *tenantsCommand) error {
	_, err := ask[api.UpdateTenantOutput](ctx, p, g, &all.target, "UpdateTenant", &api.UpdateTenantInput{AWSAccountID: c.Tenant, Status: api.TenantStatusSuspended})
	return err
}

type tenantsResume struct {
	Tenant string `arg:"" help:"The AWS account."`
}

// Run resumes a tenant.
func (c *tenantsResume) Run(ctx context.Context, p *process, g *globals, all *tenantsCommand) error {
	_, err := ask[api.UpdateTenantOutput](ctx, p, g, &all.target, "UpdateTenant", &api.UpdateTenantInput{AWSAccountID: c.Tenant, Status: api.TenantStatusActive})
	return err
}

type tenantsDelete struct {
	Tenant string `arg:"" help:"The AWS account."`
}

// Run deletes a tenant.
func (c *tenantsDelete) Run(ctx context.Context, p *process, g *globals, all *tenantsCommand) error {
	_, err := ask[api.DeleteTenantOutput](ctx, p, g, &all.target, "DeleteTenant", &api.DeleteTenantInput{AWSAccountID: c.Tenant})
	return err
}

// principalsCommand is about those who have access keys of their own.
type principalsCommand struct {
	target
	tenantFlag

	Create principalsCreate `cmd:"" help:"Make a principal."`
	List   principalsList   `cmd:"" help:"List the principals of an AWS account."`
	Delete principalsDelete `cmd:"" help:"Delete a principal and its access keys."`
}

// Help is printed below the command's first line.
func (principalsCommand) Help() string {
	return `A principal is a person or a program with access keys of its own, as an IAM user is. It may do nothing until a policy says so.

    carillon principals create alice
    carillon keys create alice --profile alice >> ~/.aws/credentials
    carillon principals list
`
}

// tenantFlag names a tenant other than the caller's.
type tenantFlag struct {
	Tenant string `placeholder:"NUMBER" help:"For the root of the installation: in which AWS account. Default: its own."`
}

type principalsCreate struct {
	Name string `arg:"" help:"Its name."`
}

// Run creates a principal.
func (c *principalsCreate) Run(ctx context.Context, p *process, g *globals, all *principalsCommand) error {
	out, err := ask[api.CreatePrincipalOutput](ctx, p, g, &all.target, "CreatePrincipal", &api.CreatePrincipalInput{AWSAccountID: all.Tenant, Name: c.Name})
	if err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, out.Principal.ARN)
	return nil
}

type principalsList struct{}

// Run lists the principals.
func (*principalsList) Run(ctx context.Context, p *process, g *globals, all *principalsCommand) error {
	w := newTable(p.stdout, "NAME", "CREATED", "ARN")
	in := &api.ListPrincipalsInput{AWSAccountID: all.Tenant}
	for {
		page, err := ask[api.ListPrincipalsOutput](ctx, p, g, &all.target, "ListPrincipals", in)
		if err != nil {
			return err
		}
		for _, a := range page.Principals {
			w.row(a.Name, a.CreateDate.Format(tableTime), a.ARN)
		}
		if in.NextToken = page.NextToken; in.NextToken == "" {
			return w.Flush()
		}
	}
}

type principalsDelete struct {
	Name string `arg:"" help:"Its name."`
}

// Run deletes a principal.
func (c *principalsDelete) Run(ctx context.Context, p *process, g *globals, all *principalsCommand) error {
	_, err := ask[api.DeletePrincipalOutput](ctx, p, g, &all.target, "DeletePrincipal", &api.DeletePrincipalInput{AWSAccountID: all.Tenant, Name: c.Name})
	return err
}

// ask makes one call and returns the output.
func ask[Out any](ctx context.Context, p *process, g *globals, t *target, operation string, in any) (*Out, error) {
	caller, err := t.caller(ctx, p, g)
	if err != nil {
		return nil, err
	}
	return fetch[Out](ctx, caller, operation, in)
}

// fetch makes one call of several by the same caller and returns the output.
func fetch[Out any](ctx context.Context, c *caller, operation string, in any) (*Out, error) {
	op := api.ByName(operation)
	answer, err := c.call(ctx, op, in)
	if err != nil {
		return nil, err
	}
	out, err := api.Unmarshal(op.Output, answer)
	if err != nil {
		return nil, fmt.Errorf("the answer is not one of %s: %w", operation, err)
	}
	return out.(*Out), nil
}

// tableTime is how tables show a time.
const tableTime = "2006-01-02 15:04:05"

// table writes rows under a head, in columns.
type table struct{ *tabwriter.Writer }

func newTable(w io.Writer, head ...string) table {
	t := table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	t.row(head...)
	return t
}

func (t table) row(cells ...string) {
	for i, c := range cells {
		if i > 0 {
			fmt.Fprint(t, "\t")
		}
		fmt.Fprint(t, c)
	}
	fmt.Fprintln(t)
}
