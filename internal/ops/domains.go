package ops

import (
	"context"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// ClaimDomain claims a mail domain for an account, and makes a Team account an EnterpriseLWA (documented: administration
// guide; there by the console and a DNS record). To claim one's own domain again changes nothing (decided).
func (c *Call) ClaimDomain(_ context.Context, in *api.ClaimDomainInput) (*api.ClaimDomainOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	name, err := chime.ParseDomain(in.DomainName)
	if err != nil {
		return nil, err
	}
	claimed, err := c.Tx.Domain(name)
	switch {
	case err != nil:
		return nil, err
	case claimed == nil && c.Tx.Met() != store.DomainName:
		return c.claim(a, name)
	case claimed != nil && claimed.AccountID == a.ID:
		return &api.ClaimDomainOutput{Domain: wireDomain(claimed)}, nil
	}
	return nil, chime.Conflict.Errorf("DomainName is claimed by another account of this AWS account; release it there with ReleaseDomain first")
}

func (c *Call) claim(a *chime.Account, name string) (*api.ClaimDomainOutput, error) {
	domains, err := c.Tx.DomainsOfAccount(a.ID, chime.ID{}, maxDomains)
	if err != nil {
		return nil, err
	}
	if len(domains) == maxDomains {
		return nil, chime.BadRequest.Errorf("an account can claim at most %d domains", maxDomains)
	}
	before := a.Type
	d := a.Claim(c.Source, name)
	c.Tx.InsertDomain(d)
	if a.Type != before {
		c.Tx.UpdateAccount(a)
	}
	return &api.ClaimDomainOutput{Domain: wireDomain(d)}, nil
}

// ListDomains lists claimed domains of one account or of the whole tenant (decided).
func (c *Call) ListDomains(_ context.Context, in *api.ListDomainsInput) (*api.ListDomainsOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListDomains", in.AccountID)
	if err != nil {
		return nil, err
	}
	found, err := c.domains(in.AccountID, p)
	if err != nil {
		return nil, err
	}
	out := &api.ListDomainsOutput{Domains: []api.Domain{}}
	found, out.NextToken = cut(p, found, func(d *chime.Domain) chime.ID { return d.ID })
	for _, d := range found {
		out.Domains = append(out.Domains, *wireDomain(d))
	}
	return out, nil
}

func (c *Call) domains(accountID string, p page) ([]*chime.Domain, error) {
	if accountID == "" {
		return c.Tx.Domains(p.after, p.limit+1)
	}
	a, err := c.account(accountID)
	if err != nil {
		return nil, err
	}
	return c.Tx.DomainsOfAccount(a.ID, p.after, p.limit+1)
}

// ReleaseDomain gives a domain up. Users with an address in it are removed, but those of Team and EnterpriseLWA accounts
// who are suspended stay so; with the last domain the account becomes a Team account (all documented: administration
// guide, there by the console).
func (c *Call) ReleaseDomain(_ context.Context, in *api.ReleaseDomainInput) (*api.ReleaseDomainOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	name, err := chime.ParseDomain(in.DomainName)
	if err != nil {
		return nil, err
	}
	domains, err := c.Tx.DomainsOfAccount(a.ID, chime.ID{}, maxDomains)
	if err != nil {
		return nil, err
	}
	for _, d := range domains {
		if d.Name != name {
			continue
		}
		s := sweep{Account: a.ID, Until: c.Source.NewID(), Domain: name, Type: a.Type}
		c.Tx.DeleteDomain(d)
		a.Released(len(domains) - 1)
		c.Tx.UpdateAccount(a)
		return &api.ReleaseDomainOutput{Account: wireAccount(a)}, c.beginSweep(s)
	}
	return nil, chime.NotFound.Errorf("domain %s is not claimed by account %s", name, a.ID)
}

func wireDomain(d *chime.Domain) *api.Domain {
	return &api.Domain{DomainName: d.Name, AccountID: d.AccountID.String(), ClaimedOn: d.ClaimedAt}
}
