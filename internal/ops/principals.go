package ops

import (
	"context"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// CreatePrincipal makes a principal (decided, after IAM's CreateUser). A repetition of the call gets the principal that the first
// one made (decided).
func (c *Call) CreatePrincipal(_ context.Context, in *api.CreatePrincipalInput) (*api.CreatePrincipalOutput, error) {
	tenant, err := c.whose(in.AWSAccountID)
	if err != nil {
		return nil, err
	}
	if first, err := c.firstPrincipal(tenant); first != nil || err != nil {
		return first, err
	}
	p, err := chime.NewPrincipal(c.Source, tenant, in.Name)
	if err != nil {
		return nil, err
	}
	if c.Tx.Met() == store.PrincipalName {
		return nil, chime.Conflict.Errorf("Name %s is that of another principal of the AWS account", in.Name)
	}
	c.Tx.InsertPrincipal(p)
	if !c.Mark.IsZero() {
		c.Tx.InsertMark(c.Mark, p.ID)
	}
	return &api.CreatePrincipalOutput{Principal: wirePrincipal(p)}, nil
}

// firstPrincipal returns the answer of an earlier attempt of this call, nil if there was none.
func (c *Call) firstPrincipal(tenant chime.Tenant) (*api.CreatePrincipalOutput, error) {
	made, err := c.madeBefore()
	if made == nil || err != nil {
		return nil, err
	}
	p, err := c.Tx.PrincipalByID(tenant, *made)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, chime.Conflict.Errorf("this call was done before, and the principal has been deleted since")
	}
	return &api.CreatePrincipalOutput{Principal: wirePrincipal(p)}, nil
}

// GetPrincipal shows a principal (decided, after IAM's GetUser).
func (c *Call) GetPrincipal(_ context.Context, in *api.GetPrincipalInput) (*api.GetPrincipalOutput, error) {
	p, err := c.principal(in.AWSAccountID, in.Name)
	if err != nil {
		return nil, err
	}
	return &api.GetPrincipalOutput{Principal: wirePrincipal(p)}, nil
}

// ListPrincipals lists the principals of an AWS account (decided, after IAM's ListUsers).
func (c *Call) ListPrincipals(_ context.Context, in *api.ListPrincipalsInput) (*api.ListPrincipalsOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListPrincipals", in.AWSAccountID)
	if err != nil {
		return nil, err
	}
	tenant, err := c.whose(in.AWSAccountID)
	if err != nil {
		return nil, err
	}
	found, err := c.Tx.Principals(tenant, p.after, p.limit+1)
	if err != nil {
		return nil, err
	}
	out := &api.ListPrincipalsOutput{Principals: []api.Principal{}}
	found, out.NextToken = cut(p, found, func(p *chime.Principal) chime.ID { return p.ID })
	for _, p := range found {
		out.Principals = append(out.Principals, *wirePrincipal(p))
	}
	return out, nil
}

// DeletePrincipal deletes a principal and its keys (decided; IAM's DeleteUser asks for the keys to be deleted first).
func (c *Call) DeletePrincipal(_ context.Context, in *api.DeletePrincipalInput) (*api.DeletePrincipalOutput, error) {
	p, err := c.principal(in.AWSAccountID, in.Name)
	if err != nil {
		return nil, err
	}
	c.Tx.DeletePrincipal(p)
	return &api.DeletePrincipalOutput{}, nil
}

// whose returns the tenant that a call is about: the caller's own, or the one that the installation's root names. To anybody else
// there is no other.
func (c *Call) whose(awsAccountID string) (chime.Tenant, error) {
	tenant, _ := chime.ParseTenant(awsAccountID) // 12 digits, by the model, or none
	if awsAccountID == "" || tenant == c.Caller.Tenant {
		return c.Caller.Tenant, nil
	}
	if c.Caller.Kind != chime.InstallationRoot {
		return 0, chime.NotFound.Errorf("AwsAccountId %s is not the caller's own", tenant)
	}
	y, err := c.tenancy(awsAccountID)
	if err != nil {
		return 0, err
	}
	return y.Tenant, nil
}

// principal returns the principal of that name, or NotFound. The case must be right, although no two names differ in case
// alone: policies name principals by it.
func (c *Call) principal(awsAccountID, name string) (*chime.Principal, error) {
	tenant, err := c.whose(awsAccountID)
	if err != nil {
		return nil, err
	}
	p, err := c.Tx.Principal(tenant, name)
	if err != nil {
		return nil, err
	}
	if p == nil || p.Name != name {
		return nil, chime.NotFound.Errorf("principal %s is not in AWS account %s", name, tenant)
	}
	return p, nil
}

func wirePrincipal(p *chime.Principal) *api.Principal {
	return &api.Principal{Name: p.Name, PrincipalID: p.ID.String(), ARN: p.ARN(), CreateDate: p.CreatedAt}
}
