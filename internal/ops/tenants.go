package ops

import (
	"context"
	"encoding/binary"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// CreateTenant lets an AWS account in and makes its root's first access key (decided). A repetition of the call is a Conflict, as
// the secret is shown once (decided).
func (c *Call) CreateTenant(_ context.Context, in *api.CreateTenantInput) (*api.CreateTenantOutput, error) {
	if err := c.once(); err != nil {
		return nil, err
	}
	tenant, _ := chime.ParseTenant(in.AWSAccountID) // 12 digits, by the model
	there, err := c.Tx.Tenancy(tenant)
	if err != nil {
		return nil, err
	}
	if there != nil || tenant == c.Caller.Tenant || c.Tx.Met() == store.TenantTaken {
		return nil, chime.Conflict.Errorf("AwsAccountId %s is a tenant already", tenant)
	}
	y, err := chime.NewTenancy(c.Source, tenant, in.Name)
	if err != nil {
		return nil, err
	}
	c.Tx.InsertTenancy(y)
	key, err := c.newKey(tenant, nil)
	if err != nil {
		return nil, err
	}
	return &api.CreateTenantOutput{Tenant: wireTenancy(y), AccessKey: key}, nil
}

// once refuses a repetition of a call that showed a secret.
func (c *Call) once() error {
	made, err := c.madeBefore()
	if err != nil {
		return err
	}
	if made != nil {
		return chime.Conflict.Errorf("this call was done before, and the secret is shown once; delete the access key that was never used, and create another")
	}
	if !c.Mark.IsZero() {
		c.Tx.InsertMark(c.Mark, c.Source.NewID())
	}
	return nil
}

// GetTenant shows a tenant (decided).
func (c *Call) GetTenant(_ context.Context, in *api.GetTenantInput) (*api.GetTenantOutput, error) {
	y, err := c.tenancy(in.AWSAccountID)
	if err != nil {
		return nil, err
	}
	return &api.GetTenantOutput{Tenant: wireTenancy(y)}, nil
}

// ListTenants lists the tenants by their numbers (decided).
func (c *Call) ListTenants(_ context.Context, in *api.ListTenantsInput) (*api.ListTenantsOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListTenants")
	if err != nil {
		return nil, err
	}
	after := chime.Tenant(-1)
	if in.NextToken != "" {
		after = chime.Tenant(binary.BigEndian.Uint64(p.after[8:]))
	}
	found, err := c.Tx.Tenancies(after, p.limit+1)
	if err != nil {
		return nil, err
	}
	out := &api.ListTenantsOutput{Tenants: []api.Tenant{}}
	found, out.NextToken = cut(p, found, func(y *chime.Tenancy) (id chime.ID) {
		binary.BigEndian.PutUint64(id[8:], uint64(y.Tenant))
		return id
	})
	for _, y := range found {
		out.Tenants = append(out.Tenants, *wireTenancy(y))
	}
	return out, nil
}

// UpdateTenant names, suspends or resumes a tenant (decided). What a suspended tenant has begun goes on: only its keys are
// refused, which the server does.
func (c *Call) UpdateTenant(_ context.Context, in *api.UpdateTenantInput) (*api.UpdateTenantOutput, error) {
	y, err := c.tenancy(in.AWSAccountID)
	if err != nil {
		return nil, err
	}
	if in.Name != "" {
		y.Name = in.Name
	}
	if in.Status != "" {
		y.Suspended = in.Status == api.TenantStatusSuspended
	}
	c.Tx.UpdateTenancy(y)
	return &api.UpdateTenantOutput{Tenant: wireTenancy(y)}, nil
}

// DeleteTenant deletes a tenant that has no accounts and no phone numbers (decided).
func (c *Call) DeleteTenant(_ context.Context, in *api.DeleteTenantInput) (*api.DeleteTenantOutput, error) {
	y, err := c.tenancy(in.AWSAccountID)
	if err != nil {
		return nil, err
	}
	has, err := c.Tx.HasDirectory(y.Tenant)
	if err != nil {
		return nil, err
	}
	if has {
		return nil, chime.Unprocessable.Errorf("the tenant %s still has accounts, or deleted ones that could be restored, or phone numbers; suspend it instead", y.Tenant)
	}
	c.Tx.ForgetSettings(y.Tenant)
	c.Tx.DeleteTenancy(y.Tenant)
	return &api.DeleteTenantOutput{}, nil
}

// tenancy returns the tenancy of an AWS account, or NotFound.
func (c *Call) tenancy(awsAccountID string) (*chime.Tenancy, error) {
	tenant, _ := chime.ParseTenant(awsAccountID) // 12 digits, by the model
	y, err := c.Tx.Tenancy(tenant)
	if err != nil {
		return nil, err
	}
	if y == nil {
		return nil, chime.NotFound.Errorf("AwsAccountId %s is not a tenant that CreateTenant let in", tenant)
	}
	return y, nil
}

func wireTenancy(y *chime.Tenancy) *api.Tenant {
	t := &api.Tenant{AWSAccountID: y.Tenant.String(), Name: y.Name, Status: api.TenantStatusActive, CreateDate: y.CreatedAt}
	if y.Suspended {
		t.Status = api.TenantStatusSuspended
	}
	return t
}
