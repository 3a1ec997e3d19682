package ops

import (
	"context"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/policy"
)

// PutPrincipalPolicy gives a principal a policy of its own or replaces one (decided, after IAM's PutUserPolicy, with its limit:
// documented).
func (c *Call) PutPrincipalPolicy(_ context.Context, in *api.PutPrincipalPolicyInput) (*api.PutPrincipalPolicyOutput, error) {
	p, err := c.principal(in.AWSAccountID, in.PrincipalName)
	if err != nil {
		return nil, err
	}
	if _, err := policy.Parse(in.PolicyDocument); err != nil {
		return nil, chime.BadRequest.Errorf("PolicyDocument, %v", err)
	}
	grants, err := c.Tx.Grants(p)
	if err != nil {
		return nil, err
	}
	size := policy.Size(in.PolicyDocument)
	for _, g := range grants {
		if !g.Managed && g.Name != in.PolicyName {
			size += policy.Size(g.Document)
		}
	}
	if size > policy.MaxInlineSize {
		return nil, chime.LimitExceeded.Errorf("the principal's own policies would have %d characters that are not white space; together they may have %d",
			size, policy.MaxInlineSize)
	}
	c.Tx.PutGrant(c.grant(p, in.PolicyName, in.PolicyDocument), c.Source.NewID())
	return &api.PutPrincipalPolicyOutput{}, nil
}

// GetPrincipalPolicy shows one of a principal's own policies (decided, after IAM's GetUserPolicy).
func (c *Call) GetPrincipalPolicy(_ context.Context, in *api.GetPrincipalPolicyInput) (*api.GetPrincipalPolicyOutput, error) {
	g, err := c.granted(in.AWSAccountID, in.PrincipalName, in.PolicyName, own)
	if err != nil {
		return nil, err
	}
	return &api.GetPrincipalPolicyOutput{PrincipalName: in.PrincipalName, PolicyName: g.Name, PolicyDocument: g.Document}, nil
}

// ListPrincipalPolicies lists a principal's own policies (decided, after IAM's ListUserPolicies; they are few, so without pages).
func (c *Call) ListPrincipalPolicies(_ context.Context, in *api.ListPrincipalPoliciesInput) (*api.ListPrincipalPoliciesOutput, error) {
	names, err := c.grantNames(in.AWSAccountID, in.PrincipalName, own)
	return &api.ListPrincipalPoliciesOutput{PolicyNames: names}, err
}

// DeletePrincipalPolicy takes one of its own policies from a principal (decided, after IAM's DeleteUserPolicy).
func (c *Call) DeletePrincipalPolicy(_ context.Context, in *api.DeletePrincipalPolicyInput) (*api.DeletePrincipalPolicyOutput, error) {
	g, err := c.granted(in.AWSAccountID, in.PrincipalName, in.PolicyName, own)
	if err != nil {
		return nil, err
	}
	c.Tx.DeleteGrant(g, c.Source.NewID())
	return &api.DeletePrincipalPolicyOutput{}, nil
}

// AttachManagedPolicy attaches a policy that comes with the server to a principal (decided, after IAM's AttachUserPolicy).
func (c *Call) AttachManagedPolicy(_ context.Context, in *api.AttachManagedPolicyInput) (*api.AttachManagedPolicyOutput, error) {
	if _, err := managedPolicy(in.PolicyName); err != nil {
		return nil, err
	}
	p, err := c.principal(in.AWSAccountID, in.PrincipalName)
	if err != nil {
		return nil, err
	}
	g := c.grant(p, in.PolicyName, "")
	g.Managed = true
	c.Tx.PutGrant(g, c.Source.NewID())
	return &api.AttachManagedPolicyOutput{}, nil
}

// DetachManagedPolicy detaches a policy that comes with the server from a principal (decided, after IAM's DetachUserPolicy).
func (c *Call) DetachManagedPolicy(_ context.Context, in *api.DetachManagedPolicyInput) (*api.DetachManagedPolicyOutput, error) {
	g, err := c.granted(in.AWSAccountID, in.PrincipalName, in.PolicyName, managed)
	if err != nil {
		return nil, err
	}
	c.Tx.DeleteGrant(g, c.Source.NewID())
	return &api.DetachManagedPolicyOutput{}, nil
}

// ListAttachedPolicies lists the policies that are attached to a principal (decided, after IAM's ListAttachedUserPolicies).
func (c *Call) ListAttachedPolicies(_ context.Context, in *api.ListAttachedPoliciesInput) (*api.ListAttachedPoliciesOutput, error) {
	names, err := c.grantNames(in.AWSAccountID, in.PrincipalName, managed)
	return &api.ListAttachedPoliciesOutput{PolicyNames: names}, err
}

// ListManagedPolicies lists the policies that come with the server (decided).
func (c *Call) ListManagedPolicies(context.Context, *api.ListManagedPoliciesInput) (*api.ListManagedPoliciesOutput, error) {
	return &api.ListManagedPoliciesOutput{PolicyNames: policy.ManagedNames()}, nil
}

// GetManagedPolicy shows a policy that comes with the server (decided).
func (c *Call) GetManagedPolicy(_ context.Context, in *api.GetManagedPolicyInput) (*api.GetManagedPolicyOutput, error) {
	document, err := managedPolicy(in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &api.GetManagedPolicyOutput{PolicyName: in.PolicyName, PolicyDocument: document}, nil
}

func managedPolicy(name string) (string, error) {
	document, ok := policy.Managed(name)
	if !ok {
		return "", chime.NotFound.Errorf("no policy that comes with the server is called %s; ListManagedPolicies lists them", name)
	}
	return document, nil
}

func (c *Call) grant(p *chime.Principal, name, document string) *chime.Grant {
	return &chime.Grant{Tenant: p.Tenant, Principal: p.ID, Name: name, Document: document, ChangedAt: c.Source.Now()}
}

// sort is the sort of a policy: one of the principal's own, or one that came with the server.
type sort bool

const (
	own     sort = false
	managed sort = true
)

// granted returns a principal's policy of that name, or NotFound.
func (c *Call) granted(awsAccountID, principal, name string, s sort) (*chime.Grant, error) {
	p, err := c.principal(awsAccountID, principal)
	if err != nil {
		return nil, err
	}
	grants, err := c.Tx.Grants(p)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		if g.Name == name && sort(g.Managed) == s {
			return g, nil
		}
	}
	if s == managed {
		return nil, chime.NotFound.Errorf("policy %s is not attached to principal %s", name, principal)
	}
	return nil, chime.NotFound.Errorf("principal %s has no policy %s of its own", principal, name)
}

func (c *Call) grantNames(awsAccountID, principal string, s sort) ([]string, error) {
	p, err := c.principal(awsAccountID, principal)
	if err != nil {
		return nil, err
	}
	grants, err := c.Tx.Grants(p)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, g := range grants {
		if sort(g.Managed) == s {
			names = append(names, g.Name)
		}
	}
	return names, nil
}
