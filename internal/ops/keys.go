package ops

import (
	"context"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// CreateAccessKey makes an access key of a principal, at most two (documented: IAM). Without a name it is the caller's own
// (documented: IAM). A repetition of the call is a Conflict, as the secret is shown once (decided).
func (c *Call) CreateAccessKey(_ context.Context, in *api.CreateAccessKeyInput) (*api.CreateAccessKeyOutput, error) {
	if err := c.once(); err != nil {
		return nil, err
	}
	if err := c.keyStands(); err != nil {
		return nil, err
	}
	tenant, p, err := c.keyOwner(in.AWSAccountID, in.PrincipalName)
	if err != nil {
		return nil, err
	}
	key, err := c.newKey(tenant, p)
	if err != nil {
		return nil, err
	}
	return &api.CreateAccessKeyOutput{AccessKey: key}, nil
}

// keyStands refuses a call whose own key was taken away since the call was let in: it must not leave another key behind, least of
// all in a tenant that has been deleted, where nobody would find it.
func (c *Call) keyStands() error {
	if !c.Caller.KeptKey {
		return nil
	}
	k, err := c.Tx.AccessKey(c.Caller.Tenant, c.Caller.AccessKeyID)
	if err != nil {
		return err
	}
	if k == nil || k.Inactive {
		return chime.Unauthorized.Errorf("the access key %s has just been deleted or made inactive", c.Caller.AccessKeyID)
	}
	return nil
}

// newKey makes a key of a principal, or of the tenant's root if that is nil.
func (c *Call) newKey(tenant chime.Tenant, p *chime.Principal) (*api.AccessKey, error) {
	owner, name := ownerOf(p)
	have, err := c.Tx.AccessKeys(tenant, owner)
	if err != nil {
		return nil, err
	}
	k, secret, err := chime.NewAccessKey(c.Source, tenant, owner, have)
	if err != nil {
		return nil, err
	}
	if err := c.Tx.InsertAccessKey(k, secret); err != nil {
		return nil, err
	}
	return &api.AccessKey{
		AccessKeyID:     k.ID,
		SecretAccessKey: secret,
		PrincipalName:   name,
		AWSAccountID:    tenant.String(),
		Status:          api.KeyStatusActive,
		CreateDate:      k.CreatedAt,
	}, nil
}

func ownerOf(p *chime.Principal) (owner chime.ID, name string) {
	if p == nil {
		return chime.ID{}, ""
	}
	return p.ID, p.Name
}

// ListAccessKeys lists the keys of a principal with when each was used last (decided; IAM has GetAccessKeyLastUsed for that).
func (c *Call) ListAccessKeys(_ context.Context, in *api.ListAccessKeysInput) (*api.ListAccessKeysOutput, error) {
	tenant, p, err := c.keyOwner(in.AWSAccountID, in.PrincipalName)
	if err != nil {
		return nil, err
	}
	owner, name := ownerOf(p)
	found, err := c.Tx.AccessKeys(tenant, owner)
	if err != nil {
		return nil, err
	}
	out := &api.ListAccessKeysOutput{AccessKeys: []api.AccessKeyMetadata{}}
	for _, k := range found {
		out.AccessKeys = append(out.AccessKeys, *wireKey(k, name))
	}
	return out, nil
}

// UpdateAccessKey makes a key inactive or active (documented: IAM).
func (c *Call) UpdateAccessKey(_ context.Context, in *api.UpdateAccessKeyInput) (*api.UpdateAccessKeyOutput, error) {
	k, name, err := c.accessKey(in.AWSAccountID, in.AccessKeyID)
	if err != nil {
		return nil, err
	}
	k.Inactive = in.Status == api.KeyStatusInactive
	c.Tx.UpdateAccessKey(k)
	return &api.UpdateAccessKeyOutput{AccessKey: wireKey(k, name)}, nil
}

// DeleteAccessKey deletes a key (documented: IAM).
func (c *Call) DeleteAccessKey(_ context.Context, in *api.DeleteAccessKeyInput) (*api.DeleteAccessKeyOutput, error) {
	k, _, err := c.accessKey(in.AWSAccountID, in.AccessKeyID)
	if err != nil {
		return nil, err
	}
	c.Tx.DeleteAccessKey(k)
	return &api.DeleteAccessKeyOutput{}, nil
}

// keyOwner returns the principal that a name stands for, nil for the tenant's root. No name stands for the caller itself.
func (c *Call) keyOwner(awsAccountID, name string) (chime.Tenant, *chime.Principal, error) {
	if name == "" && c.Caller.Kind == chime.IAMUser {
		name = c.Caller.Name
	}
	if name == "" {
		tenant, err := c.whose(awsAccountID)
		return tenant, nil, err
	}
	p, err := c.principal(awsAccountID, name)
	if err != nil {
		return 0, nil, err
	}
	return p.Tenant, p, nil
}

// accessKey returns a key and the name of its principal, or NotFound. Keys of the root are the root's own affair.
func (c *Call) accessKey(awsAccountID, id string) (*chime.AccessKey, string, error) {
	tenant, err := c.whose(awsAccountID)
	if err != nil {
		return nil, "", err
	}
	k, err := c.Tx.AccessKey(tenant, id)
	if err != nil {
		return nil, "", err
	}
	if k == nil {
		return nil, "", chime.NotFound.Errorf("access key %s is not in AWS account %s", id, tenant)
	}
	if k.Principal == (chime.ID{}) {
		if c.Caller.Kind == chime.IAMUser {
			return nil, "", chime.Forbidden.Errorf("only the root may change its access keys")
		}
		return k, "", nil
	}
	p, err := c.Tx.PrincipalByID(tenant, k.Principal)
	if err != nil {
		return nil, "", err
	}
	_, name := ownerOf(p)
	return k, name, nil
}

func wireKey(k *chime.AccessKey, principal string) *api.AccessKeyMetadata {
	m := &api.AccessKeyMetadata{
		AccessKeyID:   k.ID,
		PrincipalName: principal,
		Status:        api.KeyStatusActive,
		CreateDate:    k.CreatedAt,
		LastUsedDate:  k.LastUsedAt,
	}
	if k.Inactive {
		m.Status = api.KeyStatusInactive
	}
	return m
}
